package postgres_test

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/postgres"
	"github.com/tailrace-io/tailrace/source/signal"
)

func TestANumberThatADecimalCannotBeIsAnErrorOfItsRowAlone(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (id INT PRIMARY KEY, n NUMERIC(6,2) NOT NULL, o NUMERIC)", "INSERT INTO t VALUES (1, 1, 'NaN'), (2, 'NaN', 1), (3, 3, 1)")
	r := open(t, over(s, database))
	expect := func() {
		var ids []int64
		var bad []*source.RecordError
		for len(ids)+len(bad) < 3 {
			b, err := r.Read(soon(t))
			var one *source.RecordError
			if err != nil {
				require.ErrorAs(t, err, &one)
				bad = append(bad, one)
				continue
			}
			for i := range b.Records {
				ids = append(ids, b.Records[i].KeyStruct().Get("id").Int()%10)
			}
		}
		assert.Equal(t, []int64{1, 3}, ids)
		assert.Equal(t, "srv.public.t", bad[0].Record.Topic)
		assert.ErrorContains(t, bad[0], "column n: the value is NaN or infinite")
	}
	expect()
	s.Exec(t, database, "INSERT INTO t VALUES (11, 1, 'Infinity'), (12, 'NaN', 1), (13, 3, 1)")
	expect()
}

func TestASnapshotWhoseLastRowCannotBeReadEnds(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (id INT PRIMARY KEY, n NUMERIC(6,2) NOT NULL)", "INSERT INTO t VALUES (1, 'NaN')")
	src := over(s, database)
	src.Snapshot = postgres.SnapshotInitialOnly
	r := open(t, src)
	var one *source.RecordError
	_, err := r.Read(soon(t))
	require.ErrorAs(t, err, &one)
	b, err := r.Read(soon(t))
	require.NoError(t, err)
	assert.Empty(t, b.Records)
	assert.Len(t, b.Offsets, 1)
	_, err = r.Read(soon(t))
	assert.Equal(t, io.EOF, err)
}

func TestRowsOfATableThatInheritsComeUnderItsOwnNameAlone(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE a (id INT PRIMARY KEY, v INT, twice INT GENERATED ALWAYS AS (v * 2) STORED)", "CREATE TABLE b (x INT) INHERITS (a)",
		"INSERT INTO a VALUES (1, 1)", "INSERT INTO b (id, v, x) VALUES (2, 2, 2)")
	r := open(t, over(s, database))
	s.Exec(t, database, "INSERT INTO b (id, v, x) VALUES (3, 3, 3)")
	records, _ := read(t, r, 3)
	var got []string
	for i := range records {
		c, _ := tailrace.AsChange(&records[i])
		got = append(got, records[i].Topic+" "+c.After().String())
	}
	assert.Equal(t, []string{"srv.public.a {id: 1, v: 1}", "srv.public.b {id: 2, v: 2, x: 2}", "srv.public.b {id: 3, v: 3, x: 3}"}, got)
}

func TestChangesKeepTheirPlaceInATransactionThatIsResumed(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE a (id INT PRIMARY KEY)", "CREATE TABLE b (id INT PRIMARY KEY)")
	src := over(s, database)
	src.TransactionMetadata, src.BatchRows = true, 1
	from := tip(t, src)
	s.Exec(t, database, "BEGIN", "INSERT INTO a VALUES (1), (2)", "INSERT INTO b VALUES (1)", "UPDATE a SET id = 7 WHERE id = 1", "INSERT INTO b VALUES (2)", "COMMIT")
	told := func(records []tailrace.Record) (out []string) {
		for i := range records {
			r := &records[i]
			if c, ok := tailrace.AsChange(r); ok {
				block := r.ValueStruct().Get("transaction").Fields()
				out = append(out, string(c.Op())+" "+block[1].String()+" "+block[2].String())
			} else if !r.Value.IsNull() {
				v := r.ValueStruct()
				out = append(out, v.Get("status").Text()+" "+v.Get("event_count").String())
			}
		}
		return out
	}
	want := []string{"BEGIN null", "c 1 1", "c 2 2", "c 3 1", "d 4 3", "c 5 4", "c 6 2", "END 6"}
	for cut := 1; cut < len(want); cut++ {
		r := open(t, src, from...)
		var records []tailrace.Record
		offsets := from
		for len(told(records)) < cut {
			b, err := r.Read(soon(t))
			require.NoError(t, err)
			records = append(records, b.Records...)
			offsets = tailrace.MergeOffsets(offsets, b.Offsets)
		}
		require.NoError(t, r.Close())
		r = open(t, src, offsets...)
		for len(told(records)) < len(want) {
			b, err := r.Read(soon(t))
			require.NoError(t, err)
			records = append(records, b.Records...)
		}
		require.NoError(t, r.Close())
		assert.Equal(t, want, told(records), "resumed behind %d", cut)
	}
}

