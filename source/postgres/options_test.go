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
	assert.Positive(t, n)

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
