package debezium_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
	"github.com/tailrace-io/tailrace/transform/debezium"
)

// To swap twice is to leave as it was, but for what follows the geometry.
func FuzzSwapGeometryCoordinates(f *testing.F) {
	swap := transform.Must(debezium.SwapGeometryCoordinates{}.New())
	format := transform.Must(debezium.GeometryFormatTransformer{}.New())
	f.Add([]byte{1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0x40, 0, 0, 0, 0, 0, 0, 0x10, 0x40})
	f.Add([]byte{0, 0, 0, 0, 7, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{1, 6, 0, 0, 0, 1, 0, 0, 0, 1, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{1, 4, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, wkb []byte) {
		r := geometry(wkb)
		_, _ = format.Apply(&r)
		r = geometry(wkb)
		if _, err := swap.Apply(&r); err != nil {
			return
		}
		_, err := swap.Apply(&r)
		assert.NoError(t, err)
		out := r.ValueStruct().Struct("at").Get("wkb").Bytes()
		assert.Equal(t, wkb[:len(out)], out)
	})
}

// Whatever the content of a message, its struct is one of its schema.
func FuzzDecodeLogicalDecodingMessageContent(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":[{"c":null},{"c":1.5}],"d":{"e":[true,null]}}`, `{"a":[1,"x"]}`, `[1]`, `{"a":9223372036854775808}`, `{"a":`, `{"":1}`, `{"a":[{"b":1},null,{"c":2}]}`} {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	message := tailrace.NewSchema(tailrace.TypeStruct).Field("content", tailrace.BytesSchema).MustBuild()
	event := tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.postgresql.MessageValue").
		Field("op", tailrace.StringSchema).Field("message", message).MustBuild()
	f.Fuzz(func(t *testing.T, content []byte, nulls bool) {
		r := tailrace.Record{ValueSchema: event, Value: tailrace.StructOf([]tailrace.Value{
			tailrace.String("m"), tailrace.StructOf([]tailrace.Value{tailrace.Bytes(content)}),
		})}
		if _, err := transform.Must(debezium.DecodeLogicalDecodingMessageContent{KeepNulls: nulls}.New()).Apply(&r); err == nil {
			assert.NoError(t, r.ValueSchema.Validate(r.Value))
		}
	})
}

// What TimezoneConverter makes of a text it reads again as the same moment.
func FuzzTimezoneConverter(f *testing.F) {
	zone := transform.Must(debezium.TimezoneConverter{Zone: time.FixedZone("", -(3*60+30)*60)}.New())
	row := tailrace.NewSchema(tailrace.TypeStruct).
		Field("at", tailrace.Semantic(tailrace.ZonedTimestampName).MustBuild()).MustBuild()
	event := tailrace.NewSchema(tailrace.TypeStruct).Name("shop.orders.Envelope").Field("after", row).MustBuild()
	for _, s := range []string{"2023-11-14T22:13:20.123Z", "-0044-03-15T00:00:00+01:00", "+12023-11-14T22:13+18:00", "2023-02-30T00:00Z", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := tailrace.Record{ValueSchema: event, Value: tailrace.StructOf([]tailrace.Value{tailrace.StructOf([]tailrace.Value{tailrace.String(text)})})}
		if _, err := zone.Apply(&r); err != nil {
			return
		}
		once := r.ValueStruct().Struct("after").Get("at").Text()
		_, err := zone.Apply(&r)
		assert.NoError(t, err)
		assert.Equal(t, once, r.ValueStruct().Struct("after").Get("at").Text())
	})
}
