package postgres_test

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/postgres"
)

// marked is a record of a snapshot as a test shows it.
func marked(r *tailrace.Record) string {
	c, _ := tailrace.AsChange(r)
	return strings.TrimPrefix(r.Topic, "srv.public.") + " " + fmt.Sprint(c.Row().Get("n").Int()) + " " + c.Source().Get("snapshot").Text()
}

// wholly reads a source to its end.
func wholly(t testing.TB, src postgres.Source) (out []string) {
	t.Helper()
	r := open(t, src)
	for {
		b, err := r.Read(soon(t))
		if err == io.EOF {
			return out
		}
		require.NoError(t, err)
		for i := range b.Records {
			out = append(out, marked(&b.Records[i]))
		}
	}
}

func TestRowsThatAreReadSideBySideComeInTheOrderOfOneConnection(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database,
		"CREATE TABLE b (n INT PRIMARY KEY, pad TEXT)", "INSERT INTO b SELECT i, repeat('x', 500) FROM generate_series(0, 9999) i", // more than one chunk
		"CREATE TABLE c (n INT)", "CREATE TABLE d (n INT)", "INSERT INTO d VALUES (7)",
		"CREATE TABLE e (n INT) PARTITION BY RANGE (n)", "CREATE TABLE e0 PARTITION OF e FOR VALUES FROM (0) TO (10)", "INSERT INTO e VALUES (5), (6), (7)",
		"CREATE TABLE f (n INT)", "INSERT INTO f VALUES (1), (2), (3)")
	src := over(s, database)
	src.Snapshot, src.SnapshotQueries = postgres.SnapshotInitialOnly, map[string]string{"public.f": "SELECT * FROM f WHERE n > 1 ORDER BY n DESC;"}
	var told source.Progress
	src.Progress = func(p source.Progress) { told = p }
	want := []string{"b 0 first"}
	for n := 1; n < 9999; n++ {
		want = append(want, fmt.Sprintf("b %d true", n))
	}
	want = append(want, "b 9999 last_in_data_collection", "d 7 last_in_data_collection",
		"e0 5 first_in_data_collection", "e0 6 true", "e0 7 last_in_data_collection", "f 3 first_in_data_collection", "f 2 last")
	for _, threads := range []int{1, 3} {
		src.SnapshotThreads, told = threads, source.Progress{}
		assert.Equal(t, want, wholly(t, src), "%d connections", threads)
		told.Elapsed = 0
		assert.Equal(t, source.Progress{Tables: 5, TablesDone: 5, Table: "public.f", Rows: 10006, RowsExpected: 10006, Done: true}, told)
	}
}

// chunked makes a table of three chunks, the second of which begins at about
// the row 1,792, and gives a source over it.
func chunked(t *testing.T, s *testserver.PostgresServer) postgres.Source {
	t.Helper()
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE a (n INT PRIMARY KEY)", "INSERT INTO a VALUES (1)",
		"CREATE TABLE t (n INT PRIMARY KEY, pad TEXT, big TEXT) WITH (autovacuum_enabled = off)", "ALTER TABLE t ALTER big SET STORAGE EXTERNAL",
		"INSERT INTO t SELECT i, repeat('x', 1000), CASE i WHEN 3000 THEN repeat('b', 10000) END FROM generate_series(0, 3999) i")
	return over(s, database)
}

// until reads batches up to one with an offset that has a text.
func until(t testing.TB, r source.Reader, text string) (records []tailrace.Record, offsets []tailrace.Offset) {
	t.Helper()
	for {
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		records = append(records, b.Records...)
		if len(b.Offsets) > 0 && strings.Contains(b.Offsets[0].Position, text) {
			return records, b.Offsets
		}
	}
}

func TestASnapshotGoesOnBehindTheChunksThatWereGiven(t *testing.T) {
	s := testserver.Postgres(t)
	src := chunked(t, s)
	src.BatchRows = 100
	r := open(t, src)
	before, offsets := until(t, r, `"snapshot_page":256`)
	require.NoError(t, r.Close())
	r = open(t, src, offsets...)
	after, _ := until(t, r, `,"ts_usec"`)
	given := map[int]int{}
	for _, n := range numbersOf(append(before, after...)[1:]) { // without a's
		given[n]++
	}
	for n := range 4000 {
		require.Positive(t, given[n], "row %d", n)
	}
	assert.Less(t, len(after), 2500, "the first chunk is not read again")
	assert.Equal(t, "t 3999 last", marked(&after[len(after)-1]))
}

