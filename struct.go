package tailrace

import (
	"fmt"
	"strings"
)

// Struct is a view of a struct value: its schema and a value a field, in the
// schema's order. The zero Struct stands for null.
type Struct struct {
	Schema *Schema
	Values []Value
}

// AsStruct gives the view of v; the zero Struct where v is no struct or has no
// schema that describes one.
func AsStruct(s *Schema, v Value) Struct {
	if s == nil || s.typ != TypeStruct || v.t != TypeStruct {
		return Struct{}
	}
	return Struct{Schema: s, Values: v.Fields()}
}

// NewStruct makes a struct of the schema with all fields null.
func NewStruct(s *Schema) Struct {
	return Struct{Schema: s, Values: make([]Value, len(s.fields))}
}

// IsZero says whether there is no struct.
func (s Struct) IsZero() bool { return s.Schema == nil }

// Value is the struct as a value; null for the zero Struct.
func (s Struct) Value() Value {
	if s.Schema == nil {
		return Value{}
	}
	return StructOf(s.Values)
}

// Get looks a field's value up by name. A missing field is null.
func (s Struct) Get(name string) Value {
	v, _ := s.Lookup(name)
	return v
}

// Lookup looks a field's value up by name and says whether there is the field.
func (s Struct) Lookup(name string) (Value, bool) {
	if s.Schema == nil {
		return Value{}, false
	}
	f, ok := s.Schema.Field(name)
	if !ok || f.Index >= len(s.Values) {
		return Value{}, false
	}
	return s.Values[f.Index], true
}

// Struct looks a field up that is a struct itself.
func (s Struct) Struct(name string) Struct {
	if s.Schema == nil {
		return Struct{}
	}
	f, ok := s.Schema.Field(name)
	if !ok || f.Index >= len(s.Values) {
		return Struct{}
	}
	return AsStruct(f.Schema, s.Values[f.Index])
}

// Set changes a field of a struct that the caller made.
func (s Struct) Set(name string, v Value) error {
	if s.Schema == nil {
		return fmt.Errorf("set %s: there is no struct", name)
	}
	f, ok := s.Schema.Field(name)
	if !ok {
		return fmt.Errorf("set %s: the schema%s has no such field", name, s.Schema.called())
	}
	if err := f.Schema.Validate(v); err != nil {
		return fmt.Errorf("set %s: %w", name, err)
	}
	s.Values[f.Index] = v
	return nil
}

// String shows the struct to a person: {id: 7, status: paid}.
func (s Struct) String() string {
	if s.Schema == nil {
		return "null"
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, f := range s.Schema.fields {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(f.Name)
		b.WriteString(": ")
		if i >= len(s.Values) {
			b.WriteString("missing")
		} else if t := AsStruct(f.Schema, s.Values[i]); !t.IsZero() {
			b.WriteString(t.String())
		} else {
			b.WriteString(Display(f.Schema, s.Values[i]))
		}
	}
	b.WriteByte('}')
	return b.String()
}
