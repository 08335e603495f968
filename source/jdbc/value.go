package jdbc

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tailrace-io/tailrace"
)

// Decoder turns what a driver gave for a column, never nil, into the value of
// the column's field. Bytes belong to the driver and are copied into the slab;
// strings are kept. Its errors say what is wrong and do not show the value.
type Decoder func(slab *tailrace.Slab, src any) (tailrace.Value, error)

// errTooWide says that a number is greater than its field's type allows.
var errTooWide = errors.New("holds a number that is greater than its type has room for")

var errNotUTF8 = errors.New("holds bytes that are no text in UTF-8")

// notA describes a value that a field cannot take by its kind.
func notA(src any, what string) error {
	kind := fmt.Sprintf("%T", src)
	switch src.(type) {
	case int64, uint64:
		kind = "an integer"
	case float64, float32:
		kind = "a floating-point number"
	case string:
		kind = "text"
	case []byte:
		kind = "bytes"
	case bool:
		kind = "a boolean"
	case time.Time:
		kind = "a time"
	}
	return fmt.Errorf("holds %s, which is no %s", kind, what)
}

// decoder gives the way to read the column; wide makes its integers INT64.
func (c *Column) decoder(s *Source, wide bool) Decoder {
	if c.Decode != nil {
		return c.Decode
	}
	switch t := c.plain(s.Numeric); t {
	case tailrace.TypeInt8, tailrace.TypeInt16, tailrace.TypeInt32, tailrace.TypeInt64:
		if wide {
			t = tailrace.TypeInt64
		}
		return integers(t)
	case tailrace.TypeFloat32, tailrace.TypeFloat64:
		return floats(t)
	case tailrace.TypeBoolean:
		return boolean
	case tailrace.TypeString:
		return text
	case tailrace.TypeBytes:
		return binary
	}
	switch c.Type {
	case Numeric, Decimal:
		return decimals(c.decimalScale())
	case Date:
		return dates(s.Location)
	case Time:
		return timesOfDay(s.Granularity, s.Location)
	case AnyScale:
		return anyScale
	case Instant:
		return c.instants(s.Granularity, s.Location)
	case Array:
		return arrays(c.Elem.decoder(s, false), c.Elements)
	}
	return nil
}

func arrays(decode Decoder, elements func(src any) ([]any, error)) Decoder {
	return func(slab *tailrace.Slab, src any) (tailrace.Value, error) {
		elems, err := elements(src)
		if err != nil {
			return tailrace.Value{}, err
		}
		values := slab.Values(len(elems))
		for i, e := range elems {
			if e == nil {
				continue
			}
			if values[i], err = decode(slab, e); err != nil {
				return tailrace.Value{}, err
			}
		}
		return tailrace.Array(values), nil
	}
}

func integers(t tailrace.Type) Decoder {
	bits := 8 << (t - tailrace.TypeInt8)
	low, high := int64(-1)<<(bits-1), int64(1)<<(bits-1)-1
	return func(_ *tailrace.Slab, src any) (tailrace.Value, error) {
		n, err := whole(src)
		if err != nil {
			return tailrace.Value{}, err
		}
		if n < low || n > high {
			return tailrace.Value{}, errTooWide
		}
		return tailrace.Integer(t, n), nil
	}
}

// whole is src as a whole number.
func whole(src any) (int64, error) {
	switch v := src.(type) {
	case int64:
		return v, nil
	case uint64:
		if v > math.MaxInt64 {
			return 0, errTooWide
		}
		return int64(v), nil
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<63 {
			return int64(v), nil
		}
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case string:
		return wholeText(v, src)
	case []byte:
		return wholeText(string(v), src)
	}
	return 0, notA(src, "whole number")
}

func wholeText(text string, src any) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return 0, errTooWide
	}
	if err != nil {
		return 0, notA(src, "whole number")
	}
	return n, nil
}

func floats(t tailrace.Type) Decoder {
	return func(_ *tailrace.Slab, src any) (tailrace.Value, error) {
		var f float64
		var err error
		switch v := src.(type) {
		case float64:
			f = v
		case float32:
			f = float64(v)
		case int64:
			f = float64(v)
		case uint64:
			f = float64(v)
		case string:
			f, err = strconv.ParseFloat(v, 64)
		case []byte:
			f, err = strconv.ParseFloat(string(v), 64)
		default:
			err = errTooWide
		}
		if err != nil {
			return tailrace.Value{}, notA(src, "number")
		}
		if t == tailrace.TypeFloat32 {
			return tailrace.Float32(float32(f)), nil
		}
		return tailrace.Float64(f), nil
	}
}

func boolean(_ *tailrace.Slab, src any) (tailrace.Value, error) {
	switch v := src.(type) {
	case bool:
		return tailrace.Boolean(v), nil
	case int64:
		return tailrace.Boolean(v != 0), nil
	case string:
		if b, err := strconv.ParseBool(v); err == nil {
			return tailrace.Boolean(b), nil
		}
	case []byte:
		if b, err := strconv.ParseBool(string(v)); err == nil {
			return tailrace.Boolean(b), nil
		}
	}
	return tailrace.Value{}, notA(src, "boolean")
}

