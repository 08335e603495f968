package tailrace_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	. "github.com/tailrace-io/tailrace"
)

// column makes a struct of one column, which is called c.
func column(s *Schema, v Value) Struct {
	schema := NewSchema(TypeStruct).Name("shop.t.Value").Field("c", s).MustBuild()
	return Struct{Schema: schema, Values: []Value{v}}
}

// decodeAs decodes a column into a Go type.
func decodeAs(t reflect.Type, s *Schema, v Value) (any, error) {
	row := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "C", Type: t}}))
	err := column(s, v).Decode(row.Interface())
	return row.Elem().Field(0).Interface(), err
}

func optional(s *Schema) *Schema { return s.Builder().Optional().MustBuild() }

func semantic(name string) *Schema { return Semantic(name).MustBuild() }

func ptr[T any](v T) *T { return &v }

// dec is a decimal column and its value.
func dec(unscaled string, scale int) (*Schema, Value) {
	n, ok := new(big.Int).SetString(unscaled, 10)
	if !ok {
		panic(unscaled)
	}
	return DecimalSchema(scale).MustBuild(), Decimal(n)
}

func variable(unscaled int64, scale int32) (*Schema, Value) {
	s := NewSchema(TypeStruct).Name(VariableScaleName).Field("scale", Int32Schema).Field("value", BytesSchema).MustBuild()
	return s, StructOf([]Value{Int32(scale), Bytes(AppendUnscaled(nil, unscaled))})
}

type level int8 // a named type of the application's own

type upper string // reads text by a method

func (u *upper) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		return errors.New("there is no text")
	}
	*u = upper(strings.ToUpper(string(b)))
	return nil
}

type scanned struct{ src any } // reads what a database driver gives

func (s *scanned) Scan(src any) error { s.src = src; return nil }

