package postgres_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/postgres"
	"github.com/tailrace-io/tailrace/source/signal"
)

// within has something done when the first chunk has been read, before its window
// ends.
func within(told *notes, do func()) func(signal.Notification) {
	var once sync.Once
	return func(n signal.Notification) {
		told.add(n)
		if n.Status == signal.InProgress {
			once.Do(do)
		}
	}
}

// changesOf are the changes of a table in short.
func changesOf(records []tailrace.Record, table string) (out []string) {
	for i := range records {
		if c, ok := tailrace.AsChange(&records[i]); ok && c.Source().Get("table").Text() == table {
			out = append(out, brief(&records[i]))
		}
	}
	return out
}

func TestARowWhoseUpdateLeavesOutALargeValueIsReadWithIt(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE big (id INT PRIMARY KEY, v INT, note TEXT)", "ALTER TABLE big ALTER note SET STORAGE EXTERNAL",
		"INSERT INTO big SELECT i, 1, repeat('x', 5000) FROM generate_series(1, 4) i")
	src := over(s, database)
	var told notes
	var q signal.Queue
	src.Signals, src.Notify = []signal.Channel{&q}, within(&told, func() {
		s.Exec(t, database, "UPDATE big SET v = 2 WHERE id = 2", "UPDATE big SET id = 7, v = 3 WHERE id = 3", "UPDATE big SET v = 4, note = 'short' WHERE id = 4")
	})
	r := open(t, src, tip(t, src)...)
	q.Snapshot(signal.Snapshot{Tables: []string{"public.big"}})
	records, _ := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	note := strings.Repeat("x", 5000)
	assert.Equal(t, []string{"{id: 1, v: 1, note: " + note + "}", "{id: 2, v: 2, note: " + note + "}", "{id: 7, v: 3, note: " + note + "}"}, reads(records, "big"),
		"of the fourth the log has all")
}

func TestRowsThatAreAlikeAreDroppedOneByOne(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE alike (n INT)", "ALTER TABLE alike REPLICA IDENTITY FULL", "INSERT INTO alike VALUES (1), (1), (1), (2), (NULL)")
	src := over(s, database)
	var told notes
	var q signal.Queue
	src.Signals, src.Notify = []signal.Channel{&q}, within(&told, func() {
		s.Exec(t, database, "DELETE FROM alike WHERE ctid = '(0,1)'", "INSERT INTO alike VALUES (2), (2)", "DELETE FROM alike WHERE ctid = (SELECT max(ctid) FROM alike WHERE n = 2)")
	})
	r := open(t, src, tip(t, src)...)
	q.Snapshot(signal.Snapshot{Tables: []string{"public.alike"}, SurrogateKey: "n"})
	records, _ := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	assert.Equal(t, []string{"{n: null}", "{n: 1}", "{n: 1}", "{n: 2}"}, reads(records, "alike"))
}

func TestRowsWhoseSurrogateKeysAreAllNullAreRead(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE nulls (n INT, v INT)", "INSERT INTO nulls VALUES (NULL, 1), (NULL, 2)")
	src := over(s, database)
	var told notes
	var q signal.Queue
	src.Signals, src.Notify = []signal.Channel{&q}, told.add
	r := open(t, src, tip(t, src)...)
	q.Snapshot(signal.Snapshot{Tables: []string{"public.nulls"}, SurrogateKey: "n"})
	records, _ := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	assert.ElementsMatch(t, []string{"{n: null, v: 1}", "{n: null, v: 2}"}, reads(records, "nulls"))
}

