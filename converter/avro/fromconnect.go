package avro

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter/internal/jsontree"
)

// anythingText is the schema of schemaless data.
const anythingText = `{"type":"record","name":"Anything","namespace":"io.confluent.connect.avro","fields":[` +
	`{"name":"boolean","type":["null","boolean"],"default":null},{"name":"bytes","type":["null","bytes"],"default":null},` +
	`{"name":"double","type":["null","double"],"default":null},{"name":"float","type":["null","float"],"default":null},` +
	`{"name":"int","type":["null","int"],"default":null},{"name":"long","type":["null","long"],"default":null},` +
	`{"name":"string","type":["null","string"],"default":null},` +
	`{"name":"array","type":["null",{"type":"array","items":"Anything"}],"default":null},` +
	`{"name":"map","type":["null",{"type":"array","items":{"type":"record","name":"MapEntry","fields":[` +
	`{"name":"key","type":"Anything"},{"name":"value","type":"Anything"}]}}],"default":null}]}`

// translation makes one schema of Avro of one of Connect.
type translation struct {
	config  *Config
	names   int             // of schemas that had none
	structs map[string]made // by name
	unnamed []made          // structs and others that were given a name
}

// made is a schema that may be used again.
type made struct {
	from *tailrace.Schema
	to   *schema
}

// translate gives the schema of Avro. A nil one is that of schemaless data.
func (c *Config) translate(s *tailrace.Schema) (*schema, error) {
	if s == nil {
		return parse(anythingText, nil)
	}
	t := &translation{config: c, structs: make(map[string]made)}
	return t.schema(s)
}

// schema translates, null included where it is allowed.
func (t *translation) schema(s *tailrace.Schema) (*schema, error) {
	base, err := t.base(s)
	if err != nil || !s.Optional() {
		return base, err
	}
	null := &schema{kind: kindNull}
	switch {
	case isUnion(s):
		return &schema{kind: kindUnion, branches: append([]*schema{null}, base.branches...)}, nil
	case s.Type() != tailrace.TypeStruct && hasDefault(s):
		return &schema{kind: kindUnion, branches: []*schema{base, null}}, nil
	}
	return &schema{kind: kindUnion, branches: []*schema{null, base}}, nil
}

func hasDefault(s *tailrace.Schema) bool {
	v, ok := s.Default()
	return ok && !v.IsNull()
}

// base translates without regard to null.
func (t *translation) base(s *tailrace.Schema) (out *schema, err error) {
	switch s.Type() {
	case tailrace.TypeInt8, tailrace.TypeInt16, tailrace.TypeInt32:
		out = &schema{kind: kindInt}
	case tailrace.TypeInt64:
		out = &schema{kind: kindLong}
	case tailrace.TypeFloat32:
		out = &schema{kind: kindFloat}
	case tailrace.TypeFloat64:
		out = &schema{kind: kindDouble}
	case tailrace.TypeBoolean:
		out = &schema{kind: kindBoolean}
	case tailrace.TypeString:
		out, err = t.text(s)
	case tailrace.TypeBytes:
		out, err = t.bytes(s)
	case tailrace.TypeArray:
		out = &schema{kind: kindArray}
		out.elem, err = t.schema(s.Elem())
	case tailrace.TypeMap:
		out, err = t.mapping(s)
	case tailrace.TypeStruct:
		if isUnion(s) {
			return t.union(s)
		}
		return t.record(s)
	}
	if err != nil {
		return nil, err
	}
	return out, t.attributes(out, s)
}

// name gives the name of a schema of Avro that must have one.
func (t *translation) name(s *tailrace.Schema) string {
	switch {
	case s.Name() != "" && t.config.ScrubNames:
		return scrubFull(s.Name())
	case s.Name() != "":
		return s.Name()
	}
	if t.names++; t.names > 1 {
		return defaultName + strconv.Itoa(t.names)
	}
	return defaultName
}

func (t *translation) text(s *tailrace.Schema) (*schema, error) {
	if !t.config.isEnum(s) {
		return &schema{kind: kindString}, nil
	}
	name, _ := s.Parameter(enumParameter)
	out := &schema{kind: kindEnum, name: name}
	for _, p := range s.Parameters() {
		if symbol, ok := strings.CutPrefix(p.Name, enumParameter+"."); ok {
			if err := checkPart(symbol); err != nil {
				return nil, err
			}
			out.symbols = append(out.symbols, symbol)
		}
	}
	_, base := splitName(t.name(s))
	if t.config.PlainDocs {
		out.doc, out.hasDoc = s.Parameter(connectEnumDoc)
	} else {
		out.doc, out.hasDoc = s.Parameter(enumDoc + base)
		out.fallback, _ = s.Parameter(enumDefault + base)
	}
	return out, nil
}

