package transform

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
)

// TimestampForm is what a timestamp may be.
type TimestampForm uint8

const (
	TextTimestamp    TimestampForm = iota + 1 // text in a format
	UnixTimestamp                             // an int64 that counts from 1970 on
	ConnectDate                               // Connect's Date
	ConnectTime                               // Connect's Time, of a day
	ConnectTimestamp                          // Connect's Timestamp
)

// TimestampConverter changes the form of timestamps. What they are is known by
// their schemas, or, without one, by being text or numbers. The zone is UTC.
type TimestampConverter struct {
	// Of is the part of the record.
	Of Part

	// Field names the field; "" if the part as a whole is a timestamp.
	Field string

	// To is the new form.
	To TimestampForm

	// Format is how timestamps are read from text and written as such: a
	// pattern of Java's SimpleDateFormat, such as yyyy-MM-dd'T'HH:mm:ss.SSSX.
	// Names are English, and weeks begin on Sunday.
	Format string

	// Unix is the unit that a UnixTimestamp counts, and is read in; a
	// millisecond unless it is set.
	Unix time.Duration

	// KeepNulls keeps a null in a field that has a default, which otherwise
	// takes its place.
	KeepNulls bool
}

// New gives the transform, or everything that is wrong with its options.
//
// Null stays null. The transform fails for what is no timestamp, and for text
// that the format does not read; not for a struct without the field. Without a
// schema a timestamp can become text or a number, and nothing else.
func (c TimestampConverter) New() (Transform, error) {
	o := options{transform: "TimestampConverter"}
	c.Of.check(&o)
	t := &timestampConverter{c: c}
	if c.To < TextTimestamp || c.To > ConnectTimestamp {
		o.wrong("To", "must be one of the forms, such as TextTimestamp")
	}
	if c.Unix == 0 {
		t.c.Unix = time.Millisecond
	}
	switch t.c.Unix {
	case time.Second, time.Millisecond, time.Microsecond, time.Nanosecond:
	default:
		o.wrong("Unix", "%v is neither a second nor a milli-, micro- or nanosecond", c.Unix)
	}
	if blank := strings.TrimSpace(c.Format) == ""; blank && c.To == TextTimestamp {
		o.wrong("Format", "must be there, to write text")
	} else if !blank {
		format, err := parseDateFormat(c.Format)
		if err != nil {
			o.wrong("Format", "%w", err)
		}
		t.format = format
	}
	t.plans.derive = byPointer(t.derive)
	return t, o.err()
}

type timestampConverter struct {
	c      TimestampConverter
	format *dateFormat // nil without one
	plans  Derived[*timestampPlan]
	slabs  Slabs
}

type timestampPlan struct {
	selection
	at   int // the field's place; -1 for none, or for the whole
	from TimestampForm
}

func (t *timestampConverter) Apply(r *tailrace.Record) (bool, error) {
	s, v := t.c.Of.of(r)
	var err error
	if s == nil {
		v, err = t.schemaless(v)
	} else {
		s, v, err = t.typed(s, v)
	}
	if err != nil {
		return false, fmt.Errorf("TimestampConverter: %w", err)
	}
	t.c.Of.set(r, s, v)
	return true, nil
}

func (t *timestampConverter) schemaless(v tailrace.Value) (tailrace.Value, error) {
	if v.IsNull() || t.c.Field == "" {
		return t.convertAny(v)
	}
	if v.Type() != tailrace.TypeMap {
		return v, fmt.Errorf("the %s is %s and must be a map, as there is no schema", t.c.Of, v.Type())
	}
	old, _ := entry(v.Entries(), t.c.Field)
	converted, err := t.convertAny(old)
	if err != nil {
		return v, fmt.Errorf("the field %s: %w", t.c.Field, err)
	}
	return tailrace.Map(put(extended(v.Entries(), 1), t.c.Field, converted)), nil
}

func (t *timestampConverter) convertAny(v tailrace.Value) (tailrace.Value, error) {
	form := UnixTimestamp
	switch v.Type() {
	case tailrace.TypeNull, tailrace.TypeUnchanged:
		return v, nil
	case tailrace.TypeInt64:
	case tailrace.TypeString:
		form = TextTimestamp
	default:
		return v, fmt.Errorf("%s is no timestamp; int64 and string may be", v.Type())
	}
	if t.c.To > UnixTimestamp {
		return v, fmt.Errorf("what a schemaless timestamp becomes must be text or a number")
	}
	return t.convert(form, v)
}

func (t *timestampConverter) typed(s *tailrace.Schema, v tailrace.Value) (*tailrace.Schema, tailrace.Value, error) {
	plan, err := t.plans.Of(s)
	if err != nil {
		return nil, v, err
	}
	switch {
	case t.c.Field == "":
		v, err = t.convert(plan.from, v)
		return plan.schema, v, err
	case v.IsNull():
		return plan.schema, v, nil
	case !isStruct(s, v):
		return nil, v, t.c.Of.needsStruct("", s, v)
	}
	if v, err = t.fields(plan, v.Fields()); err != nil {
		return nil, v, fmt.Errorf("the field %s: %w", t.c.Field, err)
	}
	return plan.schema, v, nil
}

