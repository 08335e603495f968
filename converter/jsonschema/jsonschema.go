package jsonschema

import (
	"context"
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

	// Closed says in schemas that structs have no other fields.
	// Connect: object.additional.properties=false.
	Closed bool

	// OptionalUnlessRequired reads fields that a schema does not require as ones
	// that may be null.
	// Connect: use.optional.for.nonrequired.
	OptionalUnlessRequired bool

	// NumericDecimals writes decimals as numbers, rather than as the base64 of
	// their unscaled number, which the schema's type, number, belies.
	// Connect: decimal.format NUMERIC, against BASE64.
	NumericDecimals bool

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
	// Connect: schemas.cache.size.
	CacheSize int
}

// Converter converts to and from JSON with schemas in a registry.
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

type writePlan struct {
	header string
	root   *writer
}

type readKey struct {
	topic string
	id    int
}

// New makes a converter. It asks the registry for nothing yet.
func New(config Config) (*Converter, error) {
	if err := config.Options.Validate(); err != nil {
		return nil, fmt.Errorf("JSON Schema: %w", err)
	}
	return &Converter{
		config:   config,
		encoding: plans.Cache[writeKey, *writePlan]{Limit: config.CacheSize},
		decoding: plans.Cache[readKey, *reader]{Limit: config.CacheSize},
	}, nil
}

// Append implements converter.Converter. The first value of a schema on a topic
// has the registry asked; from then on nothing is allocated but room in dst. A
// null has no bytes where it has no schema.
func (c *Converter) Append(dst []byte, topic string, s *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	out, err := c.append(dst, topic, s, v)
	if err != nil {
		return dst, fmt.Errorf("write JSON Schema data for %s: %w", topic, err)
	}
	return out, nil
}

func (c *Converter) append(dst []byte, topic string, s *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if s == nil && v.IsNull() {
		return nil, nil
	}
	if s == nil {
		return dst, errors.New("the data has no schema, without which nothing can be registered: use a converter that needs none, such as JsonConverter")
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
	return p.root.append(append(dst, p.header...), v)
}

// plan makes the JSON Schema and has it registered.
func (c *Converter) plan(topic string, s *tailrace.Schema) (*writePlan, error) {
	n, err := c.config.translate(s, -1)
	if err != nil {
		return nil, err
	}
	root, err := c.config.writer(s)
	if err != nil {
		return nil, err
	}
	own := registry.Schema{Type: registry.JSON, Text: string(n.Append(nil))}
	id, by, err := c.config.Enrol(context.Background(), topic, s.Name(), own)
	if err != nil {
		return nil, err
	}
	if by.Type != registry.JSON {
		return nil, fmt.Errorf("the schema with the id %d is in the language %s, not in that of JSON Schema", id, by.Type)
	}
	return &writePlan{header: string(registry.AppendHeader(nil, id)), root: root}, nil
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
		return nil, tailrace.Value{}, fmt.Errorf("read JSON Schema data of %s: %w", topic, err)
	}
	return s, v, nil
}

func (c *Converter) decode(topic string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	id, rest, err := registry.CutHeader(data)
	if err != nil {
		return nil, tailrace.Value{}, err
	}
	key := readKey{topic, id}
	r, ok := c.decoding.Get(key)
	if !ok {
		if r, err = c.decoding.Make(key, func() (*reader, error) { return c.readPlan(topic, id) }); err != nil {
			return nil, tailrace.Value{}, err
		}
	}
	v, err := r.decode(rest)
	return r.schema, v, err
}

func (c *Converter) readPlan(topic string, id int) (*reader, error) {
	ctx := context.Background()
	text, err := c.config.Client.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	if text.Type != registry.JSON {
		return nil, fmt.Errorf("the schema with the id %d is in the language %s, not in that of JSON Schema", id, text.Type)
	}
	refs, err := c.config.Client.Resolve(ctx, text)
	if err != nil {
		return nil, err
	}
	s, err := c.config.read(text.Text, refs, 0)
	if err != nil {
		return nil, fmt.Errorf("the schema with the id %d: %w", id, err)
	}
	version, err := c.config.VersionOf(ctx, topic, s.Name(), text)
	if err != nil {
		return nil, err
	}
	if s, err = c.config.read(text.Text, refs, version); err != nil {
		return nil, fmt.Errorf("the schema with the id %d: %w", id, err)
	}
	return c.config.reader(s), nil
}
