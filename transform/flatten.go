package transform

import (
	"fmt"

	"github.com/tailrace-io/tailrace"
)

// Flatten brings the fields of nested structs, or maps, up to the top. Their
// names are those of all that they lay in, with a delimiter between them. Arrays
// stay as they are.
type Flatten struct {
	// Of is the part of the record.
	Of Part

	// Delimiter stands between the names; "." unless it is set.
	Delimiter tailrace.Null[string]
}

// New gives the transform, or everything that is wrong with its options.
//
// What lies in something optional becomes optional, and has a default where that
// has one. The transform leaves records alone whose part is null. It fails for
// a part that has no fields, for a map in a struct, and where two fields get
// one name, unless both come out of maps.
func (c Flatten) New() (Transform, error) {
	o := options{transform: "Flatten"}
	c.Of.check(&o)
	t := &flatten{of: c.Of, delimiter: "."}
	if c.Delimiter.Valid {
		t.delimiter = c.Delimiter.V
	}
	t.plans.derive = byPointer(t.derive)
	return t, o.err()
}

type flatten struct {
	of        Part
	delimiter string
	plans     Derived[*flatPlan]
	slabs     Slabs
}

type flatPlan struct {
	schema *tailrace.Schema
	nodes  []flatNode
}

// flatNode is a field, and those in it where it is a struct. width is how many
// values come out of it.
type flatNode struct {
	column
	nested []flatNode
	width  int
}

func (t *flatten) Apply(r *tailrace.Record) (bool, error) {
	s, v := t.of.of(r)
	switch {
	case v.IsNull():
	case s == nil && v.Type() == tailrace.TypeMap:
		kvs, err := t.entries(nil, "", v.Entries(), 0)
		if err != nil {
			return false, fmt.Errorf("Flatten: %w", err)
		}
		t.of.set(r, nil, tailrace.Map(kvs))
	case !isStruct(s, v):
		return false, t.of.needsStruct("Flatten", s, v)
	default:
		plan, err := t.plans.Of(s)
		if err != nil {
			return false, fmt.Errorf("Flatten: %w", err)
		}
		vs := t.slabs.Values(len(plan.schema.Fields()))
		spread(vs, plan.nodes, v.Fields())
		t.of.set(r, plan.schema, tailrace.StructOf(vs))
	}
	return true, nil
}

// maxNested bounds how deep maps may lie in one another, which nobody's data
// reaches, so that data which does is an error and no end of the stack.
const maxNested = 1000

func (t *flatten) entries(dst []tailrace.Value, prefix string, kvs []tailrace.Value, depth int) (_ []tailrace.Value, err error) {
	if depth > maxNested {
		return nil, fmt.Errorf("the %s nests deeper than %d maps", t.of, maxNested)
	}
	for i := 0; i < len(kvs); i += 2 {
		if kvs[i].Type() != tailrace.TypeString {
			return nil, fmt.Errorf("the %s has a map with a key of type %s, where names must be strings", t.of, kvs[i].Type())
		}
		name := t.name(prefix, kvs[i].Text())
		if kvs[i+1].Type() == tailrace.TypeMap {
			if dst, err = t.entries(dst, name, kvs[i+1].Entries(), depth+1); err != nil {
				return nil, err
			}
			continue
		}
		dst = put(dst, name, kvs[i+1])
	}
	return dst, nil
}

func (t *flatten) name(prefix, field string) string {
	if prefix == "" {
		return field
	}
	return prefix + t.delimiter + field
}

// spread puts what comes out of a struct into dst.
func spread(dst []tailrace.Value, nodes []flatNode, vs []tailrace.Value) {
	for i := range nodes {
		n := &nodes[i]
		v := n.value(vs)
		switch {
		case n.nested == nil:
			dst[0] = v
		case v.Type() == tailrace.TypeStruct:
			spread(dst, n.nested, v.Fields())
		case v.IsUnchanged():
			for j := range n.width {
				dst[j] = v
			}
		}
		dst = dst[n.width:]
	}
}

func (t *flatten) derive(s *tailrace.Schema) (p flatPlan, err error) {
	b := SchemaLike(tailrace.TypeStruct, s)
	var def tailrace.Struct
	if v, ok := s.Default(); ok {
		def = tailrace.AsStruct(s, v)
	}
	if p.nodes, err = t.nodes(b, "", s, s.Optional(), def); err != nil {
		return p, err
	}
	p.schema, err = b.Build()
	return p, err
}

// nodes adds the fields of s to b. They are optional where something is that
// they lie in, whose default is def.
func (t *flatten) nodes(b *tailrace.SchemaBuilder, prefix string, s *tailrace.Schema, optional bool, def tailrace.Struct) ([]flatNode, error) {
	nodes := make([]flatNode, 0, len(s.Fields()))
	for _, f := range s.Fields() {
		n := flatNode{column: columnOf(f, false), width: 1}
		name, optional := t.name(prefix, f.Name), optional || f.Schema.Optional()
		fieldDefault := n.def
		if fieldDefault.IsNull() && !def.IsZero() {
			fieldDefault = def.Values[f.Index]
		}
		switch f.Schema.Type() {
		case tailrace.TypeMap:
			return nil, fmt.Errorf("the field %s is a map, which only has names as part of schemaless data", name)
		case tailrace.TypeStruct:
			nested, err := t.nodes(b, name, f.Schema, optional, tailrace.AsStruct(f.Schema, fieldDefault))
			if err != nil {
				return nil, err
			}
			n.nested, n.width = nested, 0
			for i := range nested {
				n.width += nested[i].width
			}
		default:
			leaf, err := flattened(f.Schema, optional, fieldDefault)
			if err != nil {
				return nil, fmt.Errorf("the field %s: %w", name, err)
			}
			b.Field(name, leaf)
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

func flattened(s *tailrace.Schema, optional bool, def tailrace.Value) (*tailrace.Schema, error) {
	b := SchemaLike(s.Type(), s)
	if s.Type() == tailrace.TypeArray {
		b.Elem(s.Elem())
	}
	if optional {
		b.Optional()
	}
	if !def.IsNull() {
		b.Default(def)
	}
	return b.Build()
}
