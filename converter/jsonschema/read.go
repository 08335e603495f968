package jsonschema

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter/internal/jsontree"
)

// reading makes one schema of Connect of a JSON Schema.
type reading struct {
	config *Config
	root   jsontree.Node
	refs   map[string]string // the texts that are referred to, by name
	open   []string          // the references that are being followed
}

// read gives the schema. Version is the one that it has where it does not say so
// itself; 0 for none.
func (c *Config) read(text string, refs map[string]string, version int) (*tailrace.Schema, error) {
	n, err := jsontree.Parse([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("a schema that is no JSON: %w", err)
	}
	r := &reading{config: c, root: n, refs: refs}
	return r.schema(n, false, version)
}

func (r *reading) schema(n jsontree.Node, optional bool, version int) (*tailrace.Schema, error) {
	if n.Kind != jsontree.Object {
		return nil, fmt.Errorf("a schema that is %s says nothing of the type of data", n.Append(nil))
	}
	if ref := n.Get("$ref"); ref.Kind == jsontree.String {
		return r.reference(ref.Text, optional, version)
	}
	if branches, ok := alternatives(n); ok {
		return r.alternatives(n, branches, optional, version)
	}
	if all := n.Get("allOf"); all.Kind == jsontree.Array && n.Get("properties").Kind == jsontree.None {
		merged, err := r.merge(all.Elems)
		if err != nil {
			return nil, err
		}
		return r.schema(merged, optional, 0)
	}
	b, err := r.base(n)
	if err != nil {
		return nil, err
	}
	return r.attributes(n, b, optional, version)
}

func isNull(n jsontree.Node) bool { return n.Get("type").Str() == "null" }

// alternatives are the branches of a schema that is one of several.
func alternatives(n jsontree.Node) ([]jsontree.Node, bool) {
	for _, name := range []string{"oneOf", "anyOf"} {
		if list := n.Get(name); list.Kind == jsontree.Array {
			return list.Elems, true
		}
	}
	types := n.Get("type")
	if types.Kind != jsontree.Array {
		return nil, false
	}
	var branches []jsontree.Node
	for _, t := range types.Elems {
		b := object(slices.Clone(n.Members)...)
		b.Set("type", t)
		branches = append(branches, b)
	}
	return branches, true
}

// alternatives reads what is one of several: a union, or one with null.
func (r *reading) alternatives(n jsontree.Node, branches []jsontree.Node, optional bool, version int) (*tailrace.Schema, error) {
	if len(branches) == 1 && !r.config.KeepSingletons {
		return r.schema(branches[0], optional, 0)
	}
	if len(branches) == 2 && isNull(branches[0]) != isNull(branches[1]) {
		one := branches[0]
		if isNull(one) {
			one = branches[1]
		}
		return r.schema(one, true, version)
	}
	b := tailrace.NewSchema(tailrace.TypeStruct).Name(unionName)
	i := 0
	for _, branch := range branches {
		if isNull(branch) {
			b.Optional()
			continue
		}
		s, err := r.schema(branch, true, 0)
		if err != nil {
			return nil, fmt.Errorf("branch %d: %w", i, err)
		}
		b.Field(fmt.Sprintf("%s.field.%d", unionName, i), s)
		i++
	}
	return r.attributes(n, b, optional, version)
}

// merge makes one object of those of which data must be all.
func (r *reading) merge(all []jsontree.Node) (jsontree.Node, error) {
	properties, required := object(), jsontree.Node{Kind: jsontree.Array}
	var other jsontree.Node
	for _, n := range all {
		if ref := n.Get("$ref"); ref.Kind == jsontree.String {
			target, err := r.target(ref.Text)
			if err != nil {
				return n, err
			}
			n = target
		}
		for _, m := range n.Get("properties").Members {
			properties.Set(m.Name, m.Node)
		}
		required.Elems = append(required.Elems, n.Get("required").Elems...)
		if n.Get("type").Kind != jsontree.None || n.Get("enum").Kind != jsontree.None {
			other = n
		}
	}
	switch {
	case len(properties.Members) > 0:
		return object(
			jsontree.Member{Name: "type", Node: jsontree.Text("object")},
			jsontree.Member{Name: "properties", Node: properties}, jsontree.Member{Name: "required", Node: required},
		), nil
	case other.Kind != jsontree.None:
		return other, nil
	}
	return other, errors.New("allOf of schemas of which none says a type")
}

// reference reads what a reference refers to.
func (r *reading) reference(ref string, optional bool, version int) (*tailrace.Schema, error) {
	if slices.Contains(r.open, ref) {
		return nil, fmt.Errorf("the schema %s holds itself, for which Connect has no schema", ref)
	}
	n, err := r.target(ref)
	if err != nil {
		return nil, err
	}
	r.open = append(r.open, ref)
	root := r.root
	if !strings.HasPrefix(ref, "#") {
		r.root = n
	}
	s, err := r.schema(n, optional, version)
	r.root, r.open = root, r.open[:len(r.open)-1]
	return s, err
}

// target finds what a reference refers to: a part of the same schema, or
// another schema of the registry.
func (r *reading) target(ref string) (jsontree.Node, error) {
	if !strings.HasPrefix(ref, "#") {
		text, ok := r.refs[ref]
		if !ok {
			return jsontree.Node{}, fmt.Errorf("the schema refers to %s, which the registry does not say of it", ref)
		}
		return jsontree.Parse([]byte(text))
	}
	n := r.root
	for _, part := range strings.Split(strings.TrimPrefix(strings.TrimPrefix(ref, "#"), "/"), "/") {
		if part == "" {
			continue
		}
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		if n = n.Get(part); n.Kind == jsontree.None {
			return n, fmt.Errorf("the schema refers to %s, which it has not", ref)
		}
	}
	return n, nil
}

// base begins the schema, without what is said by attributes.
func (r *reading) base(n jsontree.Node) (*tailrace.SchemaBuilder, error) {
	connect := n.Get("connect.type").Str()
	if symbols := n.Get("enum"); symbols.Kind == jsontree.Array {
		return enum(symbols.Elems), nil
	}
	if one := n.Get("const"); one.Kind != jsontree.None {
		return enum([]jsontree.Node{one}), nil
	}
	typ := n.Get("type").Str()
	if typ == "" && n.Get("properties").Kind == jsontree.Object {
		typ = "object"
	}
	switch typ {
	case "boolean":
		return tailrace.NewSchema(tailrace.TypeBoolean), nil
	case "integer", "number":
		return number(typ, connect)
	case "string":
		if connect == "bytes" {
			return tailrace.NewSchema(tailrace.TypeBytes), nil
		}
		return tailrace.NewSchema(tailrace.TypeString), nil
	case "array":
		return r.array(n, connect)
	case "object":
		if connect == "map" {
			elem, err := r.schema(n.Get("additionalProperties"), false, 0)
			return tailrace.NewSchema(tailrace.TypeMap).Key(tailrace.StringSchema).Elem(elem), err
		}
		return r.object(n)
	}
	return nil, fmt.Errorf("a schema of the type %q describes no data of Connect", typ)
}

func enum(symbols []jsontree.Node) *tailrace.SchemaBuilder {
	b := tailrace.NewSchema(tailrace.TypeString).Parameter(enumName, "")
	for _, e := range symbols {
		symbol := e.Text
		if e.Kind == jsontree.Null {
			symbol = nullMark
		}
		b.Parameter(enumName+"."+symbol, symbol)
	}
	return b
}

func number(typ, connect string) (*tailrace.SchemaBuilder, error) {
	switch connect {
	case "":
		if typ == "integer" {
			return tailrace.NewSchema(tailrace.TypeInt64), nil
		}
		return tailrace.NewSchema(tailrace.TypeFloat64), nil
	case "bytes":
		return tailrace.NewSchema(tailrace.TypeBytes), nil
	}
	for t := tailrace.TypeInt8; t <= tailrace.TypeFloat64; t++ {
		if t.String() == connect {
			return tailrace.NewSchema(t), nil
		}
	}
	return nil, fmt.Errorf("connect.type of a number is %q, which is no type of one", connect)
}

func (r *reading) array(n jsontree.Node, connect string) (*tailrace.SchemaBuilder, error) {
	items := n.Get("items")
	if items.Kind != jsontree.Object {
		return nil, errors.New("an array must say by items what it is of")
	}
	if connect != "map" {
		elem, err := r.schema(items, false, 0)
		return tailrace.NewSchema(tailrace.TypeArray).Elem(elem), err
	}
	key, err := r.schema(items.Get("properties").Get("key"), false, 0)
	if err != nil {
		return nil, fmt.Errorf("key of a map: %w", err)
	}
	elem, err := r.schema(items.Get("properties").Get("value"), false, 0)
	if err != nil {
		return nil, fmt.Errorf("value of a map: %w", err)
	}
	return tailrace.NewSchema(tailrace.TypeMap).Key(key).Elem(elem), nil
}

func (r *reading) object(n jsontree.Node) (*tailrace.SchemaBuilder, error) {
	b := tailrace.NewSchema(tailrace.TypeStruct)
	members := slices.Clone(n.Get("properties").Members)
	index := func(m jsontree.Member) int64 {
		i, ok := m.Node.Get("connect.index").Int()
		if !ok {
			i = int64(len(members))
		}
		return i
	}
	slices.SortStableFunc(members, func(a, b jsontree.Member) int { return int(index(a) - index(b)) })
	for _, m := range members {
		required := slices.ContainsFunc(n.Get("required").Elems, func(e jsontree.Node) bool { return e.Str() == m.Name })
		s, err := r.schema(m.Node, r.config.OptionalUnlessRequired && !required, 0)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", m.Name, err)
		}
		b.Field(m.Name, s)
	}
	return b, nil
}

// attributes takes what is said beside the type.
func (r *reading) attributes(n jsontree.Node, b *tailrace.SchemaBuilder, optional bool, version int) (*tailrace.Schema, error) {
	if title := n.Get("title").Str(); title != "" {
		if s, err := b.Build(); err == nil && s.Name() == "" {
			b.Name(title)
		}
	}
	if v, ok := n.Get("connect.version").Int(); ok {
		version = int(v)
	}
	if version > 0 {
		b.Version(version)
	}
	if doc := n.Get("description").Str(); doc != "" {
		b.Doc(doc)
	}
	for _, m := range n.Get("connect.parameters").Members {
		b.Parameter(m.Name, m.Node.Text)
	}
	if optional {
		b.Optional()
	}
	s, err := b.Build()
	if err != nil {
		return nil, err
	}
	def := n.Get("default")
	if def.Kind == jsontree.None || def.Kind == jsontree.Null {
		return s, nil
	}
	reader := r.config.reader(s)
	v, err := reader.read(def)
	if err != nil {
		return nil, fmt.Errorf("the default: %w", err)
	}
	return s.Builder().Default(v).Build()
}
