package testserver_test

import (
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/tailrace-io/tailrace/internal/testserver"
)

// partitions returns those of a topic, none where there is no such topic.
func partitions(t testing.TB, broker, topic string) []kafka.Partition {
	t.Helper()
	conn, err := kafka.DialContext(t.Context(), "tcp", broker)
	if err != nil {
		t.Fatalf("connect to %s: %v", broker, err)
	}
	defer conn.Close()
	all, err := conn.ReadPartitions()
	if err != nil {
		t.Fatalf("ask %s for its topics: %v", broker, err)
	}
	var own []kafka.Partition
	for _, partition := range all {
		if partition.Topic == topic {
			own = append(own, partition)
		}
	}
	return own
}

// produceAndFetch writes a message to partition 0 of a topic and reads it back.
func produceAndFetch(t testing.TB, server *testserver.KafkaServer, topic string) {
	t.Helper()
	conn, err := kafka.DialLeader(t.Context(), "tcp", server.Brokers[0], topic, 0)
	if err != nil {
		t.Fatalf("connect to the leader of %s: %v", topic, err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := conn.WriteMessages(kafka.Message{Key: []byte("key"), Value: []byte("value")}); err != nil {
		t.Fatalf("produce to %s: %v", topic, err)
	}
	message, err := conn.ReadMessage(1 << 10)
	if err != nil {
		t.Fatalf("fetch from %s: %v", topic, err)
	}
	if string(message.Value) != "value" {
		t.Errorf("fetched %q, want %q", message.Value, "value")
	}
}
