package debezium

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// NamingStyle is how CollectionName and FieldName spell names.
type NamingStyle string

const (
	AsItIs    NamingStyle = "default"    // also if empty
	SnakeCase NamingStyle = "snake_case" // orderItems2.a becomes order_items_2_a
	CamelCase NamingStyle = "camel_case" // order_items.a becomes orderItemsA, and orderItems orderitems
	UpperCase NamingStyle = "UPPER_CASE"
	LowerCase NamingStyle = "lower_case"
)

// NamingStyles are all of them.
func NamingStyles() []NamingStyle {
	return []NamingStyle{AsItIs, SnakeCase, CamelCase, UpperCase, LowerCase}
}

// Naming makes another name of one: by the style, with the prefix before and
// the suffix behind it.
type Naming struct {
	Style          NamingStyle
	Prefix, Suffix string
}

func (n Naming) check(errs *optionErrors) {
	if n.Style != "" && !slices.Contains(NamingStyles(), n.Style) {
		errs.add("Style", "%q is none: there are %v", n.Style, NamingStyles())
	}
}

// words is where SnakeCase puts an underscore: a small letter before a capital,
// and a letter beside a digit. A dot becomes one.
var words = regexp.MustCompile(`([a-z])([A-Z])|([a-zA-Z])([0-9])|([0-9])([a-zA-Z])|\.`)

func (n Naming) name(name string) string {
	switch n.Style {
	case SnakeCase:
		name = strings.ToLower(words.ReplaceAllString(name, "${1}${3}${5}_${2}${4}${6}"))
	case CamelCase:
		name = camel(name)
	case UpperCase:
		name = strings.ToUpper(strings.ReplaceAll(name, "ß", "SS"))
	case LowerCase:
		name = strings.ToLower(name)
	}
	return n.Prefix + name + n.Suffix
}

func camel(name string) string {
	var out strings.Builder
	for i, word := range regexp.MustCompile(`[._]+`).Split(name, -1) {
		runes := []rune(strings.ToLower(word))
		if i > 0 && len(runes) > 0 {
			runes[0] = unicode.ToUpper(runes[0])
		}
		out.WriteString(string(runes))
	}
	return out.String()
}

// CollectionName gives topics other names, and with them the tables of an SQL
// sink: CollectionNameTransformation of Debezium's JDBC sink connector.
type CollectionName struct{ Naming }

// New gives the transform, or what is wrong with its options.
func (c CollectionName) New() (transform.Transform, error) {
	errs := optionErrors{transform: "CollectionNameTransformation"}
	c.check(&errs)
	return transform.Func(func(r *tailrace.Record) (bool, error) {
		if r.Topic != "" {
			r.Topic = c.name(r.Topic)
		}
		return true, nil
	}), errs.err()
}

// FieldName gives the fields of keys and of rows other names, and with them the
// columns of an SQL sink: FieldNameTransformation of Debezium's JDBC sink
// connector. Of a change event the rows before and after are renamed, of other
// structs their own fields; what lies within those stays. Values that are no
// structs pass. Where a field has a default, it takes the place of its null.
type FieldName struct{ Naming }

// New gives the transform, or what is wrong with its options. It fails for a
// struct of which two fields would have one name.
func (c FieldName) New() (transform.Transform, error) {
	errs := optionErrors{transform: "FieldNameTransformation"}
	c.check(&errs)
	t := &fieldNames{Naming: c.Naming}
	t.structs = transform.Derive(t.structNames)
	t.values = transform.Derive(t.valueNames)
	return t, errs.err()
}

type fieldNames struct {
	Naming
	structs, values *transform.Derived[*newNames]
	slabs           transform.Slabs
}

// newNames is a schema with other names, and the defaults in it.
type newNames struct {
	schema   *tailrace.Schema
	defaults defaults
	rows     []row // of an event
}

// Apply implements transform.Transform.
func (t *fieldNames) Apply(r *tailrace.Record) (bool, error) {
	was := *r
	if err := t.rename(r); err != nil {
		*r = was
		return false, fmt.Errorf("FieldNameTransformation: %w", err)
	}
	return true, nil
}

func (t *fieldNames) rename(r *tailrace.Record) error {
	if !r.IsTombstone() && (r.ValueSchema == nil || r.ValueSchema.Type() != tailrace.TypeStruct) {
		return nil
	}
	if r.KeySchema != nil && r.KeySchema.Type() == tailrace.TypeStruct {
		names, err := t.structs.Of(r.KeySchema)
		if err != nil {
			return fmt.Errorf("the key: %w", err)
		}
		r.KeySchema = names.schema
		r.Key, _ = names.defaults.filled(r.Key, &t.slabs)
	}
	if r.ValueSchema == nil {
		return nil
	}
	names, err := t.values.Of(r.ValueSchema)
	if err != nil {
		return err
	}
	r.ValueSchema = names.schema
	if r.Value.IsNull() {
		return nil
	}
	r.Value, _ = names.defaults.filled(r.Value, &t.slabs)
	r.Value = filledRows(names.rows, r.Value, &t.slabs)
	return nil
}

func (t *fieldNames) structNames(s *tailrace.Schema) (*newNames, error) {
	b := schemaLike(s)
	for _, f := range s.Fields() {
		b.Field(t.name(f.Name), f.Schema)
	}
	schema, err := b.Build()
	return &newNames{schema: schema, defaults: defaultsOf(s)}, err
}

// valueNames renames an event's rows, or a struct's own fields.
func (t *fieldNames) valueNames(s *tailrace.Schema) (*newNames, error) {
	if !strings.HasSuffix(s.Name(), ".Envelope") {
		return t.structNames(s)
	}
	b := schemaLike(s)
	for _, f := range s.Fields() {
		if (f.Name == "before" || f.Name == "after") && f.Schema.Type() == tailrace.TypeStruct {
			names, err := t.structNames(f.Schema)
			if err != nil {
				return nil, err
			}
			f.Schema = names.schema
		}
		b.Field(f.Name, f.Schema)
	}
	schema, err := b.Build()
	return &newNames{schema: schema, defaults: defaultsOf(s), rows: rowsOf(s)}, err
}

// schemaLike begins a struct that is like the schema but for its fields.
func schemaLike(s *tailrace.Schema) *tailrace.SchemaBuilder {
	b := transform.SchemaLike(tailrace.TypeStruct, s)
	if s.Optional() {
		b.Optional()
	}
	return b
}
