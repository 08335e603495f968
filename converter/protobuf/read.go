package protobuf

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/tailrace-io/tailrace"
)

// reader is what is worked out once about how a message is read.
type reader struct {
	schema  *tailrace.Schema
	message protoreflect.MessageType
	read    reading
}

// reading gives what a value of Protobuf stands for.
type reading func(protoreflect.Value) (tailrace.Value, error)

func (r *reader) decode(data []byte) (tailrace.Value, error) {
	m := r.message.New()
	if err := proto.Unmarshal(data, m.Interface()); err != nil {
		return tailrace.Value{}, fmt.Errorf("the message %s: %w", m.Descriptor().FullName(), err)
	}
	return r.read(protoreflect.ValueOfMessage(m))
}

// reader plans the reading of a message. A version of 0 is none.
func (c *Config) reader(md protoreflect.MessageDescriptor, version int) (*reader, error) {
	p := &planner{config: c, made: make(map[protoreflect.FullName]*planned)}
	made, err := p.message(md)
	if err != nil {
		return nil, err
	}
	b := made.schema.Builder()
	if version > 0 {
		b.Version(version)
	}
	s, err := b.Build()
	if err != nil {
		return nil, err
	}
	return &reader{schema: s, message: dynamicpb.NewMessageType(md), read: made.read}, nil
}

// planner plans one message and what is inside it.
type planner struct {
	config *Config
	made   map[protoreflect.FullName]*planned // nil while it is being made
}

// planned is a schema, required, and how its values are read.
type planned struct {
	schema *tailrace.Schema
	read   reading
}

func (p *planner) message(md protoreflect.MessageDescriptor) (*planned, error) {
	name := md.FullName()
	made, ok := p.made[name]
	if ok && made == nil {
		return nil, fmt.Errorf("the message %s holds itself, which no schema of Connect can", name)
	}
	if ok {
		return made, nil
	}
	p.made[name] = nil
	made, err := p.make(md)
	p.made[name] = made
	return made, err
}

func (p *planner) make(md protoreflect.MessageDescriptor) (*planned, error) {
	switch md.FullName() {
	case dateMessage, timeMessage, timestampMessage:
		return logicalReading(md)
	}
	if t, ok := unwrapped(md); ok && (p.config.WrapperForNullables || !p.config.KeepWrappers) {
		value := md.Fields().ByName(valueName)
		read := scalarReading(value.Kind(), t)
		return built(tailrace.NewSchema(t), func(v protoreflect.Value) (tailrace.Value, error) {
			return read(v.Message().Get(value))
		})
	}
	return p.structure(md)
}

func built(b *tailrace.SchemaBuilder, read reading) (*planned, error) {
	s, err := b.Build()
	return &planned{schema: s, read: read}, err
}

// unwrapped gives the type that a wrapper stands for.
func unwrapped(md protoreflect.MessageDescriptor) (tailrace.Type, bool) {
	value := md.Fields().ByName(valueName)
	if md.FullName().Parent() != "google.protobuf" || md.Fields().Len() != 1 || value == nil || value.IsList() {
		return 0, false
	}
	for _, w := range wrappers() {
		if string(md.Name()) == w+"Value" && value.Kind().String() == strings.ToLower(w) {
			return scalarType(value.Kind()), true
		}
	}
	return 0, false
}

// part is a field of a struct.
type part struct {
	name string
	read func(protoreflect.Message) (tailrace.Value, error)
}

func (p *planner) structure(md protoreflect.MessageDescriptor) (*planned, error) {
	b := tailrace.NewSchema(tailrace.TypeStruct).Name(p.name(md))
	var parts []part
	add := func(name string, s *tailrace.Schema, read func(protoreflect.Message) (tailrace.Value, error)) {
		b.Field(name, s)
		parts = append(parts, part{name, read})
	}
	for i := range md.Oneofs().Len() {
		od := md.Oneofs().Get(i)
		if od.IsSynthetic() {
			continue
		}
		if err := p.oneof(od, add); err != nil {
			return nil, err
		}
	}
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		if inOneof(fd) {
			continue
		}
		made, err := p.field(fd)
		if err != nil {
			return nil, err
		}
		add(string(fd.Name()), made.schema, p.present(fd, made))
	}
	return built(b, func(v protoreflect.Value) (tailrace.Value, error) { return readStruct(v.Message(), parts) })
}

