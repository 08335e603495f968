package debezium_test

import (
	"math/big"
	"testing"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
	"github.com/tailrace-io/tailrace/transform/debezium"
)

// benchChange is an insert into the bench table orders.
func benchChange() tailrace.Record {
	optional := func(b *tailrace.SchemaBuilder) *tailrace.Schema { return b.Optional().MustBuild() }
	row := tailrace.NewSchema(tailrace.TypeStruct).Name("shop.orders.Value").Optional().
		Field("id", tailrace.Int64Schema).
		Field("customer_id", tailrace.OptionalInt32Schema).
		Field("status", optional(tailrace.Semantic(tailrace.EnumName).Parameter("allowed", "new,paid,shipped"))).
		Field("total", optional(tailrace.DecimalSchema(2))).
		Field("note", tailrace.OptionalStringSchema).
		Field("created_at", optional(tailrace.Semantic(tailrace.MicroTimestampName))).
		Field("updated_at", optional(tailrace.Semantic(tailrace.ZonedTimestampName))).
		Field("attrs", optional(tailrace.Semantic(tailrace.JSONName))).
		MustBuild()
	r := event(tailrace.OpCreate, tailrace.Value{}, tailrace.StructOf([]tailrace.Value{
		tailrace.Int64(7), tailrace.Int32(42), tailrace.String("paid"), tailrace.Decimal(big.NewInt(123456)), tailrace.String("leave it at the door"),
		tailrace.Int64(1700000000123456), tailrace.String("2023-11-14T22:13:20.123Z"), tailrace.String(`{"gift": true, "size": 3}`),
	}))
	source, _ := r.ValueSchema.Field("source")
	r.ValueSchema = tailrace.NewSchema(tailrace.TypeStruct).Name("shop.orders.Envelope").
		Field("before", row).Field("after", row).Field("source", source.Schema).Field("op", tailrace.StringSchema).MustBuild()
	return r
}

func BenchmarkUnwrapReplaceFieldAndInsertField(b *testing.B) {
	t := transform.Chain(
		transform.Must(debezium.ExtractNewRecordState{AddFields: []string{"op", "source.ts_ms"}}.New()),
		transform.Must(transform.ReplaceField{Exclude: []string{"note"}, Rename: map[string]string{"total": "amount"}}.New()),
		transform.Must(transform.InsertField{Topic: "topic", Static: "origin", StaticValue: "shop"}.New()),
	)
	change := benchChange()
	r := new(tailrace.Record)
	b.ReportAllocs()
	for b.Loop() {
		*r = change
		if _, err := t.Apply(r); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
