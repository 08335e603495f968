package postgres

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink/jdbc"
)

// copyReader gives rows as COPY reads them: in the binary form where there are
// forms, and as lines of text otherwise.
type copyReader struct {
	rows  [][]tailrace.Value
	forms []binaryForm
	buf   []byte // what is not read yet ends here
	at    int    // and begins here
	ended bool
}

const copyChunk = 64 << 10

// Read implements io.Reader.
func (r *copyReader) Read(p []byte) (int, error) {
	if r.at == len(r.buf) {
		if r.ended {
			return 0, io.EOF
		}
		r.buf, r.at = r.buf[:0], 0
	}
	for len(r.buf) < copyChunk && !r.ended {
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.buf[r.at:])
	r.at += n
	return n, nil
}

// fill appends a row, or the end.
func (r *copyReader) fill() error {
	switch {
	case len(r.rows) == 0:
		r.ended = true
		if r.forms != nil {
			r.buf = append(r.buf, 0xff, 0xff)
		}
		return nil
	case r.forms == nil:
		r.buf = appendLine(r.buf, r.rows[0])
	default:
		var err error
		if r.buf, err = appendTuple(r.buf, r.rows[0], r.forms); err != nil {
			return err
		}
	}
	r.rows = r.rows[1:]
	return nil
}

// appendLine appends a row in COPY's text form.
func appendLine(dst []byte, row []tailrace.Value) []byte {
	for _, v := range row {
		switch v.Type() {
		case tailrace.TypeNull:
			dst = append(dst, `\N`...)
		case tailrace.TypeFloat32:
			dst = strconv.AppendFloat(dst, v.Float(), 'g', -1, 32)
		case tailrace.TypeFloat64:
			dst = strconv.AppendFloat(dst, v.Float(), 'g', -1, 64)
		case tailrace.TypeBoolean:
			dst = strconv.AppendBool(dst, v.Bool())
		case tailrace.TypeBytes:
			dst = hex.AppendEncode(append(dst, `\\x`...), v.Bytes())
		case tailrace.TypeString:
			dst = appendCopyText(dst, v.Text())
		default:
			dst = strconv.AppendInt(dst, v.Int(), 10)
		}
		dst = append(dst, '\t')
	}
	dst[len(dst)-1] = '\n'
	return dst
}

func appendCopyText(dst []byte, text string) []byte {
	from := 0
	for i := range len(text) {
		c := text[i]
		if c != '\\' && c != '\t' && c != '\n' && c != '\r' {
			continue
		}
		dst = append(append(dst, text[from:i]...), '\\')
		from = i + 1
		switch c {
		case '\t':
			c = 't'
		case '\n':
			c = 'n'
		case '\r':
			c = 'r'
		}
		dst = append(dst, c)
	}
	return append(dst, text[from:]...)
}

// binaryForm appends a value, not null, as the server's type has it in binary.
// It returns false for a value that has to go as text.
type binaryForm func(dst []byte, v tailrace.Value) ([]byte, bool)

// errForm says that a value has no binary form.
var errForm = errors.New("a value has no binary form")

func appendTuple(dst []byte, row []tailrace.Value, forms []binaryForm) ([]byte, error) {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(row)))
	for i, v := range row {
		if v.IsNull() {
			dst = append(dst, 0xff, 0xff, 0xff, 0xff)
			continue
		}
		at, ok := len(dst), false
		if dst, ok = forms[i](append(dst, 0, 0, 0, 0), v); !ok {
			return dst, errForm
		}
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	}
	return dst, nil
}

// binaryForms gives the forms of the columns; nil where one has none.
func binaryForms(columns []jdbc.Column) []binaryForm {
	forms := make([]binaryForm, len(columns))
	for i, c := range columns {
		if forms[i] = binaryFormOf(c); forms[i] == nil {
			return nil
		}
	}
	return forms
}

func binaryFormOf(c jdbc.Column) binaryForm {
	if c.Kind == jdbc.Enum {
		return texts
	}
	name, _ := strings.CutPrefix(c.Declared, "pg_catalog.")
	switch name {
	case "int2":
		return integers(2)
	case "int4":
		return integers(4)
	case "int8":
		return integers(8)
	case "float4":
		return float4
	case "float8":
		return float8
	case "bool":
		return booleans
	case "text", "varchar", "bpchar", "json":
		return texts
	case "jsonb":
		return jsonb
	case "bytea":
		return opaque
	case "uuid":
		return uuids
	case "date":
		return dates
	case "timestamp", "timestamptz":
		return timestamps
	case "numeric":
		return numerics
	}
	return nil
}

func integers(size int) binaryForm {
	return func(dst []byte, v tailrace.Value) ([]byte, bool) {
		n := v.Int()
		least := int64(-1) << (8*size - 1)
		if v.Type() < tailrace.TypeInt8 || v.Type() > tailrace.TypeInt64 || n < least || n > -1-least {
			return dst, false
		}
		for i := size - 1; i >= 0; i-- {
			dst = append(dst, byte(n>>(8*i)))
		}
		return dst, true
	}
}

func isFloat(v tailrace.Value) bool {
	return v.Type() == tailrace.TypeFloat32 || v.Type() == tailrace.TypeFloat64
}

func float4(dst []byte, v tailrace.Value) ([]byte, bool) {
	n := v.Float()
	return binary.BigEndian.AppendUint32(dst, math.Float32bits(float32(n))), isFloat(v) && !math.IsInf(float64(float32(n)), 0)
}