// untilBad reads until a row cannot be read, and gives the keys of those before
// it and the offsets to go on from.
func untilBad(t *testing.T, r source.Reader) (ids []int64, offsets []tailrace.Offset) {
	for {
		b, err := r.Read(soon(t))
		var one *source.RecordError
		if errors.As(err, &one) {
			return ids, offsets
		}
		require.NoError(t, err)
		for i := range b.Records {
			ids = append(ids, b.Records[i].KeyStruct().Get("id").Int())
		}
		offsets = tailrace.MergeOffsets(offsets, b.Offsets)
	}
}

func TestARowThatCannotBeReadComesAgainToAnotherReader(t *testing.T) {
	s := testserver.Postgres(t)
	const create, insert = "CREATE TABLE t (id INT PRIMARY KEY, n NUMERIC(6,2) NOT NULL)", "INSERT INTO t VALUES (1, 1), (2, 'NaN'), (3, 'NaN'), (4, 4)"
	again := func(t *testing.T, src postgres.Source, r source.Reader, first, second []int64) {
		ids, offsets := untilBad(t, r)
		assert.Equal(t, first, ids)
		require.NoError(t, r.Close())
		r = open(t, src, offsets...)
		ids, more := untilBad(t, r)
		assert.Equal(t, second, ids)
		offsets = tailrace.MergeOffsets(offsets, more)
		ids, more = untilBad(t, r) // who goes on meets the other one
		assert.Empty(t, ids)
		require.NoError(t, r.Close())
		r = open(t, src, tailrace.MergeOffsets(offsets, more)...)
		ids, _ = untilBad(t, r)
		assert.Equal(t, second, ids, "the errors were told, but nothing was stored since")
		untilBad(t, r)
		for len(ids) == 0 || ids[len(ids)-1] != 4 {
			b, err := r.Read(soon(t))
			require.NoError(t, err)
			for i := range b.Records {
				ids = append(ids, b.Records[i].KeyStruct().Get("id").Int())
			}
		}
		require.NoError(t, r.Close())
	}
	t.Run("of the log", func(t *testing.T) {
		database := s.Database(t)
		s.Exec(t, database, create)
		src := over(s, database)
		src.Snapshot = postgres.SnapshotNoData
		r := open(t, src)
		s.Exec(t, database, insert)
		again(t, src, r, []int64{1}, nil)
	})
	t.Run("of a snapshot", func(t *testing.T) {
		database := s.Database(t)
		s.Exec(t, database, create, "INSERT INTO t VALUES (1, 1), (4, 4), (2, 'NaN'), (3, 'NaN')")
		src := over(s, database)
		r := open(t, src)
		ids, offsets := untilBad(t, r)
		assert.Equal(t, []int64{1, 4}, ids)
		require.NoError(t, r.Close())
		r = open(t, src, offsets...)
		ids, more := untilBad(t, r)
		assert.Equal(t, []int64{1, 4}, ids)
		_, last := untilBad(t, r) // the last row of the table
		require.NoError(t, r.Close())
		r = open(t, src, tailrace.MergeOffsets(tailrace.MergeOffsets(offsets, more), last)...)
		ids, _ = untilBad(t, r)
		assert.Equal(t, []int64{1, 4}, ids)
		require.NoError(t, r.Close())
	})
	t.Run("of a chunk", func(t *testing.T) {
		for _, mark := range []bool{false, true} {
			database := s.Database(t)
			s.Exec(t, database, create, insert, "CREATE TABLE signals (id VARCHAR(42) PRIMARY KEY, type VARCHAR(32) NOT NULL, data VARCHAR(2048) NULL)")
			src := over(s, database)
			src.Snapshot, src.ReadOnly = postgres.SnapshotNoData, true
			if mark {
				src.ReadOnly, src.SignalTable, src.Tables = false, "public.signals", postgres.Include("public.t")
			}
			signals := new(signal.Queue)
			src.Signals = []signal.Channel{signals}
			r := open(t, src)
			signals.Snapshot(signal.Snapshot{Tables: []string{"public.t"}})
			only := func(ids []int64) (out []int64) { // without the records of the table of signals
				for _, id := range ids {
					if id != 0 {
						out = append(out, id)
					}
				}
				return out
			}
			ids, offsets := untilBad(t, r)
			assert.Empty(t, only(ids))
			require.NoError(t, r.Close())
			r = open(t, src, offsets...)
			ids, more := untilBad(t, r)
			assert.Empty(t, only(ids))
			offsets = tailrace.MergeOffsets(offsets, more)
			ids, _ = untilBad(t, r)
			assert.Empty(t, only(ids))
			for len(only(ids)) < 2 { // who goes on gets the others
				b, err := r.Read(soon(t))
				require.NoError(t, err)
				for i := range b.Records {
					ids = append(ids, b.Records[i].KeyStruct().Get("id").Int())
				}
			}
			assert.Equal(t, []int64{1, 4}, only(ids))
			require.NoError(t, r.Close())
			assert.NotEmpty(t, offsets)
		}
	})
}
