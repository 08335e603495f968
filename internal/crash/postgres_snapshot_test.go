package crash

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/postgres"
	"github.com/tailrace-io/tailrace/source/signal"
)

// A process that reads the rows of PostgreSQL's tables is killed as MySQL's is.
// Rows move to other pages meanwhile, also to those that were read, since
// there is room where others were deleted.
func TestSnapshotsOfPostgreSQLGoOnAfterKills(t *testing.T) {
	server := testserver.Postgres18(t)
	for name, threads := range map[string]int{"one connection": 1, "side by side": 3} {
		t.Run(name, func(t *testing.T) {
			database := server.Database(t)
			c := child{Postgres: true, Addr: server.Addr, User: server.User, Password: server.Password, Database: database, Dir: t.TempDir(), Threads: threads}
			server.Exec(t, database, "CREATE TABLE rows (id INT PRIMARY KEY, ver INT NOT NULL, pad TEXT) WITH (autovacuum_enabled = off)",
				fmt.Sprintf("INSERT INTO rows SELECT i, 1, repeat('x', 500) FROM generate_series(1, %d) i", snapshotRows),
				"DELETE FROM rows WHERE id % 7 = 0", "VACUUM ANALYZE rows")
			db := server.DB(t, database)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var writing sync.WaitGroup
			writing.Go(func() { changePostgresRows(ctx, t, db) })
			random := rand.New(rand.NewPCG(3, uint64(threads)))
			resumed := 0
			for range *snapshotKills {
				c.killWithin(t, random, 60_000)
				if c.stored(t, "snapshot_page") {
					resumed++
				}
			}
			stop()
			writing.Wait()
			p := c.start(t)
			defer p.kill(t)
			c.arrive(t, p, db)
			assert.Positive(t, resumed, "kills come within a table")
		})
	}
}

// ofPostgres reads rows as signals ask for it.
func (s *snapshots) ofPostgres(src postgres.Source, dir string) postgres.Source {
	src.Snapshot, src.ChunkRows, src.ReadOnly = postgres.SnapshotNoData, 100, s.ReadOnly
	if s.Delete {
		src.Watermarks = postgres.InsertDelete
	}
	if s.File {
		src.Signals = []signal.Channel{signal.File{Path: filepath.Join(dir, "signals"), Poll: 10 * time.Millisecond}}
	} else {
		src.SignalTable = "public.debezium_signal"
	}
	return src
}

// What signals ask for goes on after kills too, whichever way the windows of
// chunks are marked and rows are told apart.
func TestSnapshotsThatPostgreSQLIsAskedForGoOnAfterKills(t *testing.T) {
	server := testserver.Postgres18(t)
	for seed, test := range []struct {
		name string
		how  snapshots
		key  string // PRIMARY KEY, or none
	}{
		{"by the table of signals", snapshots{}, "PRIMARY KEY"},
		{"by rows that are deleted", snapshots{Delete: true}, "PRIMARY KEY"},
		{"read only", snapshots{ReadOnly: true}, "PRIMARY KEY"},
		{"read only, without a table of signals", snapshots{File: true}, "PRIMARY KEY"},
		{"of a table without a key", snapshots{}, "UNIQUE"},
		{"of a table without a key, read only", snapshots{ReadOnly: true}, "UNIQUE"},
		{"blocking", snapshots{Blocking: true}, "PRIMARY KEY"},
	} {
		t.Run(test.name, func(t *testing.T) {
			database := server.Database(t)
			c := child{Postgres: true, Addr: server.Addr, User: server.User, Password: server.Password, Database: database, Dir: t.TempDir(), Threads: 1, Snapshot: &test.how}
			server.Exec(t, database, "CREATE TABLE rows (id INT "+test.key+", ver INT NOT NULL, pad TEXT)", "ALTER TABLE rows REPLICA IDENTITY FULL",
				"CREATE TABLE debezium_signal (id VARCHAR(42) PRIMARY KEY, type VARCHAR(32) NOT NULL, data VARCHAR(2048) NULL)",
				fmt.Sprintf("INSERT INTO rows SELECT i, 1, repeat('x', 500) FROM generate_series(1, %d) i", snapshotRows))
			db := server.DB(t, database)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var writing sync.WaitGroup
			writing.Go(func() { changePostgresRows(ctx, t, db) })
			p := c.start(t)
			until(t, p, func() bool { _, err := os.Stat(filepath.Join(c.Dir, "file.offsets")); return err == nil })
			p.kill(t)
			c.ask(t, server)
			random := rand.New(rand.NewPCG(5, uint64(seed)))
			resumed := 0
			for range *snapshotKills {
				c.killWithin(t, random, 30_000)
				if c.stored(t, "incremental_snapshot_primary_key", "blocking_snapshots") {
					resumed++
				}
			}
			stop()
			writing.Wait()
			p = c.start(t)
			defer p.kill(t)
			c.arrive(t, p, db)
			assert.Positive(t, resumed, "kills come within the snapshot")
		})
	}
}

