package mysql_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/mysql"
)

// point is an offset, and how many records were read before it.
type point struct {
	offsets []tailrace.Offset
	before  int
}

// readPoints reads n records and gives the offset behind each batch.
func readPoints(t testing.TB, r source.Reader, n int) (records []tailrace.Record, points []point) {
	t.Helper()
	for len(records) < n {
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		records = append(records, b.Records...)
		require.Len(t, b.Offsets, 1)
		points = append(points, point{b.Offsets, len(records)})
	}
	require.Equal(t, n, len(records))
	return records, points
}

// A transaction of many statements, events and rows, between two small ones.
var bigTransaction = []string{
	"INSERT INTO t VALUES (1000000, 'before')",
	"BEGIN",
	"INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 300) SELECT i, REPEAT('x', i % 50) FROM n",
	"SAVEPOINT a",
	"UPDATE t SET text = CONCAT(text, '!') WHERE id <= 120",
	"INSERT INTO u VALUES (1, 'one'), (2, 'two'), (3, 'three')",
	"UPDATE t SET id = id + 5000 WHERE id BETWEEN 100 AND 115",
	"DELETE FROM t WHERE id BETWEEN 200 AND 250",
	"COMMIT",
	"INSERT INTO t VALUES (1000001, 'behind')",
}

const bigTransactionRecords = 1 + 300 + 120 + 3 + 16*3 + 51*2 + 1

func bigTransactionTables(t *testing.T, s *testserver.MySQLServer) string {
	database := s.Database(t)
	s.Exec(t, "USE "+database, "CREATE TABLE t (id INT PRIMARY KEY, text VARCHAR(100))", "CREATE TABLE u (id INT PRIMARY KEY, text VARCHAR(100))")
	return database
}

// resumesExactly checks that from behind any batch exactly the rest comes.
func resumesExactly(t *testing.T, src mysql.Source, start []tailrace.Offset) {
	src.BatchRows = 17
	records, points := readPoints(t, open(t, src, start...), bigTransactionRecords)
	whole := briefs(records)
	require.Greater(t, len(points), 30)
	for _, at := range points {
		src.BatchRows = 500
		r := open(t, src, at.offsets...)
		rest, _ := read(t, r, bigTransactionRecords-at.before)
		require.Equal(t, whole[at.before:], briefs(rest), "behind %s", at.offsets[0].Position)
		for i := range rest {
			a, _ := tailrace.AsChange(&records[at.before+i])
			b, _ := tailrace.AsChange(&rest[i])
			require.Equal(t, a.Source().String(), b.Source().String())
		}
		require.NoError(t, r.Close())
	}
}

func TestFromWithinATransactionExactlyTheRestComes(t *testing.T) {
	s := testserver.MySQL(t)
	database := bigTransactionTables(t, s)
	src := over(s, database)
	start := tip(t, src)
	s.Exec(t, append([]string{"USE " + database}, bigTransaction...)...)
	resumesExactly(t, src, start)
}

func TestFromWithinACompressedTransactionExactlyTheRestComes(t *testing.T) {
	s := testserver.MySQL(t)
	database := bigTransactionTables(t, s)
	src := over(s, database)
	start := tip(t, src)
	s.Exec(t, append([]string{"USE " + database, "SET SESSION binlog_transaction_compression = ON"}, bigTransaction...)...)
	resumesExactly(t, src, start)
}

func TestWithoutGTIDsExactlyTheRestComesByFileAndPosition(t *testing.T) {
	s := testserver.StartMySQL(t, "--gtid-mode=OFF", "--enforce-gtid-consistency=OFF")
	database := bigTransactionTables(t, s)
	src := over(s, database)
	start := tip(t, src)
	assert.NotContains(t, start[0].Position, "gtids")
	s.Exec(t, append([]string{"USE " + database}, bigTransaction...)...)
	resumesExactly(t, src, start)
}

