package mysql_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/mysql"
	"github.com/tailrace-io/tailrace/source/signal"
)

// The numbers are those that Debezium 3.5 has for the same rows and statements,
// by the names in the comments, but where docs/metrics.md says that it is wrong.
func TestAReaderCountsWhatItReads(t *testing.T) {
	server := testserver.MySQL(t)
	db := server.Database(t)
	server.Exec(t, "USE "+db,
		"CREATE TABLE orders (id INT PRIMARY KEY, v INT, note TEXT)", "CREATE TABLE items (id INT PRIMARY KEY, v INT)", "CREATE TABLE other (id INT PRIMARY KEY)",
		"INSERT INTO orders VALUES (1,1,'a'), (2,2,'b'), (3,3,'c')", "INSERT INTO items VALUES (1,1), (2,2)", "INSERT INTO other VALUES (1)")
	src := over(server, db)
	src.Tables, src.Columns = mysql.Exclude(db+`\.other`), mysql.Exclude(db+`\.orders\.note`)
	src.Skip, src.SkipUnchanged = []tailrace.Op{tailrace.OpDelete}, true
	src.SchemaHistory = new(offset.Memory)
	src.SnapshotLocking = mysql.LockMinimal

	r := open(t, src)
	metrics := func() source.Metrics { return r.(source.Metered).Metrics() }
	records, offsets := read(t, r, 5)
	var m source.Metrics
	for m = metrics(); m.Snapshot.State != source.SnapshotCompleted; m = metrics() {
		assert.Equal(t, source.SnapshotRunning, m.Snapshot.State)
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		require.Empty(t, b.Records)
		offsets = tailrace.MergeOffsets(offsets, b.Offsets)
	}
	require.Len(t, records, 5)
	assert.True(t, m.Connected)
	assert.Equal(t, []string{db + ".items", db + ".orders"}, m.Tables)                                                      // CapturedTables
	assert.Equal(t, []source.TableRows{{Table: db + ".items", Rows: 2}, {Table: db + ".orders", Rows: 3}}, m.Snapshot.Rows) // RowsScanned
	assert.EqualValues(t, 5, m.Snapshot.Seen())                                                                             // TotalNumberOfEventsSeen
	assert.Equal(t, 2, m.Snapshot.Tables)                                                                                   // TotalTableCount
	assert.Equal(t, 0, m.Snapshot.TablesLeft)                                                                               // RemainingTableCount
	assert.Positive(t, m.Snapshot.Took)
	assert.EqualValues(t, 2, m.Definitions.Applied)
	assert.Zero(t, m.Stream.Changes())
	assert.Equal(t, offsets[0].Position, m.Stream.Position)

	server.Exec(t, "USE "+db,
		"INSERT INTO orders VALUES (4,4,'d'), (5,5,'e')",
		"UPDATE orders SET v = 9 WHERE id = 4",
		"UPDATE orders SET id = 7 WHERE id = 4",     // a delete, its tombstone and a create
		"UPDATE orders SET note = 'x' WHERE id = 1", // of a column that is left out
		"DELETE FROM orders WHERE id = 5",
		"INSERT INTO other VALUES (5), (6)",
		"BEGIN", "INSERT INTO items VALUES (12, 10)", "INSERT INTO other VALUES (13)", "COMMIT",
		"ALTER TABLE items ADD x INT",
		"TRUNCATE TABLE items",
		"INSERT INTO items VALUES (13, 1, 1)")
	_, more := read(t, r, 2+1+3+1+1+1)
	for m = metrics(); m.Stream.Transactions < 8; m = metrics() { // the end of the last
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		require.Empty(t, b.Records)
		more = b.Offsets
	}
	s := m.Stream
	assert.Equal(t, []int64{5, 1, 1, 1}, []int64{s.Created, s.Updated, s.Deleted, s.Truncated}) // TotalNumberOf…EventsSeen; truncates are not left out here
	assert.EqualValues(t, 1, s.Skipped)
	assert.EqualValues(t, 1, s.Unchanged)
	assert.EqualValues(t, 2, s.Filtered)
	assert.EqualValues(t, 8, s.Transactions)
	assert.Equal(t, more[0].Position, s.Position)           // SourceEventPosition
	assert.Contains(t, s.LastTransaction, ":")              // LastTransactionId
	assert.WithinDuration(t, time.Now(), s.Last, time.Hour) // MilliSecondsSinceLastEvent
	assert.EqualValues(t, 3, m.Definitions.Applied)
	assert.Equal(t, db+".items", m.Definitions.Last)

	require.NoError(t, r.Close())
	assert.False(t, metrics().Connected)
	r = open(t, src, more...)
	m = metrics()
	assert.EqualValues(t, 3, m.Definitions.Recovered) // ChangesRecovered
	assert.NotZero(t, m.Definitions.RecoveredAt)
	assert.Zero(t, m.Stream.Changes())
}

func TestAReaderCountsAnIncrementalSnapshot(t *testing.T) {
	server := testserver.MySQL(t)
	db := server.Database(t)
	server.Exec(t, "CREATE TABLE "+db+".orders (id INT PRIMARY KEY)", "INSERT INTO "+db+".orders VALUES (1), (2), (3), (4), (5)")
	src := over(server, db)
	src.Snapshot, src.ChunkRows = mysql.SnapshotNoData, 2
	signals := new(signal.Queue)
	src.Signals = []signal.Channel{signals}
	r := open(t, src)
	signals.Snapshot(signal.Snapshot{Tables: []string{db + ".orders"}})
	var seen []source.IncrementalMetrics
	for n := 0; n < 5; {
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		n += len(b.Records)
		if m := r.(source.Metered).Metrics().Incremental; m.To != "" {
			seen = append(seen, m)
		}
	}
	require.NotEmpty(t, seen)
	for _, m := range seen {
		assert.Equal(t, []string{db + ".orders"}, m.Tables)
		assert.Equal(t, "5", m.TableTo)
		assert.Contains(t, []string{"2", "4", "5"}, m.To)
		assert.Contains(t, []string{"", "2", "4"}, m.From)
		assert.False(t, m.Paused)
	}
}
