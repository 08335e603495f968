package binlog

import (
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
	p := jsonPrinter{dst: dst, budget: 2*len(raw) + 16}
	if !p.value(raw[0], raw[1:], 0) {
		return dst, fmt.Errorf("%w: the JSON is damaged", ErrMalformed)
	}
	return p.dst, nil
}

// jsonPrinter prints binary JSON. Values lie at offsets that damaged input could
// let overlap, so that a little of it made a lot of text: the budget of what may
// be printed ends that.
type jsonPrinter struct {
	dst    []byte
	budget int
}

// value prints a value of a type at the beginning of b, and says whether it
// could.
func (p *jsonPrinter) value(typ byte, b []byte, depth int) bool {
	if p.budget--; p.budget < 0 {
		return false
	}
	switch typ {
	case jsonSmallObject, jsonSmallArray:
		return p.container(b, typ == jsonSmallObject, 2, depth)
	case jsonLargeObject, jsonLargeArray:
		return p.container(b, typ == jsonLargeObject, 4, depth)
	case jsonString:
		text, ok := jsonVarlen(b)
		if !ok || p.budget < len(text) {
			return false
		}
		p.budget -= len(text)
		p.dst = appendJSONString(p.dst, text)
		return true
	case jsonOpaque:
		return p.opaque(b)
	}
	return p.scalar(typ, b)
}

func (p *jsonPrinter) scalar(typ byte, b []byte) bool {
	le := binary.LittleEndian
	if len(b) < jsonScalarSize(typ) {
		return false
	}
	switch typ {
	case jsonLiteral:
		if b[0] > 2 {
			return false
		}
		p.dst = append(p.dst, [...]string{"null", "true", "false"}[b[0]]...)
	case jsonInt16:
		p.dst = strconv.AppendInt(p.dst, int64(int16(le.Uint16(b))), 10)
	case jsonUint16:
		p.dst = strconv.AppendUint(p.dst, uint64(le.Uint16(b)), 10)
	case jsonInt32:
		p.dst = strconv.AppendInt(p.dst, int64(int32(le.Uint32(b))), 10)
	case jsonUint32:
		p.dst = strconv.AppendUint(p.dst, uint64(le.Uint32(b)), 10)
	case jsonInt64:
		p.dst = strconv.AppendInt(p.dst, int64(le.Uint64(b)), 10)
	case jsonUint64:
		p.dst = strconv.AppendUint(p.dst, le.Uint64(b), 10)
	case jsonDouble:
		p.dst = appendJSONDouble(p.dst, math.Float64frombits(le.Uint64(b)))
	default:
		return false
	}
	return true
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
func (p *jsonPrinter) container(b []byte, object bool, width, depth int) bool {
	if depth >= jsonDepth || len(b) < 2*width {
		return false
	}
	count, size := jsonUint(b, width), jsonUint(b[width:], width)
	keyEntry, valueEntry := width+2, width+1
	head := 2 * width
	if object {
		head += count * keyEntry
	}
	if size > len(b) || count > len(b) || head+count*valueEntry > size {
		return false
	}
	b = b[:size]
	open, end := byte('['), byte(']')
	if object {
		open, end = '{', '}'
	}
	p.dst = append(p.dst, open)
	for i := range count {
		if i > 0 {
			p.dst = append(p.dst, ", "...)
		}
		if object && !p.key(b, b[2*width+i*keyEntry:], width) {
			return false
		}
		entry := b[head+i*valueEntry:]
		typ, at := entry[0], 0
		if jsonInlined(typ, width) {
			if !p.value(typ, entry[1:valueEntry], depth+1) {
				return false
			}
			continue
		}
		if at = jsonUint(entry[1:], width); at >= size || !p.value(typ, b[at:], depth+1) {
			return false
		}
	}
	p.dst = append(p.dst, end)
	return true
}

func (p *jsonPrinter) key(b, entry []byte, width int) bool {
	at, n := jsonUint(entry, width), int(binary.LittleEndian.Uint16(entry[width:]))
	if at+n > len(b) || p.budget < n {
		return false
	}
	p.budget -= n
	p.dst = append(appendJSONString(p.dst, b[at:at+n]), ": "...)
	return true
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
func (p *jsonPrinter) opaque(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	typ := ColumnType(b[0])
	data, ok := jsonVarlen(b[1:])
	if !ok {
		return false
	}
	switch typ {
	case TypeDecimal:
		if len(data) < 2 {
			return false
		}
		precision, scale := int(data[0]), int(data[1])
		if precision < 1 || precision > 65 || scale > precision || scale > 38 || len(data)-2 != decimalSize(precision, scale) {
			return false
		}
		p.dst = AppendDecimal(p.dst, data[2:], precision-scale, scale)
		return true
	case TypeDate, TypeDatetimeOld, TypeTimestampOld, TypeTimeOld:
		if len(data) != 8 {
			return false
		}
		p.dst = append(p.dst, '"')
		p.dst = appendPackedTime(p.dst, typ, int64(binary.LittleEndian.Uint64(data)))
		p.dst = append(p.dst, '"')
		return true
	}
	if p.budget < len(data) {
		return false
	}
	p.budget -= len(data)
	p.dst = append(p.dst, `"base64:type`...)
	p.dst = strconv.AppendUint(p.dst, uint64(typ), 10)
	p.dst = base64.StdEncoding.AppendEncode(append(p.dst, ':'), data)
	p.dst = append(p.dst, '"')
	return true
}

// appendPackedTime prints a date or time as the server keeps it in a number.
func appendPackedTime(dst []byte, typ ColumnType, v int64) []byte {
	if v < 0 {
		dst = append(dst, '-')
		v = -v
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
// case.
func appendJSONDouble(dst []byte, v float64) []byte {
	var buf [32]byte
	b := strconv.AppendFloat(buf[:0], v, 'e', -1, 64)
	e := len(b) - 1
	for b[e] != 'e' {
		if e == 0 { // NaN and its like, which JSON does not have
			return append(dst, "null"...)
		}
		e--
	}
	exponent, err := strconv.Atoi(string(b[e+1:]))
	if err != nil {
		return append(dst, "null"...)
	}
	if exponent >= -15 && exponent < 15 {
		start := len(dst)
		dst = strconv.AppendFloat(dst, v, 'f', -1, 64)
		for _, c := range dst[start:] {
			if c == '.' {
				return dst
			}
		}
		return append(dst, ".0"...)
	}
	dst = append(append(dst, b[:e]...), 'e')
	return strconv.AppendInt(dst, int64(exponent), 10)
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
