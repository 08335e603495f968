package avro

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace/converter/internal/jsontree"
)

// parser reads the texts of schemas.
type parser struct {
	known map[string]*schema
	refs  map[string]string // the texts of named schemas that are not read yet
}

// parse reads a schema. What it refers to is among refs, by name.
func parse(text string, refs map[string]string) (*schema, error) {
	p := &parser{known: make(map[string]*schema), refs: refs}
	return p.text(text)
}

func (p *parser) text(text string) (*schema, error) {
	n, err := jsontree.Parse([]byte(text))
	if err != nil {
		if t := strings.TrimSpace(text); t != "" && !strings.ContainsAny(t, "{}[]\"") {
			return p.name(t, "") // a bare name, which registries take for a schema
		}
		return nil, fmt.Errorf("a schema that is no JSON: %w", err)
	}
	return p.node(n, "")
}

func (p *parser) node(n jsontree.Node, space string) (*schema, error) {
	switch n.Kind {
	case jsontree.String:
		return p.name(n.Text, space)
	case jsontree.Array:
		return p.union(n, space)
	case jsontree.Object:
		return p.object(n, space)
	}
	return nil, fmt.Errorf("a schema is a name, a list or an object, and not %s", n.Append(nil))
}

func (p *parser) name(name, space string) (*schema, error) {
	if i := slices.Index(kindNames[:], name); i >= 0 && kind(i) <= kindString {
		return &schema{kind: kind(i)}, nil
	}
	full := name
	if !strings.Contains(name, ".") && space != "" {
		full = space + "." + name
	}
	for _, n := range []string{full, name} {
		if s := p.known[n]; s != nil {
			return s, nil
		}
		if text, ok := p.refs[n]; ok {
			delete(p.refs, n)
			if _, err := p.text(text); err != nil {
				return nil, fmt.Errorf("the schema %s: %w", n, err)
			}
			if s := p.known[n]; s != nil {
				return s, nil
			}
		}
	}
	return nil, fmt.Errorf("a schema refers to %s, which is not described before", full)
}

func (p *parser) union(n jsontree.Node, space string) (*schema, error) {
	s := &schema{kind: kindUnion}
	seen := make(map[string]bool)
	for _, e := range n.Elems {
		b, err := p.node(e, space)
		if err != nil {
			return nil, err
		}
		id := b.kind.String()
		if b.kind.named() {
			id = b.name
		}
		if b.kind == kindUnion || seen[id] {
			return nil, fmt.Errorf("a union has %s twice, or another union", id)
		}
		seen[id] = true
		s.branches = append(s.branches, b)
	}
	if len(s.branches) == 0 {
		return nil, errors.New("a union of nothing")
	}
	return s, nil
}

func (p *parser) object(n jsontree.Node, space string) (*schema, error) {
	t := n.Get("type")
	if t.Kind != jsontree.String {
		return p.node(t, space) // {"type": {…}}
	}
	var s *schema
	var err error
	known := []string{"type"}
	switch t.Text {
	case "record", "error", "enum", "fixed":
		return p.named(n, t.Text, space)
	case "array":
		s = &schema{kind: kindArray}
		s.elem, err = p.node(n.Get("items"), space)
		known = append(known, "items")
	case "map":
		s = &schema{kind: kindMap}
		s.elem, err = p.node(n.Get("values"), space)
		known = append(known, "values")
	default:
		s, err = p.name(t.Text, space)
	}
	if err != nil {
		return nil, err
	}
	if !s.kind.named() {
		s.props = rest(n, known...)
	}
	return s, nil
}

// rest are the attributes that Avro itself gives no meaning.
func rest(n jsontree.Node, known ...string) (props jsontree.Node) {
	for _, m := range n.Members {
		if !slices.Contains(known, m.Name) {
			props.Set(m.Name, m.Node)
		}
	}
	return props
}

func (p *parser) named(n jsontree.Node, typ, space string) (*schema, error) {
	name := n.Get("name").Str()
	if name == "" {
		return nil, fmt.Errorf("a schema of the type %s has no name", typ)
	}
	if !strings.Contains(name, ".") {
		own := n.Get("namespace")
		if own.Kind == jsontree.String {
			space = own.Text
		}
		if space != "" {
			name = space + "." + name
		}
	}
	name = strings.TrimPrefix(name, ".")
	space, _ = splitName(name)
	if p.known[name] != nil {
		return nil, fmt.Errorf("the schema %s is described twice", name)
	}
	s := &schema{name: name}
	p.known[name] = s
	if doc := n.Get("doc"); doc.Kind == jsontree.String {
		s.doc, s.hasDoc = doc.Text, true
	}
	var err error
	switch typ {
	case "enum":
		s.kind, err = kindEnum, p.enum(s, n)
	case "fixed":
		s.kind = kindFixed
		size, ok := n.Get("size").Int()
		if !ok || size < 0 || size > 1<<30 {
			err = errors.New("the size must be a number of bytes")
		}
		s.size = int(size)
		s.props = rest(n, "type", "name", "namespace", "doc", "aliases", "size")
	default:
		s.kind, err = kindRecord, p.record(s, n, space)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

func (p *parser) enum(s *schema, n jsontree.Node) error {
	for _, e := range n.Get("symbols").Elems {
		if e.Kind != jsontree.String || slices.Contains(s.symbols, e.Text) {
			return fmt.Errorf("the symbol %s is no text, or is there twice", e.Append(nil))
		}
		s.symbols = append(s.symbols, e.Text)
	}
	s.fallback = n.Get("default").Str()
	s.props = rest(n, "type", "name", "namespace", "doc", "aliases", "symbols", "default")
	return nil
}

func (p *parser) record(s *schema, n jsontree.Node, space string) error {
	if n.Get("fields").Kind != jsontree.Array {
		return errors.New("a record must have a list of fields")
	}
	seen := make(map[string]bool)
	for _, e := range n.Get("fields").Elems {
		f := field{name: e.Get("name").Str(), def: e.Get("default")}
		if f.name == "" || seen[f.name] {
			return fmt.Errorf("the field %q has no name, or is there twice", f.name)
		}
		seen[f.name] = true
		if doc := e.Get("doc"); doc.Kind == jsontree.String {
			f.doc, f.hasDoc = doc.Text, true
		}
		var err error
		if f.typ, err = p.node(e.Get("type"), space); err != nil {
			return fmt.Errorf("field %s: %w", f.name, err)
		}
		s.fields = append(s.fields, f)
	}
	s.props = rest(n, "type", "name", "namespace", "doc", "aliases", "fields")
	return nil
}