func float8(dst []byte, v tailrace.Value) ([]byte, bool) {
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(v.Float())), isFloat(v)
}

func booleans(dst []byte, v tailrace.Value) ([]byte, bool) {
	n := byte(0)
	if v.Bool() {
		n = 1
	}
	return append(dst, n), v.Type() == tailrace.TypeBoolean
}

func texts(dst []byte, v tailrace.Value) ([]byte, bool) {
	return append(dst, v.Text()...), v.Type() == tailrace.TypeString
}

func jsonb(dst []byte, v tailrace.Value) ([]byte, bool) { return texts(append(dst, 1), v) }

func opaque(dst []byte, v tailrace.Value) ([]byte, bool) {
	return append(dst, v.Bytes()...), v.Type() == tailrace.TypeBytes
}

func uuids(dst []byte, v tailrace.Value) ([]byte, bool) {
	t := v.Text()
	if len(t) != 36 {
		return dst, false
	}
	for i := 0; i < len(t); i += 2 {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if t[i] != '-' {
				return dst, false
			}
			i++
		}
		var err error
		if dst, err = hex.AppendDecode(dst, []byte(t[i:i+2])); err != nil {
			return dst, false
		}
	}
	return dst, true
}

// epochDay is 2000-01-01, from which the server counts, in days since 1970.
const epochDay = 10957

func dates(dst []byte, v tailrace.Value) ([]byte, bool) {
	day, rest, ok := parseDay(v.Text())
	return binary.BigEndian.AppendUint32(dst, uint32(int32(day-epochDay))), ok && rest == ""
}

// timestamps reads 2006-01-02 15:04:05.999999 and, behind it, +00:00.
func timestamps(dst []byte, v tailrace.Value) ([]byte, bool) {
	day, t, ok := parseDay(v.Text())
	if t = strings.TrimSuffix(t, "+00:00"); !ok || len(t) < 9 || t[0] != ' ' || t[3] != ':' || t[6] != ':' {
		return dst, false
	}
	h, ok1 := number(t[1:3])
	m, ok2 := number(t[4:6])
	s, ok3 := number(t[7:9])
	micros := int64(0)
	if t = t[9:]; t != "" {
		if t[0] != '.' || len(t) > 7 || len(t) == 1 {
			return dst, false
		}
		n, ok := number(t[1:])
		if !ok {
			return dst, false
		}
		for micros = int64(n); len(t) < 7; t += "0" {
			micros *= 10
		}
	}
	if !ok1 || !ok2 || !ok3 || h > 23 || m > 59 || s > 59 {
		return dst, false
	}
	micros += (int64(day-epochDay)*86400 + int64(h*3600+m*60+s)) * 1_000_000
	return binary.BigEndian.AppendUint64(dst, uint64(micros)), true
}

// parseDay reads the year, month and day that a text begins with, as days since
// 1970.
func parseDay(t string) (day int, rest string, ok bool) {
	if len(t) < 10 || t[4] != '-' || t[7] != '-' {
		return 0, "", false
	}
	y, ok1 := number(t[:4])
	m, ok2 := number(t[5:7])
	d, ok3 := number(t[8:10])
	if !ok1 || !ok2 || !ok3 || y < 1 || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) {
		return 0, "", false
	}
	// The year begins with March here, so that its last day is the odd one.
	m -= 3
	if m < 0 {
		m, y = m+12, y-1
	}
	return y*365 + y/4 - y/100 + y/400 + (m*153+2)/5 + d - 1 - 719468, t[10:], true
}

func daysIn(y, m int) int {
	switch {
	case m == 2 && (y%4 == 0 && y%100 != 0 || y%400 == 0):
		return 29
	case m == 2:
		return 28
	case m == 4 || m == 6 || m == 9 || m == 11:
		return 30
	}
	return 31
}

// number reads digits alone.
func number(t string) (n int, ok bool) {
	for i := range len(t) {
		if t[i] < '0' || t[i] > '9' {
			return 0, false
		}
		n = 10*n + int(t[i]-'0')
	}
	return n, t != ""
}

// numerics reads digits with a sign and a point. The server has groups of four
// digits on each side of the point.
func numerics(dst []byte, v tailrace.Value) ([]byte, bool) {
	t, negative := strings.CutPrefix(v.Text(), "-")
	whole, fraction, _ := strings.Cut(t, ".")
	if whole == "" || len(t) > 1000 {
		return dst, false
	}
	for len(whole) > 1 && whole[0] == '0' {
		whole = whole[1:]
	}
	groups := (len(whole) + 3) / 4
	sign := uint16(0)
	if negative {
		sign = 0x4000
	}
	at := len(dst)
	dst = binary.BigEndian.AppendUint16(dst, 0) // the number of groups
	dst = binary.BigEndian.AppendUint16(dst, uint16(groups-1))
	dst = binary.BigEndian.AppendUint16(dst, sign)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(fraction)))
	for from := len(whole) - 4*groups; from < len(whole); from += 4 {
		n, ok := number(whole[max(from, 0) : from+4])
		if !ok {
			return dst, false
		}
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	}
	for from := 0; from < len(fraction); from += 4 {
		part := fraction[from:min(from+4, len(fraction))]
		n, ok := number(part)
		if !ok {
			return dst, false
		}
		for range 4 - len(part) {
			n *= 10
		}
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	}
	binary.BigEndian.PutUint16(dst[at:], uint16((len(dst)-at-8)/2))
	return dst, true
}
