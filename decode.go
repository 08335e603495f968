package tailrace

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// ChangeOf is a change whose rows are decoded into a T, a struct of the
// application's own. It refers to the record in Key, Source and Record, which
// are valid for as long as the record is; Before and After are the
// application's to keep.
type ChangeOf[T any] struct {
	Op Op

	// Before is the row before the change and After the row after it; nil where
	// there was none, or the log does not carry it.
	Before, After *T

	// Key identifies the row; the zero Struct where its table has no key.
	Key Struct

	// Source says where the change came from.
	Source Source

	// Record is what the change was read from.
	Record *Record

	// Unchanged are the columns of After that the log did not carry because
	// the change left them alone. Their fields have their zero values, not the
	// values in the database.
	Unchanged []string
}

// Row is After, or Before where the change left no row; nil where the change is
// of no row, as that of a truncated table.
func (c ChangeOf[T]) Row() *T {
	if c.After != nil {
		return c.After
	}
	return c.Before
}

// DecodeChange decodes both rows of a change, as Struct.Decode does.
func DecodeChange[T any](c Change) (ChangeOf[T], error) {
	out := ChangeOf[T]{Op: c.Op(), Key: c.Key(), Source: c.Source(), Record: c.rec}
	var err error
	if out.Before, err = decodeRow[T](c.Before()); err != nil {
		return ChangeOf[T]{}, fmt.Errorf("the row before: %w", err)
	}
	after := c.After()
	if out.After, err = decodeRow[T](after); err != nil {
		return ChangeOf[T]{}, fmt.Errorf("the row after: %w", err)
	}
	for i, v := range after.Values {
		if v.IsUnchanged() {
			out.Unchanged = append(out.Unchanged, after.Schema.fields[i].Name)
		}
	}
	return out, nil
}

func decodeRow[T any](s Struct) (*T, error) {
	if s.IsZero() {
		return nil, nil
	}
	row := new(T)
	if err := s.Decode(row); err != nil {
		return nil, err
	}
	return row, nil
}

// Decode decodes the change's row, which is After or else Before, as
// Struct.Decode does. It is an error where the change has no row.
func (c Change) Decode(dst any) error {
	row := c.Row()
	if row.IsZero() {
		return fmt.Errorf("decode a change of topic %s: a %s has no row", c.rec.Topic, c.Op())
	}
	return row.Decode(dst)
}

// Decode puts the struct's values into the Go struct that dst points to. A
// field takes the column that its tag names, as in `tailrace:"order_id"`, or
// else the column of its own name, no matter the case and underscores: OrderID
// takes order_id. A field tagged "-" is left alone. A field without a column is
// an error, unless its tag ends in ",optional"; columns without a field are not
// looked at. Embedded structs count as if their fields stood there.
//
//   - Integers take integers, and decimals that are whole numbers, if they fit;
//     of a date or time, which is a number by its schema, they take that number.
//   - float32 and float64 take numbers of every kind, rounded to the nearest.
//   - bool takes booleans, and the integers 0 and 1.
//   - string takes text, and decimals as text without an exponent, with all
//     digits. []byte takes bytes, and text.
//   - json.RawMessage takes JSON text.
//   - time.Time takes what AsTime does, and text in ISO 8601 or as SQL writes
//     it; without a zone it is UTC. time.Duration takes what AsDuration does.
//   - big.Int and big.Rat take integers, decimals and their text.
//   - Structs, slices and maps take structs, arrays and maps.
//   - A type with a method Scan(any) error, such as those of database/sql, gets
//     nil, int64, float64, bool, string, []byte or time.Time; a decimal is a
//     string. A type with UnmarshalText gets text.
//   - Value takes anything as it is, and refers to the struct's memory; all other
//     types get memory of their own.
//
// Null needs a pointer, a slice, a map, a Value or a Scan method. A null for
// which a column that requires a value has a default stands for the default.
// The fields of columns that are Unchanged keep what they have.
//
// What does not go together by type is an error that names all such fields,
// whatever the values are; what does not fit by value is an error that names
// the column. In both cases dst may have been changed in part. Errors never
// have values in them.
func (s Struct) Decode(dst any) error {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("decode into a %T: it should be a pointer to a struct", dst)
	}
	if s.IsZero() {
		return fmt.Errorf("decode into a %T: there is no struct to decode", dst)
	}
	plan := planOf(s.Schema, v.Type().Elem())
	if plan.err != nil {
		return plan.err
	}
	return plan.decode(v.Elem(), s.Values)
}

// decodePlan is how structs of one schema go into one Go type.
type decodePlan struct {
	name   string // of the Go type and the schema, for errors
	fields []fieldPlan
	err    error // why they do not
}

// fieldPlan is how a column goes into a field.
type fieldPlan struct {
	column Field
	path   []int  // of the field
	name   string // of the field, such as Order.Total
	typ    reflect.Type
	set    setter
	def    Value // stands for null; null where nothing does
}

