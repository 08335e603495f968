package cloudevents

import (
	"errors"
	"fmt"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/avroname"
)

// object is a value and the schema that describes it.
type object struct {
	schema *tailrace.Schema
	value  tailrace.Value
}

// field gives what is in a struct under a name; the default for a null.
func (o object) field(name string) (object, error) {
	f, ok := o.schema.Field(name)
	if !ok {
		return object{}, fmt.Errorf("there is no field %s", name)
	}
	return o.at(f), nil
}

func (o object) at(f tailrace.Field) object {
	v := o.value.Fields()[f.Index]
	if v.IsNull() {
		v, _ = f.Schema.Default() // null without one
	}
	return object{f.Schema, v}
}

// structOf gives a field that is a struct.
func (o object) structOf(name string) (object, error) {
	f, err := o.field(name)
	if err == nil && f.value.Type() != tailrace.TypeStruct {
		err = fmt.Errorf("the field %s is no struct but %s", name, f.value.Type())
	}
	return f, err
}

// textOf gives a field that is a text.
func (o object) textOf(name string) (string, error) {
	f, err := o.field(name)
	if err == nil && f.value.Type() != tailrace.TypeString {
		err = fmt.Errorf("the field %s is no text but %s", name, f.value.Type())
	}
	return f.value.Text(), err
}

// metadata is what the attributes of an event are made of.
type metadata struct {
	record      object
	source      object
	transaction object // without a schema where there is none

	op        tailrace.Value
	connector string
	id        string // "" for one that is made
	kind      string // likewise
	trace     string
	dataName  string
	eventName string // in Avro
	ms        int64  // since 1970
}

func (c *Converter) metadata(headers []tailrace.Header, record object) (m *metadata, err error) {
	m = &metadata{record: record}
	if c.config.HeaderSource {
		err = c.fromHeaders(m, headers)
	} else {
		err = c.fromValue(m)
	}
	if err != nil {
		return nil, err
	}
	if m.connector, err = m.source.textOf("connector"); err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	m.dataName = "io.debezium.connector." + m.connector + ".Data"
	for _, h := range []struct {
		take bool
		name string
		to   *string
	}{
		{c.config.HeaderID, "id", &m.id},
		{c.config.HeaderType, "type", &m.kind},
		{c.config.Tracing, "traceparent", &m.trace},
		{c.config.HeaderDataName, "dataSchemaName", &m.dataName},
	} {
		if !h.take {
			continue
		}
		o, err := c.header(headers, h.name)
		if err != nil {
			return nil, err
		}
		if o.value.Type() != tailrace.TypeString {
			return nil, fmt.Errorf("the header %s is no text but %s", h.name, o.value.Type())
		}
		*h.to = o.value.Text()
	}
	if c.config.Format == Avro {
		if m.eventName, err = c.eventName(m.source); err != nil {
			return nil, fmt.Errorf("source: %w", err)
		}
	}
	ts, err := m.source.field("ts_ms")
	if err == nil && ts.value.Type() != tailrace.TypeInt64 {
		err = fmt.Errorf("the field ts_ms is no int64 but %s", ts.value.Type())
	}
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	m.ms = ts.value.Int()
	return m, nil
}

func (c *Converter) fromValue(m *metadata) (err error) {
	if m.source, err = m.record.structOf("source"); err != nil {
		return err
	}
	if c.config.NoExtensions {
		return nil
	}
	op, err := m.record.field("op")
	if err != nil {
		return err
	}
	m.op = op.value
	if f, ok := m.record.schema.Field("transaction"); ok {
		m.transaction = m.record.at(f)
	}
	return nil
}

func (c *Converter) fromHeaders(m *metadata, headers []tailrace.Header) (err error) {
	if m.source, err = c.header(headers, "source"); err != nil {
		return err
	}
	if m.source.value.Type() != tailrace.TypeStruct {
		return fmt.Errorf("the header source is no struct but %s", m.source.value.Type())
	}
	op, err := c.header(headers, "op")
	if err != nil {
		return err
	}
	m.op = op.value
	if last(headers, "transaction") != nil {
		m.transaction, err = c.header(headers, "transaction")
	}
	return err
}

// eventName is the name of the event's schema.
func (c *Converter) eventName(source object) (string, error) {
	name := c.config.SchemaName
	if name == "" {
		server, err := source.field("name")
		if err != nil {
			return "", err
		}
		database, err := source.field("db")
		if err != nil {
			return "", err
		}
		name = server.value.String() + "." + database.value.String() + "." + eventSuffix
	}
	return c.config.Names.adjust(name), nil
}

// eventSuffix is how names of schemas of events end.
const eventSuffix = "CloudEvents.Envelope"

func (m NameMode) adjust(name string) string {
	switch m {
	case NamesAvro:
		return avroname.Underscores.Schema(name)
	case NamesAvroUnicode:
		return avroname.Unicode.Schema(name)
	}
	return name
}

// last gives the last header of a name, nil without one.
func last(headers []tailrace.Header, name string) *tailrace.Header {
	for i := len(headers) - 1; i >= 0; i-- {
		if headers[i].Key == name {
			return &headers[i]
		}
	}
	return nil
}

// header gives what the last header of a name holds.
func (c *Converter) header(headers []tailrace.Header, name string) (object, error) {
	h := last(headers, name)
	if h == nil {
		return object{}, fmt.Errorf("the record has no header %s, which an attribute of the event is taken from; have a transform add it, or let the event not ask for it (metadata.source)", name)
	}
	if h.Schema != nil {
		return object{h.Schema, h.Value}, nil
	}
	data := h.Value.Bytes()
	if data == nil {
		return object{}, fmt.Errorf("the header %s is neither typed nor bytes but %s", name, h.Value.Type())
	}
	s, v, err := c.headers.Decode("", data)
	if err == nil && s == nil {
		err = errors.New("it has no schema")
	}
	if err != nil {
		return object{}, fmt.Errorf("the header %s must be JSON with its schema; make the header.converter a JsonConverter: %w", name, err)
	}
	return object{s, v}, nil
}
