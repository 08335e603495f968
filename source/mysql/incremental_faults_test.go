package mysql_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	sourcekafka "github.com/tailrace-io/tailrace/source/kafka"
	"github.com/tailrace-io/tailrace/source/mysql"
	"github.com/tailrace-io/tailrace/source/signal"
	"github.com/tailrace-io/tailrace/source/signal/kafka"
)

// A table is altered, renamed away and truncated while its chunks are read: what
// comes leads to the rows that it has, and those with the new columns have their
// values.
func TestStatementsDuringAnIncrementalSnapshotAreFollowed(t *testing.T) {
	ways(t, func(t *testing.T, s *testserver.MySQLServer, src mysql.Source, database string) {
		const rows = 400
		fill := fmt.Sprintf("INSERT INTO many (id, v) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < %d) SELECT i, 0 FROM n", rows)
		s.Exec(t, "USE "+database, "CREATE TABLE many (id INT PRIMARY KEY, v INT NOT NULL)", fill)
		var told notes
		var q signal.Queue
		src.Signals, src.Notify, src.ChunkRows, src.BatchRows, src.Skip = []signal.Channel{&q}, told.add, 20, 10, []tailrace.Op{}
		r := open(t, src, tip(t, src)...)
		state := map[int64]string{}
		next := func() {
			b, err := r.Read(soon(t))
			require.NoError(t, err)
			apply(state, b.Records)
		}
		q.Snapshot(signal.Snapshot{Tables: []string{database + ".many"}})
		for len(state) < 50 {
			next()
		}
		s.Exec(t, "USE "+database, "ALTER TABLE many ADD COLUMN w INT DEFAULT 3 AFTER id", "UPDATE many SET v = 1 WHERE id IN (10, 390)")
		for len(state) < 200 {
			next()
		}
		s.Exec(t, "USE "+database, "TRUNCATE many", strings.Replace(fill, "SELECT i, 0", "SELECT 10 * i, 2", 1), "ALTER TABLE many DROP COLUMN w, ADD COLUMN x VARCHAR(5) DEFAULT 'new'", "DELETE FROM many WHERE id > 3000")
		for !told.has("COMPLETED") {
			next()
		}
		s.Exec(t, "INSERT INTO "+database+".many (id, v) VALUES (100000, 0)")
		for state[100000] == "" {
			next()
		}
		require.Len(t, state, 301)
		for id, row := range state {
			v := 2
			if id == 100000 {
				v = 0
			}
			// Rows of a chunk have the columns that there were when it was read.
			assert.Regexp(t, fmt.Sprintf("^{id: %d, (w: 3, )?v: %d(, x: new)?}$", id, v), row)
		}
		assert.Equal(t, "{id: 100000, v: 0, x: new}", state[100000])
	})
}

// apply does to the rows of a table what records say.
func apply(state map[int64]string, records []tailrace.Record) {
	for i := range records {
		c, ok := tailrace.AsChange(&records[i])
		if !ok || c.Source().Get("table").Text() != "many" {
			continue
		}
		switch c.Op() {
		case tailrace.OpTruncate:
			clear(state)
		case tailrace.OpDelete:
			delete(state, c.Before().Get("id").Int())
		default:
			state[c.After().Get("id").Int()] = c.After().String()
		}
	}
}

// Signals by a file and by a topic start snapshots of a running source, once
// each, whatever restarts there are.
func TestSignalsComeByAFileAndByATopic(t *testing.T) {
	s := testserver.MySQL(t)
	database := tables(t, s)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "signals"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	path := filepath.Join(t.TempDir(), "signals.txt")
	execute := func(id, kind string) string {
		return fmt.Sprintf(`{"id":"%s","type":"execute-snapshot","data":{"type":"%s","data-collections":["%s.pairs"]}}`, id, kind, database)
	}
	for name, c := range map[string]struct {
		channel signal.Channel
		send    func(text string)
	}{
		"a file": {signal.File{Path: path, Poll: 5 * time.Millisecond}, func(text string) {
			require.NoError(t, os.WriteFile(path+".part", []byte(text+"\n"), 0o600))
			require.NoError(t, os.Rename(path+".part", path))
		}},
		"a topic": {kafka.Channel{Source: sourcekafka.Source{Brokers: cluster.ListenAddrs(), Topics: []string{"signals"}}, Key: "srv"}, func(text string) {
			require.NoError(t, client.ProduceSync(soon(t), &kgo.Record{Topic: "signals", Key: []byte("srv"), Value: []byte(text)}).FirstErr())
		}},
	} {
		t.Run(name, func(t *testing.T) {
			src := over(s, database)
			offsets := tip(t, src)
			for _, kind := range []string{"incremental", "blocking"} {
				var told notes
				src.Signals, src.Notify, src.ChunkRows = []signal.Channel{c.channel}, told.add, 3
				r := open(t, src, offsets...)
				c.send(execute(name, kind))
				records, behind := readUntil(t, r, func(records []tailrace.Record) bool { return len(reads(records, "pairs")) == 7 })
				assert.Len(t, reads(records, "pairs"), 7, kind)
				records, more := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
				assert.Empty(t, records)
				offsets = tailrace.MergeOffsets(behind, more)
				require.NoError(t, r.Commit(soon(t), offsets))
				require.NoError(t, r.Close())
			}
			r := open(t, src, offsets...)
			s.Exec(t, fmt.Sprintf("INSERT INTO %s.bare VALUES (%d)", database, len(name)))
			records, _ := read(t, r, 1)
			assert.Equal(t, []string{fmt.Sprintf("c null → {id: %d}", len(name))}, briefs(records), "nothing is read again")
		})
	}
}
