package kafka

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/offset/offsettest"
	sink "github.com/tailrace-io/tailrace/sink/kafka"
)

func fake(t testing.TB) []string {
	c, err := kfake.NewCluster(kfake.NumBrokers(2))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c.ListenAddrs()
}

func fresh(brokers []string) offsettest.Fresh {
	return func(testing.TB) func() offset.Store {
		topic := fmt.Sprintf("offsets-%08x", rand.Uint32())
		return func() offset.Store {
			return &Store{Brokers: brokers, Topic: topic, TopicSettings: sink.TopicSettings{Partitions: 3, ReplicationFactor: 1}}
		}
	}
}

func TestTheContractHoldsOnAFakeCluster(t *testing.T) { offsettest.Run(t, fresh(fake(t))) }

func TestTheContractHoldsOnKafka(t *testing.T) {
	offsettest.Run(t, fresh(testserver.Kafka(t).Brokers))
}

func TestRecordsAreThoseOfConnect(t *testing.T) {
	brokers := fake(t)
	s := &Store{Brokers: brokers, Topic: "connect-offsets"}
	require.NoError(t, s.Save(t.Context(), "shop", []tailrace.Offset{{Partition: `{"server":"inventory"}`, Position: `{"file":"binlog.000003","pos":1547}`}}))
	k, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics("connect-offsets"))
	require.NoError(t, err)
	defer k.Close()
	r := k.PollFetches(t.Context()).Records()
	require.Len(t, r, 1)
	assert.Equal(t, `["shop",{"server":"inventory"}]`, string(r[0].Key))
	assert.Equal(t, `{"file":"binlog.000003","pos":1547}`, string(r[0].Value))
}

func TestWhatIsWrongIsSaidAtOnce(t *testing.T) {
	s := &Store{Brokers: []string{"nowhere"}}
	_, err := s.Load(t.Context(), "shop")
	assert.EqualError(t, err, "load the offsets of \"shop\": the broker \"nowhere\" is not of the form host:port\nTopic is empty: name the topic that keeps the offsets")
}

func TestPropertiesOfAWorkerAreTaken(t *testing.T) {
	p := property.New(map[string]string{
		"bootstrap.servers": "a:9092,b:9092", "offset.storage.topic": "connect-offsets", "offset.storage.partitions": "5",
		"offset.storage.replication.factor": "1", "client.id": "shop",
	})
	s := FromProperties(p.Sub("offset.storage."))
	require.NoError(t, p.Err())
	assert.Equal(t, []string{"a:9092", "b:9092"}, s.Brokers)
	assert.Equal(t, "connect-offsets", s.Topic)
	assert.Equal(t, sink.TopicSettings{Partitions: 5, ReplicationFactor: 1}, s.TopicSettings)
	assert.Equal(t, "shop", s.ClientID)
}
