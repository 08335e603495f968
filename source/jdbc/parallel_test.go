package jdbc_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/sourcetest"
)

func TestTablesAreSpreadOverReaders(t *testing.T) {
	db := newDatabase(t)
	for n := range 12 {
		db.exec(fmt.Sprintf("CREATE TABLE t%d (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL)", n))
		db.exec(fmt.Sprintf("INSERT INTO t%d VALUES (1), (2), (3)", n))
	}
	s := db.source(jdbc.Incrementing)
	s.Readers, s.BatchRows, s.TablePoll = 4, 2, time.Millisecond
	r := open(t, s).until(36)
	last := map[string]int64{}
	for i := range r.records {
		rec := &r.records[i]
		id := rec.ValueStruct().Get("id").Int()
		require.Equal(t, last[rec.Topic]+1, id, "the rows of %s are in their order", rec.Topic)
		last[rec.Topic] = id
	}
	assert.Len(t, r.offsets, 12)

	db.exec("CREATE TABLE later (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL)")
	db.exec("INSERT INTO later VALUES (7)")
	r.until(37)
	assert.Equal(t, "later", r.records[36].Topic)
	assert.Zero(t, r.rest(), "one reader has it")
	require.NoError(t, r.Commit(t.Context(), r.offsets))
	require.NoError(t, r.Close())

	s.Readers = 3
	r = open(t, s, r.offsets...)
	db.exec("INSERT INTO t7 VALUES (4)")
	assert.Equal(t, []string{"4"}, r.until(1).values("id"))
}

func TestWhatOneReaderFailsOnEndsAll(t *testing.T) {
	db := newDatabase(t, "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL)", "CREATE TABLE b (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL)")
	s := db.source(jdbc.Incrementing)
	s.Readers, s.Tables = 2, []string{"a", "b"}
	r := open(t, s)
	db.exec("DROP TABLE b")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := r.Read(ctx)
	require.ErrorContains(t, err, "table b") // and how that shows depends on the moment
	_, again := r.Read(ctx)
	assert.Equal(t, err, again)
}

func TestSeveralReadersKeepThePromisesOfASource(t *testing.T) {
	sourcetest.Run(t, sourcetest.Harness{
		Fresh: func(t testing.TB) (source.Source, func(int)) {
			db := newDatabase(t, "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, n INTEGER NOT NULL)", "CREATE TABLE others (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL)")
			next := 0
			s := db.source(jdbc.Incrementing)
			s.Readers = 3
			return s, func(n int) {
				for range n {
					db.exec("INSERT INTO orders (n) VALUES (?)", next)
					next++
				}
			}
		},
		Number: func(r *tailrace.Record) (int, bool) { return int(r.ValueStruct().Get("n").Int()), true },
	})
}
