package protobuf

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tailrace-io/tailrace"
)

// appender appends a value, which is neither null nor of another type than its
// plan's.
type appender func(dst []byte, v tailrace.Value) ([]byte, error)

// writer plans how values of a schema are written as the message of the name.
func (c *Config) writer(s *tailrace.Schema, f protoreflect.FileDescriptor, name string) (appender, protoreflect.MessageDescriptor, error) {
	md := find(f, name)
	if md == nil {
		return nil, nil, fmt.Errorf("it has no message %s, as which the data is written", name)
	}
	body, err := c.body(s, md)
	if err != nil {
		return nil, nil, err
	}
	return c.checked(s, body), md, nil
}

// checked has values be what the schema says, and stands in for what the log
// did not carry.
func (c *Config) checked(s *tailrace.Schema, do appender) appender {
	var instead tailrace.Value
	switch s.Type() {
	case tailrace.TypeString:
		instead = tailrace.String(c.Unavailable)
	case tailrace.TypeBytes:
		instead = tailrace.Bytes([]byte(c.Unavailable))
	}
	if logical(s) != "" || isEnum(s) {
		instead = tailrace.Value{}
	}
	typ := s.Type()
	return func(dst []byte, v tailrace.Value) ([]byte, error) {
		if v.IsUnchanged() && !instead.IsNull() {
			v = instead
		}
		switch {
		case v.Type() == typ:
			return do(dst, v)
		case v.IsUnchanged():
			return dst, fmt.Errorf("a column that the log did not carry, for which %s has no placeholder", typ)
		}
		return dst, fmt.Errorf("%s where the schema requires %s", v.Type(), typ)
	}
}

// body plans the inside of a message.
func (c *Config) body(s *tailrace.Schema, md protoreflect.MessageDescriptor) (appender, error) {
	if name := logical(s); name != "" && string(md.FullName()) == name {
		return logicalBody(s)
	}
	if s.Type() == tailrace.TypeStruct {
		return c.structBody(s, md)
	}
	value := md.Fields().ByName(valueName)
	if md.FullName().Parent() != "google.protobuf" || md.Fields().Len() != 1 || value == nil {
		return nil, fmt.Errorf("%s does not fit the message %s", describe(s), md.FullName())
	}
	payload, err := c.scalar(s, value)
	if err != nil {
		return nil, err
	}
	key := keyOf(value)
	return func(dst []byte, v tailrace.Value) ([]byte, error) {
		if isZero(v) {
			return dst, nil
		}
		return payload(append(dst, key...), v)
	}, nil
}

func describe(s *tailrace.Schema) string {
	if s.Name() != "" {
		return s.Type().String() + " " + s.Name()
	}
	return s.Type().String()
}

// structBody plans a struct as a message whose fields have its fields' names.
func (c *Config) structBody(s *tailrace.Schema, md protoreflect.MessageDescriptor) (appender, error) {
	fields := make([]appender, len(s.Fields()))
	there := make(map[protoreflect.FieldNumber]bool)
	for i, f := range s.Fields() {
		made, err := c.member(f, md, there)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		fields[i] = made
	}
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		if fd.Cardinality() == protoreflect.Required && !there[fd.Number()] {
			return nil, fmt.Errorf("the message %s requires the field %s, which the data has not", md.FullName(), fd.Name())
		}
	}
	order := numbered(s, md)
	return func(dst []byte, v tailrace.Value) (_ []byte, err error) {
		vs := v.Fields()
		if len(vs) != len(fields) {
			return dst, fmt.Errorf("%d fields where the schema %s has %d", len(vs), s.Name(), len(fields))
		}
		for _, i := range order {
			if dst, err = fields[i](dst, vs[i]); err != nil {
				return dst, fmt.Errorf("field %s: %w", s.Fields()[i].Name, err)
			}
		}
		return dst, nil
	}, nil
}

// numbered gives the indexes of fields in the order of their numbers. The one
// that is lowest in a union stands for it: at most one of its fields is written.
func numbered(s *tailrace.Schema, md protoreflect.MessageDescriptor) []int {
	numbers := make([]protoreflect.FieldNumber, len(s.Fields()))
	order := make([]int, len(s.Fields()))
	for i, f := range s.Fields() {
		order[i] = i
		if isUnion(f.Schema) && len(f.Schema.Fields()) > 0 {
			f = f.Schema.Fields()[0]
		}
		if fd := fieldOf(md, f.Name); fd != nil {
			numbers[i] = fd.Number()
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(numbers[a]) - int(numbers[b]) })
	return order
}

