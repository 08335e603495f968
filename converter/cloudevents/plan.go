package cloudevents

import (
	"fmt"
	"strconv"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter/registry"
)

// planKey is what the schemas of an event depend on.
type planKey struct {
	record, source, transaction    *tailrace.Schema
	connector, dataName, eventName string
}

// plan is what is known of events of some schemas.
type plan struct {
	event, data *tailrace.Schema
	fields      []tailrace.Field // those of the record that are the data
	id          []label
	logical     int   // the place of the connector's name in the source
	block       []int // the places of the attributes in a transaction
	extensions  bool
	trace       bool
	dataType    string
}

// label is a part of an event's id, and the place in the source of what follows.
type label struct {
	text string
	at   tailrace.Field
}

// parts are those of the id of an event, by connector, each with the field of
// the source that it shows.
func parts(connector string) ([][2]string, error) {
	switch connector {
	case "mysql", "mariadb":
		return [][2]string{{"name:", "name"}, {";file:", "file"}, {";pos:", "pos"}}, nil
	case "postgresql":
		return [][2]string{{"name:", "name"}, {";lsn:", "lsn"}, {";txId:", "txId"}, {";sequence:", "sequence"}}, nil
	}
	return nil, fmt.Errorf("events of the connector %q cannot be CloudEvents; those of mysql, mariadb and postgresql can", connector)
}

// attributes of a transaction are the fields of its block, in their order.
var attributes = [...]string{"id", "total_order", "data_collection_order"}

func (c *Converter) plan(m *metadata) (*plan, error) {
	key := planKey{m.record.schema, m.source.schema, m.transaction.schema, m.connector, m.dataName, m.eventName}
	if p, ok := c.writing.Get(key); ok {
		return p, nil
	}
	return c.writing.Make(key, func() (*plan, error) { return c.compile(m) })
}

func (c *Converter) compile(m *metadata) (*plan, error) {
	p := &plan{extensions: !c.config.NoExtensions, trace: c.config.Tracing, dataType: "application/json"}
	if c.config.DataFormat == Avro {
		p.dataType = "application/avro"
	}
	if err := p.identify(m); err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	if _, err := c.eventName(m.source); err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	if err := p.describeData(m, c.config.HeaderSource || m.connector == "mariadb"); err != nil {
		return nil, err
	}
	return p, c.describeEvent(p, m)
}

// identify finds what the id and the source of an event are made of.
func (p *plan) identify(m *metadata) error {
	labels, err := parts(m.connector)
	if err != nil {
		return err
	}
	for _, l := range labels {
		f, ok := m.source.schema.Field(l[1])
		if !ok {
			return fmt.Errorf("there is no field %s, of which the id is made", l[1])
		}
		p.id = append(p.id, label{l[0], f})
	}
	p.logical = p.id[0].at.Index
	return nil
}

// describeData makes the schema of the data: that of the whole record, or of
// the states before and after.
func (p *plan) describeData(m *metadata, whole bool) error {
	p.fields = m.record.schema.Fields()
	if !whole {
		p.fields = nil
		for _, name := range []string{"before", "after"} {
			f, ok := m.record.schema.Field(name)
			if !ok {
				return fmt.Errorf("there is no field %s, which the data has", name)
			}
			p.fields = append(p.fields, f)
		}
	}
	b := tailrace.NewSchema(tailrace.TypeStruct).Name(m.dataName)
	for _, f := range p.fields {
		b.Field(f.Name, f.Schema)
	}
	var err error
	p.data, err = b.Build()
	return err
}

func (c *Converter) describeEvent(p *plan, m *metadata) (err error) {
	b := tailrace.NewSchema(tailrace.TypeStruct).Name(m.eventName)
	texts := []string{"id", "source", "specversion", "type", "time", "datacontenttype"}
	if c.config.DataFormat == Avro {
		texts = append(texts, "dataschema")
	}
	if p.trace {
		texts = append(texts, "traceparent")
	}
	if p.extensions {
		texts = append(texts, extension("op"))
	}
	for _, name := range texts {
		b.Field(name, tailrace.StringSchema)
	}
	if p.extensions {
		if err := p.extend(b, m); err != nil {
			return err
		}
	}
	b.Field("data", c.dataSchema(p))
	if p.event, err = b.Build(); err != nil {
		return fmt.Errorf("the attributes: %w", err)
	}
	return nil
}

// dataSchema describes the data as it stands in the event.
func (c *Converter) dataSchema(p *plan) *tailrace.Schema {
	switch {
	case c.config.DataFormat == Avro:
		return tailrace.BytesSchema
	case c.config.JSON.Schemas:
		return tailrace.NewSchema(tailrace.TypeStruct).MustBuild() // its place
	}
	return p.data
}