func readStruct(m protoreflect.Message, parts []part) (tailrace.Value, error) {
	vs := make([]tailrace.Value, len(parts))
	for i, f := range parts {
		v, err := f.read(m)
		if err != nil {
			return v, fmt.Errorf("field %s: %w", f.name, err)
		}
		vs[i] = v
	}
	return tailrace.StructOf(vs), nil
}

func inOneof(fd protoreflect.FieldDescriptor) bool {
	return fd.ContainingOneof() != nil && !fd.ContainingOneof().IsSynthetic()
}

// name is what a message, an enum or a oneof is called in a schema.
func (p *planner) name(d protoreflect.Descriptor) string {
	if p.config.Enhanced {
		return string(d.FullName())
	}
	return string(d.Name())
}

// oneof reads a oneof as a struct of which one field is not null, or its fields
// as those of the message.
func (p *planner) oneof(od protoreflect.OneofDescriptor, add func(string, *tailrace.Schema, func(protoreflect.Message) (tailrace.Value, error))) error {
	b := tailrace.NewSchema(tailrace.TypeStruct).Name(unionName + "." + p.name(od)).Optional()
	var parts []part
	for i := range od.Fields().Len() {
		fd := od.Fields().Get(i)
		made, err := p.field(fd)
		if err != nil {
			return err
		}
		if !made.schema.Optional() { // of which one may be missing
			if made, err = built(made.schema.Builder().Optional(), made.read); err != nil {
				return err
			}
		}
		read := func(m protoreflect.Message) (tailrace.Value, error) {
			if !m.Has(fd) {
				return tailrace.Value{}, nil
			}
			return made.read(m.Get(fd))
		}
		if p.config.FlattenUnions {
			add(string(fd.Name()), made.schema, read)
		}
		b.Field(string(fd.Name()), made.schema)
		parts = append(parts, part{string(fd.Name()), read})
	}
	if p.config.FlattenUnions {
		return nil
	}
	s, err := b.Build()
	if err != nil {
		return err
	}
	name := string(od.Name())
	if !p.config.NoUnionIndex {
		name += "_" + strconv.Itoa(od.Index())
	}
	add(name, s, func(m protoreflect.Message) (tailrace.Value, error) {
		if m.WhichOneof(od) == nil {
			return tailrace.Value{}, nil
		}
		return readStruct(m, parts)
	})
	return nil
}

// present reads a field of a message, which may not be there.
func (p *planner) present(fd protoreflect.FieldDescriptor, made *planned) func(protoreflect.Message) (tailrace.Value, error) {
	proto3 := fd.ContainingOneof() != nil // made for it alone
	optional := proto3 || fd.HasOptionalKeyword() && !p.config.NoProto2Optional
	single := fd.Message() != nil && fd.Cardinality() != protoreflect.Repeated
	null := (single || optional) && !p.config.StructForNulls && made.schema.Optional()
	return func(m protoreflect.Message) (tailrace.Value, error) {
		if null && !m.Has(fd) {
			return tailrace.Value{}, nil
		}
		return made.read(m.Get(fd))
	}
}

// field plans a field: how what is there is read, and the schema with what is
// only known of the field.
func (p *planner) field(fd protoreflect.FieldDescriptor) (*planned, error) {
	made, err := p.element(fd)
	if err != nil {
		return nil, fmt.Errorf("field %s: %w", fd.Name(), err)
	}
	b, read := made.schema.Builder(), made.read
	optional := fd.Message() != nil || fd.Enum() != nil
	if fd.IsList() && made.schema.Type() != tailrace.TypeMap {
		elem, err := b.Optional().Build()
		if err != nil {
			return nil, err
		}
		b, read, optional = tailrace.NewSchema(tailrace.TypeArray).Elem(elem), listOf(made.read), true
	}
	switch {
	case p.config.OptionalForNullables:
		optional = optional || fd.HasOptionalKeyword()
	case !p.config.WrapperForNullables:
		optional = true
	}
	if optional {
		b.Optional()
	}
	return built(b.Parameter(tagParameter, strconv.Itoa(int(fd.Number()))), read)
}

func listOf(read reading) reading {
	return func(v protoreflect.Value) (tailrace.Value, error) {
		list := v.List()
		vs := make([]tailrace.Value, list.Len())
		for i := range vs {
			e, err := read(list.Get(i))
			if err != nil {
				return e, fmt.Errorf("element %d: %w", i, err)
			}
			vs[i] = e
		}
		return tailrace.Array(vs), nil
	}
}

