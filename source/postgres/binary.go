package postgres

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// A binaryText appends the text that PostgreSQL writes for a value, of the
// binary form that its type sends. Of that form it keeps nothing.
type binaryText func(dst, b []byte) ([]byte, error)

// errBinary says that bytes are not what the type sends; it does not show them.
var errBinary = errors.New("the server's bytes are not the binary form of the column's type")

// fromBinary makes a value of the binary form, by way of the text. It is for one
// goroutine at a time.
func fromBinary(text binaryText, d decoder) decoder {
	var scratch []byte
	return func(slab *tailrace.Slab, b []byte) (v tailrace.Value, err error) {
		if scratch, err = text(scratch[:0], b); err != nil {
			return v, err
		}
		if cap(scratch) <= 64<<10 {
			return d(slab, scratch)
		}
		large := scratch
		scratch = nil
		return d(slab, large)
	}
}

// binaryText gives what makes texts of a type's binary form; nil where that is
// not known.
func (t *types) binaryText(typ *pgType) binaryText {
	if typ == nil || t.depth > 16 {
		return nil
	}
	t.depth++
	defer func() { t.depth-- }()
	if typ.array && typ.elem != 0 {
		return arrayText(t.binaryText(t.byOID[typ.elem]), typ.name == "_box")
	}
	switch typ.kind {
	case 'd':
		base, _ := t.base(typ.oid, -1)
		return t.binaryText(base)
	case 'e':
		return plainText
	case 'c':
		parts := make([]binaryText, len(typ.attributes))
		for i, a := range typ.attributes {
			parts[i] = t.binaryText(t.byOID[a.Type])
		}
		return compositeText(parts)
	case 'r':
		return rangeText(t.binaryText(t.byOID[typ.of]))
	case 'm':
		return multirangeText(t.binaryText(t.byOID[typ.of]))
	}
	if typ.name == "money" {
		return moneyBinary(t.moneyDigits)
	}
	return binaryTexts()[typ.name]
}

func binaryTexts() map[string]binaryText {
	return map[string]binaryText{
		"bool": boolText, "int2": integerText(2), "int4": integerText(4), "int8": integerText(8), "oid": oidText,
		"float4": floatText(32), "float8": floatText(64), "numeric": numericBinary,
		"text": plainText, "varchar": plainText, "bpchar": plainText, "char": plainText, "name": plainText, "citext": plainText, "json": plainText, "xml": plainText,
		"jsonb": versionedText, "ltree": versionedText, "bytea": byteaBinary, "uuid": uuidText, "bit": bitsText, "varbit": bitsText,
		"date": dateText, "time": timeText, "timetz": zonedTimeText, "timestamp": timestampText, "timestamptz": zonedTimestampText, "interval": intervalBinary,
		"inet": inetText(false), "cidr": inetText(true), "macaddr": macText(6), "macaddr8": macText(8),
		"point": pointText, "lseg": lsegText, "box": boxText, "path": pathText, "polygon": polygonText, "circle": circleText, "line": lineText,
		"tsvector": tsvectorText, "hstore": hstoreText, "geometry": spatialText, "geography": spatialText, "vector": vectorText,
	}
}

// bytesReader reads the parts of a binary form. After one that is not there it
// stays bad.
type bytesReader struct {
	b   []byte
	bad bool
}

