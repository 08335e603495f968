package binlog

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/tailrace-io/tailrace"
)

// RowsKind is what happened to the rows of an event.
type RowsKind uint8

// The kinds of row events.
const (
	Inserted RowsKind = iota
	Updated
	Deleted
)

// Rows are the rows of one row event. They refer to the event, and so do not
// outlive it.
type Rows struct {
	Kind  RowsKind
	Table *TableMap

	// EndOfStatement says that the next rows are of another statement.
	EndOfStatement bool

	event         *Event
	rest          []byte
	before, after image
	partial       bool // updates may hold differences of JSON in the place of values
}

// image is which columns each row of an event has, before or after the change.
type image struct {
	present []byte // a bit a column
	count   int    // how many are set
	full    bool   // all are
}

const (
	rowsEndOfStatement = 1
	noTable            = 0xffffff // the number that says only that a statement ends
)

// Rows takes an event with rows apart; EventType.IsRows says which those are.
// The rows themselves are only looked at by Decode, so that rows of a table that
// nobody wants cost next to nothing.
func (t *Tables) Rows(e *Event) (Rows, error) {
	c := cursor{b: e.Body}
	id := c.uintN(6)
	r := Rows{event: e, EndOfStatement: c.uint16()&rowsEndOfStatement != 0}
	second := e.rowsLayout(&r)
	if second {
		extra := int(c.uint16())
		c.take(extra - 2)
	}
	if err := e.checked(&c); err != nil {
		return Rows{}, err
	}
	r.Table = t.find(id)
	if r.Table == nil {
		if id == noTable {
			return Rows{Kind: r.Kind, EndOfStatement: true, event: e, Table: &TableMap{ID: id}}, nil
		}
		return Rows{}, e.malformed("no table map with the number %d went before it", id)
	}
	columns := c.packed()
	if columns != uint64(len(r.Table.Columns)) {
		return Rows{}, e.malformed("its rows have %d columns, those of the table map of %s.%s %d", columns, r.Table.Schema, r.Table.Name, len(r.Table.Columns))
	}
	n := len(r.Table.Columns)
	first := newImage(c.take((n+7)/8), n)
	switch r.Kind {
	case Inserted:
		r.after = first
	case Deleted:
		r.before = first
	case Updated:
		r.before, r.after = first, newImage(c.take((n+7)/8), n)
	}
	r.rest = c.b
	if e.Type >= MariaWriteRowsCompressed && e.Type <= MariaDeleteRowsCompressed2 {
		inflated, err := inflateMaria(c.b)
		if err != nil {
			return Rows{}, e.fail(err)
		}
		r.rest = inflated
	}
	return r, e.checked(&c)
}

// rowsLayout sets the kind by the event's type, and says whether the event has
// the second version's header.
func (e *Event) rowsLayout(r *Rows) (second bool) {
	switch e.Type {
	case WriteRowsEvent, MariaWriteRowsCompressed2:
		r.Kind, second = Inserted, true
	case UpdateRowsEvent, MariaUpdateRowsCompressed2:
		r.Kind, second = Updated, true
	case PartialUpdateRowsEvent:
		r.Kind, second, r.partial = Updated, true, true
	case DeleteRowsEvent, MariaDeleteRowsCompressed2:
		r.Kind, second = Deleted, true
	case UpdateRowsEventV1, MariaUpdateRowsCompressed:
		r.Kind = Updated
	case DeleteRowsEventV1, MariaDeleteRowsCompressed:
		r.Kind = Deleted
	}
	return second
}

func newImage(present []byte, columns int) image {
	im := image{present: present}
	for i, b := range present {
		if i == len(present)-1 && columns%8 != 0 {
			b &= 1<<(columns%8) - 1
		}
		im.count += bits.OnesCount8(b)
	}
	im.full = im.count == columns
	return im
}

// More says whether there is another row to decode.
func (r *Rows) More() bool { return len(r.rest) > 0 }

// ErrSchema says that a row does not fit the columns that its table is thought
// to have.
var ErrSchema = errors.New("the row does not fit the table's definition")

// Decode decodes the next row into before and after, each of which has room for
// plan.Width() values or is nil, which leaves it out. An inserted row has no
// before, and a deleted one no after: these are left as they are. Columns that
// the log left out (binlog_row_image) become tailrace.Unchanged. The values
// refer to the slab, not to the event.
func (r *Rows) Decode(plan *RowPlan, slab *tailrace.Slab, before, after []tailrace.Value) error {
	if plan.table != r.Table && len(plan.ops) != len(r.Table.Columns) {
		return r.event.fail(fmt.Errorf("%w: the plan is of %d columns, the row of %d", ErrSchema, len(plan.ops), len(r.Table.Columns)))
	}
	var err error
	b := r.rest
	if r.Kind != Inserted {
		if b, err = plan.decode(slab, b, &r.before, before); err != nil {
			return r.event.fail(err)
		}
	}
	if r.Kind != Deleted {
		if r.partial {
			b, err = plan.decodePartial(slab, r.rest, b, r, after)
		} else {
			b, err = plan.decode(slab, b, &r.after, after)
		}
		if err != nil {
			return r.event.fail(err)
		}
	}
	if len(b) == len(r.rest) { // a table without columns has none to tell its rows apart
		return r.event.malformed("a row of %s.%s takes no room", r.Table.Schema, r.Table.Name)
	}
	r.rest = b
	return nil
}
