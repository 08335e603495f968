package mysql

import (
	"encoding/hex"
	"net/netip"
	"strconv"

	"github.com/tailrace-io/tailrace"
)

// own makes a column of one of the types that MariaDB alone has. The log has
// their bytes, statements give their text.
func (col *column) own(schema *tailrace.SchemaBuilder, size int, text func(dst, raw []byte) []byte) *tailrace.SchemaBuilder {
	col.text = readString
	col.fix = func(slab *tailrace.Slab, v tailrace.Value) tailrace.Value {
		if v.Type() != tailrace.TypeBytes || len(v.Bytes()) != size {
			return v
		}
		var buf [48]byte
		return slab.CopyString(text(buf[:0], v.Bytes()))
	}
	return schema
}

// fixVector makes a VECTOR of MariaDB, whose bytes are in the log, what one of
// MySQL is.
func fixVector(slab *tailrace.Slab, v tailrace.Value) tailrace.Value {
	if v.Type() != tailrace.TypeBytes {
		return v
	}
	if vector, err := readVector(slab, v.Bytes()); err == nil {
		return vector
	}
	return v
}

// appendUUID appends the text of a UUID. Those of the versions 1 to 5 lie in
// records with their parts in reverse, so that their times are in order.
func appendUUID(dst, raw []byte) []byte {
	if raw[6]&0x80 != 0 && raw[8] > 0 && raw[8] < 0x80 {
		raw = append(append(append(append(append(make([]byte, 0, 16), raw[12:16]...), raw[10:12]...), raw[8:10]...), raw[6:8]...), raw[0:6]...)
	}
	for i, part := range [][]byte{raw[0:4], raw[4:6], raw[6:8], raw[8:10], raw[10:16]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}

// appendINET4 appends the text of an IPv4 address.
func appendINET4(dst, raw []byte) []byte { return netip.AddrFrom4([4]byte(raw)).AppendTo(dst) }

// appendINET6 appends the text of an IPv6 address as the server writes it: the
// longest run of zeros is left out, even one alone, and an address that holds
// one of IPv4 ends in its form.
func appendINET6(dst, raw []byte) []byte {
	var words [8]uint16
	for i := range words {
		words[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
	}
	from, size := longestZeros(&words)
	v4 := from == 0 && (size == 6 || size == 5 && words[5] == 0xffff)
	for i := 0; i < 8; i++ {
		switch {
		case i == from:
			dst = append(dst, ':')
			if i += size - 1; i == 7 {
				dst = append(dst, ':')
			}
			continue
		case v4 && i == 6:
			return appendINET4(append(dst, ':'), raw[12:])
		case i > 0:
			dst = append(dst, ':')
		}
		dst = strconv.AppendUint(dst, uint64(words[i]), 16)
	}
	return dst
}

// longestZeros gives the first of the longest runs of zeros; -1 where none is.
func longestZeros(words *[8]uint16) (from, size int) {
	from = -1
	for i := 0; i < len(words); i++ {
		n := 0
		for i+n < len(words) && words[i+n] == 0 {
			n++
		}
		if n > size {
			from, size = i, n
		}
		i += n
	}
	return from, size
}
