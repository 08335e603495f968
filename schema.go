package tailrace

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Schema describes a Value: Kafka Connect's schema. It is immutable and shared
// by pointer, so caches may key on the pointer; two schemas that were built
// apart are compared by Equal. A nil *Schema stands for schemaless data.
type Schema struct {
	typ      Type
	optional bool
	name     string
	version  Null[int]
	doc      string
	params   []Parameter
	def      Null[Value]
	fields   []Field
	index    map[string]int
	key      *Schema
	elem     *Schema

	plans sync.Map // reflect.Type → *decodePlan, of Change.Decode
}

// Field is a member of a struct schema. Its Index is its place there.
type Field struct {
	Name   string
	Index  int
	Schema *Schema
}

// Parameter is a name and a text that a schema carries, such as a decimal's
// scale.
type Parameter struct{ Name, Value string }

// Type is what the schema's values hold; never TypeNull or TypeUnchanged.
func (s *Schema) Type() Type { return s.typ }

// Optional says whether a value may be null.
func (s *Schema) Optional() bool { return s.optional }

// Name is the schema's name, which gives logical types their meaning and
// records their identity; "" for none.
func (s *Schema) Name() string { return s.name }

// Version is the schema's version, where it has one.
func (s *Schema) Version() (version int, ok bool) { return s.version.V, s.version.Valid }

// Doc is a text for people.
func (s *Schema) Doc() string { return s.doc }

// Parameters are the schema's parameters in the order in which they were given.
// The slice must not be changed.
func (s *Schema) Parameters() []Parameter { return s.params }

// Parameter looks one parameter up.
func (s *Schema) Parameter(name string) (value string, ok bool) {
	for _, p := range s.params {
		if p.Name == name {
			return p.Value, true
		}
	}
	return "", false
}

// Default is the value that stands in for a missing one, where there is one.
func (s *Schema) Default() (v Value, ok bool) { return s.def.V, s.def.Valid }

// Fields are the members of a struct schema. The slice must not be changed.
func (s *Schema) Fields() []Field { return s.fields }

// Field looks a member of a struct schema up by its name.
func (s *Schema) Field(name string) (f Field, ok bool) {
	if s.index != nil {
		i, ok := s.index[name]
		if !ok {
			return Field{}, false
		}
		return s.fields[i], true
	}
	for i := range s.fields {
		if s.fields[i].Name == name {
			return s.fields[i], true
		}
	}
	return Field{}, false
}

// Elem describes the elements of an array, or the values of a map.
func (s *Schema) Elem() *Schema { return s.elem }

// Key describes the keys of a map.
func (s *Schema) Key() *Schema { return s.key }

// Equal says whether both schemas describe the same values in every respect.
func (s *Schema) Equal(t *Schema) bool {
	if s == t {
		return true
	}
	if s == nil || t == nil ||
		s.typ != t.typ || s.optional != t.optional || s.name != t.name || s.version != t.version || s.doc != t.doc ||
		len(s.params) != len(t.params) || s.def.Valid != t.def.Valid || !s.def.V.Equal(t.def.V) || len(s.fields) != len(t.fields) {
		return false
	}
	for _, p := range s.params {
		if v, ok := t.Parameter(p.Name); !ok || v != p.Value {
			return false
		}
	}
	for i := range s.fields {
		if s.fields[i].Name != t.fields[i].Name || !s.fields[i].Schema.Equal(t.fields[i].Schema) {
			return false
		}
	}
	return s.key.Equal(t.key) && s.elem.Equal(t.elem)
}

// Builder makes a new builder that starts from everything that the schema has,
// to derive another from it.
func (s *Schema) Builder() *SchemaBuilder {
	b := &SchemaBuilder{s: Schema{
		typ: s.typ, optional: s.optional, name: s.name, version: s.version, doc: s.doc,
		params: slices.Clone(s.params), def: s.def, fields: slices.Clone(s.fields), key: s.key, elem: s.elem,
	}}
	return b
}

// Validate checks that the value is one that the schema describes: of its type,
// with the right number of fields, and null only where that is allowed. An
// Unchanged column satisfies any schema.
func (s *Schema) Validate(v Value) error {
	if s == nil || v.t == TypeUnchanged {
		return nil
	}
	if v.t == TypeNull {
		if s.optional || s.def.Valid {
			return nil
		}
		return fmt.Errorf("null where the schema%s requires %s", s.called(), s.typ)
	}
	if v.t != s.typ {
		return fmt.Errorf("%s where the schema%s requires %s", v.t, s.called(), s.typ)
	}
	switch s.typ {
	case TypeStruct:
		vs := v.Fields()
		if len(vs) != len(s.fields) {
			return fmt.Errorf("%d fields where the schema%s has %d", len(vs), s.called(), len(s.fields))
		}
		for i := range vs {
			if err := s.fields[i].Schema.Validate(vs[i]); err != nil {
				return fmt.Errorf("field %s: %w", s.fields[i].Name, err)
			}
		}
	case TypeArray:
		for i, e := range v.Elems() {
			if err := s.elem.Validate(e); err != nil {
				return fmt.Errorf("element %d: %w", i, err)
			}
		}
	case TypeMap:
		for i, e := range v.Entries() {
			d := s.key
			if i%2 == 1 {
				d = s.elem
			}
			if err := d.Validate(e); err != nil {
				return fmt.Errorf("entry %d: %w", i/2, err)
			}
		}
	}
	return nil
}

func (s *Schema) called() string {
	if s.name == "" {
		return ""
	}
	return " " + s.name
}

// SchemaBuilder puts a schema together. Its methods return the builder, so that
// calls chain; what is wrong with them is said by Build.
type SchemaBuilder struct{ s Schema }

