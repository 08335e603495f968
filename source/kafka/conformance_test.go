package kafka

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/sourcetest"
)

// fake starts a fake cluster for a test.
func fake(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(3), kfake.SeedTopics(3, "orders")}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// client is a client of other authors.
func client(t testing.TB, brokers []string, opts ...kgo.Opt) *kgo.Client {
	k, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner())}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(k.Close)
	return k
}

func makeTopic(t testing.TB, k *kgo.Client, partitions int32) string {
	name := fmt.Sprintf("source-%08x", rand.Uint32())
	createTopic(t, k, name, partitions)
	return name
}

func createTopic(t testing.TB, k *kgo.Client, name string, partitions int32) {
	req := kmsg.NewPtrCreateTopicsRequest()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, partitions, 1
	req.Topics = append(req.Topics, topic)
	req.TimeoutMillis = 10_000
	res, err := req.RequestWith(t.Context(), k)
	require.NoError(t, err)
	require.Zero(t, res.Topics[0].ErrorCode)
}

// harness reads a topic of one partition, for a group if there is to be one.
func harness(brokers []string, grouped bool) sourcetest.Harness {
	clients := map[string]*kgo.Client{}
	return sourcetest.Harness{
		Fresh: func(t testing.TB) (source.Source, func(int)) {
			k := client(t, brokers)
			topic := makeTopic(t, k, 1)
			clients[topic] = k
			next := 0
			s := Source{Brokers: brokers, Topics: []string{topic}}
			if grouped {
				s.Group = topic
			}
			return s, func(n int) {
				for range n {
					r := &kgo.Record{Topic: topic, Key: []byte("key"), Value: fmt.Append(nil, next), Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("v")}}}
					require.NoError(t, k.ProduceSync(context.Background(), r).FirstErr())
					next++
				}
			}
		},
		Number: func(r *tailrace.Record) (n int, ok bool) {
			_, err := fmt.Sscan(string(r.Value.Bytes()), &n)
			return n, err == nil
		},
		Lose: func(t testing.TB, s source.Source) {
			topic := s.(Source).Topics[0]
			req := kmsg.NewPtrDeleteRecordsRequest()
			part := kmsg.NewDeleteRecordsRequestTopicPartition()
			part.Offset = -1
			req.Topics = []kmsg.DeleteRecordsRequestTopic{{Topic: topic, Partitions: []kmsg.DeleteRecordsRequestTopicPartition{part}}}
			req.TimeoutMillis = 10_000
			// One more, and what is before its end goes: the place of the offset with it.
			require.NoError(t, clients[topic].ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: []byte("lost")}).FirstErr())
			res, err := clients[topic].Request(t.Context(), req)
			require.NoError(t, err)
			require.Zero(t, res.(*kmsg.DeleteRecordsResponse).Topics[0].Partitions[0].ErrorCode)
		},
	}
}

func TestTheContractHoldsOnAFakeCluster(t *testing.T) {
	sourcetest.Run(t, harness(fake(t).ListenAddrs(), false))
}

func TestTheContractHoldsForAGroupOnAFakeCluster(t *testing.T) {
	sourcetest.Run(t, harness(fake(t).ListenAddrs(), true))
}

func TestTheContractHoldsOnKafka(t *testing.T) {
	sourcetest.Run(t, harness(testserver.Kafka(t).Brokers, false))
}

func TestTheContractHoldsForAGroupOnKafka(t *testing.T) {
	sourcetest.Run(t, harness(testserver.Kafka(t).Brokers, true))
}
