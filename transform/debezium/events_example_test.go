package debezium_test

import (
	"fmt"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
	"github.com/tailrace-io/tailrace/transform/debezium"
)

func ExampleReadToInsertEvent() {
	r := event(tailrace.OpRead, tailrace.Value{}, row(1, "new"))
	_, err := debezium.ReadToInsertEvent().Apply(&r)
	fmt.Println(r.ValueStruct().Get("op"), err)
	// Output: c <nil>
}

func ExampleSchemaChangeEventFilter() {
	quiet := transform.Must(debezium.SchemaChangeEventFilter{Exclude: []debezium.SchemaChange{debezium.SchemaTruncate}}.New())
	change := tailrace.NewSchema(tailrace.TypeStruct).Field("type", tailrace.StringSchema).MustBuild()
	s := tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.mysql.SchemaChangeValue").
		Field("tableChanges", tailrace.NewSchema(tailrace.TypeArray).Elem(change).MustBuild()).MustBuild()
	for _, kind := range []string{"ALTER", "TRUNCATE"} {
		changes := tailrace.Array([]tailrace.Value{tailrace.StructOf([]tailrace.Value{tailrace.String(kind)})})
		r := tailrace.Record{ValueSchema: s, Value: tailrace.StructOf([]tailrace.Value{changes})}
		keep, err := quiet.Apply(&r)
		fmt.Println(kind, keep, err)
	}
	// Output:
	// ALTER true <nil>
	// TRUNCATE false <nil>
}

func ExampleHeaderToValue() {
	t := transform.Must(debezium.HeaderToValue{Headers: []string{"origin"}, Fields: []string{"source.origin"}, Move: true}.New())
	r := event(tailrace.OpCreate, tailrace.Value{}, row(1, "new"))
	r.Headers = []tailrace.Header{{Key: "origin", Schema: tailrace.StringSchema, Value: tailrace.String("web")}}
	_, err := t.Apply(&r)
	fmt.Println(r.ValueStruct().Struct("source"), len(r.Headers), err)
	// Output: {db: shop, ts_ms: 1000, origin: web} 0 <nil>
}

func ExampleExtractChangedRecordState() {
	t := transform.Must(debezium.ExtractChangedRecordState{ChangedHeader: "changed", UnchangedHeader: "unchanged"}.New())
	r := event(tailrace.OpUpdate, row(1, "new"), row(1, "paid"))
	_, err := t.Apply(&r)
	for _, h := range r.Headers {
		fmt.Println(h.Key, h.Value)
	}
	fmt.Println(err)
	// Output:
	// changed [status]
	// unchanged [id]
	// <nil>
}

func ExamplePartitionRouting() {
	t := transform.Must(debezium.PartitionRouting{Fields: []string{"change.id"}, Partitions: 8}.New())
	r := event(tailrace.OpDelete, row(42, "paid"), tailrace.Value{})
	_, err := t.Apply(&r)
	fmt.Println(r.Partition.V, err)
	// Output: 2 <nil>
}

// geometry is a record with a point.
func geometry(wkb []byte) tailrace.Record {
	g := tailrace.NewSchema(tailrace.TypeStruct).Name(tailrace.GeometryName).
		Field("wkb", tailrace.BytesSchema).Field("srid", tailrace.OptionalInt32Schema).MustBuild()
	return tailrace.Record{
		ValueSchema: tailrace.NewSchema(tailrace.TypeStruct).Field("at", g).MustBuild(),
		Value:       tailrace.StructOf([]tailrace.Value{tailrace.StructOf([]tailrace.Value{tailrace.Bytes(wkb), tailrace.Int32(4326)})}),
	}
}

func ExampleSwapGeometryCoordinates() {
	point := []byte{0, 0, 0, 0, 1, 0x40, 0x08, 0, 0, 0, 0, 0, 0, 0x40, 0x10, 0, 0, 0, 0, 0, 0} // 3 4
	r := geometry(point)
	_, err := transform.Must(debezium.SwapGeometryCoordinates{}.New()).Apply(&r)
	fmt.Printf("%x %v\n", r.ValueStruct().Struct("at").Get("wkb").Bytes(), err)
	// Output: 000000000140100000000000004008000000000000 <nil>
}

func ExampleGeometryFormatTransformer() {
	point := []byte{0, 0, 0, 0, 1, 0x40, 0x08, 0, 0, 0, 0, 0, 0, 0x40, 0x10, 0, 0, 0, 0, 0, 0}
	r := geometry(point)
	_, err := transform.Must(debezium.GeometryFormatTransformer{Format: debezium.WKB}.New()).Apply(&r)
	fmt.Printf("%x %v\n", r.ValueStruct().Struct("at").Get("wkb").Bytes(), err)
	// Output: 0020000001000010e640080000000000004010000000000000 <nil>
}

