package cloudevents

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/converter/internal/plans"
)

// Format is how an event or its data is written.
type Format uint8

// The formats.
const (
	JSON Format = iota
	Avro
)

// NameMode is how the name of an event's schema is made to fit Avro.
type NameMode uint8

// The modes.
const (
	NamesAvro        NameMode = iota // an underscore for every character that Avro does not take: "avro"
	NamesAvroUnicode                 // _u and hexadecimal digits for each of them, and for underscores: "avro_unicode"
	NamesAsTheyAre                   // "none"
)

// Config says how a converter writes and reads. The zero value writes JSON
// without schemas, and every attribute.
type Config struct {
	// Format is that of the whole event. Within Avro the data must be Avro, too.
	// Debezium: serializer.type.
	Format Format

	// DataFormat is that of the data: in JSON an object, or the base64 of Avro.
	// Debezium: data.serializer.type.
	DataFormat Format

	// JSON is for what is written in JSON. Schemas puts the data's schema beside
	// it, as {"schema": …, "payload": …}; the event around it never has one.
	// Debezium: json.*, where json.schemas.enable is true by default.
	JSON converter.JSONConfig

	// Avro writes and reads what is Avro, as Confluent's AvroConverter: a
	// converter of package avro, of values. Data within an event in Avro goes by
	// the topic's name and "-data", so that each has a subject of its own.
	// Debezium: avro.*.
	Avro converter.Converter

	// Registry is the address in front of /schemas/ids/7, by which the attribute
	// dataschema names the schema of data in Avro.
	// Debezium: avro.schema.registry.url.
	Registry string

	// NoExtensions leaves the attributes out whose names begin with iodebezium:
	// the operation, what the event says of its source, and of its transaction.
	// Debezium: extension.attributes.enable=false.
	NoExtensions bool

	// Tracing adds the attribute traceparent, which is the header of that name.
	// Debezium: opentelemetry.tracing.attributes.enable.
	Tracing bool

	// SchemaName is the name of the event's schema in Avro. Where it is empty it
	// is that of the connector and the database: "inventory.shop.CloudEvents.Envelope".
	// Debezium: schema.cloudevents.name.
	SchemaName string

	// Names makes that name fit Avro.
	// Debezium: schema.name.adjustment.mode.
	Names NameMode

	// HeaderSource takes what is said of the source, the operation and the
	// transaction from the headers source, op and transaction, where HeaderFrom
	// puts them before ExtractNewRecordState makes the row the value; the data is
	// the whole value then. A record that lacks source or op has no bytes.
	// Debezium: metadata.source=header.
	HeaderSource bool

	// HeaderID, HeaderType and HeaderDataName take the event's id, its type and
	// the name of the data's schema from the headers id, type and
	// dataSchemaName. Otherwise they are made of the source.
	// Debezium: id:header and type:header in metadata.source; for the last one
	// dataSchemaName:header and schema.data.name.source.header.enable.
	HeaderID, HeaderType, HeaderDataName bool

	// CacheSize bounds how many schemas' plans are kept; 1000 unless it is
	// positive.
	CacheSize int
}

// Converter converts change events to and from CloudEvents.
//
// What is no change event has no bytes, as Debezium has it: tombstones,
// heartbeats, changes of schemas, metadata of transactions, logical messages and
// whatever else has a schema whose name does not end with ".Envelope".
type Converter struct {
	config  Config
	events  *converter.JSON // of whole events
	data    *converter.JSON
	headers *converter.JSON
	writing plans.Cache[planKey, *plan]
	reading plans.Cache[readKey, *tailrace.Schema]
}

var _ converter.WithHeaders = (*Converter)(nil)

