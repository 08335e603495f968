package memory_test

import (
	"context"
	"fmt"
	"io"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/memory"
)

// A source that is fed while it is read, and then ends.
func ExampleSource() {
	src := new(memory.Source)
	go func() {
		src.Send(tailrace.Record{Topic: "greetings", Value: tailrace.String("hello")})
		src.Close()
	}()

	ctx := context.Background()
	r, _ := src.Open(ctx, nil)
	for {
		batch, err := r.Read(ctx)
		if err == io.EOF {
			break
		}
		for _, record := range batch.Records {
			fmt.Println(record.Topic, record.Value)
		}
		r.Commit(ctx, batch.Offsets)
	}
	fmt.Println(src.Committed())
	// Output:
	// greetings hello
	// [{{"memory":""} {"next":1}}]
}

func ExampleTable() {
	type Order struct {
		ID     int64
		Status string
	}
	orders, err := memory.NewTable[Order]("shop.orders", "id")
	if err != nil {
		fmt.Println(err)
		return
	}
	record := orders.Update(Order{7, "new"}, Order{7, "paid"})
	change, _ := tailrace.AsChange(&record)
	fmt.Println(change.Op(), change.Key(), change.Before(), change.After())
	// Output: update {id: 7} {id: 7, status: new} {id: 7, status: paid}
}
