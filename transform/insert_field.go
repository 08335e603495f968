package transform

import (
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// InsertField adds fields that hold what the record says of itself, or a text.
// Each member names a field, "" for none; the field is optional unless the name
// has a ! behind it, as in "topic!". A ? behind the name has no meaning but to
// say so.
type InsertField struct {
	// Of is the part of the record.
	Of Part

	// Topic names the field for the record's topic, a string.
	Topic string

	// Partition names the field for the record's partition, an int32. It stays
	// null, and is missing from a map, while the record has none.
	Partition string

	// Offset names the field for the record's offset, an int64. Records without
	// one, which are all that did not come from Kafka, are an error.
	Offset string

	// Timestamp names the field for the record's time, a Connect Timestamp, or
	// an int64 of milliseconds in a map. It stays null, and is missing from a
	// map, while the record has none.
	Timestamp string

	// Static names the field for StaticValue, a string.
	Static      string
	StaticValue string

	// KeepNulls keeps a null in a field that has a default, which otherwise
	// takes its place.
	KeepNulls bool
}

// New gives the transform, or everything that is wrong with its options.
//
// The transform leaves records alone whose part is null. It fails for a part
// that has no fields, for a field that is there already, unless the part is a
// map, and where the record has no value for a field that is not optional.
func (c InsertField) New() (Transform, error) {
	o := options{transform: "InsertField"}
	c.Of.check(&o)
	t := &insertField{c: c}
	for _, f := range []struct {
		option, spec string
		what         inserted
	}{
		{"Topic", c.Topic, insertTopic}, {"Partition", c.Partition, insertPartition}, {"Offset", c.Offset, insertOffset},
		{"Timestamp", c.Timestamp, insertTimestamp}, {"Static", c.Static, insertStatic},
	} {
		if f.spec == "" {
			continue
		}
		name, required := strings.CutSuffix(f.spec, "!")
		if !required {
			name = strings.TrimSuffix(name, "?")
		}
		if name == "" {
			o.wrong(f.option, "%q names no field", f.spec)
		}
		t.fields = append(t.fields, insertion{f.what, name, f.what.schema(!required)})
	}
	if len(t.fields) == 0 {
		o.wrong("Topic", "must name a field, unless Partition, Offset, Timestamp or Static does")
	}
	if c.Static == "" && c.StaticValue != "" {
		o.wrong("Static", "must name the field for StaticValue")
	}
	t.plans.derive = byPointer(t.derive)
	t.values.derive = t.projection
	return t, o.err()
}

type inserted uint8

const (
	insertTopic inserted = iota
	insertPartition
	insertOffset
	insertTimestamp
	insertStatic
)

func (w inserted) schema(optional bool) *tailrace.Schema {
	b := tailrace.NewSchema(tailrace.TypeString)
	switch w {
	case insertPartition:
		b = tailrace.NewSchema(tailrace.TypeInt32)
	case insertOffset:
		b = tailrace.NewSchema(tailrace.TypeInt64)
	case insertTimestamp:
		b = tailrace.Semantic(tailrace.TimestampName)
	}
	if optional {
		b.Optional()
	}
	return b.MustBuild()
}

type insertion struct {
	what   inserted
	name   string
	schema *tailrace.Schema
}

type insertField struct {
	c      InsertField
	fields []insertion
	plans  Derived[*selection]
	values Derived[*Projection]
	slabs  Slabs
}

func (t *insertField) follows() bool { return t.c.Of == Value }

func (t *insertField) projection(s *tailrace.Schema) (*Projection, error) {
	sel, err := t.derive(s)
	if err != nil {
		return nil, fmt.Errorf("InsertField: %w", err)
	}
	columns := sel.projection().columns
	for i := range t.fields {
		f := &t.fields[i]
		if f.what == insertStatic {
			columns = append(columns, Column{In: -1, At: -1, Else: tailrace.String(t.c.StaticValue)})
			continue
		}
		columns = append(columns, Column{Make: func(r *tailrace.Record) (tailrace.Value, error) { return t.needed(f, r) }})
	}
	return NewProjection(sel.schema, columns), nil
}

// Project implements Projector.
func (t *insertField) Project(r *tailrace.Record) (*Projection, bool, error) {
	if t.c.Of != Value || !isStruct(r.ValueSchema, r.Value) {
		keep, err := t.Apply(r)
		return nil, keep, err
	}
	p, err := t.values.Of(r.ValueSchema)
	return p, err == nil, err
}

// needed is what the record has for the field of a struct, which fails for
// nothing where the field is required.
func (t *insertField) needed(f *insertion, r *tailrace.Record) (tailrace.Value, error) {
	v, err := t.value(f, r)
	if err == nil && v.IsNull() && !f.schema.Optional() {
		err = fmt.Errorf("InsertField: the record has nothing for the field %s, which is required", f.name)
	}
	return v, err
}

// value is what the record has for the field; null for nothing.
func (t *insertField) value(f *insertion, r *tailrace.Record) (v tailrace.Value, err error) {
	switch f.what {
	case insertTopic:
		v = tailrace.String(r.Topic)
	case insertPartition:
		if r.Partition.Valid {
			v = tailrace.Int32(r.Partition.V)
		}
	case insertOffset:
		if !r.Offset.Valid {
			return v, fmt.Errorf("InsertField: the record has no offset for the field %s; those that are read from Kafka have one", f.name)
		}
		v = tailrace.Int64(r.Offset.V)
	case insertTimestamp:
		if !r.Time.IsZero() {
			v = tailrace.Int64(r.Time.UnixMilli())
		}
	case insertStatic:
		v = tailrace.String(t.c.StaticValue)
	}
	return v, nil
}

func (t *insertField) Apply(r *tailrace.Record) (bool, error) {
	s, v := t.c.Of.of(r)
	switch {
	case v.IsNull():
		return true, nil
	case s == nil && v.Type() == tailrace.TypeMap:
		kvs := extended(v.Entries(), len(t.fields))
		for i := range t.fields {
			v, err := t.value(&t.fields[i], r)
			if err != nil {
				return false, err
			}
			if !v.IsNull() {
				kvs = put(kvs, t.fields[i].name, v)
			}
		}
		t.c.Of.set(r, nil, tailrace.Map(kvs))
		return true, nil
	case !isStruct(s, v):
		return false, t.c.Of.needsStruct("InsertField", s, v)
	}
	return t.insert(r, s, v.Fields())
}

func (t *insertField) insert(r *tailrace.Record, s *tailrace.Schema, old []tailrace.Value) (bool, error) {
	plan, err := t.plans.Of(s)
	if err != nil {
		return false, fmt.Errorf("InsertField: %w", err)
	}
	n := len(plan.columns)
	vs := t.slabs.Values(n + len(t.fields))
	plan.fill(vs[:n], old)
	for i := range t.fields {
		if vs[n+i], err = t.needed(&t.fields[i], r); err != nil {
			return false, err
		}
	}
	t.c.Of.set(r, plan.schema, tailrace.StructOf(vs))
	return true, nil
}

func (t *insertField) derive(s *tailrace.Schema) (selection, error) {
	sel := sameFields(s, t.c.KeepNulls)
	b := SchemaLike(tailrace.TypeStruct, s)
	for _, f := range s.Fields() {
		b.Field(f.Name, f.Schema)
	}
	for _, f := range t.fields {
		b.Field(f.name, f.schema)
	}
	var err error
	sel.schema, err = b.Build()
	return sel, err
}
