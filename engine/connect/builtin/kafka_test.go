package builtin

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	offsets "github.com/tailrace-io/tailrace/offset/kafka"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/kafka"
	sourcekafka "github.com/tailrace-io/tailrace/source/kafka"
)

// worker is a source connector with a distributed worker's properties, and more.
func worker(more ...string) map[string]string {
	config := map[string]string{
		"name": "shop", "connector.class": "io.debezium.connector.mysql.MySqlConnector", "database.hostname": "localhost", "database.user": "u",
		"database.server.id": "1", "topic.prefix": "shop", "bootstrap.servers": "a:9092", "group.id": "workers",
		"schema.history.internal.kafka.bootstrap.servers": "a:9092", "schema.history.internal.kafka.topic": "history",
	}
	for i := 0; i < len(more); i += 2 {
		config[more[i]] = more[i+1]
	}
	return maps.Clone(config)
}

func TestExactlyOnceIsATransactionalSink(t *testing.T) {
	cfg, _, err := Registry().Config(worker("exactly.once.support", "required", "offset.storage.topic", "connect-offsets", "offset.storage.replication.factor", "1",
		"producer.override.transaction.timeout.ms", "90000"))
	require.NoError(t, err)
	s, ok := cfg.Sink.(kafka.ExactlyOnce)
	require.True(t, ok, "%T", cfg.Sink)
	assert.Equal(t, "connect-offsets", s.OffsetsTopic)
	assert.Equal(t, kafka.TopicSettings{Partitions: 25, ReplicationFactor: 1}, s.OffsetsTopicSettings)
	assert.Equal(t, "1m30s", s.TransactionTimeout.String())

	cfg, _, err = Registry().Config(worker("exactly.once.support", "required", "offset.storage.topic", "connect-offsets", "offsets.storage.topic", "own"))
	require.NoError(t, err)
	assert.Equal(t, "own", cfg.Sink.(kafka.ExactlyOnce).OffsetsTopic)
}

func TestExactlyOnceThatCannotBeIsAnError(t *testing.T) {
	_, _, err := Registry().Config(worker("exactly.once.support", "required"))
	assert.ErrorContains(t, err, "offsets.storage.topic: is required and missing, as is offset.storage.topic")
	config := worker("exactly.once.support", "required")
	delete(config, "bootstrap.servers")
	_, _, err = Registry().Config(config)
	assert.ErrorContains(t, err, "exactly.once.support: is required, and nothing is written to Kafka: set bootstrap.servers, or leave it out")
}

func TestAWorkersOffsetsAreInItsTopic(t *testing.T) {
	cfg, _, err := Registry().Config(worker("offset.storage.topic", "connect-offsets"))
	require.NoError(t, err)
	require.IsType(t, &offsets.Store{}, cfg.Offsets)
	assert.Equal(t, "connect-offsets", cfg.Offsets.(*offsets.Store).Topic)
	assert.IsType(t, kafka.Sink{}, cfg.Sink)

	cfg, _, err = Registry().Config(worker("offset.storage", "org.apache.kafka.connect.storage.KafkaOffsetBackingStore", "offset.storage.topic", "debezium-offsets",
		"offset.storage.partitions", "1", "offset.storage.replication.factor", "1"))
	require.NoError(t, err)
	assert.Equal(t, "debezium-offsets", cfg.Offsets.(*offsets.Store).Topic)
}

func TestASinkConnectorReadsKafka(t *testing.T) {
	r := Registry()
	r.Sinks["test.MemorySinkConnector"] = func(*property.Set) sink.Sink { return sink.Func(nil) }
	cfg, _, err := r.Config(map[string]string{
		"name": "archive", "connector.class": "test.MemorySinkConnector", "bootstrap.servers": "a:9092", "topics.regex": "target.*",
		"consumer.override.auto.offset.reset": "latest",
	})
	require.NoError(t, err)
	s, ok := cfg.Source.(sourcekafka.Source)
	require.True(t, ok, "%T", cfg.Source)
	assert.Equal(t, "connect-archive", s.Group)
	assert.Equal(t, sourcekafka.Latest, s.Start)
	assert.True(t, s.TopicsRegexp.MatchString("target_orders"))
}