// NewSchema starts a schema of a type from TypeInt8 to TypeStruct, required,
// without a name.
func NewSchema(t Type) *SchemaBuilder { return &SchemaBuilder{s: Schema{typ: t}} }

// Optional allows null.
func (b *SchemaBuilder) Optional() *SchemaBuilder { b.s.optional = true; return b }

// Required forbids null.
func (b *SchemaBuilder) Required() *SchemaBuilder { b.s.optional = false; return b }

// Name sets the name.
func (b *SchemaBuilder) Name(name string) *SchemaBuilder { b.s.name = name; return b }

// Version sets the version.
func (b *SchemaBuilder) Version(v int) *SchemaBuilder { b.s.version = Some(v); return b }

// Doc sets the text for people.
func (b *SchemaBuilder) Doc(doc string) *SchemaBuilder { b.s.doc = doc; return b }

// Parameter sets a parameter, in the place of an earlier one of that name.
func (b *SchemaBuilder) Parameter(name, value string) *SchemaBuilder {
	for i := range b.s.params {
		if b.s.params[i].Name == name {
			b.s.params[i].Value = value
			return b
		}
	}
	b.s.params = append(b.s.params, Parameter{name, value})
	return b
}

// Default sets the value that stands in for a missing one.
func (b *SchemaBuilder) Default(v Value) *SchemaBuilder { b.s.def = Some(v); return b }

// Field adds a member to a struct.
func (b *SchemaBuilder) Field(name string, s *Schema) *SchemaBuilder {
	b.s.fields = append(b.s.fields, Field{Name: name, Index: len(b.s.fields), Schema: s})
	return b
}

// Elem sets the schema of an array's elements or of a map's values.
func (b *SchemaBuilder) Elem(s *Schema) *SchemaBuilder { b.s.elem = s; return b }

// Key sets the schema of a map's keys.
func (b *SchemaBuilder) Key(s *Schema) *SchemaBuilder { b.s.key = s; return b }

// indexedFields is from how many fields on a schema looks names up in a map.
const indexedFields = 9

// Build gives the schema, or everything that is wrong with it.
func (b *SchemaBuilder) Build() (*Schema, error) {
	s := &Schema{
		typ: b.s.typ, optional: b.s.optional, name: b.s.name, version: b.s.version, doc: b.s.doc,
		params: slices.Clone(b.s.params), def: b.s.def, fields: slices.Clone(b.s.fields), key: b.s.key, elem: b.s.elem,
	}
	var errs []error
	if s.typ < TypeInt8 || s.typ > TypeStruct {
		errs = append(errs, fmt.Errorf("a schema cannot have the type %s", s.typ))
	}
	if s.typ != TypeStruct && len(s.fields) > 0 {
		errs = append(errs, fmt.Errorf("a schema of type %s has no fields", s.typ))
	}
	if (s.typ == TypeArray || s.typ == TypeMap) != (s.elem != nil) {
		errs = append(errs, fmt.Errorf("an element schema belongs to an array or a map, and to nothing else; the type is %s", s.typ))
	}
	if (s.typ == TypeMap) != (s.key != nil) {
		errs = append(errs, fmt.Errorf("a key schema belongs to a map, and to nothing else; the type is %s", s.typ))
	}
	index := make(map[string]int, len(s.fields))
	for i, f := range s.fields {
		if _, twice := index[f.Name]; twice {
			errs = append(errs, fmt.Errorf("the field %q is there twice", f.Name))
		}
		if f.Schema == nil {
			errs = append(errs, fmt.Errorf("the field %q has no schema", f.Name))
		}
		index[f.Name] = i
		s.fields[i].Index = i
	}
	if len(s.fields) >= indexedFields {
		s.index = index
	}
	if len(errs) == 0 && s.def.Valid {
		if err := s.Validate(s.def.V); err != nil {
			errs = append(errs, fmt.Errorf("the default: %w", err))
		}
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("schema%s: %w", s.called(), errors.Join(errs...))
	}
	return s, nil
}

// MustBuild is Build for schemas that are constants of a program: it panics
// where Build returns an error.
func (b *SchemaBuilder) MustBuild() *Schema {
	s, err := b.Build()
	if err != nil {
		panic(err)
	}
	return s
}

// The schemas without a name, which most fields have.
var (
	Int8Schema    = &Schema{typ: TypeInt8}
	Int16Schema   = &Schema{typ: TypeInt16}
	Int32Schema   = &Schema{typ: TypeInt32}
	Int64Schema   = &Schema{typ: TypeInt64}
	Float32Schema = &Schema{typ: TypeFloat32}
	Float64Schema = &Schema{typ: TypeFloat64}
	BooleanSchema = &Schema{typ: TypeBoolean}
	StringSchema  = &Schema{typ: TypeString}
	BytesSchema   = &Schema{typ: TypeBytes}

	OptionalInt8Schema    = &Schema{typ: TypeInt8, optional: true}
	OptionalInt16Schema   = &Schema{typ: TypeInt16, optional: true}
	OptionalInt32Schema   = &Schema{typ: TypeInt32, optional: true}
	OptionalInt64Schema   = &Schema{typ: TypeInt64, optional: true}
	OptionalFloat32Schema = &Schema{typ: TypeFloat32, optional: true}
	OptionalFloat64Schema = &Schema{typ: TypeFloat64, optional: true}
	OptionalBooleanSchema = &Schema{typ: TypeBoolean, optional: true}
	OptionalStringSchema  = &Schema{typ: TypeString, optional: true}
	OptionalBytesSchema   = &Schema{typ: TypeBytes, optional: true}
)
