package transform

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// ExtractField makes a field of the part the whole part.
type ExtractField struct {
	// Of is the part of the record.
	Of Part

	// Path leads to the field: the names of the structs, or maps, that it lies
	// in, and its own. ParsePath reads it from Connect's notation.
	Path []string

	// KeepNulls keeps a null of a field that has a default, which otherwise
	// takes its place.
	KeepNulls bool
}

// New gives the transform, or everything that is wrong with its options.
//
// Null stays null, with the schema of the field. The transform fails where a
// struct does not have the field; in a map a missing one is null.
func (c ExtractField) New() (Transform, error) {
	o := options{transform: "ExtractField"}
	c.Of.check(&o)
	if len(c.Path) == 0 {
		o.wrong("Path", "must lead to a field")
	}
	t := &extractField{c: c}
	t.plans.derive = byPointer(t.derive)
	return t, o.err()
}

// ParsePath reads a path in Connect's notation, field.syntax.version V2: names
// with dots between them. A name that has dots itself, or begins with a
// backtick, stands between backticks, `a.b`.c; a backtick in it that a dot
// follows has a backslash before it.
func ParsePath(text string) ([]string, error) {
	if text == "" {
		return nil, errors.New("the path is empty")
	}
	var path []string
	for rest := text; ; {
		step, tail, more := strings.Cut(rest, ".")
		if strings.HasPrefix(rest, "`") {
			var err error
			if step, tail, more, err = quotedStep(rest[1:]); err != nil {
				return nil, fmt.Errorf("the path %s: %w", text, err)
			}
		}
		path = append(path, step)
		if !more {
			return path, nil
		}
		rest = tail
	}
}

// quotedStep reads a name behind its first backtick, up to one that a dot or the
// end follows.
func quotedStep(rest string) (step, tail string, more bool, err error) {
	var name strings.Builder
	start, i := 0, 0
	for {
		at := strings.IndexByte(rest[i:], '`')
		if at < 0 {
			return "", "", false, errors.New("a backtick has no other one to close it")
		}
		i += at
		escaped := i > 0 && rest[i-1] == '\\'
		switch {
		case i == len(rest)-1 && escaped:
			return "", "", false, errors.New("a backtick has no other one to close it")
		case i == len(rest)-1:
			return name.String() + rest[start:i], "", false, nil
		case rest[i+1] != '.':
			i++
		case escaped:
			name.WriteString(rest[start : i-1])
			name.WriteByte('`')
			i++
			start = i
		default:
			return name.String() + rest[start:i], rest[i+2:], true, nil
		}
	}
}

type extractField struct {
	c     ExtractField
	plans Derived[*extraction]
}

// extraction is a path through structs.
type extraction struct {
	schema  *tailrace.Schema
	columns []column
}

func (t *extractField) Apply(r *tailrace.Record) (bool, error) {
	s, v := t.c.Of.of(r)
	if s == nil {
		for _, name := range t.c.Path {
			switch v.Type() {
			case tailrace.TypeNull, tailrace.TypeUnchanged:
			case tailrace.TypeMap:
				v, _ = entry(v.Entries(), name)
			default:
				return false, fmt.Errorf("ExtractField: what should have the field %s is %s and must be a map, as there is no schema", name, v.Type())
			}
		}
		t.c.Of.set(r, nil, v)
		return true, nil
	}
	if !v.IsNull() && !isStruct(s, v) {
		return false, t.c.Of.needsStruct("ExtractField", s, v)
	}
	plan, err := t.plans.Of(s)
	if err != nil {
		return false, fmt.Errorf("ExtractField: %w", err)
	}
	for _, c := range plan.columns {
		if v.Type() == tailrace.TypeStruct {
			v = c.value(v.Fields())
		}
	}
	t.c.Of.set(r, plan.schema, v)
	return true, nil
}

func (t *extractField) derive(s *tailrace.Schema) (p extraction, err error) {
	for i, name := range t.c.Path {
		f, ok := s.Field(name)
		if !ok || s.Type() != tailrace.TypeStruct {
			return p, fmt.Errorf("the %s has no field %s", t.c.Of, strings.Join(t.c.Path[:i+1], "."))
		}
		// Connect asks for the default of what the field lies in at any rate.
		p.columns = append(p.columns, columnOf(f, t.c.KeepNulls && i == len(t.c.Path)-1))
		s = f.Schema
	}
	p.schema = s
	return p, nil
}
