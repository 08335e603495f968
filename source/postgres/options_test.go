package postgres_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/postgres"
	"github.com/tailrace-io/tailrace/source/signal"
)

func TestInitialStatementsAreRunOnEachConnectionButThatOfTheLog(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)", "CREATE TABLE connections (application TEXT)", "INSERT INTO t VALUES (1)")
	src := over(s, database)
	src.Tables = postgres.Include("public.t")
	src.InitialStatements = []string{"SET application_name = 'mine'", "INSERT INTO connections VALUES (current_setting('application_name'))"}
	r := open(t, src)
	readNumbers(t, r, 1)
	require.NoError(t, r.Close())
	var n int
	require.NoError(t, s.DB(t, database).QueryRow("SELECT count(*) FROM connections WHERE application = 'mine'").Scan(&n))
	assert.Equal(t, 2, n, "on that which asks, and on the snapshot's")

	src.InitialStatements = []string{"SELECT 1", "SELECT nothing"}
	_, err := src.Open(soon(t), nil)
	assert.ErrorContains(t, err, "run InitialStatements[1]")
}

func TestTheSourceBlockHasTheXminOfTheSlot(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)")
	src := over(s, database)
	begin := tip(t, src)
	src.XminInterval = time.Nanosecond
	r := open(t, src, begin...)
	s.Exec(t, database, "INSERT INTO t VALUES (1)")
	records, _ := read(t, r, 1)
	c, _ := tailrace.AsChange(&records[0])
	xmin := c.Source().Get("xmin")
	assert.Positive(t, xmin.Int())
	assert.LessOrEqual(t, xmin.Int(), c.Source().Get("txId").Int())
}

func TestASlotThatIsHeldStaysWhereItIs(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)")
	src := over(s, database)
	begin := tip(t, src)
	confirmed := func() (lsn string) {
		require.NoError(t, s.DB(t, database).QueryRow("SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE slot_name = $1", src.Slot).Scan(&lsn))
		return lsn
	}
	for _, hold := range []bool{true, false} {
		was := confirmed()
		src.HoldSlot = hold
		r := open(t, src, begin...)
		s.Exec(t, database, "INSERT INTO t SELECT coalesce(max(n), 0) + 1 FROM t")
		for {
			b, err := r.Read(soon(t))
			require.NoError(t, err)
			require.NoError(t, r.Commit(soon(t), b.Offsets))
			if len(b.Records) > 0 {
				break
			}
		}
		require.NoError(t, r.Close()) // which tells the server what was confirmed
		if hold {
			assert.Equal(t, was, confirmed())
		} else {
			assert.EventuallyWithT(t, func(c *assert.CollectT) { assert.NotEqual(c, was, confirmed()) }, 30*time.Second, 20*time.Millisecond)
		}
	}
}

func TestTheServerIsToldAsOftenAsAsked(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	src := over(s, database)
	src.Snapshot, src.StatusInterval = postgres.SnapshotNoData, 20*time.Millisecond
	open(t, src)
	told := map[string]bool{}
	require.EventuallyWithT(t, func(c *assert.CollectT) { // by default it would be six times in this minute
		var at string
		err := s.DB(t, database).QueryRow("SELECT coalesce(max(r.reply_time)::text, '') FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid WHERE s.slot_name = $1", src.Slot).Scan(&at)
		assert.NoError(c, err)
		told[at] = true
		assert.Greater(c, len(told), 12)
	}, time.Minute, 20*time.Millisecond)
}

func TestMoreTablesThanAreAllowedAreSaid(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE a (n INT PRIMARY KEY)", "CREATE TABLE b (n INT PRIMARY KEY)")
	src := over(s, database)
	src.MaxTables = 1
	_, err := src.Open(soon(t), nil)
	assert.ErrorContains(t, err, "2 tables are captured, and at most 1 may be")
	var said bytes.Buffer
	src.MaxTablesWarns, src.Log = true, slog.New(slog.NewTextHandler(&said, nil))
	open(t, src)
	assert.Contains(t, said.String(), "2 tables are captured")
	src.MaxTables, src.MaxTablesWarns = 2, false
	src.Slot += "_again"
	open(t, src)
}