// fieldOf gives the field with the name, or with what the name becomes.
func fieldOf(md protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if fd := md.Fields().ByName(protoreflect.Name(name)); fd != nil {
		return fd
	}
	return md.Fields().ByName(protoreflect.Name(scrub(name)))
}

// member plans a field of a struct, its key included, and says which fields of
// the message are there.
func (c *Config) member(f tailrace.Field, md protoreflect.MessageDescriptor, there map[protoreflect.FieldNumber]bool) (appender, error) {
	if isUnion(f.Schema) {
		return c.union(f.Schema, md, there)
	}
	fd := fieldOf(md, f.Name)
	if fd == nil && c.Given() && c.LaxLatest {
		return func(dst []byte, _ tailrace.Value) ([]byte, error) { return dst, nil }, nil
	}
	if fd == nil {
		return nil, fmt.Errorf("the message %s has no such field", md.FullName())
	}
	there[fd.Number()] = true
	return c.field(f.Schema, fd)
}

func (c *Config) union(s *tailrace.Schema, md protoreflect.MessageDescriptor, there map[protoreflect.FieldNumber]bool) (appender, error) {
	branches := make([]appender, len(s.Fields()))
	for i, f := range s.Fields() {
		made, err := c.member(f, md, there)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		branches[i] = made
	}
	return func(dst []byte, v tailrace.Value) ([]byte, error) {
		if v.IsNull() && s.Optional() {
			return dst, nil
		}
		for i, b := range v.Fields() {
			if i < len(branches) && !b.IsNull() {
				return branches[i](dst, b)
			}
		}
		return dst, errors.New("a union of which every field is null")
	}, nil
}

// field plans a field of a message, its key included.
func (c *Config) field(s *tailrace.Schema, fd protoreflect.FieldDescriptor) (appender, error) {
	do, err := c.content(s, fd)
	if err != nil {
		return nil, err
	}
	do = c.checked(s, do)
	def, _ := s.Default()
	if c.NoDefaults && s.Optional() {
		def = tailrace.Value{}
	}
	required := !s.Optional()
	return func(dst []byte, v tailrace.Value) ([]byte, error) {
		if v.IsNull() {
			v = def
		}
		if v.IsNull() && required {
			return dst, fmt.Errorf("null where %s is required", s.Type())
		}
		if v.IsNull() {
			return dst, nil
		}
		return do(dst, v)
	}, nil
}

func (c *Config) content(s *tailrace.Schema, fd protoreflect.FieldDescriptor) (appender, error) {
	many := s.Type() == tailrace.TypeArray || s.Type() == tailrace.TypeMap
	if many != (fd.Cardinality() == protoreflect.Repeated) {
		return nil, fmt.Errorf("%s does not fit a field that is %s", describe(s), fd.Cardinality())
	}
	switch s.Type() {
	case tailrace.TypeArray:
		return c.list(s, fd)
	case tailrace.TypeMap:
		return c.entries(s, fd)
	}
	payload, err := c.payload(s, fd)
	if err != nil {
		return nil, err
	}
	key, presence, enum := keyOf(fd), fd.HasPresence(), fd.Enum() != nil
	return func(dst []byte, v tailrace.Value) ([]byte, error) {
		if presence || !enum && !isZero(v) {
			return payload(append(dst, key...), v)
		}
		if !enum {
			return dst, nil
		}
		out, err := payload(append(dst, key...), v)
		if err == nil && out[len(out)-1] == 0 && len(out) == len(dst)+len(key)+1 {
			return dst, nil // the number 0
		}
		return out, err
	}, nil
}

// isZero says whether a scalar is what a field is read as that is not there.
func isZero(v tailrace.Value) bool {
	switch v.Type() {
	case tailrace.TypeBoolean:
		return !v.Bool()
	case tailrace.TypeFloat32, tailrace.TypeFloat64:
		return math.Float64bits(v.Float()) == 0
	case tailrace.TypeString, tailrace.TypeBytes:
		return len(v.Bytes()) == 0
	}
	return v.Int() == 0
}

// keyOf is what precedes a field's value.
func keyOf(fd protoreflect.FieldDescriptor) string {
	return string(protowire.AppendTag(nil, fd.Number(), wireType(fd)))
}