// New makes a converter.
func New(config Config) (*Converter, error) {
	switch {
	case config.Format > Avro || config.DataFormat > Avro:
		return nil, errors.New("cloudevents: a format is neither JSON nor Avro")
	case config.Format == Avro && config.DataFormat == JSON:
		return nil, errors.New("cloudevents: data in JSON cannot stand within events in Avro; make the format of the data Avro, too (data.serializer.type)")
	case config.DataFormat == Avro && config.Avro == nil:
		return nil, errors.New("cloudevents: Avro needs a converter of Avro, with a schema registry (avro.schema.registry.url)")
	case config.DataFormat == Avro && config.Registry == "":
		return nil, errors.New("cloudevents: Avro needs the address of the schema registry, by which events name the schema of their data (avro.schema.registry.url)")
	case config.Names > NamesAsTheyAre:
		return nil, fmt.Errorf("cloudevents: %d is no mode of names", config.Names)
	case config.JSON.Schema != nil:
		return nil, errors.New("cloudevents: a schema of everything that is read (json.schema.content) does not fit events, which have one each")
	}
	event := config.JSON
	event.Schemas = false
	return &Converter{
		config:  config,
		events:  converter.NewJSON(event),
		data:    converter.NewJSON(config.JSON),
		headers: converter.NewJSON(converter.JSONConfig{Schemas: true, CacheSize: config.CacheSize}),
		writing: plans.Cache[planKey, *plan]{Limit: config.CacheSize},
		reading: plans.Cache[readKey, *tailrace.Schema]{Limit: config.CacheSize},
	}, nil
}

// Append implements converter.Converter, for a record without headers.
func (c *Converter) Append(dst []byte, topic string, s *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	return c.AppendWithHeaders(dst, topic, nil, s, v)
}

// AppendWithHeaders implements converter.WithHeaders. Headers that are bytes are
// read as JSON with schemas, as a header.converter that is a JsonConverter
// writes them. It fails for change events of other connectors, for ones that
// lack what their attributes are made of, and for data of a schema without a
// name.
func (c *Converter) AppendWithHeaders(dst []byte, topic string, headers []tailrace.Header, s *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if s == nil || v.IsNull() {
		return nil, nil
	}
	out, err := c.append(dst, topic, headers, s, v)
	if err != nil {
		return dst, fmt.Errorf("write a CloudEvent for %s: %w", topic, err)
	}
	return out, nil
}

func (c *Converter) append(dst []byte, topic string, headers []tailrace.Header, s *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	ok, err := c.isChange(headers, s)
	if !ok || err != nil {
		return nil, err
	}
	if s.Type() != tailrace.TypeStruct || v.Type() != tailrace.TypeStruct {
		return nil, fmt.Errorf("the value is no struct but %s", v.Type())
	}
	m, err := c.metadata(headers, object{s, v})
	if err != nil {
		return nil, err
	}
	p, err := c.plan(m)
	if err != nil {
		return nil, err
	}
	data := p.of(m.record)
	switch {
	case c.config.Format == Avro:
		return c.appendAvro(dst, topic, p, m, data)
	case c.config.DataFormat == Avro:
		bytes, uri, err := c.avroData(topic, p, data)
		if err != nil {
			return nil, err
		}
		return c.events.Append(dst, topic, p.event, p.value(m, uri, bytes))
	case !c.config.JSON.Schemas:
		return c.events.Append(dst, topic, p.event, p.value(m, "", data))
	}
	out, err := c.events.Append(dst, topic, p.event, p.value(m, "", tailrace.StructOf(nil)))
	if err != nil {
		return nil, err
	}
	out = out[:len(out)-len(`{}}`)] // the place of the data, which has a schema
	if out, err = c.data.Append(out, topic, p.data, data); err != nil {
		return nil, err
	}
	return append(out, '}'), nil
}

// isChange says whether there is an event to write.
func (c *Converter) isChange(headers []tailrace.Header, s *tailrace.Schema) (bool, error) {
	if c.config.HeaderSource {
		return last(headers, "source") != nil && last(headers, "op") != nil, nil
	}
	if s.Name() == "" {
		return false, fmt.Errorf("the schema of the %s has no name, so that nobody can say whether it is a change event", s.Type())
	}
	return strings.HasSuffix(s.Name(), ".Envelope"), nil
}
