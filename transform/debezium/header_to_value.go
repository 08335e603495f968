package debezium

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// HeaderToValue makes fields of headers: Debezium's transform of that name.
type HeaderToValue struct {
	// Headers names the headers, and Fields, in the same order, the fields. A
	// field may lie in structs of the value: after.origin. A struct that gets a
	// field is no longer optional.
	Headers, Fields []string

	// Move takes the headers away; otherwise they stay.
	Move bool
}

// New gives the transform, or everything that is wrong with its options.
//
// Tombstones, and records without any of the headers, pass. The transform fails
// for other values than structs, for a field that is there already, for headers
// without a schema, and where a struct of the path is missing.
func (c HeaderToValue) New() (transform.Transform, error) {
	errs := optionErrors{transform: "HeaderToValue"}
	if len(c.Headers) == 0 {
		errs.add("Headers", "must name one at least")
	}
	if len(c.Fields) != len(c.Headers) {
		errs.add("Fields", "must name as many as Headers: there are %d and %d", len(c.Fields), len(c.Headers))
	}
	for option, names := range map[string][]string{"Headers": c.Headers, "Fields": c.Fields} {
		for _, name := range names {
			if name == "" || strings.Contains(name, " ") {
				errs.add(option, "%q must be a name without spaces", name)
			}
		}
	}
	t := &headerToValue{c: c}
	t.plans = transform.Derive(func(s *tailrace.Schema) (*graftings, error) { return &graftings{from: s}, nil })
	return t, errs.err()
}

type headerToValue struct {
	c     HeaderToValue
	plans *transform.Derived[*graftings]
	slabs transform.Slabs
}

// graftings are the ways to add headers to values of a schema. Records have the
// same headers one after the other, so that it is the last one that is kept.
type graftings struct {
	from *tailrace.Schema
	last atomic.Pointer[grafting]
}

// grafting adds certain headers to values.
type grafting struct {
	headers []graftedHeader
	root    *graft
}

// graftedHeader is a header that becomes a field.
type graftedHeader struct {
	field  string
	schema *tailrace.Schema
}

// graft is a struct that gets fields, or has structs that do.
type graft struct {
	schema *tailrace.Schema // nil: not a struct, and no value can be one
	from   *tailrace.Schema
	inner  map[int]*graft
	adds   []int // headers

	defaults defaults
}

// Apply implements transform.Transform.
func (t *headerToValue) Apply(r *tailrace.Record) (bool, error) {
	if r.Value.IsNull() {
		return true, nil
	}
	value, err := wholeStruct(r.ValueSchema, r.Value, "the value")
	if err != nil {
		return false, fmt.Errorf("HeaderToValue: %w", err)
	}
	if !slices.ContainsFunc(r.Headers, func(h tailrace.Header) bool { return slices.Contains(t.c.Headers, h.Key) }) {
		return true, nil
	}
	var headers []graftedHeader
	var values []tailrace.Value
	for _, h := range r.Headers {
		if i := slices.Index(t.c.Headers, h.Key); i >= 0 {
			headers, values = append(headers, graftedHeader{t.c.Fields[i], h.Schema}), append(values, h.Value)
		}
	}
	plan, err := t.plan(value.Schema, headers)
	if err != nil {
		return false, fmt.Errorf("HeaderToValue: %w", err)
	}
	v, err := t.grow(plan.root, value.Values, values)
	if err != nil {
		return false, fmt.Errorf("HeaderToValue: %w", err)
	}
	r.ValueSchema, r.Value = plan.root.schema, v
	if t.c.Move {
		r.Headers = slices.DeleteFunc(slices.Clone(r.Headers), func(h tailrace.Header) bool { return slices.Contains(t.c.Headers, h.Key) })
	}
	return true, nil
}