// extend adds the attributes that are Debezium's own.
func (p *plan) extend(b *tailrace.SchemaBuilder, m *metadata) error {
	for _, f := range m.source.schema.Fields() {
		s, err := attribute(f.Schema)
		if err != nil {
			return fmt.Errorf("source: the field %s: %w", f.Name, err)
		}
		b.Field(extension(f.Name), s)
	}
	for _, name := range attributes {
		b.Field(extension("tx"+name), tailrace.OptionalStringSchema)
		if m.transaction.schema == nil {
			continue
		}
		f, ok := m.transaction.schema.Field(name)
		if !ok {
			return fmt.Errorf("transaction: there is no field %s", name)
		}
		p.block = append(p.block, f.Index)
	}
	return nil
}

// attribute describes the attribute that a field of the source becomes.
// CloudEvents has no whole numbers of more than 32 bits; those are texts.
func attribute(s *tailrace.Schema) (*tailrace.Schema, error) {
	t := s.Type()
	switch t {
	case tailrace.TypeBoolean, tailrace.TypeString, tailrace.TypeInt32:
	case tailrace.TypeInt64:
		t = tailrace.TypeString
	default:
		return nil, fmt.Errorf("a value of the type %s cannot be an attribute of a CloudEvent", t)
	}
	b := tailrace.NewSchema(t)
	if s.Optional() {
		b.Optional()
	}
	return b.Build()
}

// extension is the name of an attribute: CloudEvents allows letters and digits
// alone.
func extension(name string) string {
	b := []byte("iodebezium")
	for i := range len(name) {
		if c := name[i]; c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			b = append(b, c)
		}
	}
	return string(b)
}

// of gives the data of a record.
func (p *plan) of(record object) tailrace.Value {
	fields := make([]tailrace.Value, len(p.fields))
	for i, f := range p.fields {
		fields[i] = record.at(f).value
	}
	return tailrace.StructOf(fields)
}

// value gives an event.
func (p *plan) value(m *metadata, uri string, data tailrace.Value) tailrace.Value {
	text := tailrace.String
	fields := make([]tailrace.Value, 0, len(p.event.Fields()))
	fields = append(fields,
		text(p.idOf(m)), text("/debezium/"+m.connector+"/"+m.source.value.Fields()[p.logical].String()), text("1.0"), text(typeOf(m)),
		text(time.UnixMilli(m.ms).UTC().Format("2006-01-02T15:04:05.000Z")), text(p.dataType),
	)
	if uri != "" {
		fields = append(fields, text(uri))
	}
	if p.trace {
		fields = append(fields, text(m.trace))
	}
	if p.extensions {
		fields = p.appendExtensions(append(fields, m.op), m)
	}
	return tailrace.StructOf(append(fields, data))
}

func (p *plan) idOf(m *metadata) string {
	if m.id != "" {
		return m.id
	}
	var b []byte
	for _, l := range p.id {
		b = append(append(b, l.text...), m.source.at(l.at).value.String()...)
	}
	return string(b)
}

func typeOf(m *metadata) string {
	if m.kind != "" {
		return m.kind
	}
	return "io.debezium.connector." + m.connector + ".DataChangeEvent"
}

func (p *plan) appendExtensions(fields []tailrace.Value, m *metadata) []tailrace.Value {
	for _, f := range m.source.schema.Fields() {
		fields = append(fields, short(m.source.at(f).value))
	}
	block := m.transaction.value.Fields() // none without a transaction
	for i := range attributes {
		var v tailrace.Value
		if block != nil {
			v = short(block[p.block[i]])
		}
		fields = append(fields, v)
	}
	return fields
}

// short gives a value as an attribute has it.
func short(v tailrace.Value) tailrace.Value {
	if v.Type() == tailrace.TypeInt64 {
		return tailrace.String(strconv.FormatInt(v.Int(), 10))
	}
	return v
}

// avroData gives the data in Avro, and the address of its schema.
func (c *Converter) avroData(topic string, p *plan, data tailrace.Value) (bytes tailrace.Value, uri string, err error) {
	b, err := c.config.Avro.Append([]byte{}, topic, p.data, data)
	if err != nil {
		return tailrace.Value{}, "", err
	}
	id, _, err := registry.CutHeader(b)
	if err != nil {
		return tailrace.Value{}, "", err
	}
	return tailrace.Bytes(b), c.config.Registry + "/schemas/ids/" + strconv.Itoa(id), nil
}

// dataSuffix is what the topic of data within events in Avro has behind it.
const dataSuffix = "-data"

func (c *Converter) appendAvro(dst []byte, topic string, p *plan, m *metadata, data tailrace.Value) ([]byte, error) {
	bytes, uri, err := c.avroData(topic+dataSuffix, p, data)
	if err != nil {
		return nil, err
	}
	return c.config.Avro.Append(dst, topic, p.event, p.value(m, uri, bytes))
}
