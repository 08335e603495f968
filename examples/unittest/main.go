// Unittest shows how a service that follows a database is tested without one:
// the service is in ledger.go, its test in ledger_test.go.
//
//	go run ./examples/unittest    # the service at work, on changes from memory
//	go test -v ./examples/unittest
//
// In production the source is a mysql.Source; nothing else is different.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/memory"
)

// follow hands the changes of a source to the service until the source is
// finished or ctx ends.
func follow(ctx context.Context, src source.Source, offsets offset.Store, to func(context.Context, []tailrace.ChangeOf[Order]) error) error {
	eng, err := engine.New(engine.Config{
		Name:    "ledger",
		Source:  src,
		Sink:    sink.Changes(to),
		Offsets: offsets,
	})
	if err != nil {
		return err
	}
	return eng.Run(ctx)
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "unittest:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	orders, err := memory.NewTable[Order]("shop.orders", "id")
	if err != nil {
		return err
	}
	src := &memory.Source{BatchSize: 1}
	src.Send(
		orders.Read(Order{1, "shipped", 990}), // what a snapshot finds
		orders.Create(Order{2, "new", 1250}),
		orders.Create(Order{3, "new", 4750}),
		orders.Update(Order{2, "new", 1250}, Order{2, "paid", 1250}),
		orders.Update(Order{3, "new", 4750}, Order{3, "paid", 4750}),
		orders.Update(Order{2, "paid", 1250}, Order{2, "shipped", 1250}),
		orders.Delete(Order{3, "paid", 4750}),
	)
	src.Close()

	ledger := new(Ledger)
	return follow(ctx, src, nil, func(ctx context.Context, changes []tailrace.ChangeOf[Order]) error {
		if err := ledger.Follow(ctx, changes); err != nil {
			return err
		}
		for _, c := range changes {
			fmt.Printf("%-6s  order %d  %-14s  ⇒  %s\n", c.Op, c.Row().ID, move(c), ledger)
		}
		return nil
	})
}

// move says from which status to which an order went.
func move(c tailrace.ChangeOf[Order]) string {
	switch {
	case c.Before == nil:
		return c.After.Status
	case c.After == nil:
		return "was " + c.Before.Status
	}
	return c.Before.Status + " → " + c.After.Status
}
