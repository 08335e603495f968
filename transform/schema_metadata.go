package transform

import (
	"fmt"

	"github.com/tailrace-io/tailrace"
)

// SetSchemaMetadata gives the part's schema another name or version.
type SetSchemaMetadata struct {
	// Of is the part of the record.
	Of Part

	// Name is the name; "" leaves it as it is.
	Name string

	// Version is the version; without one it stays as it is.
	Version tailrace.Null[int]

	// KeepNulls keeps a null in a field that has a default, which otherwise
	// takes its place.
	KeepNulls bool
}

// New gives the transform, or everything that is wrong with its options.
//
// The transform leaves records alone whose part is null without a schema. It
// fails for other parts without a schema, and for schemas of other types than a
// struct.
func (c SetSchemaMetadata) New() (Transform, error) {
	o := options{transform: "SetSchemaMetadata"}
	c.Of.check(&o)
	if c.Name == "" && !c.Version.Valid {
		o.wrong("Name", "must be there, unless Version is")
	}
	t := &setSchemaMetadata{c: c}
	t.plans.derive = byPointer(t.derive)
	return t, o.err()
}

type setSchemaMetadata struct {
	c     SetSchemaMetadata
	plans Derived[*selection]
	slabs Slabs
}

func (t *setSchemaMetadata) Apply(r *tailrace.Record) (bool, error) {
	s, v := t.c.Of.of(r)
	if s == nil {
		if v.IsNull() {
			return true, nil
		}
		return false, fmt.Errorf("SetSchemaMetadata: the %s is %s and has no schema", t.c.Of, v.Type())
	}
	plan, err := t.plans.Of(s)
	if err != nil {
		return false, fmt.Errorf("SetSchemaMetadata: %w", err)
	}
	if !v.IsNull() && !isStruct(s, v) {
		return false, t.c.Of.needsStruct("SetSchemaMetadata", s, v)
	}
	if !v.IsNull() && !plan.whole {
		vs := t.slabs.Values(len(plan.columns))
		plan.fill(vs, v.Fields())
		v = tailrace.StructOf(vs)
	}
	t.c.Of.set(r, plan.schema, v)
	return true, nil
}

func (t *setSchemaMetadata) derive(s *tailrace.Schema) (selection, error) {
	if s.Type() != tailrace.TypeStruct {
		return selection{}, fmt.Errorf("the schema of the %s is %s and must be a struct", t.c.Of, s.Type())
	}
	sel := sameFields(s, t.c.KeepNulls)
	b := s.Builder()
	if t.c.Name != "" {
		b.Name(t.c.Name)
	}
	if t.c.Version.Valid {
		b.Version(t.c.Version.V)
	}
	var err error
	sel.schema, err = b.Build()
	return sel, err
}
