package kafka_test

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/offset/kafka"
)

func Example() {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1)) // any Kafka
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Close()
	ctx := context.Background()
	store := &kafka.Store{Brokers: cluster.ListenAddrs(), Topic: "connect-offsets"}
	err = store.Save(ctx, "shop", []tailrace.Offset{{Partition: `{"server":"inventory"}`, Position: `{"pos":1547}`}})
	fmt.Println(err)
	fmt.Println(store.Load(ctx, "shop"))
	// Output:
	// <nil>
	// [{{"server":"inventory"} {"pos":1547}}] <nil>
}
