package jsonschema

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/converter/internal/jsontree"
)

// What Confluent's converter calls things in the schemas that it writes.
const (
	namespace = "io.confluent.connect.json"
	unionName = namespace + ".OneOf"
	enumName  = namespace + ".Enum"
	idName    = namespace + ".id"
	nullMark  = "<NULL>"
)

func isUnion(s *tailrace.Schema) bool {
	return s.Type() == tailrace.TypeStruct && s.Name() == unionName
}

// textKeys says whether a map is an object, rather than an array of entries.
func textKeys(s *tailrace.Schema) bool {
	return s.Key().Type() == tailrace.TypeString && !s.Key().Optional()
}

func object(members ...jsontree.Member) jsontree.Node {
	return jsontree.Node{Kind: jsontree.Object, Members: members}
}

// translate gives the JSON Schema of a schema. Index is the place of a field; -1
// elsewhere.
func (c *Config) translate(s *tailrace.Schema, index int) (n jsontree.Node, err error) {
	if isUnion(s) {
		n, err = c.union(s)
	} else if n, err = c.base(s); err == nil && s.Optional() {
		null := object(jsontree.Member{Name: "type", Node: jsontree.Text("null")})
		n = object(jsontree.Member{Name: "oneOf", Node: jsontree.Node{Kind: jsontree.Array, Elems: []jsontree.Node{null, n}}})
	}
	if err == nil && index >= 0 {
		n.Set("connect.index", jsontree.Int(int64(index)))
	}
	return n, err
}

func (c *Config) union(s *tailrace.Schema) (n jsontree.Node, err error) {
	list := jsontree.Node{Kind: jsontree.Array}
	if s.Optional() {
		list.Elems = append(list.Elems, object(jsontree.Member{Name: "type", Node: jsontree.Text("null")}))
	}
	for i, f := range s.Fields() {
		b, err := c.base(f.Schema)
		if err != nil {
			return n, fmt.Errorf("field %s: %w", f.Name, err)
		}
		b.Set("connect.index", jsontree.Int(int64(i)))
		list.Elems = append(list.Elems, b)
	}
	n.Set("oneOf", list)
	return n, nil
}

// base translates without regard to null.
func (c *Config) base(s *tailrace.Schema) (n jsontree.Node, err error) {
	connectType := ""
	typ := "string"
	switch s.Type() {
	case tailrace.TypeInt8, tailrace.TypeInt16, tailrace.TypeInt32, tailrace.TypeInt64:
		typ, connectType = "integer", s.Type().String()
	case tailrace.TypeFloat32, tailrace.TypeFloat64:
		typ, connectType = "number", s.Type().String()
	case tailrace.TypeBoolean:
		typ = "boolean"
	case tailrace.TypeBytes:
		connectType = "bytes"
		if s.Name() == tailrace.DecimalName {
			typ = "number"
		}
	case tailrace.TypeArray:
		typ = "array"
	case tailrace.TypeMap:
		connectType, typ = "map", "array"
		if textKeys(s) {
			typ = "object"
		}
	case tailrace.TypeStruct:
		typ = "object"
	}
	if symbols, ok := enumOf(s); ok {
		n.Set("enum", symbols)
	} else {
		n.Set("type", jsontree.Text(typ))
	}
	if err := c.attributes(&n, s, connectType); err != nil {
		return n, err
	}
	return n, c.members(&n, s)
}

// enumOf are the symbols that a schema says its texts are of.
func enumOf(s *tailrace.Schema) (n jsontree.Node, ok bool) {
	if _, ok := s.Parameter(enumName); !ok || s.Type() != tailrace.TypeString {
		return n, false
	}
	n.Kind = jsontree.Array
	for _, p := range s.Parameters() {
		if symbol, ok := strings.CutPrefix(p.Name, enumName+"."); ok {
			e := jsontree.Text(symbol)
			if symbol == nullMark {
				e = jsontree.Node{Kind: jsontree.Null}
			}
			n.Elems = append(n.Elems, e)
		}
	}
	return n, true
}

