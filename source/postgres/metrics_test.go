package postgres_test

import (
	"strconv"
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

// The names in the comments are Debezium's.
func TestAReaderCountsWhatItReads(t *testing.T) {
	server := testserver.Postgres(t)
	db := server.Database(t)
	server.Exec(t, db, "CREATE TABLE orders (id INT PRIMARY KEY, v INT, note TEXT)", "ALTER TABLE orders REPLICA IDENTITY FULL",
		"CREATE TABLE items (id INT PRIMARY KEY, v INT)", "CREATE TABLE other (id INT PRIMARY KEY)",
		"INSERT INTO orders VALUES (1,1,'a'), (2,2,'b'), (3,3,'c')", "INSERT INTO items VALUES (1,1), (2,2)", "INSERT INTO other VALUES (1)")
	src := over(server, db)
	src.Tables, src.Columns = postgres.Exclude(`public\.other`), postgres.Exclude(`public\.orders\.note`)
	src.Skip, src.SkipUnchanged = []tailrace.Op{tailrace.OpDelete}, true
	src.Autocreate = postgres.PublicationAllTables

	r := open(t, src)
	metrics := func() source.Metrics { return r.(source.Metered).Metrics() }
	rows := 0
	var offsets []tailrace.Offset
	var m source.Metrics
	for m = metrics(); m.Snapshot.State != source.SnapshotCompleted; m = metrics() {
		assert.Equal(t, source.SnapshotRunning, m.Snapshot.State)
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		rows += len(b.Records)
		offsets = tailrace.MergeOffsets(offsets, b.Offsets)
	}
	require.Equal(t, 5, rows)
	assert.True(t, m.Connected)
	assert.Equal(t, []string{"public.items", "public.orders"}, m.Tables)                                                      // CapturedTables
	assert.Equal(t, []source.TableRows{{Table: "public.items", Rows: 2}, {Table: "public.orders", Rows: 3}}, m.Snapshot.Rows) // RowsScanned
	assert.EqualValues(t, 5, m.Snapshot.Seen())                                                                               // TotalNumberOfEventsSeen
	assert.Equal(t, 2, m.Snapshot.Tables)                                                                                     // TotalTableCount
	assert.Equal(t, 0, m.Snapshot.TablesLeft)                                                                                 // RemainingTableCount
	assert.Positive(t, m.Snapshot.Took)
	assert.Zero(t, m.Stream.Changes())
	assert.Equal(t, offsets[0].Position, m.Stream.Position)

	server.Exec(t, db,
		"INSERT INTO orders VALUES (4,4,'d'), (5,5,'e')",
		"UPDATE orders SET v = 9 WHERE id = 4",
		"UPDATE orders SET id = 7 WHERE id = 4",     // a delete and a create
		"UPDATE orders SET note = 'x' WHERE id = 1", // of a column that is left out
		"DELETE FROM orders WHERE id = 5",
		"INSERT INTO other VALUES (5), (6)",
		"BEGIN; INSERT INTO items VALUES (12, 10); INSERT INTO other VALUES (13); COMMIT",
		"TRUNCATE TABLE items",
		"INSERT INTO items VALUES (13, 1)")
	for m = metrics(); m.Stream.Transactions < 9; m = metrics() {
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		offsets = tailrace.MergeOffsets(offsets, b.Offsets)
	}
	s := m.Stream
	assert.Equal(t, []int64{5, 1, 1, 1}, []int64{s.Created, s.Updated, s.Deleted, s.Truncated}) // TotalNumberOf…EventsSeen
	assert.EqualValues(t, 1, s.Skipped)
	assert.EqualValues(t, 1, s.Unchanged)
	assert.EqualValues(t, 3, s.Filtered) // rows, each a message of the log
	assert.Equal(t, offsets[0].Position, s.Position)
	assert.Contains(t, s.Position, `"txId":`+s.LastTransaction+",")
	assert.WithinDuration(t, time.Now(), s.Last, time.Hour) // MilliSecondsSinceLastEvent

	require.NoError(t, r.Close())
	assert.False(t, metrics().Connected)
	r = open(t, src, offsets...)
	m = metrics()
	assert.True(t, m.Connected)
	assert.Equal(t, source.SnapshotNone, m.Snapshot.State)
	assert.Zero(t, m.Stream.Changes())
	require.NoError(t, r.Close())
}

func TestAReaderCountsAnIncrementalSnapshot(t *testing.T) {
	server := testserver.Postgres(t)
	db := server.Database(t)
	server.Exec(t, db, "CREATE TABLE orders (id INT PRIMARY KEY)", "INSERT INTO orders SELECT generate_series(1, 100)")
	src := over(server, db)
	src.Snapshot, src.ChunkRows = postgres.SnapshotNoData, 2
	signals := new(signal.Queue)
	src.Signals = []signal.Channel{signals}
	r := open(t, src)
	signals.Snapshot(signal.Snapshot{Tables: []string{"public.orders"}})
	seen := 0
	for n := 0; n < 100; {
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		n += len(b.Records)
		m := r.(source.Metered).Metrics().Incremental
		if n == 0 || n == 100 {
			continue
		}
		seen++
		assert.Equal(t, []string{"public.orders"}, m.Tables)
		assert.Equal(t, "100", m.TableTo)
		assert.Equal(t, strconv.Itoa(n), m.From)
		if m.To != "" {
			assert.Equal(t, strconv.Itoa(n+2), m.To)
		}
		assert.GreaterOrEqual(t, m.Rows, int64(n))
		assert.False(t, m.Paused)
	}
	assert.NotZero(t, seen)
	m := r.(source.Metered).Metrics()
	assert.Zero(t, m.Stream.Changes(), "its rows are no changes")
	require.NoError(t, r.Close())
}
