package converter

import "github.com/tailrace-io/tailrace"

// Bytes writes bytes as they are, and null as no bytes at all: Kafka Connect's
// ByteArrayConverter. It takes no other type, and no schema of another type.
type Bytes struct{}

var _ Converter = Bytes{}

// Append implements Converter.
func (Bytes) Append(dst []byte, _ string, schema *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if null, err := primitive(tailrace.TypeBytes, schema, v); null || err != nil {
		return nothing(dst, err)
	}
	return append(dst, v.Bytes()...), nil
}

// Decode implements Converter. The schema is that of optional bytes; the value
// is data itself.
func (Bytes) Decode(_ string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	if data == nil {
		return tailrace.OptionalBytesSchema, tailrace.Value{}, nil
	}
	return tailrace.OptionalBytesSchema, tailrace.Bytes(data), nil
}