func TestTablesAreReadByTheirSizeAndGoneOnWithAsTheyWere(t *testing.T) {
	s := testserver.Postgres(t)
	src := chunked(t, s)
	s.Exec(t, src.Database, "CREATE TABLE big (n INT PRIMARY KEY, pad TEXT DEFAULT repeat('x', 500))", "INSERT INTO big SELECT generate_series(0, 5999)",
		"CREATE TABLE zero (n INT PRIMARY KEY)", "INSERT INTO zero VALUES (1)", "ANALYZE")
	tables := func(records []tailrace.Record) (out []string) {
		for i := range records {
			out = append(out, strings.TrimPrefix(records[i].Topic, "srv.public."))
		}
		return slices.Compact(out)
	}
	everything := []string{"big", "t", "a", "zero"}
	src.BatchRows, src.SnapshotOrder = 100, postgres.OrderDescending
	r := open(t, src)
	before, offsets := until(t, r, `"snapshot_table":"public.t","snapshot_page":256`)
	require.NoError(t, r.Close())
	assert.Equal(t, everything[:2], tables(before))
	// By its new size another table would come first now.
	s.Exec(t, src.Database, "INSERT INTO a SELECT i FROM generate_series(1000, 60999) i", "ANALYZE a")
	for _, order := range []postgres.SnapshotOrder{postgres.OrderDescending, postgres.OrderAscending, ""} {
		src.SnapshotOrder = order
		r = open(t, src, offsets...)
		after, _ := until(t, r, `,"ts_usec"`)
		require.NoError(t, r.Close())
		assert.Equal(t, "t", tables(after)[0], "%q", order)
		assert.ElementsMatch(t, everything[1:], tables(after), "%q", order)
	}
	src.SnapshotOrder = "size"
	_, err := src.Open(soon(t), nil)
	assert.ErrorContains(t, err, `SnapshotOrder is "size": it must be one of ascending, descending`)
}

func TestARowThatMovedToAChunkThatWasGivenIsReadAsAWhole(t *testing.T) {
	s := testserver.Postgres(t)
	src := chunked(t, s)
	src.BatchRows, src.NoTombstones = 100, true
	r := open(t, src)
	_, offsets := until(t, r, `"snapshot_page":256`)
	require.NoError(t, r.Close())
	db := s.DB(t, src.Database)
	require.EventuallyWithT(t, func(c *assert.CollectT) { // what a view may still see is not vacuumed
		var views int
		assert.NoError(c, db.QueryRow("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND (backend_xmin IS NOT NULL OR state <> 'idle')").Scan(&views))
		assert.Zero(c, views)
	}, time.Minute, 20*time.Millisecond)
	s.Exec(t, src.Database, "DELETE FROM t WHERE n < 500", "VACUUM t", "UPDATE t SET pad = repeat('y', 1000) WHERE n = 3000")
	var page int
	require.NoError(t, db.QueryRow("SELECT split_part(trim('(' FROM ctid::text), ',', 1)::int FROM t WHERE n = 3000").Scan(&page))
	require.Less(t, page, 256, "the row has moved")

	r = open(t, src, offsets...)
	records, _ := until(t, r, `,"ts_usec"`)
	counts := map[tailrace.Op]int{}
	var row tailrace.Struct
	for i := range records {
		c, _ := tailrace.AsChange(&records[i])
		counts[c.Op()]++
		if c.Row().Get("n").Int() == 3000 {
			row = c.Row()
		}
	}
	require.Equal(t, 1, len(slicesOf(counts)), "nothing but rows: %v", counts)
	assert.Equal(t, strings.Repeat("b", 10000), row.Get("big").Text(), "also what the log does not have")
	assert.Equal(t, strings.Repeat("y", 1000), row.Get("pad").Text())
	log, _ := read(t, r, 501)
	c, _ := tailrace.AsChange(&log[500])
	assert.Equal(t, tailrace.OpUpdate, c.Op())
	assert.True(t, c.Row().Get("big").IsUnchanged(), "the log has the rest")
}

func slicesOf(m map[tailrace.Op]int) (out []tailrace.Op) {
	for op := range maps.Keys(m) {
		out = append(out, op)
	}
	return out
}

func TestATableThatWasWrittenAnewIsBegunAgain(t *testing.T) {
	s := testserver.Postgres(t)
	src := chunked(t, s)
	src.BatchRows = 100
	r := open(t, src)
	_, offsets := until(t, r, `"snapshot_page":256`)
	require.NoError(t, r.Close())
	s.Exec(t, src.Database, "DELETE FROM t WHERE n < 3000", "VACUUM FULL t") // the rest lies in the first chunk now
	r = open(t, src, offsets...)
	records, _ := until(t, r, `,"ts_usec"`)
	assert.Equal(t, span(3000, 4000), numbersOf(records))
}

func TestATableThatIsWrittenAnewBeforeItIsReadIsNotTakenForEmpty(t *testing.T) {
	s := testserver.Postgres(t)
	src := chunked(t, s)
	r := open(t, src)
	b, err := r.Read(soon(t))
	require.NoError(t, err)
	s.Exec(t, src.Database, "ALTER TABLE t ALTER n TYPE BIGINT")
	_, err = r.Read(soon(t))
	for err == nil {
		_, err = r.Read(soon(t))
	}
	require.ErrorContains(t, err, "read the rows of public.t: the table was written anew after the view of it was taken")
	require.NoError(t, r.Close())
	records, _ := until(t, open(t, src, b.Offsets...), `,"ts_usec"`)
	assert.Equal(t, append([]int{1}, span(0, 4000)...), numbersOf(records))
}

func TestUnloggedTablesAreReadAndNotPublished(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE UNLOGGED TABLE u (n INT)", "INSERT INTO u VALUES (1)", "CREATE TABLE v (n INT)", "INSERT INTO v VALUES (2)")
	src := over(s, database)
	src.Autocreate = postgres.PublicationFiltered
	r := open(t, src)
	rows, _ := readNumbers(t, r, 2)
	assert.Equal(t, []int{1, 2}, rows)
	s.Exec(t, database, "INSERT INTO u VALUES (3)", "INSERT INTO v VALUES (4)")
	rows, _ = readNumbers(t, r, 1)
	assert.Equal(t, []int{4}, rows)
}
