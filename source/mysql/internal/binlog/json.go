package binlog

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
)

// The types of values in MySQL's binary JSON.
const (
	jsonSmallObject = 0x00
	jsonLargeObject = 0x01
	jsonSmallArray  = 0x02
	jsonLargeArray  = 0x03
	jsonLiteral     = 0x04
	jsonInt16       = 0x05
	jsonUint16      = 0x06
	jsonInt32       = 0x07
	jsonUint32      = 0x08
	jsonInt64       = 0x09
	jsonUint64      = 0x0a
	jsonDouble      = 0x0b
	jsonString      = 0x0c
	jsonOpaque      = 0x0f
)

const jsonDepth = 100 // to which the server nests

// AppendJSON appends the text of MySQL's binary JSON, as the server prints it:
// {"a": 1, "b": [1.5, null]}.
func AppendJSON(dst, raw []byte) ([]byte, error) {
	if len(raw) == 0 { // what a JSON column holds that got no value
		return append(dst, "null"...), nil
	}
	budget := jsonBudget(2*len(raw) + 16)
	out, ok := budget.value(dst, raw[0], raw[1:], 0)
	if !ok {
		return dst, fmt.Errorf("%w: the JSON is damaged", ErrMalformed)
	}
	return out, nil
}

// jsonBudget is how much may still be printed. Values lie at offsets that
// damaged input could let overlap, so that a little of it made a lot of text; the
// budget ends that.
//
// The text goes through the calls as an argument and a result, not as a field:
// that spares the garbage collector's write barriers.
type jsonBudget int

func (p *jsonBudget) spend(n int) bool {
	*p -= jsonBudget(n)
	return *p >= 0
}

// value prints a value of a type at the beginning of b, and says whether it
// could.
func (p *jsonBudget) value(dst []byte, typ byte, b []byte, depth int) ([]byte, bool) {
	if !p.spend(1) {
		return dst, false
	}
	switch typ {
	case jsonSmallObject, jsonSmallArray:
		return p.container(dst, b, typ == jsonSmallObject, 2, depth)
	case jsonLargeObject, jsonLargeArray:
		return p.container(dst, b, typ == jsonLargeObject, 4, depth)
	case jsonString:
		text, ok := jsonVarlen(b)
		if !ok || !p.spend(len(text)) {
			return dst, false
		}
		return appendJSONString(dst, text), true
	case jsonOpaque:
		return p.opaque(dst, b)
	}
	return appendJSONScalar(dst, typ, b)
}

func appendJSONScalar(dst []byte, typ byte, b []byte) ([]byte, bool) {
	le := binary.LittleEndian
	if len(b) < jsonScalarSize(typ) {
		return dst, false
	}
	switch typ {
	case jsonLiteral:
		switch b[0] {
		case 0:
			return append(dst, "null"...), true
		case 1:
			return append(dst, "true"...), true
		case 2:
			return append(dst, "false"...), true
		}
		return dst, false
	case jsonInt16:
		dst = strconv.AppendInt(dst, int64(int16(le.Uint16(b))), 10)
	case jsonUint16:
		dst = strconv.AppendUint(dst, uint64(le.Uint16(b)), 10)
	case jsonInt32:
		dst = strconv.AppendInt(dst, int64(int32(le.Uint32(b))), 10)
	case jsonUint32:
		dst = strconv.AppendUint(dst, uint64(le.Uint32(b)), 10)
	case jsonInt64:
		dst = strconv.AppendInt(dst, int64(le.Uint64(b)), 10)
	case jsonUint64:
		dst = strconv.AppendUint(dst, le.Uint64(b), 10)
	case jsonDouble:
		dst = appendJSONDouble(dst, math.Float64frombits(le.Uint64(b)))
	default:
		return dst, false
	}
	return dst, true
}

func jsonScalarSize(typ byte) int {
	switch typ {
	case jsonLiteral:
		return 1
	case jsonInt16, jsonUint16:
		return 2
	case jsonInt32, jsonUint32:
		return 4
	}
	return 8
}

