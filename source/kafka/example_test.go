package kafka_test

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine"
	sinks "github.com/tailrace-io/tailrace/sink"
	sink "github.com/tailrace-io/tailrace/sink/kafka"
	"github.com/tailrace-io/tailrace/source/kafka"
)

func Example() {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "orders")) // any Kafka
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w, err := sink.Sink{Brokers: cluster.ListenAddrs()}.Open(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer w.Close()
	err = w.Write(ctx, []tailrace.Record{{Topic: "orders", Key: tailrace.String("7"), Value: tailrace.String("paid")}})
	fmt.Println(err)

	e, err := engine.New(engine.Config{
		Name:   "orders",
		Source: kafka.Source{Brokers: cluster.ListenAddrs(), Topics: []string{"orders"}, Group: "shipping"},
		Sink: sinks.Func(func(_ context.Context, records []tailrace.Record) error {
			for _, r := range records {
				fmt.Printf("%s-%d at %d: %s is %s\n", r.Topic, r.Partition.V, r.Offset.V, r.Key.Bytes(), r.Value.Bytes())
			}
			cancel()
			return nil
		}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Run(ctx))
	// Output:
	// <nil>
	// orders-0 at 0: 7 is paid
	// <nil>
}
