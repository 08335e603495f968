package transform

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tailrace-io/tailrace"
)

// ReplaceField leaves fields out and renames fields. Connect's transform of that
// name also gives a field the value of the one that would be renamed to it,
// which is why a rename whose target exists needs its source to exist, too.
type ReplaceField struct {
	// Of is the part of the record.
	Of Part

	// Exclude names fields to leave out.
	Exclude []string

	// Include, unless it is empty, names the fields to keep. Exclude has the
	// last word.
	Include []string

	// Rename maps fields to their new names. The lists name fields by their old
	// ones.
	Rename map[string]string

	// KeepNulls keeps a null in a field that has a default, which otherwise
	// takes its place.
	KeepNulls bool
}

// New gives the transform, or everything that is wrong with its options.
//
// The transform leaves records alone whose part is null. It fails for a part
// that has no fields, and where two fields get one name.
func (c ReplaceField) New() (Transform, error) {
	o := options{transform: "ReplaceField"}
	c.Of.check(&o)
	o.distinct("Exclude", c.Exclude)
	o.distinct("Include", c.Include)
	t := &replaceField{c: c, origins: make(map[string]string, len(c.Rename))}
	for _, from := range slices.Sorted(maps.Keys(c.Rename)) {
		to := c.Rename[from]
		if to == "" {
			o.wrong("Rename", "%q has no new name", from)
		}
		if other, twice := t.origins[to]; twice {
			o.wrong("Rename", "both %q and %q become %q", other, from, to)
		}
		t.origins[to] = from
	}
	t.plans.derive = byPointer(t.derive)
	t.values.derive = t.projection
	return t, o.err()
}

type replaceField struct {
	c       ReplaceField
	origins map[string]string
	plans   Derived[*selection]
	values  Derived[*Projection]
	slabs   Slabs
}

func (t *replaceField) follows() bool { return t.c.Of == Value }

func (t *replaceField) projection(s *tailrace.Schema) (*Projection, error) {
	sel, err := t.derive(s)
	if err != nil {
		return nil, fmt.Errorf("ReplaceField: %w", err)
	}
	return sel.projection(), nil
}

// Project implements Projector.
func (t *replaceField) Project(r *tailrace.Record) (*Projection, bool, error) {
	if t.c.Of != Value || !isStruct(r.ValueSchema, r.Value) {
		keep, err := t.Apply(r)
		return nil, keep, err
	}
	p, err := t.values.Of(r.ValueSchema)
	return p, err == nil, err
}

func (t *replaceField) keeps(field string) bool {
	return !slices.Contains(t.c.Exclude, field) && (len(t.c.Include) == 0 || slices.Contains(t.c.Include, field))
}

func (t *replaceField) renamed(field string) string {
	if to, ok := t.c.Rename[field]; ok {
		return to
	}
	return field
}

func (t *replaceField) Apply(r *tailrace.Record) (bool, error) {
	s, v := t.c.Of.of(r)
	switch {
	case v.IsNull():
	case s == nil && v.Type() == tailrace.TypeMap:
		t.c.Of.set(r, nil, t.entries(v.Entries()))
	case !isStruct(s, v):
		return false, t.c.Of.needsStruct("ReplaceField", s, v)
	default:
		plan, err := t.plans.Of(s)
		if err != nil {
			return false, fmt.Errorf("ReplaceField: %w", err)
		}
		if plan.whole {
			t.c.Of.set(r, plan.schema, v)
			break
		}
		vs := t.slabs.Values(len(plan.columns))
		plan.fill(vs, v.Fields())
		t.c.Of.set(r, plan.schema, tailrace.StructOf(vs))
	}
	return true, nil
}

func (t *replaceField) entries(kvs []tailrace.Value) tailrace.Value {
	out := make([]tailrace.Value, 0, len(kvs))
	for i := 0; i < len(kvs); i += 2 {
		switch name := kvs[i]; {
		case !t.keeps(name.Text()):
		case t.c.Rename[name.Text()] == "":
			out = append(out, name, kvs[i+1])
		default:
			out = put(out, t.renamed(name.Text()), kvs[i+1])
		}
	}
	return tailrace.Map(out)
}

func (t *replaceField) derive(s *tailrace.Schema) (sel selection, err error) {
	b := SchemaLike(tailrace.TypeStruct, s)
	for _, f := range s.Fields() {
		if !t.keeps(f.Name) {
			continue
		}
		name := t.renamed(f.Name)
		b.Field(name, f.Schema)
		origin, ok := t.origins[name]
		if !ok {
			origin = name
		}
		from, ok := s.Field(origin)
		if !ok {
			return sel, fmt.Errorf("the field %s is to become %s, and there is the second alone", origin, name)
		}
		sel.add(from, t.c.KeepNulls)
	}
	sel.schema, err = b.Build()
	sel.plan(len(s.Fields()))
	return sel, err
}