func TestDecodeGivesEachTypeItsOwn(t *testing.T) {
	moment := time.Date(2026, 1, 31, 15, 4, 5, 678_901_000, time.UTC)
	micros := moment.UnixMicro()
	d12, v12 := dec("1250", 2)
	d7, v7 := dec("7", 0)
	dBig, vBig := dec("123456789012345678901234567890", 0)
	dRound, vRound := dec("700", 2)
	dUint, vUint := dec("18446744073709551615", 0)
	dWide, vWide := dec("3", -3)
	dVar, vVar := variable(-1250, 3)
	point := NewSchema(TypeStruct).Name(PointName).Field("x", Float64Schema).Field("y", Float64Schema).MustBuild()
	ints := NewSchema(TypeArray).Elem(OptionalInt32Schema).MustBuild()
	tags := NewSchema(TypeMap).Key(StringSchema).Elem(Int64Schema).MustBuild()
	for _, c := range []struct {
		schema *Schema
		value  Value
		want   any
	}{
		{Int8Schema, Int8(-7), int8(-7)}, {Int8Schema, Int8(-7), int64(-7)}, {Int16Schema, Int16(300), int(300)},
		{Int64Schema, Int64(127), int8(127)}, {Int64Schema, Int64(math.MinInt64), int64(math.MinInt64)}, {Int32Schema, Int32(3), level(3)},
		{Int16Schema, Int16(200), uint8(200)}, {Int64Schema, Int64(math.MaxInt64), uint64(math.MaxInt64)},
		{d7, v7, 7}, {dRound, vRound, int8(7)}, {dUint, vUint, uint64(math.MaxUint64)}, {dWide, vWide, 3000},
		{Float32Schema, Float32(1.5), float32(1.5)}, {Float32Schema, Float32(1.5), 1.5}, {Float64Schema, Float64(1.5), float32(1.5)},
		{Float64Schema, Float64(math.Inf(1)), float32(math.Inf(1))}, {Int32Schema, Int32(3), 3.0}, {d12, v12, 12.5}, {dVar, vVar, -1.25},
		{BooleanSchema, Boolean(true), true}, {Int16Schema, Int16(1), true}, {Int16Schema, Int16(0), false},
		{StringSchema, String("paid"), "paid"}, {semantic(EnumName), String("paid"), "paid"}, {semantic(JSONName), String("{}"), "{}"},
		{d12, v12, "12.50"}, {dBig, vBig, "123456789012345678901234567890"}, {dVar, vVar, "-1.250"}, {dWide, vWide, "3000"},
		{BytesSchema, Bytes([]byte{0, 1}), []byte{0, 1}}, {BytesSchema, Bytes(nil), []byte{}}, {StringSchema, String("ab"), []byte("ab")},
		{semantic(JSONName), String(`{"a":1}`), json.RawMessage(`{"a":1}`)}, {StringSchema, String(`[1]`), json.RawMessage(`[1]`)},
		{semantic(MicroTimestampName), Int64(micros), moment}, {semantic(ZonedTimestampName), String("2026-01-31T15:04:05.678901Z"), moment},
		{semantic(DateName), Int32(20484), time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)}, {semantic(MicroTimestampName), Int64(micros), micros},
		{StringSchema, String("2026-01-31T15:04:05.678901Z"), moment}, {StringSchema, String("2026-01-31T15:04:05.678901"), moment},
		{StringSchema, String("2026-01-31 15:04:05.678901"), moment}, {StringSchema, String("2026-01-31"), moment.Truncate(24 * time.Hour)},
		{semantic(MicroTimeName), Int64(-1_000_000), -time.Second}, {semantic(TimeName), Int32(1500), 1500 * time.Millisecond},
		{Int64Schema, Int64(7), *big.NewInt(7)}, {dBig, vBig, vBigInt(vBig)}, {StringSchema, String("7"), big.NewInt(7)}, {dWide, vWide, big.NewInt(3000)},
		{d12, v12, *big.NewRat(25, 2)}, {Int8Schema, Int8(7), big.NewRat(7, 1)}, {StringSchema, String("-12.50"), big.NewRat(-25, 2)}, {dWide, vWide, big.NewRat(3000, 1)},
		{StringSchema, String("paid"), upper("PAID")}, {d12, v12, upper("12.50")}, {Int8Schema, Int8(7), upper("7")},
		{StringSchema, String("10.0.0.1"), netip.MustParseAddr("10.0.0.1")}, {semantic(DateName), Int32(20484), upper("2026-01-31T00:00:00Z")},
		{d12, v12, scanned{"12.50"}}, {Int8Schema, Int8(7), scanned{int64(7)}}, {Float32Schema, Float32(1.5), scanned{1.5}},
		{BooleanSchema, Boolean(true), scanned{true}}, {StringSchema, String("a"), scanned{"a"}}, {BytesSchema, Bytes([]byte("a")), scanned{[]byte("a")}},
		{semantic(MicroTimestampName), Int64(micros), scanned{moment}}, {semantic(MicroTimeName), Int64(-3_723_000_400), scanned{"-01:02:03.0004"}},
		{OptionalStringSchema, Value{}, scanned{nil}}, {OptionalStringSchema, String("a"), sql.NullString{String: "a", Valid: true}},
		{OptionalStringSchema, Value{}, sql.NullString{}}, {Int64Schema, Int64(7), sql.Null[int64]{V: 7, Valid: true}},
		{StringSchema, String("a"), String("a")}, {OptionalStringSchema, Value{}, Value{}},
		{OptionalStringSchema, String("a"), ptr("a")}, {OptionalStringSchema, Value{}, (*string)(nil)}, {OptionalStringSchema, String("a"), ptr(ptr("a"))},
		{optional(d12), Value{}, (*big.Rat)(nil)}, {OptionalBytesSchema, Value{}, []byte(nil)}, {optional(semantic(JSONName)), Value{}, json.RawMessage(nil)},
		{ints, Array([]Value{Int32(1), {}}), []*int32{ptr(int32(1)), nil}}, {ints, Array(nil), []int{}}, {optional(ints), Value{}, []int(nil)},
		{tags, Map([]Value{String("a"), Int64(1), String("b"), Int64(2)}), map[string]int{"a": 1, "b": 2}}, {optional(tags), Value{}, map[string]int(nil)},
		{point, StructOf([]Value{Float64(1), Float64(2)}), struct{ X, Y float64 }{1, 2}}, {optional(point), Value{}, (*struct{ X float64 })(nil)},
		{NewSchema(TypeString).Default(String("new")).MustBuild(), Value{}, "new"},
	} {
		got, err := decodeAs(reflect.TypeOf(c.want), c.schema, c.value)
		name := fmt.Sprintf("%s %s into a %T", c.schema.Name(), c.schema.Type(), c.want)
		if assert.NoError(t, err, name) {
			assert.Equal(t, c.want, got, name)
		}
	}
}

