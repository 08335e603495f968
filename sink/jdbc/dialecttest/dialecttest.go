// Package dialecttest says of a dialect of the JDBC sink whether it does what
// the writer expects, on the database itself: a subtest a promise. A dialect
// that passes keeps the contract of package sink, too.
package dialecttest

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/suite"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/sink/sinktest"
)

// Harness is what the suite needs to know of a dialect.
type Harness struct {
	// Fresh makes an empty database, and gives a sink into it, with URL and
	// Dialect alone, and another way to it.
	Fresh func(t testing.TB) (s jdbc.Sink, db *sql.DB)

	// Numbers is the CREATE TABLE of a table named numbers with the columns
	// number, a BIGINT that is the primary key, and pad, a text that refuses
	// what is longer than 20 characters.
	Numbers string

	// Lacks are the kinds of which the database has no column.
	Lacks []jdbc.Kind

	// Loads says that the Dialect is a jdbc.Loader, and that the database lets
	// it load.
	Loads bool
}

// Run runs the whole suite.
func Run(t *testing.T, h Harness) {
	for _, offsets := range []string{"", "tailrace_offsets"} {
		name := map[bool]string{true: "at least once", false: "exactly once"}[offsets == ""]
		t.Run("keeps the promises of a sink "+name, func(t *testing.T) { sinktest.Run(t, h.sink(offsets)) })
	}
	suite.Run(t, promises, h)
}

func (h Harness) sink(offsets string) sinktest.Harness {
	return sinktest.Harness{
		Fresh: func(t testing.TB) (sink.Sink, func() []int) {
			p := newPlace(t, h)
			p.exec(h.Numbers)
			s := p.upserts()
			s.OffsetTable = offsets
			return s, func() []int { return p.ints("SELECT number FROM numbers ORDER BY number") }
		},
		Record:    func(n int) tailrace.Record { return number(n, fmt.Sprint("row ", n)) },
		Bad:       func() tailrace.Record { return number(-1, tooLong) },
		Unordered: true,
	}
}

const tooLong = "this text is longer than the column has room for"

func promise(name, sentence string, applies func(Harness) bool, check func(*place)) suite.Promise[Harness] {
	return suite.Promise[Harness]{Name: name, Sentence: sentence, Applies: applies, Check: func(t testing.TB, h Harness) { check(newPlace(t, h)) }}
}

var promises = []suite.Promise[Harness]{
	promise("describes what it declares", "Columns describes a table's columns in their order, as they were declared: whether they let NULL in, have a default, and are of the key.", nil, describes),
	promise("says that a table is not there", "Columns gives none where there is no such table.", nil, missesTable),
	promise("inserts", "An Insert adds rows; one that is there is an error.", nil, inserts),
	promise("upserts", "An Upsert adds rows, or changes those whose key is there.", nil, upserts),
	promise("updates", "An Update changes rows whose key is there, and no others.", nil, updates),
	promise("deletes", "A Delete removes the rows of the keys.", nil, deletes),
	promise("knows keys of several columns", "The key may have any number of columns, and a table none beside them.", nil, severalKeys),
	promise("empties a table", "Truncate empties a table, within the transaction.", nil, truncates),
	promise("quotes names", "Names are quoted, whatever is in them.", nil, quotes),
	promise("tells faults apart", "Explain says whether an error is about a row, a table, or what will pass; its text shows no value of a row.", nil, explains),
	promise("loads new rows", "Load adds the rows, as statements would. It returns false where a row of the key is there.", isLoader, loads),
	promise("shows no password", "What is wrong with the URL is an error that does not show passwords.", nil, hidesPassword),
}

// place is a database in which a promise is checked.
type place struct {
	testing.TB
	Harness
	sink jdbc.Sink
	db   *sql.DB
}

func newPlace(t testing.TB, h Harness) *place {
	s, db := h.Fresh(t)
	return &place{t, h, s, db}
}

// must ends the check where a call has failed.
func (p *place) must(err error, what ...any) {
	p.Helper()
	if err != nil {
		p.Fatalf("%s: %v", said(what), err)
	}
}

// that ends the check where something does not hold.
func (p *place) that(holds bool, what ...any) {
	p.Helper()
	if !holds {
		p.Fatal(said(what))
	}
}

func (p *place) equal(want, got any, what ...any) {
	p.Helper()
	if !reflect.DeepEqual(want, got) {
		p.Errorf("%s: got %v, want %v", said(what), got, want)
	}
}

// said is a format and its arguments, or nothing.
func said(what []any) string {
	if len(what) == 0 {
		return "unexpected"
	}
	return fmt.Sprintf(fmt.Sprint(what[0]), what[1:]...)
}

func (p *place) exec(statement string) {
	p.Helper()
	_, err := p.db.Exec(statement)
	p.must(err, statement)
}

// ints gives the numbers that a query answers, one a row.
func (p *place) ints(query string) []int {
	p.Helper()
	rows, err := p.db.Query(query)
	p.must(err, query)
	defer rows.Close()
	out := []int{}
	for rows.Next() {
		var n int
		p.must(rows.Scan(&n))
		out = append(out, n)
	}
	p.must(rows.Err())
	return out
}

// upserts is a sink that makes tables and upserts by the record's key.
func (p *place) upserts() jdbc.Sink {
	s := p.sink
	s.InsertMode, s.PKMode, s.Deletes, s.Truncates, s.AutoCreate, s.AutoEvolve = jdbc.InsertUpsert, jdbc.KeyRecordKey, true, true, true, true
	return s
}

func (p *place) open(s jdbc.Sink) sink.Writer {
	p.Helper()
	w, err := s.Open(p.Context())
	p.must(err)
	p.Cleanup(func() { p.must(w.Close()) })
	return w
}

func (p *place) write(w sink.Writer, records ...tailrace.Record) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), time.Minute)
	defer cancel()
	p.must(w.Write(ctx, records))
}

var (
	numberKey = tailrace.NewSchema(tailrace.TypeStruct).Field("number", tailrace.Int64Schema).MustBuild()
	numberRow = tailrace.NewSchema(tailrace.TypeStruct).Field("number", tailrace.Int64Schema).Field("pad", tailrace.OptionalStringSchema).MustBuild()
)

// number is the record of a row of the table numbers.
func number(n int, pad string) tailrace.Record {
	return tailrace.Record{
		Topic:     "numbers",
		KeySchema: numberKey, Key: tailrace.StructOf([]tailrace.Value{tailrace.Int64(int64(n))}),
		ValueSchema: numberRow, Value: tailrace.StructOf([]tailrace.Value{tailrace.Int64(int64(n)), tailrace.String(pad)}),
	}
}

func numbers(first, n int, pad string) (out []tailrace.Record) {
	for i := range n {
		out = append(out, number(first+i, pad))
	}
	return out
}

// gone is a record that deletes a row.
func gone(n int) tailrace.Record {
	r := number(n, "")
	r.ValueSchema, r.Value = nil, tailrace.Value{}
	return r
}
