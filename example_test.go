package tailrace_test

import (
	"fmt"
	"math/big"
	"time"

	"github.com/tailrace-io/tailrace"
)

// orders describes the rows of a table.
var orders = tailrace.NewSchema(tailrace.TypeStruct).Name("shop.orders.Value").
	Field("id", tailrace.Int64Schema).
	Field("status", tailrace.StringSchema).
	Field("total", tailrace.DecimalSchema(2).MustBuild()).
	Field("placed_at", tailrace.Semantic(tailrace.MicroTimestampName).MustBuild()).
	MustBuild()

func paidOrder() tailrace.Struct {
	row := tailrace.NewStruct(orders)
	for name, v := range map[string]tailrace.Value{
		"id":        tailrace.Int64(7),
		"status":    tailrace.String("paid"),
		"total":     tailrace.Decimal(big.NewInt(1250)),
		"placed_at": tailrace.Int64(time.Date(2026, 1, 31, 15, 4, 5, 0, time.UTC).UnixMicro()),
	} {
		if err := row.Set(name, v); err != nil {
			panic(err)
		}
	}
	return row
}

func ExampleSchemaBuilder() {
	s, err := tailrace.NewSchema(tailrace.TypeStruct).Name("shop.orders.Key").
		Field("id", tailrace.Int64Schema).
		Field("id", tailrace.StringSchema).
		Build()
	fmt.Println(s, err)
	// Output: <nil> schema shop.orders.Key: the field "id" is there twice
}

func ExampleSchema_Validate() {
	fmt.Println(orders.Validate(tailrace.StructOf([]tailrace.Value{
		tailrace.Int64(7), {}, tailrace.Decimal(big.NewInt(1250)), tailrace.Int64(0),
	})))
	// Output: field status: null where the schema requires string
}

func ExampleStruct() {
	row := paidOrder()
	fmt.Println(row)
	fmt.Println(row.Get("status").Text(), row.Get("nothing").IsNull())
	// Output:
	// {id: 7, status: paid, total: 12.50, placed_at: 2026-01-31T15:04:05Z}
	// paid true
}

func ExampleStruct_Decode() {
	var order struct {
		ID       int64
		Status   string
		Sum      string `tailrace:"total"` // a decimal as text keeps every digit
		PlacedAt time.Time
	}
	err := paidOrder().Decode(&order)
	fmt.Println(order.ID, order.Status, order.Sum, order.PlacedAt.Weekday(), err)
	// Output: 7 paid 12.50 Saturday <nil>
}

func ExampleStruct_Decode_mismatch() {
	type Order struct {
		ID    int64
		Total int64
	}
	var order Order
	fmt.Println(paidOrder().Decode(&order))
	// Output: decode shop.orders.Value into tailrace_test.Order: column total does not go into Order.Total: the number is not whole
}

func ExampleValue() {
	v := tailrace.Array([]tailrace.Value{tailrace.Int32(1), tailrace.String("two"), {}})
	for _, e := range v.Elems() {
		fmt.Println(e.Type(), e)
	}
	// Output:
	// int32 1
	// string two
	// null null
}

func ExampleAsDecimal() {
	row := paidOrder()
	total, _ := orders.Field("total")
	unscaled, scale, err := tailrace.AsDecimal(total.Schema, row.Get("total"))
	fmt.Println(unscaled, scale, err)
	fmt.Println(tailrace.Display(total.Schema, row.Get("total")))
	// Output:
	// 1250 2 <nil>
	// 12.50
}

// paidEvent is a change as Debezium's connectors tell of it.
func paidEvent() *tailrace.Record {
	row := orders.Builder().Optional().MustBuild()
	envelope := tailrace.NewSchema(tailrace.TypeStruct).Name("shop.orders.Envelope").
		Field("before", row).Field("after", row).Field("op", tailrace.StringSchema).MustBuild()
	return &tailrace.Record{
		Topic: "shop.orders", ValueSchema: envelope,
		Value: tailrace.StructOf([]tailrace.Value{{}, paidOrder().Value(), tailrace.String("c")}),
	}
}

func ExampleAsChange() {
	change, ok := tailrace.AsChange(paidEvent())
	fmt.Println(ok, change.Op(), change.After().Get("status"))
	// Output: true create paid
}

func ExampleDecodeChange() {
	type Order struct {
		ID     int64
		Status string
	}
	change, _ := tailrace.AsChange(paidEvent())
	c, err := tailrace.DecodeChange[Order](change)
	fmt.Println(c.Op, c.Before, *c.After, err)
	// Output: create <nil> {7 paid} <nil>
}

func ExampleMergeOffsets() {
	stored := []tailrace.Offset{{Partition: `{"server":"shop"}`, Position: `{"file":"binlog.000003","pos":4}`}}
	batch := []tailrace.Offset{{Partition: `{"server":"shop"}`, Position: `{"file":"binlog.000003","pos":1547}`}}
	fmt.Println(tailrace.MergeOffsets(stored, batch))
	// Output: [{{"server":"shop"} {"file":"binlog.000003","pos":1547}}]
}
