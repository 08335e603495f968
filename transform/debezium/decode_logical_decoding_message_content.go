package debezium

import (
	"errors"
	"fmt"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// DecodeLogicalDecodingMessageContent makes inserts of the logical messages that
// a PostgreSQL application writes to the log with a JSON object in them: the
// object becomes the row after the change, and the key null. Debezium's transform
// of that name; an EventRouter behind it makes an outbox without a table.
type DecodeLogicalDecodingMessageContent struct {
	// KeepNulls makes optional bytes of the nulls in the object, which otherwise
	// are left out.
	KeepNulls bool
}

// New gives the transform. Records that are no logical messages pass. It fails
// for messages that hold no JSON object.
func (c DecodeLogicalDecodingMessageContent) New() (transform.Transform, error) {
	t := &decodeMessage{}
	t.json.keepNulls = c.KeepNulls
	t.events = transform.Derive(func(message *tailrace.Schema) (*eventSchemas, error) {
		return transform.Derive(func(content *tailrace.Schema) (*tailrace.Schema, error) { return eventOfMessage(message, content) }), nil
	})
	return t, nil
}

type decodeMessage struct {
	json   jsonSchemas
	events *transform.Derived[*eventSchemas]
}

// eventSchemas are those of the inserts that come of messages of a schema, by
// the schema of their contents.
type eventSchemas = transform.Derived[*tailrace.Schema]

const messageName = "io.debezium.connector.postgresql.MessageValue"

// Apply implements transform.Transform.
func (t *decodeMessage) Apply(r *tailrace.Record) (bool, error) {
	if r.ValueSchema == nil || r.ValueSchema.Name() != messageName {
		return true, nil
	}
	s, v, err := t.decode(r)
	if err != nil {
		return false, fmt.Errorf("DecodeLogicalDecodingMessageContent: %w", err)
	}
	r.KeySchema, r.Key = nil, tailrace.Value{}
	r.ValueSchema, r.Value = s, v
	return true, nil
}

func (t *decodeMessage) decode(r *tailrace.Record) (s *tailrace.Schema, v tailrace.Value, err error) {
	event, err := wholeStruct(r.ValueSchema, r.Value, "the event")
	if err != nil {
		return s, v, err
	}
	schema, message, err := fieldOf(event, "message")
	if err != nil {
		return s, v, err
	}
	text, err := messageContent(schema, message)
	if err != nil {
		return s, v, err
	}
	n, err := parseJSON(text)
	if err != nil {
		return s, v, fmt.Errorf("the content of the message: %w", err)
	}
	if n.kind != jsonObject {
		return s, v, errors.New("the content of the message is a JSON array and must be an object")
	}
	content, err := t.json.of("", &n)
	if err != nil {
		return s, v, fmt.Errorf("the content of the message: %w", err)
	}
	after, err := t.json.connect(&n, content)
	if err != nil {
		return s, v, fmt.Errorf("the content of the message: %w", err)
	}
	schemas, err := t.events.Of(event.Schema)
	if err != nil {
		return s, v, err
	}
	if s, err = schemas.Of(content); err != nil {
		return s, v, err
	}
	vs := make([]tailrace.Value, 0, len(s.Fields()))
	for _, f := range event.Schema.Fields() {
		switch f.Name {
		case "message":
		case "op":
			vs = append(vs, tailrace.String(string(tailrace.OpCreate)))
		default:
			_, v, err := fieldOf(event, f.Name)
			if err != nil {
				return s, v, err
			}
			vs = append(vs, v)
		}
	}
	return s, tailrace.StructOf(append(vs, after)), nil
}

// messageContent gives the bytes in a message.
func messageContent(s *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	message, err := wholeStruct(s, v, "the message")
	if err != nil {
		return nil, err
	}
	content, err := typedField(message, "content", tailrace.TypeBytes)
	if err == nil && content.IsNull() {
		err = errors.New("the message has no content")
	}
	return content.Bytes(), err
}

// eventOfMessage is the schema of the insert.
func eventOfMessage(message, content *tailrace.Schema) (*tailrace.Schema, error) {
	b := tailrace.NewSchema(tailrace.TypeStruct).Name(message.Name() + ".Envelope")
	for _, f := range message.Fields() {
		if f.Name != "message" {
			b.Field(f.Name, f.Schema)
		}
	}
	return b.Field("after", content).Build()
}
