package mysql_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/mysql"
	"github.com/tailrace-io/tailrace/source/signal"
)

// keyed makes tables with keys of many types, an empty one, and one without a
// key, and gives how many rows they have.
func keyed(t *testing.T, s *testserver.MySQLServer) (database string, rows int) {
	database = s.Database(t)
	numbers := "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 200) SELECT "
	s.Exec(t, "USE "+database,
		"CREATE TABLE k_int (id INT PRIMARY KEY, v INT)", "INSERT INTO k_int "+numbers+"i-100, i FROM n",
		"CREATE TABLE k_pair (a VARCHAR(10), b DATETIME(3), v INT, PRIMARY KEY (a, b))",
		"INSERT INTO k_pair "+numbers+"CONCAT(CHAR(65 + i % 5 USING utf8mb4), '''\\\\é'), '2020-01-01 00:00:00.5' + INTERVAL i MINUTE, i FROM n",
		"CREATE TABLE k_bin (id VARBINARY(4) PRIMARY KEY, v INT)", "INSERT INTO k_bin "+numbers+"UNHEX(LPAD(HEX(i*331), 6, '0')), i FROM n",
		"CREATE TABLE k_enum (id ENUM('z','y','x'), n DECIMAL(10,2), f FLOAT, s SET('b','a'), bits BIT(10), v INT, PRIMARY KEY (id, n, f, s, bits))",
		"INSERT INTO k_enum "+numbers+"1 + i % 3, i / 7, i / 3, i % 4, i, i FROM n",
		"CREATE TABLE k_none (v INT)", "INSERT INTO k_none "+numbers+"i FROM n",
		"CREATE TABLE k_empty (id INT PRIMARY KEY, v INT)", "ANALYZE TABLE k_int, k_pair, k_bin, k_enum, k_none")
	return database, 1000
}

// values are the rows' numbers a table.
func values(t *testing.T, records []tailrace.Record) map[string][]int64 {
	out := map[string][]int64{}
	for i := range records {
		c, ok := tailrace.AsChange(&records[i])
		require.True(t, ok)
		table := c.Source().Get("table").Text()
		out[table] = append(out[table], c.After().Get("v").Int())
	}
	return out
}

func TestSeveralConnectionsGiveRowsInTheSameOrder(t *testing.T) {
	s := testserver.MySQL(t)
	database, rows := keyed(t, s)
	s.Exec(t, "INSERT INTO "+database+".k_int WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i < 999) SELECT 1000 + a.i * 1000 + b.i, a.i * 1000 + b.i FROM n a, n b WHERE a.i < 60",
		"ANALYZE TABLE "+database+".k_int")
	rows += 60_000
	src := over(s, database)
	one, _ := read(t, open(t, src), rows)
	src.SnapshotThreads = 4
	var progress []source.Progress
	src.Progress = func(p source.Progress) { progress = append(progress, p) }
	four, offsets := read(t, open(t, src), rows)
	for i := range one {
		require.Equal(t, brief(&one[i]), brief(&four[i]), "record %d", i)
		a, _ := tailrace.AsChange(&one[i])
		b, _ := tailrace.AsChange(&four[i])
		require.Equal(t, a.Source().Get("snapshot"), b.Source().Get("snapshot"), "record %d", i)
	}
	assert.NotContains(t, offsets[0].Position, "snapshot")
	require.NotEmpty(t, progress)
	last := progress[len(progress)-1]
	assert.True(t, last.Done)
	assert.EqualValues(t, rows, last.Rows)
	assert.Equal(t, 6, last.Tables)
}

