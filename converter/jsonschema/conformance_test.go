package jsonschema

import (
	"math/big"
	"testing"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/converter/convertertest"
	"github.com/tailrace-io/tailrace/converter/internal/orders"
	"github.com/tailrace-io/tailrace/converter/registry"
	"github.com/tailrace-io/tailrace/internal/memoryregistry"
)

type sample = convertertest.Sample

// everything is data of every type, plain and logical, nested and null.
func everything() sample {
	struc := func(name string) *tailrace.SchemaBuilder {
		return tailrace.NewSchema(tailrace.TypeStruct).Name(name).Version(1)
	}
	point := struc("shop.Point").Doc("a place").Field("x", tailrace.Float64Schema).Field("y", tailrace.OptionalFloat32Schema).MustBuild()
	schema := struc("shop.Order").
		Field("id", tailrace.Int64Schema).
		Field("small", tailrace.NewSchema(tailrace.TypeInt8).Default(tailrace.Int8(3)).MustBuild()).
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
		Field("by_number", tailrace.NewSchema(tailrace.TypeMap).Key(tailrace.Int16Schema).Elem(point).MustBuild()).
		MustBuild()
	place := tailrace.StructOf([]tailrace.Value{tailrace.Float64(1.5), {}})
	return sample{Name: "everything", Schema: schema, Value: tailrace.StructOf([]tailrace.Value{
		tailrace.Int64(7), tailrace.Int8(-1), tailrace.Boolean(true), tailrace.String(`über "all" 😀`), {}, tailrace.Bytes([]byte{0, 255}),
		tailrace.Decimal(big.NewInt(-1250)), tailrace.Int32(20000), tailrace.Int64(1795245957827), place,
		tailrace.Array([]tailrace.Value{tailrace.String("a"), {}}),
		tailrace.Map([]tailrace.Value{tailrace.String("x"), tailrace.Int32(1)}),
		tailrace.Map([]tailrace.Value{tailrace.Int16(1), place}),
	})}
}

func TestJSONSchemaKeepsEveryPromise(t *testing.T) {
	_, client := memoryregistry.Start(t) // one, as ids are the registry's
	envelope, change := orders.Change()
	samples := []sample{
		everything(),
		{Name: "change", Schema: envelope, Value: change},
		{Name: "text", Schema: versioned(tailrace.TypeString), Value: tailrace.String("x")},
		{Name: "no text", Schema: versioned(tailrace.TypeString), Value: tailrace.String("")},
		{Name: "bare bytes", Schema: tailrace.NewSchema(tailrace.TypeBytes).Version(1).MustBuild(), Value: tailrace.Bytes([]byte("x"))},
		{Name: "unchanged", Schema: versioned(tailrace.TypeBytes), Value: tailrace.Unchanged()},
	}
	convertertest.Run(t, convertertest.Harness{
		New: func(t testing.TB) converter.Converter {
			c, err := New(Config{Options: registry.Options{Client: client}})
			if err != nil {
				t.Fatal(err)
			}
			return c
		},
		Samples: samples,
		Rejects: []sample{
			{Name: "required", Schema: tailrace.Int32Schema},
			{Name: "of another type", Schema: tailrace.Int32Schema, Value: tailrace.Int64(1)},
			{Name: "with a field less", Schema: everything().Schema, Value: tailrace.StructOf(nil)},
			{Name: "without schema", Value: tailrace.Int64(1)},
			{Name: "Time of another day", Schema: tailrace.Semantic(tailrace.TimeName).MustBuild(), Value: tailrace.Int32(-1)},
		},
		Garbage: [][]byte{{}, {0, 0, 0}, {1, 0, 0, 0, 1, 0}, {0, 0, 0, 0, 99, 0}, []byte("text"), {0, 0, 0, 0, 1, 'x'}},
	})
}

func versioned(typ tailrace.Type) *tailrace.Schema {
	return tailrace.NewSchema(typ).Optional().Version(1).MustBuild()
}
