package avro

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter/internal/jsontree"
)

// reading makes one schema of Connect of one of Avro, and the plan to read data
// by.
type reading struct {
	config *Config
	open   []*schema // the records that are being read, to find those that hold themselves
}

// read gives the schema and the plan. Version is the one that the schema has
// where it does not say so itself; 0 for none.
func (c *Config) read(a *schema, version int) (*tailrace.Schema, *decoder, error) {
	if c.isAnything(a) {
		return nil, &decoder{op: opAny}, nil
	}
	r := &reading{config: c}
	return r.schema(a, false, jsontree.Node{}, "", version)
}

func (c *Config) isAnything(a *schema) bool {
	own, err := parse(anythingText, nil)
	return err == nil && a.name == anythingName && a.kind == kindRecord && a.same(own)
}

// schema reads a schema whose value may be null when optional says so. Def is
// the default of the field, and doc its doc.
func (r *reading) schema(a *schema, optional bool, def jsontree.Node, doc string, version int) (*tailrace.Schema, *decoder, error) {
	if a.kind == kindUnion {
		if b, ok := r.optional(a); ok {
			return r.branch(a, b, doc)
		}
	}
	n := &decoder{}
	b, err := r.base(a, n)
	if err != nil {
		return nil, nil, err
	}
	if err := r.attributes(a, b, n, def, doc, version); err != nil {
		return nil, nil, err
	}
	if optional {
		b.Optional()
	}
	if r.nullable(a) {
		b.Optional()
	}
	s, err := b.Build()
	if err != nil {
		return nil, nil, err
	}
	n.typ = s.Type()
	return s, n, nil
}

// nullable says whether a union that becomes a struct has null for a branch.
func (r *reading) nullable(a *schema) bool {
	return a.kind == kindUnion && slices.ContainsFunc(a.branches, func(b *schema) bool { return b.kind == kindNull })
}

// optional gives the branch of a union that is another one than null, where
// there are no more than these.
func (r *reading) optional(a *schema) (*schema, bool) {
	if len(a.branches) == 1 && !r.config.KeepSingletons {
		return a.branches[0], true
	}
	if len(a.branches) != 2 || !r.nullable(a) {
		return nil, false
	}
	if a.branches[0].kind == kindNull {
		return a.branches[1], true
	}
	return a.branches[0], true
}

// branch reads a union of null and another schema.
func (r *reading) branch(a, b *schema, doc string) (*tailrace.Schema, *decoder, error) {
	s, inner, err := r.schema(b, len(a.branches) == 2, jsontree.Node{}, doc, 0)
	if err != nil {
		return nil, nil, err
	}
	n := &decoder{op: opUnion, typ: s.Type(), fixed: inner.fixed}
	for _, each := range a.branches {
		if each == b {
			n.branches = append(n.branches, decoderBranch{node: inner, at: -1})
		} else {
			n.branches = append(n.branches, decoderBranch{at: -1})
		}
	}
	return s, n, nil
}

// base begins the schema, without what is said by attributes.
func (r *reading) base(a *schema, n *decoder) (*tailrace.SchemaBuilder, error) {
	switch a.kind {
	case kindBoolean:
		n.op = opBoolean
		return tailrace.NewSchema(tailrace.TypeBoolean), nil
	case kindFloat:
		n.op = opFloat
		return tailrace.NewSchema(tailrace.TypeFloat32), nil
	case kindDouble:
		n.op = opDouble
		return tailrace.NewSchema(tailrace.TypeFloat64), nil
	case kindString:
		n.op = opString
		return tailrace.NewSchema(tailrace.TypeString), nil
	case kindInt:
		n.op = opInt
		return intSchema(a)
	case kindLong:
		n.op = opLong
		if strings.EqualFold(a.prop("logicalType").Str(), "timestamp-millis") {
			return tailrace.Semantic(tailrace.TimestampName), nil
		}
		return tailrace.NewSchema(tailrace.TypeInt64), nil
	case kindBytes, kindFixed:
		return bytesSchema(a, n), nil
	case kindEnum:
		return r.enum(a, n), nil
	case kindArray:
		return r.array(a, n)
	case kindMap:
		elem, node, err := r.schema(a.elem, false, jsontree.Node{}, "", 0)
		n.op, n.elem = opMap, node
		n.key = &decoder{op: opString, typ: tailrace.TypeString}
		return tailrace.NewSchema(tailrace.TypeMap).Key(tailrace.StringSchema).Elem(elem), err
	case kindRecord:
		return r.record(a, n)
	case kindUnion:
		return r.union(a, n)
	}
	return nil, errors.New("a schema that is null alone describes no data of Connect")
}

