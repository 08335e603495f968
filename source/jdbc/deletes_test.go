package jdbc_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/jdbc/sqlite"
)

// watched is a table whose deletes are found at each round.
func watched(t *testing.T) (*database, jdbc.Source) {
	db := newDatabase(t, "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, note TEXT)", "INSERT INTO orders (note) VALUES ('a'), ('b'), ('c')")
	s := db.source(jdbc.Incrementing)
	s.DeletesDir, s.DeletesInterval = t.TempDir(), time.Nanosecond
	return db, s
}

// lines are the keys of what was read, with a minus where there is no value.
func (r *reading) lines() string {
	var out []string
	for i := range r.records {
		key := tailrace.Display(tailrace.Int64Schema, r.records[i].KeyStruct().Get("id"))
		if r.records[i].Value.IsNull() {
			key = "-" + key
		}
		out = append(out, key)
	}
	return strings.Join(out, " ")
}

func TestRowsThatAreGoneBecomeRecordsWithoutAValue(t *testing.T) {
	db, s := watched(t)
	r := open(t, s).until(3)
	db.exec("DELETE FROM orders WHERE id IN (1, 3)")
	db.exec("INSERT INTO orders (note) VALUES ('d')")
	r.until(6)
	assert.Equal(t, "1 2 3 -1 -3 4", r.lines())
	assert.Nil(t, r.records[3].ValueSchema)
	assert.Zero(t, r.rest(), "each is told once")
}

func TestDeletesWhileNothingRunsAreFoundToo(t *testing.T) {
	db, s := watched(t)
	r := open(t, s).until(3)
	read := r.offsets
	require.NoError(t, r.Commit(t.Context(), read))
	require.NoError(t, r.Close())
	db.exec("DELETE FROM orders WHERE id = 2")

	for range 2 { // the first reader ends before what it gave is committed
		r = open(t, s, read...).until(1)
		assert.Equal(t, "-2", r.lines())
		require.NoError(t, r.Close())
	}
	r = open(t, s, tailrace.MergeOffsets(read, r.offsets)...).until(1)
	require.NoError(t, r.Commit(t.Context(), r.offsets))
	db.exec("DELETE FROM orders WHERE id = 1")
	r.until(2)
	assert.Equal(t, "-2 -1", r.lines())
	require.NoError(t, r.Commit(t.Context(), r.offsets))
	require.NoError(t, r.Close())
	assert.Zero(t, open(t, s, tailrace.MergeOffsets(read, r.offsets)...).rest())
}

func TestARowIsKnownBeforeItIsGiven(t *testing.T) {
	db, s := watched(t)
	r := open(t, s).until(3)
	text, err := os.ReadFile(filepath.Join(s.DeletesDir, "orders.keys"))
	require.NoError(t, err)
	assert.Equal(t, "[\"orders\",\"id\"]\n{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n", string(text))
	require.NoError(t, r.Close())

	// A crash in the middle of a line.
	require.NoError(t, os.WriteFile(filepath.Join(s.DeletesDir, "orders.keys"), text[:len(text)-4], 0o600))
	db.exec("DELETE FROM orders WHERE id = 2")
	r = open(t, s, r.offsets...).until(1)
	assert.Equal(t, "-2", r.lines())
}

func TestAKeyThatIsTooGreatForItsColumnsTypeIsFoundToo(t *testing.T) {
	db, s := watched(t)
	r := open(t, s).until(3)
	require.NoError(t, r.Close())
	db.exec("INSERT INTO orders VALUES (5000000000, 'far')")
	r = open(t, s, r.offsets...).until(1)
	require.NoError(t, r.Close())
	db.exec("DELETE FROM orders WHERE id IN (1, 5000000000)")
	r = open(t, s, r.offsets...).until(2)
	assert.Equal(t, "-1 -5000000000", r.lines())
}

