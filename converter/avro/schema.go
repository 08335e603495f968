package avro

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/tailrace-io/tailrace/converter/internal/jsontree"
)

// kind is a type of Avro.
type kind uint8

const (
	kindNull kind = iota
	kindBoolean
	kindInt
	kindLong
	kindFloat
	kindDouble
	kindBytes
	kindString
	kindRecord
	kindEnum
	kindFixed
	kindArray
	kindMap
	kindUnion
)

var kindNames = [...]string{
	"null", "boolean", "int", "long", "float", "double", "bytes", "string",
	"record", "enum", "fixed", "array", "map", "union",
}

func (k kind) String() string { return kindNames[k] }

func (k kind) named() bool { return k == kindRecord || k == kindEnum || k == kindFixed }

// schema is a schema of Avro. A named one is shared by all that refer to it.
type schema struct {
	kind     kind
	name     string // of records, enums and fixed: the full one
	doc      string
	hasDoc   bool
	fields   []field   // of a record
	symbols  []string  // of an enum
	fallback string    // of an enum: its default symbol
	size     int       // of a fixed
	elem     *schema   // of an array or a map
	branches []*schema // of a union
	props    jsontree.Node
}

// field is a member of a record.
type field struct {
	name   string
	typ    *schema
	doc    string
	hasDoc bool
	def    jsontree.Node // None where there is no default
}

// prop gives an attribute that Avro itself knows nothing of.
func (s *schema) prop(name string) jsontree.Node { return s.props.Get(name) }

func (s *schema) set(name string, v jsontree.Node) { s.props.Set(name, v) }

// space and base are the parts of a full name.
func splitName(full string) (space, base string) {
	if i := strings.LastIndexByte(full, '.'); i >= 0 {
		return full[:i], full[i+1:]
	}
	return "", full
}

// checkName says what is wrong with a full name, of whose parts Avro cares for
// the last.
func checkName(full string) error {
	_, base := splitName(full)
	return checkPart(base)
}

// checkPart says what is wrong with a name that has no parts.
func checkPart(name string) error {
	for i, c := range name {
		if c != '_' && !unicode.IsLetter(c) && (i == 0 || !unicode.IsDigit(c)) {
			return fmt.Errorf("Avro allows no %q in the name %q: rename it, set ScrubNames (scrub.invalid.names=true), or have Debezium do it (schema.name.adjustment.mode=avro, field.name.adjustment.mode=avro)", c, name)
		}
	}
	if name == "" {
		return errors.New("Avro allows no empty name")
	}
	return nil
}

// text gives the schema as the registry has it: JSON, in which a name is
// described where it comes first.
func (s *schema) text() (string, error) {
	w := &schemaWriter{known: make(map[string]*schema)}
	n, err := w.node(s, "")
	if err != nil {
		return "", err
	}
	return string(n.Append(nil)), nil
}

type schemaWriter struct{ known map[string]*schema }

func (w *schemaWriter) node(s *schema, space string) (n jsontree.Node, err error) {
	switch {
	case s.kind == kindUnion:
		n.Kind = jsontree.Array
		for _, b := range s.branches {
			e, err := w.node(b, space)
			if err != nil {
				return n, err
			}
			n.Elems = append(n.Elems, e)
		}
		return n, nil
	case s.kind.named():
		return w.named(s, space)
	case s.kind != kindArray && s.kind != kindMap && len(s.props.Members) == 0:
		return jsontree.Text(s.kind.String()), nil
	}
	n.Set("type", jsontree.Text(s.kind.String()))
	if s.elem != nil {
		e, err := w.node(s.elem, space)
		if err != nil {
			return n, err
		}
		if s.kind == kindArray {
			n.Set("items", e)
		} else {
			n.Set("values", e)
		}
	}
	n.Members = append(n.Members, s.props.Members...)
	return n, nil
}

func (w *schemaWriter) named(s *schema, space string) (n jsontree.Node, err error) {
	own, base := splitName(s.name)
	if known := w.known[s.name]; known != nil {
		if known != s && !known.same(s) {
			return n, fmt.Errorf("two different schemas have the name %s, which Avro does not allow in one: give them names of their own", s.name)
		}
		if own == space {
			return jsontree.Text(base), nil
		}
		return jsontree.Text(s.name), nil
	}
	if err := checkName(s.name); err != nil {
		return n, err
	}
	w.known[s.name] = s
	n.Set("type", jsontree.Text(s.kind.String()))
	n.Set("name", jsontree.Text(base))
	if own != space {
		n.Set("namespace", jsontree.Text(own))
	}
	if s.hasDoc {
		n.Set("doc", jsontree.Text(s.doc))
	}
	switch s.kind {
	case kindRecord:
		fields := jsontree.Node{Kind: jsontree.Array}
		for i := range s.fields {
			f, err := w.field(&s.fields[i], own)
			if err != nil {
				return n, fmt.Errorf("field %s: %w", s.fields[i].name, err)
			}
			fields.Elems = append(fields.Elems, f)
		}
		n.Set("fields", fields)
	case kindEnum:
		symbols := jsontree.Node{Kind: jsontree.Array}
		for _, symbol := range s.symbols {
			symbols.Elems = append(symbols.Elems, jsontree.Text(symbol))
		}
		n.Set("symbols", symbols)
		if s.fallback != "" {
			n.Set("default", jsontree.Text(s.fallback))
		}
	case kindFixed:
		n.Set("size", jsontree.Int(int64(s.size)))
	}
	n.Members = append(n.Members, s.props.Members...)
	return n, nil
}

func (w *schemaWriter) field(f *field, space string) (n jsontree.Node, err error) {
	if err := checkPart(f.name); err != nil {
		return n, err
	}
	t, err := w.node(f.typ, space)
	if err != nil {
		return n, err
	}
	n.Set("name", jsontree.Text(f.name))
	n.Set("type", t)
	if f.hasDoc {
		n.Set("doc", jsontree.Text(f.doc))
	}
	if f.def.Kind != jsontree.None {
		n.Set("default", f.def)
	}
	return n, nil
}

// same says whether two schemas are alike in every respect.
func (s *schema) same(t *schema) bool { return same(s, t, make(map[[2]*schema]bool)) }

// same takes the pairs that are being compared for alike, so that it ends where
// a schema holds itself.
func same(a, b *schema, open map[[2]*schema]bool) bool {
	pair := [2]*schema{a, b}
	if a == b || a == nil || b == nil || open[pair] {
		return a == b || open[pair]
	}
	open[pair] = true
	if a.kind != b.kind || a.name != b.name || a.doc != b.doc || a.size != b.size || a.fallback != b.fallback ||
		len(a.fields) != len(b.fields) || len(a.branches) != len(b.branches) || !slices.Equal(a.symbols, b.symbols) ||
		string(a.props.Append(nil)) != string(b.props.Append(nil)) || !same(a.elem, b.elem, open) {
		return false
	}
	for i := range a.fields {
		f, g := &a.fields[i], &b.fields[i]
		if f.name != g.name || f.doc != g.doc || string(f.def.Append(nil)) != string(g.def.Append(nil)) || !same(f.typ, g.typ, open) {
			return false
		}
	}
	for i := range a.branches {
		if !same(a.branches[i], b.branches[i], open) {
			return false
		}
	}
	return true
}