// A table is altered or emptied, or changed by one large transaction that began
// before, while its chunks are read. The transaction of a chunk holds the first
// two up until it ends.
func TestATableMayChangeWhileItsChunksAreRead(t *testing.T) {
	const rows = 300
	for name, statements := range map[string][]string{
		"a column more": {"ALTER TABLE many ADD more INT DEFAULT 7", "UPDATE many SET v = 2 WHERE id % 3 = 0"},
		"a column less": {"ALTER TABLE many DROP v2", "UPDATE many SET v = 2 WHERE id % 3 = 0"},
		"another type":  {"ALTER TABLE many ALTER id TYPE BIGINT", "DELETE FROM many WHERE id % 5 = 0"},
		"another key":   {"ALTER TABLE many RENAME id TO number", "UPDATE many SET number = -number WHERE number % 2 = 0"},
		"emptied":       {"TRUNCATE many", "INSERT INTO many VALUES (5, 5), (1000, 6)"},
		"one large":     {"BEGIN", "UPDATE many SET v = v + 1", "DELETE FROM many WHERE id % 10 = 0", "UPDATE many SET v = v + 1", "COMMIT"},
		"full":          {"ALTER TABLE many REPLICA IDENTITY FULL", "UPDATE many SET id = -id WHERE id % 4 = 0"},
	} {
		t.Run(name, func(t *testing.T) {
			s := testserver.Postgres(t)
			database := s.Database(t)
			s.Exec(t, database, "CREATE TABLE many (id INT PRIMARY KEY, v INT, v2 INT, u INT NOT NULL DEFAULT 0)",
				fmt.Sprintf("INSERT INTO many SELECT i, 1, 1, i FROM generate_series(1, %d) i", rows))
			src := over(s, database)
			var told notes
			var q signal.Queue
			var changing sync.WaitGroup
			src.Skip = []tailrace.Op{}
			src.Signals, src.ChunkRows, src.Notify = []signal.Channel{&q}, 40, within(&told, func() {
				changing.Go(func() { s.Exec(t, database, statements...) })
			})
			r := open(t, src, tip(t, src)...)
			q.Snapshot(signal.Snapshot{Tables: []string{"public.many"}})
			records, _ := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
			changing.Wait()
			s.Exec(t, database, "CREATE TABLE fence (id INT PRIMARY KEY)", "INSERT INTO fence VALUES (1)")
			more, _ := readUntil(t, r, func(records []tailrace.Record) bool { return len(changesOf(records, "fence")) > 0 })
			state := map[int64]int64{}
			key := func(c tailrace.Struct) int64 {
				if _, renamed := c.Schema.Field("number"); renamed {
					return c.Get("number").Int()
				}
				return c.Get("id").Int()
			}
			all := append(records, more...)
			for i := range all {
				c, ok := tailrace.AsChange(&all[i])
				if !ok || c.Source().Get("table").Text() != "many" {
					continue
				}
				switch c.Op() {
				case tailrace.OpTruncate:
					clear(state)
				case tailrace.OpDelete:
					delete(state, key(c.Before()))
				default:
					if !c.Before().IsZero() && key(c.Before()) != key(c.After()) {
						delete(state, key(c.Before())) // which a delete of the old key tells too
					}
					state[key(c.After())] = c.After().Get("v").Int()
				}
			}
			want := map[int64]int64{}
			column := "id"
			if name == "another key" {
				column = "number"
			}
			found, err := s.DB(t, database).Query("SELECT " + column + ", v FROM many")
			require.NoError(t, err)
			defer found.Close()
			for found.Next() {
				var id, v int64
				require.NoError(t, found.Scan(&id, &v))
				want[id] = v
			}
			assert.Equal(t, want, state)
		})
	}
}

func TestATableThatIsAddedWaitsForTransactionsThatHadWrittenToIt(t *testing.T) {
	s := testserver.Postgres(t)
	database := tables(t, s)
	src := over(s, database)
	src.Tables, src.Autocreate = postgres.Include("public.bare"), postgres.PublicationFiltered
	src.ReplicaIdentities = []postgres.ReplicaIdentity{{Table: "public.pairs", Identity: "FULL"}}
	var told notes
	var q signal.Queue
	src.Signals, src.Notify = []signal.Channel{&q}, told.add
	r := open(t, src, tip(t, src)...)
	db := s.DB(t, database)
	var added int
	late, err := db.Begin()
	require.NoError(t, err)
	_, err = late.Exec("INSERT INTO keyless VALUES (100, 100)")
	require.NoError(t, err)
	q.AddTables("public.(pairs|keyless)")
	readUntil(t, r, func([]tailrace.Record) bool { return told.has("STARTED") })
	require.NoError(t, db.QueryRow("SELECT count(*) FROM pg_publication_tables WHERE tablename IN ('pairs', 'keyless')").Scan(&added))
	assert.Equal(t, 2, added)
	assert.False(t, told.has("IN_PROGRESS"))
	require.NoError(t, late.Commit())
	q.Snapshot(signal.Snapshot{Tables: []string{"public.keyless"}, SurrogateKey: "n"})
	records, _ := readUntil(t, r, func([]tailrace.Record) bool {
		return told.has("TABLE_SCAN_COMPLETED public.pairs SUCCEEDED") && told.has("TABLE_SCAN_COMPLETED public.keyless SUCCEEDED")
	})
	assert.Len(t, reads(records, "pairs"), 7)
	assert.Contains(t, append(reads(records, "keyless"), changesOf(records, "keyless")...), "{n: 100, v: 100}")
	s.Exec(t, database, "UPDATE pairs SET v = 80 WHERE v = 1")
	records, _ = readUntil(t, r, func(records []tailrace.Record) bool { return len(changesOf(records, "pairs")) > 0 })
	assert.Equal(t, []string{"u {a: x, b: 1, v: 1} → {a: x, b: 1, v: 80}"}, changesOf(records, "pairs"), "its replica identity is as configured")
}

