package avro

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
)

// op says how the values of a node are written.
type op uint8

const (
	opInt op = iota
	opString
	opBytes
	opDecimal
	opStruct
	opBoolean
	opFloat
	opDouble
	opTimeOfDay
	opFixed
	opEnum
	opArray
	opMap   // blocks of keys and values, of either form
	opUnion // a struct of which one field is not null
	opAny   // schemaless data
)

// encoder is what is worked out once about how a schema's data is written.
type encoder struct {
	op      op
	typ     tailrace.Type
	prefix  string // the branch of a union that all values but null are of
	null    string // what null is written as
	nullOK  bool
	unknown string // what a column that the log did not carry is written as
	known   bool   // whether it can be
	size    int    // of a fixed
	symbols map[string]string
	fields  []encoderField
	key     *encoder
	elem    *encoder
	name    string // of the schema
}

// encoderField is a member of a record, in the order of Avro's fields.
type encoderField struct {
	node  *encoder
	name  string
	index int    // in the struct; -1 where it has no such field and null is written
	null  string // what null is written as
	ok    bool   // whether null is allowed
}

// compile plans how values of a schema are written by one of Avro.
func (c *Config) compile(s *tailrace.Schema, a *schema) (*encoder, error) {
	if s == nil {
		return &encoder{op: opAny}, nil
	}
	n := &encoder{typ: s.Type(), name: s.Name()}
	own := a
	if a.kind == kindUnion && !isUnion(s) {
		own = nil
		for i, b := range a.branches {
			switch {
			case b.kind == kindNull:
				n.null, n.nullOK = string(appendLong(nil, int64(i))), s.Optional()
			case own == nil && c.suits(s, b):
				own, n.prefix = b, string(appendLong(nil, int64(i)))
			}
		}
	}
	if own == nil || own.kind != kindUnion && !c.suits(s, own) {
		return nil, fmt.Errorf("%s where the schema of the registry has %s", s.Type(), a.describe())
	}
	if err := c.compileOp(n, s, own); err != nil {
		return nil, err
	}
	return n, c.compileUnknown(n, s)
}

func (s *schema) describe() string {
	if s.name != "" {
		return s.kind.String() + " " + s.name
	}
	return s.kind.String()
}

// suits says whether the values of a schema can be those of one of Avro, on
// the face of it.
func (c *Config) suits(s *tailrace.Schema, a *schema) bool {
	switch s.Type() {
	case tailrace.TypeInt8, tailrace.TypeInt16, tailrace.TypeInt32:
		return a.kind == kindInt || a.kind == kindLong
	case tailrace.TypeInt64:
		return a.kind == kindLong
	case tailrace.TypeFloat32:
		return a.kind == kindFloat || a.kind == kindDouble
	case tailrace.TypeFloat64:
		return a.kind == kindDouble
	case tailrace.TypeBoolean:
		return a.kind == kindBoolean
	case tailrace.TypeString:
		return a.kind == kindString || a.kind == kindEnum
	case tailrace.TypeBytes:
		return a.kind == kindBytes || a.kind == kindFixed
	case tailrace.TypeArray:
		return a.kind == kindArray
	case tailrace.TypeMap:
		return a.kind == kindMap || a.kind == kindArray && a.elem.kind == kindRecord
	}
	return a.kind == kindRecord && !isUnion(s)
}

func (c *Config) compileOp(n *encoder, s *tailrace.Schema, a *schema) (err error) {
	switch a.kind {
	case kindInt, kindLong:
		n.op = opInt
		if s.Name() == tailrace.TimeName {
			n.op = opTimeOfDay
		}
	case kindFloat:
		n.op = opFloat
	case kindDouble:
		n.op = opDouble
	case kindBoolean:
		n.op = opBoolean
	case kindString:
		n.op = opString
	case kindBytes:
		n.op = opBytes
		if s.Name() == tailrace.DecimalName {
			n.op = opDecimal
		}
	case kindFixed:
		n.op, n.size = opFixed, a.size
	case kindEnum:
		n.op, n.symbols = opEnum, make(map[string]string)
		for i, symbol := range a.symbols {
			n.symbols[symbol] = string(appendLong(nil, int64(i)))
		}
	case kindArray, kindMap:
		return c.compileList(n, s, a)
	case kindRecord:
		n.op = opStruct
		return c.compileFields(n, s, a)
	case kindUnion:
		n.op = opUnion
		return c.compileUnion(n, s, a)
	default:
		err = fmt.Errorf("%s cannot be written as %s of Avro", s.Type(), a.kind)
	}
	return err
}

