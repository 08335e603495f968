package jdbc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tailrace-io/tailrace"
)

// part says where in a record a value is.
type part uint8

const (
	inRow part = iota
	inKey
	wholeKey
	inHeader
	topicOf
	partitionOf
	offsetOf
)

// field is a value of a record that becomes one of a column.
type field struct {
	part   part
	index  int
	name   string
	schema *tailrace.Schema
	stamp  bool // it is one of TimestampFields
	encode encoder
}

// column describes the column that suits the field best.
func (f *field) column() Column {
	c := columnOf(f.name, f.schema)
	if f.stamp {
		c.Kind, c.Scale = DateTime, 6
		if c.literal != "" {
			c.literal, c.HasDefault, c.Nullable = "", false, true
		}
	}
	return c
}

// planKey is what a plan is made for.
type planKey struct {
	table    string
	key, row *tailrace.Schema
}

// plan is how records of a table and of two schemas are written.
type plan struct {
	*table
	fields  []field // as columns, the key's first
	columns []Column
	keys    int

	mu      sync.Mutex
	queries map[shape]statement
}

type shape struct {
	op   Op
	mask string
}

type statement struct {
	query   string
	rows, n int
}

// maxPlans bounds how many plans are kept.
const maxPlans = 1000

// plan gives the plan for a record.
func (w *writer) plan(ctx context.Context, name string, r *tailrace.Record, row *tailrace.Schema) (*plan, error) {
	k := planKey{name, r.KeySchema, row}
	if p, ok := w.plans[k]; ok {
		return p, nil
	}
	for other, p := range w.plans { // the same schemas, built anew
		if other.table == name && other.key.Equal(r.KeySchema) && other.row.Equal(row) {
			w.keep(k, p)
			return p, nil
		}
	}
	fields, keys, err := w.fields(r, row)
	if err != nil {
		return nil, err
	}
	t, err := w.table(ctx, name, fields, keys)
	if err != nil {
		return nil, err
	}
	p := &plan{table: t, queries: map[shape]statement{}}
	for i, f := range fields {
		c, _ := t.column(f.name)
		if c.Generated && i >= keys {
			continue
		}
		if f.encode = w.forms.encoder(f.schema, c); f.stamp {
			f.encode = w.forms.stamps(c.Kind, w.NanoTimestamps)
		}
		p.fields, p.columns = append(p.fields, f), append(p.columns, *c)
	}
	p.keys = keys
	w.keep(k, p)
	return p, nil
}

func (w *writer) keep(k planKey, p *plan) {
	if len(w.plans) >= maxPlans {
		clear(w.plans)
	}
	w.plans[k] = p
}

// fields lists what of a record becomes columns, the key's first.
func (w *writer) fields(r *tailrace.Record, row *tailrace.Schema) (out []field, keys int, err error) {
	if out, err = w.keyFields(r, row); err != nil {
		return nil, 0, err
	}
	keys = len(out)
	if row == nil {
		return out, keys, nil
	}
	for _, f := range row.Fields() {
		if slices.ContainsFunc(out, func(k field) bool { return k.name == f.Name }) {
			continue
		}
		if w.wants(r.Topic, f.Name) {
			out = append(out, field{part: inRow, index: f.Index, name: f.Name, schema: f.Schema})
		}
	}
	if len(out) == 0 {
		return nil, 0, errors.New("no field of it is left to write: see Fields and ExceptFields (fields.whitelist, field.include.list, field.exclude.list)")
	}
	for i := range out {
		out[i].stamp = slices.Contains(w.TimestampFields, out[i].name) && stampable(out[i].schema)
	}
	return out, keys, nil
}

// wants says whether a field of the row is to be written.
func (w *writer) wants(topic, name string) bool {
	among := func(list []string) bool { return slices.Contains(list, name) || slices.Contains(list, topic+":"+name) }
	return (len(w.Fields) == 0 || among(w.Fields)) && !among(w.ExceptFields)
}

// stampable says whether a schema without a meaning of its own can be one of
// timestamps.
func stampable(s *tailrace.Schema) bool {
	return s.Name() == "" && (s.Type() == tailrace.TypeInt64 || s.Type() == tailrace.TypeString)
}

func (w *writer) keyFields(r *tailrace.Record, row *tailrace.Schema) ([]field, error) {
	switch w.PKMode {
	case KeyNone:
		return nil, nil
	case KeyKafka:
		return []field{
			{part: topicOf, name: w.PKFields[0], schema: tailrace.StringSchema},
			{part: partitionOf, name: w.PKFields[1], schema: tailrace.Int32Schema},
			{part: offsetOf, name: w.PKFields[2], schema: tailrace.Int64Schema},
		}, nil
	case KeyRecordKey:
		return w.recordKey(r.KeySchema)
	case KeyRecordHeader:
		return w.headers(r)
	}
	if row == nil {
		return nil, errors.New("PKMode (pk.mode) record_value takes the key from the row, and the record has none: " +
			"deletes need record_key, or envelopes with the row before")
	}
	return choose(row, inRow, w.PKFields, "row")
}

