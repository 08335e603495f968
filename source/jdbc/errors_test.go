package jdbc_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/jdbc/sqlite"
)

func retryable(err error) bool {
	var r interface{ Retryable() bool }
	return errors.As(err, &r) && r.Retryable()
}

func TestOpenSaysWhatIsWrongWithTheConfiguration(t *testing.T) {
	_, err := jdbc.Source{
		Mode: "incremental", Delay: -1, PollInterval: -1, BatchRows: -1, Numeric: "fit", StartNow: true, StartAt: time.Unix(1, 0),
		Tables: []string{"a"}, ExcludeTables: []string{"b"}, Include: []string{"("}, Exclude: []string{"["},
	}.Open(t.Context(), nil)
	for _, part := range []string{"Dialect", "URL (connection.url)", `"incremental"`, "Delay (timestamp.delay.interval.ms)", "PollInterval (poll.interval.ms)",
		"BatchRows (batch.max.rows)", `"fit"`, "StartAt and StartNow", "table.whitelist", "Include (table.include.list)", "Exclude (table.exclude.list)"} {
		assert.ErrorContains(t, err, part)
	}
	assert.False(t, retryable(err))

	_, err = jdbc.Source{URL: "jdbc:sqlite:x.db", Dialect: sqlite.Dialect{}}.Open(t.Context(), nil)
	assert.ErrorContains(t, err, "Mode (mode) is not set")
	_, err = jdbc.Source{URL: "jdbc:sqlite:x.db", Dialect: sqlite.Dialect{}, Mode: jdbc.Timestamp}.Open(t.Context(), nil)
	assert.ErrorContains(t, err, "TimestampColumns (timestamp.column.name) is empty")
}

func TestOpenSaysWhatIsWrongWithTheDatabase(t *testing.T) {
	db := newDatabase(t, `CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER, at TIMESTAMP, name TEXT, data BLOB, flag BOOLEAN NOT NULL)`,
		`CREATE TABLE bare (id INTEGER PRIMARY KEY, at TIMESTAMP NOT NULL)`, `CREATE TABLE keyed (id INTEGER PRIMARY KEY, at TEXT) WITHOUT ROWID`,
		`CREATE TABLE stray (id INTEGER PRIMARY KEY, at TIMESTAMP NOT NULL)`)
	db.exec("INSERT INTO stray (at) VALUES ('2024-01-01 00:00:00 +0000 UTC')")
	for _, c := range []struct {
		what string
		mode jdbc.Mode
		set  func(*jdbc.Source)
		want []string
	}{
		{"no file", jdbc.Bulk, func(s *jdbc.Source) { s.URL = "jdbc:sqlite:/nowhere/shop.db" }, []string{"connect to jdbc:sqlite:/nowhere/shop.db", "unable to open database file"}},
		{"no SQLite", jdbc.Bulk, func(s *jdbc.Source) { s.URL = "jdbc:mysql://root:secret@host/shop" }, []string{"not one of SQLite"}},
		{"a user", jdbc.Bulk, func(s *jdbc.Source) { s.User = "root" }, []string{"connection.user"}},
		{"no such table", jdbc.Bulk, func(s *jdbc.Source) { s.Tables = []string{"T"} }, []string{"no table T", "table.whitelist", "there are bare, keyed, stray, t"}},
		{"no table left", jdbc.Bulk, func(s *jdbc.Source) { s.Include = []string{"x"} }, []string{"no table is left"}},
		{"no tables of the type", jdbc.Bulk, func(s *jdbc.Source) { s.TableTypes = []string{"VIEW"} }, []string{"no tables of the types VIEW"}},
		{"no incrementing column", jdbc.Incrementing, func(s *jdbc.Source) { s.IncrementingColumn = "no" }, []string{"table t", "column no does not exist", "id, n, at", "incrementing.column.name"}},
		{"no auto-increment", jdbc.Incrementing, func(s *jdbc.Source) { s.Tables, s.IncrementingColumn = []string{"bare"}, "" }, []string{"table bare", "no auto-increment column", "incrementing.column.name"}},
		{"an incrementing column that may be NULL", jdbc.Incrementing, func(s *jdbc.Source) { s.IncrementingColumn = "n" }, []string{"table t", "column n may be NULL", "AllowNull (validate.non.null=false)"}},
		{"an incrementing column of text", jdbc.Incrementing, func(s *jdbc.Source) { s.IncrementingColumn = "name" }, []string{"column name is TEXT, which is no whole number"}},
		{"no timestamp column", jdbc.Timestamp, func(s *jdbc.Source) { s.TimestampColumns = []string{"no"} }, []string{"table t", "column no does not exist", "timestamp.column.name"}},
		{"a timestamp column that may be NULL", jdbc.Timestamp, nil, []string{"table t", "column at may be NULL", "AllowNull (validate.non.null=false)"}},
		{"a timestamp column that is none", jdbc.Timestamp, func(s *jdbc.Source) { s.TimestampColumns = []string{"flag"} }, []string{"column flag is BOOLEAN, which is no timestamp"}},
		{"a timestamp in no form", jdbc.Timestamp, func(s *jdbc.Source) { s.Tables = []string{"stray"} }, []string{"table stray", "at must be text such as 2006-01-02 15:04:05.000"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := db.source(c.mode)
			s.Tables = []string{"t"}
			if c.what == "no table left" || c.what == "no tables of the type" {
				s.Tables = nil
			}
			if c.set != nil {
				c.set(&s)
			}
			_, err := s.Open(t.Context(), nil)
			require.Error(t, err)
			for _, part := range c.want {
				assert.ErrorContains(t, err, part)
			}
			assert.NotContains(t, err.Error(), "secret")
			assert.False(t, retryable(err))
		})
	}
	s := db.source(jdbc.Incrementing)
	s.Tables = []string{"bare", "keyed", "t"}
	open(t, s) // SQLite lets no NULL into an INTEGER PRIMARY KEY
	s = db.source(jdbc.Timestamp)
	s.Tables, s.AllowNull = []string{"t"}, true
	open(t, s)
}

