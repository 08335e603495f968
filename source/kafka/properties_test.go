package kafka

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

func fromProperties(kv ...string) (Source, *property.Set) {
	config := map[string]string{"name": "shop", "bootstrap.servers": "a:9092"}
	for i := 0; i < len(kv); i += 2 {
		config[kv[i]] = kv[i+1]
	}
	p := property.New(config)
	return FromProperties(p), p
}

func TestTheTablesAreInOrder(t *testing.T) {
	require.NoError(t, Properties().Verify())
	require.NoError(t, TopicProperties().Verify())
}

func TestDefaultsOfPropertiesAreThoseOfTheZeroValue(t *testing.T) {
	s, p := fromProperties("topics", "a,b")
	require.NoError(t, p.Err())
	want := Source{Brokers: []string{"a:9092"}, Topics: []string{"a", "b"}, Await: true, Group: "connect-shop"}.withDefaults()
	want.Dial, want.HandOver, want.MetadataMaxAge = nil, 0, 0 // which the properties leave to Open
	assert.Equal(t, want, s)
}

func TestAConsumersPropertiesAreTaken(t *testing.T) {
	s, p := fromProperties("topics.regex", "target.*", "consumer.auto.offset.reset", "latest", "consumer.override.isolation.level", "read_uncommitted",
		"consumer.group.id", "mine", "consumer.session.timeout.ms", "10000", "consumer.max.poll.records", "5")
	require.NoError(t, p.Err())
	assert.True(t, s.TopicsRegexp.MatchString("target_orders"))
	assert.Equal(t, Latest, s.Start)
	assert.True(t, s.Uncommitted)
	assert.Equal(t, "mine", s.Group)
	assert.Equal(t, 10*time.Second, s.SessionTimeout)
	assert.Equal(t, 10*time.Second, s.withDefaults().MetadataMaxAge, "new topics may match at any time")
	assert.Equal(t, []string{"consumer.max.poll.records has no effect: records come as soon as they are there, in batches as they are fetched"}, p.Notes())
}

func TestAllThatIsWrongWithThePropertiesIsSaidAtOnce(t *testing.T) {
	_, p := fromProperties("consumer.heartbeat.interval.ms", "50000", "consumer.isolation.level", "x", "bootstrap.servers", "")
	assert.EqualError(t, p.Err(), `the configuration is wrong in 4 places:
  bootstrap.servers: is required and missing: some of the cluster's brokers, as host:port
  consumer.heartbeat.interval.ms: must be less than session.timeout.ms
  consumer.isolation.level: "x" must be one of read_committed, read_uncommitted
  topics: is required and missing, as is topics.regex: the topics to read`)
}