func ExampleVectorToJSONConverter() {
	vector := tailrace.NewSchema(tailrace.TypeArray).Elem(tailrace.Float32Schema).Name(tailrace.FloatVectorName).MustBuild()
	r := tailrace.Record{
		ValueSchema: tailrace.NewSchema(tailrace.TypeStruct).Field("v", vector).MustBuild(),
		Value:       tailrace.StructOf([]tailrace.Value{tailrace.Array([]tailrace.Value{tailrace.Float32(1), tailrace.Float32(0.5)})}),
	}
	_, err := debezium.VectorToJSONConverter().Apply(&r)
	fmt.Println(r.ValueStruct().Get("v"), err)
	// Output: { "values": [1.0, 0.5] } <nil>
}

// timestamped is an insert of a row that has a timestamp, in microseconds.
func timestamped(micros int64) tailrace.Record {
	row := tailrace.NewSchema(tailrace.TypeStruct).Field("at", tailrace.Semantic(tailrace.MicroTimestampName).MustBuild()).MustBuild()
	return tailrace.Record{
		ValueSchema: tailrace.NewSchema(tailrace.TypeStruct).Name("shop.orders.Envelope").Field("after", row).MustBuild(),
		Value:       tailrace.StructOf([]tailrace.Value{tailrace.StructOf([]tailrace.Value{tailrace.Int64(micros)})}),
	}
}

func ExampleTimezoneConverter() {
	t := transform.Must(debezium.TimezoneConverter{Zone: time.FixedZone("", 8*60*60)}.New())
	r := timestamped(time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	_, err := t.Apply(&r)
	fmt.Println(time.UnixMicro(r.ValueStruct().Struct("after").Get("at").Int()).UTC(), err)
	// Output: 2024-05-01 04:00:00 +0000 UTC <nil>
}

func ExampleDecodeLogicalDecodingMessageContent() {
	message := tailrace.NewSchema(tailrace.TypeStruct).Field("prefix", tailrace.StringSchema).Field("content", tailrace.BytesSchema).MustBuild()
	r := tailrace.Record{
		ValueSchema: tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.postgresql.MessageValue").
			Field("op", tailrace.StringSchema).Field("message", message).MustBuild(),
		Value: tailrace.StructOf([]tailrace.Value{
			tailrace.String("m"),
			tailrace.StructOf([]tailrace.Value{tailrace.String("outbox"), tailrace.Bytes([]byte(`{"id": 7, "paid": true}`))}),
		}),
	}
	_, err := transform.Must(debezium.DecodeLogicalDecodingMessageContent{}.New()).Apply(&r)
	fmt.Println(r.ValueStruct(), err)
	// Output: {op: c, after: {id: 7, paid: true}} <nil>
}

func ExampleEnforceRecordSize() {
	t := transform.Must(debezium.EnforceRecordSize{MaxBytes: 600, MinFieldSize: tailrace.Some(100)}.New())
	long := make([]byte, 1000)
	for i := range long {
		long[i] = 'x'
	}
	r := event(tailrace.OpCreate, tailrace.Value{}, row(1, string(long)))
	_, err := t.Apply(&r)
	fmt.Println(len(r.ValueStruct().Struct("after").Get("status").Text()) < 300, err)
	// Output: true <nil>
}

func ExampleEventRouter() {
	row := tailrace.NewSchema(tailrace.TypeStruct).Name("shop.outbox.Value").
		Field("id", tailrace.StringSchema).Field("aggregatetype", tailrace.StringSchema).Field("aggregateid", tailrace.StringSchema).
		Field("type", tailrace.StringSchema).Field("payload", tailrace.OptionalStringSchema).MustBuild()
	r := tailrace.Record{
		Topic: "shop.outbox",
		ValueSchema: tailrace.NewSchema(tailrace.TypeStruct).Name("shop.outbox.Envelope").
			Field("after", row).Field("op", tailrace.StringSchema).Field("ts_ms", tailrace.Int64Schema).MustBuild(),
		Value: tailrace.StructOf([]tailrace.Value{
			tailrace.StructOf([]tailrace.Value{
				tailrace.String("e-1"), tailrace.String("order"), tailrace.String("7"), tailrace.String("OrderPaid"), tailrace.String(`{"total": 12.5}`),
			}),
			tailrace.String("c"), tailrace.Int64(1000),
		}),
	}
	outbox := transform.Must(debezium.EventRouter{
		Additional: []debezium.AdditionalField{{Field: "type", Place: debezium.PlaceHeader, Alias: "eventType"}},
		ExpandJSON: true,
	}.New())
	_, err := outbox.Apply(&r)
	fmt.Println(r.Topic, r.Key, r.ValueStruct(), err)
	for _, h := range r.Headers {
		fmt.Println(h.Key, h.Value)
	}
	// Output:
	// outbox.event.order 7 {total: 12.5} <nil>
	// id e-1
	// eventType OrderPaid
}