func intSchema(a *schema) (*tailrace.SchemaBuilder, error) {
	logical, typ := a.prop("logicalType"), a.prop("connect.type")
	switch {
	case logical.Kind == jsontree.String && strings.EqualFold(logical.Text, "date"):
		return tailrace.Semantic(tailrace.DateName), nil
	case logical.Kind == jsontree.String && strings.EqualFold(logical.Text, "time-millis"):
		return tailrace.Semantic(tailrace.TimeName), nil
	case logical.Kind == jsontree.String || typ.Kind != jsontree.String:
		return tailrace.NewSchema(tailrace.TypeInt32), nil
	case typ.Text == "int8":
		return tailrace.NewSchema(tailrace.TypeInt8), nil
	case typ.Text == "int16":
		return tailrace.NewSchema(tailrace.TypeInt16), nil
	}
	return nil, fmt.Errorf("connect.type of an int is %q, which must be int8 or int16", typ.Text)
}

func bytesSchema(a *schema, n *decoder) *tailrace.SchemaBuilder {
	n.op = opBytes
	b := tailrace.NewSchema(tailrace.TypeBytes)
	if strings.EqualFold(a.prop("logicalType").Str(), "decimal") {
		scale, _ := a.prop("scale").Int()
		b = tailrace.DecimalSchema(int(scale))
		n.decimal = true
		if p, ok := a.prop("precision").Int(); ok && p != maxPrecision {
			b.Parameter(precisionParam, strconv.FormatInt(p, 10))
		}
	}
	if a.kind == kindFixed {
		n.op, n.size = opFixed, a.size
		b.Parameter(fixedSize, strconv.Itoa(a.size))
	}
	return b
}

func (r *reading) enum(a *schema, n *decoder) *tailrace.SchemaBuilder {
	n.op, n.symbols = opEnum, a.symbols
	b := tailrace.NewSchema(tailrace.TypeString)
	_, base := splitName(a.name)
	if !r.config.NoMetaData {
		switch {
		case a.hasDoc && r.config.PlainDocs:
			b.Parameter(connectEnumDoc, a.doc)
		case a.hasDoc:
			b.Parameter(enumDoc+base, a.doc)
		}
		if a.fallback != "" && !r.config.PlainDocs {
			b.Parameter(enumDefault+base, a.fallback)
		}
	}
	b.Parameter(enumParameter, a.name)
	for _, symbol := range a.symbols {
		b.Parameter(enumParameter+"."+symbol, symbol)
	}
	return b
}

func (r *reading) array(a *schema, n *decoder) (*tailrace.SchemaBuilder, error) {
	e := a.elem
	if e.kind == kindRecord && (e.name == namespace+"."+mapEntryName || e.prop(internalType).Str() == mapEntryName) {
		if len(e.fields) != 2 || e.fields[0].name != "key" || e.fields[1].name != "value" {
			return nil, fmt.Errorf("%s, the entries of a map, must have the fields key and value and no others", e.name)
		}
		key, keyNode, err := r.schema(e.fields[0].typ, false, jsontree.Node{}, "", 0)
		if err != nil {
			return nil, err
		}
		elem, node, err := r.schema(e.fields[1].typ, false, jsontree.Node{}, "", 0)
		n.op, n.key, n.elem = opMap, keyNode, node
		return tailrace.NewSchema(tailrace.TypeMap).Key(key).Elem(elem), err
	}
	elem, node, err := r.schema(e, false, jsontree.Node{}, "", 0)
	n.op, n.elem = opArray, node
	return tailrace.NewSchema(tailrace.TypeArray).Elem(elem), err
}

func (r *reading) record(a *schema, n *decoder) (*tailrace.SchemaBuilder, error) {
	if slices.Contains(r.open, a) {
		return nil, fmt.Errorf("the record %s holds itself, for which Connect has no schema", a.name)
	}
	r.open = append(r.open, a)
	defer func() { r.open = r.open[:len(r.open)-1] }()
	n.op = opStruct
	b := tailrace.NewSchema(tailrace.TypeStruct)
	docs := !r.config.PlainDocs && !r.config.NoMetaData
	if docs && a.hasDoc {
		b.Parameter(recordDoc, a.doc)
	}
	n.fixed = len(a.fields)
	for i := range a.fields {
		f := &a.fields[i]
		if docs && f.hasDoc {
			b.Parameter(fieldDoc+f.name, f.doc)
		}
		s, node, err := r.schema(f.typ, false, f.def, f.doc, 0)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.name, err)
		}
		b.Field(f.name, s)
		n.fields = append(n.fields, decoderField{name: f.name, node: node})
		if n.fixed += node.fixed; n.fixed > maxFixed {
			return nil, fmt.Errorf("the record %s has more than %d values", a.name, maxFixed)
		}
	}
	return b, nil
}

