package transform

import (
	"fmt"

	"github.com/tailrace-io/tailrace"
)

// HoistField wraps the part into a struct, or, without a schema, a map, whose
// only field it becomes.
type HoistField struct {
	// Of is the part of the record.
	Of Part

	// Field names the field.
	Field string
}

// New gives the transform, or everything that is wrong with its options.
//
// A tombstone becomes a map whose field is null. The transform fails for a null
// that its schema does not allow.
func (c HoistField) New() (Transform, error) {
	o := options{transform: "HoistField"}
	c.Of.check(&o)
	if c.Field == "" {
		o.wrong("Field", "must name the field")
	}
	t := &hoistField{c: c}
	t.schemas.derive = func(s *tailrace.Schema) (*tailrace.Schema, error) {
		return tailrace.NewSchema(tailrace.TypeStruct).Field(c.Field, s).Build()
	}
	return t, o.err()
}

type hoistField struct {
	c       HoistField
	schemas Derived[*tailrace.Schema]
	slabs   Slabs
}

func (t *hoistField) Apply(r *tailrace.Record) (bool, error) {
	s, v := t.c.Of.of(r)
	if s == nil {
		vs := t.slabs.Values(2)
		vs[0], vs[1] = tailrace.String(t.c.Field), v
		t.c.Of.set(r, nil, tailrace.Map(vs))
		return true, nil
	}
	if v.IsNull() && !s.Optional() {
		return false, fmt.Errorf("HoistField: the %s is null, which its schema does not allow", t.c.Of)
	}
	hoisted, err := t.schemas.Of(s)
	if err != nil {
		return false, fmt.Errorf("HoistField: %w", err)
	}
	vs := t.slabs.Values(1)
	vs[0] = v
	t.c.Of.set(r, hoisted, tailrace.StructOf(vs))
	return true, nil
}