func vBigInt(v Value) big.Int { return *Unscaled(v.Bytes()) }

func TestDecodeRefusesWhatDoesNotFit(t *testing.T) {
	d12, v12 := dec("1255", 2)
	dBig, vBig := dec("123456789012345678901234567890", 0)
	dNeg, vNeg := dec("-1", 0)
	ints := NewSchema(TypeArray).Elem(OptionalInt32Schema).MustBuild()
	tags := NewSchema(TypeMap).Key(StringSchema).Elem(OptionalInt64Schema).MustBuild()
	for _, c := range []struct {
		schema *Schema
		value  Value
		into   any
		says   string
	}{
		{Int16Schema, Int16(128), int8(0), "the number does not fit"}, {Int16Schema, Int16(256), uint8(0), "the number does not fit"},
		{Int64Schema, Int64(-1), uint64(0), "bigint.unsigned.handling.mode"}, {dNeg, vNeg, uint64(0), "the number does not fit"},
		{dBig, vBig, int64(0), "the number does not fit"}, {d12, v12, int64(0), "the number is not whole"}, {d12, v12, big.Int{}, "the number is not whole"},
		{Float64Schema, Float64(1e300), float32(0), "the number does not fit"}, {Int8Schema, Int8(2), false, "neither 0 nor 1"}, {Int8Schema, Int8(-1), false, "neither 0 nor 1"},
		{StringSchema, String("secret"), time.Time{}, "no time"}, {semantic(ZonedTimestampName), String("secret"), time.Time{}, "no time"},
		{StringSchema, String("secret"), big.Int{}, "no whole number"}, {StringSchema, String("1e999999999"), big.Rat{}, "no decimal number"},
		{StringSchema, String("secret"), json.RawMessage{}, "no JSON"}, {StringSchema, String(""), upper(""), "UnmarshalText gives a *errors.errorString"},
		{StringSchema, String("secret"), sql.NullInt64{}, "Scan gives a"},
		{OptionalStringSchema, Value{}, "", "column c is null: make .C a *string"}, {OptionalInt8Schema, Value{}, int8(0), "make .C a *int8"},
		{OptionalStringSchema, Value{}, upper(""), "make .C a *tailrace_test.upper"}, {optional(semantic(DateName)), Value{}, time.Time{}, "make .C a *time.Time"},
		{ints, Array([]Value{Int32(1), {}}), []int{}, "column c is null in element 1, and .C, a []int, takes no null there"},
		{tags, Map([]Value{String("a"), {}}), map[string]int{}, "column c is null in the value of entry 0"},
		{tags, Map([]Value{{}, Int64(1)}), map[string]int{}, "column c is null in the key of entry 0"},
		{StringSchema, Int8(1), "", "the value is a int8 where the schema says string"}, {ints, Int8(1), []int{}, "the schema says array"},
		{tags, Int8(1), map[string]int{}, "the schema says map"}, {BytesSchema, Int8(1), []byte{}, "the schema says bytes"},
		{semantic(JSONName), Int8(1), json.RawMessage{}, "the schema says string"}, {StringSchema, Int8(1), scanned{}, "the schema says string"},
	} {
		_, err := decodeAs(reflect.TypeOf(c.into), c.schema, c.value)
		name := fmt.Sprintf("%s %s into a %T", c.schema.Name(), c.schema.Type(), c.into)
		if assert.ErrorContains(t, err, c.says, name) {
			assert.ErrorContains(t, err, "decode shop.t.Value into struct")
			assert.ErrorContains(t, err, "column c")
			assert.NotContains(t, err.Error(), "secret", "values are not shown")
		}
	}
}

