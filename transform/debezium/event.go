package debezium

import (
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// changeEvent gives the change event that the record's value is. Other records,
// tombstones among them, are none, and nothing is wrong with them.
func changeEvent(r *tailrace.Record) (event tailrace.Struct, ok bool, err error) {
	if r.Value.IsNull() || r.ValueSchema == nil || !strings.HasSuffix(r.ValueSchema.Name(), ".Envelope") {
		return event, false, nil
	}
	event, err = wholeStruct(r.ValueSchema, r.Value, "the event")
	return event, err == nil, err
}

// wholeStruct gives a struct that has as many fields as its schema says.
func wholeStruct(s *tailrace.Schema, v tailrace.Value, what string) (tailrace.Struct, error) {
	t := tailrace.AsStruct(s, v)
	switch {
	case t.IsZero():
		return t, fmt.Errorf("%s is %s and must be a struct", what, v.Type())
	case len(t.Values) != len(s.Fields()):
		return t, fmt.Errorf("%s has %d fields and its schema %d", what, len(t.Values), len(s.Fields()))
	}
	return t, nil
}

// fieldOf gives a field that the struct must have, with its schema. The field's
// default takes the place of its null.
func fieldOf(s tailrace.Struct, name string) (*tailrace.Schema, tailrace.Value, error) {
	f, ok := s.Schema.Field(name)
	if !ok {
		return nil, tailrace.Value{}, fmt.Errorf("there is no field %s", name)
	}
	v := s.Values[f.Index]
	if v.IsNull() {
		v, _ = f.Schema.Default()
	}
	return f.Schema, v, nil
}

// typedField gives a field that must be there and of the type, as it stands.
func typedField(s tailrace.Struct, name string, t tailrace.Type) (tailrace.Value, error) {
	f, ok := s.Schema.Field(name)
	switch {
	case !ok:
		return tailrace.Value{}, fmt.Errorf("there is no field %s", name)
	case f.Schema.Type() != t:
		return tailrace.Value{}, fmt.Errorf("the field %s is %s and must be %s", name, f.Schema.Type(), t)
	}
	return s.Values[f.Index], nil
}

// operation is what the event says that happened.
func operation(event tailrace.Struct) (tailrace.Op, error) {
	v, err := typedField(event, "op", tailrace.TypeString)
	if err == nil && v.IsNull() {
		err = fmt.Errorf("the event has no op")
	}
	return tailrace.Op(v.Text()), err
}
