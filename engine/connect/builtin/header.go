package builtin

import (
	"fmt"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
)

// simpleHeader writes the headers of which Connect's SimpleHeaderConverter and
// StringConverter make the same bytes: text, numbers, booleans and null. Others
// are an error, and so is reading, for which that converter guesses at types.
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

func (h simpleHeader) Decode(string, []byte) (*tailrace.Schema, tailrace.Value, error) {
	return nil, tailrace.Value{}, fmt.Errorf("SimpleHeaderConverter does not read headers yet; set header.converter to %s or %s", stringClass, jsonClass)
}
