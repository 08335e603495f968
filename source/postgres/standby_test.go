package postgres_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/postgres"
	"github.com/tailrace-io/tailrace/source/signal"
)

// follow has a standby of a server serve what the server has now.
func follow(t testing.TB, primary, standby *testserver.PostgresServer, database string) {
	t.Helper()
	var end string
	require.NoError(t, primary.DB(t, database).QueryRow("SELECT pg_current_wal_lsn()::text").Scan(&end))
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var replayed bool
		db := standby.DB(t, "postgres")
		assert.NoError(c, db.QueryRow("SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn", end).Scan(&replayed))
		assert.True(c, replayed)
	}, time.Minute, 50*time.Millisecond)
}

// openStandby opens a source over a standby, whose slots are made once the
// primary has logged which of its transactions run.
func openStandby(t testing.TB, primary *testserver.PostgresServer, src postgres.Source, from ...tailrace.Offset) source.Reader {
	t.Helper()
	ctx, opened := context.WithCancel(soon(t))
	var logging sync.WaitGroup
	logging.Go(func() {
		db := primary.DB(t, src.Database)
		for ctx.Err() == nil {
			db.ExecContext(ctx, "SELECT pg_log_standby_snapshot(), pg_sleep(0.1)")
		}
	})
	defer logging.Wait()
	defer opened()
	return open(t, src, from...)
}

func TestAStandbyIsRead(t *testing.T) {
	primary := testserver.StartPostgres18(t)
	standby := testserver.StartPostgres18Standby(t, primary, "physical", "hot_standby_feedback=on")
	prepare := func(t *testing.T, statements ...string) (postgres.Source, string) {
		database := primary.Database(t)
		primary.Exec(t, database, append([]string{signalTable, "CREATE TABLE bare (id INT PRIMARY KEY)", "CREATE PUBLICATION dbz_publication FOR ALL TABLES"}, statements...)...)
		follow(t, primary, standby, database)
		return over(standby, database), database
	}
	t.Run("a snapshot and the log meet without a gap", func(t *testing.T) {
		src, database := prepare(t, "CREATE TABLE t (n SERIAL PRIMARY KEY)")
		src.Tables, src.SnapshotThreads = postgres.Include("public.t"), 2
		stop := writers(t, primary, database, 2)
		r := openStandby(t, primary, src)
		seen := map[int]int{}
		next := func() (streamed int) {
			b, err := r.Read(soon(t))
			require.NoError(t, err)
			for _, n := range numbersOf(b.Records) {
				seen[n]++
			}
			for i := range b.Records {
				if c, ok := tailrace.AsChange(&b.Records[i]); ok && c.Op() == tailrace.OpCreate {
					streamed++
				}
			}
			return streamed
		}
		for streamed := 0; streamed < 100; {
			streamed += next()
		}
		for rows := stop(); len(seen) < rows; {
			next()
		}
		for n, times := range seen {
			require.Equal(t, 1, times, "row %d", n)
		}
	})
	t.Run("a blocking snapshot", func(t *testing.T) {
		src, database := prepare(t, "CREATE TABLE t (n INT PRIMARY KEY)", "INSERT INTO t SELECT generate_series(1, 5)")
		src.SignalTable, src.ReadOnly, src.Snapshot = "public.debezium_signal", true, postgres.SnapshotNoData
		r := openStandby(t, primary, src)
		primary.Exec(t, database, `INSERT INTO debezium_signal VALUES ('one', 'execute-snapshot', '{"type":"BLOCKING","data-collections":["public.t"]}')`, "INSERT INTO bare VALUES (1)")
		records, _ := readUntil(t, r, func(records []tailrace.Record) bool {
			return len(records) > 0 && strings.HasSuffix(records[len(records)-1].Topic, ".bare")
		})
		assert.Len(t, reads(records, "t"), 5)
	})
	for _, key := range []string{"PRIMARY KEY", ""} {
		t.Run(strings.TrimSpace("an incremental snapshot "+key), func(t *testing.T) {
			src, database := prepare(t, "CREATE TABLE many (id INT "+key+", v INT NOT NULL)", "ALTER TABLE many REPLICA IDENTITY FULL", "INSERT INTO many SELECT i, 0 FROM generate_series(1, 600) i")
			var told notes
			var q signal.Queue
			src.Signals, src.Notify, src.ChunkRows, src.Snapshot = []signal.Channel{&q}, told.add, 20, postgres.SnapshotNoData
			r := openStandby(t, primary, src)
			q.Snapshot(signal.Snapshot{Tables: []string{"public.many"}, SurrogateKey: "id"})
			changesWin(t, primary, database, r, &told)
		})
	}
	t.Run("what cannot be written is said", func(t *testing.T) {
		src, database := prepare(t, "CREATE TABLE t (n INT PRIMARY KEY)", "DROP PUBLICATION dbz_publication")
		_, err := src.Open(soon(t), nil)
		require.ErrorContains(t, err, `there is no publication dbz_publication, and the server is a standby: on its primary, CREATE PUBLICATION "dbz_publication" FOR ALL TABLES`)
		primary.Exec(t, database, "CREATE PUBLICATION dbz_publication FOR ALL TABLES")
		follow(t, primary, standby, database)
		src.SignalTable = "public.debezium_signal"
		_, err = src.Open(soon(t), nil)
		require.ErrorContains(t, err, "the server is a standby, to whose table public.debezium_signal nothing can be written: set ReadOnly")
	})
	t.Run("its promotion", func(t *testing.T) {
		src, database := prepare(t, "CREATE TABLE t (n INT PRIMARY KEY)")
		src.Snapshot = postgres.SnapshotNoData
		r := openStandby(t, primary, src)
		primary.Exec(t, database, "INSERT INTO t SELECT generate_series(0, 9)")
		rows, offsets := readNumbers(t, r, 10)
		assert.Equal(t, span(0, 10), rows)
		follow(t, primary, standby, database)
		primary.Kill(t)
		standby.Promote(t)
		standby.Exec(t, database, "INSERT INTO t SELECT generate_series(10, 19)")
		rows, _ = readNumbers(t, r, 10)
		assert.Equal(t, span(10, 20), rows, "the connection goes on")
		require.NoError(t, r.Close())
		rows, _ = readNumbers(t, open(t, src, offsets...), 10)
		assert.Equal(t, span(10, 20), rows, "and so does another")
	})
}
