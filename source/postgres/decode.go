package postgres

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"unsafe"

	"github.com/tailrace-io/tailrace"
)

// view is the text without a copy: for functions that keep nothing of it.
func view(text []byte) string { return unsafe.String(unsafe.SliceData(text), len(text)) }

func copyText(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	return slab.CopyString(text), nil
}

func copyBytes(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	return slab.CopyBytes(text), nil
}

func decodeBool(_ *tailrace.Slab, text []byte) (tailrace.Value, error) {
	if len(text) != 1 || text[0] != 't' && text[0] != 'f' {
		return tailrace.Value{}, errForm
	}
	return tailrace.Boolean(text[0] == 't'), nil
}

// decodePoint makes a point with its well-known binary form.
func decodePoint(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	inner, ok := strings.CutPrefix(view(text), "(")
	inner, ok2 := strings.CutSuffix(inner, ")")
	first, second, ok3 := strings.Cut(inner, ",")
	x, err1 := strconv.ParseFloat(first, 64)
	y, err2 := strconv.ParseFloat(second, 64)
	if !ok || !ok2 || !ok3 || err1 != nil || err2 != nil {
		return tailrace.Value{}, errForm
	}
	wkb := slab.Bytes(21)
	wkb[0] = 1
	binary.LittleEndian.PutUint32(wkb[1:], 1)
	binary.LittleEndian.PutUint64(wkb[5:], math.Float64bits(x))
	binary.LittleEndian.PutUint64(wkb[13:], math.Float64bits(y))
	fields := slab.Values(4)
	fields[0], fields[1], fields[2] = tailrace.Float64(x), tailrace.Float64(y), tailrace.Bytes(wkb)
	return tailrace.StructOf(fields), nil
}