// A transaction may be younger than the one that publishes the table, and yet
// have written to it before that was committed.
func TestATableThatIsAddedWaitsForTransactionsThatBeganWhileItWasPublished(t *testing.T) {
	s := testserver.Postgres(t)
	database := tables(t, s)
	s.Exec(t, database, "CREATE PUBLICATION dbz_publication FOR TABLE bare")
	src := over(s, database)
	src.Tables, src.Autocreate = postgres.Include("public.bare"), postgres.PublicationDisabled
	var told notes
	var q signal.Queue
	src.Signals, src.Notify = []signal.Channel{&q}, told.add
	r := open(t, src, tip(t, src)...)
	db := s.DB(t, database)
	publishing, err := db.Begin()
	require.NoError(t, err)
	_, err = publishing.Exec("ALTER PUBLICATION dbz_publication ADD TABLE pairs")
	require.NoError(t, err)
	late, err := db.Begin()
	require.NoError(t, err)
	_, err = late.Exec("INSERT INTO pairs VALUES ('late', 1, 100)")
	require.NoError(t, err)
	require.NoError(t, publishing.Commit())
	q.AddTables("public.pairs")
	readUntil(t, r, func([]tailrace.Record) bool { return told.has("STARTED") })
	s.Exec(t, database, "INSERT INTO bare VALUES (1)")
	records, _ := readUntil(t, r, func(records []tailrace.Record) bool { return len(changesOf(records, "bare")) > 0 })
	require.Empty(t, reads(records, "pairs"))
	require.NoError(t, late.Commit())
	records, _ = readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	assert.Contains(t, append(reads(records, "pairs"), changesOf(records, "pairs")...), "{a: late, b: 1, v: 100}")
}

func TestATableIsNotAddedWhosePublicationIsForPeopleToChange(t *testing.T) {
	s := testserver.Postgres(t)
	database := tables(t, s)
	s.Exec(t, database, "CREATE PUBLICATION p FOR TABLE bare")
	src := over(s, database)
	src.Tables, src.Publication, src.Autocreate = postgres.Include("public.bare"), "p", postgres.PublicationDisabled
	var told notes
	var q signal.Queue
	src.Signals, src.Notify = []signal.Channel{&q}, told.add
	r := open(t, src, tip(t, src)...)
	q.AddTables("public.pairs")
	q.Snapshot(signal.Snapshot{Tables: []string{"public.pairs"}})
	readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	assert.Contains(t, told.list[0], `ALTER PUBLICATION "p" ADD TABLE public.pairs`)
	assert.True(t, told.has("TABLE_SCAN_COMPLETED public.pairs UNKNOWN_SCHEMA"))
}

func TestABlockingSnapshotThatTheServerRefusesIsGivenUp(t *testing.T) {
	s := testserver.Postgres(t)
	database := tables(t, s)
	src := over(s, database)
	var told notes
	var q signal.Queue
	src.Signals, src.Notify = []signal.Channel{&q}, told.add
	r := open(t, src, tip(t, src)...)
	q.Snapshot(signal.Snapshot{Kind: signal.Blocking, Tables: []string{"public.pairs"}, Conditions: []signal.Condition{{Table: "public.pairs", Where: "nothing = 1"}}})
	readUntil(t, r, func([]tailrace.Record) bool { return told.has("REJECTED") })
	s.Exec(t, database, "INSERT INTO bare VALUES (1)")
	records, _ := readUntil(t, r, func(records []tailrace.Record) bool { return len(records) == 1 })
	assert.Equal(t, []string{"c null → {id: 1}"}, briefs(records))
}
