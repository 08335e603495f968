package builtin_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/engine/connect/builtin"
	"github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/sink/jdbc/mysql"
	"github.com/tailrace-io/tailrace/sink/jdbc/postgres"
)

// The configurations that tutorials post to Connect make a JDBC sink of records
// from Kafka.
func TestJDBCSinksOfTutorials(t *testing.T) {
	cfg, _, err := builtin.Registry().Config(map[string]string{
		"name": "target", "connector.class": "io.confluent.connect.jdbc.JdbcSinkConnector", "tasks.max": "1", "bootstrap.servers": "localhost:9092",
		"topics": "orders", "connection.url": "jdbc:mariadb://localhost:3306/test?user=root&password=my-secret-pw",
		"auto.create": "true", "auto.evolve": "true", "insert.mode": "upsert", "pk.mode": "record_value", "pk.fields": "id",
	})
	require.NoError(t, err)
	assert.Equal(t, mysql.Dialect{MariaDB: true}, cfg.Sink.(jdbc.Sink).Dialect)
	_, err = engine.New(cfg)
	require.NoError(t, err)

	cfg, _, err = builtin.Registry().Config(map[string]string{
		"name": "jdbc-sink", "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector", "tasks.max": "1", "bootstrap.servers": "localhost:9092",
		"topics": "orders", "connection.url": "jdbc:postgresql://localhost/db", "connection.username": "pguser", "connection.password": "pgpassword",
		"insert.mode": "upsert", "delete.enabled": "true", "primary.key.mode": "record_key", "schema.evolution": "basic", "use.time.zone": "UTC",
	})
	require.NoError(t, err)
	assert.Equal(t, postgres.Dialect{}, cfg.Sink.(jdbc.Sink).Dialect)
	_, err = engine.New(cfg)
	require.NoError(t, err)
}

func TestAJDBCSinksOwnRetriesBoundTheTriesOfItsBatchesAlone(t *testing.T) {
	config := func(class string, more ...string) engine.Config {
		c := map[string]string{"name": "target", "connector.class": class, "bootstrap.servers": "localhost:9092", "topics": "orders", "connection.url": "jdbc:sqlite:test.db"}
		for i := 0; i < len(more); i += 2 {
			c[more[i]] = more[i+1]
		}
		cfg, notes, err := builtin.Registry().Config(c)
		require.NoError(t, err)
		assert.Empty(t, notes)
		_, err = engine.New(cfg)
		require.NoError(t, err)
		return cfg
	}
	const confluent, debezium = "io.confluent.connect.jdbc.JdbcSinkConnector", "io.debezium.connector.jdbc.JdbcSinkConnector"
	for _, c := range []struct {
		cfg  engine.Config
		want engine.Retry
	}{
		{config(confluent), engine.Retry{}},
		{config(confluent, "max.retries", "3"), engine.Retry{Timeout: -1, Attempts: 4, Delay: 3 * time.Second, MaxDelay: 3 * time.Second}},
		{config(confluent, "max.retries", "0", "retry.backoff.ms", "100"), engine.Retry{Timeout: -1, Attempts: 1, Delay: 100 * time.Millisecond, MaxDelay: 100 * time.Millisecond}},
		{config(debezium, "flush.retry.delay.ms", "20"), engine.Retry{Timeout: -1, Attempts: 6, Delay: 20 * time.Millisecond, MaxDelay: 20 * time.Millisecond}},
	} {
		assert.Equal(t, c.want, c.cfg.SinkRetry)
		assert.Equal(t, engine.Retry{Timeout: -1, Delay: 300 * time.Millisecond, MaxDelay: 10 * time.Second}, c.cfg.Retry)
	}
}