func wireType(fd protoreflect.FieldDescriptor) protowire.Type {
	switch fd.Kind() {
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return protowire.Fixed32Type
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return protowire.Fixed64Type
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	}
	return protowire.VarintType
}

// payload plans what follows the key of a field, or of an element of one.
func (c *Config) payload(s *tailrace.Schema, fd protoreflect.FieldDescriptor) (appender, error) {
	switch fd.Kind() {
	case protoreflect.MessageKind:
		body, err := c.body(s, fd.Message())
		if err != nil {
			return nil, err
		}
		return delimited(body), nil
	case protoreflect.GroupKind:
		return nil, errors.New("a group of proto2, which is not supported")
	}
	return c.scalar(s, fd)
}

// delimited puts the length before what is appended.
func delimited(body appender) appender {
	return func(dst []byte, v tailrace.Value) ([]byte, error) {
		start := len(dst)
		dst, err := body(append(dst, 0), v)
		if err != nil {
			return dst, err
		}
		return measured(dst, start), nil
	}
}

// measured writes how many bytes follow the one at start in its place.
func measured(dst []byte, start int) []byte {
	n := len(dst) - start - 1
	if n < 1<<7 {
		dst[start] = byte(n)
		return dst
	}
	var length [10]byte
	return slices.Replace(dst, start, start+1, protowire.AppendVarint(length[:0], uint64(n))...)
}

func (c *Config) list(s *tailrace.Schema, fd protoreflect.FieldDescriptor) (appender, error) {
	payload, err := c.payload(s.Elem(), fd)
	if err != nil {
		return nil, err
	}
	payload = c.checked(s.Elem(), payload)
	key := keyOf(fd)
	if fd.IsPacked() {
		key = ""
	}
	all := func(dst []byte, v tailrace.Value) (_ []byte, err error) {
		for i, e := range v.Elems() {
			if e.IsNull() {
				return dst, fmt.Errorf("element %d: null, which Protobuf does not have in arrays", i)
			}
			if dst, err = payload(append(dst, key...), e); err != nil {
				return dst, fmt.Errorf("element %d: %w", i, err)
			}
		}
		return dst, nil
	}
	if !fd.IsPacked() {
		return all, nil
	}
	packedKey := string(protowire.AppendTag(nil, fd.Number(), protowire.BytesType))
	packed := delimited(all)
	return func(dst []byte, v tailrace.Value) ([]byte, error) {
		if len(v.Elems()) == 0 {
			return dst, nil
		}
		return packed(append(dst, packedKey...), v)
	}, nil
}

// entries plans a map as messages of a key and a value.
func (c *Config) entries(s *tailrace.Schema, fd protoreflect.FieldDescriptor) (appender, error) {
	if fd.Message() == nil {
		return nil, fmt.Errorf("a map does not fit a field of %s", fd.Kind())
	}
	var parts [2]appender
	for i, f := range []tailrace.Field{{Name: keyName, Schema: s.Key()}, {Name: valueName, Schema: s.Elem()}} {
		of := fd.Message().Fields().ByName(protoreflect.Name(f.Name))
		if of == nil {
			return nil, fmt.Errorf("a map does not fit the message %s, which has no field %s", fd.Message().FullName(), f.Name)
		}
		made, err := c.field(f.Schema, of)
		if err != nil {
			return nil, fmt.Errorf("the %s of a map: %w", f.Name, err)
		}
		parts[i] = made
	}
	key := keyOf(fd)
	return func(dst []byte, v tailrace.Value) (_ []byte, err error) {
		kvs := v.Entries()
		for i := 0; i < len(kvs); i += 2 {
			start := len(dst) + len(key)
			dst = append(append(dst, key...), 0)
			if dst, err = parts[0](dst, kvs[i]); err != nil {
				return dst, fmt.Errorf("key %d of a map: %w", i/2, err)
			}
			if dst, err = parts[1](dst, kvs[i+1]); err != nil {
				return dst, fmt.Errorf("value %d of a map: %w", i/2, err)
			}
			dst = measured(dst, start)
		}
		return dst, nil
	}, nil
}

func invalidText(v tailrace.Value) error {
	if utf8.Valid(v.Bytes()) {
		return nil
	}
	return errors.New("a text that is no UTF-8, which Protobuf does not allow")
}
