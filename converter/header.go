package converter

import (
	"encoding/base64"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/tailrace-io/tailrace"
)

// SimpleHeader writes values as text, and reads from text of which type it is:
// Kafka Connect's SimpleHeaderConverter, the one of headers where no other is
// named. Text stands as it is; numbers are as Java writes them, bytes in base64,
// dates and times as 2006-01-02, 15:04:05.000Z and 2006-01-02T15:04:05.000Z,
// arrays as [1,"x"], maps and structs as {"a":1}.
//
// What is read is null, true and false, a number, a date, a time, a timestamp,
// an array or a map, and text otherwise. A whole number has the smallest type
// that holds it, int8 first; another one is a float32, and a float64 or a Decimal
// only where that is too small. Elements of several types of numbers have the
// widest; those of other types make the array or map one without a schema.
//
// It differs from Kafka's class where that one loses something. Dates and
// timestamps before 1970-01-02 are written as such, and not as times of day.
// Times are UTC's, and not the machine's own zone's. Bytes that are no UTF-8 are
// read as bytes, and text behind white space and a delimiter is not cut off.
type SimpleHeader struct{}

var _ Converter = SimpleHeader{}

// Append implements Converter. A null has no bytes.
func (SimpleHeader) Append(dst []byte, _ string, schema *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if v.IsNull() {
		return nil, nil
	}
	out, err := appendHeader(dst, schema, v, 0)
	if err != nil {
		return dst, fmt.Errorf("write a header: %w", err)
	}
	return out, nil
}

// appendHeader writes a value, in quotes where it is text within another one.
func appendHeader(dst []byte, s *tailrace.Schema, v tailrace.Value, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, errDeep
	}
	switch v.Type() {
	case tailrace.TypeString:
		if depth == 0 {
			return appendValid(dst, v.Bytes()), nil
		}
		dst = append(dst, '"')
		for _, c := range v.Bytes() {
			if c == '"' || c == '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, c)
		}
		return append(dst, '"'), nil
	case tailrace.TypeBytes:
		if s != nil && s.Name() == tailrace.DecimalName {
			return appendJavaLogical(dst, s, v)
		}
		if depth > 0 {
			return appendBase64(dst, v.Bytes()), nil
		}
		return base64.StdEncoding.AppendEncode(dst, v.Bytes()), nil
	case tailrace.TypeInt32, tailrace.TypeInt64:
		if s != nil && isLogical(s.Name()) && s.Type() == v.Type() {
			return appendHeaderTime(dst, s.Name(), v.Int()), nil
		}
	case tailrace.TypeArray, tailrace.TypeMap, tailrace.TypeStruct:
		return appendHeaderList(dst, s, v, depth)
	}
	return appendJava(dst, nil, v, depth)
}

// appendHeaderTime writes a value of Connect's Date, Time or Timestamp.
func appendHeaderTime(dst []byte, name string, n int64) []byte {
	const date, clock = "2006-01-02", "15:04:05.000Z"
	layout := date + "T" + clock
	switch {
	case name == tailrace.TimeName:
		layout = clock
	case name == tailrace.DateName:
		layout, n = date, n*millisPerDay
	case n >= millisPerDay && n%millisPerDay == 0:
		layout = date
	}
	return time.UnixMilli(n).UTC().AppendFormat(dst, layout)
}

func appendHeaderList(dst []byte, s *tailrace.Schema, v tailrace.Value, depth int) (_ []byte, err error) {
	vs, open, end := v.Elems(), byte('['), byte(']')
	schemaOf := func(int) *tailrace.Schema { return nil }
	switch {
	case v.Type() == tailrace.TypeStruct:
		vs, open, end = v.Fields(), '{', '}'
		if s == nil || len(s.Fields()) != len(vs) {
			return dst, errors.New("a struct without its schema, which alone knows its fields' names")
		}
		schemaOf = func(i int) *tailrace.Schema { return s.Fields()[i].Schema }
	case v.Type() == tailrace.TypeMap:
		vs, open, end = v.Entries(), '{', '}'
		if s != nil {
			schemaOf = func(i int) *tailrace.Schema { return [2]*tailrace.Schema{s.Key(), s.Elem()}[i%2] }
		}
	case s != nil:
		schemaOf = func(int) *tailrace.Schema { return s.Elem() }
	}
	dst = append(dst, open)
	for i, e := range vs {
		switch {
		case v.Type() == tailrace.TypeMap && i%2 == 1:
			dst = append(dst, ':')
		case i > 0:
			dst = append(dst, ',')
		}
		if v.Type() == tailrace.TypeStruct {
			if dst, err = appendHeader(dst, nil, tailrace.String(s.Fields()[i].Name), 1); err != nil {
				return dst, err
			}
			dst = append(dst, ':')
			if def, ok := schemaOf(i).Default(); ok && e.IsNull() {
				e = def
			}
		}
		if dst, err = appendHeader(dst, schemaOf(i), e, depth+1); err != nil {
			return dst, fmt.Errorf("element %d: %w", i, err)
		}
	}
	return append(dst, end), nil
}

// Decode implements Converter. There is always something that the bytes can be
// taken for.
func (SimpleHeader) Decode(_ string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	switch {
	case data == nil:
		return nil, tailrace.Value{}, nil
	case !utf8.Valid(data):
		return tailrace.BytesSchema, tailrace.Bytes(data), nil
	case len(data) == 0:
		return tailrace.StringSchema, tailrace.String(""), nil
	}
	p := &headerParser{text: string(data)}
	got, err := p.parse(false, 0)
	if err != nil || got.schema != nil && got.schema.Validate(got.value) != nil {
		return tailrace.StringSchema, tailrace.String(p.text), nil
	}
	return got.schema, got.value, nil
}
