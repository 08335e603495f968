package debezium

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// member is a member of an event, and what it is to be called. in is the struct
// that it lies in; "" for the event itself.
type member struct{ in, field, name string }

// parseMember reads field, struct.field, or either with a colon and a name
// behind it. As to Debezium, a colon without a name is none, and what follows
// struct.field behind another dot has no meaning.
func parseMember(prefix, text string) (m member, err error) {
	parts := split(strings.TrimSpace(text), ":")
	if len(parts) == 0 || len(parts) > 2 {
		return m, fmt.Errorf("%q must have the form field, struct.field or struct.field:name", text)
	}
	path := steps(parts[0])
	name := ""
	switch {
	case len(path) == 0 || slices.Contains(path[:min(2, len(path))], ""):
		return m, fmt.Errorf("%q must have the form field, struct.field or struct.field:name", text)
	case len(path) == 1:
		m, name = member{in: home(path[0]), field: path[0]}, path[0]
	default:
		m, name = member{in: path[0], field: path[1]}, path[0]+"_"+path[1]
	}
	if len(parts) == 2 {
		name = parts[1]
	}
	m.name = prefix + name
	return m, nil
}

// home is the struct that a member lies in which is named alone.
func home(field string) string {
	switch field {
	case "id", "data_collection_order", "total_order":
		return "transaction"
	case "op", "ts_ms", "ts_us", "ts_ns":
		return ""
	}
	return "source"
}

// resolved is a member in the events of a schema.
type resolved struct {
	name   string
	schema *tailrace.Schema
	in, at int // in is -1 for the event itself

	// null says that it is a struct, of which Debezium takes the schema without
	// its fields, so that it must be null.
	null bool
}

func (m *resolved) value(event []tailrace.Value) tailrace.Value {
	if m.in < 0 {
		return event[m.at]
	}
	if vs := event[m.in].Fields(); m.at < len(vs) {
		return vs[m.at]
	}
	return tailrace.Value{} // there is no transaction in a snapshot
}

// resolve finds the members that the events have.
func resolve(members []member, event *tailrace.Schema) ([]resolved, error) {
	var out []resolved
	for _, m := range members {
		r := resolved{name: m.name, in: -1}
		f, ok := event.Field(m.field)
		if m.in != "" {
			parent, has := event.Field(m.in)
			if !has || parent.Schema.Type() != tailrace.TypeStruct {
				return nil, fmt.Errorf("the event has no struct called %s, for the field %s", m.in, m.field)
			}
			if g, has := parent.Schema.Field(m.field); has {
				f, ok, r.in = g, true, parent.Index
			}
		}
		if !ok {
			continue
		}
		if f.Schema.Type() == tailrace.TypeMap {
			return nil, fmt.Errorf("the member %s is a map, which is not taken out of an event", m.field)
		}
		r.null = f.Schema.Type() == tailrace.TypeStruct
		b := transform.SchemaLike(f.Schema.Type(), f.Schema).Optional()
		if elem := f.Schema.Elem(); elem != nil {
			b.Elem(elem)
		}
		schema, err := b.Build()
		if err != nil {
			return nil, err
		}
		r.schema, r.at = schema, f.Index
		out = append(out, r)
	}
	return out, nil
}

// optionErrors gathers what is wrong with the options of a transform.
type optionErrors struct {
	transform string
	errs      []error
}

func (e *optionErrors) add(option, format string, args ...any) {
	e.errs = append(e.errs, &transform.OptionError{Transform: e.transform, Option: option, Err: fmt.Errorf(format, args...)})
}

func (e *optionErrors) err() error { return errors.Join(e.errs...) }

// members reads a list of them.
func (e *optionErrors) members(option string, texts []string, prefix tailrace.Null[string]) (ms []member) {
	if !prefix.Valid {
		prefix.V = "__"
	}
	for _, text := range texts {
		m, err := parseMember(prefix.V, text)
		if err != nil {
			e.add(option, "%w", err)
		}
		ms = append(ms, m)
	}
	return ms
}