func (t *translation) bytes(s *tailrace.Schema) (*schema, error) {
	out := &schema{kind: kindBytes}
	if isFixed(s) {
		text, _ := s.Parameter(fixedSize)
		size, err := strconv.Atoi(text)
		if err != nil || size < 0 {
			return nil, fmt.Errorf("the parameter %s=%q is no number of bytes", fixedSize, text)
		}
		out = &schema{kind: kindFixed, name: t.name(s), size: size}
	}
	if s.Name() != tailrace.DecimalName {
		return out, nil
	}
	scale, err := tailrace.Scale(s)
	if err != nil {
		return nil, err
	}
	precision, err := precisionOf(s)
	if err != nil {
		return nil, err
	}
	out.set("scale", jsontree.Int(int64(scale)))
	out.set("precision", jsontree.Int(int64(precision)))
	return out, nil
}

func precisionOf(s *tailrace.Schema) (int, error) {
	text, ok := s.Parameter(precisionParam)
	if !ok {
		return maxPrecision, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("the parameter %s=%q is no number", precisionParam, text)
	}
	return n, nil
}

// textKeys says whether the map is one of Avro's, whose keys are texts.
func (c *Config) textKeys(s *tailrace.Schema) bool {
	return s.Key().Type() == tailrace.TypeString && (!s.Key().Optional() || c.OptionalMapKeys)
}

func (t *translation) mapping(s *tailrace.Schema) (*schema, error) {
	if t.config.textKeys(s) {
		values, err := t.schema(s.Elem())
		return &schema{kind: kindMap, elem: values}, err
	}
	entry := &schema{kind: kindRecord, name: namespace + "." + mapEntryName}
	if s.Name() != "" {
		entry.name = t.name(s)
		entry.set(internalType, jsontree.Text(mapEntryName))
	}
	for _, f := range []tailrace.Field{{Name: "key", Schema: s.Key()}, {Name: "value", Schema: s.Elem()}} {
		if err := t.field(entry, f, ""); err != nil {
			return nil, err
		}
	}
	return &schema{kind: kindArray, elem: entry}, nil
}

func (t *translation) union(s *tailrace.Schema) (*schema, error) {
	out := &schema{kind: kindUnion}
	seen := make(map[string]bool)
	for _, f := range s.Fields() {
		b, err := t.base(f.Schema)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		id := b.kind.String()
		if b.kind.named() {
			id = b.name
		}
		if seen[id] || b.kind == kindUnion {
			return nil, fmt.Errorf("field %s of a union: Avro allows each type once in one, and no other union", f.Name)
		}
		seen[id] = true
		out.branches = append(out.branches, b)
	}
	return out, nil
}

func (t *translation) record(s *tailrace.Schema) (*schema, error) {
	required := s
	if s.Optional() {
		b, err := s.Builder().Required().Build()
		if err != nil {
			return nil, err
		}
		required = b
	}
	if m, ok := t.structs[s.Name()]; ok && s.Name() != "" {
		if !m.from.Equal(required) && !sameShape(m.from, required) {
			return nil, fmt.Errorf("two different structs have the name %s, which Avro does not allow in one schema: give them names of their own", s.Name())
		}
		return m.to, nil
	}
	for _, m := range t.unnamed {
		if s.Name() == "" && m.from.Equal(required) {
			return m.to, nil
		}
	}
	out := &schema{kind: kindRecord, name: t.name(s)}
	t.structs[s.Name()] = made{required, out}
	if s.Name() == "" {
		t.unnamed = append(t.unnamed, made{required, out})
	}
	if t.config.PlainDocs {
		out.doc, out.hasDoc = s.Parameter(connectRecord)
	} else {
		out.doc, out.hasDoc = s.Parameter(recordDoc)
	}
	seen := make(map[string]bool)
	for _, f := range s.Fields() {
		name := f.Name
		if t.config.ScrubNames {
			name = scrub(name)
		}
		if seen[name] {
			return nil, fmt.Errorf("two fields of %s are called %s once their names are ones that Avro allows", out.name, name)
		}
		seen[name] = true
		doc := ""
		if !t.config.PlainDocs {
			doc, _ = s.Parameter(fieldDoc + f.Name)
		}
		if err := t.field(out, tailrace.Field{Name: name, Schema: f.Schema}, doc); err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
	}
	return out, t.attributes(out, s)
}