// From behind any batch of a snapshot another reader goes on with the rest, and
// reads again only what lies in a table without a key.
func TestASnapshotGoesOnBehindAnyBatch(t *testing.T) {
	s := testserver.MySQL(t)
	database, rows := keyed(t, s)
	for _, order := range []mysql.SnapshotOrder{"", mysql.OrderDescending} {
		src := over(s, database)
		src.BatchRows, src.SnapshotOrder = 61, order
		whole := values(t, firstOf(read(t, open(t, src), rows)))
		for _, threads := range []int{1, 3} {
			src.SnapshotThreads = threads
			r := open(t, src)
			var given []tailrace.Record
			random := rand.New(rand.NewPCG(1, uint64(threads)))
			for again := 0; ; {
				b, err := r.Read(soon(t))
				require.NoError(t, err)
				given = append(given, b.Records...)
				require.Len(t, b.Offsets, 1)
				if !strings.Contains(b.Offsets[0].Position, `"snapshot":"INITIAL"`) {
					break
				}
				if again < 12 && random.IntN(3) == 0 {
					again++
					require.NoError(t, r.Close())
					r = open(t, src, b.Offsets...)
				}
			}
			have := values(t, given)
			for table, want := range whole {
				if table == "k_none" {
					assert.Subset(t, have[table], want)
				} else {
					assert.Equal(t, want, have[table], "table %s, %d connections", table, threads)
				}
			}
			require.NoError(t, r.Close())
		}
	}
}

func firstOf[A, B any](a A, _ B) A { return a }

// What has been read before is among the rows that are expected, as it is among
// those that have been read.
func TestASnapshotThatGoesOnExpectsTheRowsOfAllTables(t *testing.T) {
	s := testserver.MySQL(t)
	database := s.Database(t)
	s.Exec(t, "USE "+database, "CREATE TABLE a (id INT PRIMARY KEY)", "CREATE TABLE b (id INT PRIMARY KEY)",
		"INSERT INTO a WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 300) SELECT i FROM n", "INSERT INTO b SELECT id FROM a", "ANALYZE TABLE a, b")
	src := over(s, database)
	src.BatchRows = 100
	var told []source.Progress
	src.Progress = func(p source.Progress) { told = append(told, p) }
	given := 0
	next := func(r source.Reader) []tailrace.Offset {
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		given += len(b.Records)
		return b.Offsets
	}
	r := open(t, src)
	var offsets []tailrace.Offset
	for given < 400 {
		offsets = next(r)
	}
	require.NoError(t, r.Close())
	first, before := told[0], given
	require.Positive(t, first.RowsExpected)
	told = nil
	for r = open(t, src, offsets...); given < 600; {
		next(r)
	}
	require.NotEmpty(t, told)
	assert.Equal(t, first.RowsExpected, told[0].RowsExpected)
	assert.EqualValues(t, before, told[0].RowsBefore)
}

func TestChangesBetweenTwoPartsOfASnapshotAreInItOrBehindIt(t *testing.T) {
	s := testserver.MySQL(t)
	database, src := shop(t, s)
	src.BatchRows = 1
	r := open(t, src)
	records, offsets := read(t, r, 1)
	require.NoError(t, r.Close())
	s.Exec(t, "USE "+database, "UPDATE t SET a = 10 WHERE id = 1", "UPDATE t SET a = 20 WHERE id = 2", "INSERT INTO t VALUES (3, 3)", "DELETE FROM t WHERE id = 3")
	rest, _ := read(t, open(t, src, offsets...), 6)
	assert.Equal(t, []string{"r null → {id: 1, a: 1}", "r null → {id: 2, a: 20}", "u {id: 1, a: 1} → {id: 1, a: 10}", "u {id: 2, a: 2} → {id: 2, a: 20}",
		"c null → {id: 3, a: 3}", "d {id: 3, a: 3} → null", "tombstone {id: 3}"}, briefs(append(records, rest...)))
}

func TestRowsAreReadByAStatementOfOnesOwn(t *testing.T) {
	s := testserver.MySQL(t)
	database, src := shop(t, s)
	src.SnapshotSelects = map[string]string{database + ".t": "SELECT a, id FROM " + database + ".t WHERE id > 1"}
	records, _ := read(t, open(t, src), 1)
	assert.Equal(t, []string{"r null → {id: 2, a: 2}"}, briefs(records))
}

