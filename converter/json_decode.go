package converter

import (
	"fmt"
	"sync/atomic"

	"github.com/tailrace-io/tailrace"
)

// jsonSchema is a schema that was read, with the plan to read data by.
type jsonSchema struct {
	prefix string // {"schema":TEXT,"payload":
	schema *tailrace.Schema
	root   *jsonNode
}

// Decode implements Converter. Equal texts of a schema give the same *Schema.
// Nil data is a null without a schema, and so is empty data without Schemas.
// Errors say at which byte the data is wrong.
func (j *JSON) Decode(topic string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	if data == nil {
		return nil, tailrace.Value{}, nil
	}
	s, v, err := j.decode(topic, data)
	if err != nil {
		return nil, tailrace.Value{}, fmt.Errorf("read JSON: %w", err)
	}
	return s, v, nil
}

func (j *JSON) decode(topic string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	r := &jsonReader{data: data}
	r.take("\uFEFF")
	switch {
	case !j.config.Schemas:
		if r.peek(); r.i == len(data) {
			return nil, tailrace.Value{}, nil
		}
		v, err := j.any(r)
		if err == nil {
			err = r.end()
		}
		return nil, v, err
	case j.config.Schema != nil:
		s, err := j.given()
		if err != nil {
			return nil, tailrace.Value{}, err
		}
		v, err := s.root.read(r)
		if err == nil {
			err = r.end()
		}
		return s.schema, v, err
	}
	if s := j.recent(topic, data); s != nil {
		r.i = len(s.prefix)
		v, err := s.root.read(r)
		if err != nil {
			return nil, v, fmt.Errorf("payload: %w", err)
		}
		if r.peek() == '}' {
			r.i++
			return s.schema, v, r.end()
		}
		r = &jsonReader{data: data}
	}
	return j.decodeEnvelope(topic, r)
}

// given is the plan of the configured schema.
func (j *JSON) given() (*jsonSchema, error) {
	if s, ok := j.decoding.get(""); ok {
		return s, nil
	}
	root, err := j.compileNode(j.config.Schema)
	if err != nil {
		return nil, fmt.Errorf("the configured schema: %w", err)
	}
	return j.decoding.add("", &jsonSchema{schema: j.config.Schema, root: root}), nil
}

// decodeEnvelope reads an object of precisely the members schema and payload.
func (j *JSON) decodeEnvelope(topic string, r *jsonReader) (*tailrace.Schema, tailrace.Value, error) {
	wrong := func() error {
		return r.fail("data with a schema must be an object of the members schema and payload and no others; plain JSON is read without Schemas (schemas.enable=false)")
	}
	start := r.i
	if r.peek() != '{' {
		return nil, tailrace.Value{}, wrong()
	}
	if err := r.enter(); err != nil {
		return nil, tailrace.Value{}, err
	}
	schemaAt, schemaEnd, payloadAt := -1, -1, -1
	for first := true; ; first = false {
		name, ok, err := r.member(first)
		if err != nil {
			return nil, tailrace.Value{}, err
		}
		if !ok {
			break
		}
		r.peek()
		at := r.i
		if err := r.skip(); err != nil {
			return nil, tailrace.Value{}, err
		}
		switch string(name) {
		case "schema":
			schemaAt, schemaEnd = at, r.i
		case "payload":
			payloadAt = at
		default:
			return nil, tailrace.Value{}, wrong()
		}
	}
	if err := r.end(); err != nil {
		return nil, tailrace.Value{}, err
	}
	if schemaAt < 0 || payloadAt < 0 {
		r.i = start
		return nil, tailrace.Value{}, wrong()
	}
	s, err := j.readSchema(r, schemaAt, schemaEnd)
	if err != nil {
		return nil, tailrace.Value{}, fmt.Errorf("schema: %w", err)
	}
	r.i, r.depth = payloadAt, 1
	var v tailrace.Value
	if s == nil {
		v, err = j.any(r)
		s = &jsonSchema{}
	} else {
		j.remember(topic, s)
		v, err = s.root.read(r)
	}
	if err != nil {
		return nil, v, fmt.Errorf("payload: %w", err)
	}
	return s.schema, v, nil
}

// readSchema gives the schema with the text at a place; nil for the text null.
func (j *JSON) readSchema(r *jsonReader, start, end int) (*jsonSchema, error) {
	text := r.data[start:end]
	if string(text) == "null" {
		return nil, nil
	}
	if s, ok := j.decoding.get(string(text)); ok {
		return s, nil
	}
	r.i, r.depth = start, 1
	schema, _, err := j.parseSchema(r)
	if err != nil {
		return nil, err
	}
	root, err := j.compileNode(schema)
	if err != nil {
		return nil, err
	}
	s := &jsonSchema{schema: schema, root: root, prefix: `{"schema":` + string(text) + `,"payload":`}
	return j.decoding.add(string(text), s), nil
}

// recents are the schemas that a topic's data had lately, to find by comparing
// rather than by reading JSON: more than one, as keys and values share a topic,
// and a schema changes.
type recents struct {
	next    atomic.Uint32
	schemas [4]atomic.Pointer[jsonSchema]
}

func (j *JSON) recent(topic string, data []byte) *jsonSchema {
	rs, ok := j.recents.get(topic)
	if !ok {
		return nil
	}
	for i := range rs.schemas {
		s := rs.schemas[i].Load()
		if s == nil {
			return nil
		}
		if len(data) > len(s.prefix) && string(data[:len(s.prefix)]) == s.prefix {
			return s
		}
	}
	return nil
}

// remember notes what recent should find.
func (j *JSON) remember(topic string, s *jsonSchema) {
	rs, ok := j.recents.get(topic)
	if !ok {
		rs = j.recents.add(topic, &recents{})
	}
	n := rs.next.Add(1) - 1
	rs.schemas[n%uint32(len(rs.schemas))].Store(s)
}