func (c *Config) compileList(n *encoder, s *tailrace.Schema, a *schema) (err error) {
	if s.Type() == tailrace.TypeArray {
		n.op = opArray
		n.elem, err = c.compile(s.Elem(), a.elem)
		return err
	}
	n.op = opMap
	key, value := &schema{kind: kindString}, a.elem
	if a.kind == kindArray {
		if len(a.elem.fields) != 2 {
			return fmt.Errorf("a map cannot be written as an array of %s, which has not two fields", a.elem.name)
		}
		key, value = a.elem.fields[0].typ, a.elem.fields[1].typ
	}
	if n.key, err = c.compile(s.Key(), key); err != nil {
		return err
	}
	n.elem, err = c.compile(s.Elem(), value)
	return err
}

func (c *Config) compileFields(n *encoder, s *tailrace.Schema, a *schema) error {
	used := 0
	for i := range a.fields {
		to := &a.fields[i]
		f := encoderField{name: to.name, index: -1}
		from, ok := c.fieldOf(s, to.name)
		if !ok {
			null, err := missing(to)
			if err != nil {
				return err
			}
			f.null, f.ok = null, true
			n.fields = append(n.fields, f)
			continue
		}
		used++
		var err error
		if f.node, err = c.compile(from.Schema, to.typ); err != nil {
			return fmt.Errorf("field %s: %w", from.Name, err)
		}
		f.name, f.index, f.null, f.ok = from.Name, from.Index, f.node.null, f.node.nullOK
		def, hasOne := from.Schema.Default()
		if hasOne && !def.IsNull() && !(c.NoDefaults && from.Schema.Optional()) {
			text, err := f.node.append(nil, def)
			if err != nil {
				return fmt.Errorf("field %s: the default: %w", from.Name, err)
			}
			f.null, f.ok = string(text), true
		}
		n.fields = append(n.fields, f)
	}
	if used < len(s.Fields()) && !c.LaxLatest {
		for _, f := range s.Fields() {
			if !slices.ContainsFunc(n.fields, func(e encoderField) bool { return e.index == f.Index }) {
				return fmt.Errorf("the schema of the registry has no field for %s: register one that has, or leave the field out (latest.compatibility.strict=false)", f.Name)
			}
		}
	}
	return nil
}

func (c *Config) fieldOf(s *tailrace.Schema, name string) (tailrace.Field, bool) {
	if !c.ScrubNames {
		return s.Field(name)
	}
	for _, f := range s.Fields() {
		if scrub(f.Name) == name {
			return f, true
		}
	}
	return tailrace.Field{}, false
}

// missing is what stands in a field of the registry's schema that the data has
// not.
func missing(f *field) (string, error) {
	if f.typ.kind == kindUnion {
		for i, b := range f.typ.branches {
			if b.kind == kindNull {
				return string(appendLong(nil, int64(i))), nil
			}
		}
	}
	return "", fmt.Errorf("the schema of the registry requires the field %s, which the data has not", f.name)
}

func (c *Config) compileUnion(n *encoder, s *tailrace.Schema, a *schema) error {
	at := 0
	for _, f := range s.Fields() {
		for at < len(a.branches) && a.branches[at].kind == kindNull {
			n.null, n.nullOK = string(appendLong(nil, int64(at))), s.Optional()
			at++
		}
		if at == len(a.branches) {
			return fmt.Errorf("the union of the registry has no branch for %s", f.Name)
		}
		node, err := c.compile(f.Schema, a.branches[at])
		if err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
		node.prefix = string(appendLong(nil, int64(at)))
		n.fields = append(n.fields, encoderField{node: node, name: f.Name, index: f.Index})
		at++
	}
	return nil
}

