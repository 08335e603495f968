package tailrace_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	. "github.com/tailrace-io/tailrace"
)

func TestAStructIsAViewOfItsSchemaAndValue(t *testing.T) {
	row := orderRow()
	s := AsStruct(row.Schema, row.Value())
	assert.False(t, s.IsZero())
	assert.Equal(t, int64(7), s.Get("id").Int())
	assert.Equal(t, "paid", s.Get("status").Text())
	v, ok := s.Lookup("note")
	assert.True(t, ok)
	assert.True(t, v.IsNull())
	_, ok = s.Lookup("nothing")
	assert.False(t, ok)
	assert.True(t, s.Get("nothing").IsNull())
	assert.True(t, s.Value().Equal(row.Value()))
}

func TestTheZeroStructStandsForNull(t *testing.T) {
	for _, s := range []Struct{{}, AsStruct(nil, StructOf(nil)), AsStruct(Int8Schema, Int8(1)), AsStruct(orderRow().Schema, Value{})} {
		assert.True(t, s.IsZero())
		assert.True(t, s.Value().IsNull())
		assert.True(t, s.Get("id").IsNull())
		assert.True(t, s.Struct("id").IsZero())
		assert.Equal(t, "null", s.String())
		assert.ErrorContains(t, s.Set("id", Int8(1)), "set id: there is no struct")
	}
}

func TestAStructWithFewerValuesThanFieldsDoesNotPanic(t *testing.T) {
	s := Struct{Schema: orderRow().Schema, Values: []Value{Int64(7)}}
	_, ok := s.Lookup("note")
	assert.False(t, ok)
	assert.True(t, s.Struct("note").IsZero())
	assert.Equal(t, "{id: 7, customer_id: missing, status: missing, total: missing, note: missing}", s.String())
}

func TestSetPutsInWhatTheSchemaAllows(t *testing.T) {
	s := NewStruct(orderRow().Schema)
	require.NoError(t, s.Set("id", Int64(9)))
	assert.Equal(t, int64(9), s.Get("id").Int())
	assert.EqualError(t, s.Set("id", String("9")), "set id: string where the schema requires int64")
	assert.EqualError(t, s.Set("price", Int8(1)), "set price: the schema shop.orders.Value has no such field")
	assert.Equal(t, int64(9), s.Get("id").Int())
}

func TestAStructShowsItselfByWhatItsSchemaSays(t *testing.T) {
	point := NewSchema(TypeStruct).Field("x", Float64Schema).MustBuild()
	s := NewSchema(TypeStruct).Field("id", Int8Schema).Field("at", point).Field("total", DecimalSchema(2).MustBuild()).
		Field("day", Semantic(DateName).MustBuild()).Field("note", OptionalStringSchema).MustBuild()
	row := Struct{Schema: s, Values: []Value{Int8(1), StructOf([]Value{Float64(1.5)}), Decimal(big.NewInt(1250)), Int32(20484), Unchanged()}}
	assert.Equal(t, "{id: 1, at: {x: 1.5}, total: 12.50, day: 2026-01-31, note: unchanged}", row.String())
	assert.Equal(t, 1.5, row.Struct("at").Get("x").Float())
	assert.True(t, row.Struct("id").IsZero(), "a field that is no struct")
}
