package debezium_test

import (
	"fmt"
	"regexp"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform/debezium"
)

// event is a change of a small table.
func event(op tailrace.Op, before, after tailrace.Value) tailrace.Record {
	row := tailrace.NewSchema(tailrace.TypeStruct).Name("shop.orders.Value").Optional().
		Field("id", tailrace.Int32Schema).Field("status", tailrace.OptionalStringSchema).MustBuild()
	source := tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.mysql.Source").
		Field("db", tailrace.StringSchema).Field("ts_ms", tailrace.Int64Schema).MustBuild()
	envelope := tailrace.NewSchema(tailrace.TypeStruct).Name("shop.orders.Envelope").
		Field("before", row).Field("after", row).Field("source", source).Field("op", tailrace.StringSchema).MustBuild()
	return tailrace.Record{
		Topic: "shop.orders", ValueSchema: envelope,
		Value: tailrace.StructOf([]tailrace.Value{
			before, after, tailrace.StructOf([]tailrace.Value{tailrace.String("shop"), tailrace.Int64(1000)}), tailrace.String(string(op)),
		}),
	}
}

func row(id int32, status string) tailrace.Value {
	return tailrace.StructOf([]tailrace.Value{tailrace.Int32(id), tailrace.String(status)})
}

func ExampleExtractNewRecordState() {
	unwrap, err := debezium.ExtractNewRecordState{
		Deletes:   debezium.DeletesRewritten,
		AddFields: []string{"op", "source.ts_ms:at"},
	}.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range []tailrace.Record{
		event(tailrace.OpCreate, tailrace.Value{}, row(1, "new")),
		event(tailrace.OpDelete, row(1, "paid"), tailrace.Value{}),
		{Topic: "shop.orders"},
	} {
		keep, err := unwrap.Apply(&r)
		fmt.Println(keep, r.ValueStruct(), err)
	}
	// Output:
	// true {id: 1, status: new, __deleted: false, __op: c, __at: 1000} <nil>
	// true {id: 1, status: paid, __deleted: true, __op: d, __at: 1000} <nil>
	// false null <nil>
}

func ExampleByLogicalTableRouter() {
	route, err := debezium.ByLogicalTableRouter{
		Topic:          regexp.MustCompile(`^shop_\d+\.(.*)$`),
		Replacement:    "shop.$1",
		KeyField:       "shard",
		KeyTopic:       regexp.MustCompile(`^shop_(\d+)\..*$`),
		KeyReplacement: "$1",
	}.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	r := event(tailrace.OpCreate, tailrace.Value{}, row(1, "new"))
	r.Topic = "shop_12.orders"
	r.KeySchema = tailrace.NewSchema(tailrace.TypeStruct).Field("id", tailrace.Int32Schema).MustBuild()
	r.Key = tailrace.StructOf([]tailrace.Value{tailrace.Int32(1)})
	_, err = route.Apply(&r)
	fmt.Println(r.Topic, r.KeyStruct(), r.ValueSchema.Name(), err)
	// Output: shop.orders {id: 1, shard: 12} shop.orders.Envelope <nil>
}

func ExampleCollectionName() {
	t, err := debezium.CollectionName{Naming: debezium.Naming{Style: debezium.SnakeCase, Prefix: "copy_"}}.New()
	if err != nil {
		panic(err)
	}
	r := tailrace.Record{Topic: "shop.orderItems"}
	if _, err := t.Apply(&r); err != nil {
		panic(err)
	}
	fmt.Println(r.Topic)
	// Output: copy_shop_order_items
}

func ExampleFieldName() {
	t, err := debezium.FieldName{Naming: debezium.Naming{Style: debezium.UpperCase}}.New()
	if err != nil {
		panic(err)
	}
	row := tailrace.NewSchema(tailrace.TypeStruct).Field("id", tailrace.Int64Schema).MustBuild()
	r := tailrace.Record{Topic: "orders", ValueSchema: row, Value: tailrace.StructOf([]tailrace.Value{tailrace.Int64(7)})}
	if _, err := t.Apply(&r); err != nil {
		panic(err)
	}
	fmt.Println(r.ValueStruct().Get("ID").Int())
	// Output: 7
}