func TestDecodeRefusesTypesThatDoNotGoTogetherWhateverTheValue(t *testing.T) {
	d12, _ := dec("1250", 2)
	ints := NewSchema(TypeArray).Elem(Int32Schema).MustBuild()
	tags := NewSchema(TypeMap).Key(StringSchema).Elem(Int64Schema).MustBuild()
	for _, c := range []struct {
		schema *Schema
		into   any
		says   string
	}{
		{StringSchema, 7, "a string, does not go into field .C, a int: that takes integers, and decimals that are whole numbers"},
		{StringSchema, uint(7), "that takes integers"}, {StringSchema, 1.5, "that takes numbers"}, {StringSchema, true, "that takes booleans and the numbers 0 and 1"},
		{Int32Schema, "", "that takes text and decimals"}, {Int32Schema, []byte{}, "that takes bytes and text"}, {d12, []byte{}, "that takes bytes and text"},
		{d12, true, "a org.apache.kafka.connect.data.Decimal (bytes), does not go into field .C, a bool"},
		{BytesSchema, json.RawMessage{}, "that takes JSON text"}, {Int64Schema, time.Time{}, "that takes dates and timestamps, and their text"},
		{Int64Schema, time.Duration(0), "that takes times of day and durations"}, {Float64Schema, big.Int{}, "that takes integers, decimals that are whole numbers, and their text"},
		{Float64Schema, big.Rat{}, "that takes integers, decimals and their text"}, {BytesSchema, upper(""), "that takes text, and what has one"},
		{ints, scanned{}, "that takes no arrays, maps and structs"}, {ints, []string{}, "its elements, a int32, do not go into a string"}, {Int32Schema, []int{}, "that takes arrays"},
		{tags, map[int]int{}, "its keys, a string, do not go into a int"}, {tags, map[string]string{}, "its values, a int64, do not go into a string"},
		{Int32Schema, map[string]int{}, "that takes maps"}, {Int32Schema, struct{ X int }{}, "that takes structs"}, {Int32Schema, make(chan int), "tailrace.Value takes any"},
		{Int32Schema, [4]byte{}, "tailrace.Value takes any"}, {Int32Schema, ptr(""), "that takes text and decimals"},
	} {
		_, err := decodeAs(reflect.TypeOf(c.into), c.schema, Value{})
		assert.ErrorContains(t, err, c.says, "%s into a %T", c.schema.Type(), c.into)
	}
}

// Whatever the schema, the type and the value: an error at worst, no panic.
func TestDecodeNeverPanics(t *testing.T) {
	schemas := []*Schema{
		NewSchema(TypeArray).Elem(OptionalInt8Schema).MustBuild(), NewSchema(TypeMap).Key(OptionalInt8Schema).Elem(OptionalInt8Schema).MustBuild(),
		NewSchema(TypeStruct).Field("a", OptionalInt8Schema).MustBuild(), NewSchema(TypeStruct).Name(VariableScaleName).Field("a", Int8Schema).MustBuild(),
		Semantic(DecimalName).MustBuild(), DecimalSchema(1 << 40).MustBuild(), DecimalSchema(-1 << 40).MustBuild(),
	}
	for typ := TypeInt8; typ <= TypeBytes; typ++ {
		schemas = append(schemas, NewSchema(typ).Optional().MustBuild())
	}
	for _, name := range []string{DateName, TimestampName, ZonedTimestampName, MicroTimeName, JSONName, IntervalName, BitsName} {
		schemas = append(schemas, semantic(name))
	}
	s, _ := variable(1, 1)
	schemas = append(schemas, s)
	values := []Value{Array([]Value{{}}), Map([]Value{{}, {}}), StructOf(nil), StructOf([]Value{Int8(1), Int8(2)}), StructOf([]Value{Int32(1 << 30), Bytes([]byte{1})}), Bytes(make([]byte, 20))}
	for _, v := range all {
		values = append(values, v)
	}
	for _, into := range []any{
		int8(0), uint(0), float32(0), false, "", level(0), []byte{}, [2]byte{}, []int{}, []any{}, map[int8]int8{}, map[string]any{}, struct{ A int }{}, struct{ B *int }{},
		ptr(0), ptr(""), time.Time{}, time.Duration(0), big.Int{}, big.Rat{}, big.NewInt(0), json.RawMessage{}, upper(""), scanned{}, sql.NullTime{},
		Value{}, []Value{}, map[Value]Value{}, errors.New, complex(1, 1), make(chan int), netip.Addr{}, unsafe.Pointer(nil), uintptr(0), any(nil), (*error)(nil),
	} {
		typ := reflect.TypeOf(into)
		if typ == nil {
			typ = reflect.TypeFor[any]()
		}
		row := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "C", Type: typ}})).Interface()
		for _, s := range schemas {
			c := column(s, Value{})
			for _, v := range values {
				c.Values[0] = v
				c.Decode(row)
			}
		}
	}
}