// ask asks for a snapshot of the rows.
func (c child) ask(t *testing.T, server *testserver.PostgresServer) {
	data := map[string]any{"type": "INCREMENTAL", "data-collections": []string{"public.rows"}, "surrogate-key": "id"}
	if c.Snapshot.Blocking {
		data["type"] = "BLOCKING"
	}
	text, err := json.Marshal(data)
	require.NoError(t, err)
	if !c.Snapshot.File {
		server.Exec(t, c.Database, fmt.Sprintf("INSERT INTO debezium_signal VALUES ('one', 'execute-snapshot', '%s')", text))
		return
	}
	line := fmt.Sprintf(`{"id":"one","type":"execute-snapshot","data":%s}`+"\n", text)
	require.NoError(t, os.WriteFile(filepath.Join(c.Dir, "finished"), []byte(line), 0o666))
	require.NoError(t, os.Rename(filepath.Join(c.Dir, "finished"), filepath.Join(c.Dir, "signals")))
}

// stored says whether the offset has one of the texts.
func (c child) stored(t *testing.T, texts ...string) bool {
	offsets, err := os.ReadFile(filepath.Join(c.Dir, "file.offsets"))
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	require.NoError(t, err)
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(string(offsets), text) })
}

// arrive waits until what the children have written is what the table has.
func (c child) arrive(t *testing.T, p process, db *sql.DB) {
	t.Helper()
	want := rowsOf(t, db, "rows")
	var last string
	defer func() {
		if t.Failed() {
			t.Log(last)
		}
	}()
	until(t, p, func() bool {
		got, err := c.fromFile()
		last = differences(want, state(got), got)
		return err == nil && last == ""
	})
}

// killWithin kills a child a moment after it has written up to so many bytes, or
// when it has had the time for many more.
func (c child) killWithin(t *testing.T, random *rand.Rand, most int) {
	more := c.written() + 1 + int64(random.IntN(most))
	p := c.start(t)
	for deadline := time.Now().Add(10 * time.Second); c.written() < more && time.Now().Before(deadline); {
		<-time.After(time.Millisecond)
	}
	<-time.After(time.Duration(random.IntN(20)) * time.Millisecond)
	p.kill(t)
}

// written is how many bytes of changes children have written.
func (c child) written() int64 {
	info, err := os.Stat(filepath.Join(c.Dir, "events"))
	if err != nil {
		return 0 // no child has come so far as to make it
	}
	return info.Size()
}

// changePostgresRows changes rows until ctx ends.
func changePostgresRows(ctx context.Context, t *testing.T, db *sql.DB) {
	random := rand.New(rand.NewPCG(9, 9))
	for version := 2; ctx.Err() == nil; version++ {
		id := 1 + random.IntN(snapshotRows+1500)
		statement := fmt.Sprintf("INSERT INTO rows VALUES (%d, %d, repeat('n', 500)) ON CONFLICT (id) DO UPDATE SET ver = %[2]d", id, version)
		if random.IntN(4) == 0 {
			statement = fmt.Sprintf("DELETE FROM rows WHERE id = %d", id)
		}
		if _, err := db.Exec(statement); err != nil {
			t.Errorf("%s: %v", statement, err)
			return
		}
		<-time.After(time.Millisecond)
	}
}
