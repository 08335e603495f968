package kafka_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/kafka"
)

// A Writer writes records to the partitions that their keys choose, and makes
// topics that are missing.
func Example() {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1)) // any Kafka
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Close()

	s := kafka.Sink{
		Brokers:     cluster.ListenAddrs(),
		Compression: kafka.Zstd,
		TopicCreation: kafka.TopicCreation{
			Enable:        true,
			TopicSettings: kafka.TopicSettings{Partitions: 12, Configs: map[string]string{"cleanup.policy": "compact"}},
		},
	}
	ctx := context.Background()
	w, err := s.Open(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer w.Close()
	err = w.Write(ctx, []tailrace.Record{
		{Topic: "shop.orders", Key: tailrace.String(`{"id":1}`), Value: tailrace.String(`{"id":1,"status":"new"}`)},
		{Topic: "shop.orders", Key: tailrace.String(`{"id":1}`)}, // a tombstone
	})
	fmt.Println(err, cluster.LeaderFor("shop.orders", 11) >= 0)
	// Output: <nil> true
}

// What does not say that it is a single record's fault is about the sink as a
// whole.
func ExampleSink_Open() {
	s := kafka.Sink{Brokers: []string{"broker1"}, MaxBatchBytes: -1}
	_, err := s.Open(context.Background())
	fmt.Println(err)
	// Output:
	// kafka sink: the broker "broker1" is not of the form host:port
	// MaxRequestBytes or MaxBatchBytes is negative
}

// A record that Kafka cannot take is named, so that the engine can set it aside
// and go on behind it.
func ExampleSink_refused() {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "orders"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Close()
	w, err := kafka.Sink{Brokers: cluster.ListenAddrs()}.Open(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer w.Close()
	err = w.Write(context.Background(), []tailrace.Record{
		{Topic: "orders", Value: tailrace.String("written")},
		{Topic: "orders", Value: tailrace.Int64(42)},
	})
	var refused *sink.BatchError
	fmt.Println(errors.As(err, &refused), refused.Index)
	fmt.Println(refused.Err)
	// Output:
	// true 1
	// write to topic orders: the value is of the type int64 and Kafka takes bytes: set a converter, in Encode of engine.Config
}

func ExampleSink_authentication() {
	s := kafka.Sink{
		Brokers: []string{"broker1.example:9092", "broker2.example:9092"},
		SASL:    plain.Mechanism{Username: "shop", Password: "read from somewhere safe"},
	}
	fmt.Println(s.SASL.Name())
	// Output: PLAIN
}

func ExampleByKey() {
	r := tailrace.Record{Key: tailrace.String("foobar")}
	fmt.Println(kafka.ByKey(&r, 12))
	// Output: 6
}

// The producer's properties that a Connect worker and its connector have are
// taken as they are.
func ExampleFromProperties() {
	p := property.New(map[string]string{
		"bootstrap.servers":                         "broker1:9092,broker2:9092",
		"producer.override.compression.type":        "zstd",
		"producer.linger.ms":                        "50",
		"topic.creation.default.partitions":         "6",
		"topic.creation.default.replication.factor": "3",
	})
	s := kafka.FromProperties(p)
	fmt.Println(p.Err())
	fmt.Println(s.Brokers, s.Compression, s.TopicCreation.Partitions, s.TopicCreation.ReplicationFactor)
	fmt.Println(p.Notes())
	// Output:
	// <nil>
	// [broker1:9092 broker2:9092] zstd 6 3
	// [producer.linger.ms has no effect: the engine's batches are sent as they come, in batches as large as the topics take]
}

// Records and offsets are in one transaction; the engine uses such a sink by
// itself.
func ExampleExactlyOnce() {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "orders")) // any Kafka
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Close()
	ctx := context.Background()
	s := kafka.ExactlyOnce{Sink: kafka.Sink{Brokers: cluster.ListenAddrs()}, OffsetsTopic: "offsets"}
	begin := func() sink.Transactional {
		w, err := s.Open(ctx)
		if err != nil {
			panic(err)
		}
		tx := w.(sink.Transactional)
		offsets, err := tx.Begin(ctx, "shop")
		fmt.Println(offsets, err)
		return tx
	}
	first := begin()
	defer first.Close()
	fmt.Println(first.WriteTx(ctx, []tailrace.Record{{Topic: "orders", Key: tailrace.String("7"), Value: tailrace.String("paid")}},
		[]tailrace.Offset{{Partition: `{"server":"shop"}`, Position: `{"pos":1547}`}}))

	second := begin() // takes over
	defer second.Close()
	err = first.WriteTx(ctx, []tailrace.Record{{Topic: "orders", Key: tailrace.String("7"), Value: tailrace.String("shipped")}}, nil)
	fmt.Println(errors.Is(err, sink.ErrFenced))
	// Output:
	// [] <nil>
	// <nil>
	// [{{"server":"shop"} {"pos":1547}}] <nil>
	// true
}