func TestTablesAreReadByTheirSize(t *testing.T) {
	s := testserver.MySQL(t)
	database, src := shop(t, s)
	s.Exec(t, "USE "+database, "CREATE TABLE a (id INT PRIMARY KEY)", "INSERT INTO a VALUES (1), (2), (3), (4)", "CREATE TABLE u (id INT PRIMARY KEY)", "INSERT INTO u VALUES (9)", "ANALYZE TABLE t, a, u")
	src.SnapshotOrder = mysql.OrderAscending
	records, _ := read(t, open(t, src), 7)
	assert.Equal(t, "r null → {id: 9}", brief(&records[0]))
	src.SnapshotOrder = mysql.OrderDescending
	records, _ = read(t, open(t, src), 7)
	assert.Equal(t, "r null → {id: 9}", brief(&records[6]))
	assert.Equal(t, "r null → {id: 1}", brief(&records[0]))
}

func TestAnExtendedLockLastsUntilAllRowsAreRead(t *testing.T) {
	s := testserver.MySQL(t)
	database, src := shop(t, s)
	src.SnapshotLocking, src.BatchRows = mysql.LockExtended, 1
	r := open(t, src)
	read(t, r, 1)
	db := s.DB(t, database)
	db.SetMaxOpenConns(1)
	_, err := db.Exec("SET lock_wait_timeout = 1")
	require.NoError(t, err)
	_, err = db.Exec("INSERT INTO t VALUES (3, 3)")
	require.ErrorContains(t, err, "Lock wait timeout")
	readUntil(t, r, func(records []tailrace.Record) bool { return len(records) == 1 })
	_, err = db.Exec("INSERT INTO t VALUES (3, 3)")
	require.NoError(t, err)
	records, _ := read(t, r, 1)
	assert.Equal(t, []string{"c null → {id: 3, a: 3}"}, briefs(records))
}

func TestRecoveryNeedsAnOffsetAndStepsAreTakenAsConfigured(t *testing.T) {
	s := testserver.MySQL(t)
	database, src := shop(t, s)
	start := tip(t, src)
	src.Snapshot = mysql.SnapshotRecovery
	_, err := src.Open(soon(t), nil)
	require.ErrorContains(t, err, "there is no stored offset to recover from")
	s.Exec(t, "DELETE FROM "+database+".t WHERE id = 1")
	records, _ := read(t, open(t, src, start...), 2)
	assert.Equal(t, "d {id: 1, a: 1} → null", brief(&records[0]))

	src.Snapshot, src.SnapshotSteps = mysql.SnapshotConfigured, mysql.SnapshotSteps{Data: true, Stream: true}
	records, _ = read(t, open(t, src, start...), 1)
	assert.Equal(t, []string{"r null → {id: 2, a: 2}"}, briefs(records))
	src.SnapshotSteps = mysql.SnapshotSteps{Stream: true}
	records, _ = read(t, open(t, src, start...), 2)
	assert.Equal(t, "d {id: 1, a: 1} → null", brief(&records[0]))
}

func TestASnapshotTellsHowItIsGettingOn(t *testing.T) {
	s := testserver.MySQL(t)
	database, src := shop(t, s)
	var told notes
	src.Notify, src.NotificationTopic = told.add, "notes"
	records, _ := read(t, open(t, src), 6)
	assert.Equal(t, []string{"STARTED", "IN_PROGRESS", "TABLE_SCAN_COMPLETED " + database + ".t SUCCEEDED 2", "COMPLETED"}, told.list)
	var topics []string
	for _, r := range records {
		topics = append(topics, r.Topic)
	}
	table := "srv." + database + ".t"
	assert.Equal(t, []string{"notes", "notes", table, "notes", table, "notes"}, topics)
}

func TestWhatCannotBeConfiguredIsNamed(t *testing.T) {
	src := mysql.Source{User: "u", TopicPrefix: "srv", SnapshotThreads: 65, ChunkRows: -1, SignalTable: "signals", NotificationTopic: "a b",
		SnapshotOrder: "random", Watermarks: "none", SnapshotDelay: -1, SnapshotSelects: map[string]string{"a.b": " "}, Signals: []signal.Channel{nil}}
	_, err := src.Open(soon(t), nil)
	for _, what := range []string{"SnapshotThreads", "ChunkRows", "SignalTable", "NotificationTopic", "SnapshotOrder", "Watermarks", "SnapshotDelay", "SnapshotSelects", "Signals[0]"} {
		assert.ErrorContains(t, err, what)
	}
}
