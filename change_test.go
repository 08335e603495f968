package tailrace_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	. "github.com/tailrace-io/tailrace"
)

func TestAChangeIsAViewOfAnEnvelope(t *testing.T) {
	before, after := orderRow(), orderRow()
	after.Values[2] = String("shipped")
	r := envelope(OpUpdate, before.Value(), after.Value())
	c, ok := AsChange(r)
	require.True(t, ok)
	assert.Same(t, r, c.Record())
	assert.Equal(t, OpUpdate, c.Op())
	assert.Equal(t, "paid", c.Before().Get("status").Text())
	assert.Equal(t, "shipped", c.After().Get("status").Text())
	assert.Equal(t, "shipped", c.Row().Get("status").Text())
	assert.Equal(t, int64(7), c.Key().Get("id").Int())
	assert.Equal(t, "orders", c.Source().Table())
	assert.Equal(t, time.UnixMilli(1_700_000_000_000).UTC(), c.Source().Time())
	assert.True(t, c.Time().IsZero(), "the envelope has none")
	assert.True(t, c.Transaction().IsZero())
	assert.False(t, c.Source().Snapshot())

	c, _ = AsChange(envelope(OpDelete, before.Value(), Value{}))
	assert.True(t, c.After().IsZero())
	assert.Equal(t, "paid", c.Row().Get("status").Text(), "what the row was")
	c, _ = AsChange(envelope(OpTruncate, Value{}, Value{}))
	assert.True(t, c.Row().IsZero())
}

func TestOtherRecordsAreNoChanges(t *testing.T) {
	row := orderRow()
	named := func(name string, op *Schema) *Record {
		s := NewSchema(TypeStruct).Name(name).Field("op", op).MustBuild()
		return &Record{ValueSchema: s, Value: StructOf([]Value{{}})}
	}
	for _, r := range []*Record{
		{}, {Key: Int8(1)}, {Value: Bytes([]byte("{}"))}, {ValueSchema: row.Schema, Value: row.Value()},
		{ValueSchema: envelope(OpCreate, Value{}, Value{}).ValueSchema}, named("shop.orders.Envelope", OptionalStringSchema), named("shop.orders.Value", StringSchema),
	} {
		c, ok := AsChange(r)
		assert.False(t, ok)
		assert.Equal(t, Change{}, c)
	}
}

func TestASourceBlockTellsWhereAChangeComesFrom(t *testing.T) {
	b := NewSchema(TypeStruct)
	var values []Value
	for _, f := range []struct{ name, value string }{{"connector", "mysql"}, {"name", "shop"}, {"db", "inventory"}, {"schema", "public"}, {"table", "orders"}, {"snapshot", "last"}} {
		b.Field(f.name, StringSchema)
		values = append(values, String(f.value))
	}
	for _, name := range []string{"ts_ms", "ts_us", "ts_ns"} {
		b.Field(name, OptionalInt64Schema)
	}
	moment := time.Date(2026, 1, 31, 15, 4, 5, 678_901_234, time.UTC)
	values = append(values, Int64(moment.UnixMilli()), Int64(moment.UnixMicro()), Int64(moment.UnixNano()))
	s := Source{Struct{Schema: b.MustBuild(), Values: values}}
	assert.Equal(t, []string{"mysql", "shop", "inventory", "public", "orders"}, []string{s.Connector(), s.Name(), s.Database(), s.SchemaName(), s.Table()})
	assert.True(t, s.Snapshot())
	assert.Equal(t, moment, s.Time(), "the finest that there is")
	s.Values[8] = Value{}
	assert.Equal(t, moment.Truncate(time.Microsecond), s.Time())
	s.Values[7] = Value{}
	assert.Equal(t, moment.Truncate(time.Millisecond), s.Time())
	s.Values[5] = String("false")
	assert.False(t, s.Snapshot())
	assert.True(t, Source{}.Time().IsZero())
}

func TestOpsHaveNames(t *testing.T) {
	for op, want := range map[Op]string{OpCreate: "create", OpUpdate: "update", OpDelete: "delete", OpRead: "read", OpTruncate: "truncate", OpMessage: "message", "x": `op("x")`} {
		assert.Equal(t, want, op.String())
	}
}

func TestAChangeIsSeenWithoutAnAllocation(t *testing.T) {
	r := envelope(OpUpdate, orderRow().Value(), orderRow().Value())
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		c, ok := AsChange(r)
		if !ok || c.Op() != OpUpdate || c.After().Get("id").Int() != 7 || c.Source().Table() != "orders" {
			t.Fail()
		}
	}))
}
