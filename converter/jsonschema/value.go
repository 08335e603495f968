package jsonschema

import (
	"fmt"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/converter/internal/jsontree"
)

// reader is what is worked out once about how a schema's data is read. What
// converter.JSON reads, that converter reads.
type reader struct {
	schema *tailrace.Schema
	plain  *converter.JSON // nil where something in the schema is read otherwise
	fields []*reader
	key    *reader
	elem   *reader
}

func (c *Config) reader(s *tailrace.Schema) *reader {
	r := &reader{schema: s}
	if plain(s) {
		r.plain = c.json(s)
		return r
	}
	for _, f := range s.Fields() {
		r.fields = append(r.fields, c.reader(f.Schema))
	}
	if s.Key() != nil {
		r.key = c.reader(s.Key())
	}
	if s.Elem() != nil {
		r.elem = c.reader(s.Elem())
	}
	return r
}

// decode reads the text of a value.
func (r *reader) decode(text []byte) (tailrace.Value, error) {
	if r.plain != nil {
		_, v, err := r.plain.Decode("", text)
		return v, err
	}
	n, err := jsontree.Parse(text)
	if err != nil {
		return tailrace.Value{}, err
	}
	return r.read(n)
}

// read reads a value.
func (r *reader) read(n jsontree.Node) (v tailrace.Value, err error) {
	if n.Kind == jsontree.None || n.Kind == jsontree.Null {
		if def, ok := r.schema.Default(); ok {
			return def, nil
		}
		if !r.schema.Optional() {
			return v, fmt.Errorf("null where %s is required", r.schema.Type())
		}
		return v, nil
	}
	if r.plain != nil {
		return r.decode(n.Append([]byte{}))
	}
	var vs []tailrace.Value
	add := func(r *reader, n jsontree.Node) {
		if err == nil {
			v, err = r.read(n)
			vs = append(vs, v)
		}
	}
	switch {
	case isUnion(r.schema):
		return r.readUnion(n)
	case r.schema.Type() == tailrace.TypeStruct && n.Kind == jsontree.Object:
		for i, f := range r.schema.Fields() {
			if add(r.fields[i], n.Get(f.Name)); err != nil {
				return v, fmt.Errorf("field %s: %w", f.Name, err)
			}
		}
		return tailrace.StructOf(vs), nil
	case r.schema.Type() == tailrace.TypeArray && n.Kind == jsontree.Array:
		for _, e := range n.Elems {
			add(r.elem, e)
		}
		return tailrace.Array(vs), err
	case r.schema.Type() == tailrace.TypeMap && textKeys(r.schema) && n.Kind == jsontree.Object:
		for _, m := range n.Members {
			vs = append(vs, tailrace.String(m.Name))
			add(r.elem, m.Node)
		}
		return tailrace.Map(vs), err
	case r.schema.Type() == tailrace.TypeMap && !textKeys(r.schema) && n.Kind == jsontree.Array:
		for _, e := range n.Elems {
			add(r.key, e.Get("key"))
			add(r.elem, e.Get("value"))
		}
		return tailrace.Map(vs), err
	}
	return v, fmt.Errorf("the JSON is of another type than %s", r.schema.Type())
}

// readUnion reads the first branch that takes the value.
func (r *reader) readUnion(n jsontree.Node) (tailrace.Value, error) {
	vs := make([]tailrace.Value, len(r.fields))
	for i, f := range r.fields {
		if v, err := f.read(n); err == nil && covers(f.schema, n) {
			vs[i] = v
			return tailrace.StructOf(vs), nil
		}
	}
	return tailrace.Value{}, fmt.Errorf("the JSON is of none of the %d types of a union", len(vs))
}

// covers says whether an object has no members but those of the schema.
func covers(s *tailrace.Schema, n jsontree.Node) bool {
	if s.Type() != tailrace.TypeStruct || n.Kind != jsontree.Object {
		return true
	}
	for _, m := range n.Members {
		if _, ok := s.Field(m.Name); !ok {
			return false
		}
	}
	return true
}
