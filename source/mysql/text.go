package mysql

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"math/big"
	"strconv"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

// A textReader makes a value of the text that the server sends for it in the
// rows of a statement. What it gives refers to the slab, not to the text.
type textReader func(slab *tailrace.Slab, text []byte) (tailrace.Value, error)

// The errors say nothing of the text: values of rows are not for messages.
var (
	errNoNumber = errors.New("the text is no number that the column can have")
	errNoTime   = errors.New("the text is no date or time that the column can have")
	errNoShape  = errors.New("the bytes are no geometry or vector that the column can have")
)

func readInteger(t tailrace.Type) textReader {
	return func(_ *tailrace.Slab, text []byte) (tailrace.Value, error) {
		n, ok := parseInteger(text)
		if !ok {
			return tailrace.Value{}, errNoNumber
		}
		return tailrace.Integer(t, n), nil
	}
}

// parseInteger reads a signed or an unsigned number of 64 bits; an unsigned one
// wraps.
func parseInteger(text []byte) (int64, bool) {
	digits := text
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 20 {
		return 0, false
	}
	var n uint64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	if len(digits) < len(text) {
		return -int64(n), true
	}
	return int64(n), true
}

func readFloat(t tailrace.Type) textReader {
	return func(_ *tailrace.Slab, text []byte) (tailrace.Value, error) {
		bits := 64
		if t == tailrace.TypeFloat32 {
			bits = 32
		}
		f, err := strconv.ParseFloat(string(text), bits)
		if err != nil {
			return tailrace.Value{}, errNoNumber
		}
		if bits == 32 {
			return tailrace.Float32(float32(f)), nil
		}
		return tailrace.Float64(f), nil
	}
}

// readFloatAsDouble reads a FLOAT, of which the server sends as few digits as
// tell it from its neighbours, for a schema of float64.
func readFloatAsDouble(_ *tailrace.Slab, text []byte) (tailrace.Value, error) {
	f, err := strconv.ParseFloat(string(text), 32)
	if err != nil {
		return tailrace.Value{}, errNoNumber
	}
	return tailrace.Float64(f), nil
}

// readDecimal reads a decimal that the server sends with all digits of its
// scale: without the point it is the unscaled number.
func readDecimal(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	var n int64
	digits, negative := 0, false
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9':
			n = n*10 + int64(c-'0')
			digits++
		case c == '-' && i == 0:
			negative = true
		case c != '.':
			return tailrace.Value{}, errNoNumber
		}
	}
	switch {
	case digits == 0:
		return tailrace.Value{}, errNoNumber
	case digits > 18:
		return readBigDecimal(slab, text)
	case negative:
		n = -n
	}
	var buf [8]byte
	return slab.CopyBytes(tailrace.AppendUnscaled(buf[:0], n)), nil
}

func readBigDecimal(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	plain := make([]byte, 0, 72)
	for _, c := range text {
		if c != '.' {
			plain = append(plain, c)
		}
	}
	n, ok := new(big.Int).SetString(string(plain), 10)
	if !ok {
		return tailrace.Value{}, errNoNumber
	}
	return slab.CopyBytes(tailrace.AppendBigUnscaled(plain[:0], n)), nil
}

func readString(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	return slab.CopyString(text), nil
}

func readBytes(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	return slab.CopyBytes(text), nil
}

func readBoolean(_ *tailrace.Slab, text []byte) (tailrace.Value, error) {
	for _, b := range text {
		if b != 0 {
			return tailrace.Boolean(true), nil
		}
	}
	return tailrace.Boolean(false), nil
}

// readBits reads the bits of a BIT(n), which come with the highest byte first
// and are kept with the lowest first.
func readBits(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	out := slab.Bytes(len(text))
	for i, b := range text {
		out[len(out)-1-i] = b
	}
	return tailrace.Bytes(out), nil
}

// encoded makes text of bytes by the mode.
func (m BinaryMode) encoded(slab *tailrace.Slab, raw []byte) tailrace.Value {
	switch m {
	case BinaryBase64:
		return slab.CopyString(base64.StdEncoding.AppendEncode(nil, raw))
	case BinaryBase64URLSafe:
		return slab.CopyString(base64.URLEncoding.AppendEncode(nil, raw))
	case BinaryHex:
		return slab.CopyString(hex.AppendEncode(nil, raw))
	}
	return slab.CopyBytes(raw)
}