// sameShape says whether values of both schemas have the same fields of the
// same types, so that the bytes of either are those of the other.
func sameShape(a, b *tailrace.Schema) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Type() != b.Type() || a.Optional() != b.Optional() || len(a.Fields()) != len(b.Fields()) || a.Name() != b.Name() {
		return false
	}
	for i, f := range a.Fields() {
		if f.Name != b.Fields()[i].Name || !sameShape(f.Schema, b.Fields()[i].Schema) {
			return false
		}
	}
	return sameShape(a.Key(), b.Key()) && sameShape(a.Elem(), b.Elem())
}

// field adds a member to a record.
func (t *translation) field(out *schema, f tailrace.Field, doc string) (err error) {
	to := field{name: f.Name, doc: doc, hasDoc: doc != ""}
	if t.config.PlainDocs && f.Schema.Doc() != "" {
		to.doc, to.hasDoc = f.Schema.Doc(), true
	}
	if to.typ, err = t.schema(f.Schema); err != nil {
		return err
	}
	if hasDefault(f.Schema) {
		def, _ := f.Schema.Default()
		if to.def, err = t.value(f.Schema, def); err != nil {
			return fmt.Errorf("the default: %w", err)
		}
		if !fits(to.typ, to.def) {
			to.def = jsontree.Node{} // Avro has no defaults of this form; connect.default keeps it
		}
	} else if f.Schema.Optional() {
		to.def.Kind = jsontree.Null
	}
	out.fields = append(out.fields, to)
	return nil
}

// fits says whether Avro takes a text for a default of the schema.
func fits(s *schema, n jsontree.Node) bool {
	switch s.kind {
	case kindNull:
		return n.Kind == jsontree.Null
	case kindBoolean:
		return n.Kind == jsontree.Bool
	case kindInt, kindLong, kindFloat, kindDouble:
		return n.Kind == jsontree.Number
	case kindBytes, kindString, kindEnum, kindFixed:
		return n.Kind == jsontree.String
	case kindArray:
		for _, e := range n.Elems {
			if !fits(s.elem, e) {
				return false
			}
		}
		return n.Kind == jsontree.Array
	case kindMap:
		for _, m := range n.Members {
			if !fits(s.elem, m.Node) {
				return false
			}
		}
		return n.Kind == jsontree.Object
	case kindRecord:
		for _, f := range s.fields {
			v := n.Get(f.name)
			if v.Kind == jsontree.None {
				v = f.def
			}
			if !fits(f.typ, v) {
				return false
			}
		}
		return n.Kind == jsontree.Object
	}
	for _, b := range s.branches {
		if fits(b, n) {
			return true
		}
	}
	return false
}

// attributes adds what Avro has no place for.
func (t *translation) attributes(out *schema, s *tailrace.Schema) error {
	if !t.config.NoMetaData {
		if err := t.metaData(out, s); err != nil {
			return err
		}
	}
	if err := logicalType(out, s); err != nil {
		return err
	}
	for _, p := range s.Parameters() {
		if strings.HasPrefix(p.Name, parameterPrefix) {
			out.set(p.Name, jsontree.Text(p.Value))
		}
	}
	return nil
}

func (t *translation) metaData(out *schema, s *tailrace.Schema) error {
	if s.Doc() != "" {
		out.set("connect.doc", jsontree.Text(s.Doc()))
	}
	if v, ok := s.Version(); ok {
		out.set("connect.version", jsontree.Int(int64(v)))
	}
	_, flagged := s.Parameter(fieldDefault)
	flagged = flagged && !t.config.PlainDocs
	var params jsontree.Node
	for _, p := range s.Parameters() {
		if p.Name != fieldDefault || t.config.PlainDocs {
			params.Set(p.Name, jsontree.Text(p.Value))
		}
	}
	if len(params.Members) > 0 {
		out.set("connect.parameters", params)
	}
	if hasDefault(s) && !flagged {
		def, _ := s.Default()
		n, err := t.value(s, def)
		if err != nil {
			return fmt.Errorf("the default: %w", err)
		}
		out.set("connect.default", n)
	}
	if s.Name() != "" {
		out.set("connect.name", jsontree.Text(s.Name()))
	}
	switch s.Type() {
	case tailrace.TypeInt8, tailrace.TypeInt16:
		out.set("connect.type", jsontree.Text(s.Type().String()))
	}
	return nil
}

