package transform

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
)

// Cast changes the types of fields, or that of the part as a whole, as casts in
// Java do: a number that is too large keeps its low bits, 3.9 becomes 3, numbers
// other than 0 are true, the text of a date is its ISO 8601 form and that of
// bytes is base64.
type Cast struct {
	// Of is the part of the record.
	Of Part

	// Fields maps the names of fields to their new types: one of TypeInt8 to
	// TypeString.
	Fields map[string]tailrace.Type

	// Whole is the new type of the part as a whole, without Fields.
	Whole tailrace.Type

	// KeepNulls keeps a null in a field that has a default, which otherwise
	// takes its place.
	KeepNulls bool
}

// New gives the transform, or everything that is wrong with its options.
//
// A field that is cast has a schema without a name, and a default where the old
// one has one; a part that is cast keeps its schema's name, so that it must not
// be of one of Connect's logical types. Null stays null. The transform fails for text that is no number of the type, for bytes that are to
// be anything but text, and for arrays, maps and structs that are to be cast. A
// map gets those of the fields that it lacks, as null.
func (c Cast) New() (Transform, error) {
	o := options{transform: "Cast"}
	c.Of.check(&o)
	switch {
	case len(c.Fields) == 0 && c.Whole == tailrace.TypeNull:
		o.wrong("Fields", "must name one at least, unless Whole is there")
	case len(c.Fields) > 0 && c.Whole != tailrace.TypeNull:
		o.wrong("Whole", "has no place beside Fields")
	case c.Whole != tailrace.TypeNull && !castable(c.Whole):
		o.wrong("Whole", "nothing can be cast to %s", c.Whole)
	}
	t := &cast{c: c, names: slices.Sorted(maps.Keys(c.Fields))}
	for _, name := range t.names {
		if !castable(c.Fields[name]) {
			o.wrong("Fields", "%s: nothing can be cast to %s", name, c.Fields[name])
		}
	}
	t.plans.derive = byPointer(t.derive)
	return t, o.err()
}

func castable(t tailrace.Type) bool { return t >= tailrace.TypeInt8 && t <= tailrace.TypeString }

type cast struct {
	c     Cast
	names []string // of c.Fields
	plans Derived[*castPlan]
	slabs Slabs
}

type castPlan struct {
	selection
	from []*tailrace.Schema // of the fields to cast; nil for the others
	to   []tailrace.Type
}

func (t *cast) Apply(r *tailrace.Record) (bool, error) {
	s, v := t.c.Of.of(r)
	if v.IsNull() {
		return true, nil
	}
	var err error
	if s == nil {
		v, err = t.schemaless(v)
	} else {
		s, v, err = t.typed(s, v)
	}
	if err != nil {
		return false, fmt.Errorf("Cast: %w", err)
	}
	t.c.Of.set(r, s, v)
	return true, nil
}

func (t *cast) schemaless(v tailrace.Value) (tailrace.Value, error) {
	if t.c.Whole != tailrace.TypeNull {
		return castValue(nil, v, t.c.Whole)
	}
	if v.Type() != tailrace.TypeMap {
		return v, fmt.Errorf("the %s is %s and must be a map, as there is no schema", t.c.Of, v.Type())
	}
	kvs := extended(v.Entries(), len(t.names))
	for _, name := range t.names {
		old, _ := entry(kvs, name)
		v, err := castValue(nil, old, t.c.Fields[name])
		if err != nil {
			return v, fmt.Errorf("the field %s: %w", name, err)
		}
		kvs = put(kvs, name, v)
	}
	return tailrace.Map(kvs), nil
}

func (t *cast) typed(s *tailrace.Schema, v tailrace.Value) (*tailrace.Schema, tailrace.Value, error) {
	plan, err := t.plans.Of(s)
	if err != nil {
		return nil, v, err
	}
	if t.c.Whole != tailrace.TypeNull {
		v, err = castValue(s, v, t.c.Whole)
		return plan.schema, v, err
	}
	if !isStruct(s, v) {
		return nil, v, t.c.Of.needsStruct("", s, v)
	}
	vs := t.slabs.Values(len(plan.columns))
	plan.fill(vs, v.Fields())
	for i, from := range plan.from {
		if from == nil {
			continue
		}
		if vs[i], err = castValue(from, vs[i], plan.to[i]); err != nil {
			return nil, v, fmt.Errorf("the field %s: %w", plan.schema.Fields()[i].Name, err)
		}
	}
	return plan.schema, tailrace.StructOf(vs), nil
}

func (t *cast) derive(s *tailrace.Schema) (p castPlan, err error) {
	if t.c.Whole != tailrace.TypeNull {
		if isLogical(s) {
			return p, fmt.Errorf("the %s is of %s, and would keep that name; hoist it into a field and cast that", t.c.Of, s.Name())
		}
		p.schema, err = retyped(SchemaLike(t.c.Whole, s), s, t.c.Whole)
		return p, err
	}
	if s.Type() != tailrace.TypeStruct {
		return p, fmt.Errorf("the %s is %s and must be a struct", t.c.Of, s.Type())
	}
	if _, ok := s.Default(); ok {
		return p, errors.New("the struct has a default, which cannot be cast")
	}
	p.selection = sameFields(s, t.c.KeepNulls)
	b := SchemaLike(tailrace.TypeStruct, s)
	if s.Optional() {
		b.Optional()
	}
	p.from, p.to = make([]*tailrace.Schema, len(p.columns)), make([]tailrace.Type, len(p.columns))
	for i, f := range s.Fields() {
		field := f.Schema
		if to, ok := t.c.Fields[f.Name]; ok {
			p.from[i], p.to[i] = field, to
			if field, err = retyped(tailrace.NewSchema(to), field, to); err != nil {
				return p, fmt.Errorf("the field %s: %w", f.Name, err)
			}
		}
		b.Field(f.Name, field)
	}
	p.schema, err = b.Build()
	return p, err
}

