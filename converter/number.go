package converter

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/tailrace-io/tailrace"
)

// Int16 writes an int16 as two bytes, big-endian, and null as no bytes at all:
// Kafka Connect's ShortConverter. It takes no other type.
type Int16 struct{}

// Int32 writes an int32 as four bytes, big-endian, and null as no bytes at all:
// Kafka Connect's IntegerConverter. It takes no other type.
type Int32 struct{}

// Int64 writes an int64 as eight bytes, big-endian, and null as no bytes at all:
// Kafka Connect's LongConverter. It takes no other type.
type Int64 struct{}

// Float32 writes a float32 as the four bytes of IEEE 754, big-endian, and null
// as no bytes at all: Kafka Connect's FloatConverter. It takes no other type.
type Float32 struct{}

// Float64 writes a float64 as the eight bytes of IEEE 754, big-endian, and null
// as no bytes at all: Kafka Connect's DoubleConverter. It takes no other type.
type Float64 struct{}

// Boolean writes a boolean as a byte, 1 or 0, and null as no bytes at all: Kafka
// Connect's BooleanConverter. It takes no other type.
type Boolean struct{}

var (
	_ Converter = Int16{}
	_ Converter = Int32{}
	_ Converter = Int64{}
	_ Converter = Float32{}
	_ Converter = Float64{}
	_ Converter = Boolean{}
)

// Append implements Converter.
func (Int16) Append(dst []byte, _ string, schema *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if null, err := primitive(tailrace.TypeInt16, schema, v); null || err != nil {
		return nothing(dst, err)
	}
	return binary.BigEndian.AppendUint16(dst, uint16(v.Int())), nil
}

// Decode implements Converter. The schema is an optional int16's.
func (Int16) Decode(_ string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	if null, err := width(tailrace.TypeInt16, 2, data); null || err != nil {
		return decoded(tailrace.OptionalInt16Schema, err)
	}
	return tailrace.OptionalInt16Schema, tailrace.Int16(int16(binary.BigEndian.Uint16(data))), nil
}

// Append implements Converter.
func (Int32) Append(dst []byte, _ string, schema *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if null, err := primitive(tailrace.TypeInt32, schema, v); null || err != nil {
		return nothing(dst, err)
	}
	return binary.BigEndian.AppendUint32(dst, uint32(v.Int())), nil
}

// Decode implements Converter. The schema is an optional int32's.
func (Int32) Decode(_ string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	if null, err := width(tailrace.TypeInt32, 4, data); null || err != nil {
		return decoded(tailrace.OptionalInt32Schema, err)
	}
	return tailrace.OptionalInt32Schema, tailrace.Int32(int32(binary.BigEndian.Uint32(data))), nil
}

// Append implements Converter.
func (Int64) Append(dst []byte, _ string, schema *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if null, err := primitive(tailrace.TypeInt64, schema, v); null || err != nil {
		return nothing(dst, err)
	}
	return binary.BigEndian.AppendUint64(dst, uint64(v.Int())), nil
}

// Decode implements Converter. The schema is an optional int64's.
func (Int64) Decode(_ string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	if null, err := width(tailrace.TypeInt64, 8, data); null || err != nil {
		return decoded(tailrace.OptionalInt64Schema, err)
	}
	return tailrace.OptionalInt64Schema, tailrace.Int64(int64(binary.BigEndian.Uint64(data))), nil
}

// Append implements Converter.
func (Float32) Append(dst []byte, _ string, schema *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if null, err := primitive(tailrace.TypeFloat32, schema, v); null || err != nil {
		return nothing(dst, err)
	}
	return binary.BigEndian.AppendUint32(dst, math.Float32bits(float32(v.Float()))), nil
}

// Decode implements Converter. The schema is an optional float32's.
func (Float32) Decode(_ string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	if null, err := width(tailrace.TypeFloat32, 4, data); null || err != nil {
		return decoded(tailrace.OptionalFloat32Schema, err)
	}
	return tailrace.OptionalFloat32Schema, tailrace.Float32(math.Float32frombits(binary.BigEndian.Uint32(data))), nil
}

// Append implements Converter.
func (Float64) Append(dst []byte, _ string, schema *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if null, err := primitive(tailrace.TypeFloat64, schema, v); null || err != nil {
		return nothing(dst, err)
	}
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(v.Float())), nil
}

// Decode implements Converter. The schema is an optional float64's.
func (Float64) Decode(_ string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	if null, err := width(tailrace.TypeFloat64, 8, data); null || err != nil {
		return decoded(tailrace.OptionalFloat64Schema, err)
	}
	return tailrace.OptionalFloat64Schema, tailrace.Float64(math.Float64frombits(binary.BigEndian.Uint64(data))), nil
}

// Append implements Converter.
func (Boolean) Append(dst []byte, _ string, schema *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if null, err := primitive(tailrace.TypeBoolean, schema, v); null || err != nil {
		return nothing(dst, err)
	}
	if v.Bool() {
		return append(dst, 1), nil
	}
	return append(dst, 0), nil
}

// Decode implements Converter. The schema is an optional boolean's.
func (Boolean) Decode(_ string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	if null, err := width(tailrace.TypeBoolean, 1, data); null || err != nil {
		return decoded(tailrace.OptionalBooleanSchema, err)
	}
	if data[0] > 1 {
		return nil, tailrace.Value{}, fmt.Errorf("read a boolean: the byte %#02x, which is neither 0 nor 1", data[0])
	}
	return tailrace.OptionalBooleanSchema, tailrace.Boolean(data[0] == 1), nil
}

// primitive checks that v is null or of the type, and the schema not another
// one's, nor one of Connect's logical types, which are no numbers and bytes to
// Connect's converters.
func primitive(t tailrace.Type, schema *tailrace.Schema, v tailrace.Value) (null bool, err error) {
	switch {
	case schema != nil && schema.Type() != t:
		return false, fmt.Errorf("write a value as %s: its schema says %s", t, schema.Type())
	case schema != nil && isLogical(schema.Name()):
		return false, fmt.Errorf("write a value as %s: its schema says %s", t, schema.Name())
	case !v.IsNull() && v.Type() != t:
		return false, fmt.Errorf("write a value as %s: it is of type %s", t, v.Type())
	}
	return v.IsNull(), nil
}

func isLogical(name string) bool {
	return name == tailrace.DecimalName || name == tailrace.DateName || name == tailrace.TimeName || name == tailrace.TimestampName
}

// nothing is what Append gives for a null and for an error.
func nothing(dst []byte, err error) ([]byte, error) {
	if err != nil {
		return dst, err
	}
	return nil, nil
}

// width checks that data is nil or n bytes.
func width(t tailrace.Type, n int, data []byte) (null bool, err error) {
	if data != nil && len(data) != n {
		return false, fmt.Errorf("read %s: %d bytes, which must be %d", t, len(data), n)
	}
	return data == nil, nil
}

// decoded is what Decode gives for nil data and for an error.
func decoded(schema *tailrace.Schema, err error) (*tailrace.Schema, tailrace.Value, error) {
	if err != nil {
		return nil, tailrace.Value{}, err
	}
	return schema, tailrace.Value{}, nil
}
