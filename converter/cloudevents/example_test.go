package cloudevents_test

import (
	"fmt"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter/cloudevents"
)

func ExampleConverter() {
	source := tailrace.NewSchema(tailrace.TypeStruct).
		Field("connector", tailrace.StringSchema).
		Field("name", tailrace.StringSchema).
		Field("ts_ms", tailrace.Int64Schema).
		Field("db", tailrace.StringSchema).
		Field("file", tailrace.StringSchema).
		Field("pos", tailrace.Int64Schema).MustBuild()
	row := tailrace.NewSchema(tailrace.TypeStruct).Optional().Field("id", tailrace.Int64Schema).MustBuild()
	envelope := tailrace.NewSchema(tailrace.TypeStruct).Name("inventory.shop.orders.Envelope").
		Field("before", row).
		Field("after", row).
		Field("source", source).
		Field("op", tailrace.StringSchema).MustBuild()
	change := tailrace.StructOf([]tailrace.Value{
		{},
		tailrace.StructOf([]tailrace.Value{tailrace.Int64(7)}),
		tailrace.StructOf([]tailrace.Value{
			tailrace.String("mysql"), tailrace.String("inventory"), tailrace.Int64(1795245957808),
			tailrace.String("shop"), tailrace.String("binlog.000001"), tailrace.Int64(10866),
		}),
		tailrace.String("c"),
	})

	c, err := cloudevents.New(cloudevents.Config{NoExtensions: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	event, err := c.Append([]byte{}, "inventory.shop.orders", envelope, change)
	fmt.Println(string(event), err)
	// Output:
	// {"id":"name:inventory;file:binlog.000001;pos:10866","source":"/debezium/mysql/inventory","specversion":"1.0","type":"io.debezium.connector.mysql.DataChangeEvent","time":"2026-11-21T07:25:57.808Z","datacontenttype":"application/json","data":{"before":null,"after":{"id":7}}} <nil>
}
