package transform_test

import (
	"math/big"
	"testing"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// benchOrder is a row of the bench table orders, flat.
func benchOrder() tailrace.Record {
	optional := func(s *tailrace.Schema) *tailrace.Schema { return s.Builder().Optional().MustBuild() }
	schema := tailrace.NewSchema(tailrace.TypeStruct).Name("shop.orders.Value").
		Field("id", tailrace.Int64Schema).
		Field("customer_id", tailrace.OptionalInt32Schema).
		Field("status", tailrace.Semantic(tailrace.EnumName).Parameter("allowed", "new,paid,shipped").Optional().MustBuild()).
		Field("total", optional(tailrace.DecimalSchema(2).MustBuild())).
		Field("note", tailrace.OptionalStringSchema).
		Field("created_at", optional(tailrace.Semantic(tailrace.MicroTimestampName).MustBuild())).
		Field("updated_at", optional(tailrace.Semantic(tailrace.ZonedTimestampName).MustBuild())).
		Field("attrs", optional(tailrace.Semantic(tailrace.JSONName).MustBuild())).
		MustBuild()
	return tailrace.Record{Topic: "shop.orders", ValueSchema: schema, Value: tailrace.StructOf([]tailrace.Value{
		tailrace.Int64(7), tailrace.Int32(42), tailrace.String("paid"), tailrace.Decimal(big.NewInt(123456)), tailrace.String("leave it at the door"),
		tailrace.Int64(1700000000123456), tailrace.String("2023-11-14T22:13:20.123Z"), tailrace.String(`{"gift": true, "size": 3}`),
	})}
}

func benchmark(b *testing.B, t transform.Transform) {
	order := benchOrder()
	r := new(tailrace.Record)
	b.ReportAllocs()
	for b.Loop() {
		*r = order
		if _, err := t.Apply(r); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkReplaceFieldAndInsertField(b *testing.B) {
	benchmark(b, transform.Chain(
		transform.Must(transform.ReplaceField{Exclude: []string{"note"}, Rename: map[string]string{"total": "amount"}}.New()),
		transform.Must(transform.InsertField{Topic: "topic", Static: "origin", StaticValue: "shop"}.New()),
	))
}

func BenchmarkCast(b *testing.B) {
	benchmark(b, transform.Must(transform.Cast{Fields: map[string]tailrace.Type{"total": tailrace.TypeFloat64, "id": tailrace.TypeString}}.New()))
}

func BenchmarkTimestampConverter(b *testing.B) {
	benchmark(b, transform.Must(transform.TimestampConverter{
		Field: "updated_at", To: transform.UnixTimestamp, Format: "yyyy-MM-dd'T'HH:mm:ss.SSSX",
	}.New()))
}

func BenchmarkValueToKey(b *testing.B) {
	benchmark(b, transform.Must(transform.ValueToKey{Fields: []string{"id"}}.New()))
}
