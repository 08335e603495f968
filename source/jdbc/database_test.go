package jdbc_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/jdbc/sqlite"
)

// database is an SQLite file of a test, and a connection that writes to it.
type database struct {
	testing.TB
	path string
	db   *sql.DB
}

func newDatabase(t testing.TB, ddl ...string) *database {
	d := &database{TB: t, path: filepath.Join(t.TempDir(), "shop.db")}
	db, err := sql.Open("sqlite", d.path+"?_busy_timeout=5000&_journal_mode=WAL&_synchronous=OFF")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	d.db = db
	for _, text := range ddl {
		d.exec(text)
	}
	return d
}

func (d *database) exec(text string, args ...any) {
	d.Helper()
	_, err := d.db.Exec(text, args...)
	require.NoError(d, err, text)
}

// source polls the database often, in the mode, by id and at.
func (d *database) source(mode jdbc.Mode) jdbc.Source {
	s := jdbc.Source{URL: "jdbc:sqlite:" + d.path, Dialect: sqlite.Dialect{}, Mode: mode, PollInterval: time.Millisecond}
	if mode == jdbc.Timestamp || mode == jdbc.TimestampIncrementing {
		s.TimestampColumns = []string{"at"}
	}
	if mode == jdbc.Incrementing || mode == jdbc.TimestampIncrementing {
		s.IncrementingColumn = "id"
	}
	return s
}

// reading is a reader, and what it gave so far.
type reading struct {
	testing.TB
	source.Reader
	records []tailrace.Record
	offsets []tailrace.Offset
}

func open(t testing.TB, s source.Source, from ...tailrace.Offset) *reading {
	t.Helper()
	r, err := s.Open(t.Context(), from)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return &reading{TB: t, Reader: r}
}

// until reads until n records have come in all, and no more.
func (r *reading) until(n int) *reading {
	r.Helper()
	for len(r.records) < n {
		r.next()
	}
	require.Len(r, r.records, n)
	return r
}

// next reads a batch.
func (r *reading) next() tailrace.Batch {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 20*time.Second)
	defer cancel()
	b, err := r.Read(ctx)
	require.NoError(r, err)
	r.records = append(r.records, b.Records...)
	r.offsets = tailrace.MergeOffsets(r.offsets, b.Offsets)
	return b
}

// rest reads for a moment and gives how many more records come.
func (r *reading) rest() int {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 100*time.Millisecond)
	defer cancel()
	n := 0
	for {
		b, err := r.Read(ctx)
		if err != nil {
			require.ErrorIs(r, err, context.DeadlineExceeded)
			return n
		}
		n += len(b.Records)
		r.records = append(r.records, b.Records...)
		r.offsets = tailrace.MergeOffsets(r.offsets, b.Offsets)
	}
}

// values are a field of all records so far, as a person reads them.
func (r *reading) values(field string) []string {
	var out []string
	for i := range r.records {
		s := r.records[i].ValueStruct()
		f, ok := s.Schema.Field(field)
		require.True(r, ok, field)
		out = append(out, tailrace.Display(f.Schema, s.Values[f.Index]))
	}
	return out
}