func orderRow() Struct {
	s := NewSchema(TypeStruct).Name("shop.orders.Value").
		Field("id", Int64Schema).Field("customer_id", Int32Schema).Field("status", StringSchema).
		Field("total", DecimalSchema(2).Optional().MustBuild()).Field("note", OptionalStringSchema).MustBuild()
	return Struct{Schema: s, Values: []Value{Int64(7), Int32(3), String("paid"), Decimal(big.NewInt(1250)), {}}}
}

func TestDecodeMatchesFieldsAndColumnsByTagOrName(t *testing.T) {
	type Keys struct {
		ID         int64
		CustomerID int32
	}
	type base struct{ Status string }
	var got struct {
		Keys
		base
		Sum    string  `tailrace:"total"`
		Note   *string `tailrace:",optional"`
		Gone   string  `tailrace:"gone,optional"`
		Local  string  `tailrace:"-"`
		hidden string
	}
	got.Local, got.Gone, got.hidden = "mine", "mine", "mine"
	require.NoError(t, orderRow().Decode(&got))
	assert.Equal(t, Keys{7, 3}, got.Keys)
	assert.Equal(t, "paid", got.Status)
	assert.Equal(t, "12.50", got.Sum)
	assert.Nil(t, got.Note)
	assert.Equal(t, []string{"mine", "mine", "mine"}, []string{got.Local, got.Gone, got.hidden})
}

func TestDecodeReportsAllFieldsThatHaveNoPlaceAtOnce(t *testing.T) {
	type Order struct {
		ID     string
		Price  string
		Weight float64 `tailrace:"weight"`
		note   string  `tailrace:"note"`
		Total  string  `tailrace:"total,omitempty"`
	}
	for range 2 { // the second comes from the cache
		err := orderRow().Decode(&Order{note: ""})
		require.ErrorContains(t, err, "decode shop.orders.Value into tailrace_test.Order")
		assert.ErrorContains(t, err, "column id, a int64, does not go into field Order.ID, a string")
		assert.ErrorContains(t, err, `field Order.Price has no column; the columns are id, customer_id, status, total, note: name one in a tag as in tailrace:"column", or "-" for none`)
		assert.ErrorContains(t, err, "field Order.Weight has no column")
		assert.ErrorContains(t, err, "field Order.note has a tag but is not exported")
		assert.ErrorContains(t, err, `the tag "total,omitempty" of field Order.Total should be`)
	}
}

func TestDecodeRefusesANameThatMayMeanTwoColumns(t *testing.T) {
	s := NewSchema(TypeStruct).Field("order_id", Int64Schema).Field("orderid", Int64Schema).MustBuild()
	row := Struct{Schema: s, Values: []Value{Int64(1), Int64(2)}}
	err := row.Decode(&struct{ OrderID int64 }{})
	require.ErrorContains(t, err, `it may mean column order_id or column orderid: say which in a tag as in tailrace:"orderid"`)
	var got struct {
		A int64 `tailrace:"order_id"`
		B int64 `tailrace:"orderid"`
	}
	require.NoError(t, row.Decode(&got))
	assert.Equal(t, []int64{1, 2}, []int64{got.A, got.B})
}

func TestDecodeNeedsAPointerToAStruct(t *testing.T) {
	var order struct{ ID int64 }
	var nothing *struct{ ID int64 }
	text := ""
	for _, dst := range []any{nil, order, nothing, &text, map[string]any{}} {
		require.ErrorContains(t, orderRow().Decode(dst), "it should be a pointer to a struct")
	}
	require.ErrorContains(t, Struct{}.Decode(&order), "there is no struct to decode")
	short := orderRow()
	short.Values = short.Values[:0]
	require.ErrorContains(t, short.Decode(&order), "there are 0 values, and none for column id")
}

func TestDecodedFieldsHaveMemoryOfTheirOwn(t *testing.T) {
	text := []byte("paid")
	var slab Slab
	v := slab.CopyString(text)
	row := Struct{Schema: NewSchema(TypeStruct).Field("s", StringSchema).Field("b", BytesSchema).MustBuild(), Values: []Value{v, Bytes(text)}}
	var got struct {
		S string
		B []byte
	}
	require.NoError(t, row.Decode(&got))
	clear(v.Bytes())
	clear(text)
	assert.Equal(t, "paid", got.S)
	assert.Equal(t, []byte("paid"), got.B)
}

