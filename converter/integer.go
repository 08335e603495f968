package converter

import (
	"encoding/binary"
	"math/bits"
)

// appendInt writes an integer in decimal, eight digits at a time.
func appendInt(dst []byte, i int64) []byte {
	n := uint64(i)
	if i < 0 {
		dst = append(dst, '-')
		n = -n
	}
	if n < 10 {
		return append(dst, '0'+byte(n))
	}
	const e8 = 100_000_000
	if n < e8 {
		return appendLeading(dst, n)
	}
	rest := n / e8
	low := digits(n % e8)
	if rest < e8 {
		dst = appendLeading(dst, rest)
	} else {
		dst = appendLeading(dst, rest/e8)
		dst = binary.LittleEndian.AppendUint64(dst, digits(rest%e8)|'0'*ones)
	}
	return binary.LittleEndian.AppendUint64(dst, low|'0'*ones)
}

const ones = 0x0101010101010101

// appendLeading writes up to eight digits without leading zeros; n is not 0.
func appendLeading(dst []byte, n uint64) []byte {
	d := digits(n)
	zeros := bits.TrailingZeros64(d) &^ 7
	end := len(dst) + 8 - zeros/8
	return binary.LittleEndian.AppendUint64(dst, (d|'0'*ones)>>zeros)[:end]
}

// digits gives the eight digits of a number below 10^8, a byte each, the first
// in the lowest byte. It divides all halves, then all quarters, at once, by
// multiplying: exact for lanes below 10,000 and below 100.
func digits(n uint64) uint64 {
	n = n/10_000 | n%10_000<<32
	q := n * 10_486 >> 20 & 0x0000007f_0000007f
	n = q | (n-q*100)<<16
	q = n * 103 >> 10 & 0x000f_000f_000f_000f
	return q | (n-q*10)<<8
}
