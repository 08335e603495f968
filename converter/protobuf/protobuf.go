package protobuf

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/converter/internal/plans"
	"github.com/tailrace-io/tailrace/converter/registry"
)

// Config says how a converter writes and reads. It needs no more than the
// Client of Options.
type Config struct {
	registry.Options

	// OptionalForNullables gives fields that may be null the label optional, and
	// reads only such fields as ones that may be null.
	// Connect: optional.for.nullables.
	OptionalForNullables bool

	// WrapperForNullables writes scalars that may be null as the messages of
	// google/protobuf/wrappers.proto, and reads only messages as ones that may
	// be null.
	// Connect: wrapper.for.nullables.
	WrapperForNullables bool

	// KeepWrappers reads those messages as structs, unless WrapperForNullables
	// has fields of them be scalars.
	// Connect: wrapper.for.raw.primitives=false.
	KeepWrappers bool

	// Enhanced reads the names of messages with their package.
	// Connect: enhanced.protobuf.schema.support.
	Enhanced bool

	// ScrubNames replaces what Protobuf does not allow in names. Otherwise such
	// a name is an error.
	// Connect: scrub.invalid.names.
	ScrubNames bool

	// IntForEnums reads enums as their numbers, rather than as their names.
	// Connect: int.for.enums.
	IntForEnums bool

	// StructForNulls reads messages and optional fields that are not there as
	// empty ones, rather than as null.
	// Connect: generate.struct.for.nulls.
	StructForNulls bool

	// NoUnionIndex leaves the number out that follows the name of a oneof in
	// that of the field as which it is read.
	// Connect: generate.index.for.unions=false.
	NoUnionIndex bool

	// FlattenUnions reads the fields of a oneof as fields of the struct around
	// it.
	// Connect: flatten.unions.
	FlattenUnions bool

	// NoProto2Optional reads the optional fields of proto2 that are not there as
	// their defaults, rather than as null.
	// Connect: optional.for.proto2=false.
	NoProto2Optional bool

	// NoDefaults writes a null that is allowed as a null, where its schema has a
	// default, which otherwise takes its place.
	// Connect: ignore.default.for.nullables.
	NoDefaults bool

	// Unavailable is what stands for a column that the log did not carry
	// (tailrace.Unchanged); "__debezium_unavailable_value" where it is empty.
	// Debezium: unavailable.value.placeholder.
	Unavailable string

	// CacheSize bounds how many schemas' plans are kept in each direction; 1000
	// unless it is positive.
	// Connect: schemas.cache.config.
	CacheSize int
}

// Converter converts to and from Protobuf.
type Converter struct {
	config   Config
	encoding plans.Cache[writeKey, *writePlan]
	decoding plans.Cache[readKey, *reader]
}

var _ converter.Converter = (*Converter)(nil)

type writeKey struct {
	topic  string
	schema *tailrace.Schema
}

// writePlan is what is known of a schema on a topic.
type writePlan struct {
	header string // with the place of the message
	body   appender
}

type readKey struct {
	topic string
	id    int
	place string // of the message, as it is written
}

// New makes a converter. It asks the registry for nothing yet.
func New(config Config) (*Converter, error) {
	if err := config.Options.Validate(); err != nil {
		return nil, fmt.Errorf("protobuf: %w", err)
	}
	if config.Unavailable == "" {
		config.Unavailable = converter.DefaultUnavailable
	}
	return &Converter{
		config:   config,
		encoding: plans.Cache[writeKey, *writePlan]{Limit: config.CacheSize},
		decoding: plans.Cache[readKey, *reader]{Limit: config.CacheSize},
	}, nil
}

// Append implements converter.Converter. The first value of a schema on a topic
// has the registry asked; from then on nothing is allocated but room in dst. A
// null has no bytes, whatever its schema.
func (c *Converter) Append(dst []byte, topic string, s *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if v.IsNull() && (s == nil || s.Optional()) {
		return nil, nil
	}
	out, err := c.append(dst, topic, s, v)
	if err != nil {
		return dst, fmt.Errorf("write Protobuf for %s: %w", topic, err)
	}
	return out, nil
}

