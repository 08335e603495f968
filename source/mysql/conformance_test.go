package mysql_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/mysql"
	"github.com/tailrace-io/tailrace/source/sourcetest"
)

// from is a source that begins at an offset when it is given none.
type from struct {
	mysql.Source
	offsets []tailrace.Offset
}

func (f from) Open(ctx context.Context, offsets []tailrace.Offset) (source.Reader, error) {
	if len(offsets) == 0 {
		offsets = f.offsets
	}
	return f.Source.Open(ctx, offsets)
}

// numbers makes an empty table, and the function that counts in it.
func numbers(t testing.TB, s *testserver.MySQLServer) (src mysql.Source, change func(n int)) {
	database := s.Database(t)
	db := s.DB(t, database)
	s.Exec(t, "CREATE TABLE "+database+".numbers (n INT PRIMARY KEY, text VARCHAR(20))")
	made := 0
	return over(s, database), func(n int) {
		t.Helper()
		for range n {
			if _, err := db.Exec("INSERT INTO numbers VALUES (?, ?)", made, fmt.Sprint("number ", made)); err != nil {
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
			src, change := numbers(t, testserver.MySQL(t))
			return from{src, tip(t, src)}, change
		},
		Number: numberOf,
	})
}

// whole is a source whose Readers give a snapshot as one batch. Behind a part of
// one, what was changed since comes twice, as a row and as a change: that is not
// exactly the rest, and TestChangesBetweenTwoPartsOfASnapshotAreInItOrBehindIt
// says what it is.
type whole struct{ mysql.Source }

type wholeReader struct {
	source.Reader
	within tailrace.Batch
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
		b.Records = append(r.within.Records, b.Records...)
		if !strings.Contains(b.Offsets[0].Position, `"snapshot":"INITIAL"`) {
			r.within = tailrace.Batch{}
			return b, nil
		}
		r.within = b
	}
}

func TestTheSnapshotAndTheLogKeepTheContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Harness{
		Fresh: func(t testing.TB) (source.Source, func(int)) {
			src, change := numbers(t, testserver.MySQL(t))
			return whole{src}, change
		},
		Number: numberOf,
	})
}

func TestTheSnapshotAloneKeepsTheContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Harness{
		Fresh: func(t testing.TB) (source.Source, func(int)) {
			src, change := numbers(t, testserver.MySQL(t))
			src.Snapshot = mysql.SnapshotInitialOnly
			return src, change
		},
		Number: numberOf,
		Ends:   true,
	})
}

func TestALogThatIsPurgedAndLeftUnreadKeepsTheContract(t *testing.T) {
	s := testserver.StartMySQL(t, "--net-write-timeout=1")
	sourcetest.Run(t, sourcetest.Harness{
		Fresh: func(t testing.TB) (source.Source, func(int)) {
			src, change := numbers(t, s)
			return from{src, tip(t, src)}, change
		},
		Number: numberOf,
		Lose: func(t testing.TB, _ source.Source) {
			s.Database(t) // something behind the offset, to be lost
			s.Exec(t, "FLUSH BINARY LOGS", "PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY")
		},
		Neglect: func(t testing.TB) { s.Exec(t, "DO SLEEP(3)") },
	})
}