// container prints an object or an array, whose counts and offsets take width
// bytes: the number of elements, the size of all, the places and lengths of the
// keys, the types and places of the values. Small values lie in the place of
// their place.
func (p *jsonBudget) container(dst, b []byte, object bool, width, depth int) ([]byte, bool) {
	if depth >= jsonDepth || len(b) < 2*width {
		return dst, false
	}
	count, size := jsonUint(b, width), jsonUint(b[width:], width)
	keyEntry, valueEntry := width+2, width+1
	head := 2 * width
	if object {
		head += count * keyEntry
	}
	if size > len(b) || count > len(b) || head+count*valueEntry > size {
		return dst, false
	}
	b = b[:size]
	open, end := byte('['), byte(']')
	if object {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	for i := range count {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if object {
			entry := b[2*width+i*keyEntry:]
			at, n := jsonUint(entry, width), int(binary.LittleEndian.Uint16(entry[width:]))
			if at+n > size || !p.spend(n) {
				return dst, false
			}
			dst = append(appendJSONString(dst, b[at:at+n]), ": "...)
		}
		entry := b[head+i*valueEntry:][:valueEntry]
		typ, value := entry[0], entry[1:]
		if !jsonInlined(typ, width) {
			at := jsonUint(value, width)
			if at >= size {
				return dst, false
			}
			value = b[at:]
		}
		var ok bool
		if dst, ok = p.value(dst, typ, value, depth+1); !ok {
			return dst, false
		}
	}
	return append(dst, end), true
}

func jsonUint(b []byte, width int) int {
	if width == 2 {
		return int(binary.LittleEndian.Uint16(b))
	}
	return int(binary.LittleEndian.Uint32(b))
}

// jsonInlined says whether values of the type lie in the entry itself.
func jsonInlined(typ byte, width int) bool {
	return typ == jsonLiteral || typ == jsonInt16 || typ == jsonUint16 ||
		width == 4 && (typ == jsonInt32 || typ == jsonUint32)
}

// jsonVarlen reads bytes with a length of seven bits a byte in front.
func jsonVarlen(b []byte) ([]byte, bool) {
	n := 0
	for i := 0; i < len(b) && i < 5; i++ {
		n |= int(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			if n > len(b)-i-1 {
				return nil, false
			}
			return b[i+1 : i+1+n], true
		}
	}
	return nil, false
}

// opaque prints a value of SQL that JSON has no type for.
func (p *jsonBudget) opaque(dst, b []byte) ([]byte, bool) {
	if len(b) == 0 {
		return dst, false
	}
	typ := ColumnType(b[0])
	data, ok := jsonVarlen(b[1:])
	if !ok {
		return dst, false
	}
	switch typ {
	case TypeDecimal:
		if len(data) < 2 {
			return dst, false
		}
		precision, scale := int(data[0]), int(data[1])
		if precision < 1 || precision > 65 || scale > precision || scale > 38 || len(data)-2 != decimalSize(precision, scale) {
			return dst, false
		}
		return AppendDecimal(dst, data[2:], precision-scale, scale), true
	case TypeDate, TypeDatetimeOld, TypeTimestampOld, TypeTimeOld:
		if len(data) != 8 {
			return dst, false
		}
		dst = appendPackedTime(append(dst, '"'), typ, int64(binary.LittleEndian.Uint64(data)))
		return append(dst, '"'), true
	}
	if !p.spend(len(data)) {
		return dst, false
	}
	dst = strconv.AppendUint(append(dst, `"base64:type`...), uint64(typ), 10)
	dst = base64.StdEncoding.AppendEncode(append(dst, ':'), data)
	return append(dst, '"'), true
}

// appendPackedTime prints a date or time as the server keeps it in a number.
func appendPackedTime(dst []byte, typ ColumnType, v int64) []byte {
	if v < 0 {
		dst = append(dst, '-')
		v = -max(v, -math.MaxInt64)
	}
	whole, micro := v>>24, int(v&(1<<24-1))%1_000_000
	hour, minute, second := int(whole>>12), int(whole>>6&63), int(whole&63)
	if typ == TypeTimeOld {
		if hour %= 1024; hour >= 100 {
			dst = append(dst, byte('0'+hour/100))
		}
		dst = appendClock(dst, hour%100, minute, second)
		return appendPadded(append(dst, '.'), uint64(micro), 6)
	}
	month := whole >> 22
	dst = appendDate(dst, &Datetime{Year: int(month/13) % 10000, Month: int(month % 13), Day: int(whole >> 17 & 31)})
	if typ == TypeDate {
		return dst
	}
	dst = appendClock(append(dst, ' '), hour&31, minute, second)
	return appendPadded(append(dst, '.'), uint64(micro), 6)
}

// appendJSONDouble prints a number as the server does: the shortest digits that
// give it back, as many as 15 of them in front of the point, and a point in any
// case that has no exponent.
func appendJSONDouble(dst []byte, v float64) []byte {
	size := math.Abs(v)
	start := len(dst)
	switch {
	case size != size || size > math.MaxFloat64: // which JSON does not have
		return append(dst, "null"...)
	case size == 0 || size >= 1e-15 && size < 1e15:
		if whole := int64(v); float64(whole) == v && (whole != 0 || !math.Signbit(v)) {
			return append(strconv.AppendInt(dst, whole, 10), ".0"...)
		}
		dst = strconv.AppendFloat(dst, v, 'f', -1, 64)
		if size == 0 {
			dst = append(dst, ".0"...)
		}
		return dst
	}
	// No plus and no zeros in front of the exponent.
	dst = strconv.AppendFloat(dst, v, 'e', -1, 64)
	e := bytes.IndexByte(dst[start:], 'e') + start + 1
	from := e + 1
	if dst[from] == '0' {
		from++
	}
	if dst[e] == '-' {
		e++
	}
	return append(dst[:e], dst[from:]...)
}

const hexDigits = "0123456789abcdef"

// appendJSONString prints a text in quotes. What needs no escape, which is most,
// is copied in one go.
func appendJSONString(dst, s []byte) []byte {
	dst = append(dst, '"')
	from := 0
	for i, c := range s {
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(dst, s[from:]...), '"')
}