func (p *decodePlan) decode(dst reflect.Value, values []Value) error {
	for i := range p.fields {
		f := &p.fields[i]
		if f.column.Index >= len(values) {
			return fmt.Errorf("decode %s: there are %d values, and none for column %s", p.name, len(values), f.column.Name)
		}
		v := values[f.column.Index]
		if v.t == TypeUnchanged {
			continue
		}
		if v.t == TypeNull {
			v = f.def
		}
		to := dst
		for _, n := range f.path {
			to = to.Field(n)
		}
		if err := f.set(to, v); err != nil {
			return f.explain(p.name, err)
		}
	}
	return nil
}

// explain says which column it was, and what to do about a null.
func (f *fieldPlan) explain(plan string, err error) error {
	if errors.Is(err, errNull) {
		if where, nested := strings.CutSuffix(err.Error(), ": "+errNull.Error()); nested {
			return fmt.Errorf("decode %s: column %s is null in %s, and %s, a %s, takes no null there", plan, f.column.Name, where, f.name, f.typ)
		}
		return fmt.Errorf("decode %s: column %s is null: make %s a *%s", plan, f.column.Name, f.name, f.typ)
	}
	return fmt.Errorf("decode %s: column %s does not go into %s: %w", plan, f.column.Name, f.name, err)
}

// planOf gives the plan for a schema and a type, which the schema remembers.
func planOf(s *Schema, t reflect.Type) *decodePlan {
	if p, ok := s.plans.Load(t); ok {
		return p.(*decodePlan)
	}
	p, _ := s.plans.LoadOrStore(t, makePlan(s, t))
	return p.(*decodePlan)
}

func makePlan(s *Schema, t reflect.Type) *decodePlan {
	p := &decodePlan{name: fmt.Sprintf("%s into %s", describe(s), t)}
	if err := p.add(s, t, t.Name(), nil); err != nil {
		p.err = fmt.Errorf("decode %s: %w", p.name, err)
	}
	return p
}

// add plans the fields of t, which is the type at the path.
func (p *decodePlan) add(s *Schema, t reflect.Type, name string, path []int) error {
	var errs []error
	for i := range t.NumField() {
		f := t.Field(i)
		path := append(slices.Clip(path), i)
		tag, tagged := f.Tag.Lookup("tailrace")
		column, optional := strings.CutSuffix(tag, ",optional")
		if column == "-" && !optional {
			continue
		}
		if f.Anonymous && !tagged && f.Type.Kind() == reflect.Struct && !isScalar(f.Type) {
			errs = append(errs, p.add(s, f.Type, name, path))
			continue
		}
		if !f.IsExported() {
			if tagged {
				errs = append(errs, fmt.Errorf("field %s.%s has a tag but is not exported: begin its name with a capital", name, f.Name))
			}
			continue
		}
		if strings.Contains(column, ",") {
			errs = append(errs, fmt.Errorf(`the tag %q of field %s.%s should be a column's name, "-", or a name and ",optional"`, tag, name, f.Name))
			continue
		}
		errs = append(errs, p.addField(s, f, name+"."+f.Name, column, optional, path))
	}
	return errors.Join(errs...)
}

func (p *decodePlan) addField(s *Schema, f reflect.StructField, name, column string, optional bool, path []int) error {
	c, err := findColumn(s, f.Name, column)
	if err != nil {
		return fmt.Errorf("field %s: %w", name, err)
	}
	if c.Schema == nil && optional {
		return nil
	}
	if c.Schema == nil {
		names := make([]string, len(s.fields))
		for i := range s.fields {
			names[i] = s.fields[i].Name
		}
		return fmt.Errorf(`field %s has no column; the columns are %s: name one in a tag as in tailrace:"column", or "-" for none`,
			name, strings.Join(names, ", "))
	}
	set, err := setterOf(f.Type, c.Schema)
	if err != nil {
		return fmt.Errorf("column %s, %s, does not go into field %s, a %s: %w", c.Name, kindOf(c.Schema), name, f.Type, err)
	}
	plan := fieldPlan{column: c, path: path, name: name, typ: f.Type, set: set}
	if d, ok := c.Schema.Default(); ok && !c.Schema.optional {
		plan.def = d
	}
	p.fields = append(p.fields, plan)
	return nil
}

// findColumn looks for the column by its name, or else by the field's.
func findColumn(s *Schema, field, column string) (Field, error) {
	if column != "" {
		f, _ := s.Field(column)
		return f, nil
	}
	if f, ok := s.Field(field); ok {
		return f, nil
	}
	var found Field
	for _, f := range s.fields {
		if !sameName(f.Name, field) {
			continue
		}
		if found.Schema != nil {
			return Field{}, fmt.Errorf(`it may mean column %s or column %s: say which in a tag as in tailrace:"%s"`, found.Name, f.Name, f.Name)
		}
		found = f
	}
	return found, nil
}

// sameName compares names without case and underscores.
func sameName(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, "_", ""), strings.ReplaceAll(b, "_", ""))
}

// kindOf describes a column's type to a person.
func kindOf(s *Schema) string {
	if s.name == "" {
		return "a " + s.typ.String()
	}
	return "a " + s.name + " (" + s.typ.String() + ")"
}