func (w *writer) recordKey(s *tailrace.Schema) ([]field, error) {
	switch {
	case s == nil:
		return nil, errors.New("PKMode (pk.mode) record_key takes the key from the record's key, which has no schema: " +
			"give the table a primary key, or choose another PKMode")
	case s.Type() == tailrace.TypeStruct:
		return choose(s, inKey, w.PKFields, "key")
	case len(w.PKFields) != 1:
		return nil, fmt.Errorf("the record's key is a %s, and PKFields (pk.fields) has %d names: give the name of its column", s.Type(), len(w.PKFields))
	}
	return []field{{part: wholeKey, name: w.PKFields[0], schema: s}}, nil
}

func (w *writer) headers(r *tailrace.Record) (out []field, err error) {
	for i, h := range r.Headers {
		if len(w.PKFields) > 0 && !slices.Contains(w.PKFields, h.Key) {
			continue
		}
		if h.Schema == nil {
			return nil, fmt.Errorf("the header %s has no schema, and PKMode (pk.mode) record_header takes the key from it", h.Key)
		}
		out = append(out, field{part: inHeader, index: i, name: h.Key, schema: h.Schema})
	}
	for _, name := range w.PKFields {
		if !slices.ContainsFunc(out, func(f field) bool { return f.name == name }) {
			return nil, fmt.Errorf("the record has no header %s, which PKFields (primary.key.fields) names", name)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("the record has no headers, and PKMode (pk.mode) record_header takes the key from them")
	}
	return out, nil
}

// choose takes the named fields of a struct, or all of them.
func choose(s *tailrace.Schema, p part, names []string, what string) (out []field, err error) {
	for _, name := range names {
		f, ok := s.Field(name)
		if !ok {
			return nil, fmt.Errorf("the record's %s has no field %s, which PKFields (pk.fields) names", what, name)
		}
		out = append(out, field{part: p, index: f.Index, name: name, schema: f.Schema})
	}
	if len(names) > 0 {
		return out, nil
	}
	for _, f := range s.Fields() {
		out = append(out, field{part: p, index: f.Index, name: f.Name, schema: f.Schema})
	}
	return out, nil
}

// value finds the field's value in a record.
func (f *field) value(r *tailrace.Record, row []tailrace.Value) tailrace.Value {
	switch f.part {
	case inRow:
		if f.index < len(row) {
			return row[f.index]
		}
	case inKey:
		if fields := r.Key.Fields(); f.index < len(fields) {
			return fields[f.index]
		}
	case wholeKey:
		return r.Key
	case inHeader:
		if f.index < len(r.Headers) && r.Headers[f.index].Key == f.name {
			return r.Headers[f.index].Value
		}
		for _, h := range r.Headers {
			if h.Key == f.name {
				return h.Value
			}
		}
	case topicOf:
		return tailrace.String(r.Topic)
	case partitionOf:
		if r.Partition.Valid {
			return tailrace.Int32(r.Partition.V)
		}
	case offsetOf:
		if r.Offset.Valid {
			return tailrace.Int64(r.Offset.V)
		}
	}
	return tailrace.Value{}
}

// args puts the arguments of a record into dst, one a column, and says whether
// some are unchanged. With keysOnly it is the key alone.
func (w *writer) args(dst []tailrace.Value, p *plan, r *tailrace.Record, row []tailrace.Value) (masked bool, err error) {
	for i := range dst {
		f := &p.fields[i]
		v := f.value(r, row)
		if v.IsNull() && w.NullDefaults {
			if d, ok := f.schema.Default(); ok {
				v = d
			}
		}
		switch {
		case v.IsUnchanged() && i >= p.keys:
			dst[i], masked = v, true
		case v.IsNull() || v.IsUnchanged():
			if i < p.keys {
				return false, fmt.Errorf("column %s of table %s is of the key, and null in the record: a key has no nulls; see PKMode and PKFields (pk.mode, pk.fields)", f.name, p.Table)
			}
			dst[i] = tailrace.Value{}
		case f.encode == nil:
			dst[i] = v
		default:
			if dst[i], err = f.encode(v); err != nil {
				return false, fmt.Errorf("column %s of table %s, %s: %w", f.name, p.Table, strings.ToLower(p.columns[i].Declared), err)
			}
		}
	}
	return masked, nil
}