func (t *timestampConverter) fields(plan *timestampPlan, old []tailrace.Value) (v tailrace.Value, err error) {
	vs := t.slabs.Values(len(plan.columns))
	plan.fill(vs, old)
	if plan.at >= 0 {
		if vs[plan.at], err = t.convert(plan.from, vs[plan.at]); err != nil {
			return v, err
		}
	}
	return tailrace.StructOf(vs), nil
}

func (t *timestampConverter) derive(s *tailrace.Schema) (p timestampPlan, err error) {
	p.at = -1
	if t.c.Field == "" {
		p.from = formOf(s)
		p.schema, err = t.c.To.schema(s.Optional())
		return p, err
	}
	if s.Type() != tailrace.TypeStruct {
		return p, fmt.Errorf("the %s is %s and must be a struct", t.c.Of, s.Type())
	}
	p.selection = sameFields(s, t.c.KeepNulls)
	b := SchemaLike(tailrace.TypeStruct, s)
	if s.Optional() {
		b.Optional()
	}
	for i, f := range s.Fields() {
		field := f.Schema
		if f.Name == t.c.Field {
			p.at, p.from = i, formOf(field)
			if field, err = t.c.To.schema(field.Optional()); err != nil {
				return p, err
			}
		}
		b.Field(f.Name, field)
	}
	if def, ok := s.Default(); ok && def.Type() == tailrace.TypeStruct {
		if def, err = t.fields(&p, def.Fields()); err != nil {
			return p, fmt.Errorf("the default: %w", err)
		}
		b.Default(def)
	}
	p.schema, err = b.Build()
	return p, err
}

// formOf is what a schema says of its timestamps; 0 where they are none.
func formOf(s *tailrace.Schema) TimestampForm {
	switch s.Name() {
	case tailrace.TimestampName:
		return ConnectTimestamp
	case tailrace.DateName:
		return ConnectDate
	case tailrace.TimeName:
		return ConnectTime
	}
	switch s.Type() {
	case tailrace.TypeString:
		return TextTimestamp
	case tailrace.TypeInt64:
		return UnixTimestamp
	}
	return 0
}

func (f TimestampForm) schema(optional bool) (*tailrace.Schema, error) {
	var b *tailrace.SchemaBuilder
	switch f {
	case TextTimestamp:
		b = tailrace.NewSchema(tailrace.TypeString)
	case UnixTimestamp:
		b = tailrace.NewSchema(tailrace.TypeInt64)
	case ConnectDate:
		b = tailrace.Semantic(tailrace.DateName)
	case ConnectTime:
		b = tailrace.Semantic(tailrace.TimeName)
	default:
		b = tailrace.Semantic(tailrace.TimestampName)
	}
	if optional {
		b.Optional()
	}
	return b.Build()
}

// convert makes the new form of a timestamp by way of its milliseconds.
func (t *timestampConverter) convert(from TimestampForm, v tailrace.Value) (tailrace.Value, error) {
	if from == 0 {
		return v, fmt.Errorf("its schema is no timestamp's")
	}
	if v.IsNull() || v.IsUnchanged() {
		return v, nil
	}
	millis := v.Int()
	switch from {
	case TextTimestamp:
		if t.format == nil {
			return v, fmt.Errorf("a timestamp that is text is not to be read without Format")
		}
		var err error
		if millis, err = t.format.parse(v.Text()); err != nil {
			return v, err
		}
	case UnixTimestamp:
		millis = toMillis(millis, t.c.Unix)
	case ConnectDate:
		millis *= millisPerDay
	}
	switch t.c.To {
	case TextTimestamp:
		return tailrace.String(string(t.format.append(nil, millis))), nil
	case UnixTimestamp:
		return tailrace.Int64(fromMillis(millis, t.c.Unix)), nil
	case ConnectDate:
		return tailrace.Int32(int32(floorDiv(millis, millisPerDay))), nil
	case ConnectTime:
		return tailrace.Int32(int32(millis - floorDiv(millis, millisPerDay)*millisPerDay)), nil
	}
	return tailrace.Int64(millis), nil
}

// toMillis and fromMillis convert as Java's TimeUnit does: towards zero, and to
// the ends of the range instead of beyond them.
func toMillis(n int64, unit time.Duration) int64 {
	if unit <= time.Millisecond {
		return n / int64(time.Millisecond/unit)
	}
	return saturated(n, int64(unit/time.Millisecond))
}

func fromMillis(n int64, unit time.Duration) int64 {
	if unit >= time.Millisecond {
		return n / int64(unit/time.Millisecond)
	}
	return saturated(n, int64(time.Millisecond/unit))
}

func saturated(n, times int64) int64 {
	switch {
	case n > math.MaxInt64/times:
		return math.MaxInt64
	case n < math.MinInt64/times:
		return math.MinInt64
	}
	return n * times
}
