package mysql_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/source/mysql"
	"github.com/tailrace-io/tailrace/source/signal"
	"github.com/tailrace-io/tailrace/source/signal/kafka"
)

func TestPropertiesOfSnapshotsAndSignalsBecomeASource(t *testing.T) {
	p := property.New(with(map[string]string{
		"snapshot.mode": "configuration_based", "snapshot.mode.configuration.based.snapshot.data": "true", "snapshot.mode.configuration.based.start.stream": "true",
		"snapshot.locking.mode": "extended", "snapshot.delay.ms": "1500", "snapshot.max.threads": "4", "snapshot.tables.order.by.row.count": "descending",
		"snapshot.select.statement.overrides": "shop.orders", "snapshot.select.statement.overrides.shop.orders": "SELECT * FROM shop.orders WHERE year > 2020",
		"signal.enabled.channels": "source,kafka,file", "signal.data.collection": "shop.signals", "signal.file": "told.txt", "signal.poll.interval.ms": "100",
		"signal.kafka.bootstrap.servers": "kafka:9092", "signal.kafka.topic": "told", "incremental.snapshot.chunk.size": "10", "read.only": "true",
		"incremental.snapshot.watermarking.strategy": "insert_delete", "notification.enabled.channels": "sink,log", "notification.sink.topic.name": "notes",
	}))
	src := mysql.FromProperties(p, nil, kafka.FromProperties).(mysql.Source)
	require.NoError(t, p.Err())
	assert.Equal(t, mysql.SnapshotSteps{Data: true, Stream: true}, src.SnapshotSteps)
	assert.Equal(t, mysql.LockExtended, src.SnapshotLocking)
	assert.Equal(t, 1500*time.Millisecond, src.SnapshotDelay)
	assert.Equal(t, 4, src.SnapshotThreads)
	assert.Equal(t, mysql.OrderDescending, src.SnapshotOrder)
	assert.Equal(t, map[string]string{"shop.orders": "SELECT * FROM shop.orders WHERE year > 2020"}, src.SnapshotSelects)
	require.Len(t, src.Signals, 2)
	assert.Equal(t, signal.File{Path: "told.txt", Poll: 100 * time.Millisecond}, src.Signals[0])
	assert.Equal(t, []string{"told"}, src.Signals[1].(kafka.Channel).Source.Topics)
	assert.Equal(t, "srv", src.Signals[1].(kafka.Channel).Key)
	assert.Equal(t, "shop.signals", src.SignalTable)
	assert.True(t, src.ReadOnly)
	assert.Equal(t, mysql.InsertDelete, src.Watermarks)
	assert.Equal(t, "notes", src.NotificationTopic)
}

func TestPropertiesOfSnapshotsThatLackSomethingAreErrors(t *testing.T) {
	p := property.New(with(map[string]string{"snapshot.select.statement.overrides": "shop.orders", "signal.enabled.channels": "kafka", "notification.enabled.channels": "sink"}))
	mysql.FromProperties(p, nil)
	for _, what := range []string{"there is no snapshot.select.statement.overrides.shop.orders", "signal.enabled.channels: has kafka, which this program was not built with",
		"notification.sink.topic.name: is required"} {
		assert.ErrorContains(t, p.Err(), what)
	}
	p = property.New(with(map[string]string{"signal.enabled.channels": "kafka"}))
	mysql.FromProperties(p, nil, kafka.FromProperties)
	assert.ErrorContains(t, p.Err(), "bootstrap.servers: is required")
}
