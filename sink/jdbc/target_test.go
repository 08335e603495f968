package jdbc_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/sink/jdbc/mysql"
	"github.com/tailrace-io/tailrace/sink/jdbc/postgres"
	"github.com/tailrace-io/tailrace/sink/jdbc/sqlite"
)

// target is a database of a test.
type target struct {
	testing.TB
	name    string
	dialect jdbc.Dialect
	url     string
	db      *sql.DB
}

func newTarget(t testing.TB, name string) *target {
	switch name {
	case "sqlite":
		url := "jdbc:sqlite:" + filepath.Join(t.TempDir(), "target.db")
		db, err := sqlite.Dialect{}.Open(url+"?_pragma=synchronous(0)&_pragma=journal_mode(WAL)", "", "")
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		return &target{t, name, sqlite.Dialect{}, url, db}
	case "postgres":
		s := testserver.Postgres(t)
		d := s.Database(t)
		return &target{t, name, postgres.Dialect{}, s.URL(d), s.DB(t, d)}
	case "mariadb":
		s := testserver.MariaDB(t)
		d := s.Database(t)
		return &target{t, name, mysql.Dialect{MariaDB: true}, s.DSN(d), s.DB(t, d)}
	}
	s := testserver.MySQL(t)
	d := s.Database(t)
	return &target{t, name, mysql.Dialect{}, s.DSN(d), s.DB(t, d)}
}

// with adds a parameter to the URL of a sink.
func (d *target) with(s jdbc.Sink, parameter string) jdbc.Sink {
	mark := "?"
	if strings.Contains(s.URL, "?") {
		mark = "&"
	}
	s.URL += mark + parameter
	return s
}

// eachTarget runs a test on each kind of database.
func eachTarget(t *testing.T, test func(t *testing.T, d *target)) {
	for _, name := range []string{"sqlite", "postgres", "mysql", "mariadb"} {
		t.Run(name, func(t *testing.T) { test(t, newTarget(t, name)) })
	}
}

func (d *target) exec(text string, args ...any) {
	d.Helper()
	_, err := d.db.Exec(text, args...)
	require.NoError(d, err, text)
}

// rows gives what a query answers, a text a row.
func (d *target) rows(query string) []string {
	d.Helper()
	rows, err := d.db.Query(query)
	require.NoError(d, err, query)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(d, err)
	out := []string{}
	for rows.Next() {
		values, refs := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			refs[i] = &values[i]
		}
		require.NoError(d, rows.Scan(refs...))
		texts := make([]string, len(columns))
		for i, v := range values {
			switch v := v.(type) {
			case []byte:
				texts[i] = string(v)
			case time.Time:
				texts[i] = v.UTC().Format("2006-01-02 15:04:05.999999")
			default:
				texts[i] = fmt.Sprint(v)
			}
		}
		out = append(out, strings.Join(texts, " "))
	}
	require.NoError(d, rows.Err())
	return out
}

// sink upserts by the record's key into tables that it makes.
func (d *target) sink() jdbc.Sink {
	return jdbc.Sink{
		URL: d.url, Dialect: d.dialect, InsertMode: jdbc.InsertUpsert, PKMode: jdbc.KeyRecordKey,
		AutoCreate: true, AutoEvolve: true, Deletes: true, Truncates: true,
	}
}

func open(t testing.TB, s jdbc.Sink) sink.Writer {
	t.Helper()
	w, err := s.Open(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	return w
}

func write(t testing.TB, w sink.Writer, records ...tailrace.Record) {
	t.Helper()
	require.NoError(t, w.Write(t.Context(), records))
}