func TestOperationsThatThePublicationDoesNotHaveAreSaid(t *testing.T) {
	s := testserver.Postgres(t)
	for _, test := range []struct {
		publish string
		skip    []tailrace.Op
		said    string
	}{
		{"insert, update, delete", nil, ""}, // truncates are left out anyway
		{"insert, truncate", nil, "SET (publish = 'insert, update, delete, truncate')"},
		{"insert", []tailrace.Op{tailrace.OpUpdate, tailrace.OpTruncate}, "SET (publish = 'insert, delete')"},
		{"insert, update, delete", []tailrace.Op{}, "SET (publish = 'insert, update, delete, truncate')"},
	} {
		database := s.Database(t)
		s.Exec(t, database, "CREATE PUBLICATION dbz_publication FOR ALL TABLES WITH (publish = '"+test.publish+"')")
		src := over(s, database)
		var said bytes.Buffer
		src.Skip, src.Log = test.skip, slog.New(slog.NewTextHandler(&said, nil))
		tip(t, src)
		assert.Equal(t, test.said != "", bytes.Contains(said.Bytes(), []byte("does not have all operations")), "%s: %s", test.publish, &said)
		assert.Contains(t, said.String(), test.said)
	}
}

func TestDelaysEndWithTheContext(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
	src := over(s, database)
	src.SnapshotDelay = time.Hour
	short, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	_, err := src.Open(short, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	src.SnapshotDelay, src.StreamingDelay = time.Millisecond, time.Hour
	r := open(t, src)
	readNumbers(t, r, 1)
	short, cancel = context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	for err = nil; err == nil; {
		_, err = r.Read(short)
	}
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestLabelsThatAnEnumIsGivenWhileTheLogIsReadAreInItsSchema(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TYPE mood AS ENUM ('sad', 'ok')", "CREATE TABLE t (n INT PRIMARY KEY, e mood, a mood[])")
	src := over(s, database)
	r := open(t, src, tip(t, src)...)
	allowed := func(records []tailrace.Record) []string {
		c, ok := tailrace.AsChange(&records[len(records)-1])
		require.True(t, ok)
		fields := c.After().Schema.Fields()
		of, _ := fields[1].Schema.Parameter("allowed")
		ofElements, _ := fields[2].Schema.Elem().Parameter("allowed")
		return []string{of, ofElements}
	}
	for _, step := range []struct {
		statements []string
		records    int
		want       string
	}{
		{[]string{"INSERT INTO t VALUES (1, 'sad', '{ok}')"}, 1, "sad,ok"},
		{[]string{"ALTER TYPE mood ADD VALUE 'glad' BEFORE 'ok'", "INSERT INTO t VALUES (2, 'ok', '{glad}')"}, 1, "sad,glad,ok"},
		{[]string{"ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "INSERT INTO t VALUES (3, 'ok', NULL)"}, 1, "sad,glad,ok"}, // it was not needed yet
		{[]string{"INSERT INTO t VALUES (4, 'blue', NULL)"}, 1, "blue,glad,ok"},
		// The label goes again before the log is read: nobody knows it any more.
		{[]string{"ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", "INSERT INTO t VALUES (5, 'fine', NULL)", "ALTER TYPE mood RENAME VALUE 'fine' TO 'good'",
			"INSERT INTO t VALUES (6, 'good', NULL)"}, 2, "blue,glad,good"},
	} {
		s.Exec(t, database, step.statements...)
		records, _ := read(t, r, step.records)
		assert.Equal(t, []string{step.want, step.want}, allowed(records), "%s", step.statements)
	}
}

func TestTopicsThatCannotBeNamedAreAnErrorOfTheConfiguration(t *testing.T) {
	src := postgres.Source{User: "u", Database: "d", TopicPrefix: "srv"}
	for _, test := range []struct {
		naming postgres.TopicNaming
		want   string
	}{
		{postgres.TopicNaming{Regex: "a"}, "Regex and Replacement are of use together alone"},
		{postgres.TopicNaming{Regex: "(", Replacement: "b"}, "TopicNaming: Regex:"},
		{postgres.TopicNaming{Regex: "a", Replacement: "$1"}, "refers to the group 1"},
		{postgres.TopicNaming{Regex: "a", Replacement: "b", KeyRegex: "c"}, "KeyRegex and KeyReplacement"},
	} {
		src.TopicNaming = &test.naming
		_, err := src.Open(soon(t), nil)
		assert.ErrorContains(t, err, test.want)
	}
}

// The server's timeouts are for people; they end nothing that waits for a slow
// sink, or for something to happen.
func TestTheTimeoutsOfTheServerEndNothing(t *testing.T) {
	s := testserver.Postgres18(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY, pad TEXT DEFAULT repeat('x', 1000))", "INSERT INTO t SELECT generate_series(0, 9999)", "CREATE TABLE other (n INT)")
	for _, name := range []string{"statement_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout", "transaction_timeout"} {
		s.Exec(t, "postgres", "ALTER DATABASE "+database+" SET "+name+" = '3s'")
	}
	src := over(s, database)
	var told notes
	var q signal.Queue
	src.Tables, src.BatchRows, src.Signals, src.Notify = postgres.Include("public.t"), 100, []signal.Channel{&q}, told.add
	r := open(t, src)
	some, _ := readUntil(t, r, func(records []tailrace.Record) bool { return len(records) > 0 })
	s.Exec(t, "postgres", "SELECT pg_sleep(4)")
	rows := len(some)
	for rows < 10_000 || !told.has("COMPLETED") {
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		rows += len(numbersOf(b.Records))
	}
	told.list = nil // of the initial snapshot
	q.Snapshot(signal.Snapshot{Tables: []string{"public.t"}})
	records, _ := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	assert.Len(t, reads(records, "t"), 10_000)
}

func TestAHeartbeatRunsItsQueryWhoseChangesAreRead(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE beats (n SERIAL PRIMARY KEY)")
	src := over(s, database)
	begin := tip(t, src)
	src.Heartbeat, src.HeartbeatQuery = 20*time.Millisecond, "INSERT INTO beats DEFAULT VALUES"
	r := open(t, src, begin...)
	records, _ := readUntil(t, r, func(records []tailrace.Record) bool {
		topics := map[string]int{}
		for i := range records {
			topics[records[i].Topic]++
		}
		return topics["srv.public.beats"] >= 3 && topics["__debezium-heartbeat.srv"] >= 3
	})
	assert.Equal(t, span(1, 4), numbersOf(records)[:3])
	require.NoError(t, r.Close())

	src.HeartbeatQuery = "INSERT INTO nothing VALUES (1)"
	r = open(t, src, begin...)
	for {
		if _, err := r.Read(soon(t)); err != nil {
			assert.ErrorContains(t, err, "nothing")
			return
		}
	}
}

func TestChangesThatTheServerHasFromAnotherSayWhichOneOrAreLeftOut(t *testing.T) {
	s := testserver.Postgres18(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)")
	origin := "elsewhere_" + database
	s.Exec(t, database, "SELECT pg_replication_origin_create('"+origin+"')")
	t.Cleanup(func() { s.Exec(t, "postgres", "SELECT pg_replication_origin_drop('"+origin+"')") })
	src := over(s, database)
	begin := tip(t, src)
	s.Exec(t, database, "INSERT INTO t VALUES (1)", "SELECT pg_replication_origin_session_setup('"+origin+"')", "BEGIN", "SELECT pg_replication_origin_xact_setup('0/2A', now())",
		"INSERT INTO t VALUES (2)", "COMMIT", "SELECT pg_replication_origin_session_reset()", "INSERT INTO t VALUES (3)")
	r := open(t, src, begin...)
	records, _ := read(t, r, 3)
	require.NoError(t, r.Close())
	var of []string
	for i := range records {
		c, _ := tailrace.AsChange(&records[i])
		of = append(of, c.Source().Get("origin").String()+" "+c.Source().Get("origin_lsn").String())
	}
	assert.Equal(t, []string{"null null", origin + " 42", "null null"}, of)
	src.Origin = postgres.OriginNone
	rows, _ := readNumbers(t, open(t, src, begin...), 2)
	assert.Equal(t, []int{1, 3}, rows)
}

func TestASnapshotAtEachStartIsFollowedByTheLogBehindIt(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
	src := over(s, database)
	src.Snapshot = postgres.SnapshotAlways
	r := open(t, src)
	s.Exec(t, database, "INSERT INTO t VALUES (2)")
	records, offsets := read(t, r, 2)
	assert.Equal(t, []string{"r null → {n: 1}", "c null → {n: 2}"}, briefs(records))
	require.NoError(t, r.Close())
	s.Exec(t, database, "INSERT INTO t VALUES (3)")
	r = open(t, src, offsets...)
	s.Exec(t, database, "INSERT INTO t VALUES (4)")
	records, _ = read(t, r, 4)
	assert.Equal(t, []string{"r null → {n: 1}", "r null → {n: 2}", "r null → {n: 3}", "c null → {n: 4}"}, briefs(records))
}

func TestARowOfManyMegabytesIsRead(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY, pad TEXT)", "INSERT INTO t SELECT 1, repeat('ab', 10000000)")
	src := over(s, database)
	r := open(t, src)
	s.Exec(t, database, "INSERT INTO t SELECT 2, repeat('cd', 12000000)", "INSERT INTO t VALUES (3, 'e')")
	records, _ := read(t, r, 3)
	var sizes []int
	for i := range records {
		c, _ := tailrace.AsChange(&records[i])
		sizes = append(sizes, len(c.After().Get("pad").Text()))
	}
	assert.Equal(t, []int{20_000_000, 24_000_000, 1}, sizes)
}