func TestAStoredOffsetThatCannotBeReadIsAnError(t *testing.T) {
	db := newDatabase(t, changes)
	for _, o := range []tailrace.Offset{
		{Partition: `{"protocol":"2","table":"changes"}`, Position: `{}`},
		{Partition: `{"protocol":"1"}`, Position: `{}`},
		{Partition: `{"protocol":"1","table":"changes"}`, Position: `{"incrementing":"7"}`},
		{Partition: `{"protocol":"1","table":"changes"}`, Position: `{"incrementing":7}{}`},
		{Partition: `{"protocol":"1","table":"changes"}`, Position: `{"timestamp_nanos":7}`},
		{Partition: `{"protocol":"1","table":"changes"}`, Position: `{"timestamp":7,"timestamp_nanos":1000000000}`},
	} {
		_, err := db.source(jdbc.Incrementing).Open(t.Context(), []tailrace.Offset{o})
		require.Error(t, err)
		assert.ErrorContains(t, err, o.Partition)
		assert.False(t, retryable(err))
	}
}

func TestANullInTheIncrementingColumnStopsModeTimestampIncrementing(t *testing.T) {
	db := newDatabase(t, "CREATE TABLE changes (id INTEGER, at TIMESTAMP)")
	db.exec("INSERT INTO changes VALUES (1, 1001), (NULL, 1003), (7, NULL)")
	s := db.source(jdbc.TimestampIncrementing)
	s.AllowNull = true
	r := open(t, s).until(1)
	_, err := r.Read(t.Context())
	require.ErrorContains(t, err, "table changes: the incrementing column id is NULL in a row")
	_, again := r.Read(t.Context())
	assert.Equal(t, err, again)
	assert.False(t, retryable(err))
}

func TestATableOrAColumnThatGoesWhileItIsReadIsAnErrorThatNamesIt(t *testing.T) {
	for what, c := range map[string]struct{ ddl, want string }{
		"table":  {"DROP TABLE changes", "table changes: it is not there any more"},
		"column": {"ALTER TABLE changes RENAME COLUMN id TO number", "the incrementing column id does not exist: the table has number"},
	} {
		t.Run(what, func(t *testing.T) {
			db := newDatabase(t, changes)
			db.exec("INSERT INTO changes (name, at) VALUES ('a', 1)")
			s := db.source(jdbc.Incrementing)
			s.Tables = []string{"changes"}
			r := open(t, s).until(1)
			db.exec(c.ddl)
			_, err := r.Read(t.Context())
			require.ErrorContains(t, err, c.want)
			assert.False(t, retryable(err))
		})
	}
}

func TestALockedDatabaseIsAnErrorThatIsWorthAnotherTry(t *testing.T) {
	db := newDatabase(t, changes)
	db.exec("PRAGMA journal_mode=DELETE")
	s := db.source(jdbc.Bulk)
	s.URL += "?busy_timeout=1"
	r := open(t, s)
	conn, err := db.db.Conn(t.Context())
	require.NoError(t, err)
	_, err = conn.ExecContext(t.Context(), "BEGIN EXCLUSIVE")
	require.NoError(t, err)
	_, err = r.Read(t.Context())
	require.ErrorContains(t, err, "locked")
	assert.ErrorContains(t, err, "table changes")
	assert.True(t, retryable(err))
	_, err = conn.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	open(t, s)
}

func TestTheSourceWritesNothing(t *testing.T) {
	dsn, err := sqlite.Dialect{}.Open("jdbc:sqlite:"+newDatabase(t, changes).path, "", "")
	require.NoError(t, err)
	defer dsn.Close()
	_, err = dsn.Exec("INSERT INTO changes (name, at) VALUES ('x', 1)")
	assert.ErrorContains(t, err, "readonly")
}

func TestRoundsArePollIntervalApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := sql.Open("sqlite", ":memory:")
		require.NoError(t, err)
		db.SetMaxOpenConns(1)
		_, err = db.Exec("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t DEFAULT VALUES")
		require.NoError(t, err)
		r, err := jdbc.Source{DB: db, Dialect: sqlite.Dialect{}, Mode: jdbc.Bulk}.Open(t.Context(), nil)
		require.NoError(t, err)
		began := time.Now()
		for n := range 3 {
			_, err := r.Read(t.Context())
			require.NoError(t, err)
			assert.Equal(t, time.Duration(n)*5*time.Second, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = r.Read(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 11*time.Second, time.Since(began))
		require.NoError(t, r.Close())
		require.NoError(t, db.Close())
	})
}
