package mysql_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/mysql"
)

// shop makes a table with two rows.
func shop(t *testing.T, s *testserver.MySQLServer) (database string, src mysql.Source) {
	database = s.Database(t)
	s.Exec(t, "USE "+database, "CREATE TABLE t (id INT PRIMARY KEY, a INT)", "INSERT INTO t VALUES (1, 1), (2, 2)")
	return database, over(s, database)
}

func TestWithoutASnapshotTheLogIsReadFromItsBeginning(t *testing.T) {
	s := testserver.StartMySQL(t)
	database, src := shop(t, s)
	s.Exec(t, "FLUSH BINARY LOGS", "DELETE FROM "+database+".t WHERE id = 1")
	src.Snapshot = mysql.SnapshotNever
	records, offsets := read(t, open(t, src), 4)
	assert.Equal(t, []string{"c null → {id: 1, a: 1}", "c null → {id: 2, a: 2}", "d {id: 1, a: 1} → null", "tombstone {id: 1}"}, briefs(records))
	assert.NotEmpty(t, textOf(t, offsets, "gtids"))
}

func TestASnapshotAtEveryStartIsTakenDespiteAnOffset(t *testing.T) {
	s := testserver.MySQL(t)
	_, src := shop(t, s)
	src.Snapshot = mysql.SnapshotAlways
	_, offsets := read(t, open(t, src), 2)
	records, _ := read(t, open(t, src, offsets...), 2)
	assert.Equal(t, []string{"r null → {id: 1, a: 1}", "r null → {id: 2, a: 2}"}, briefs(records))
}

func TestASnapshotAloneEndsAndIsNotTakenTwice(t *testing.T) {
	s := testserver.MySQL(t)
	_, src := shop(t, s)
	src.Snapshot = mysql.SnapshotInitialOnly
	r := open(t, src)
	_, offsets := read(t, r, 2)
	_, err := r.Read(soon(t))
	require.Equal(t, io.EOF, err)
	_, err = open(t, src, offsets...).Read(soon(t))
	require.Equal(t, io.EOF, err)
}

func TestASnapshotReadsWhatItIsToldAndTheLogTheRest(t *testing.T) {
	s := testserver.MySQL(t)
	database, src := shop(t, s)
	s.Exec(t, "USE "+database, "CREATE TABLE u (id INT PRIMARY KEY)", "INSERT INTO u VALUES (7)")
	src.SnapshotTables = []string{database + `\.u`}
	r := open(t, src)
	records, _ := read(t, r, 1)
	assert.Equal(t, []string{"r null → {id: 7}"}, briefs(records))
	s.Exec(t, "INSERT INTO "+database+".t VALUES (3, 3)")
	records, _ = read(t, r, 1)
	assert.Equal(t, []string{"c null → {id: 3, a: 3}"}, briefs(records))
}

func TestASnapshotOfNothingGivesAnOffset(t *testing.T) {
	s := testserver.MySQL(t)
	src := over(s, s.Database(t))
	b, err := open(t, src).Read(soon(t))
	require.NoError(t, err)
	assert.Empty(t, b.Records)
	assert.Len(t, b.Offsets, 1)
}

func TestChangesWhileASnapshotRunsComeBehindIt(t *testing.T) {
	s := testserver.MySQL(t)
	database, src := shop(t, s)
	src.BatchRows = 1
	r := open(t, src)
	s.Exec(t, "USE "+database, "UPDATE t SET a = 10 WHERE id = 2", "INSERT INTO t VALUES (3, 3)")
	records, _ := read(t, r, 4)
	assert.Equal(t, []string{"r null → {id: 1, a: 1}", "r null → {id: 2, a: 2}", "u {id: 2, a: 2} → {id: 2, a: 10}", "c null → {id: 3, a: 3}"}, briefs(records))
}

func TestOperationsAreLeftOutButNotThoseOfAChangedKey(t *testing.T) {
	s := testserver.MySQL(t)
	database, src := shop(t, s)
	src.Skip = []tailrace.Op{tailrace.OpCreate, tailrace.OpDelete, tailrace.OpTruncate}
	r := open(t, src, tip(t, src)...)
	s.Exec(t, "USE "+database, "INSERT INTO t VALUES (3, 3)", "DELETE FROM t WHERE id = 3", "UPDATE t SET id = 9 WHERE id = 2", "TRUNCATE t", "INSERT INTO t VALUES (4, 4)", "UPDATE t SET a = 5")
	records, _ := read(t, r, 4)
	assert.Equal(t, []string{"d {id: 2, a: 2} → null", "tombstone {id: 2}", "c null → {id: 9, a: 2}", "u {id: 4, a: 4} → {id: 4, a: 5}"}, briefs(records))
}

func TestTheStatementIsInTheSourceBlockWhereTheServerLogsIt(t *testing.T) {
	s := testserver.MySQL(t)
	database, src := shop(t, s)
	src.IncludeQuery = true
	r := open(t, src, tip(t, src)...)
	s.Exec(t, "USE "+database, "SET SESSION binlog_rows_query_log_events = ON", "INSERT INTO t VALUES (3, 3)",
		"SET SESSION binlog_rows_query_log_events = OFF", "INSERT INTO t VALUES (4, 4)")
	records, _ := read(t, r, 2)
	for i, want := range []string{"INSERT INTO t VALUES (3, 3)", "null"} {
		c, _ := tailrace.AsChange(&records[i])
		assert.Equal(t, want, c.Source().Get("query").String())
	}
}

func TestABatchIsBoundedInRows(t *testing.T) {
	s := testserver.MySQL(t)
	database, src := shop(t, s)
	src.BatchRows = 3
	r := open(t, src, tip(t, src)...)
	s.Exec(t, "INSERT INTO "+database+".t WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i+1 FROM n WHERE i < 29) SELECT i, i FROM n")
	for left := 20; left > 0; {
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		assert.LessOrEqual(t, len(b.Records), 3)
		assert.Positive(t, b.Size)
		assert.False(t, b.Time.IsZero())
		left -= len(b.Records)
	}
}
