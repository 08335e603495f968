package tailrace_test

import (
	"math"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	. "github.com/tailrace-io/tailrace"
)

// all has a value of each type, no two of them equal.
var all = map[Type]Value{
	TypeNull: {}, TypeUnchanged: Unchanged(), TypeInt8: Int8(-7), TypeInt16: Int16(-7), TypeInt32: Int32(-7), TypeInt64: Int64(-7),
	TypeFloat32: Float32(1.5), TypeFloat64: Float64(1.5), TypeBoolean: Boolean(true), TypeString: String("a"), TypeBytes: Bytes([]byte("a")),
	TypeArray: Array([]Value{Int8(1)}), TypeMap: Map([]Value{Int8(1), Int8(2)}), TypeStruct: StructOf([]Value{Int8(1)}),
}

func TestAValueIsThreeWords(t *testing.T) {
	assert.Equal(t, uintptr(24), unsafe.Sizeof(Value{}))
}

func TestTheZeroValueIsNull(t *testing.T) {
	assert.True(t, Value{}.IsNull())
	assert.Equal(t, TypeNull, Value{}.Type())
	assert.Equal(t, "null", Value{}.String())
}

func TestAValueKnowsItsTypeAndNothingElse(t *testing.T) {
	for typ, v := range all {
		assert.Equal(t, typ, v.Type())
		assert.Equal(t, typ == TypeNull, v.IsNull(), typ)
		assert.Equal(t, typ == TypeUnchanged, v.IsUnchanged(), typ)
		for other, w := range all {
			assert.Equal(t, typ == other, v.Equal(w), "%s and %s", typ, other)
		}
	}
}

func TestAnAccessorOfAnotherTypeGivesItsZeroValue(t *testing.T) {
	for typ, v := range all {
		assert.Equal(t, typ >= TypeInt8 && typ <= TypeInt64, v.Int() == -7, typ)
		assert.Equal(t, typ == TypeFloat32 || typ == TypeFloat64, v.Float() == 1.5, typ)
		assert.Equal(t, typ == TypeBoolean, v.Bool(), typ)
		assert.Equal(t, typ == TypeString, v.Text() == "a", typ)
		assert.Equal(t, typ == TypeString || typ == TypeBytes, string(v.Bytes()) == "a", typ)
		assert.Equal(t, typ == TypeArray, v.Elems() != nil, typ)
		assert.Equal(t, typ == TypeMap, v.Entries() != nil, typ)
		assert.Equal(t, typ == TypeStruct, v.Fields() != nil, typ)
	}
}

func TestNumbersKeepEveryBit(t *testing.T) {
	for _, n := range []int64{0, 1, -1, math.MaxInt8, math.MinInt8, math.MaxInt64, math.MinInt64} {
		assert.Equal(t, n, Int64(n).Int())
		assert.Equal(t, int64(int8(n)), Int8(int8(n)).Int())
		assert.Equal(t, int64(int16(n)), Int16(int16(n)).Int())
		assert.Equal(t, int64(int32(n)), Int32(int32(n)).Int())
		assert.True(t, Int32(int32(n)).Equal(Integer(TypeInt32, int64(int32(n)))))
	}
	assert.Equal(t, TypeInt64, Integer(TypeString, 7).Type(), "a type that is no integer's")
	for _, f := range []float64{0, math.Copysign(0, -1), 0.1, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(-1)} {
		assert.Equal(t, math.Float64bits(f), math.Float64bits(Float64(f).Float()))
		assert.Equal(t, math.Float32bits(float32(f)), math.Float32bits(float32(Float32(float32(f)).Float())))
	}
}

func TestNaNEqualsItself(t *testing.T) {
	assert.True(t, Float64(math.NaN()).Equal(Float64(math.NaN())))
	assert.False(t, Float64(math.NaN()).Equal(Float64(0)))
	assert.True(t, Float32(float32(math.NaN())).Equal(Float32(float32(math.NaN()))))
}

func TestEmptyAndNilMemoryAreValues(t *testing.T) {
	for _, v := range []Value{String(""), Bytes(nil), Bytes([]byte{}), Array(nil), Map(nil), StructOf(nil)} {
		assert.False(t, v.IsNull(), v.Type())
		assert.Zero(t, v.Size())
		assert.Empty(t, v.Bytes())
	}
	assert.True(t, Bytes(nil).Equal(Bytes([]byte{})))
}

func TestEqualLooksInside(t *testing.T) {
	nested := func(text string) Value {
		return StructOf([]Value{Array([]Value{Map([]Value{String("k"), String(text)})}), Int8(1)})
	}
	assert.True(t, nested("a").Equal(nested(strings.Clone("a"))))
	assert.False(t, nested("a").Equal(nested("b")))
	assert.False(t, Array([]Value{Int8(1)}).Equal(Array([]Value{Int8(1), Int8(2)})))
	assert.False(t, Map([]Value{Int8(1), Int8(1), Int8(2), Int8(2)}).Equal(Map([]Value{Int8(2), Int8(2), Int8(1), Int8(1)})), "the order of entries counts")
}

func TestAMapsLastKeyWithoutAValueHasANullOne(t *testing.T) {
	odd := make([]Value, 1, 2)
	odd[0] = String("k")
	m := Map(odd)
	require.Len(t, m.Entries(), 2)
	assert.True(t, m.Entries()[1].IsNull())
	odd = append(odd, String("another's"))
	assert.True(t, m.Entries()[1].IsNull(), "the caller's memory is left alone")
	assert.Len(t, odd, 2)
}

func TestSizeCountsWhatAValueHoldsOnTo(t *testing.T) {
	assert.Equal(t, 0, Int64(7).Size())
	assert.Equal(t, 4, String("paid").Size())
	assert.Equal(t, 24+24+4, Array([]Value{Int8(1), String("paid")}).Size())
	assert.Equal(t, 24+24, StructOf([]Value{Array([]Value{Int8(1)})}).Size())
}

func TestStringShowsAValueToAPerson(t *testing.T) {
	for want, v := range map[string]Value{
		"-7": Int8(-7), "1.5": Float32(1.5), "0.1": Float32(0.1), "1e+21": Float64(1e21), "true": Boolean(true), "unchanged": Unchanged(),
		"paid": String("paid"), "AAH/": Bytes([]byte{0, 1, 255}), "[1, null, a]": Array([]Value{Int8(1), {}, String("a")}),
		"{a: 1, b: 2}": Map([]Value{String("a"), Int8(1), String("b"), Int8(2)}), "{1, [x]}": StructOf([]Value{Int8(1), Array([]Value{String("x")})}),
		"[]": Array(nil), "{}": Map(nil),
	} {
		assert.Equal(t, want, v.String())
	}
}

func TestTypesHaveConnectsNames(t *testing.T) {
	assert.Equal(t, "int8", TypeInt8.String())
	assert.Equal(t, "float64", TypeFloat64.String())
	assert.Equal(t, "struct", TypeStruct.String())
	assert.Equal(t, "type(99)", Type(99).String())
}

func TestScalarsAreMadeWithoutAnAllocation(t *testing.T) {
	text, data := "paid", []byte{1}
	var sink Value
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		for _, v := range [...]Value{Int64(7), Float64(1.5), Boolean(true), String(text), Bytes(data)} {
			sink = v
		}
	}))
	assert.Equal(t, TypeBytes, sink.Type())
}
