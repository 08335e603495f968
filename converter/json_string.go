package converter

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// appendQuoted writes UTF-8 text as a JSON string, as Jackson does: escapes for
// the quote, the backslash and control characters, a pair of escapes for
// characters beyond U+FFFF, everything else as it is. Bytes that are no UTF-8
// become U+FFFD, as they do in a Java string.
func appendQuoted(dst, s []byte) []byte { return appendText(append(dst, '"'), s) }

// appendText writes what follows the opening quote. It looks at eight bytes at a
// time while it copies them, and may write up to eight beyond what it keeps.
func appendText(dst, s []byte) []byte {
	dst = slices.Grow(dst, len(s)+8)
	out, n := dst[:cap(dst)], len(dst)
	for len(s) > 0 {
		var w uint64
		if len(s) >= 8 {
			w = binary.LittleEndian.Uint64(s)
		} else {
			w = leading(s)
		}
		binary.LittleEndian.PutUint64(out[n:], w)
		k := min(len(s), 8)
		found := special(w)
		if found == 0 || bits.TrailingZeros64(found)>>3 >= k {
			n, s = n+k, s[k:]
			continue
		}
		k = bits.TrailingZeros64(found) >> 3
		n, s = n+k, s[k:]
		if s[0] != '"' && s[0] != '\\' {
			return appendRest(out[:n], s)
		}
		if len(out)-n < len(s)+9 {
			dst = slices.Grow(out[:n], 2*len(s)+9)
			out = dst[:cap(dst)]
		}
		out[n], out[n+1] = '\\', s[0]
		n, s = n+2, s[1:]
	}
	return append(out[:n], '"')
}

// leading gives up to seven bytes, the first in the lowest.
func leading(s []byte) uint64 {
	switch n := len(s); {
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(s)) | uint64(binary.LittleEndian.Uint32(s[n-4:]))<<(8*(n-4))
	case n == 3:
		return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16
	case n == 2:
		return uint64(s[0]) | uint64(s[1])<<8
	}
	return uint64(s[0])
}

// appendRest is appendText for what has characters that are not ASCII, or are
// control characters.
func appendRest(dst, s []byte) []byte {
	i := plain(s)
	start := 0
	for i < len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(s[i:])
			if size == 1 || size == 4 {
				dst = append(dst, s[start:i]...)
				dst, size = appendOdd(dst, s[i:], r, size)
				start = i + size
			}
			i += size
		} else if c < ' ' || c == '"' || c == '\\' {
			dst = appendEscape(append(dst, s[start:i]...), c)
			i++
			start = i
		}
		i += plain(s[i:])
	}
	return append(append(dst, s[start:]...), '"')
}

// plain gives how many bytes s begins with that a JSON string holds as they
// are: ASCII but for the quote, the backslash and control characters. It looks
// at eight at a time, of which the last eight may overlap the eight before.
func plain(s []byte) int {
	if len(s) < 8 {
		return plainShort(s)
	}
	i := 0
	for ; len(s)-i >= 8; i += 8 {
		if found := special(binary.LittleEndian.Uint64(s[i:])); found != 0 {
			return i + bits.TrailingZeros64(found)>>3
		}
	}
	if found := special(binary.LittleEndian.Uint64(s[len(s)-8:])); found != 0 {
		return len(s) - 8 + bits.TrailingZeros64(found)>>3
	}
	return len(s)
}

func plainShort(s []byte) int {
	if n := len(s); n >= 4 {
		both := uint64(binary.LittleEndian.Uint32(s)) | uint64(binary.LittleEndian.Uint32(s[n-4:]))<<32
		if special(both) == 0 {
			return n
		}
	}
	for i, c := range s {
		if c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return i
		}
	}
	return len(s)
}

// special sets the high bit of each of eight bytes that is not plain. It is
// exact up to the first one, since only a byte that is found borrows from the
// next.
func special(w uint64) uint64 {
	const high = 0x80 * ones
	quote, backslash := w^ones*'"', w^ones*'\\'
	return (w | (w - ones*' ') | (quote - ones) | (backslash - ones)) & high
}

// appendOdd writes what s begins with where its UTF-8 has one byte, as only what
// is malformed has, or four. It gives how many bytes of s that was.
func appendOdd(dst, s []byte, r rune, size int) ([]byte, int) {
	if size == 1 {
		return append(dst, "\uFFFD"...), malformed(s)
	}
	high, low := utf16.EncodeRune(r)
	return appendUnicode(appendUnicode(dst, high), low), size
}

func appendUnicode(dst []byte, c rune) []byte {
	const hex = "0123456789ABCDEF"
	return append(dst, '\\', 'u', hex[c>>12], hex[c>>8&15], hex[c>>4&15], hex[c&15])
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\t':
		return append(dst, '\\', 't')
	case '\n':
		return append(dst, '\\', 'n')
	case '\f':
		return append(dst, '\\', 'f')
	case '\r':
		return append(dst, '\\', 'r')
	}
	return appendUnicode(dst, rune(c))
}

// malformed gives how many of the bytes that s begins with, which are no
// UTF-8, make one replacement character: as many as could begin a character,
// to which Java counts the halves of surrogate pairs.
func malformed(s []byte) int {
	low, high, n := byte(0x80), byte(0xBF), 0
	switch c := s[0]; {
	case c < 0xC2 || c > 0xF4:
		return 1
	case c < 0xE0:
		n = 1
	case c < 0xF0:
		n = 2
		if c == 0xE0 {
			low = 0xA0
		}
	default:
		n = 3
		if c == 0xF0 {
			low = 0x90
		} else if c == 0xF4 {
			high = 0x8F
		}
	}
	i := 1
	for i <= n && i < len(s) && s[i] >= low && s[i] <= high {
		low, high = 0x80, 0xBF
		i++
	}
	return i
}
