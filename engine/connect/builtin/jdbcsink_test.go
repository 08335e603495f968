package builtin_test

import (
	"testing"

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
