package mysql_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/mysql"
	"github.com/tailrace-io/tailrace/source/signal"
)

// notes gathers notifications, in short.
type notes struct {
	mu   sync.Mutex
	list []string
}

func (n *notes) add(x signal.Notification) {
	n.mu.Lock()
	defer n.mu.Unlock()
	status := x.Data["status"]
	if x.Data["reason"] != "" {
		status = x.Data["reason"]
	}
	n.list = append(n.list, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", x.Status, x.Data["scanned_collection"], status, x.Data["total_rows_scanned"])), " "))
}

func (n *notes) has(text string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, x := range n.list {
		if strings.HasPrefix(x, text) {
			return true
		}
	}
	return false
}

// readUntil reads until there is what is waited for.
func readUntil(t testing.TB, r source.Reader, done func([]tailrace.Record) bool) (records []tailrace.Record, offsets []tailrace.Offset) {
	t.Helper()
	for !done(records) {
		b, err := r.Read(soon(t))
		require.NoError(t, err, "after %d records", len(records))
		records = append(records, b.Records...)
		offsets = tailrace.MergeOffsets(offsets, b.Offsets)
	}
	return records, offsets
}

const signalTable = "CREATE TABLE debezium_signal (id VARCHAR(42) PRIMARY KEY, type VARCHAR(32) NOT NULL, data VARCHAR(2048) NULL)"

// tables are those of the tests of incremental snapshots: with a key of two
// columns, without one, and without rows.
func tables(t *testing.T, s *testserver.MySQLServer) string {
	database := s.Database(t)
	s.Exec(t, "USE "+database, signalTable,
		"CREATE TABLE pairs (a VARCHAR(10) COLLATE utf8mb4_general_ci, b INT, v INT, PRIMARY KEY (a, b))",
		"INSERT INTO pairs VALUES ('x', 1, 1), ('X', 2, 2), ('y''', 1, 3), ('y''', 2, 4), ('ä', 9, 5), ('z\\\\', 1, 6), ('z\\\\', 2, 7)",
		"CREATE TABLE keyless (n INT, v INT, KEY (n))", "INSERT INTO keyless VALUES (1, 1), (1, 2), (1, 3), (NULL, 4), (2, 5), (2, 5), (NULL, 6)",
		"CREATE TABLE bare (id INT PRIMARY KEY)")
	return database
}

// ways are how windows of incremental snapshots can be marked.
func ways(t *testing.T, check func(t *testing.T, s *testserver.MySQLServer, src mysql.Source, database string)) {
	for name, way := range map[string]func(src *mysql.Source, database string){
		"by the table of signals": func(src *mysql.Source, db string) { src.SignalTable = db + ".debezium_signal" },
		"by a row that is taken away": func(src *mysql.Source, db string) {
			src.SignalTable, src.Watermarks = db+".debezium_signal", mysql.InsertDelete
		},
		"without writing to the server":    func(src *mysql.Source, db string) { src.SignalTable, src.ReadOnly = db+".debezium_signal", true },
		"without a table of signals":       func(*mysql.Source, string) {},
		"of MariaDB without writing to it": func(src *mysql.Source, _ string) { src.Flavor = mysql.MariaDB },
		"of MariaDB by the table":          func(src *mysql.Source, db string) { src.Flavor, src.SignalTable = mysql.MariaDB, db+".debezium_signal" },
	} {
		t.Run(name, func(t *testing.T) {
			s := testserver.MySQL(t)
			if strings.Contains(name, "MariaDB") {
				s = testserver.MariaDB(t)
			}
			database := tables(t, s)
			src := over(s, database)
			way(&src, database)
			check(t, s, src, database)
		})
	}
}

// reads are the rows of a table that were read, in their order.
func reads(records []tailrace.Record, table string) (out []string) {
	for i := range records {
		if c, ok := tailrace.AsChange(&records[i]); ok && c.Op() == tailrace.OpRead && c.Source().Get("table").Text() == table {
			out = append(out, c.After().String())
		}
	}
	return out
}

func TestAnIncrementalSnapshotReadsTablesByChunks(t *testing.T) {
	ways(t, func(t *testing.T, s *testserver.MySQLServer, src mysql.Source, database string) {
		var told notes
		var q signal.Queue
		src.Signals, src.Notify, src.ChunkRows = []signal.Channel{&q}, told.add, 2
		r := open(t, src, tip(t, src)...)
		q.Snapshot(signal.Snapshot{Tables: []string{database + `\.(pairs|bare)`, database + ".none"}})
		records, _ := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
		assert.Equal(t, []string{"{a: ä, b: 9, v: 5}", "{a: x, b: 1, v: 1}", "{a: X, b: 2, v: 2}", "{a: y', b: 1, v: 3}", "{a: y', b: 2, v: 4}", `{a: z\, b: 1, v: 6}`, `{a: z\, b: 2, v: 7}`},
			reads(records, "pairs"))
		c, _ := tailrace.AsChange(&records[len(records)-1])
		if src.SignalTable == "" {
			assert.Equal(t, "incremental", c.Source().Get("snapshot").Text())
		}
		assert.Equal(t, []string{"STARTED", "TABLE_SCAN_COMPLETED " + database + ".bare EMPTY 0", "IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS",
			"TABLE_SCAN_COMPLETED " + database + ".pairs SUCCEEDED 7", "TABLE_SCAN_COMPLETED " + database + ".none UNKNOWN_SCHEMA 0", "COMPLETED"}, told.list)
	})
}

// What rows share does not tell which of them a change is of: none is lost for
// that, and none comes back.
func TestRowsThatShareASurrogateKeyMayChangeWhileTheyAreRead(t *testing.T) {
	for name, statements := range map[string][]string{
		"one of several is updated":  {"UPDATE keyless SET v = 10 WHERE v = 2"},
		"one of several is deleted":  {"DELETE FROM keyless WHERE v = 3"},
		"one of two that are alike":  {"DELETE FROM keyless WHERE v = 5 LIMIT 1"},
		"one more is inserted":       {"INSERT INTO keyless VALUES (3, 9)"},
		"one comes to share another": {"UPDATE keyless SET n = 3 WHERE v = 2"},
		"the only one is updated":    {"UPDATE keyless SET v = 80 WHERE n = 3"},
		"the only one is replaced":   {"DELETE FROM keyless WHERE n = 3", "INSERT INTO keyless VALUES (3, 81)"},
		"without a value to share":   {"UPDATE keyless SET v = 40 WHERE v = 4", "INSERT INTO keyless VALUES (NULL, 41)"},
	} {
		t.Run(name, func(t *testing.T) {
			s := testserver.MySQL(t)
			database := tables(t, s)
			s.Exec(t, "INSERT INTO "+database+".keyless VALUES (3, 8)")
			src := over(s, database)
			var told notes
			var q signal.Queue
			var once sync.Once
			src.Signals, src.Notify = []signal.Channel{&q}, func(n signal.Notification) {
				told.add(n)
				if n.Status == signal.InProgress {
					once.Do(func() { s.Exec(t, append([]string{"USE " + database}, statements...)...) })
				}
			}
			r := open(t, src, tip(t, src)...)
			q.Snapshot(signal.Snapshot{Tables: []string{database + ".keyless"}, SurrogateKey: "n"})
			records, _ := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
			var have []string
			for i := range records {
				c, _ := tailrace.AsChange(&records[i])
				if !c.Before().IsZero() {
					if at := slices.Index(have, c.Before().String()); at >= 0 {
						have = slices.Delete(have, at, at+1)
					}
				}
				if !c.After().IsZero() {
					have = append(have, c.After().String())
				}
			}
			var want []string
			rows, err := s.DB(t, database).Query("SELECT n, v FROM keyless")
			require.NoError(t, err)
			defer rows.Close()
			for rows.Next() {
				var n, v sql.NullInt64
				require.NoError(t, rows.Scan(&n, &v))
				if want = append(want, fmt.Sprintf("{n: %d, v: %d}", n.Int64, v.Int64)); !n.Valid {
					want[len(want)-1] = fmt.Sprintf("{n: null, v: %d}", v.Int64)
				}
			}
			require.NoError(t, rows.Err())
			for _, row := range want {
				if at := slices.Index(have, row); assert.GreaterOrEqual(t, at, 0, "%s is lost of %s", row, want) {
					have = slices.Delete(have, at, at+1)
				}
			}
			for _, row := range have { // which the log had given, and the table has
				assert.Contains(t, want, row, "it came back")
			}
		})
	}
}

func TestRowsThatShareASurrogateKeyAreAllRead(t *testing.T) {
	s := testserver.MySQL(t)
	database := tables(t, s)
	src := over(s, database)
	var told notes
	var q signal.Queue
	src.Signals, src.Notify, src.ChunkRows = []signal.Channel{&q}, told.add, 2
	r := open(t, src, tip(t, src)...)
	q.Snapshot(signal.Snapshot{Tables: []string{database + ".keyless"}})
	readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	assert.True(t, told.has("TABLE_SCAN_COMPLETED "+database+".keyless NO_PRIMARY_KEY"))
	told.list = nil
	q.Snapshot(signal.Snapshot{Tables: []string{database + ".keyless"}, SurrogateKey: "n"})
	records, _ := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	assert.ElementsMatch(t, []string{"{n: 1, v: 1}", "{n: 1, v: 2}", "{n: 1, v: 3}", "{n: null, v: 4}", "{n: 2, v: 5}", "{n: 2, v: 5}", "{n: null, v: 6}"}, reads(records, "keyless"))
}

func TestRowsAreChosenByConditions(t *testing.T) {
	s := testserver.MySQL(t)
	database := tables(t, s)
	src := over(s, database)
	src.SignalTable = database + ".debezium_signal"
	var told notes
	src.Notify = told.add
	r := open(t, src, tip(t, src)...)
	s.Exec(t, fmt.Sprintf(`INSERT INTO %[1]s.debezium_signal VALUES ('one', 'execute-snapshot', '{"data-collections":["%[1]s.pairs"],"additional-conditions":[{"data-collection":"%[1]s.pairs","filter":"v=1 OR v=6"}]}')`, database))
	records, _ := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	assert.Equal(t, []string{"{a: x, b: 1, v: 1}", `{a: z\, b: 1, v: 6}`}, reads(records, "pairs"))

	told.list = nil
	s.Exec(t, fmt.Sprintf(`INSERT INTO %[1]s.debezium_signal VALUES ('two', 'execute-snapshot', '{"data-collections":["%[1]s.pairs"],"additional-conditions":[{"data-collection":"%[1]s.pairs","filter":"nothing=1"}]}')`, database))
	readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	assert.True(t, told.has("TABLE_SCAN_COMPLETED "+database+".pairs SQL_EXCEPTION"))
}

func TestASignalThatCannotBeFollowedIsTold(t *testing.T) {
	s := testserver.MySQL(t)
	database := tables(t, s)
	src := over(s, database)
	src.SignalTable = database + ".debezium_signal"
	var told notes
	src.Notify = told.add
	r := open(t, src, tip(t, src)...)
	s.Exec(t, "INSERT INTO "+database+".debezium_signal VALUES ('one', 'execute-snapshot', '{}'), ('two', 'dance', NULL), ('three', 'log', 'not JSON')")
	readUntil(t, r, func(records []tailrace.Record) bool { return len(records) == 3 })
	assert.Equal(t, []string{"REJECTED execute-snapshot names no tables in data-collections", `REJECTED the type "dance" is not known`,
		"REJECTED the data of a signal is a JSON object, and this one's is not"}, told.list)
}

func TestAPausedSnapshotGoesOnBehindARestart(t *testing.T) {
	s := testserver.MySQL(t)
	database := tables(t, s)
	src := over(s, database)
	var told notes
	var q signal.Queue
	src.Signals, src.Notify, src.ChunkRows = []signal.Channel{&q}, told.add, 3
	r := open(t, src, tip(t, src)...)
	q.Snapshot(signal.Snapshot{Tables: []string{database + ".pairs"}})
	first, offsets := readUntil(t, r, func(records []tailrace.Record) bool { return len(records) > 0 })
	q.Pause()
	second, more := readUntil(t, r, func([]tailrace.Record) bool { return told.has("PAUSED") })
	offsets = tailrace.MergeOffsets(offsets, more)
	require.NoError(t, r.Commit(soon(t), offsets))
	require.NoError(t, r.Close())
	assert.Contains(t, offsets[0].Position, `"incremental_snapshot_paused":true`)

	r = open(t, src, offsets...)
	s.Exec(t, "INSERT INTO "+database+".bare VALUES (1)")
	records, _ := readUntil(t, r, func(records []tailrace.Record) bool { return len(records) > 0 })
	assert.Equal(t, []string{"c null → {id: 1}"}, briefs(records))
	q.Resume()
	rest, _ := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	all := append(append(reads(first, "pairs"), reads(second, "pairs")...), reads(rest, "pairs")...)
	assert.Len(t, all, 7)
	for _, row := range []string{"{a: ä, b: 9, v: 5}", "{a: x, b: 1, v: 1}", `{a: z\, b: 2, v: 7}`} {
		assert.Contains(t, all, row)
	}
}

func TestAStoppedSnapshotReadsNoMore(t *testing.T) {
	s := testserver.MySQL(t)
	database := tables(t, s)
	src := over(s, database)
	src.SignalTable = database + ".debezium_signal"
	var told notes
	src.Notify = told.add
	r := open(t, src, tip(t, src)...)
	s.Exec(t, "USE "+database, "BEGIN",
		fmt.Sprintf(`INSERT INTO debezium_signal VALUES ('one', 'execute-snapshot', '{"data-collections":["%[1]s.pairs","%[1]s.bare"]}')`, database),
		"INSERT INTO debezium_signal VALUES ('two', 'stop-snapshot', '{}')", "COMMIT", "INSERT INTO bare VALUES (1)")
	records, _ := readUntil(t, r, func(records []tailrace.Record) bool { return len(records) == 3 })
	assert.Empty(t, reads(records, "pairs"))
	assert.Equal(t, []string{"STARTED", "ABORTED"}, told.list)
}

func TestTablesAreAddedToARunningSource(t *testing.T) {
	s := testserver.MySQL(t)
	database := tables(t, s)
	src := over(s, database)
	src.Tables = mysql.Include(database + ".bare")
	var told notes
	var q signal.Queue
	src.Signals, src.Notify = []signal.Channel{&q}, told.add
	r := open(t, src, tip(t, src)...)
	s.Exec(t, "USE "+database, "INSERT INTO pairs VALUES ('n', 1, 8)", "INSERT INTO bare VALUES (1)")
	records, _ := readUntil(t, r, func(records []tailrace.Record) bool { return len(records) == 1 })
	assert.Equal(t, []string{"c null → {id: 1}"}, briefs(records))
	q.AddTables(database + ".pairs")
	records, offsets := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	assert.Len(t, reads(records, "pairs"), 8)
	s.Exec(t, "UPDATE "+database+".pairs SET v = 80 WHERE a = 'n'")
	records, more := readUntil(t, r, func(records []tailrace.Record) bool { return len(records) == 1 })
	assert.Equal(t, []string{"u {a: n, b: 1, v: 8} → {a: n, b: 1, v: 80}"}, briefs(records))
	require.NoError(t, r.Close())

	r = open(t, src, tailrace.MergeOffsets(offsets, more)...)
	s.Exec(t, "DELETE FROM "+database+".pairs WHERE a = 'n'")
	records, _ = readUntil(t, r, func(records []tailrace.Record) bool { return len(records) == 2 })
	assert.Equal(t, "d {a: n, b: 1, v: 80} → null", brief(&records[0]), "it is captured after a restart too")
}

func TestABlockingSnapshotReadsTablesWhileTheLogWaits(t *testing.T) {
	s := testserver.MySQL(t)
	database := tables(t, s)
	src := over(s, database)
	src.SignalTable, src.BatchRows = database+".debezium_signal", 2
	r := open(t, src, tip(t, src)...)
	s.Exec(t, fmt.Sprintf(`INSERT INTO %[1]s.debezium_signal VALUES ('one', 'execute-snapshot', '{"type":"BLOCKING","data-collections":["%[1]s.pairs"],"additional-conditions":[{"data-collection":"%[1]s.pairs","filter":"v < 7"}]}')`, database))
	_, offsets := readUntil(t, r, func(records []tailrace.Record) bool { return len(records) >= 3 })
	require.NoError(t, r.Close())
	assert.Contains(t, offsets[0].Position, "blocking_snapshots")

	r = open(t, src, offsets...)
	s.Exec(t, "INSERT INTO "+database+".bare VALUES (1)")
	records, offsets := readUntil(t, r, func(records []tailrace.Record) bool { return len(records) == 7 })
	assert.Len(t, reads(records, "pairs"), 6, "after a restart it begins anew")
	assert.Equal(t, "c null → {id: 1}", brief(&records[6]))
	assert.NotContains(t, offsets[0].Position, "blocking_snapshots")
}

// Rows that change while a snapshot reads them end up as they are, whatever the
// way in which windows are marked.
func TestChangesDuringAnIncrementalSnapshotWin(t *testing.T) {
	ways(t, func(t *testing.T, s *testserver.MySQLServer, src mysql.Source, database string) {
		const rows = 600
		s.Exec(t, "USE "+database, "CREATE TABLE many (id INT PRIMARY KEY, v INT NOT NULL)",
			fmt.Sprintf("INSERT INTO many WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < %d) SELECT i, 0 FROM n", rows))
		var told notes
		var q signal.Queue
		src.Signals, src.Notify, src.ChunkRows = []signal.Channel{&q}, told.add, 20
		r := open(t, src, tip(t, src)...)
		q.Snapshot(signal.Snapshot{Tables: []string{database + ".many"}})
		db := s.DB(t, database)
		ctx, stop := context.WithCancel(soon(t))
		var writing sync.WaitGroup
		for writer := range 2 {
			writing.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					id := (i*7919+writer*13)%rows + 1
					switch i % 4 {
					case 0:
						db.Exec("DELETE FROM many WHERE id = ?", id)
					case 1:
						db.Exec("INSERT IGNORE INTO many VALUES (?, ?)", id, i)
					default:
						db.Exec("UPDATE many SET v = v + 1 WHERE id = ?", id)
					}
				}
			})
		}
		state := map[int64]int64{}
		apply := func(records []tailrace.Record) {
			for i := range records {
				c, ok := tailrace.AsChange(&records[i])
				if !ok || c.Source().Get("table").Text() != "many" {
					continue
				}
				id := c.Row().Get("id").Int()
				switch v := c.Row().Get("v").Int(); c.Op() {
				case tailrace.OpDelete:
					delete(state, id)
				case tailrace.OpRead:
					was, there := state[id]
					assert.False(t, there && v < was, "row %d went back from %d to %d", id, was, v)
					state[id] = v
				default:
					state[id] = v
				}
			}
		}
		records, _ := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
		apply(records)
		stop()
		writing.Wait()
		s.Exec(t, "INSERT INTO "+database+".bare VALUES (1)")
		records, _ = readUntil(t, r, func(records []tailrace.Record) bool {
			return len(records) > 0 && strings.HasSuffix(records[len(records)-1].Topic, ".bare")
		})
		apply(records)
		want := map[int64]int64{}
		found, err := db.Query("SELECT id, v FROM many")
		require.NoError(t, err)
		defer found.Close()
		for found.Next() {
			var id, v int64
			require.NoError(t, found.Scan(&id, &v))
			want[id] = v
		}
		// Rows that were deleted and never read are missing in both.
		assert.Equal(t, want, state)
		assert.NoError(t, soon(t).Err())
	})
}
