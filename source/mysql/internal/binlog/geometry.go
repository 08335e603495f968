package binlog

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/tailrace-io/tailrace"
)

// geometry makes a GEOMETRY a struct of its well-known binary and its SRID, and
// a POINT one that has the coordinates in front. A row holds four bytes of SRID
// and the well-known binary.
func geometry(slab *tailrace.Slab, raw []byte, point bool) (tailrace.Value, error) {
	const pointSize = 1 + 4 + 8 + 8
	if len(raw) < 4+5 {
		return tailrace.Value{}, fmt.Errorf("%w: a geometry of %d bytes", ErrMalformed, len(raw))
	}
	var srid tailrace.Value
	if n := binary.LittleEndian.Uint32(raw); n != 0 {
		srid = tailrace.Int32(int32(n))
	}
	wkb := raw[4:]
	if !point {
		v := slab.Values(2)
		v[0], v[1] = slab.CopyBytes(wkb), srid
		return tailrace.StructOf(v), nil
	}
	if len(wkb) != pointSize || wkb[0] != 1 || binary.LittleEndian.Uint32(wkb[1:]) != 1 {
		return tailrace.Value{}, fmt.Errorf("%w: a point of %d bytes", ErrMalformed, len(wkb))
	}
	v := slab.Values(4)
	v[0] = tailrace.Float64(math.Float64frombits(binary.LittleEndian.Uint64(wkb[5:])))
	v[1] = tailrace.Float64(math.Float64frombits(binary.LittleEndian.Uint64(wkb[13:])))
	v[2], v[3] = slab.CopyBytes(wkb), srid
	return tailrace.StructOf(v), nil
}

// vector makes a VECTOR an array of its numbers.
func vector(slab *tailrace.Slab, raw []byte) (tailrace.Value, error) {
	if len(raw)%4 != 0 {
		return tailrace.Value{}, fmt.Errorf("%w: a vector of %d bytes", ErrMalformed, len(raw))
	}
	v := slab.Values(len(raw) / 4)
	for i := range v {
		v[i] = tailrace.Float32(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])))
	}
	return tailrace.Array(v), nil
}
