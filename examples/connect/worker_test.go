package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tailrace-io/tailrace/internal/program"
	"github.com/tailrace-io/tailrace/internal/testserver"
)

// worker is the program with files of tutorials, in which nothing is changed but
// where servers and files are, and who logs in.
type worker struct {
	bin, dir string
	brokers  []string
}

func newWorker(t *testing.T, bin string, broker *testserver.KafkaServer) *worker {
	return &worker{bin: bin, dir: t.TempDir(), brokers: broker.Brokers}
}

// file copies a file of testdata with texts in it replaced.
func (w *worker) file(t *testing.T, name string, replace ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	for i := 0; i < len(replace); i += 2 {
		require.Contains(t, string(text), replace[i], "%s has nothing to replace", name)
	}
	return w.write(t, name, strings.NewReplacer(replace...).Replace(string(text)))
}

func (w *worker) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// standalone is the worker's own file.
func (w *worker) standalone(t *testing.T) string {
	return w.file(t, "connect-standalone.properties", "localhost:9092", strings.Join(w.brokers, ","), "/tmp/connect.offsets", filepath.Join(w.dir, "connect.offsets"))
}

func (w *worker) start(t *testing.T, connectors ...string) *program.Program {
	t.Helper()
	p := program.Start(t, w.bin, nil, append([]string{"-progress", "1s", w.standalone(t)}, connectors...)...)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the program said:\n%s", p.Stderr())
		}
	})
	return p
}

// consume reads a topic from its beginning, until it has n records.
func (w *worker) consume(t *testing.T, topic string, n int) []*kgo.Record {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(w.brokers...), kgo.ConsumeTopics(topic), kgo.UnknownTopicRetries(-1),
		kgo.MetadataMinAge(100*time.Millisecond), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var records []*kgo.Record
	for len(records) < n && ctx.Err() == nil { // until there is the topic, polls end with errors
		records = append(records, client.PollRecords(ctx, n-len(records)).Records()...)
	}
	require.Len(t, records, n, "topic %s", topic)
	return records
}

func (w *worker) produce(t *testing.T, records ...*kgo.Record) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(w.brokers...), kgo.AllowAutoTopicCreation(), kgo.UnknownTopicRetries(-1), kgo.MetadataMinAge(100*time.Millisecond))
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	require.NoError(t, client.ProduceSync(ctx, records...).FirstErr())
}

// awaitRows asks a database until it answers with the rows, each as its columns
// with bars between them.
func awaitRows(t *testing.T, db *sql.DB, query string, want ...string) {
	t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for {
		have, err := rows(t.Context(), db, query)
		if err == nil && fmt.Sprint(have) == fmt.Sprint(want) {
			return
		}
		if time.Now().After(deadline) {
			require.NoError(t, err)
			require.Equal(t, want, have)
			return
		}
		<-time.After(50 * time.Millisecond)
	}
}

func rows(ctx context.Context, db *sql.DB, query string) (out []string, err error) {
	answer, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	columns, err := answer.Columns()
	if err != nil {
		return nil, err
	}
	cells, dest := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range cells {
		dest[i] = &cells[i]
	}
	for answer.Next() {
		if err := answer.Scan(dest...); err != nil {
			return nil, err
		}
		texts := make([]string, len(cells))
		for i, c := range cells {
			if texts[i] = c.String; !c.Valid {
				texts[i] = "NULL"
			}
		}
		out = append(out, strings.Join(texts, "|"))
	}
	return out, answer.Err()
}

// serverID is one that no other client of the server has.
func serverID() string { return fmt.Sprint(10_000 + rand.IntN(1<<30)) }

func hostPort(t *testing.T, addr string) (host, port string) {
	host, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	return host, port
}

func openSQLite(t *testing.T, path string) *sql.DB {
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}
