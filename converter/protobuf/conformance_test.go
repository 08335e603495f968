package protobuf

import (
	"math/big"
	"testing"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/converter/convertertest"
	"github.com/tailrace-io/tailrace/converter/registry"
	"github.com/tailrace-io/tailrace/internal/memoryregistry"
)

type sample = convertertest.Sample

// everything is data of every type, plain and logical, nested and null. What is
// a message may be null, as what is read of one may. Its schema is not read as
// it was: fields have their numbers, and the version is that of the subject.
func everything() sample {
	struc := func(name string) *tailrace.SchemaBuilder { return tailrace.NewSchema(tailrace.TypeStruct).Name(name) }
	point := struc("shop.Point").Field("x", tailrace.Float64Schema).Field("y", tailrace.OptionalFloat32Schema).Optional().MustBuild()
	optional := func(b *tailrace.SchemaBuilder) *tailrace.Schema { return b.Optional().MustBuild() }
	schema := struc("shop.Order").
		Field("id", tailrace.Int64Schema).
		Field("small", tailrace.Int8Schema).
		Field("paid", tailrace.BooleanSchema).
		Field("note", tailrace.OptionalStringSchema).
		Field("gone", tailrace.OptionalStringSchema).
		Field("image", tailrace.BytesSchema).
		Field("total", optional(tailrace.DecimalSchema(2))).
		Field("day", optional(tailrace.Semantic(tailrace.DateName))).
		Field("time", optional(tailrace.Semantic(tailrace.TimeName))).
		Field("at", optional(tailrace.Semantic(tailrace.TimestampName))).
		Field("place", point).
		Field("tags", optional(tailrace.NewSchema(tailrace.TypeArray).Elem(tailrace.OptionalStringSchema))).
		Field("counts", optional(tailrace.NewSchema(tailrace.TypeMap).Key(tailrace.StringSchema).Elem(tailrace.Int32Schema))).
		Field("places", optional(tailrace.NewSchema(tailrace.TypeMap).Key(tailrace.Int16Schema).Elem(point))).
		MustBuild()
	place := tailrace.StructOf([]tailrace.Value{tailrace.Float64(1.5), {}})
	return sample{Name: "everything", Lossy: true, Schema: schema, Value: tailrace.StructOf([]tailrace.Value{
		tailrace.Int64(7), tailrace.Int8(-1), tailrace.Boolean(true), tailrace.String(`über "all" 😀`), {}, tailrace.Bytes([]byte{0, 255}),
		tailrace.Decimal(big.NewInt(-1250)), tailrace.Int32(20000), tailrace.Int32(1), tailrace.Int64(1795245957827), place,
		tailrace.Array([]tailrace.Value{tailrace.String("a"), tailrace.String("")}),
		tailrace.Map([]tailrace.Value{tailrace.String("x"), tailrace.Int32(1)}),
		tailrace.Map([]tailrace.Value{tailrace.Int16(1), place}),
	})}
}

// whatIsRead is of a schema as reading gives it, and so may not change.
func whatIsRead() sample {
	tag := func(b *tailrace.SchemaBuilder, n string) *tailrace.Schema {
		return b.Parameter(tagParameter, n).MustBuild()
	}
	schema := tailrace.NewSchema(tailrace.TypeStruct).Name("shop.Item").Version(1).
		Field("id", tag(tailrace.NewSchema(tailrace.TypeInt64), "1")).
		Field("note", tag(tailrace.NewSchema(tailrace.TypeString).Optional(), "5")).
		MustBuild()
	return sample{Name: "as read", Schema: schema, Value: tailrace.StructOf([]tailrace.Value{tailrace.Int64(0), {}})}
}

func TestProtobufKeepsEveryPromise(t *testing.T) {
	_, client := memoryregistry.Start(t) // one, as ids are the registry's
	convertertest.Run(t, convertertest.Harness{
		New: func(t testing.TB) converter.Converter {
			c, err := New(Config{Options: registry.Options{Client: client}, OptionalForNullables: true, Enhanced: true})
			if err != nil {
				t.Fatal(err)
			}
			return c
		},
		Samples: []sample{
			whatIsRead(), // and the first version of its subject
			everything(),
			{Name: "text", Lossy: true, Schema: tailrace.StringSchema, Value: tailrace.String("x")},
			{Name: "no text", Lossy: true, Schema: tailrace.StringSchema, Value: tailrace.String("")},
			{Name: "number", Lossy: true, Schema: tailrace.Int64Schema, Value: tailrace.Int64(-1)},
			{Name: "bare bytes", Lossy: true, Schema: tailrace.BytesSchema, Value: tailrace.Bytes([]byte("x"))},
			{Name: "unchanged", Lossy: true, Schema: tailrace.BytesSchema, Value: tailrace.Unchanged()},
		},
		Rejects: []sample{
			{Name: "required", Schema: tailrace.Int32Schema},
			{Name: "of another type", Schema: tailrace.Int32Schema, Value: tailrace.Int64(1)},
			{Name: "with a field less", Schema: everything().Schema, Value: tailrace.StructOf(nil)},
			{Name: "without schema", Value: tailrace.Int64(1)},
			{Name: "Date in no struct", Schema: tailrace.Semantic(tailrace.DateName).MustBuild(), Value: tailrace.Int32(1)},
			{Name: "text that is no UTF-8", Schema: tailrace.StringSchema, Value: tailrace.String("\xff")},
		},
		Garbage: [][]byte{{}, {0, 0, 0}, {1, 0, 0, 0, 1, 0}, {0, 0, 0, 0, 99, 0}, []byte("text"), {0, 0, 0, 0, 1}, {0, 0, 0, 0, 1, 0, 8}},
	})
}