// clock is a date and a time of day as the server writes them.
type clock struct {
	year, month, day int
	negative         bool
	hour, minute     int
	second           int
	micros           int
}

// twoDigits reads two digits; below 0 where they are none.
func twoDigits(b []byte) int {
	h, l := int(b[0])-'0', int(b[1])-'0'
	if h < 0 || h > 9 || l < 0 || l > 9 {
		return math.MinInt32
	}
	return h*10 + l
}

// parseDate reads 2006-01-02.
func (c *clock) parseDate(b []byte) (rest []byte, ok bool) {
	if len(b) < 10 || b[4] != '-' || b[7] != '-' {
		return nil, false
	}
	century, year := twoDigits(b), twoDigits(b[2:])
	c.year, c.month, c.day = century*100+year, twoDigits(b[5:]), twoDigits(b[8:])
	return b[10:], century >= 0 && year >= 0 && c.month >= 0 && c.day >= 0
}

// parseTime reads 15:04:05.999999, where the hours may have a sign and up to
// three digits.
func (c *clock) parseTime(b []byte) (ok bool) {
	if len(b) > 0 && b[0] == '-' {
		c.negative, b = true, b[1:]
	}
	for len(b) > 0 && b[0] != ':' {
		if b[0] < '0' || b[0] > '9' || c.hour > 999 {
			return false
		}
		c.hour = c.hour*10 + int(b[0]-'0')
		b = b[1:]
	}
	if len(b) < 6 || b[3] != ':' {
		return false
	}
	c.minute, c.second = twoDigits(b[1:]), twoDigits(b[4:])
	if b = b[6:]; len(b) > 0 {
		if b[0] != '.' || len(b) > 7 {
			return false
		}
		for i := 1; i <= 6; i++ {
			c.micros *= 10
			if i < len(b) {
				if b[i] < '0' || b[i] > '9' {
					return false
				}
				c.micros += int(b[i] - '0')
			}
		}
	}
	return c.minute >= 0 && c.second >= 0
}

// isDate says whether there is such a day: the server has 0000-00-00 and dates
// whose month or day is 0 too.
func (c *clock) isDate() bool { return c.month != 0 && c.day != 0 }

// days is the day's number, from 1970-01-01 on.
func (c *clock) days() int64 {
	// Years begin in March, so that the leap day is the last.
	y, m := int64(c.year), int64(c.month)
	if m <= 2 {
		y, m = y-1, m+12
	}
	era := y / 400
	if y < 0 {
		era = (y - 399) / 400
	}
	inEra := y - era*400
	dayOfYear := (153*(m-3)+2)/5 + int64(c.day) - 1
	return era*146097 + inEra*365 + inEra/4 - inEra/100 + dayOfYear - 719468
}

// timeMicros is the time of day in microseconds.
func (c *clock) timeMicros() int64 {
	n := (int64(c.hour)*3600+int64(c.minute)*60+int64(c.second))*1e6 + int64(c.micros)
	if c.negative {
		return -n
	}
	return n
}

func (c *clock) unixMicros() int64 { return c.days()*86400e6 + c.timeMicros() }

// readDate gives days; zero where there is no such day.
func readDate(zero tailrace.Value) textReader {
	return func(_ *tailrace.Slab, text []byte) (tailrace.Value, error) {
		var c clock
		if rest, ok := c.parseDate(text); !ok || len(rest) > 0 {
			return tailrace.Value{}, errNoTime
		}
		if !c.isDate() {
			return zero, nil
		}
		return tailrace.Int32(int32(c.days())), nil
	}
}

// readISODate gives 2006-01-02Z; zero where there is no such day.
func readISODate(zero tailrace.Value) textReader {
	return func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		var c clock
		if rest, ok := c.parseDate(text); !ok || len(rest) > 0 {
			return tailrace.Value{}, errNoTime
		}
		if !c.isDate() {
			return zero, nil
		}
		var buf [16]byte
		return slab.CopyString(append(append(buf[:0], text...), 'Z')), nil
	}
}

