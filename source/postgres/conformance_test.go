package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/postgres"
	"github.com/tailrace-io/tailrace/source/sourcetest"
)

// from is a source that begins at an offset when it is given none.
type from struct {
	postgres.Source
	offsets []tailrace.Offset
}

func (f from) Open(ctx context.Context, offsets []tailrace.Offset) (source.Reader, error) {
	if len(offsets) == 0 {
		offsets = f.offsets
	}
	return f.Source.Open(ctx, offsets)
}

// numbers makes an empty table, and the function that counts in it.
func numbers(t testing.TB, s *testserver.PostgresServer) (src postgres.Source, change func(n int)) {
	database := s.Database(t)
	db := s.DB(t, database)
	s.Exec(t, database, "CREATE TABLE numbers (n INT PRIMARY KEY, text VARCHAR(20))")
	made := 0
	return over(s, database), func(n int) {
		t.Helper()
		for range n {
			if _, err := db.Exec("INSERT INTO numbers VALUES ($1, $2)", made, fmt.Sprint("number ", made)); err != nil {
				t.Fatal(err)
			}
			made++
		}
	}
}

func numberOf(r *tailrace.Record) (int, bool) {
	c, ok := tailrace.AsChange(r)
	if !ok || c.After().IsZero() {
		return 0, false
	}
	return int(c.After().Get("n").Int()), true
}

func TestTheLogKeepsTheContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Harness{
		Fresh: func(t testing.TB) (source.Source, func(int)) {
			src, change := numbers(t, testserver.Postgres(t))
			return from{src, tip(t, src)}, change
		},
		Number: numberOf,
	})
}

func TestTheSnapshotAndTheLogKeepTheContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Harness{
		Fresh: func(t testing.TB) (source.Source, func(int)) {
			src, change := numbers(t, testserver.Postgres(t))
			return whole{src}, change
		},
		Number: numberOf,
	})
}

// whole is a source whose Readers give a snapshot as one batch. Behind its
// beginning, what was changed since comes twice, as a row and as a change.
type whole struct{ postgres.Source }

type wholeReader struct {
	source.Reader
	within []tailrace.Record
}

func (w whole) Open(ctx context.Context, offsets []tailrace.Offset) (source.Reader, error) {
	r, err := w.Source.Open(ctx, offsets)
	if err != nil {
		return nil, err
	}
	return &wholeReader{Reader: r}, nil
}

func (r *wholeReader) Read(ctx context.Context) (tailrace.Batch, error) {
	for {
		b, err := r.Reader.Read(ctx)
		if err != nil {
			return b, err
		}
		b.Records = append(r.within, b.Records...)
		if len(b.Offsets) > 0 && !strings.Contains(b.Offsets[0].Position, `"snapshot":"INITIAL"`) {
			r.within = nil
			return b, nil
		}
		r.within = b.Records
	}
}

func TestTheSnapshotAloneKeepsTheContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Harness{
		Fresh: func(t testing.TB) (source.Source, func(int)) {
			src, change := numbers(t, testserver.Postgres(t))
			src.Snapshot = postgres.SnapshotInitialOnly
			return src, change
		},
		Number: numberOf,
		Ends:   true,
	})
}

func TestALogThatIsLostAndLeftUnreadKeepsTheContract(t *testing.T) {
	s := testserver.StartPostgres(t, "wal_sender_timeout=1s")
	sourcetest.Run(t, sourcetest.Harness{
		Fresh: func(t testing.TB) (source.Source, func(int)) {
			src, change := numbers(t, s)
			return from{src, tip(t, src)}, change
		},
		Number: numberOf,
		Lose: func(t testing.TB, src source.Source) {
			dropSlot(t, s, src.(from).Source)
		},
		Neglect: func(t testing.TB) { s.Exec(t, "postgres", "SELECT pg_sleep(3)") },
	})
}
