package binlog

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strconv"

	"github.com/tailrace-io/tailrace"
)

// A DECIMAL lies in a row as groups of nine digits of four bytes each, from the
// point in both directions; the outermost group of each side takes as many bytes
// as its digits need. The first bit is the inverted sign, and negative numbers
// have all bits inverted.

const groupDigits = 9

// groupBytes is how many bytes a group of so many digits takes.
var groupBytes = [groupDigits + 1]int{0, 1, 1, 2, 2, 3, 3, 4, 4, 4}

var powersOfTen = [19]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

func decimalSize(precision, scale int) int {
	whole := precision - scale
	return whole/groupDigits*4 + groupBytes[whole%groupDigits] + scale/groupDigits*4 + groupBytes[scale%groupDigits]
}

// decimalGroups calls each with the value and the number of digits of each
// group, the highest first, and gives the sign.
func decimalGroups(raw []byte, whole, scale int, each func(group uint64, digits int)) (negative bool) {
	g := groupReader{b: raw, sign: 0x80}
	if negative = raw[0]&0x80 == 0; negative {
		g.flip = 1<<32 - 1
	}
	if n := whole % groupDigits; n > 0 {
		each(g.take(n), n)
	}
	for range whole/groupDigits + scale/groupDigits {
		each(g.take(groupDigits), groupDigits)
	}
	if n := scale % groupDigits; n > 0 {
		each(g.take(n), n)
	}
	return negative
}

// smallDecimal gives the unscaled number of a decimal of at most 18 digits.
func smallDecimal(raw []byte, whole, scale int) int64 {
	g := groupReader{b: raw, sign: 0x80}
	if raw[0]&0x80 == 0 {
		g.flip = 1<<32 - 1
	}
	var v uint64
	if n := whole % groupDigits; n > 0 {
		v = g.take(n)
	}
	for range whole / groupDigits {
		v = v*1e9 + g.take(groupDigits)
	}
	for range scale / groupDigits {
		v = v*1e9 + g.take(groupDigits)
	}
	if n := scale % groupDigits; n > 0 {
		v = v*powersOfTen[n] + g.take(n)
	}
	if g.flip != 0 {
		return -int64(v)
	}
	return int64(v)
}

// groupReader takes the groups of a decimal off its bytes.
type groupReader struct {
	b    []byte
	sign byte   // what the first byte has to be changed by
	flip uint32 // what all bytes have to be changed by
}

func (g *groupReader) take(digits int) uint64 {
	n := groupBytes[digits]
	v := uint32(g.b[0] ^ g.sign)
	for _, b := range g.b[1:n] {
		v = v<<8 | uint32(b)
	}
	g.b, g.sign = g.b[n:], 0
	return uint64((v ^ g.flip) & (1<<(8*n) - 1))
}

// copyUnscaled cuts the number as tailrace.AppendUnscaled writes it.
func copyUnscaled(slab *tailrace.Slab, v int64) tailrace.Value {
	n := bits.Len64(uint64(v^v>>63))/8 + 1
	c := slab.Bytes(n)
	for i := range c {
		c[i] = byte(v >> (8 * (n - 1 - i)))
	}
	return tailrace.Bytes(c)
}

// limbs is an unsigned number of 256 bits, the lowest first: room for the 65
// digits that a DECIMAL has at most.
type limbs [4]uint64

func (l *limbs) mulAdd(factor, addend uint64) {
	carry := addend
	for i := range l {
		hi, lo := bits.Mul64(l[i], factor)
		var c uint64
		l[i], c = bits.Add64(lo, carry, 0)
		carry = hi + c
	}
}