// envelope makes a change as Debezium's connectors do.
func envelope(op Op, before, after Value) *Record {
	row := optional(orderRow().Schema)
	source := NewSchema(TypeStruct).Name("io.debezium.connector.mysql.Source").Field("table", StringSchema).Field("ts_ms", Int64Schema).MustBuild()
	env := NewSchema(TypeStruct).Name("shop.orders.Envelope").Field("before", row).Field("after", row).
		Field("source", source).Field("op", StringSchema).Field("ts_ms", OptionalInt64Schema).MustBuild()
	key := NewSchema(TypeStruct).Name("shop.orders.Key").Field("id", Int64Schema).MustBuild()
	return &Record{
		Topic: "shop.orders", KeySchema: key, Key: StructOf([]Value{Int64(7)}), ValueSchema: env,
		Value: StructOf([]Value{before, after, StructOf([]Value{String("orders"), Int64(1_700_000_000_000)}), String(string(op)), {}}),
	}
}

type order struct {
	ID     int64
	Status string
	Total  string
	Note   *string
}

func TestDecodeChangeGivesBothRowsAndWhatTheLogLeftOut(t *testing.T) {
	row := orderRow().Values
	before := StructOf([]Value{row[0], row[1], String("new"), row[3], row[4]})
	after := StructOf([]Value{row[0], row[1], row[2], row[3], Unchanged()})
	r := envelope(OpUpdate, before, after)
	c, ok := AsChange(r)
	require.True(t, ok)
	got, err := DecodeChange[order](c)
	require.NoError(t, err)
	assert.Equal(t, OpUpdate, got.Op)
	assert.Equal(t, &order{7, "new", "12.50", nil}, got.Before)
	assert.Equal(t, &order{7, "paid", "12.50", nil}, got.After)
	assert.Same(t, got.After, got.Row())
	assert.Equal(t, []string{"note"}, got.Unchanged)
	assert.Equal(t, int64(7), got.Key.Get("id").Int())
	assert.Equal(t, "orders", got.Source.Table())
	assert.Same(t, r, got.Record)
}

func TestDecodeChangeOfARowThatIsGone(t *testing.T) {
	c, _ := AsChange(envelope(OpDelete, orderRow().Value(), Value{}))
	got, err := DecodeChange[order](c)
	require.NoError(t, err)
	assert.Nil(t, got.After)
	assert.Same(t, got.Before, got.Row())
	var row order
	require.NoError(t, c.Decode(&row))
	assert.Equal(t, *got.Before, row)
}

func TestDecodeChangeOfATruncatedTableHasNoRow(t *testing.T) {
	c, _ := AsChange(envelope(OpTruncate, Value{}, Value{}))
	got, err := DecodeChange[order](c)
	require.NoError(t, err)
	assert.Nil(t, got.Row())
	require.ErrorContains(t, c.Decode(&order{}), "decode a change of topic shop.orders: a truncate has no row")
}

func TestDecodeChangeSaysWhichRowDoesNotFit(t *testing.T) {
	type strict struct{ Note string }
	c, _ := AsChange(envelope(OpCreate, Value{}, orderRow().Value()))
	_, err := DecodeChange[strict](c)
	require.ErrorContains(t, err, "the row after: decode shop.orders.Value into tailrace_test.strict: column note is null: make strict.Note a *string")
	c, _ = AsChange(envelope(OpDelete, orderRow().Value(), Value{}))
	_, err = DecodeChange[strict](c)
	require.ErrorContains(t, err, "the row before: ")
}

func TestDecodeLeavesUnchangedColumnsAsTheyAre(t *testing.T) {
	row := orderRow()
	row.Values[2] = Unchanged()
	got := order{Status: "as it was"}
	require.NoError(t, row.Decode(&got))
	assert.Equal(t, "as it was", got.Status)
	assert.Equal(t, "12.50", got.Total)
}

func BenchmarkDecode(b *testing.B) {
	row := orderRow()
	row.Values[4] = String("leave it at the door")
	b.Run("numbers", func(b *testing.B) {
		var dst struct {
			ID         int64
			CustomerID int32
		}
		b.ReportAllocs()
		for b.Loop() {
			if err := row.Decode(&dst); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("order", func(b *testing.B) {
		var dst order
		b.ReportAllocs()
		for b.Loop() {
			if err := row.Decode(&dst); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("change", func(b *testing.B) {
		c, _ := AsChange(envelope(OpUpdate, row.Value(), row.Value()))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := DecodeChange[order](c); err != nil {
				b.Fatal(err)
			}
		}
	})
}
