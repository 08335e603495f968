package transform_test

import (
	"fmt"
	"math/big"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// order is a record of the examples.
func order() tailrace.Record {
	schema := tailrace.NewSchema(tailrace.TypeStruct).Name("shop.Order").
		Field("id", tailrace.Int64Schema).
		Field("total", tailrace.DecimalSchema(2).MustBuild()).
		Field("created", tailrace.Semantic(tailrace.TimestampName).MustBuild()).
		Field("card", tailrace.StringSchema).
		MustBuild()
	at := time.Date(2026, 1, 31, 12, 30, 0, 0, time.UTC)
	return tailrace.Record{
		Topic: "shop.orders", Time: at, ValueSchema: schema,
		Value: tailrace.StructOf([]tailrace.Value{
			tailrace.Int64(7), tailrace.Decimal(big.NewInt(1250)), tailrace.Int64(at.UnixMilli()), tailrace.String("4111"),
		}),
	}
}

// apply shows what the transform makes of a record.
func apply(r tailrace.Record, t transform.Transform, err error) {
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := t.Apply(&r); err != nil {
		fmt.Println(err)
		return
	}
	if r.KeySchema != nil || !r.Key.IsNull() {
		fmt.Println("key", text(r.KeySchema, r.Key))
	}
	fmt.Println(r.Topic, text(r.ValueSchema, r.Value))
	for _, h := range r.Headers {
		fmt.Println("header", h.Key, text(h.Schema, h.Value))
	}
}

func text(s *tailrace.Schema, v tailrace.Value) string {
	if t := tailrace.AsStruct(s, v); !t.IsZero() {
		return t.Schema.Name() + t.String()
	}
	return tailrace.Display(s, v)
}

func ExampleCast() {
	t, err := transform.Cast{Fields: map[string]tailrace.Type{"id": tailrace.TypeString, "total": tailrace.TypeFloat64}}.New()
	apply(order(), t, err)
	// Output: shop.orders shop.Order{id: 7, total: 12.5, created: 2026-01-31T12:30:00Z, card: 4111}
}

func ExampleExtractField() {
	t, err := transform.ExtractField{Path: []string{"total"}}.New()
	apply(order(), t, err)
	// Output: shop.orders 12.50
}

func ExampleParsePath() {
	path, err := transform.ParsePath("after.`full.name`.first")
	fmt.Printf("%q %v\n", path, err)
	// Output: ["after" "full.name" "first"] <nil>
}

func ExampleFlatten() {
	t, err := transform.Flatten{Delimiter: tailrace.Some("_")}.New()
	r := tailrace.Record{Topic: "t", Value: tailrace.Map([]tailrace.Value{
		tailrace.String("name"), tailrace.Map([]tailrace.Value{tailrace.String("first"), tailrace.String("Ann")}),
	})}
	apply(r, t, err)
	// Output: t {name_first: Ann}
}

func ExampleHeaderFrom() {
	t, err := transform.HeaderFrom{Fields: []string{"card"}, Headers: []string{"payment"}, Move: true}.New()
	apply(order(), t, err)
	// Output:
	// shop.orders shop.Order{id: 7, total: 12.50, created: 2026-01-31T12:30:00Z}
	// header payment 4111
}

func ExampleHoistField() {
	t, err := transform.HoistField{Field: "id"}.New()
	apply(tailrace.Record{Topic: "ids", ValueSchema: tailrace.Int32Schema, Value: tailrace.Int32(7)}, t, err)
	// Output: ids {id: 7}
}

func ExampleInsertField() {
	t, err := transform.InsertField{Topic: "topic!", Static: "origin", StaticValue: "eu"}.New()
	apply(order(), t, err)
	// Output: shop.orders shop.Order{id: 7, total: 12.50, created: 2026-01-31T12:30:00Z, card: 4111, topic: shop.orders, origin: eu}
}

func ExampleInsertHeader() {
	schema, v, err := transform.ParseLiteral("[1, 2]")
	apply(tailrace.Record{Topic: "t"}, transform.InsertHeader("sizes", schema, v), err)
	// Output:
	// t null
	// header sizes [1, 2]
}

func ExampleParseLiteral() {
	for _, text := range []string{"300", "1.5", "2026-01-31", `{"a": 1}`, "a text"} {
		schema, v, err := transform.ParseLiteral(text)
		fmt.Println(schema.Type(), schema.Name(), tailrace.Display(schema, v), err)
	}
	// Output:
	// int16  300 <nil>
	// float32  1.5 <nil>
	// int32 org.apache.kafka.connect.data.Date 2026-01-31 <nil>
	// map  {a: 1} <nil>
	// string  a text <nil>
}

func ExampleDropHeaders() {
	r := tailrace.Record{Topic: "t", Headers: []tailrace.Header{{Key: "trace", Value: tailrace.Int64(1)}, {Key: "tenant", Value: tailrace.String("a")}}}
	apply(r, transform.DropHeaders("trace"), nil)
	// Output:
	// t null
	// header tenant a
}

func ExampleMaskField() {
	t, err := transform.MaskField{Fields: []string{"card"}, Replacement: "****"}.New()
	apply(order(), t, err)
	// Output: shop.orders shop.Order{id: 7, total: 12.50, created: 2026-01-31T12:30:00Z, card: ****}
}

func ExampleReplaceField() {
	t, err := transform.ReplaceField{Exclude: []string{"card", "created"}, Rename: map[string]string{"total": "amount"}}.New()
	apply(order(), t, err)
	// Output: shop.orders shop.Order{id: 7, amount: 12.50}
}

func ExampleSetSchemaMetadata() {
	t, err := transform.SetSchemaMetadata{Name: "lake.Order"}.New()
	apply(order(), t, err)
	// Output: shop.orders lake.Order{id: 7, total: 12.50, created: 2026-01-31T12:30:00Z, card: 4111}
}

func ExampleTimestampConverter() {
	t, err := transform.TimestampConverter{Field: "created", To: transform.TextTimestamp, Format: "EEE d MMM yyyy, h:mm a"}.New()
	apply(order(), t, err)
	// Output: shop.orders shop.Order{id: 7, total: 12.50, created: Sat 31 Jan 2026, 12:30 PM, card: 4111}
}

func ExampleTimestampRouter() {
	t, err := transform.TimestampRouter{Format: "yyyy-MM"}.New()
	apply(tailrace.Record{Topic: "orders", Time: order().Time}, t, err)
	// Output: orders-2026-01 null
}

func ExampleValueToKey() {
	t, err := transform.ValueToKey{Fields: []string{"id"}}.New()
	apply(order(), t, err)
	// Output:
	// key {id: 7}
	// shop.orders shop.Order{id: 7, total: 12.50, created: 2026-01-31T12:30:00Z, card: 4111}
}

func ExampleMust() {
	slim := transform.Chain(
		transform.Must(transform.ReplaceField{Exclude: []string{"card"}}.New()),
		transform.When(transform.Not(transform.HasHeaderKey("key")), transform.Must(transform.ValueToKey{Fields: []string{"id"}}.New())),
	)
	apply(order(), slim, nil)
	// Output:
	// key {id: 7}
	// shop.orders shop.Order{id: 7, total: 12.50, created: 2026-01-31T12:30:00Z}
}

func ExampleOptionError() {
	_, err := transform.HeaderFrom{Fields: []string{"a", "b"}, Headers: []string{"a"}, Of: 3}.New()
	fmt.Println(err)
	// Output:
	// transform HeaderFrom: Of: part(3) is neither Value nor Key
	// transform HeaderFrom: Headers: must name as many as Fields: there are 1 and 2
}
