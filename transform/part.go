package transform

import (
	"fmt"

	"github.com/tailrace-io/tailrace"
)

// Part is the half of a record that a transform works on. Connect says it by the
// class's name, which ends in $Value or $Key.
type Part uint8

const (
	Value Part = iota // the record's value
	Key               // the record's key
)

// String names the part.
func (p Part) String() string {
	switch p {
	case Value:
		return "value"
	case Key:
		return "key"
	}
	return fmt.Sprintf("part(%d)", uint8(p))
}

func (p Part) of(r *tailrace.Record) (*tailrace.Schema, tailrace.Value) {
	if p == Key {
		return r.KeySchema, r.Key
	}
	return r.ValueSchema, r.Value
}

func (p Part) set(r *tailrace.Record, s *tailrace.Schema, v tailrace.Value) {
	if p == Key {
		r.KeySchema, r.Key = s, v
		return
	}
	r.ValueSchema, r.Value = s, v
}

func (p Part) check(o *options) {
	if p > Key {
		o.wrong("Of", "%s is neither Value nor Key", p)
	}
}

// isStruct says whether the value is a struct, with as many fields as its schema
// has.
func isStruct(s *tailrace.Schema, v tailrace.Value) bool {
	return s != nil && s.Type() == tailrace.TypeStruct && v.Type() == tailrace.TypeStruct && len(v.Fields()) == len(s.Fields())
}

// needsStruct is what a transform says of data that has no fields, or others
// than its schema says.
func (p Part) needsStruct(name string, s *tailrace.Schema, v tailrace.Value) error {
	if name != "" {
		name += ": "
	}
	if s != nil && v.Type() == tailrace.TypeStruct && s.Type() == tailrace.TypeStruct {
		return fmt.Errorf("%sthe %s has %d fields and its schema %d", name, p, len(v.Fields()), len(s.Fields()))
	}
	what := v.Type().String()
	if s != nil && !v.IsNull() && s.Name() != "" {
		what += " of " + s.Name()
	}
	form := "struct"
	if s == nil {
		form = "map, as there is no schema"
	}
	return fmt.Errorf("%sthe %s is %s and must be a %s", name, p, what, form)
}