func (c *Config) attributes(n *jsontree.Node, s *tailrace.Schema, connectType string) error {
	if s.Name() != "" {
		n.Set("title", jsontree.Text(s.Name()))
	}
	if s.Doc() != "" {
		n.Set("description", jsontree.Text(s.Doc()))
	}
	if id, ok := s.Parameter(idName); ok {
		n.Set("$id", jsontree.Text(id))
	}
	if def, ok := s.Default(); ok && !def.IsNull() {
		w, err := c.writer(s)
		if err != nil {
			return err
		}
		text, err := w.append([]byte{}, def)
		if err != nil {
			return fmt.Errorf("the default: %w", err)
		}
		d, err := jsontree.Parse(text)
		if err != nil {
			return fmt.Errorf("the default: %w", err)
		}
		n.Set("default", d)
	}
	if v, ok := s.Version(); ok {
		n.Set("connect.version", jsontree.Int(int64(v)))
	}
	if connectType != "" {
		n.Set("connect.type", jsontree.Text(connectType))
	}
	var params jsontree.Node
	for _, p := range s.Parameters() {
		if !strings.HasPrefix(p.Name, namespace) {
			params.Set(p.Name, jsontree.Text(p.Value))
		}
	}
	if len(params.Members) > 0 {
		n.Set("connect.parameters", params)
	}
	return nil
}

// members describes what values of the schema are made of.
func (c *Config) members(n *jsontree.Node, s *tailrace.Schema) error {
	switch {
	case s.Type() == tailrace.TypeArray:
		items, err := c.translate(s.Elem(), -1)
		if err != nil {
			return err
		}
		n.Set("items", items)
	case s.Type() == tailrace.TypeMap && textKeys(s):
		values, err := c.translate(s.Elem(), -1)
		if err != nil {
			return err
		}
		n.Set("additionalProperties", values)
	case s.Type() == tailrace.TypeMap:
		key, err := c.translate(s.Key(), 0)
		if err != nil {
			return err
		}
		value, err := c.translate(s.Elem(), 1)
		if err != nil {
			return err
		}
		n.Set("items", object(
			jsontree.Member{Name: "type", Node: jsontree.Text("object")},
			jsontree.Member{Name: "properties", Node: object(jsontree.Member{Name: "key", Node: key}, jsontree.Member{Name: "value", Node: value})},
		))
	case s.Type() == tailrace.TypeStruct:
		properties := object()
		for i, f := range s.Fields() {
			p, err := c.translate(f.Schema, i)
			if err != nil {
				return fmt.Errorf("field %s: %w", f.Name, err)
			}
			properties.Set(f.Name, p)
		}
		if len(properties.Members) > 0 {
			n.Set("properties", properties)
		}
		if c.Closed {
			n.Set("additionalProperties", jsontree.Of(false))
		}
	}
	return nil
}

// writer is what is worked out once about how a schema's data is written. What
// is written as converter.JSON does, that converter writes.
type writer struct {
	schema  *tailrace.Schema
	plain   *converter.JSON // nil where something in the schema is written otherwise
	fields  []*writer
	names   []string // with the quotes and the colon
	key     *writer
	elem    *writer
	instead tailrace.Value // what null is written as
}

func (c *Config) writer(s *tailrace.Schema) (w *writer, err error) {
	w = &writer{schema: s}
	if plain(s) {
		w.plain = c.json(nil)
		return w, nil
	}
	if def, ok := s.Default(); ok && !c.NoDefaults {
		w.instead = def
	}
	for _, f := range s.Fields() {
		fw, err := c.writer(f.Schema)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		w.fields = append(w.fields, fw)
		w.names = append(w.names, string(append(jsontree.AppendString(nil, f.Name), ':')))
	}
	if s.Key() != nil {
		if w.key, err = c.writer(s.Key()); err != nil {
			return nil, err
		}
	}
	if s.Elem() != nil {
		w.elem, err = c.writer(s.Elem())
	}
	return w, err
}

