package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tailrace-io/tailrace/internal/program"
	"github.com/tailrace-io/tailrace/internal/testserver"
)

func TestTheProgramForwardsADatabaseAndGoesOn(t *testing.T) {
	server, broker := testserver.MySQL(t), testserver.Kafka(t)
	db := server.Database(t)
	sql := server.DB(t, db)
	exec := func(statement string) {
		t.Helper()
		_, err := sql.Exec(statement)
		require.NoError(t, err)
	}
	exec("CREATE TABLE orders (id INT PRIMARY KEY, total DECIMAL(12,2))")
	exec("INSERT INTO orders VALUES (1, 12.5)")
	bin := program.Build(t, ".")
	offsets := filepath.Join(t.TempDir(), "offsets")
	start := func() *program.Program {
		return program.Start(t, bin, []string{"MYSQL_PWD=" + server.Password}, "-addr", server.Addr, "-user", server.User,
			"-database", db, "-brokers", strings.Join(broker.Brokers, ","), "-offsets", offsets)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(broker.Brokers...), kgo.ConsumeTopics("mysql."+db+".orders"), kgo.UnknownTopicRetries(-1), kgo.MetadataMinAge(100*time.Millisecond),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	next := func() *kgo.Record {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		for ctx.Err() == nil { // until then there is no topic
			if records := client.PollRecords(ctx, 1).Records(); len(records) > 0 {
				return records[0]
			}
		}
		t.Fatal("no record within a minute")
		return nil
	}

	p := start()
	r := next()
	assert.JSONEq(t, `{"id":1}`, string(r.Key))
	assert.Contains(t, string(r.Value), `"op":"r"`)
	p.Await("1 records")
	_, err = p.Interrupt()
	require.NoError(t, err)

	exec("DELETE FROM orders WHERE id = 1")
	p = start()
	assert.Contains(t, string(next().Value), `"op":"d"`)
	assert.Nil(t, next().Value, "a tombstone follows")
	rest, err := p.Interrupt()
	require.NoError(t, err)
	assert.Contains(t, strings.Join(rest, "\n"), "2 records")
}

func TestADeadBrokerIsOneClearError(t *testing.T) {
	server := testserver.MySQL(t)
	complaint := program.Start(t, program.Build(t, "."), []string{"MYSQL_PWD=" + server.Password},
		"-addr", server.Addr, "-brokers", "127.0.0.1:1").Fail()
	assert.Contains(t, complaint, "connect to 127.0.0.1:1")
}
