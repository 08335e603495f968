package converter_test

import (
	"math/big"
	"testing"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/converter/convertertest"
)

type sample = convertertest.Sample

// order is data of every type, plain and logical, nested and null.
func order() sample {
	point := tailrace.NewSchema(tailrace.TypeStruct).Name("Point").Version(1).Doc("a place").
		Field("x", tailrace.Float64Schema).Field("y", tailrace.OptionalFloat64Schema).MustBuild()
	schema := tailrace.NewSchema(tailrace.TypeStruct).Name("shop.Order").
		Field("id", tailrace.Int64Schema).
		Field("paid", tailrace.BooleanSchema).
		Field("note", tailrace.OptionalStringSchema).
		Field("gone", tailrace.OptionalStringSchema).
		Field("image", tailrace.BytesSchema).
		Field("total", tailrace.DecimalSchema(2).Optional().MustBuild()).
		Field("day", tailrace.Semantic(tailrace.DateName).MustBuild()).
		Field("at", tailrace.Semantic(tailrace.TimestampName).MustBuild()).
		Field("place", point).
		Field("tags", tailrace.NewSchema(tailrace.TypeArray).Elem(tailrace.OptionalStringSchema).MustBuild()).
		Field("counts", tailrace.NewSchema(tailrace.TypeMap).Key(tailrace.StringSchema).Elem(tailrace.Int32Schema).MustBuild()).
		Field("by number", tailrace.NewSchema(tailrace.TypeMap).Key(tailrace.Int16Schema).Elem(point).MustBuild()).
		MustBuild()
	place := tailrace.StructOf([]tailrace.Value{tailrace.Float64(1.5), {}})
	return sample{Name: "order", Schema: schema, Value: tailrace.StructOf([]tailrace.Value{
		tailrace.Int64(7), tailrace.Boolean(true), tailrace.String(`über "all" 😀`), {}, tailrace.Bytes([]byte{0, 255}),
		tailrace.Decimal(big.NewInt(-1250)), tailrace.Int32(20000), tailrace.Int64(1795245957827), place,
		tailrace.Array([]tailrace.Value{tailrace.String("a"), {}}),
		tailrace.Map([]tailrace.Value{tailrace.String("x"), tailrace.Int32(1)}),
		tailrace.Map([]tailrace.Value{tailrace.Int16(1), place}),
	})}
}

func lossy(s sample) sample { s.Lossy = true; return s }

// schemaless data comes back in the types that JSON has.
var schemaless = []sample{
	{Name: "whole number", Value: tailrace.Int64(-5)},
	{Name: "fraction", Value: tailrace.Float64(0.1)},
	{Name: "text", Value: tailrace.String("")},
	{Name: "map", Value: tailrace.Map([]tailrace.Value{tailrace.String("a"), tailrace.Array([]tailrace.Value{{}, tailrace.Boolean(true)})})},
	{Name: "unchanged", Value: tailrace.Array([]tailrace.Value{tailrace.Unchanged()})},
	{Name: "small numbers", Value: tailrace.Array([]tailrace.Value{tailrace.Int8(1), tailrace.Float32(0.1)}), Lossy: true},
	{Name: "bytes", Value: tailrace.Bytes([]byte("x")), Lossy: true},
}

func TestJSONKeepsEveryPromise(t *testing.T) {
	rejects := []sample{
		{Name: "required", Schema: tailrace.Int32Schema},
		{Name: "of another type", Schema: tailrace.Int32Schema, Value: tailrace.Int64(1)},
		{Name: "with a field less", Schema: order().Schema, Value: tailrace.StructOf(nil)},
		{Name: "struct without schema", Value: tailrace.StructOf(nil)},
		{Name: "Time of another day", Schema: tailrace.Semantic(tailrace.TimeName).MustBuild(), Value: tailrace.Int32(-1)},
	}
	garbage := [][]byte{[]byte("x"), []byte(`{"a":`), []byte("[1,]"), []byte("1 2"), []byte("\"\xff\"")}
	plain := func(config converter.JSONConfig) func(testing.TB) converter.Converter {
		return func(testing.TB) converter.Converter { return converter.NewJSON(config) }
	}
	t.Run("without schemas", func(t *testing.T) {
		convertertest.Run(t, convertertest.Harness{
			New: plain(converter.JSONConfig{}), Samples: append([]sample{lossy(order())}, schemaless...), Rejects: rejects, Garbage: garbage,
		})
	})
	t.Run("with schemas", func(t *testing.T) {
		null := sample{Name: "null", Schema: tailrace.OptionalStringSchema}
		unchanged := sample{Name: "unchanged", Schema: tailrace.BytesSchema, Value: tailrace.Unchanged()}
		convertertest.Run(t, convertertest.Harness{
			New: plain(converter.JSONConfig{Schemas: true}), Samples: append([]sample{order(), null, unchanged}, schemaless...),
			Rejects: rejects, Garbage: append(garbage, []byte("1"), []byte("{}"), []byte(`{"schema":null}`)),
		})
	})
	t.Run("with numeric decimals and few plans", func(t *testing.T) {
		config := converter.JSONConfig{Schemas: true, NumericDecimals: true, KeepNulls: true, CacheSize: 1, Unavailable: "?"}
		convertertest.Run(t, convertertest.Harness{New: plain(config), Samples: append([]sample{order()}, schemaless...), Rejects: rejects, Garbage: garbage})
	})
	t.Run("with a given schema", func(t *testing.T) {
		s := lossy(order()) // the schema is not in the bytes: with it in place of the envelope nothing would be lost
		c := converter.NewJSON(converter.JSONConfig{Schemas: true, Schema: s.Schema})
		data, err := converter.NewJSON(converter.JSONConfig{}).Append([]byte{}, "t", s.Schema, s.Value)
		if err != nil {
			t.Fatal(err)
		}
		schema, v, err := c.Decode("t", data)
		if err != nil || schema != s.Schema || !v.Equal(s.Value) {
			t.Fatalf("Decode gives %v, %v", v, err)
		}
	})
}

