package transform

import (
	"fmt"
	"slices"

	"github.com/tailrace-io/tailrace"
)

// DropHeaders removes all headers of the names.
func DropHeaders(names ...string) Transform {
	drop := func(h tailrace.Header) bool { return slices.Contains(names, h.Key) }
	return Func(func(r *tailrace.Record) (bool, error) {
		if slices.ContainsFunc(r.Headers, drop) {
			r.Headers = slices.DeleteFunc(slices.Clone(r.Headers), drop)
		}
		return true, nil
	})
}

// InsertHeader adds a header behind those that the record has. ParseLiteral
// gives the schema and the value that Connect makes of a text.
func InsertHeader(name string, schema *tailrace.Schema, v tailrace.Value) Transform {
	return Func(func(r *tailrace.Record) (bool, error) {
		r.Headers = withHeaders(r.Headers, 1)
		r.Headers = append(r.Headers, tailrace.Header{Key: name, Schema: schema, Value: v})
		return true, nil
	})
}

// withHeaders copies headers, with room for n more.
func withHeaders(hs []tailrace.Header, n int) []tailrace.Header {
	return append(make([]tailrace.Header, 0, len(hs)+n), hs...)
}

// HeaderFrom makes headers of fields.
type HeaderFrom struct {
	// Of is the part of the record.
	Of Part

	// Fields names the fields, and Headers, in the same order, the headers.
	Fields, Headers []string

	// Move takes the fields out of the part; otherwise they stay.
	Move bool

	// KeepNulls keeps a null of a field that has a default, which otherwise
	// takes its place, in the header as in what Move leaves.
	KeepNulls bool
}

// New gives the transform, or everything that is wrong with its options.
//
// The transform fails for a part that has no fields, null included, and where
// a struct does not have one of the fields; a map without one gives a header
// that is null.
func (c HeaderFrom) New() (Transform, error) {
	o := options{transform: "HeaderFrom"}
	c.Of.check(&o)
	if len(c.Fields) == 0 {
		o.wrong("Fields", "must name one at least")
	}
	if len(c.Headers) != len(c.Fields) {
		o.wrong("Headers", "must name as many as Fields: there are %d and %d", len(c.Headers), len(c.Fields))
	}
	t := &headerFrom{c: c}
	t.plans.derive = byPointer(t.derive)
	return t, o.err()
}

type headerFrom struct {
	c     HeaderFrom
	plans Derived[*headerPlan]
	slabs Slabs
}

type headerPlan struct {
	rest    selection // what is left of the struct
	columns []column
	schemas []*tailrace.Schema
}

func (t *headerFrom) Apply(r *tailrace.Record) (bool, error) {
	s, v := t.c.Of.of(r)
	switch {
	case s == nil && v.Type() == tailrace.TypeMap:
		t.entries(r, v.Entries())
		return true, nil
	case !isStruct(s, v):
		return false, t.c.Of.needsStruct("HeaderFrom", s, v)
	}
	plan, err := t.plans.Of(s)
	if err != nil {
		return false, fmt.Errorf("HeaderFrom: %w", err)
	}
	old := v.Fields()
	hs := withHeaders(r.Headers, len(plan.columns))
	for i, c := range plan.columns {
		hs = append(hs, tailrace.Header{Key: t.c.Headers[i], Schema: plan.schemas[i], Value: c.value(old)})
	}
	r.Headers = hs
	if t.c.Move {
		vs := t.slabs.Values(len(plan.rest.columns))
		plan.rest.fill(vs, old)
		t.c.Of.set(r, plan.rest.schema, tailrace.StructOf(vs))
	}
	return true, nil
}

func (t *headerFrom) entries(r *tailrace.Record, kvs []tailrace.Value) {
	hs := withHeaders(r.Headers, len(t.c.Fields))
	for i, name := range t.c.Fields {
		v, _ := entry(kvs, name)
		hs = append(hs, tailrace.Header{Key: t.c.Headers[i], Value: v})
	}
	r.Headers = hs
	if !t.c.Move {
		return
	}
	rest := make([]tailrace.Value, 0, len(kvs))
	for i := 0; i < len(kvs); i += 2 {
		if !slices.Contains(t.c.Fields, kvs[i].Text()) {
			rest = append(rest, kvs[i], kvs[i+1])
		}
	}
	t.c.Of.set(r, nil, tailrace.Map(rest))
}

func (t *headerFrom) derive(s *tailrace.Schema) (p headerPlan, err error) {
	for _, name := range t.c.Fields {
		f, ok := s.Field(name)
		if !ok {
			return p, fmt.Errorf("the %s has no field %s", t.c.Of, name)
		}
		p.columns = append(p.columns, columnOf(f, t.c.KeepNulls))
		p.schemas = append(p.schemas, f.Schema)
	}
	b := SchemaLike(tailrace.TypeStruct, s)
	for _, f := range s.Fields() {
		if !slices.Contains(t.c.Fields, f.Name) {
			b.Field(f.Name, f.Schema)
			p.rest.add(f, t.c.KeepNulls)
		}
	}
	p.rest.plan(len(s.Fields()))
	p.rest.schema, err = b.Build()
	return p, err
}