func text(slab *tailrace.Slab, src any) (tailrace.Value, error) {
	var buf [32]byte
	switch v := src.(type) {
	case string:
		if !utf8.ValidString(v) {
			return tailrace.Value{}, errNotUTF8
		}
		return tailrace.String(v), nil
	case []byte:
		if !utf8.Valid(v) {
			return tailrace.Value{}, errNotUTF8
		}
		return slab.CopyString(v), nil
	case int64:
		return slab.CopyString(strconv.AppendInt(buf[:0], v, 10)), nil
	case uint64:
		return slab.CopyString(strconv.AppendUint(buf[:0], v, 10)), nil
	case float64:
		return slab.CopyString(strconv.AppendFloat(buf[:0], v, 'g', -1, 64)), nil
	case bool:
		return slab.CopyString(strconv.AppendBool(buf[:0], v)), nil
	case time.Time:
		return slab.CopyString(v.AppendFormat(buf[:0], time.RFC3339Nano)), nil
	}
	return tailrace.Value{}, notA(src, "text")
}

func binary(slab *tailrace.Slab, src any) (tailrace.Value, error) {
	switch v := src.(type) {
	case []byte:
		return slab.CopyBytes(v), nil
	case string:
		b := slab.Bytes(len(v))
		copy(b, v)
		return tailrace.Bytes(b), nil
	}
	return tailrace.Value{}, notA(src, "bytes")
}

// decimals reads numbers with a fixed scale. A number with more digits behind
// the point is rounded half away from zero, as a database does that enforces
// the scale.
func decimals(scale int) Decoder {
	return func(slab *tailrace.Slab, src any) (tailrace.Value, error) {
		var buf [40]byte
		digits := buf[:0]
		switch v := src.(type) {
		case int64:
			digits = strconv.AppendInt(digits, v, 10)
		case uint64:
			digits = strconv.AppendUint(digits, v, 10)
		case float64:
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return tailrace.Value{}, errors.New("holds a number without an end, which is no decimal")
			}
			digits = strconv.AppendFloat(digits, v, 'f', -1, 64)
		case string:
			digits = append(digits, v...)
		case []byte:
			digits = v
		default:
			return tailrace.Value{}, notA(src, "decimal number")
		}
		var out [24]byte
		if n, ok := smallUnscaled(digits, scale); ok {
			return slab.CopyBytes(tailrace.AppendUnscaled(out[:0], n)), nil
		}
		n, ok := unscaled(digits, scale)
		if !ok {
			return tailrace.Value{}, notA(src, "decimal number")
		}
		return slab.CopyBytes(tailrace.AppendBigUnscaled(out[:0], n)), nil
	}
}

// anyScale reads numbers that each have a scale of their own.
func anyScale(slab *tailrace.Slab, src any) (tailrace.Value, error) {
	digits, _ := src.(string)
	if b, ok := src.([]byte); ok {
		digits = string(b)
	}
	_, fraction, _ := strings.Cut(digits, ".")
	v, err := decimals(len(fraction))(slab, digits)
	if err != nil {
		return tailrace.Value{}, notA(src, "decimal number")
	}
	fields := slab.Values(2)
	fields[0], fields[1] = tailrace.Int32(int32(len(fraction))), v
	return tailrace.StructOf(fields), nil
}

// smallUnscaled is unscaled for plain numbers of up to 18 digits, without an
// allocation.
func smallUnscaled(text []byte, scale int) (n int64, ok bool) {
	digits, negative := text, false
	if len(digits) > 0 && digits[0] == '-' {
		digits, negative = digits[1:], true
	}
	behind := -1 // digits behind the point; -1 before it
	taken, up := 0, false
	for _, c := range digits {
		switch {
		case c == '.' && behind < 0:
			behind = 0
		case c < '0' || c > '9':
			return 0, false
		case behind >= scale && behind >= 0:
			if behind == scale {
				up = c >= '5'
			}
			behind++
		default:
			n = n*10 + int64(c-'0')
			taken++
			if behind >= 0 {
				behind++
			}
		}
	}
	if taken == 0 || scale < 0 {
		return 0, false
	}
	for behind = max(behind, 0); behind < scale; behind++ {
		n *= 10
		taken++
	}
	if taken > integerDigits {
		return 0, false
	}
	if up {
		n++
	}
	if negative {
		n = -n
	}
	return n, true
}

// maxExponent bounds what an exponent may ask for, so that a short text cannot
// become a number of gigabytes.
const maxExponent = 10_000

// unscaled reads a decimal's text and gives it times ten to the power of scale.
func unscaled(text []byte, scale int) (*big.Int, bool) {
	s := strings.TrimSpace(string(text))
	exp := 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		n, err := strconv.Atoi(s[i+1:])
		if err != nil || n > maxExponent || n < -maxExponent {
			return nil, false
		}
		s, exp = s[:i], n
	}
	if before, after, ok := strings.Cut(s, "."); ok {
		s, exp = before+after, exp-len(after)
	}
	if strings.ContainsRune(s, '_') {
		return nil, false
	}
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		return nil, false
	}
	switch shift := exp + scale; {
	case shift >= 0:
		return n.Mul(n, power(shift)), true
	default:
		p := power(-shift)
		half := new(big.Int).Rsh(p, 1)
		if n.Sign() < 0 {
			half.Neg(half)
		}
		return n.Quo(n.Add(n, half), p), true
	}
}

func power(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}
