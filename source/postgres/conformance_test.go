package postgres_test

import (
	"context"
	"fmt"
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
			return src, change
		},
		Number: numberOf,
	})
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
