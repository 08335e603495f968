// Package dialecttest says of a dialect of the JDBC source whether it does what
// the reader expects, on the database itself: a subtest a promise.
package dialecttest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/suite"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/sourcetest"
)

// Harness is what the suite needs to know of a dialect.
type Harness struct {
	// Fresh makes an empty database and gives a source over it, with URL and
	// Dialect alone, and a function that executes a statement there.
	Fresh func(t testing.TB) (s jdbc.Source, exec func(statement string))

	// Changes is the CREATE TABLE of a table named changes with the columns id,
	// which the database numbers from 1, n, an integer, and at, a timestamp to
	// the millisecond or finer; all are NOT NULL.
	Changes string

	// Literal writes what clocks show as a literal of at's type.
	Literal func(clock time.Time) string

	// Columns are the types of the dialect.
	Columns []Column
}

// Column is what a type becomes.
type Column struct {
	Declared string // such as VARCHAR(10) NOT NULL
	Literal  string // a value of it in SQL
	Schema   string // as Spell gives it
	Shown    string // the value as tailrace.Display gives it; "!" where it cannot be read
}

// Spell writes a field's schema down: its type, or the last part of its name,
// its parameters, and a ? where it is optional, as in "Decimal scale=2
// connect.decimal.precision=12?", and of an array its elements, as in
// "array(int32?)".
func Spell(s *tailrace.Schema) string {
	out := s.Type().String()
	if s.Name() != "" {
		out = s.Name()[strings.LastIndexByte(s.Name(), '.')+1:]
	}
	if s.Elem() != nil {
		out += "(" + Spell(s.Elem()) + ")"
	}
	for _, p := range s.Parameters() {
		out += fmt.Sprintf(" %s=%s", p.Name, p.Value)
	}
	if s.Optional() {
		out += "?"
	}
	return out
}

// Run runs the whole suite.
func Run(t *testing.T, h Harness) {
	for _, mode := range []jdbc.Mode{jdbc.Incrementing, jdbc.Timestamp, jdbc.TimestampIncrementing} {
		t.Run("keeps the promises of a source in mode "+string(mode), func(t *testing.T) { sourcetest.Run(t, h.source(mode)) })
	}
	suite.Run(t, promises, h)
}

func (h Harness) source(mode jdbc.Mode) sourcetest.Harness {
	return sourcetest.Harness{
		Fresh: func(t testing.TB) (source.Source, func(int)) {
			p := newPlace(t, h)
			p.exec(h.Changes)
			s := p.in(mode)
			s.BatchRows = 3
			made := 0
			return s, func(n int) {
				for range n {
					p.insert(made, moment(2*made+1))
					made++
				}
			}
		},
		Number: func(r *tailrace.Record) (int, bool) { return int(r.ValueStruct().Get("n").Int()), true },
	}
}

func promise(name, sentence string, check func(*place)) suite.Promise[Harness] {
	return suite.Promise[Harness]{
		Name: name, Sentence: sentence,
		Check: func(t testing.TB, h Harness) { check(newPlace(t, h)) },
	}
}

var promises = []suite.Promise[Harness]{
	promise("reads each type", "Columns describes a table's columns, so that each becomes what it should.", readsTypes),
	promise("reads each type of a query", "Result describes the columns that a query answers with, so that each value can be read.", readsResults),
	promise("finds the auto-increment column", "AutoIncrement says that the database numbers rows by the column; Key is its place in the primary key.", findsAutoIncrement),
	promise("lists tables and views", "Tables lists the tables within the scope, without those that belong to the database itself.", listsTables),
	promise("says that a table is not there", "Columns gives none where there is no such table.", missesTable),
	promise("quotes names", "Names are quoted, whatever is in them.", quotes),
	promise("tells the time", "Now is the database's clock, whatever zone that is in.", tellsTime),
	promise("compares instants in a zone", "What clocks show is in the Location, in values, positions and comparisons alike.", comparesInZone),
	promise("loses no row that shares a timestamp", "A restart from any offset gives all rows that did not come before it.", losesNothing),
	promise("does not retry what stays wrong", "Retryable is false for what only a person can put right.", givesUp),
}

// moment is the instant of a number, to the millisecond.
func moment(n int) time.Time { return time.UnixMilli(1_600_000_000_000 + int64(n)).UTC() }

// place is a fresh database.
type place struct {
	testing.TB
	h      Harness
	source jdbc.Source
	exec   func(statement string)
}

func newPlace(t testing.TB, h Harness) *place {
	p := &place{TB: t, h: h}
	p.source, p.exec = h.Fresh(t)
	p.source.PollInterval = time.Millisecond
	return p
}

func (p *place) insert(n int, clock time.Time) {
	p.Helper()
	p.exec(fmt.Sprintf("INSERT INTO changes (n, at) VALUES (%d, %s)", n, p.h.Literal(clock)))
}

// in gives the source in a mode.
func (p *place) in(mode jdbc.Mode) jdbc.Source {
	s := p.source
	s.Mode = mode
	if mode == jdbc.Incrementing || mode == jdbc.TimestampIncrementing {
		s.IncrementingColumn = "id"
	}
	if mode == jdbc.Timestamp || mode == jdbc.TimestampIncrementing {
		s.TimestampColumns = []string{"at"}
	}
	return s
}

// reading is a reader and what came from it.
type reading struct {
	*place
	source.Reader
	records []tailrace.Record
	offsets []tailrace.Offset
}

func (p *place) open(s jdbc.Source, from ...tailrace.Offset) *reading {
	p.Helper()
	r, err := s.Open(p.Context(), from)
	if err != nil {
		p.Fatalf("Open: %v", err)
	}
	p.Cleanup(func() {
		if err := r.Close(); err != nil {
			p.Errorf("Close: %v", err)
		}
	})
	return &reading{place: p, Reader: r}
}

// next reads once and gives the error of a record that cannot be read.
func (r *reading) next() error {
	r.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	b, err := r.Read(ctx)
	var bad *source.RecordError
	if err != nil && !errors.As(err, &bad) {
		r.Fatalf("Read behind %d records: %v", len(r.records), err)
	}
	r.records = append(r.records, b.Records...)
	r.offsets = tailrace.MergeOffsets(r.offsets, b.Offsets)
	return err
}

func (r *reading) until(n int) *reading {
	r.Helper()
	for len(r.records) < n {
		if err := r.next(); err != nil {
			r.Fatal(err)
		}
	}
	return r
}

// numbers are the column n of the records from the given one on.
func (r *reading) numbers(from int) (out []int) {
	for i := range r.records[from:] {
		out = append(out, int(r.records[from+i].ValueStruct().Get("n").Int()))
	}
	return out
}
