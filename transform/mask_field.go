package transform

import (
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/tailrace-io/tailrace"
)

// MaskField hides what fields hold: behind zeros, empty text and the like, or
// behind a replacement.
type MaskField struct {
	// Of is the part of the record.
	Of Part

	// Fields names the fields.
	Fields []string

	// Replacement, unless it is empty, is what stands in numbers and text: the
	// number that it is, cut down to what the field's type holds. Fields of
	// other types are an error then.
	Replacement string

	// KeepNulls keeps a null in a field that has a default, which otherwise
	// takes its place, and then is masked.
	KeepNulls bool
}

// New gives the transform, or everything that is wrong with its options.
//
// Null, and a column that the log did not carry, have nothing to hide and stay.
// The transform fails for a part that has no fields, null included, and for
// fields that are bytes or structs. So do decimals whose scale the replacement,
// which without one is 0, does not have. A map gets those of the fields that it
// lacks, as null.
func (c MaskField) New() (Transform, error) {
	o := options{transform: "MaskField"}
	c.Of.check(&o)
	o.names("Fields", c.Fields)
	t := &maskField{c: c}
	t.number, t.isNumber = parseDecimal(c.Replacement)
	t.plans.derive = byPointer(t.derive)
	return t, o.err()
}

type maskField struct {
	c        MaskField
	number   decimal // the replacement
	isNumber bool
	plans    Derived[*maskPlan]
	slabs    Slabs
}

type maskPlan struct {
	selection
	masked []int // the columns
}

func (t *maskField) Apply(r *tailrace.Record) (bool, error) {
	s, v := t.c.Of.of(r)
	switch {
	case s == nil && v.Type() == tailrace.TypeMap:
		kvs := extended(v.Entries(), len(t.c.Fields))
		for _, name := range t.c.Fields {
			old, _ := entry(kvs, name)
			v, err := t.mask(nil, old)
			if err != nil {
				return false, fmt.Errorf("MaskField: the field %s: %w", name, err)
			}
			kvs = put(kvs, name, v)
		}
		t.c.Of.set(r, nil, tailrace.Map(kvs))
		return true, nil
	case !isStruct(s, v):
		return false, t.c.Of.needsStruct("MaskField", s, v)
	}
	plan, err := t.plans.Of(s)
	if err != nil {
		return false, fmt.Errorf("MaskField: %w", err)
	}
	vs := t.slabs.Values(len(plan.columns))
	plan.fill(vs, v.Fields())
	for _, i := range plan.masked {
		f := &s.Fields()[i]
		if vs[i], err = t.mask(f.Schema, vs[i]); err != nil {
			return false, fmt.Errorf("MaskField: the field %s: %w", f.Name, err)
		}
	}
	t.c.Of.set(r, s, tailrace.StructOf(vs))
	return true, nil
}

func (t *maskField) derive(s *tailrace.Schema) (maskPlan, error) {
	p := maskPlan{selection: sameFields(s, t.c.KeepNulls)}
	for i, f := range s.Fields() {
		if slices.Contains(t.c.Fields, f.Name) {
			p.masked = append(p.masked, i)
		}
	}
	return p, nil
}

func (t *maskField) mask(s *tailrace.Schema, v tailrace.Value) (tailrace.Value, error) {
	if v.IsNull() || v.IsUnchanged() {
		return v, nil
	}
	if s != nil && s.Name() == tailrace.DecimalName {
		return t.maskDecimal(s)
	}
	if t.c.Replacement != "" {
		return t.replace(s, v)
	}
	switch v.Type() {
	case tailrace.TypeInt8, tailrace.TypeInt16, tailrace.TypeInt32, tailrace.TypeInt64:
		return tailrace.Integer(v.Type(), 0), nil
	case tailrace.TypeFloat32:
		return tailrace.Float32(0), nil
	case tailrace.TypeFloat64:
		return tailrace.Float64(0), nil
	case tailrace.TypeBoolean:
		return tailrace.Boolean(false), nil
	case tailrace.TypeString:
		return tailrace.String(""), nil
	case tailrace.TypeArray:
		return tailrace.Array(nil), nil
	case tailrace.TypeMap:
		return tailrace.Map(nil), nil
	}
	return v, fmt.Errorf("%s cannot be masked", v.Type())
}

func (t *maskField) maskDecimal(s *tailrace.Schema) (v tailrace.Value, err error) {
	scale, err := tailrace.Scale(s)
	if err != nil {
		return v, err
	}
	mask := decimal{new(big.Int), 0}
	if t.c.Replacement != "" {
		if !t.isNumber {
			return v, errNoNumber
		}
		mask = t.number
	}
	if mask.scale != scale {
		return v, fmt.Errorf("a decimal with %d digits behind the point cannot be masked by one with %d", scale, mask.scale)
	}
	return tailrace.Decimal(mask.unscaled), nil
}

var errNoNumber = errors.New("the replacement is no number")

func (t *maskField) replace(s *tailrace.Schema, v tailrace.Value) (tailrace.Value, error) {
	if s != nil && isLogical(s) {
		return v, fmt.Errorf("%s cannot be masked by a replacement", s.Name())
	}
	switch v.Type() {
	case tailrace.TypeString:
		return tailrace.String(t.c.Replacement), nil
	case tailrace.TypeInt8, tailrace.TypeInt16, tailrace.TypeInt32, tailrace.TypeInt64:
		if !t.isNumber {
			return v, errNoNumber
		}
		return narrow(v.Type(), t.number.int64()), nil
	case tailrace.TypeFloat32, tailrace.TypeFloat64:
		if !t.isNumber {
			return v, errNoNumber
		}
		// Java gives a float32 by way of the float64.
		return castFloat(t.number.float(64), v.Type()), nil
	}
	return v, fmt.Errorf("%s cannot be masked by a replacement", v.Type())
}