// readDatetime gives Millis, Micros or Nanos since 1970-01-01, as if in UTC.
func readDatetime(form binlog.Form, zero tailrace.Value) textReader {
	return func(_ *tailrace.Slab, text []byte) (tailrace.Value, error) {
		var c clock
		rest, ok := c.parseDate(text)
		if !ok || len(rest) < 9 || !c.parseTime(rest[1:]) {
			return tailrace.Value{}, errNoTime
		}
		if !c.isDate() {
			return zero, nil
		}
		micros := c.unixMicros()
		seconds := floorDiv(micros, 1e6)
		n, err := binlog.Moment(seconds, int(micros-seconds*1e6), form)
		return tailrace.Int64(n), err
	}
}

func floorDiv(n, divisor int64) int64 {
	q := n / divisor
	if n%divisor < 0 {
		q--
	}
	return q
}

// readTime gives Micros, Nanos or ISO, or Millis in 32 bits.
func readTime(form binlog.Form) textReader {
	return func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		var c clock
		if !c.parseTime(text) {
			return tailrace.Value{}, errNoTime
		}
		switch form {
		case binlog.Millis:
			return tailrace.Int32(int32(floorDiv(c.timeMicros(), 1000))), nil
		case binlog.Nanos:
			return tailrace.Int64(c.timeMicros() * 1000), nil
		case binlog.ISO:
			var buf [24]byte
			return slab.CopyString(binlog.AppendISOTime(buf[:0], c.timeMicros())), nil
		}
		return tailrace.Int64(c.timeMicros()), nil
	}
}

// readISODatetime gives a date and time in ISO 8601, as if in UTC, which is the
// session's time zone: 2006-01-02 15:04:05.120 becomes 2006-01-02T15:04:05.12Z.
// As Debezium has it, zeros at the end of a TIMESTAMP are not kept here and are
// kept in changes. zero stands for what is no date.
func readISODatetime(zero tailrace.Value) textReader {
	return func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		if ok, err := isDatetime(text); !ok {
			return zero, err
		}
		if len(text) > 19 {
			text = bytes.TrimRight(bytes.TrimRight(text, "0"), ".")
		}
		return zoned(slab, text), nil
	}
}

// readZoned gives a date and time in ISO 8601 with all of its digits.
func readZoned(zero tailrace.Value) textReader {
	return func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		if ok, err := isDatetime(text); !ok {
			return zero, err
		}
		return zoned(slab, text), nil
	}
}

func isDatetime(text []byte) (bool, error) {
	var c clock
	rest, ok := c.parseDate(text)
	if !ok || len(rest) < 9 || !c.parseTime(rest[1:]) {
		return false, errNoTime
	}
	return c.isDate(), nil
}

func zoned(slab *tailrace.Slab, text []byte) tailrace.Value {
	var buf [32]byte
	out := append(buf[:0], text...)
	out[10] = 'T'
	return slab.CopyString(append(out, 'Z'))
}

// readGeometry gives the well-known binary behind the reference system's
// number.
func readGeometry(slab *tailrace.Slab, raw []byte) (tailrace.Value, error) {
	if len(raw) < 9 {
		return tailrace.Value{}, errNoShape
	}
	fields := slab.Values(2)
	fields[0], fields[1] = slab.CopyBytes(raw[4:]), srid(raw)
	return tailrace.StructOf(fields), nil
}

func srid(raw []byte) tailrace.Value {
	if n := binary.LittleEndian.Uint32(raw); n != 0 {
		return tailrace.Int32(int32(n))
	}
	return tailrace.Value{}
}

func readPoint(slab *tailrace.Slab, raw []byte) (tailrace.Value, error) {
	if len(raw) != 25 || raw[4] > 1 {
		return tailrace.Value{}, errNoShape
	}
	order := binary.ByteOrder(binary.BigEndian)
	if raw[4] == 1 {
		order = binary.LittleEndian
	}
	fields := slab.Values(4)
	fields[0] = tailrace.Float64(math.Float64frombits(order.Uint64(raw[9:])))
	fields[1] = tailrace.Float64(math.Float64frombits(order.Uint64(raw[17:])))
	fields[2], fields[3] = slab.CopyBytes(raw[4:]), srid(raw)
	return tailrace.StructOf(fields), nil
}

func readVector(slab *tailrace.Slab, raw []byte) (tailrace.Value, error) {
	if len(raw)%4 != 0 {
		return tailrace.Value{}, errNoShape
	}
	elems := slab.Values(len(raw) / 4)
	for i := range elems {
		elems[i] = tailrace.Float32(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])))
	}
	return tailrace.Array(elems), nil
}
