package jdbc

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/tailrace-io/tailrace"
)

// The conditions and the order of the arguments are those of the original.
func TestTheQueriesAreThoseOfTheOriginal(t *testing.T) {
	at, end := time.UnixMilli(1000).UTC(), time.UnixMilli(9000).UTC()
	from := position{incrementing: tailrace.Some(int64(7)), timestamp: tailrace.Some(at)}
	c := Column{Name: "at", Type: Instant}
	moment, ok := c.moment(`"at"`, time.UTC)
	assert.True(t, ok)
	several := moment
	several.Expr = `COALESCE("at","made")`
	for _, q := range []struct {
		mode   Mode
		moment Moment
		text   string
		args   []any
	}{
		{Bulk, Moment{}, `SELECT "i""d", x::text FROM "s"."t"`, nil},
		{Incrementing, Moment{}, `SELECT "i""d", x::text FROM "s"."t" WHERE "i""d" > $1 ORDER BY "i""d" ASC`, []any{int64(7)}},
		{Timestamp, moment, `SELECT "i""d", x::text, "at" FROM "s"."t" WHERE "at" > $1 AND "at" < $2 ORDER BY "at" ASC`, []any{at, end}},
		{TimestampIncrementing, several, `SELECT "i""d", x::text, COALESCE("at","made") FROM "s"."t" WHERE COALESCE("at","made") < $1 AND ` +
			`((COALESCE("at","made") = $2 AND "i""d" > $3) OR COALESCE("at","made") > $4) ORDER BY COALESCE("at","made"),"i""d" ASC`, []any{end, at, int64(7), at}},
	} {
		syntax := Syntax{QuoteOpen: `"`, QuoteClose: `"`, Placeholder: func(n int) string { return fmt.Sprint("$", n) }}
		got := newQuery(syntax, q.mode, syntax.table(Table{Schema: "s", Name: "t"}), []*Column{{Name: `i"d`}, {Name: "x", Select: "x::text"}}, `i"d`, q.moment)
		assert.Equal(t, q.text, got.text)
		assert.Equal(t, q.args, got.args(from, end))
	}
	assert.Equal(t, []any{int64(-1)}, query{mode: Incrementing}.args(position{}, end))
	assert.Equal(t, []any{time.Unix(0, 0).UTC(), end}, query{mode: Timestamp, moment: moment}.args(position{}, end))
}

func TestWhatDriversGiveIsRead(t *testing.T) {
	var slab tailrace.Slab
	berlin := time.FixedZone("", 3600)
	day := time.Date(2024, 2, 29, 0, 30, 0, 123_456_789, berlin)
	for _, c := range []struct {
		column Column
		src    any
		want   tailrace.Value
	}{
		{Column{Type: Integer}, []byte("-7"), tailrace.Int32(-7)},
		{Column{Type: Integer}, 7.0, tailrace.Int32(7)},
		{Column{Type: BigInt}, uint64(7), tailrace.Int64(7)},
		{Column{Type: Bit}, true, tailrace.Int8(1)},
		{Column{Type: TinyInt, Unsigned: true}, " 255", tailrace.Int16(255)},
		{Column{Type: Real}, float32(1.5), tailrace.Float32(1.5)},
		{Column{Type: Double}, []byte("1e3"), tailrace.Float64(1000)},
		{Column{Type: Boolean}, []byte("1"), tailrace.Boolean(true)},
		{Column{Type: Boolean}, "f", tailrace.Boolean(false)},
		{Column{Type: Text}, []byte("ä"), tailrace.String("ä")},
		{Column{Type: Text}, 1.5, tailrace.String("1.5")},
		{Column{Type: Text}, true, tailrace.String("true")},
		{Column{Type: Binary}, "x", tailrace.Bytes([]byte("x"))},
		{Column{Type: Decimal, Scale: 1}, []byte("12.5"), tailrace.Bytes([]byte{125})},
		{Column{Type: Decimal, Scale: unsetScale}, "0", tailrace.Bytes([]byte{0})},
		{Column{Type: Date}, day, tailrace.Int32(19782)},
		{Column{Type: Date}, []byte("2024-02-29"), tailrace.Int32(19782)},
		{Column{Type: Time}, []byte("01:02:03.004"), tailrace.Int32(3723004)},
		{Column{Type: Time}, day, tailrace.Int32(1800123)},
		{Column{Type: Instant}, day, tailrace.Int64(day.UnixMilli())},
		{Column{Type: Instant}, []byte("2024-02-29 00:30:00.123"), tailrace.Int64(day.UnixMilli())},
	} {
		got, err := c.column.decoder(&Source{Location: berlin}, false)(&slab, c.src)
		if assert.NoError(t, err, "%v %T", c.column.Type, c.src) {
			assert.True(t, c.want.Equal(got), "%v %T: %v is not %v", c.column.Type, c.src, got, c.want)
		}
	}
	for _, c := range []struct {
		typ Type
		src any
	}{{Integer, "x"}, {Integer, 1.5}, {Integer, time.Time{}}, {BigInt, uint64(1 << 63)}, {BigInt, "9223372036854775808"}, {Double, "x"}, {Double, true},
		{Boolean, "x"}, {Boolean, 1.5}, {Text, struct{}{}}, {Binary, int64(1)}, {Decimal, "x"}, {Decimal, true}, {Date, "x"}, {Date, int64(1)}, {Time, "25:00:00"}, {Instant, []byte("x")}} {
		c2 := Column{Type: c.typ}
		_, err := c2.decoder(&Source{Location: time.UTC}, false)(&slab, c.src)
		assert.Error(t, err, "%v %T", c.typ, c.src)
	}
}
