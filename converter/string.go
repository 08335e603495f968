package converter

import (
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tailrace-io/tailrace"
)

// String writes the text of any value, and null as no bytes at all: Kafka
// Connect's StringConverter, whose text is what Java's toString makes of a value.
// So numbers are written as Java writes them (1.0E10), decimals in plain digits
// or with an exponent, dates as "Thu Jan 01 00:00:00 UTC 1970", arrays as
// "[1, 2]", maps as "{a=1, b=2}" and structs as "Struct{id=1,name=x}" without
// the fields that are null. Bytes have no text.
type String struct {
	// Encoding is what the text is written and read in; UTF-8 unless set. Text
	// that it does not have is an error, where Java writes question marks.
	// Connect: converter.encoding.
	Encoding Encoding
}

var _ Converter = String{}

// Append implements Converter. It allocates nothing but room in dst for text,
// numbers and booleans in UTF-8.
func (c String) Append(dst []byte, _ string, schema *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if v.IsNull() {
		return nil, nil
	}
	start := len(dst)
	out, err := appendJava(dst, schema, v, 0)
	if err == nil && c.Encoding != UTF8 {
		out, err = c.Encoding.append(dst, append([]byte(nil), out[start:]...))
	}
	if err != nil {
		return dst, fmt.Errorf("write a string: %w", err)
	}
	return out, nil
}

// Decode implements Converter. The schema is an optional string's. Bytes that
// are no text in the encoding are an error, where Java reads U+FFFD.
func (c String) Decode(_ string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	if data == nil {
		return tailrace.OptionalStringSchema, tailrace.Value{}, nil
	}
	text, err := c.Encoding.decode(data)
	if err != nil {
		return nil, tailrace.Value{}, fmt.Errorf("read a string: %w", err)
	}
	return tailrace.OptionalStringSchema, textValue(text), nil
}

// appendJava writes the text that Java's toString makes of a value.
func appendJava(dst []byte, s *tailrace.Schema, v tailrace.Value, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, errDeep
	}
	if s != nil && isLogical(s.Name()) && v.Type() == s.Type() {
		return appendJavaLogical(dst, s, v)
	}
	switch v.Type() {
	case tailrace.TypeNull:
		return append(dst, "null"...), nil
	case tailrace.TypeUnchanged:
		return append(dst, DefaultUnavailable...), nil
	case tailrace.TypeFloat32:
		return appendJavaFloat(dst, v.Float(), 32), nil
	case tailrace.TypeFloat64:
		return appendJavaFloat(dst, v.Float(), 64), nil
	case tailrace.TypeBoolean:
		return strconv.AppendBool(dst, v.Bool()), nil
	case tailrace.TypeString:
		return appendValid(dst, v.Bytes()), nil
	case tailrace.TypeBytes:
		return dst, errors.New("bytes, which have no text")
	case tailrace.TypeArray:
		return appendJavaArray(dst, s, v.Elems(), depth)
	case tailrace.TypeMap:
		return appendJavaMap(dst, s, v.Entries(), depth)
	case tailrace.TypeStruct:
		return appendJavaStruct(dst, s, v.Fields(), depth)
	}
	return strconv.AppendInt(dst, v.Int(), 10), nil
}

func appendJavaLogical(dst []byte, s *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if s.Name() == tailrace.DecimalName {
		scale, err := tailrace.Scale(s)
		if err != nil {
			return dst, err
		}
		b, err := minimalUnscaled(v.Bytes())
		if err != nil {
			return dst, err
		}
		return appendBigDecimal(dst, b, scale), nil
	}
	millis := v.Int()
	if s.Name() == tailrace.DateName {
		millis *= millisPerDay
	}
	return time.UnixMilli(millis).UTC().AppendFormat(dst, "Mon Jan 02 15:04:05 UTC 2006"), nil
}

func appendJavaArray(dst []byte, s *tailrace.Schema, vs []tailrace.Value, depth int) (_ []byte, err error) {
	var elem *tailrace.Schema
	if s != nil {
		elem = s.Elem()
	}
	dst = append(dst, '[')
	for i := range vs {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if dst, err = appendJava(dst, elem, vs[i], depth+1); err != nil {
			return dst, fmt.Errorf("element %d: %w", i, err)
		}
	}
	return append(dst, ']'), nil
}

func appendJavaMap(dst []byte, s *tailrace.Schema, kvs []tailrace.Value, depth int) (_ []byte, err error) {
	var schemas [2]*tailrace.Schema
	if s != nil {
		schemas = [2]*tailrace.Schema{s.Key(), s.Elem()}
	}
	dst = append(dst, '{')
	for i := range kvs {
		switch {
		case i%2 == 1:
			dst = append(dst, '=')
		case i > 0:
			dst = append(dst, ", "...)
		}
		if dst, err = appendJava(dst, schemas[i%2], kvs[i], depth+1); err != nil {
			return dst, fmt.Errorf("entry %d: %w", i/2, err)
		}
	}
	return append(dst, '}'), nil
}

func appendJavaStruct(dst []byte, s *tailrace.Schema, vs []tailrace.Value, depth int) (_ []byte, err error) {
	if s == nil || len(s.Fields()) != len(vs) {
		return dst, errors.New("a struct without its schema, which alone knows its fields' names")
	}
	dst = append(dst, "Struct{"...)
	first := true
	for i, f := range s.Fields() {
		if vs[i].IsNull() {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(append(dst, f.Name...), '=')
		if dst, err = appendJava(dst, f.Schema, vs[i], depth+1); err != nil {
			return dst, fmt.Errorf("field %s: %w", f.Name, err)
		}
	}
	return append(dst, '}'), nil
}

// appendValid writes text, with U+FFFD for bytes that are no UTF-8, as they
// become in a Java string.
func appendValid(dst, s []byte) []byte {
	if utf8.Valid(s) {
		return append(dst, s...)
	}
	for len(s) > 0 {
		r, size := utf8.DecodeRune(s)
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, "\uFFFD"...)
			s = s[malformed(s):]
			continue
		}
		dst = append(dst, s[:size]...)
		s = s[size:]
	}
	return dst
}