// compileUnknown works out what a column that the log did not carry is.
func (c *Config) compileUnknown(n *encoder, s *tailrace.Schema) error {
	v, ok := converter.Placeholder(s, c.Unavailable)
	if ok && n.op != opFixed && n.op != opEnum {
		text, err := n.append(nil, v)
		if err != nil {
			return fmt.Errorf("the placeholder of an unavailable value: %w", err)
		}
		n.unknown, n.known = string(text), true
	} else if n.nullOK {
		n.unknown, n.known = n.null, true
	}
	return nil
}

// append writes a value.
func (n *encoder) append(dst []byte, v tailrace.Value) (_ []byte, err error) {
	if v.Type() != n.typ {
		return n.appendOther(dst, v)
	}
	dst = append(dst, n.prefix...)
	switch n.op {
	case opInt:
		return appendLong(dst, v.Int()), nil
	case opString, opBytes:
		return appendBytes(dst, v.Bytes()), nil
	case opStruct:
		return n.appendStruct(dst, v.Fields())
	case opDecimal:
		b := v.Bytes()
		if len(b) == 0 {
			return dst, errors.New("a decimal of no bytes, which stands for no number")
		}
		return appendBytes(dst, minimal(b)), nil
	case opBoolean:
		if v.Bool() {
			return append(dst, 1), nil
		}
		return append(dst, 0), nil
	case opFloat:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(v.Float()))), nil
	case opDouble:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.Float())), nil
	case opTimeOfDay:
		if ms := v.Int(); ms < 0 || ms > 24*60*60*1000 {
			return dst, fmt.Errorf("a %s outside of a day, which it cannot be", tailrace.TimeName)
		}
		return appendLong(dst, v.Int()), nil
	case opFixed:
		if len(v.Bytes()) != n.size {
			return dst, fmt.Errorf("%d bytes where the schema %s requires %d", len(v.Bytes()), n.name, n.size)
		}
		return append(dst, v.Bytes()...), nil
	case opEnum:
		index, ok := n.symbols[v.Text()]
		if !ok {
			return dst, fmt.Errorf("a text that is none of the symbols of the enum %s", n.name)
		}
		return append(dst, index...), nil
	case opUnion:
		return n.appendUnion(dst, v.Fields())
	}
	return n.appendList(dst, v)
}

// appendOther writes what is not of the schema's type.
func (n *encoder) appendOther(dst []byte, v tailrace.Value) ([]byte, error) {
	switch {
	case n.op == opAny:
		return appendAny(dst, v, 0)
	case v.IsNull() && n.nullOK:
		return append(dst, n.null...), nil
	case v.IsNull():
		return dst, fmt.Errorf("null where %s is required", n.typ)
	case v.IsUnchanged() && n.known:
		return append(dst, n.unknown...), nil
	case v.IsUnchanged():
		return dst, fmt.Errorf("a column that the log did not carry, for which %s has no placeholder", n.typ)
	}
	return dst, fmt.Errorf("%s where the schema requires %s", v.Type(), n.typ)
}

func (n *encoder) appendStruct(dst []byte, vs []tailrace.Value) (_ []byte, err error) {
	for i := range n.fields {
		f := &n.fields[i]
		if f.index >= len(vs) {
			return dst, fmt.Errorf("%d fields where the schema %s has more", len(vs), n.name)
		}
		if f.index < 0 {
			dst = append(dst, f.null...)
			continue
		}
		v, node := vs[f.index], f.node
		switch {
		case v.IsNull():
			if !f.ok {
				return dst, fmt.Errorf("field %s: null where %s is required and there is no default", f.name, node.typ)
			}
			dst = append(dst, f.null...)
		case node.op <= opString && v.Type() == node.typ:
			dst = append(dst, node.prefix...)
			if node.op == opInt {
				dst = appendLong(dst, v.Int())
			} else {
				dst = appendBytes(dst, v.Bytes())
			}
		default:
			if dst, err = node.append(dst, v); err != nil {
				return dst, fmt.Errorf("field %s: %w", f.name, err)
			}
		}
	}
	return dst, nil
}

func (n *encoder) appendUnion(dst []byte, vs []tailrace.Value) ([]byte, error) {
	for i := range n.fields {
		f := &n.fields[i]
		if f.index < len(vs) && !vs[f.index].IsNull() {
			return f.node.append(dst, vs[f.index])
		}
	}
	if !n.nullOK {
		return dst, errors.New("a union of which every field is null, where null is not allowed")
	}
	return append(dst, n.null...), nil
}

