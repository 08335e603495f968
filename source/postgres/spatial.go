package postgres

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// spatialPlan is for PostGIS, whose columns Debezium lets be null in any case.
func spatialPlan(name, doc string) (plan, bool) {
	b := tailrace.NewSchema(tailrace.TypeStruct).Name(name).Version(1).Doc(doc).
		Field("wkb", tailrace.BytesSchema).Field("srid", tailrace.OptionalInt32Schema)
	zero, err := decodeSpatial(new(tailrace.Slab), []byte("010700000000000000")) // an empty collection
	return plan{schema: b.Optional(), decode: decodeSpatial, zero: zero}, err == nil
}

// decodeSpatial makes a struct of PostGIS's extended well-known binary form in
// hexadecimal digits.
func decodeSpatial(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	wkb := slab.Bytes(len(text) / 2)
	if _, err := hex.Decode(wkb, text); err != nil || len(wkb) < 5 || wkb[0] > 1 {
		return tailrace.Value{}, errForm
	}
	var order binary.ByteOrder = binary.BigEndian
	if wkb[0] == 1 {
		order = binary.LittleEndian
	}
	fields := slab.Values(2)
	fields[0] = tailrace.Bytes(wkb)
	const hasSRID = 0x20000000
	if order.Uint32(wkb[1:])&hasSRID != 0 {
		if len(wkb) < 9 {
			return tailrace.Value{}, errForm
		}
		fields[1] = tailrace.Int32(int32(order.Uint32(wkb[5:])))
	}
	return tailrace.StructOf(fields), nil
}

// vectorPlan is for the types of pgvector.
func vectorPlan(name string) (plan, bool) {
	switch name {
	case "vector":
		b := tailrace.NewSchema(tailrace.TypeArray).Name(tailrace.DoubleVectorName).Version(1).Elem(tailrace.Float64Schema)
		return plan{schema: b, decode: vector(decodeFloat64), zero: tailrace.Array(nil)}, true
	case "halfvec":
		b := tailrace.NewSchema(tailrace.TypeArray).Name(tailrace.FloatVectorName).Version(1).Elem(tailrace.Float32Schema)
		return plan{schema: b, decode: vector(decodeFloat32), zero: tailrace.Array(nil)}, true
	}
	entries, err := tailrace.NewSchema(tailrace.TypeMap).Key(tailrace.Int16Schema).Elem(tailrace.Float64Schema).Build()
	b := tailrace.NewSchema(tailrace.TypeStruct).Name(tailrace.SparseDoubleVectorName).Version(1).Doc("Sparse double vector").
		Field("dimensions", tailrace.Int16Schema).Field("vector", entries)
	zero := tailrace.StructOf([]tailrace.Value{tailrace.Int16(0), tailrace.Map(nil)})
	return plan{schema: b, decode: decodeSparse, zero: zero}, err == nil
}

// vector makes an array of a text such as [1,2.5].
func vector(elem decoder) decoder {
	return func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		inner, ok := strings.CutPrefix(view(text), "[")
		inner, ok2 := strings.CutSuffix(inner, "]")
		if !ok || !ok2 {
			return tailrace.Value{}, errForm
		}
		if inner == "" {
			return tailrace.Array(nil), nil
		}
		out := slab.Values(strings.Count(inner, ",") + 1)
		i := 0
		for part := range strings.SplitSeq(inner, ",") {
			v, err := elem(slab, []byte(part))
			if err != nil {
				return v, err
			}
			out[i] = v
			i++
		}
		return tailrace.Array(out), nil
	}
}

// decodeSparse makes a struct of a text such as {1:1.5,3:2}/5.
func decodeSparse(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	inner, dimensions, ok := strings.Cut(view(text), "}/")
	inner, ok2 := strings.CutPrefix(inner, "{")
	n, err := strconv.ParseInt(dimensions, 10, 16)
	if !ok || !ok2 || err != nil {
		return tailrace.Value{}, errForm
	}
	var entries []tailrace.Value
	for part := range strings.SplitSeq(inner, ",") {
		if inner == "" {
			break
		}
		index, value, ok := strings.Cut(part, ":")
		i, err1 := strconv.ParseInt(index, 10, 16)
		f, err2 := strconv.ParseFloat(value, 64)
		if !ok || err1 != nil || err2 != nil {
			return tailrace.Value{}, errForm
		}
		entries = append(entries, tailrace.Int16(int16(i)), tailrace.Float64(f))
	}
	fields := slab.Values(2)
	fields[0], fields[1] = tailrace.Int16(int16(n)), tailrace.Map(entries)
	return tailrace.StructOf(fields), nil
}