// isLogical says whether the schema is one of Connect's own logical types.
func isLogical(s *tailrace.Schema) bool {
	switch s.Name() {
	case tailrace.DecimalName, tailrace.DateName, tailrace.TimeName, tailrace.TimestampName:
		return true
	}
	return false
}

// retyped builds b with what s says of null.
func retyped(b *tailrace.SchemaBuilder, s *tailrace.Schema, to tailrace.Type) (*tailrace.Schema, error) {
	if s.Optional() {
		b.Optional()
	}
	if def, ok := s.Default(); ok && !def.IsNull() {
		def, err := castValue(s, def, to)
		if err != nil {
			return nil, fmt.Errorf("the default: %w", err)
		}
		b.Default(def)
	}
	return b.Build()
}

// castValue makes a value of the type; null and Unchanged stay what they are.
func castValue(s *tailrace.Schema, v tailrace.Value, to tailrace.Type) (tailrace.Value, error) {
	if v.IsNull() || v.IsUnchanged() {
		return v, nil
	}
	if to == tailrace.TypeString {
		return castText(s, v)
	}
	if s != nil && s.Name() == tailrace.DecimalName && v.Type() == tailrace.TypeBytes {
		n, scale, err := tailrace.AsDecimal(s, v)
		if err != nil {
			return v, err
		}
		return decimal{n, scale}.as(to), nil
	}
	switch v.Type() {
	case tailrace.TypeInt8, tailrace.TypeInt16, tailrace.TypeInt32, tailrace.TypeInt64:
		return castInt(v.Int(), to), nil
	case tailrace.TypeFloat32, tailrace.TypeFloat64:
		return castFloat(v.Float(), to), nil
	case tailrace.TypeBoolean:
		if to == tailrace.TypeBoolean {
			return v, nil
		}
		n := int64(0)
		if v.Bool() {
			n = 1
		}
		return castInt(n, to), nil
	case tailrace.TypeString:
		return parseValue(v.Text(), to)
	}
	return v, fmt.Errorf("%s cannot be cast to %s", v.Type(), to)
}

func castInt(n int64, to tailrace.Type) tailrace.Value {
	switch to {
	case tailrace.TypeFloat32:
		return tailrace.Float32(float32(n))
	case tailrace.TypeFloat64:
		return tailrace.Float64(float64(n))
	case tailrace.TypeBoolean:
		return tailrace.Boolean(n != 0)
	}
	return narrow(to, n)
}

func castFloat(f float64, to tailrace.Type) tailrace.Value {
	switch to {
	case tailrace.TypeFloat32:
		return tailrace.Float32(float32(f))
	case tailrace.TypeFloat64:
		return tailrace.Float64(f)
	case tailrace.TypeBoolean:
		return tailrace.Boolean(narrowFloat(tailrace.TypeInt64, f).Int() != 0)
	}
	return narrowFloat(to, f)
}

func (d decimal) as(to tailrace.Type) tailrace.Value {
	switch to {
	case tailrace.TypeFloat32:
		return tailrace.Float32(float32(d.float(32)))
	case tailrace.TypeFloat64:
		return tailrace.Float64(d.float(64))
	}
	return castInt(d.int64(), to)
}

func parseValue(text string, to tailrace.Type) (v tailrace.Value, err error) {
	switch to {
	case tailrace.TypeFloat32, tailrace.TypeFloat64:
		f, ok := parseFloat(text, bits(to))
		if !ok {
			return v, fmt.Errorf("the text is no number, as %s must be", to)
		}
		return castFloat(f, to), nil
	case tailrace.TypeBoolean:
		return tailrace.Boolean(strings.EqualFold(text, "true")), nil
	}
	if v, err = parseInt(to, text); err != nil {
		return tailrace.Value{}, fmt.Errorf("the text is no whole number in the range of %s", to)
	}
	return v, nil
}

func castText(s *tailrace.Schema, v tailrace.Value) (tailrace.Value, error) {
	if s != nil {
		switch s.Name() {
		case tailrace.DateName:
			return tailrace.String(isoText(v.Int() * millisPerDay)), nil
		case tailrace.TimeName, tailrace.TimestampName:
			return tailrace.String(isoText(v.Int())), nil
		}
	}
	switch v.Type() {
	case tailrace.TypeArray, tailrace.TypeMap, tailrace.TypeStruct:
		return v, fmt.Errorf("%s cannot be cast to string", v.Type())
	case tailrace.TypeString:
		return v, nil
	case tailrace.TypeBytes:
		if s == nil || s.Name() != tailrace.DecimalName {
			return tailrace.String(base64.StdEncoding.EncodeToString(v.Bytes())), nil
		}
	}
	text, err := converter.String{}.Append([]byte{}, "", s, v)
	return tailrace.String(string(text)), err
}

const millisPerDay = 24 * 60 * 60 * 1000

// isoText is the text of a date, a time or both, by what the number looks like.
func isoText(millis int64) string {
	at := time.UnixMilli(millis).UTC()
	switch {
	case millis < millisPerDay:
		return at.Format("15:04:05.000Z")
	case millis%millisPerDay == 0:
		return at.Format("2006-01-02")
	}
	return at.Format("2006-01-02T15:04:05.000Z")
}