func TestInAnEnvelopeRowsAreChanges(t *testing.T) {
	db, s := watched(t)
	s.Envelope, s.TopicPrefix = true, "shop."
	r := open(t, s).until(3)
	c, ok := tailrace.AsChange(&r.records[0])
	require.True(t, ok)
	assert.Equal(t, tailrace.OpCreate, c.Op())
	assert.Equal(t, "a", c.After().Get("note").Text())
	assert.True(t, c.Before().IsZero())
	assert.Equal(t, "orders", c.Source().Table())
	assert.Equal(t, "shop.orders.Envelope", r.records[0].ValueSchema.Name())
	assert.Equal(t, "shop.orders.Key", r.records[0].KeySchema.Name())

	db.exec("DELETE FROM orders WHERE id = 1")
	r.until(5)
	c, ok = tailrace.AsChange(&r.records[3])
	require.True(t, ok)
	assert.Equal(t, tailrace.OpDelete, c.Op())
	assert.EqualValues(t, 1, c.Key().Get("id").Int())
	assert.True(t, r.records[4].Value.IsNull(), "a tombstone follows")

	s.DeletesDir, s.Mode = "", jdbc.Bulk
	s.IncrementingColumn = ""
	r = open(t, s).until(2)
	c, _ = tailrace.AsChange(&r.records[0])
	assert.Equal(t, tailrace.OpRead, c.Op())
	assert.True(t, r.records[0].Key.IsNull(), "keys are another choice")
}

func TestWhatKeepsDeletesFromBeingFoundIsSaid(t *testing.T) {
	db, s := watched(t)
	require.NoError(t, os.WriteFile(filepath.Join(s.DeletesDir, "orders.keys"), []byte("[\"orders\",\"number\"]\n"), 0o600))
	_, err := s.Open(t.Context(), nil)
	assert.ErrorContains(t, err, `is of "[\"orders\",\"number\"]" and not of ["orders","id"]: remove it`)
	s.DeletesDir = filepath.Join(s.DeletesDir, "none")
	_, err = s.Open(t.Context(), nil)
	assert.ErrorContains(t, err, "the keys of table orders: ")
	assert.ErrorContains(t, err, "no such file or directory")

	s.DeletesDir = t.TempDir()
	db.exec("CREATE TABLE keyless (id INTEGER NOT NULL)")
	s.Tables = []string{"keyless"}
	_, err = s.Open(t.Context(), nil)
	assert.ErrorContains(t, err, "table keyless: it has no primary key, by which alone deletes can be found")
	s.Tables, s.Query = nil, "SELECT 1 AS id"
	_, err = s.Open(t.Context(), nil)
	assert.ErrorContains(t, err, "goes by the keys of tables, which a Query (query) has not")
}

// Whatever a file of keys holds, it is refused, or the source gives deletes of
// what can be a key.
func FuzzKeys(f *testing.F) {
	f.Add([]byte("[\"orders\",\"id\"]\n{\"id\":1}\n{\"id\":2}\n"))
	f.Add([]byte("[\"orders\",\"id\"]\n{\"id\":1}\nnull\n{\"id\":"))
	f.Add([]byte("[\"orders\",\"id\"]"))
	f.Add([]byte(""))
	path := filepath.Join(f.TempDir(), "shop.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		f.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL)"); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := jdbc.Source{URL: "jdbc:sqlite:" + path, Dialect: sqlite.Dialect{}, Mode: jdbc.Incrementing, DeletesDir: t.TempDir(), PollInterval: time.Millisecond}
		require.NoError(t, os.WriteFile(filepath.Join(s.DeletesDir, "orders.keys"), text, 0o600))
		r, err := s.Open(t.Context(), nil)
		if err != nil {
			return
		}
		defer r.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		b, err := r.Read(ctx)
		for i := range b.Records {
			require.True(t, b.Records[i].Value.IsNull())
			key := b.Records[i].KeyStruct()
			field, _ := key.Schema.Field("id")
			require.Equal(t, field.Schema.Type(), key.Get("id").Type())
		}
		if err == nil {
			require.NoError(t, r.Commit(t.Context(), b.Offsets))
		}
	})
}
