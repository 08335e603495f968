package transform

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tailrace-io/tailrace"
)

// Java's ways between numbers and their text.

// parseInt reads what Long.parseLong and its like read, which take the digits of
// any script.
func parseInt(t tailrace.Type, text string) (tailrace.Value, error) {
	n, err := strconv.ParseInt(asciiDigits(text), 10, bits(t))
	return tailrace.Integer(t, n), err
}

// asciiDigits writes the digits of any script as those of ASCII.
func asciiDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf || !unicode.IsDigit(r) {
			return r
		}
		zero := r // digits lie in runs of a multiple of ten
		for unicode.IsDigit(zero - 1) {
			zero--
		}
		return '0' + (r-zero)%10
	}, text)
}

// bits is the width of a number's type.
func bits(t tailrace.Type) int {
	switch t {
	case tailrace.TypeInt8:
		return 8
	case tailrace.TypeInt16:
		return 16
	case tailrace.TypeInt32, tailrace.TypeFloat32:
		return 32
	}
	return 64
}

// parseFloat reads what Double.parseDouble and Float.parseFloat read: blanks
// around it, an f or a d behind it, NaN and Infinity spelt so, and numbers that
// are too large as infinite.
func parseFloat(text string, bits int) (float64, bool) {
	text = strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
	unsigned := strings.TrimPrefix(strings.TrimPrefix(text, "-"), "+")
	if len(text)-len(unsigned) > 1 {
		return 0, false
	}
	switch unsigned {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		if text[0] == '-' {
			return math.Inf(-1), true
		}
		return math.Inf(1), true
	}
	if unsigned == "" || strings.IndexByte(".0123456789", unsigned[0]) < 0 || strings.Contains(text, "_") {
		return 0, false
	}
	hex := strings.ContainsAny(unsigned, "xX")
	if last := text[len(text)-1]; strings.IndexByte("fFdD", last) >= 0 && (!hex || strings.ContainsAny(text, "pP")) {
		text = text[:len(text)-1]
	}
	f, err := strconv.ParseFloat(text, bits)
	return f, err == nil || math.IsInf(f, 0)
}

// narrow makes an integer of the type out of a number as Java's casts do.
func narrow(t tailrace.Type, n int64) tailrace.Value {
	switch t {
	case tailrace.TypeInt8:
		return tailrace.Int8(int8(n))
	case tailrace.TypeInt16:
		return tailrace.Int16(int16(n))
	case tailrace.TypeInt32:
		return tailrace.Int32(int32(n))
	}
	return tailrace.Int64(n)
}

// narrowFloat does so, too: 0 for NaN, the nearest int32 or int64 for what is
// too large, and the low bits of that.
func narrowFloat(t tailrace.Type, f float64) tailrace.Value {
	low, high := float64(math.MinInt64), float64(math.MaxInt64)
	last := int64(math.MaxInt64)
	if t != tailrace.TypeInt64 {
		low, high, last = math.MinInt32, math.MaxInt32, math.MaxInt32
	}
	switch {
	case f != f:
		return narrow(t, 0)
	case f <= low:
		return narrow(t, int64(low))
	case f >= high:
		return narrow(t, last)
	}
	return narrow(t, int64(f))
}

// decimal is Java's BigDecimal: unscaled times ten to the power of -scale.
type decimal struct {
	unscaled *big.Int
	scale    int
}

// maxDigits bounds how many digits a power of ten is written out with.
const maxDigits = 10_000

// parseDecimal reads what BigDecimal's constructor reads.
func parseDecimal(text string) (d decimal, ok bool) {
	mantissa, exp := text, ""
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, exp = text[:i], text[i+1:]
		n, err := strconv.ParseInt(exp, 10, 32)
		if err != nil {
			return d, false
		}
		d.scale = -int(n)
	}
	whole, frac, _ := strings.Cut(mantissa, ".")
	d.scale += len(frac)
	digits := strings.TrimPrefix(strings.TrimPrefix(whole+frac, "-"), "+")
	if digits == "" || len(whole+frac)-len(digits) > 1 || strings.Trim(digits, "0123456789") != "" || strings.ContainsAny(frac, "+-") {
		return d, false
	}
	d.unscaled, ok = new(big.Int).SetString(strings.TrimPrefix(whole+frac, "+"), 10)
	return d, ok && int64(d.scale) == int64(int32(d.scale))
}

// truncated is the number without what lies behind its point. Numbers beyond
// maxDigits are given as 0, and in full only by whole.
func (d decimal) truncated() *big.Int {
	switch {
	case d.scale == 0:
		return d.unscaled
	case d.scale > maxDigits+len(d.unscaled.Bits())*20 || d.scale < -maxDigits:
		return new(big.Int)
	case d.scale > 0:
		return new(big.Int).Quo(d.unscaled, power(d.scale))
	}
	return new(big.Int).Mul(d.unscaled, power(-d.scale))
}

func power(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// int64 is BigDecimal.longValue: the low bits of the truncated number.
func (d decimal) int64() int64 {
	if d.scale <= -64 {
		return 0 // ten to the power of 64 has no low bits
	}
	n := d.truncated()
	if n.IsInt64() {
		return n.Int64()
	}
	low := new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64))
	return int64(low.Uint64())
}

// float is BigDecimal.doubleValue and floatValue.
func (d decimal) float(bits int) float64 {
	f, _ := strconv.ParseFloat(d.unscaled.String()+"e"+strconv.Itoa(-d.scale), bits)
	return f
}

// integral says whether nothing but zeros lies behind the point.
func (d decimal) integral() bool {
	if d.scale <= 0 || d.unscaled.Sign() == 0 {
		return true
	}
	if d.scale > len(d.unscaled.Bits())*20 {
		return false
	}
	return new(big.Int).Rem(d.unscaled, power(d.scale)).Sign() == 0
}
