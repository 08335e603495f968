// Package orders has the data that converters are measured by.
package orders

import "github.com/tailrace-io/tailrace"

// Change is the change event of an order as Debezium's MySQL connector emits it:
// about 670 bytes of JSON.
func Change() (*tailrace.Schema, tailrace.Value) {
	str, opt := tailrace.StringSchema, tailrace.OptionalStringSchema
	long, optLong := tailrace.Int64Schema, tailrace.OptionalInt64Schema
	row := tailrace.NewSchema(tailrace.TypeStruct).Name("dbserver1.bench.orders.Value").Optional().
		Field("id", long).
		Field("customer_id", tailrace.Int32Schema).
		Field("status", tailrace.Semantic(tailrace.EnumName).Parameter("allowed", "new,paid,shipped").MustBuild()).
		Field("total", tailrace.DecimalSchema(2).Parameter("connect.decimal.precision", "12").MustBuild()).
		Field("note", opt).
		Field("created_at", tailrace.Semantic(tailrace.MicroTimestampName).MustBuild()).
		Field("updated_at", tailrace.Semantic(tailrace.ZonedTimestampName).Optional().MustBuild()).
		Field("attrs", tailrace.Semantic(tailrace.JSONName).Optional().MustBuild()).MustBuild()
	snapshot := tailrace.Semantic(tailrace.EnumName).Optional().
		Parameter("allowed", "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental").
		Default(tailrace.String("false")).MustBuild()
	source := tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.mysql.Source").Version(1).
		Field("version", str).Field("connector", str).Field("name", str).Field("ts_ms", long).Field("snapshot", snapshot).
		Field("db", str).Field("sequence", opt).Field("ts_us", optLong).Field("ts_ns", optLong).Field("table", opt).
		Field("server_id", long).Field("gtid", opt).Field("file", str).Field("pos", long).Field("row", tailrace.Int32Schema).
		Field("thread", optLong).Field("query", opt).MustBuild()
	transaction := tailrace.NewSchema(tailrace.TypeStruct).Name("event.block").Version(1).Optional().
		Field("id", str).Field("total_order", long).Field("data_collection_order", long).MustBuild()
	envelope := tailrace.NewSchema(tailrace.TypeStruct).Name("dbserver1.bench.orders.Envelope").Version(2).
		Field("before", row).Field("after", row).Field("source", source).Field("transaction", transaction).
		Field("op", str).Field("ts_ms", optLong).Field("ts_us", optLong).Field("ts_ns", optLong).MustBuild()

	text, i64 := tailrace.String, tailrace.Int64
	after := []tailrace.Value{
		i64(12345), tailrace.Int32(345), text("new"), tailrace.Bytes([]byte{0x02, 0xb8, 0xc2}), text("note number 12345"),
		i64(1662891072123456), text("2022-09-11T10:11:12.123Z"), text(`{"i": 12345, "tag": "x"}`),
	}
	from := []tailrace.Value{
		text("3.5.0.Final"), text("mysql"), text("dbserver1"), i64(1795245957808), text("false"), text("bench"), {},
		i64(1795245957808598), i64(1795245957808598000), text("orders"), i64(1), text("3c3ca4a9-e57c-11f1-b4f9-02fc00000001:23"),
		text("binlog.000001"), i64(10866), tailrace.Int32(0), i64(18), {},
	}
	return envelope, tailrace.StructOf([]tailrace.Value{
		{}, tailrace.StructOf(after), tailrace.StructOf(from), {},
		text("c"), i64(1795245957827), i64(1795245957827571), i64(1795245957827571068),
	})
}
