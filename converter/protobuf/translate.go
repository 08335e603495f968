package protobuf

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// translate gives the text of the schema that is registered, and the full name
// of the message in it.
func (c *Config) translate(s *tailrace.Schema) (text, name string, err error) {
	switch t := s.Type(); {
	case t == tailrace.TypeStruct && !isUnion(s):
		f, err := c.file(s)
		if err != nil {
			return "", "", err
		}
		return f.String(), f.fullName(), nil
	case logical(s) != "":
		return "", "", fmt.Errorf("a %s that is in no struct, which Protobuf has no message for here: put it into a field (the transform HoistField does)", s.Name())
	case t == tailrace.TypeStruct || t == tailrace.TypeArray || t == tailrace.TypeMap:
		return "", "", fmt.Errorf("a %s that is in no struct, where Protobuf has messages alone: put it into a field (the transform HoistField does)", t)
	}
	return wrappersText(), wrapper(s, ""), nil
}

// translation makes one file of one schema.
type translation struct {
	config *Config
	file   file
	names  int // of schemas that had none
}

func (c *Config) file(s *tailrace.Schema) (*file, error) {
	t := &translation{config: c}
	parts := strings.Split(t.name(s), ".")
	for i, part := range parts {
		fit, err := c.identifier(part)
		if err != nil {
			return nil, err
		}
		parts[i] = fit
	}
	last := len(parts) - 1
	t.file.pack = strings.Join(parts[:last], ".")
	root, err := t.message(parts[last], s)
	t.file.root = root
	return &t.file, err
}

// name gives the name of a schema that must have one.
func (t *translation) name(s *tailrace.Schema) string {
	if s.Name() != "" {
		return s.Name()
	}
	t.names++
	return defaultName + strconv.Itoa(t.names)
}

// baseName is the name without what precedes the last dot.
func (t *translation) baseName(s *tailrace.Schema) (string, error) {
	name := t.name(s)
	return t.config.identifier(name[strings.LastIndexByte(name, '.')+1:])
}

func (t *translation) message(name string, s *tailrace.Schema) (*message, error) {
	m := &message{name: name}
	next := 1
	seen := make(map[string]bool) // the messages inside
	for _, f := range s.Fields() {
		var err error
		if isUnion(f.Schema) {
			next++
			err = t.oneof(m, seen, f.Schema)
		} else {
			err = t.plainField(m, seen, f, &next)
		}
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
	}
	return m, nil
}

func (t *translation) plainField(m *message, seen map[string]bool, f tailrace.Field, next *int) error {
	tag, err := tagOf(f.Schema)
	if err != nil {
		return err
	}
	if tag == 0 {
		tag = *next
		*next++
	}
	out, err := t.field(m, seen, f, tag)
	m.fields = append(m.fields, out)
	return err
}

// tagOf gives the number that a schema asks for; 0 where it asks for none.
func tagOf(s *tailrace.Schema) (int, error) {
	text, ok := s.Parameter(tagParameter)
	if !ok {
		return 0, nil
	}
	tag, err := strconv.Atoi(text)
	if err != nil || tag < 1 || tag >= 1<<29 {
		return 0, fmt.Errorf("the parameter %s=%q is no number of a field of Protobuf", tagParameter, text)
	}
	return tag, nil
}

func (t *translation) oneof(m *message, seen map[string]bool, s *tailrace.Schema) error {
	name := s.Name()
	name, err := t.config.identifier(name[strings.LastIndexByte(name, '.')+1:])
	if err != nil {
		return err
	}
	o := oneof{name: name}
	for _, f := range s.Fields() {
		tag, err := tagOf(f.Schema)
		if err == nil && tag == 0 {
			err = fmt.Errorf("no parameter %s, which the fields of a union must have", tagParameter)
		}
		if err == nil && (f.Schema.Type() == tailrace.TypeArray || f.Schema.Type() == tailrace.TypeMap) {
			err = fmt.Errorf("a %s in a union, which Protobuf does not allow", f.Schema.Type())
		}
		if err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
		out, err := t.field(m, seen, f, tag)
		if err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
		out.label = ""
		o.fields = append(o.fields, out)
	}
	m.oneofs = append(m.oneofs, o)
	return nil
}

func (t *translation) field(m *message, seen map[string]bool, f tailrace.Field, tag int) (out field, err error) {
	s := f.Schema
	out.tag = tag
	if out.name, err = t.config.identifier(f.Name); err != nil {
		return out, err
	}
	switch {
	case s.Type() == tailrace.TypeArray || s.Type() == tailrace.TypeMap:
		out.label = "repeated"
	case s.Optional() && t.config.OptionalForNullables:
		out.label = "optional"
	}
	if s.Type() == tailrace.TypeArray {
		s = s.Elem()
		if s.Type() == tailrace.TypeArray || s.Type() == tailrace.TypeMap || isUnion(s) {
			return out, errors.New("an array of arrays, maps or unions, which Protobuf does not have: put a struct between them")
		}
	}
	switch {
	case logical(s) != "":
		out.typ = t.imported(logical(s))
		out.meta = decimalMeta(s)
	case s.Type() == tailrace.TypeStruct:
		err = t.inner(m, seen, s, &out)
	case s.Type() == tailrace.TypeMap:
		err = t.entries(m, s, &out)
	case isEnum(s):
		err = t.enum(m, seen, s, &out)
	default:
		err = t.scalar(s, &out)
	}
	return out, err
}