// What is told of transactions, in blocks and on their topic, counts on from
// where a reader within one was left.
func TestTransactionsAreCountedOnBehindARestart(t *testing.T) {
	s := testserver.StartMySQL(t) // transactions of other tests are told too
	database := bigTransactionTables(t, s)
	src := over(s, database)
	src.TransactionMetadata, src.BatchRows = true, 17
	start := tip(t, src)
	s.Exec(t, append([]string{"USE " + database}, bigTransaction...)...)
	const messages = 2 * 3 // the beginning and the end of each
	records, points := readPoints(t, open(t, src, start...), bigTransactionRecords+messages)
	told := func(records []tailrace.Record) []string {
		out := []string{}
		for i := range records {
			if c, ok := tailrace.AsChange(&records[i]); ok {
				out = append(out, fmt.Sprintf("%s %s", c.Row(), c.Transaction()))
			} else {
				out = append(out, records[i].Value.String())
			}
		}
		return out
	}
	whole := told(records)
	src.BatchRows = 500
	for i, at := range points {
		if i%3 != 0 {
			continue // each takes a while
		}
		r := open(t, src, at.offsets...)
		rest, _ := read(t, r, len(records)-at.before)
		assert.Equal(t, whole[at.before:], told(rest), "behind %s", at.offsets[0].Position)
		require.NoError(t, r.Close())
	}
}

func TestTheGTIDsOfAnOffsetAreThoseOfWholeTransactions(t *testing.T) {
	s := testserver.MySQL(t)
	database := bigTransactionTables(t, s)
	src := over(s, database)
	src.BatchRows = 37
	start := tip(t, src)
	s.Exec(t, append([]string{"USE " + database}, bigTransaction...)...)
	records, points := readPoints(t, open(t, src, start...), bigTransactionRecords)
	gtid := func(i int) string {
		c, ok := tailrace.AsChange(&records[i])
		if !ok {
			c, _ = tailrace.AsChange(&records[i-1]) // of a tombstone, that of its delete
		}
		return c.Source().Get("gtid").Text()
	}
	for _, at := range points[:len(points)-2] {
		executed := textOf(t, at.offsets, "gtids")
		within := at.before < len(records) && gtid(at.before-1) == gtid(at.before)
		_, number, _ := strings.Cut(gtid(at.before-1), ":")
		if within {
			assert.NotRegexp(t, `\b`+number+`$`, executed, "behind %d records", at.before)
			assert.Contains(t, at.offsets[0].Position, `"event":`)
		}
	}
}

func textOf(t testing.TB, offsets []tailrace.Offset, member string) string {
	t.Helper()
	_, rest, ok := strings.Cut(offsets[0].Position, `"`+member+`":"`)
	require.True(t, ok, "%s has no %s", offsets[0].Position, member)
	text, _, _ := strings.Cut(rest, `"`)
	return text
}