func TestPrimitivesKeepEveryPromise(t *testing.T) {
	text := sample{Name: "text", Schema: tailrace.OptionalStringSchema, Value: tailrace.String("über 😀")}
	empty := sample{Name: "empty", Schema: tailrace.OptionalStringSchema, Value: tailrace.String("")}
	latin := sample{Name: "latin", Schema: tailrace.OptionalStringSchema, Value: tailrace.String("über")}
	of := func(s *tailrace.Schema, vs ...tailrace.Value) (samples []sample) {
		for _, v := range vs {
			samples = append(samples, sample{Name: v.String(), Schema: s, Value: v})
		}
		return samples
	}
	object := []sample{lossy(sample{Name: "list", Value: tailrace.Array([]tailrace.Value{tailrace.Float64(1e10), {}})}), lossy(sample{Name: "number", Value: tailrace.Int8(-5)})}
	number := []sample{{Name: "text", Value: tailrace.String("1")}, {Name: "int8", Value: tailrace.Int8(1)}}
	short := [][]byte{{}, {0, 0, 0}, make([]byte, 9)}
	for name, h := range map[string]convertertest.Harness{
		"String":    {New: is(converter.String{}), Samples: append([]sample{text, empty}, object...), Rejects: of(nil, tailrace.Bytes(nil)), Garbage: [][]byte{{0xff}}},
		"ASCII":     {New: is(converter.String{Encoding: converter.ASCII}), Samples: append([]sample{empty}, object...), Rejects: []sample{text}, Garbage: [][]byte{{0xff}}},
		"Latin1":    {New: is(converter.String{Encoding: converter.Latin1}), Samples: append([]sample{latin, empty}, object...), Rejects: []sample{text}},
		"UTF16":     {New: is(converter.String{Encoding: converter.UTF16}), Samples: append([]sample{text, empty}, object...), Garbage: [][]byte{{0}, {0xd8, 0}}},
		"UTF16LE":   {New: is(converter.String{Encoding: converter.UTF16LE}), Samples: append([]sample{text, empty}, object...), Garbage: [][]byte{{0}, {0, 0xd8}}},
		"ByteArray": {New: is(converter.Bytes{}), Samples: of(tailrace.OptionalBytesSchema, tailrace.Bytes([]byte("x")), tailrace.Bytes([]byte{})), Rejects: number},
		"Int16":     {New: is(converter.Int16{}), Samples: of(tailrace.OptionalInt16Schema, tailrace.Int16(-2)), Rejects: number, Garbage: short},
		"Int32":     {New: is(converter.Int32{}), Samples: of(tailrace.OptionalInt32Schema, tailrace.Int32(-2)), Rejects: number, Garbage: short},
		"Int64":     {New: is(converter.Int64{}), Samples: of(tailrace.OptionalInt64Schema, tailrace.Int64(-2)), Rejects: number, Garbage: short},
		"Float32":   {New: is(converter.Float32{}), Samples: of(tailrace.OptionalFloat32Schema, tailrace.Float32(0.1)), Rejects: number, Garbage: short},
		"Float64":   {New: is(converter.Float64{}), Samples: of(tailrace.OptionalFloat64Schema, tailrace.Float64(0.1)), Rejects: number, Garbage: short},
		"Boolean":   {New: is(converter.Boolean{}), Samples: of(tailrace.OptionalBooleanSchema, tailrace.Boolean(true), tailrace.Boolean(false)), Rejects: number, Garbage: append(short, []byte{2})},
	} {
		t.Run(name, func(t *testing.T) { convertertest.Run(t, h) })
	}
}

func is(c converter.Converter) func(testing.TB) converter.Converter {
	return func(testing.TB) converter.Converter { return c }
}
