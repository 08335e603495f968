package avro

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/converter/internal/plans"
	"github.com/tailrace-io/tailrace/converter/registry"
)

// Config says how a converter writes and reads. It needs no more than the
// Client of Options.
type Config struct {
	registry.Options

	// Enhanced makes texts whose schema lists the symbols of an enum of Avro
	// such ones, and calls the branches of unions by their full names.
	// Connect: enhanced.avro.schema.support.
	Enhanced bool

	// NoMetaData leaves the attributes out that only Connect understands:
	// names, versions, parameters, defaults and the small integer types.
	// Connect: connect.meta.data=false.
	NoMetaData bool

	// ScrubNames replaces what Avro does not allow in names. Otherwise such a
	// name is an error.
	// Connect: scrub.invalid.names.
	ScrubNames bool

	// PlainDocs takes the docs of fields and records for those of schemas,
	// rather than for parameters, and keeps no defaults of fields.
	// Connect: discard.type.doc.default.
	PlainDocs bool

	// OptionalMapKeys writes maps whose keys are texts that may be null as maps
	// of Avro, in which they may not, rather than as arrays of entries.
	// Connect: allow.optional.map.keys.
	OptionalMapKeys bool

	// NoDefaults writes a null that is allowed as a null, where its schema has a
	// default, which otherwise takes its place.
	// Connect: ignore.default.for.nullables.
	NoDefaults bool

	// KeepSingletons reads a union of one branch as a struct of one field.
	// Connect: flatten.singleton.unions=false.
	KeepSingletons bool

	// Unavailable is what stands for a column that the log did not carry
	// (tailrace.Unchanged); "__debezium_unavailable_value" where it is empty.
	// Debezium: unavailable.value.placeholder.
	Unavailable string

	// CacheSize bounds how many schemas' plans are kept in each direction; 1000
	// unless it is positive.
	// Connect: schemas.cache.config.
	CacheSize int
}

// Converter converts to and from Avro.
type Converter struct {
	config   Config
	encoding plans.Cache[writeKey, *writePlan]
	decoding plans.Cache[readKey, *readPlan]
}

var _ converter.Converter = (*Converter)(nil)

type writeKey struct {
	topic  string
	schema *tailrace.Schema
}

// writePlan is what is known of a schema on a topic.
type writePlan struct {
	header string
	root   *encoder
	bare   bool // bytes whose length is not written, as nothing follows them
}

type readKey struct {
	topic string
	id    int
}

type readPlan struct {
	schema *tailrace.Schema
	root   *decoder
	bare   bool
}

// New makes a converter. It asks the registry for nothing yet.
func New(config Config) (*Converter, error) {
	if err := config.Options.Validate(); err != nil {
		return nil, fmt.Errorf("avro: %w", err)
	}
	if config.Unavailable == "" {
		config.Unavailable = converter.DefaultUnavailable
	}
	return &Converter{
		config:   config,
		encoding: plans.Cache[writeKey, *writePlan]{Limit: config.CacheSize},
		decoding: plans.Cache[readKey, *readPlan]{Limit: config.CacheSize},
	}, nil
}

// Append implements converter.Converter. The first value of a schema on a topic
// has the registry asked; from then on nothing is allocated but room in dst. A
// null has no bytes, whatever its schema.
func (c *Converter) Append(dst []byte, topic string, s *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if v.IsNull() {
		if s != nil && !s.Optional() {
			return dst, fmt.Errorf("write Avro for %s: null where %s is required", topic, s.Type())
		}
		return nil, nil
	}
	key := writeKey{topic, s}
	p, ok := c.encoding.Get(key)
	if !ok {
		made, err := c.encoding.Make(key, func() (*writePlan, error) { return c.plan(topic, s) })
		if err != nil {
			return dst, fmt.Errorf("write Avro for %s: %w", topic, err)
		}
		p = made
	}
	out := append(dst, p.header...)
	start := len(out)
	out, err := p.root.append(out, v)
	if err != nil {
		return dst, fmt.Errorf("write Avro for %s: %w", topic, err)
	}
	if p.bare {
		_, n := binary.Uvarint(out[start:])
		out = append(out[:start], out[start+n:]...)
	}
	return out, nil
}

// plan makes the schema of Avro and has it registered.
func (c *Converter) plan(topic string, s *tailrace.Schema) (*writePlan, error) {
	a, err := c.config.translate(s)
	if err != nil {
		return nil, err
	}
	text, err := a.text()
	if err != nil {
		return nil, err
	}
	own := registry.Schema{Type: registry.Avro, Text: text}
	id, by, err := c.config.Enrol(context.Background(), topic, a.name, own)
	if err != nil {
		return nil, err
	}
	if by.Text != own.Text {
		if a, err = c.parse(by); err != nil {
			return nil, fmt.Errorf("the schema with the id %d: %w", id, err)
		}
	}
	root, err := c.config.compile(s, a)
	if err != nil {
		return nil, err
	}
	return &writePlan{
		header: string(registry.AppendHeader(nil, id)), root: root, bare: a.kind == kindBytes,
	}, nil
}

func (c *Converter) parse(s registry.Schema) (*schema, error) {
	if s.Type != registry.Avro {
		return nil, fmt.Errorf("it is in the language %s, not in that of Avro", s.Type)
	}
	refs, err := c.config.Client.Resolve(context.Background(), s)
	if err != nil {
		return nil, err
	}
	return parse(s.Text, refs)
}

// Decode implements converter.Converter. Data is read by the schema that it was
// written by. The schema of a subject's version has that version, unless it has
// one itself.
func (c *Converter) Decode(topic string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	if data == nil {
		return nil, tailrace.Value{}, nil
	}
	s, v, err := c.decode(topic, data)
	if err != nil {
		return nil, tailrace.Value{}, fmt.Errorf("read Avro of %s: %w", topic, err)
	}
	return s, v, nil
}

func (c *Converter) decode(topic string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	id, rest, err := registry.CutHeader(data)
	if err != nil {
		return nil, tailrace.Value{}, err
	}
	key := readKey{topic, id}
	p, ok := c.decoding.Get(key)
	if !ok {
		if p, err = c.decoding.Make(key, func() (*readPlan, error) { return c.readPlan(topic, id) }); err != nil {
			return nil, tailrace.Value{}, err
		}
	}
	if p.bare {
		if p.root.decimal && len(rest) == 0 {
			return nil, tailrace.Value{}, errors.New("a decimal of no bytes, which stands for no number")
		}
		return p.schema, tailrace.Bytes(rest), nil
	}
	in := input{data: rest}
	if p.root.fixed > 0 {
		in.slab = make([]tailrace.Value, p.root.fixed)
	}
	v, err := p.root.read(&in)
	if err == nil && len(in.data) > 0 {
		err = fmt.Errorf("%d bytes follow the data", len(in.data))
	}
	return p.schema, v, err
}

func (c *Converter) readPlan(topic string, id int) (*readPlan, error) {
	ctx := context.Background()
	text, err := c.config.Client.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	a, err := c.parse(text)
	if err != nil {
		return nil, fmt.Errorf("the schema with the id %d: %w", id, err)
	}
	version, err := c.config.VersionOf(ctx, topic, a.name, text)
	if err != nil {
		return nil, err
	}
	s, root, err := c.config.read(a, version)
	if err != nil {
		return nil, fmt.Errorf("the schema with the id %d: %w", id, err)
	}
	return &readPlan{schema: s, root: root, bare: a.kind == kindBytes}, nil
}