// json makes the converter of what is plain: of data, or, with a schema, to be
// read by it.
func (c *Config) json(s *tailrace.Schema) *converter.JSON {
	return converter.NewJSON(converter.JSONConfig{
		Schemas: s != nil, Schema: s, NumericDecimals: c.NumericDecimals, KeepNulls: c.NoDefaults, Unavailable: c.Unavailable,
	})
}

// plain says whether converter.JSON writes values of the schema as they are to
// be written.
func plain(s *tailrace.Schema) bool {
	if s == nil {
		return true
	}
	if isUnion(s) || s.Type() == tailrace.TypeMap && !textKeys(s) {
		return false
	}
	for _, f := range s.Fields() {
		if !plain(f.Schema) {
			return false
		}
	}
	return plain(s.Elem())
}

func (w *writer) append(dst []byte, v tailrace.Value) (_ []byte, err error) {
	switch {
	case w.plain != nil:
		return w.plain.Append(dst, "", w.schema, v)
	case v.IsNull() && !w.instead.IsNull():
		v = w.instead
	case (v.IsNull() || v.IsUnchanged()) && w.schema.Optional():
		return append(dst, "null"...), nil
	}
	if v.Type() != w.schema.Type() {
		return dst, fmt.Errorf("%s where the schema requires %s", v.Type(), w.schema.Type())
	}
	switch {
	case isUnion(w.schema):
		return w.appendUnion(dst, v.Fields())
	case v.Type() == tailrace.TypeStruct:
		return w.appendStruct(dst, v.Fields())
	case v.Type() == tailrace.TypeArray:
		dst = append(dst, '[')
		for i, e := range v.Elems() {
			if dst, err = w.elem.append(comma(dst, i), e); err != nil {
				return dst, fmt.Errorf("element %d: %w", i, err)
			}
		}
		return append(dst, ']'), nil
	}
	return w.appendMap(dst, v.Entries())
}

func comma(dst []byte, i int) []byte {
	if i > 0 {
		return append(dst, ',')
	}
	return dst
}

func (w *writer) appendStruct(dst []byte, vs []tailrace.Value) (_ []byte, err error) {
	if len(vs) != len(w.fields) {
		return dst, fmt.Errorf("%d fields where the schema %s has %d", len(vs), w.schema.Name(), len(w.fields))
	}
	dst = append(dst, '{')
	for i, f := range w.fields {
		if dst, err = f.append(append(comma(dst, i), w.names[i]...), vs[i]); err != nil {
			return dst, fmt.Errorf("field %s: %w", w.schema.Fields()[i].Name, err)
		}
	}
	return append(dst, '}'), nil
}

func (w *writer) appendUnion(dst []byte, vs []tailrace.Value) ([]byte, error) {
	for i, v := range vs {
		if !v.IsNull() && i < len(w.fields) {
			return w.fields[i].append(dst, v)
		}
	}
	if w.schema.Optional() {
		return append(dst, "null"...), nil
	}
	return dst, errors.New("a union of which every field is null, where null is not allowed")
}

func (w *writer) appendMap(dst []byte, kvs []tailrace.Value) (_ []byte, err error) {
	entries := !textKeys(w.schema)
	open, end := byte('{'), byte('}')
	if entries {
		open, end = '[', ']'
	}
	dst = append(dst, open)
	for i := 0; i < len(kvs); i += 2 {
		dst = comma(dst, i)
		if entries {
			dst = append(dst, `{"key":`...)
		}
		if dst, err = w.key.append(dst, kvs[i]); err != nil {
			return dst, fmt.Errorf("key %d of a map: %w", i/2, err)
		}
		if entries {
			dst = append(dst, `,"value"`...)
		}
		if dst, err = w.elem.append(append(dst, ':'), kvs[i+1]); err != nil {
			return dst, fmt.Errorf("value %d of a map: %w", i/2, err)
		}
		if entries {
			dst = append(dst, '}')
		}
	}
	return append(dst, end), nil
}