func TestAnOffsetOfDebeziumIsTakenAsItIs(t *testing.T) {
	s := testserver.MySQL(t)
	database := bigTransactionTables(t, s)
	src := over(s, database)
	start := tip(t, src)
	gtids := textOf(t, start, "gtids")
	s.Exec(t, "USE "+database, "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
	// What Debezium stores within the transaction: two events behind the
	// beginning, and two rows of the third.
	at := tailrace.Offset{Partition: `{"server":"srv"}`, Position: `{"transaction_id":null,"ts_sec":1795256166,"file":"` + textOf(t, start, "file") +
		`","pos":4,"gtids":"` + gtids + `","row":2,"server_id":1,"event":2}`}
	records, _ := read(t, open(t, src, at), 1)
	assert.Equal(t, []string{"c null → {id: 3, text: c}"}, briefs(records))
}

func TestAnInterruptedSnapshotOfDebeziumBeginsAnew(t *testing.T) {
	s := testserver.MySQL(t)
	database := bigTransactionTables(t, s)
	s.Exec(t, "INSERT INTO "+database+".u VALUES (1, 'one')")
	at := tailrace.Offset{Partition: `{"server":"srv"}`, Position: `{"ts_sec":1795256751,"file":"binlog.000001","pos":4,"snapshot":"INITIAL"}`}
	records, _ := read(t, open(t, over(s, database), at), 1)
	assert.Equal(t, []string{"r null → {id: 1, text: one}"}, briefs(records))
}

func TestTransactionsOfOtherTablesMoveTheOffset(t *testing.T) {
	s := testserver.MySQL(t)
	database, other := s.Database(t), s.Database(t)
	s.Exec(t, "CREATE TABLE "+database+".t (id INT PRIMARY KEY)", "CREATE TABLE "+other+".t (id INT PRIMARY KEY)")
	src := over(s, database)
	start := tip(t, src)
	r := open(t, src, start...)
	s.Exec(t, "INSERT INTO "+other+".t VALUES (1)")
	b, err := r.Read(soon(t))
	require.NoError(t, err)
	assert.Empty(t, b.Records)
	require.Len(t, b.Offsets, 1)
	assert.NotEqual(t, textOf(t, start, "gtids"), textOf(t, b.Offsets, "gtids"))
}

func TestALostOffsetSaysWhatIsLeft(t *testing.T) {
	s := testserver.StartMySQL(t)
	database := s.Database(t)
	s.Exec(t, "CREATE TABLE "+database+".t (id INT PRIMARY KEY)", "INSERT INTO "+database+".t VALUES (1)")
	src := over(s, database)
	start := tip(t, src)
	s.Exec(t, "INSERT INTO "+database+".t VALUES (2)", "FLUSH BINARY LOGS", "PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY")
	_, err := src.Open(soon(t), start)
	require.ErrorIs(t, err, source.ErrOffsetLost)
	assert.ErrorContains(t, err, "purged")
	assert.ErrorContains(t, err, "binlog.000002")

	byFile := tailrace.Offset{Partition: start[0].Partition, Position: `{"file":"binlog.000001","pos":4}`}
	_, err = src.Open(soon(t), []tailrace.Offset{byFile})
	require.ErrorIs(t, err, source.ErrOffsetLost)
	assert.ErrorContains(t, err, "binlog.000002")

	src.Snapshot = mysql.SnapshotWhenNeeded
	records, _ := read(t, open(t, src, start...), 2)
	assert.Equal(t, []string{"r null → {id: 1}", "r null → {id: 2}"}, briefs(records))
}

func TestAnOffsetOfAnotherServerIsLost(t *testing.T) {
	s := testserver.MySQL(t)
	src := over(s, s.Database(t))
	at := tailrace.Offset{Partition: `{"server":"srv"}`, Position: `{"file":"binlog.000001","pos":4,"gtids":"11111111-2222-3333-4444-555555555555:1-5"}`}
	_, err := src.Open(soon(t), []tailrace.Offset{at})
	require.ErrorIs(t, err, source.ErrOffsetLost)
}

func TestACancelledReadWithinATransactionLosesNothing(t *testing.T) {
	s := testserver.MySQL(t)
	database := bigTransactionTables(t, s)
	src := over(s, database)
	src.BatchRows = 10
	r := open(t, src, tip(t, src)...)
	s.Exec(t, append([]string{"USE " + database}, bigTransaction...)...)
	var records []tailrace.Record
	for i := 0; len(records) < bigTransactionRecords; i++ {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%5)*100*time.Microsecond)
		b, err := r.Read(ctx)
		cancel()
		if err != nil {
			require.ErrorIs(t, err, context.DeadlineExceeded)
			b, err = r.Read(soon(t))
			require.NoError(t, err)
		}
		records = append(records, b.Records...)
	}
	require.Len(t, records, bigTransactionRecords)
	assert.Equal(t, "c null → {id: 1000001, text: behind}", brief(&records[len(records)-1]))
}
