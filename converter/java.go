package converter

import (
	"bytes"
	"math"
	"strconv"

	"github.com/tailrace-io/tailrace"
)

// appendJavaFloat writes a number as Double.toString and, with 32 bits,
// Float.toString do from Java 19 on: the shortest text of at least two digits
// that reads back as the same number, and of those the closest. Older Javas
// sometimes write a digit more.
func appendJavaFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case f != f:
		return append(dst, "NaN"...)
	case math.IsInf(f, 0):
		if f < 0 {
			dst = append(dst, '-')
		}
		return append(dst, "Infinity"...)
	}
	if math.Signbit(f) {
		dst = append(dst, '-')
		f = -f
	}
	if f == 0 {
		return append(dst, "0.0"...)
	}
	var buf [32]byte
	digits, exp := shortest(buf[:0], f, bits)
	switch {
	case exp >= 7 || exp < -3:
		dst = append(dst, digits[0], '.')
		dst = append(dst, digits[1:]...)
		return strconv.AppendInt(append(dst, 'E'), int64(exp), 10)
	case exp < 0:
		dst = append(dst, "0.00"[:1-exp]...)
		if digits[1] == '0' && len(digits) == 2 {
			digits = digits[:1]
		}
		return append(dst, digits...)
	default:
		for len(digits) < exp+2 {
			digits = append(digits, '0')
		}
		dst = append(append(dst, digits[:exp+1]...), '.')
		return append(dst, digits[exp+1:]...)
	}
}

// shortest gives the digits, two at least, and the decimal exponent of the first.
func shortest(buf []byte, f float64, bits int) (digits []byte, exp int) {
	buf = strconv.AppendFloat(buf, f, 'e', -1, bits)
	if frac, _ := math.Frexp(f); frac == 0.5 || buf[1] == 'e' {
		buf = closest(buf, f, bits)
	}
	e := bytes.IndexByte(buf, 'e')
	for _, c := range buf[e+2:] {
		exp = exp*10 + int(c-'0')
	}
	if buf[e+1] == '-' {
		exp = -exp
	}
	buf[1] = buf[0]
	return buf[1:e], exp
}

// closest corrects the shortest text where strconv and Java may differ: of one
// digit, to which a second may come closer (4.9E-324, not 5E-324), and of a
// power of two, of which strconv does not always round half to even.
func closest(text []byte, f float64, bits int) []byte {
	digits := max(2, bytes.IndexByte(text, 'e')-1) // the point is one
	var buf [32]byte
	same := strconv.AppendFloat(buf[:0], f, 'e', digits-1, bits)
	if g, err := strconv.ParseFloat(string(same), bits); err == nil && g == f {
		return append(text[:0], same...)
	}
	if text[1] != 'e' {
		return text
	}
	return append(append(append(buf[:0:0], text[0]), ".0"...), text[1:]...)
}

// appendBigDecimal writes a decimal as BigDecimal.toString does: plain, or with
// an exponent where it is a power of ten that the scale would write in zeros.
func appendBigDecimal(dst, unscaled []byte, scale int) []byte {
	var buf [24]byte
	digits := tailrace.AppendDecimal(buf[:0], unscaled, 0)
	if digits[0] == '-' {
		dst = append(dst, '-')
		digits = digits[1:]
	}
	adjusted := len(digits) - 1 - scale
	switch {
	case scale == 0:
		return append(dst, digits...)
	case scale > 0 && adjusted >= 0:
		dst = append(append(dst, digits[:len(digits)-scale]...), '.')
		return append(dst, digits[len(digits)-scale:]...)
	case scale > 0 && adjusted >= -6:
		dst = append(dst, "0.00000"[:1-adjusted]...)
		return append(dst, digits...)
	}
	dst = append(dst, digits[0])
	if len(digits) > 1 {
		dst = append(append(dst, '.'), digits[1:]...)
	}
	dst = append(dst, 'E')
	if adjusted > 0 {
		dst = append(dst, '+')
	}
	return strconv.AppendInt(dst, int64(adjusted), 10)
}