// element plans one value of a field, or a map.
func (p *planner) element(fd protoreflect.FieldDescriptor) (*planned, error) {
	switch {
	case fd.Kind() == protoreflect.GroupKind:
		return nil, errors.New("a group of proto2, which is not supported")
	case isMap(fd):
		return p.mapping(fd)
	case fd.Message() != nil && fd.Message().FullName() == decimalMessage:
		return decimalReading(fd)
	case fd.Message() != nil:
		return p.message(fd.Message())
	case fd.Enum() != nil:
		return p.enum(fd.Enum())
	}
	t := scalarType(fd.Kind())
	b := tailrace.NewSchema(t)
	switch meta := params(fd)[connectType]; {
	case t == tailrace.TypeInt32 && meta == "int8":
		t = tailrace.TypeInt8
		b = tailrace.NewSchema(t)
	case t == tailrace.TypeInt32 && meta == "int16":
		t = tailrace.TypeInt16
		b = tailrace.NewSchema(t)
	case (t == tailrace.TypeInt32 || t == tailrace.TypeInt64) && fd.Kind().String() != t.String():
		b.Parameter(typeParameter, fd.Kind().String())
	}
	return built(b, scalarReading(fd.Kind(), t))
}

// isMap says whether a field is a map: one of Protobuf's, or messages that are
// called as those of one.
func isMap(fd protoreflect.FieldDescriptor) bool {
	if fd.IsMap() {
		return true
	}
	if !fd.IsList() || fd.Message() == nil || !strings.HasSuffix(string(fd.Message().Name()), entrySuffix) {
		return false
	}
	of := fd.Message().Fields()
	return of.Len() == 2 && of.Get(0).Name() == keyName && of.Get(1).Name() == valueName &&
		of.Get(0).Cardinality() != protoreflect.Repeated && of.Get(1).Cardinality() != protoreflect.Repeated
}

func (p *planner) enum(ed protoreflect.EnumDescriptor) (*planned, error) {
	t := tailrace.TypeString
	if p.config.IntForEnums {
		t = tailrace.TypeInt32
	}
	b := tailrace.NewSchema(t).Name(p.name(ed)).Parameter(enumParameter, string(ed.Name()))
	for i := range ed.Values().Len() {
		v := ed.Values().Get(i)
		b.Parameter(enumParameter+"."+string(v.Name()), strconv.Itoa(int(v.Number())))
	}
	return built(b, func(v protoreflect.Value) (tailrace.Value, error) {
		n := v.Enum()
		if p.config.IntForEnums {
			return tailrace.Int32(int32(n)), nil
		}
		if value := ed.Values().ByNumber(n); value != nil {
			return tailrace.String(string(value.Name())), nil
		}
		return tailrace.Value{}, fmt.Errorf("%d, which is no value of the enum %s: read it as a number (int.for.enums=true)", n, ed.FullName())
	})
}

func (p *planner) mapping(fd protoreflect.FieldDescriptor) (*planned, error) {
	md := fd.Message()
	if made, ok := p.made[md.FullName()]; ok && made == nil {
		return nil, fmt.Errorf("the message %s holds itself, which no schema of Connect can", md.FullName())
	}
	p.made[md.FullName()] = nil
	defer delete(p.made, md.FullName())
	var parts [2]*planned
	for i := range parts {
		made, err := p.field(md.Fields().Get(i))
		if err != nil {
			return nil, err
		}
		parts[i] = made
	}
	b := tailrace.NewSchema(tailrace.TypeMap).Name(mapName(p.name(md))).Key(parts[0].schema).Elem(parts[1].schema)
	if fd.IsMap() {
		return built(b, mapOf(parts[0].read, parts[1].read))
	}
	key := p.present(md.Fields().Get(0), parts[0])
	value := p.present(md.Fields().Get(1), parts[1])
	return built(b, func(v protoreflect.Value) (tailrace.Value, error) {
		list := v.List()
		kvs := make([]tailrace.Value, 0, 2*list.Len())
		for i := range list.Len() {
			k, err := key(list.Get(i).Message())
			if err != nil {
				return k, fmt.Errorf("key %d of a map: %w", i, err)
			}
			e, err := value(list.Get(i).Message())
			if err != nil {
				return e, fmt.Errorf("value %d of a map: %w", i, err)
			}
			kvs = append(kvs, k, e)
		}
		return tailrace.Map(kvs), nil
	})
}