// appendList writes an array or a map as one block.
func (n *encoder) appendList(dst []byte, v tailrace.Value) (_ []byte, err error) {
	if n.op == opArray {
		vs := v.Elems()
		if len(vs) > 0 {
			dst = appendLong(dst, int64(len(vs)))
		}
		for i := range vs {
			if dst, err = n.elem.append(dst, vs[i]); err != nil {
				return dst, fmt.Errorf("element %d: %w", i, err)
			}
		}
		return append(dst, 0), nil
	}
	kvs := v.Entries()
	if len(kvs) > 0 {
		dst = appendLong(dst, int64(len(kvs)/2))
	}
	for i := 0; i < len(kvs); i += 2 {
		if dst, err = n.key.append(dst, kvs[i]); err != nil {
			return dst, fmt.Errorf("key %d of a map: %w", i/2, err)
		}
		if dst, err = n.elem.append(dst, kvs[i+1]); err != nil {
			return dst, fmt.Errorf("value %d of a map: %w", i/2, err)
		}
	}
	return append(dst, 0), nil
}

// appendLong writes a whole number: zigzag, seven bits a byte.
func appendLong(dst []byte, v int64) []byte {
	return binary.AppendUvarint(dst, uint64(v)<<1^uint64(v>>63))
}

func appendBytes(dst, b []byte) []byte {
	return append(appendLong(dst, int64(len(b))), b...)
}

// minimal drops the leading bytes of an unscaled number that say nothing.
func minimal(b []byte) []byte {
	for len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
		b = b[1:]
	}
	return b
}

// The places of the fields of Anything.
const (
	anyBoolean = iota
	anyBytes
	anyDouble
	anyFloat
	anyInt
	anyLong
	anyString
	anyArray
	anyMap
	anyFields
)

// maxDepth bounds how deep data may nest.
const maxDepth = 1000

var errDeep = errors.New("the data nests deeper than 1000 levels")

// appendAny writes schemaless data: a record that has one field a type, of which
// one is not null.
func appendAny(dst []byte, v tailrace.Value, depth int) (_ []byte, err error) {
	if depth == maxDepth {
		return dst, errDeep
	}
	at := anyFields
	switch v.Type() {
	case tailrace.TypeNull:
	case tailrace.TypeInt8, tailrace.TypeInt16, tailrace.TypeInt32:
		at = anyInt
	case tailrace.TypeInt64:
		at = anyLong
	case tailrace.TypeFloat32:
		at = anyFloat
	case tailrace.TypeFloat64:
		at = anyDouble
	case tailrace.TypeBoolean:
		at = anyBoolean
	case tailrace.TypeString:
		at = anyString
	case tailrace.TypeBytes:
		at = anyBytes
	case tailrace.TypeArray:
		at = anyArray
	case tailrace.TypeMap:
		at = anyMap
	default:
		return dst, fmt.Errorf("%s without a schema, of which Avro can make nothing", v.Type())
	}
	for range min(at, anyFields) {
		dst = append(dst, 0)
	}
	if at == anyFields {
		return dst, nil
	}
	dst = append(dst, 2)
	switch at {
	case anyInt, anyLong:
		dst = appendLong(dst, v.Int())
	case anyFloat:
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(v.Float())))
	case anyDouble:
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.Float()))
	case anyBoolean:
		b := byte(0)
		if v.Bool() {
			b = 1
		}
		dst = append(dst, b)
	case anyString, anyBytes:
		dst = appendBytes(dst, v.Bytes())
	default:
		vs, count := v.Elems(), len(v.Elems())
		if at == anyMap {
			vs, count = v.Entries(), len(v.Entries())/2
		}
		if count > 0 {
			dst = appendLong(dst, int64(count))
		}
		for i := range vs {
			if dst, err = appendAny(dst, vs[i], depth+1); err != nil {
				return dst, err
			}
		}
		dst = append(dst, 0)
	}
	for range anyFields - at - 1 {
		dst = append(dst, 0)
	}
	return dst, nil
}
