package builtin

import (
	"bytes"
	"fmt"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/transform"
)

// simpleHeader writes the headers of which Connect's SimpleHeaderConverter and
// StringConverter make the same bytes: text, numbers, booleans and null. Others
// are an error.
type simpleHeader struct{ text converter.String }

func (h simpleHeader) Append(dst []byte, topic string, schema *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	switch t := v.Type(); t {
	case tailrace.TypeBytes, tailrace.TypeArray, tailrace.TypeMap, tailrace.TypeStruct, tailrace.TypeUnchanged:
		return dst, fmt.Errorf("SimpleHeaderConverter does not write a header of type %v yet; set header.converter to %s", t, jsonClass)
	}
	if schema != nil && schema.Name() != "" {
		return dst, fmt.Errorf("SimpleHeaderConverter does not write a header with the schema %s yet; set header.converter to %s", schema.Name(), jsonClass)
	}
	return h.text.Append(dst, topic, schema, v)
}

// Decode guesses at the type that a header's text is of, as InsertHeader does. What
// is none of them is bytes, as it is to Connect.
func (h simpleHeader) Decode(_ string, text []byte) (*tailrace.Schema, tailrace.Value, error) {
	if text == nil {
		return nil, tailrace.Value{}, nil
	}
	schema, value, err := transform.ParseLiteral(string(text))
	if err != nil {
		return tailrace.BytesSchema, tailrace.Bytes(bytes.Clone(text)), nil
	}
	return schema, value, nil
}
