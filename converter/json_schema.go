package converter

import (
	"fmt"
	"strconv"

	"github.com/tailrace-io/tailrace"
)

// appendSchema writes a schema as JsonConverter does.
func (j *JSON) appendSchema(dst []byte, s *tailrace.Schema) ([]byte, error) {
	dst, err := j.appendOpenSchema(dst, s)
	return append(dst, '}'), err
}

// appendOpenSchema leaves out the closing brace, before which a struct names
// the field.
func (j *JSON) appendOpenSchema(dst []byte, s *tailrace.Schema) (_ []byte, err error) {
	dst = append(append(dst, `{"type":"`...), jsonTypeName(s.Type())...)
	dst = append(dst, '"')
	switch s.Type() {
	case tailrace.TypeArray:
		if dst, err = j.appendSchema(append(dst, `,"items":`...), s.Elem()); err != nil {
			return dst, err
		}
	case tailrace.TypeMap:
		if dst, err = j.appendSchema(append(dst, `,"keys":`...), s.Key()); err != nil {
			return dst, err
		}
		if dst, err = j.appendSchema(append(dst, `,"values":`...), s.Elem()); err != nil {
			return dst, err
		}
	case tailrace.TypeStruct:
		dst = append(dst, `,"fields":[`...)
		for i, f := range s.Fields() {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = j.appendOpenSchema(dst, f.Schema); err != nil {
				return dst, fmt.Errorf("field %s: %w", f.Name, err)
			}
			dst = append(appendQuoted(append(dst, `,"field":`...), []byte(f.Name)), '}')
		}
		dst = append(dst, ']')
	}
	dst = strconv.AppendBool(append(dst, `,"optional":`...), s.Optional())
	return j.appendAttributes(dst, s)
}

// appendAttributes writes what any schema may have.
func (j *JSON) appendAttributes(dst []byte, s *tailrace.Schema) ([]byte, error) {
	if s.Name() != "" {
		dst = appendQuoted(append(dst, `,"name":`...), []byte(s.Name()))
	}
	if v, ok := s.Version(); ok {
		dst = strconv.AppendInt(append(dst, `,"version":`...), int64(v), 10)
	}
	if s.Doc() != "" {
		dst = appendQuoted(append(dst, `,"doc":`...), []byte(s.Doc()))
	}
	for i, p := range s.Parameters() {
		if i == 0 {
			dst = append(dst, `,"parameters":{`...)
		} else {
			dst = append(dst, ',')
		}
		dst = append(appendQuoted(dst, []byte(p.Name)), ':')
		dst = appendQuoted(dst, []byte(p.Value))
	}
	if len(s.Parameters()) > 0 {
		dst = append(dst, '}')
	}
	def, ok := s.Default()
	if !ok || def.IsNull() {
		return dst, nil
	}
	n, err := j.compileNode(s)
	if err != nil {
		return dst, err
	}
	return n.append(append(dst, `,"default":`...), def)
}

// jsonTypeName is the name of a type in the text of a schema.
func jsonTypeName(t tailrace.Type) string {
	switch t {
	case tailrace.TypeFloat32:
		return "float"
	case tailrace.TypeFloat64:
		return "double"
	}
	return t.String()
}

// jsonType is the type of such a name.
func jsonType(name string) (tailrace.Type, bool) {
	for t := tailrace.TypeInt8; t <= tailrace.TypeStruct; t++ {
		if jsonTypeName(t) == name {
			return t, true
		}
	}
	return tailrace.TypeNull, false
}

// ParseJSONSchema reads a schema from the text that AppendJSONSchema and Kafka
// Connect write it as. The text null is no schema: nil.
func ParseJSONSchema(text []byte) (*tailrace.Schema, error) {
	r := &jsonReader{data: text}
	var s *tailrace.Schema
	r.peek()
	if !r.take("null") {
		var err error
		if s, _, err = NewJSON(JSONConfig{}).parseSchema(r); err != nil {
			return nil, fmt.Errorf("read a JSON schema: %w", err)
		}
	}
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("read a JSON schema: %w", err)
	}
	return s, nil
}

// AppendJSONSchema appends the text of a schema as Kafka Connect writes it.
// Decimal defaults are base64.
func AppendJSONSchema(dst []byte, s *tailrace.Schema) ([]byte, error) {
	if s == nil {
		return append(dst, "null"...), nil
	}
	out, err := NewJSON(JSONConfig{}).appendSchema(dst, s)
	if err != nil {
		return dst, fmt.Errorf("write a JSON schema: %w", err)
	}
	return out, nil
}
