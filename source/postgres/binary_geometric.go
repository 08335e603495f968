package postgres

import (
	"encoding/hex"
	"math"
	"net/netip"
	"strconv"
)

func (r *bytesReader) float32() float32 { return math.Float32frombits(uint32(r.int32())) }

func (r *bytesReader) float64() float64 { return math.Float64frombits(uint64(r.int64())) }

func floatText(bits int) binaryText {
	return func(dst, b []byte) ([]byte, error) {
		r := bytesReader{b: b}
		if bits == 32 {
			return r.end(appendFloat(dst, float64(r.float32()), 32))
		}
		return r.end(appendFloat(dst, r.float64(), 64))
	}
}

// appendFloat writes the shortest digits of which the number can be read again,
// with an exponent where PostgreSQL has one.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	most := 15
	if bits == 32 {
		most = 6
	}
	begin := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
	mark := len(dst) - 1
	for dst[mark] != 'e' {
		mark--
	}
	exponent, _ := strconv.Atoi(string(dst[mark+1:])) // it is one
	if exponent < -4 || exponent >= most {
		return dst
	}
	return strconv.AppendFloat(dst[:begin], f, 'f', -1, bits)
}

// point appends (x,y).
func (r *bytesReader) point(dst []byte) []byte {
	dst = appendFloat(append(dst, '('), r.float64(), 64)
	return append(appendFloat(append(dst, ','), r.float64(), 64), ')')
}

// points appends points with commas between them.
func (r *bytesReader) points(dst []byte, n int) []byte {
	for i := 0; i < n && !r.bad; i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = r.point(dst)
	}
	return dst
}

func pointText(dst, b []byte) ([]byte, error) {
	r := bytesReader{b: b}
	return r.end(r.point(dst))
}

func lsegText(dst, b []byte) ([]byte, error) {
	r := bytesReader{b: b}
	return r.end(append(r.points(append(dst, '['), 2), ']'))
}

func boxText(dst, b []byte) ([]byte, error) {
	r := bytesReader{b: b}
	return r.end(r.points(dst, 2))
}

func pathText(dst, b []byte) ([]byte, error) {
	r := bytesReader{b: b}
	open, end := byte('['), byte(']')
	if r.uint8() == 1 {
		open, end = '(', ')'
	}
	return r.end(append(r.points(append(dst, open), int(r.int32())), end))
}

func polygonText(dst, b []byte) ([]byte, error) {
	r := bytesReader{b: b}
	return r.end(append(r.points(append(dst, '('), int(r.int32())), ')'))
}

func circleText(dst, b []byte) ([]byte, error) {
	r := bytesReader{b: b}
	dst = append(r.point(append(dst, '<')), ',')
	return r.end(append(appendFloat(dst, r.float64(), 64), '>'))
}

func lineText(dst, b []byte) ([]byte, error) {
	r := bytesReader{b: b}
	dst = append(appendFloat(append(dst, '{'), r.float64(), 64), ',')
	dst = append(appendFloat(dst, r.float64(), 64), ',')
	return r.end(append(appendFloat(dst, r.float64(), 64), '}'))
}

func macText(size int) binaryText {
	return func(dst, b []byte) ([]byte, error) {
		if len(b) != size {
			return dst, errBinary
		}
		for i := range b {
			if i > 0 {
				dst = append(dst, ':')
			}
			dst = hex.AppendEncode(dst, b[i:i+1])
		}
		return dst, nil
	}
}

// inetText writes an address with the length of its network, which an INET of
// one host does not have.
func inetText(network bool) binaryText {
	return func(dst, b []byte) ([]byte, error) {
		r := bytesReader{b: b}
		family, length := r.uint8(), int(r.uint8())
		r.uint8() // whether it is a network
		addr, ok := netip.AddrFromSlice(r.take(int(r.uint8())))
		if !ok || family != 2 && family != 3 || addr.Is4() != (family == 2) {
			return dst, errBinary
		}
		switch as4, bytes := compatible(addr); {
		case as4:
			dst = append(dst, "::"...)
			dst = netip.AddrFrom4(bytes).AppendTo(dst)
		default:
			dst = addr.AppendTo(dst)
		}
		if network || length != addr.BitLen() {
			dst = strconv.AppendInt(append(dst, '/'), int64(length), 10)
		}
		return r.end(dst)
	}
}

// compatible says whether an address of IPv6 is written as one of IPv4 behind
// twelve zeros.
func compatible(a netip.Addr) (ok bool, last [4]byte) {
	if a.Is4() {
		return false, last
	}
	b := a.As16()
	for _, zero := range b[:12] {
		if zero != 0 {
			return false, last
		}
	}
	last = [4]byte(b[12:])
	return last[0] != 0 || last[1] != 0, last
}