func (t *headerToValue) plan(s *tailrace.Schema, headers []graftedHeader) (*grafting, error) {
	all, err := t.plans.Of(s)
	if err != nil {
		return nil, err
	}
	if p := all.last.Load(); p != nil && slices.Equal(p.headers, headers) {
		return p, nil
	}
	if err := parentsExist(s, headers); err != nil {
		return nil, err
	}
	p := &grafting{headers: headers}
	if p.root, err = p.graft("payload", s, 0); err != nil {
		return nil, err
	}
	all.last.Store(p)
	return p, nil
}

// steps are the names of a path.
func steps(path string) []string { return split(path, ".") }

// split is Java's, which drops empty parts at the end.
func split(text, by string) []string {
	parts := strings.Split(text, by)
	for len(parts) > 0 && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	return parts
}

func parentsExist(s *tailrace.Schema, headers []graftedHeader) error {
	for _, h := range headers {
		names := steps(h.field)
		in := s
		for i := 0; i+1 < len(names); i++ {
			if in.Type() != tailrace.TypeStruct {
				return fmt.Errorf("the field %s cannot be added: what should have %s is %s", h.field, names[i], in.Type())
			}
			f, ok := in.Field(names[i])
			if !ok || f.Schema.Type() < tailrace.TypeArray {
				return fmt.Errorf("the field %s cannot be added: there is no struct called %s", h.field, names[i])
			}
			in = f.Schema
		}
	}
	return nil
}

// graft plans a struct of the value, level structs deep. Debezium tells by the
// end of a name alone whether fields are to be added somewhere in it.
func (p *grafting) graft(name string, s *tailrace.Schema, level int) (*graft, error) {
	g := &graft{from: s, inner: map[int]*graft{}, defaults: defaultsOf(s)}
	if s.Type() < tailrace.TypeArray {
		return g, nil
	}
	if s.Type() != tailrace.TypeStruct {
		return nil, fmt.Errorf("%s is %s and must be a struct", name, s.Type())
	}
	b := transform.SchemaLike(tailrace.TypeStruct, s)
	for _, f := range s.Fields() {
		if !slices.ContainsFunc(p.headers, func(h graftedHeader) bool { return strings.Contains(h.field, f.Name+".") }) {
			b.Field(f.Name, f.Schema)
			continue
		}
		inner, err := p.graft(f.Name, f.Schema, level+1)
		if err != nil {
			return nil, err
		}
		if g.inner[f.Index] = inner; inner.schema == nil {
			b.Field(f.Name, f.Schema)
		} else {
			b.Field(f.Name, inner.schema)
		}
	}
	for i, h := range p.headers {
		if field, ok := ownField(steps(h.field), name, level); ok {
			if h.schema == nil {
				return nil, fmt.Errorf("the header for the field %s has no schema", h.field)
			}
			b.Field(field, h.schema)
			g.adds = append(g.adds, i)
		}
	}
	var err error
	g.schema, err = b.Build()
	return g, err
}

// ownField says whether a path ends in the struct, and in what field.
func ownField(names []string, in string, level int) (string, bool) {
	switch {
	case len(names) == 1 && in == "payload":
		return names[0], true
	case len(names) == level+1 && names[max(level-1, 0)] == in:
		return names[level], true
	}
	return "", false
}

// grow makes the struct with its new fields.
func (t *headerToValue) grow(g *graft, old, headers []tailrace.Value) (v tailrace.Value, err error) {
	vs := t.slabs.Values(len(g.schema.Fields()))
	copy(vs, old)
	g.defaults.fill(vs[:len(old)])
	for i, inner := range g.inner {
		switch {
		case vs[i].IsNull():
		case inner.schema == nil || vs[i].Type() != tailrace.TypeStruct || len(vs[i].Fields()) != len(inner.from.Fields()):
			return v, fmt.Errorf("the field %s is %s and must be a struct of its schema's fields", g.from.Fields()[i].Name, vs[i].Type())
		default:
			if vs[i], err = t.grow(inner, vs[i].Fields(), headers); err != nil {
				return v, err
			}
		}
	}
	for i, h := range g.adds {
		vs[len(old)+i] = headers[h]
	}
	return tailrace.StructOf(vs), nil
}
