package cloudevents

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// readKey is what the schema of an event depends on that is read.
type readKey struct{ event, data *tailrace.Schema }

// Decode implements converter.Converter. An event in Avro is a struct, whose
// field data has the data's own schema. One in JSON is a map without a schema;
// its data is what the schema beside it, or the one of Avro, makes of it, as a
// map, too: a struct has no place in data without schemas. Decimals are texts
// there, and other logical types what they are made of.
func (c *Converter) Decode(topic string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	if data == nil {
		return nil, tailrace.Value{}, nil
	}
	read := c.readJSON
	if c.config.Format == Avro {
		read = c.readAvro
	}
	s, v, err := read(topic, data)
	if err != nil {
		return nil, tailrace.Value{}, fmt.Errorf("read a CloudEvent of %s: %w", topic, err)
	}
	return s, v, nil
}

// required are the attributes that every event has.
var required = [...]string{"id", "source", "specversion", "type"}

func (c *Converter) readJSON(topic string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	_, event, err := c.events.Decode(topic, data)
	if err != nil {
		return nil, tailrace.Value{}, err
	}
	if event.Type() != tailrace.TypeMap {
		return nil, tailrace.Value{}, fmt.Errorf("it is no event but %s", event.Type())
	}
	entries := event.Entries()
	place := func(name string) int {
		for i := 0; i < len(entries); i += 2 {
			if entries[i].Text() == name {
				return i + 1
			}
		}
		return -1
	}
	for _, name := range required {
		if place(name) < 0 {
			return nil, tailrace.Value{}, fmt.Errorf("it is no event: it lacks the attribute %s", name)
		}
	}
	at := place("data")
	if at < 0 {
		return nil, tailrace.Value{}, errors.New("the event has no data")
	}
	if entries[at], err = c.readData(topic, data, entries[at]); err != nil {
		return nil, tailrace.Value{}, fmt.Errorf("the event's data: %w", err)
	}
	return nil, event, nil
}

// readData reads the data of an event in JSON, which plain is without schemas.
func (c *Converter) readData(topic string, event []byte, plain tailrace.Value) (tailrace.Value, error) {
	switch {
	case c.config.DataFormat == Avro:
		if plain.Type() != tailrace.TypeString {
			return tailrace.Value{}, fmt.Errorf("it is not the base64 of Avro but %s", plain.Type())
		}
		data, err := base64.StdEncoding.DecodeString(plain.Text())
		if err != nil {
			return tailrace.Value{}, fmt.Errorf("it is not the base64 of Avro: %w", err)
		}
		s, v, err := c.config.Avro.Decode(topic, data)
		return schemaless(s, v), err
	case !c.config.JSON.Schemas:
		return plain, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(event, &members); err != nil {
		return tailrace.Value{}, err
	}
	s, v, err := c.data.Decode(topic, members["data"])
	return schemaless(s, v), err
}

// schemaless gives a value in the form that it has without its schema.
func schemaless(s *tailrace.Schema, v tailrace.Value) tailrace.Value {
	if s == nil {
		return v
	}
	switch v.Type() {
	case tailrace.TypeBytes:
		if s.Name() == tailrace.DecimalName {
			return tailrace.String(tailrace.Display(s, v))
		}
	case tailrace.TypeStruct:
		entries := make([]tailrace.Value, 0, 2*len(s.Fields()))
		for i, f := range s.Fields() {
			entries = append(entries, tailrace.String(f.Name), schemaless(f.Schema, v.Fields()[i]))
		}
		return tailrace.Map(entries)
	case tailrace.TypeArray:
		elems := make([]tailrace.Value, len(v.Elems()))
		for i, e := range v.Elems() {
			elems[i] = schemaless(s.Elem(), e)
		}
		return tailrace.Array(elems)
	case tailrace.TypeMap:
		entries := make([]tailrace.Value, len(v.Entries()))
		for i, e := range v.Entries() {
			of := s.Key()
			if i%2 == 1 {
				of = s.Elem()
			}
			entries[i] = schemaless(of, e)
		}
		return tailrace.Map(entries)
	}
	return v
}

func (c *Converter) readAvro(topic string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	s, v, err := c.config.Avro.Decode(topic, data)
	if err != nil {
		return nil, tailrace.Value{}, err
	}
	if err := c.checkEvent(s, v); err != nil {
		return nil, tailrace.Value{}, fmt.Errorf("it is no event: %w", err)
	}
	at, ok := s.Field("data")
	if !ok || v.Fields()[at.Index].Type() != tailrace.TypeBytes {
		return nil, tailrace.Value{}, errors.New("the event has no data in Avro")
	}
	fields := append([]tailrace.Value(nil), v.Fields()...)
	of, inner, err := c.config.Avro.Decode(topic+dataSuffix, fields[at.Index].Bytes())
	if err != nil {
		return nil, tailrace.Value{}, fmt.Errorf("the event's data: %w", err)
	}
	if of == nil {
		return nil, tailrace.Value{}, errors.New("the event's data has no schema")
	}
	fields[at.Index] = inner
	key := readKey{s, of}
	whole, ok := c.reading.Get(key)
	if !ok {
		if whole, err = c.reading.Make(key, func() (*tailrace.Schema, error) { return join(s, of) }); err != nil {
			return nil, tailrace.Value{}, err
		}
	}
	return whole, tailrace.StructOf(fields), nil
}

// checkEvent says why a value is no event.
func (c *Converter) checkEvent(s *tailrace.Schema, v tailrace.Value) error {
	if s == nil || v.Type() != tailrace.TypeStruct {
		return fmt.Errorf("it is %s", v.Type())
	}
	switch want := c.config.Names.adjust(c.config.SchemaName); {
	case want != "" && s.Name() != want:
		return fmt.Errorf("its schema is %s, not %s (schema.cloudevents.name)", s.Name(), want)
	case want == "" && !strings.HasSuffix(s.Name(), eventSuffix):
		return fmt.Errorf("the name of its schema, %s, does not end with %s", s.Name(), eventSuffix)
	}
	for _, name := range required {
		if _, ok := s.Field(name); !ok {
			return fmt.Errorf("it lacks the attribute %s", name)
		}
	}
	return nil
}

// join gives the schema of an event with its data.
func join(event, data *tailrace.Schema) (*tailrace.Schema, error) {
	b := tailrace.NewSchema(tailrace.TypeStruct).Name(event.Name()).Doc(event.Doc())
	if version, ok := event.Version(); ok {
		b.Version(version)
	}
	for _, p := range event.Parameters() {
		b.Parameter(p.Name, p.Value)
	}
	for _, f := range event.Fields() {
		if f.Name == "data" {
			f.Schema = data
		}
		b.Field(f.Name, f.Schema)
	}
	return b.Build()
}