// logicalType says what Avro itself knows of Connect's logical types.
func logicalType(out *schema, s *tailrace.Schema) error {
	wrong := func(want tailrace.Type) error {
		if s.Type() == want {
			return nil
		}
		return fmt.Errorf("a schema named %s has the type %s, which must be %s", s.Name(), s.Type(), want)
	}
	switch s.Name() {
	case tailrace.DecimalName:
		if err := wrong(tailrace.TypeBytes); err != nil {
			return err
		}
		scale, err := tailrace.Scale(s)
		if err != nil {
			return err
		}
		precision, err := precisionOf(s)
		if err != nil {
			return err
		}
		_, stated := s.Parameter(precisionParam)
		legacy := scale < 0 || scale > precision // no decimal of Avro's, which is said all the same
		if legacy || stated || precision > 0 {
			out.set("logicalType", jsontree.Text("decimal"))
		}
	case tailrace.DateName:
		out.set("logicalType", jsontree.Text("date"))
		return wrong(tailrace.TypeInt32)
	case tailrace.TimeName:
		out.set("logicalType", jsontree.Text("time-millis"))
		return wrong(tailrace.TypeInt32)
	case tailrace.TimestampName:
		out.set("logicalType", jsontree.Text("timestamp-millis"))
		return wrong(tailrace.TypeInt64)
	}
	return nil
}

// value gives a default in the form of Avro's defaults.
func (t *translation) value(s *tailrace.Schema, v tailrace.Value) (n jsontree.Node, err error) {
	if v.IsNull() {
		return jsontree.Node{Kind: jsontree.Null}, nil
	}
	if err := s.Validate(v); err != nil {
		return n, err
	}
	switch s.Type() {
	case tailrace.TypeInt8, tailrace.TypeInt16, tailrace.TypeInt32, tailrace.TypeInt64:
		return jsontree.Int(v.Int()), nil
	case tailrace.TypeFloat32, tailrace.TypeFloat64:
		return floatNode(v.Float(), s.Type() == tailrace.TypeFloat32), nil
	case tailrace.TypeBoolean:
		return jsontree.Of(v.Bool()), nil
	case tailrace.TypeString:
		return jsontree.Text(v.Text()), nil
	case tailrace.TypeBytes:
		return jsontree.Text(latin1(v.Bytes())), nil
	case tailrace.TypeArray:
		n.Kind = jsontree.Array
		for i, e := range v.Elems() {
			en, err := t.value(s.Elem(), e)
			if err != nil {
				return n, fmt.Errorf("element %d: %w", i, err)
			}
			n.Elems = append(n.Elems, en)
		}
		return n, nil
	case tailrace.TypeMap:
		return t.mapValue(s, v.Entries())
	}
	n.Kind = jsontree.Object
	for i, f := range s.Fields() {
		fv := v.Fields()[i]
		if def, ok := f.Schema.Default(); ok && fv.IsNull() {
			fv = def
		}
		fn, err := t.value(f.Schema, fv)
		if err != nil {
			return n, fmt.Errorf("field %s: %w", f.Name, err)
		}
		if isUnion(s) && fn.Kind != jsontree.Null {
			return fn, nil
		}
		name := f.Name
		if t.config.ScrubNames {
			name = scrub(name)
		}
		n.Set(name, fn)
	}
	return n, nil
}

func (t *translation) mapValue(s *tailrace.Schema, kvs []tailrace.Value) (n jsontree.Node, err error) {
	object := t.config.textKeys(s)
	n.Kind = jsontree.Array
	if object {
		n.Kind = jsontree.Object
	}
	for i := 0; i < len(kvs); i += 2 {
		k, err := t.value(s.Key(), kvs[i])
		if err != nil {
			return n, err
		}
		v, err := t.value(s.Elem(), kvs[i+1])
		if err != nil {
			return n, err
		}
		if object {
			n.Set(k.Text, v)
		} else {
			n.Elems = append(n.Elems, jsontree.Node{Kind: jsontree.Array, Elems: []jsontree.Node{k, v}})
		}
	}
	return n, nil
}

// floatNode is a number as Java prints it, or its name where JSON has none.
func floatNode(f float64, short bool) jsontree.Node {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		text := map[bool]string{true: "NaN", false: "Infinity"}[math.IsNaN(f)]
		if f < 0 {
			text = "-" + text
		}
		return jsontree.Text(text)
	}
	bits := 64
	if short {
		bits = 32
	}
	text := strconv.FormatFloat(f, 'g', -1, bits)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return jsontree.Node{Kind: jsontree.Number, Text: text}
}

// latin1 is bytes as a text of as many characters.
func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// fromLatin1 is the other way about.
func fromLatin1(s string) ([]byte, error) {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return nil, errors.New("bytes as a text have no characters beyond U+00FF")
		}
		b = append(b, byte(r))
	}
	return b, nil
}