func (t *translation) imported(message string) string {
	name := fileOf(message)
	for _, have := range t.file.imports {
		if have == name {
			return message
		}
	}
	t.file.imports = append(t.file.imports, name)
	return message
}

func decimalMeta(s *tailrace.Schema) (meta []param) {
	if s.Name() != tailrace.DecimalName {
		return nil
	}
	if precision, ok := s.Parameter(precisionParam); ok {
		meta = append(meta, param{"precision", precision, true})
	}
	if scale, ok := s.Parameter("scale"); ok {
		meta = append(meta, param{"scale", scale, true})
	}
	return meta
}

func (t *translation) scalar(s *tailrace.Schema, out *field) error {
	switch typ := s.Type(); typ {
	case tailrace.TypeInt8, tailrace.TypeInt16:
		out.typ = "int32"
		out.meta = []param{{connectType, typ.String(), false}}
	case tailrace.TypeInt32, tailrace.TypeInt64:
		out.typ = typ.String()
		if asked, ok := s.Parameter(typeParameter); ok {
			if !fits(typ, asked) {
				return fmt.Errorf("the parameter %s=%q is no type of Protobuf that an %s fits", typeParameter, asked, typ)
			}
			out.typ = asked
		}
	default:
		out.typ = scalarName(typ)
	}
	if s.Optional() && t.config.WrapperForNullables {
		out.typ = t.imported(wrapper(s, out.typ))
	}
	return nil
}

func fits(t tailrace.Type, name string) bool {
	switch name {
	case "int32", "sint32", "sfixed32":
		return t == tailrace.TypeInt32
	case "int64", "sint64", "sfixed64", "uint32", "fixed32", "uint64", "fixed64":
		return t == tailrace.TypeInt64
	}
	return false
}

func scalarName(t tailrace.Type) string {
	switch t {
	case tailrace.TypeFloat32:
		return "float"
	case tailrace.TypeFloat64:
		return "double"
	case tailrace.TypeBoolean:
		return "bool"
	}
	return t.String()
}

// wrapper gives the message that stands for a scalar that may be null. The type
// is that of the field in its place.
func wrapper(s *tailrace.Schema, typ string) string {
	name := "Int32"
	switch s.Type() {
	case tailrace.TypeInt64:
		name = "Int64"
		switch typ {
		case "uint32", "fixed32":
			name = "UInt32"
		case "uint64", "fixed64":
			name = "UInt64"
		}
	case tailrace.TypeFloat32:
		name = "Float"
	case tailrace.TypeFloat64:
		name = "Double"
	case tailrace.TypeBoolean:
		name = "Bool"
	case tailrace.TypeString:
		name = "String"
	case tailrace.TypeBytes:
		name = "Bytes"
	}
	return "google.protobuf." + name + "Value"
}

// inner has a struct be a message inside that of its field. Structs of one name
// are one message, which is the first one's: whether another's values fit it is
// found out when its writing is planned.
func (t *translation) inner(m *message, seen map[string]bool, s *tailrace.Schema, out *field) error {
	name, err := t.baseName(s)
	if err != nil {
		return err
	}
	if name == out.name {
		name += "Message" // a message and a field of one name are not allowed
	}
	out.typ = name
	if seen[name] || name == m.name {
		return nil
	}
	seen[name] = true
	made, err := t.message(name, s)
	m.inner = append(m.inner, made)
	return err
}

func (t *translation) entries(m *message, s *tailrace.Schema, out *field) error {
	name, err := t.baseName(s)
	if err != nil {
		return err
	}
	out.typ = entryName(name)
	if isUnion(s.Key()) || isUnion(s.Elem()) {
		return errors.New("a map of unions, which Protobuf does not have: put a struct between them")
	}
	entry := &message{name: out.typ}
	seen := make(map[string]bool)
	for i, f := range []tailrace.Field{{Name: keyName, Schema: s.Key()}, {Name: valueName, Schema: s.Elem()}} {
		part, err := t.field(entry, seen, f, i+1)
		if err != nil {
			return fmt.Errorf("the %s of a map: %w", f.Name, err)
		}
		if part.label == "optional" {
			part.label = "" // as Confluent's has it
		}
		entry.fields = append(entry.fields, part)
	}
	m.inner = append(m.inner, entry)
	return nil
}

func (t *translation) enum(m *message, seen map[string]bool, s *tailrace.Schema, out *field) error {
	text, _ := s.Parameter(enumParameter)
	name, err := t.config.identifier(text)
	if err != nil {
		return err
	}
	out.typ = name
	if seen[name] {
		return nil
	}
	seen[name] = true
	e := &enum{name: name}
	for _, p := range s.Parameters() {
		symbol, ok := strings.CutPrefix(p.Name, enumParameter+".")
		if !ok {
			continue
		}
		if symbol, err = t.config.identifier(symbol); err != nil {
			return err
		}
		n, err := strconv.ParseInt(p.Value, 10, 32)
		if err != nil {
			return fmt.Errorf("the parameter %s=%q is no number of an enum's value", p.Name, p.Value)
		}
		e.values = append(e.values, fmt.Sprintf("%s = %d;", symbol, n))
	}
	m.inner = append(m.inner, e)
	return nil
}