func (c *Converter) append(dst []byte, topic string, s *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if s == nil {
		return dst, errors.New("the data has no schema, without which nothing can be registered: use a converter that needs none, such as JsonConverter")
	}
	if v.IsNull() {
		return dst, fmt.Errorf("null where %s is required", s.Type())
	}
	key := writeKey{topic, s}
	p, ok := c.encoding.Get(key)
	if !ok {
		made, err := c.encoding.Make(key, func() (*writePlan, error) { return c.plan(topic, s) })
		if err != nil {
			return dst, err
		}
		p = made
	}
	return p.body(append(dst, p.header...), v)
}

// plan makes the schema of Protobuf and has it registered.
func (c *Converter) plan(topic string, s *tailrace.Schema) (*writePlan, error) {
	text, name, err := c.config.translate(s)
	if err != nil {
		return nil, err
	}
	// Whether the data can be written at all is found out before anybody else
	// sees its schema.
	mine, err := parse(text, nil)
	if err != nil {
		return nil, fmt.Errorf("the schema of the data is none of Protobuf: %w", err)
	}
	body, md, err := c.config.writer(s, mine, name)
	if err != nil {
		return nil, err
	}
	id, by, err := c.config.Enrol(context.Background(), topic, name, registry.Schema{Type: registry.Protobuf, Text: text})
	if err != nil {
		return nil, err
	}
	if by.Text != text {
		theirs, err := c.parse(by)
		if err == nil {
			body, md, err = c.config.writer(s, theirs, name)
		}
		if err != nil {
			return nil, fmt.Errorf("the schema with the id %d: %w", id, err)
		}
	}
	return &writePlan{header: string(appendPlace(registry.AppendHeader(nil, id), md)), body: body}, nil
}

func (c *Converter) parse(s registry.Schema) (protoreflect.FileDescriptor, error) {
	if s.Type != registry.Protobuf {
		return nil, fmt.Errorf("it is in the language %s, not in that of Protobuf", s.Type)
	}
	refs, err := c.config.Client.Resolve(context.Background(), s)
	if err != nil {
		return nil, err
	}
	return parse(s.Text, refs)
}

// Decode implements converter.Converter. Data is read by the schema that it was
// written by. The schema of a subject's version has that version.
func (c *Converter) Decode(topic string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	if data == nil {
		return nil, tailrace.Value{}, nil
	}
	s, v, err := c.decode(topic, data)
	if err != nil {
		return nil, tailrace.Value{}, fmt.Errorf("read Protobuf of %s: %w", topic, err)
	}
	return s, v, nil
}

func (c *Converter) decode(topic string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	id, rest, err := registry.CutHeader(data)
	if err != nil {
		return nil, tailrace.Value{}, err
	}
	place, body, err := cutPlace(rest)
	if err != nil {
		return nil, tailrace.Value{}, err
	}
	key := readKey{topic, id, string(rest[:len(rest)-len(body)])}
	r, ok := c.decoding.Get(key)
	if !ok {
		if r, err = c.decoding.Make(key, func() (*reader, error) { return c.readPlan(topic, id, place) }); err != nil {
			return nil, tailrace.Value{}, err
		}
	}
	v, err := r.decode(body)
	return r.schema, v, err
}

func (c *Converter) readPlan(topic string, id int, place []int) (*reader, error) {
	ctx := context.Background()
	text, err := c.config.Client.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	f, err := c.parse(text)
	if err != nil {
		return nil, fmt.Errorf("the schema with the id %d: %w", id, err)
	}
	md, err := at(f, place)
	if err != nil {
		return nil, fmt.Errorf("the schema with the id %d: %w", id, err)
	}
	version, err := c.config.VersionOf(ctx, topic, string(md.FullName()), text)
	if err != nil {
		return nil, err
	}
	r, err := c.config.reader(md, version)
	if err != nil {
		return nil, fmt.Errorf("the schema with the id %d: %w", id, err)
	}
	return r, nil
}