// AppendUnscaledDigits appends the unscaled number of a decimal's text, such as
// -12.50 of a DECIMAL(12,2), in the form of tailrace.AppendUnscaled: the point is
// passed over, so the text must have all of its scale's digits. At most 76
// digits are taken.
func AppendUnscaledDigits(dst, text []byte) ([]byte, error) {
	var l limbs
	negative, digits := false, 0
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9':
			l.mulAdd(10, uint64(c-'0'))
			digits++
		case c == '-' && i == 0:
			negative = true
		case c == '+' && i == 0 || c == '.':
		default:
			return dst, fmt.Errorf("a decimal of %d characters has something else than digits at %d", len(text), i)
		}
	}
	if digits == 0 || digits > 76 {
		return dst, fmt.Errorf("a decimal has %d digits", digits)
	}
	return l.append(dst, negative), nil
}

// append appends the number in the shortest big-endian two's complement.
func (l limbs) append(dst []byte, negative bool) []byte {
	if negative {
		var carry uint64 = 1
		for i := range l {
			l[i], carry = bits.Add64(^l[i], 0, carry)
		}
	}
	var b [32]byte
	for i := range l {
		binary.BigEndian.PutUint64(b[24-8*i:], l[i])
	}
	i := 0
	for i < 31 && (b[i] == 0 && b[i+1] < 0x80 || b[i] == 0xff && b[i+1] >= 0x80) {
		i++
	}
	return append(dst, b[i:]...)
}

func copyLargeUnscaled(slab *tailrace.Slab, raw []byte, whole, scale int) tailrace.Value {
	var l limbs
	negative := decimalGroups(raw, whole, scale, func(group uint64, digits int) {
		l.mulAdd(powersOfTen[digits], group)
	})
	var b [32]byte
	return slab.CopyBytes(l.append(b[:0], negative))
}

// AppendDecimal appends the text of a DECIMAL as it lies in a row: no zeros in
// front but one before the point, and all of the scale's digits behind it. The
// row has whole digits in front of the point and scale digits behind it.
func AppendDecimal(dst, raw []byte, whole, scale int) []byte {
	start := len(dst)
	dst = append(dst, '-')
	left, leading := whole, true
	negative := decimalGroups(raw, whole, scale, func(group uint64, digits int) {
		if left == 0 {
			if leading {
				dst = append(dst, '0')
				leading = false
			}
			dst = append(dst, '.')
			left = -1
		}
		if left > 0 {
			left -= digits
			if leading && group == 0 {
				return
			}
			if leading {
				dst = strconv.AppendUint(dst, group, 10)
				leading = false
				return
			}
		}
		dst = appendPadded(dst, group, digits)
	})
	if leading {
		dst = append(dst, '0')
	}
	if !negative || isZero(dst[start+1:]) {
		dst = append(dst[:start], dst[start+1:]...)
	}
	return dst
}

func isZero(digits []byte) bool {
	for _, c := range digits {
		if c != '0' && c != '.' {
			return false
		}
	}
	return true
}

// appendPadded appends a number with zeros in front up to so many digits.
func appendPadded(dst []byte, v uint64, digits int) []byte {
	var b [20]byte
	for i := digits - 1; i >= 0; i-- {
		b[i] = byte('0' + v%10)
		v /= 10
	}
	return append(dst, b[:digits]...)
}

func (p *RowPlan) decimalFloat(raw []byte, whole, scale int) (tailrace.Value, error) {
	p.scratch = AppendDecimal(p.scratch[:0], raw, whole, scale)
	f, err := strconv.ParseFloat(string(p.scratch), 64)
	if err != nil {
		return tailrace.Value{}, fmt.Errorf("%w: a decimal is no number", ErrMalformed)
	}
	return tailrace.Float64(f), nil
}

func (p *RowPlan) uint64(o *op, slab *tailrace.Slab, v uint64) tailrace.Value {
	if o.code == opUint64Text {
		p.scratch = strconv.AppendUint(p.scratch[:0], v, 10)
		return slab.CopyString(p.scratch)
	}
	var b [32]byte
	return slab.CopyBytes(limbs{v}.append(b[:0], false))
}