func (r *bytesReader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *bytesReader) uint8() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *bytesReader) int16() int16 {
	if b := r.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (r *bytesReader) int32() int32 {
	if b := r.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (r *bytesReader) int64() int64 {
	if b := r.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// sized reads bytes behind their number; null where that is -1.
func (r *bytesReader) sized() (b []byte, null bool) {
	n := r.int32()
	if n == -1 {
		return nil, true
	}
	return r.take(int(n)), false
}

// end gives the text, if all was there and there is no more.
func (r *bytesReader) end(dst []byte) ([]byte, error) {
	if r.bad || len(r.b) > 0 {
		return dst, errBinary
	}
	return dst, nil
}

func plainText(dst, b []byte) ([]byte, error) { return append(dst, b...), nil }

// versionedText is for what has the version of its form in front, which is 1.
func versionedText(dst, b []byte) ([]byte, error) {
	if len(b) == 0 || b[0] != 1 {
		return dst, errBinary
	}
	return append(dst, b[1:]...), nil
}

func boolText(dst, b []byte) ([]byte, error) {
	if len(b) != 1 || b[0] > 1 {
		return dst, errBinary
	}
	return append(dst, "ft"[b[0]]), nil
}

func integerText(size int) binaryText {
	return func(dst, b []byte) ([]byte, error) {
		if len(b) != size {
			return dst, errBinary
		}
		n := int64(0)
		switch size {
		case 2:
			n = int64(int16(binary.BigEndian.Uint16(b)))
		case 4:
			n = int64(int32(binary.BigEndian.Uint32(b)))
		default:
			n = int64(binary.BigEndian.Uint64(b))
		}
		return strconv.AppendInt(dst, n, 10), nil
	}
}

func oidText(dst, b []byte) ([]byte, error) {
	if len(b) != 4 {
		return dst, errBinary
	}
	return strconv.AppendUint(dst, uint64(binary.BigEndian.Uint32(b)), 10), nil
}

// numericBinary is for digits to the base of 10,000.
func numericBinary(dst, b []byte) ([]byte, error) {
	r := bytesReader{b: b}
	n, weight, sign, scale := int(r.int16()), int(r.int16()), uint16(r.int16()), int(r.int16())
	digits := r.take(2 * n)
	if r.bad || len(r.b) > 0 || n < 0 || scale < 0 {
		return dst, errBinary
	}
	switch sign {
	case 0xc000:
		return append(dst, "NaN"...), nil
	case 0xd000:
		return append(dst, "Infinity"...), nil
	case 0xf000:
		return append(dst, "-Infinity"...), nil
	case 0x4000:
		dst = append(dst, '-')
	case 0:
	default:
		return dst, errBinary
	}
	digit := func(i int) int64 { // of 10,000 to the power of weight-i
		if i < 0 || i >= n {
			return 0
		}
		return int64(binary.BigEndian.Uint16(digits[2*i:]))
	}
	if weight < 0 {
		dst = append(dst, '0')
	} else {
		dst = strconv.AppendInt(dst, digit(0), 10)
		for i := 1; i <= weight; i++ {
			dst = appendPadded(dst, digit(i), 4)
		}
	}
	if scale == 0 {
		return dst, nil
	}
	dst = append(dst, '.')
	end := len(dst) + scale
	for i := weight + 1; len(dst) < end; i++ {
		dst = appendPadded(dst, digit(i), 4)
	}
	return dst[:end], nil
}

// moneyBinary is for hundredths, or what else the currency has.
func moneyBinary(digits int) binaryText {
	return func(dst, b []byte) ([]byte, error) {
		if len(b) != 8 {
			return dst, errBinary
		}
		n := binary.BigEndian.Uint64(b)
		if int64(n) < 0 {
			dst, n = append(dst, '-'), -n
		}
		text := strconv.FormatUint(n, 10)
		if digits == 0 {
			return append(dst, text...), nil
		}
		if short := digits + 1 - len(text); short > 0 {
			text = strings.Repeat("0", short) + text
		}
		point := len(text) - digits
		return append(append(append(dst, text[:point]...), '.'), text[point:]...), nil
	}
}

func byteaBinary(dst, b []byte) ([]byte, error) {
	return hex.AppendEncode(append(dst, `\x`...), b), nil
}

func spatialText(dst, b []byte) ([]byte, error) { return hex.AppendEncode(dst, b), nil }

func uuidText(dst, b []byte) ([]byte, error) {
	if len(b) != 16 {
		return dst, errBinary
	}
	dst = hex.AppendEncode(dst, b[:4])
	for _, part := range [][]byte{b[4:6], b[6:8], b[8:10], b[10:]} {
		dst = hex.AppendEncode(append(dst, '-'), part)
	}
	return dst, nil
}

func bitsText(dst, b []byte) ([]byte, error) {
	r := bytesReader{b: b}
	n := int(r.int32())
	if r.bad || n < 0 || len(r.b) != (n+7)/8 {
		return dst, errBinary
	}
	for i := range n {
		dst = append(dst, '0'+r.b[i/8]>>(7-i%8)&1)
	}
	return dst, nil
}
