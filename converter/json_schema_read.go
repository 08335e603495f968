package converter

import (
	"errors"
	"fmt"
	"math"

	"github.com/tailrace-io/tailrace"
)

// schemaText is what the object of a schema says.
type schemaText struct {
	typ       string
	optional  bool
	name      string
	version   tailrace.Null[int]
	doc       string
	params    []tailrace.Parameter
	items     *tailrace.Schema
	keys      *tailrace.Schema
	values    *tailrace.Schema
	fields    []tailrace.Field
	hasFields bool
	defaultAt int // where the default's text stands; 0 for none
	field     string
	hasField  bool
}

// parseSchema reads the object of a schema, and the name of the field that it
// belongs to.
func (j *JSON) parseSchema(r *jsonReader) (s *tailrace.Schema, text *schemaText, err error) {
	if r.peek() != '{' {
		return nil, nil, r.unexpected("the object of a schema")
	}
	start := r.i
	if err := r.enter(); err != nil {
		return nil, nil, err
	}
	text = &schemaText{}
	for first := true; ; first = false {
		name, ok, err := r.member(first)
		if err != nil {
			return nil, nil, err
		}
		if !ok {
			break
		}
		r.peek()
		if err := j.parseAttribute(r, string(name), text); err != nil {
			return nil, nil, err
		}
	}
	b, err := text.builder()
	if err == nil {
		s, err = b.Build()
	}
	if err != nil {
		r.i = start
		return nil, nil, r.fail("%w", err)
	}
	if text.defaultAt > 0 {
		s, err = j.parseDefault(r, s, text.defaultAt)
	}
	return s, text, err
}

// parseAttribute reads one member of a schema's object. Members of another kind
// than they should be of count as missing, as they do to JsonConverter.
func (j *JSON) parseAttribute(r *jsonReader, name string, s *schemaText) (err error) {
	switch name {
	case "type":
		s.typ, _, err = r.optionalText()
	case "name":
		s.name, _, err = r.optionalText()
	case "doc":
		s.doc, _, err = r.optionalText()
	case "field":
		s.field, s.hasField, err = r.optionalText()
	case "optional":
		s.optional = r.at("true")
		err = r.skip()
	case "version":
		err = r.version(s)
	case "parameters":
		err = r.parameters(s)
	case "default":
		s.defaultAt = r.i
		err = r.skip()
	case "items":
		s.items, err = j.parseInner(r, name)
	case "keys":
		s.keys, err = j.parseInner(r, name)
	case "values":
		s.values, err = j.parseInner(r, name)
	case "fields":
		err = j.parseFields(r, s)
	default:
		err = r.skip()
	}
	return err
}

func (j *JSON) parseInner(r *jsonReader, of string) (*tailrace.Schema, error) {
	if r.take("null") {
		return nil, nil
	}
	s, _, err := j.parseSchema(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", of, err)
	}
	return s, nil
}

func (j *JSON) parseFields(r *jsonReader, s *schemaText) error {
	if r.peek() != '[' {
		return r.unexpected("the array of a struct's fields")
	}
	if err := r.enter(); err != nil {
		return err
	}
	s.fields, s.hasFields = nil, true
	for {
		ok, err := r.more(len(s.fields) == 0, ']')
		if !ok {
			return err
		}
		r.peek()
		at := r.i
		schema, text, err := j.parseSchema(r)
		if err != nil {
			return fmt.Errorf("field %d: %w", len(s.fields), err)
		}
		if !text.hasField {
			r.i = at
			return r.fail(`a struct's field without its name, which the member "field" says`)
		}
		s.fields = append(s.fields, tailrace.Field{Name: text.field, Schema: schema})
	}
}

// parseDefault gives the schema with its default, whose text stands at a place.
func (j *JSON) parseDefault(r *jsonReader, s *tailrace.Schema, at int) (*tailrace.Schema, error) {
	n, err := j.compileNode(s)
	if err != nil {
		return nil, err
	}
	end := r.i
	r.i = at
	v, err := n.read(r)
	if err != nil {
		return nil, fmt.Errorf("default: %w", err)
	}
	r.i = end
	if v.IsNull() {
		return s, nil
	}
	return s.Builder().Default(v).Build()
}

// builder starts the schema that the text describes.
func (s *schemaText) builder() (*tailrace.SchemaBuilder, error) {
	t, ok := jsonType(s.typ)
	if !ok {
		return nil, fmt.Errorf("a schema of the type %q, which is not one of Connect's", s.typ)
	}
	b := tailrace.NewSchema(t).Name(s.name).Doc(s.doc)
	if s.optional {
		b.Optional()
	}
	if s.version.Valid {
		b.Version(s.version.V)
	}
	for _, p := range s.params {
		b.Parameter(p.Name, p.Value)
	}
	switch t {
	case tailrace.TypeArray:
		if s.items == nil {
			return nil, errors.New("the schema of an array without its items")
		}
		b.Elem(s.items)
	case tailrace.TypeMap:
		if s.keys == nil || s.values == nil {
			return nil, errors.New("the schema of a map without its keys and values")
		}
		b.Key(s.keys).Elem(s.values)
	case tailrace.TypeStruct:
		if !s.hasFields {
			return nil, errors.New("the schema of a struct without its fields")
		}
		for _, f := range s.fields {
			b.Field(f.Name, f.Schema)
		}
	}
	return b, nil
}

// optionalText reads a string; ok is false for a value of another kind.
func (r *jsonReader) optionalText() (s string, ok bool, err error) {
	if r.peek() != '"' {
		return "", false, r.skip()
	}
	b, err := r.text()
	return string(b), true, err
}

// version reads a schema's version.
func (r *jsonReader) version(s *schemaText) error {
	at := r.i
	c := r.peek()
	if c != '-' && (c < '0' || c > '9') {
		return r.skip()
	}
	text, whole, err := r.number()
	if err != nil || !whole {
		return err
	}
	v, ok := parseWhole(text, true)
	if !ok || v < math.MinInt32 || v > math.MaxInt32 {
		r.i = at
		return r.fail("a schema's version that is no int32")
	}
	s.version = tailrace.Some(int(v))
	return nil
}

// parameters reads a schema's parameters, which must be strings.
func (r *jsonReader) parameters(s *schemaText) error {
	if r.peek() != '{' {
		return r.skip()
	}
	if err := r.enter(); err != nil {
		return err
	}
	s.params = nil
	for first := true; ; first = false {
		name, ok, err := r.member(first)
		if !ok {
			return err
		}
		key := string(name)
		if r.peek() != '"' {
			return r.unexpected("the string of a schema's parameter")
		}
		value, err := r.text()
		if err != nil {
			return err
		}
		s.params = append(s.params, tailrace.Parameter{Name: key, Value: string(value)})
	}
}