// maxFixed bounds how many values a schema may have without any array.
const maxFixed = 1 << 20

func (r *reading) union(a *schema, n *decoder) (*tailrace.SchemaBuilder, error) {
	n.op = opUnion
	b := tailrace.NewSchema(tailrace.TypeStruct).Name(unionName)
	seen := make(map[string]bool)
	for _, branch := range a.branches {
		if branch.kind == kindNull {
			n.branches = append(n.branches, decoderBranch{at: -1})
			continue
		}
		name := branch.kind.String()
		if branch.kind.named() {
			if name = branch.name; !r.config.Enhanced {
				_, name = splitName(branch.name)
			}
		}
		if seen[name] {
			return nil, fmt.Errorf("two branches of a union are called %s; Enhanced (enhanced.avro.schema.support=true) calls them by their full names", name)
		}
		seen[name] = true
		s, node, err := r.schema(branch, true, jsontree.Node{}, "", 0)
		if err != nil {
			return nil, fmt.Errorf("branch %s of a union: %w", name, err)
		}
		b.Field(name, s)
		n.branches = append(n.branches, decoderBranch{node: node, at: n.width})
		n.width++
	}
	return b, nil
}

// attributes takes what Avro has no place for.
func (r *reading) attributes(a *schema, b *tailrace.SchemaBuilder, n *decoder, def jsontree.Node, doc string, version int) error {
	r.docs(a, b, doc)
	if v := a.prop("connect.version"); v.Kind != jsontree.None {
		number, ok := v.Int()
		if !ok {
			return fmt.Errorf("connect.version is %s, which must be a number", v.Append(nil))
		}
		version = int(number)
	}
	built, err := b.Build()
	if err != nil {
		return err
	}
	if own, ok := built.Version(); ok && version > 0 && own != version {
		return fmt.Errorf("connect.version is %d, and %s has %d", version, built.Name(), own)
	}
	if version > 0 {
		b.Version(version)
	}
	if params := a.prop("connect.parameters"); params.Kind != jsontree.None && !r.config.NoMetaData {
		for _, m := range params.Members {
			if m.Node.Kind != jsontree.String {
				return fmt.Errorf("connect.parameters has %s=%s, which must be a text", m.Name, m.Node.Append(nil))
			}
			b.Parameter(m.Name, m.Node.Text)
		}
	}
	for _, m := range a.props.Members {
		if strings.HasPrefix(m.Name, parameterPrefix) {
			text := m.Node.Text
			if m.Node.Kind != jsontree.String {
				text = string(m.Node.Append(nil))
			}
			b.Parameter(m.Name, text)
		}
	}
	if err := r.named(a, b, built.Name()); err != nil {
		return err
	}
	return r.standIn(a, b, n, def)
}

func (r *reading) docs(a *schema, b *tailrace.SchemaBuilder, doc string) {
	own := a.prop("connect.doc").Str()
	if !r.config.PlainDocs {
		if own != "" && !r.config.NoMetaData {
			b.Doc(own)
		}
		return
	}
	switch {
	case doc != "":
		b.Doc(doc)
	case a.hasDoc:
		b.Doc(a.doc)
	case own != "":
		b.Doc(own)
	}
	if a.hasDoc && !r.config.NoMetaData {
		b.Parameter(connectRecord, a.doc)
	}
}

// standIn takes the default.
func (r *reading) standIn(a *schema, b *tailrace.SchemaBuilder, n *decoder, def jsontree.Node) error {
	own := a.prop("connect.default")
	switch {
	case def.Kind == jsontree.None || !fits(a, def):
		def = own
	case own.Kind == jsontree.None && !r.config.PlainDocs && !r.config.NoMetaData:
		b.Parameter(fieldDefault, "true")
	}
	if def.Kind == jsontree.None || def.Kind == jsontree.Null {
		return nil
	}
	s, err := b.Build()
	if err != nil {
		return err
	}
	if v, err := r.value(s, a, def); err == nil && s.Validate(v) == nil {
		b.Default(v)
	}
	return nil // as with Confluent's converter, a default that is none is left out
}

func (r *reading) named(a *schema, b *tailrace.SchemaBuilder, has string) error {
	name := a.prop("connect.name")
	switch {
	case name.Kind == jsontree.None && a.kind.named():
		name = jsontree.Text(a.name)
	case name.Kind == jsontree.None:
		return nil
	case name.Kind != jsontree.String:
		return fmt.Errorf("connect.name is %s, which must be a text", name.Append(nil))
	}
	if strings.HasPrefix(name.Text, defaultName) {
		return nil
	}
	if has != "" && has != name.Text {
		return fmt.Errorf("connect.name is %s, and the logical type says %s", name.Text, has)
	}
	b.Name(name.Text)
	return nil
}

