package transform

import (
	"fmt"

	"github.com/tailrace-io/tailrace"
)

// ValueToKey makes the key of fields of the value.
type ValueToKey struct {
	// Fields names them, in the order in which the key has them.
	Fields []string

	// KeepNulls keeps a null of a field that has a default, which otherwise
	// takes its place.
	KeepNulls bool
}

// New gives the transform, or everything that is wrong with its options.
//
// The transform fails for a value that has no fields, null included, and where
// a struct does not have one of the fields; in a map a missing one is null.
func (c ValueToKey) New() (Transform, error) {
	o := options{transform: "ValueToKey"}
	o.names("Fields", c.Fields)
	t := &valueToKey{c: c}
	t.plans.derive = byPointer(t.derive)
	return t, o.err()
}

type valueToKey struct {
	c     ValueToKey
	plans Derived[*selection]
	slabs Slabs
}

func (t *valueToKey) Apply(r *tailrace.Record) (bool, error) {
	s, v := r.ValueSchema, r.Value
	switch {
	case s == nil && v.Type() == tailrace.TypeMap:
		kvs := t.slabs.Values(2 * len(t.c.Fields))
		for i, name := range t.c.Fields {
			kvs[2*i] = tailrace.String(name)
			kvs[2*i+1], _ = entry(v.Entries(), name)
		}
		Key.set(r, nil, tailrace.Map(kvs))
		return true, nil
	case !isStruct(s, v):
		return false, Value.needsStruct("ValueToKey", s, v)
	}
	plan, err := t.plans.Of(s)
	if err != nil {
		return false, fmt.Errorf("ValueToKey: %w", err)
	}
	vs := t.slabs.Values(len(plan.columns))
	plan.fill(vs, v.Fields())
	Key.set(r, plan.schema, tailrace.StructOf(vs))
	return true, nil
}

func (t *valueToKey) derive(s *tailrace.Schema) (sel selection, err error) {
	b := tailrace.NewSchema(tailrace.TypeStruct)
	for _, name := range t.c.Fields {
		f, ok := s.Field(name)
		if !ok {
			return sel, fmt.Errorf("the value has no field %s", name)
		}
		b.Field(name, f.Schema)
		sel.add(f, t.c.KeepNulls)
	}
	sel.plan(len(s.Fields()))
	sel.schema, err = b.Build()
	return sel, err
}
