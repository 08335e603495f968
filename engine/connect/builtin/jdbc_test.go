package builtin_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/engine/connect/builtin"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/sink/kafka"
	sinkmemory "github.com/tailrace-io/tailrace/sink/memory"
	"github.com/tailrace-io/tailrace/source/jdbc"
)

// A tutorial's connector reads a table of MySQL. But for where the server is,
// the configuration is as it stands.
func TestTheIncrementingConnectorOfATutorialReadsMySQL(t *testing.T) {
	server := testserver.MySQL(t)
	database := server.Database(t)
	server.Exec(t, "USE "+database, "CREATE TABLE accounts (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20), balance DECIMAL(10,2), "+
		"since TIMESTAMP NOT NULL DEFAULT '2024-02-29 12:00:00')", "INSERT INTO accounts (name, balance) VALUES ('Ann', 12.5), ('Bob', NULL)")
	config := read(t, "connect-jdbc-mysql.json")
	config["connection.url"] = "jdbc:mysql://" + server.Addr + "/" + database
	config["connection.user"], config["connection.password"] = server.User, server.Password
	config["table.whitelist"] = strings.Replace(config["table.whitelist"], "demo.", database+".", 1)
	cfg, _, err := builtin.Registry().Config(config)
	require.NoError(t, err)
	out := &sinkmemory.Sink{}
	cfg.Sink = out
	e, err := engine.New(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	records, err := out.Wait(t.Context(), 2)
	require.NoError(t, err)
	cancel()
	require.NoError(t, <-done)
	assert.Equal(t, "mysql-01-accounts", records[0].Topic)
	assert.True(t, records[0].Key.IsNull())
	assert.JSONEq(t, `{"schema":{"type":"struct","optional":false,"name":"accounts","fields":[
		{"field":"id","type":"int32","optional":false},{"field":"name","type":"string","optional":true},
		{"field":"balance","type":"double","optional":true},
		{"field":"since","type":"int64","optional":false,"name":"org.apache.kafka.connect.data.Timestamp","version":1}]},
		"payload":{"id":1,"name":"Ann","balance":12.5,"since":1709208000000}}`, string(records[0].Value.Bytes()))
}

func TestTheDialectGoesByTheURL(t *testing.T) {
	for url, name := range map[string]string{
		"jdbc:mysql://mysql:3306/demo": "MySql", "jdbc:mariadb://h/demo": "MariaDb", "jdbc:postgresql://h/demo": "PostgreSql",
		"postgresql://h/demo": "PostgreSql", "jdbc:sqlite:demo.db": "Sqlite",
	} {
		config := read(t, "connect-jdbc-mysql.json")
		config["connection.url"], config["bootstrap.servers"] = url, "kafka:9092"
		cfg, _, err := builtin.Registry().Config(config)
		require.NoError(t, err)
		assert.Equal(t, name, cfg.Source.(jdbc.Source).Dialect.Name())
		assert.Equal(t, 3, cfg.Sink.(kafka.Sink).TopicCreation.Partitions)
	}
}