// value reads a default.
func (r *reading) value(s *tailrace.Schema, a *schema, n jsontree.Node) (v tailrace.Value, err error) {
	if n.Kind == jsontree.Null || n.Kind == jsontree.None {
		return v, nil
	}
	if a.kind == kindUnion {
		if b, ok := r.optional(a); ok {
			return r.value(s, b, n)
		}
		return r.unionValue(s, a, n)
	}
	wrong := fmt.Errorf("a default of another type than %s", a.kind)
	switch s.Type() {
	case tailrace.TypeInt8, tailrace.TypeInt16, tailrace.TypeInt32, tailrace.TypeInt64:
		i, ok := n.Int()
		if !ok || !inRange(s.Type(), i) {
			return v, wrong
		}
		return tailrace.Integer(s.Type(), i), nil
	case tailrace.TypeFloat32, tailrace.TypeFloat64:
		f, err := strconv.ParseFloat(strings.Replace(n.Text, "Infinity", "Inf", 1), 64)
		if err != nil || n.Kind != jsontree.Number && n.Kind != jsontree.String {
			return v, wrong
		}
		if s.Type() == tailrace.TypeFloat32 {
			return tailrace.Float32(float32(f)), nil
		}
		return tailrace.Float64(f), nil
	case tailrace.TypeBoolean:
		if n.Kind != jsontree.Bool {
			return v, wrong
		}
		return tailrace.Boolean(n.Text == "true"), nil
	case tailrace.TypeString:
		if n.Kind != jsontree.String {
			return v, wrong
		}
		return tailrace.String(n.Text), nil
	case tailrace.TypeBytes:
		b, err := fromLatin1(n.Text)
		if err != nil || n.Kind != jsontree.String {
			return v, wrong
		}
		return tailrace.Bytes(b), nil
	}
	return r.containerValue(s, a, n)
}

func inRange(t tailrace.Type, i int64) bool {
	bits := 64 - 8<<(t-tailrace.TypeInt8)
	return i<<bits>>bits == i
}

func (r *reading) containerValue(s *tailrace.Schema, a *schema, n jsontree.Node) (v tailrace.Value, err error) {
	var vs []tailrace.Value
	add := func(s *tailrace.Schema, a *schema, n jsontree.Node) {
		if err == nil {
			v, err = r.value(s, a, n)
			vs = append(vs, v)
		}
	}
	switch {
	case s.Type() == tailrace.TypeArray && n.Kind == jsontree.Array:
		for _, e := range n.Elems {
			add(s.Elem(), a.elem, e)
		}
		return tailrace.Array(vs), err
	case s.Type() == tailrace.TypeMap && a.kind == kindMap && n.Kind == jsontree.Object:
		for _, m := range n.Members {
			vs = append(vs, tailrace.String(m.Name))
			add(s.Elem(), a.elem, m.Node)
		}
		return tailrace.Map(vs), err
	case s.Type() == tailrace.TypeMap && a.kind == kindArray && n.Kind == jsontree.Array:
		for _, e := range n.Elems {
			if len(e.Elems) != 2 {
				return v, errors.New("an entry of a map that is no pair")
			}
			add(s.Key(), a.elem.fields[0].typ, e.Elems[0])
			add(s.Elem(), a.elem.fields[1].typ, e.Elems[1])
		}
		return tailrace.Map(vs), err
	case s.Type() == tailrace.TypeStruct && a.kind == kindRecord && n.Kind == jsontree.Object:
		for i, f := range s.Fields() {
			m := n.Get(f.Name)
			if m.Kind == jsontree.None {
				m = a.fields[i].def
			}
			add(f.Schema, a.fields[i].typ, m)
		}
		return tailrace.StructOf(vs), err
	}
	return v, fmt.Errorf("a default of another type than %s", a.kind)
}

// unionValue reads the default of a union, which is one of its first branch.
func (r *reading) unionValue(s *tailrace.Schema, a *schema, n jsontree.Node) (tailrace.Value, error) {
	if a.branches[0].kind == kindNull {
		return tailrace.Value{}, errors.New("a default that is not null, of a union that begins with it")
	}
	vs := make([]tailrace.Value, len(s.Fields()))
	v, err := r.value(s.Fields()[0].Schema, a.branches[0], n)
	vs[0] = v
	return tailrace.StructOf(vs), err
}
