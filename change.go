package tailrace

import (
	"fmt"
	"strings"
	"time"
)

// Op says what a change did, as Debezium spells it.
type Op string

const (
	OpCreate   Op = "c" // a row was inserted
	OpUpdate   Op = "u" // a row was updated
	OpDelete   Op = "d" // a row was deleted
	OpRead     Op = "r" // a row was read by a snapshot
	OpTruncate Op = "t" // a table was emptied
	OpMessage  Op = "m" // a message was put into the log
)

// String gives the operation's name in English, such as "update".
func (o Op) String() string {
	switch o {
	case OpCreate:
		return "create"
	case OpUpdate:
		return "update"
	case OpDelete:
		return "delete"
	case OpRead:
		return "read"
	case OpTruncate:
		return "truncate"
	case OpMessage:
		return "message"
	}
	return fmt.Sprintf("op(%q)", string(o))
}

// Change is a view of a record whose value is Debezium's envelope. It allocates
// nothing and is valid for as long as its record is.
type Change struct {
	rec *Record
	env Struct
}

// AsChange gives the view of r; ok says whether r is a change. Tombstones,
// transaction markers, heartbeats and plain rows are none.
func AsChange(r *Record) (c Change, ok bool) {
	env := r.ValueStruct()
	if env.IsZero() || !strings.HasSuffix(env.Schema.name, "Envelope") || env.Get("op").t != TypeString {
		return Change{}, false
	}
	return Change{rec: r, env: env}, true
}

// Record is what the change was read from.
func (c Change) Record() *Record { return c.rec }

// Op says what happened.
func (c Change) Op() Op { return Op(c.env.Get("op").Text()) }

// Key identifies the row; the zero Struct where its table has no key.
func (c Change) Key() Struct { return c.rec.KeyStruct() }

// Before is the row before the change; the zero Struct where there was none or
// the log does not carry it.
func (c Change) Before() Struct { return c.env.Struct("before") }

// After is the row after the change; the zero Struct where there is none.
func (c Change) After() Struct { return c.env.Struct("after") }

// Row is After, or Before where the change left no row.
func (c Change) Row() Struct {
	if s := c.After(); !s.IsZero() {
		return s
	}
	return c.Before()
}

// Source says where the change came from.
func (c Change) Source() Source { return Source{c.env.Struct("source")} }

// Transaction is the transaction block: id, total_order and
// data_collection_order; the zero Struct unless the source was told to add it.
func (c Change) Transaction() Struct { return c.env.Struct("transaction") }

// Time is when the change was processed.
func (c Change) Time() time.Time { return stamp(c.env) }

// Source is a view of an envelope's source block.
type Source struct{ Struct }

// Connector is the kind of the source, such as "mysql".
func (s Source) Connector() string { return s.Get("connector").Text() }

// Name is the logical name of the server: the topic prefix.
func (s Source) Name() string { return s.Get("name").Text() }

// Database is the database that the change happened in.
func (s Source) Database() string { return s.Get("db").Text() }

// SchemaName is the database schema; "" where databases have none.
func (s Source) SchemaName() string { return s.Get("schema").Text() }

// Table is the table that the change happened in.
func (s Source) Table() string { return s.Get("table").Text() }

// Snapshot says whether the row was read by a snapshot rather than from a log.
func (s Source) Snapshot() bool {
	t := s.Get("snapshot").Text()
	return t != "" && t != "false"
}

// Time is when the change happened in the database.
func (s Source) Time() time.Time { return stamp(s.Struct) }

// stamp reads the finest of ts_ns, ts_us and ts_ms.
func stamp(s Struct) time.Time {
	if v := s.Get("ts_ns"); v.t == TypeInt64 {
		return time.Unix(0, v.Int()).UTC()
	}
	if v := s.Get("ts_us"); v.t == TypeInt64 {
		return time.UnixMicro(v.Int()).UTC()
	}
	if v := s.Get("ts_ms"); v.t == TypeInt64 {
		return time.UnixMilli(v.Int()).UTC()
	}
	return time.Time{}
}
