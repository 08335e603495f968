package tailrace_test

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	. "github.com/tailrace-io/tailrace"
)

func TestSemanticSchemasHaveTheTypeOfTheirName(t *testing.T) {
	for name, typ := range map[string]Type{
		DecimalName: TypeBytes, DateName: TypeInt32, TimeName: TypeInt32, TimestampName: TypeInt64,
		DebeziumDateName: TypeInt32, DebeziumTimeName: TypeInt32, MicroTimeName: TypeInt64, NanoTimeName: TypeInt64,
		DebeziumTimestampName: TypeInt64, MicroTimestampName: TypeInt64, NanoTimestampName: TypeInt64, YearName: TypeInt32,
		MicroDurationName: TypeInt64, NanoDurationName: TypeInt64, IntervalName: TypeString, ZonedTimestampName: TypeString, ZonedTimeName: TypeString,
		IsoDateName: TypeString, IsoTimeName: TypeString, IsoTimestampName: TypeString, JSONName: TypeString, XMLName: TypeString, UUIDName: TypeString,
		EnumName: TypeString, EnumSetName: TypeString, LtreeName: TypeString, TsvectorName: TypeString, BitsName: TypeBytes,
	} {
		s := Semantic(name).MustBuild()
		assert.Equal(t, typ, s.Type(), name)
		version, ok := s.Version()
		assert.True(t, ok && version == 1, name)
	}
	for _, name := range []string{"", "shop.Order", PointName, VariableScaleName} {
		_, err := Semantic(name).Build()
		assert.Error(t, err, "%q has no simple type", name)
	}
}

func TestDecimalsAreStoredAsJavaStoresThem(t *testing.T) {
	for n, want := range map[int64][]byte{
		0: {0}, 1: {1}, -1: {0xff}, 127: {0x7f}, 128: {0, 0x80}, -128: {0x80}, -129: {0xff, 0x7f}, 1250: {0x04, 0xe2},
		math.MaxInt64: {0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, math.MinInt64: {0x80, 0, 0, 0, 0, 0, 0, 0},
	} {
		assert.Equal(t, want, AppendUnscaled(nil, n), n)
		assert.Equal(t, want, AppendBigUnscaled(nil, big.NewInt(n)), n)
		assert.Equal(t, n, Unscaled(want).Int64())
	}
	assert.Equal(t, []byte{9, 4, 0xe2}, AppendUnscaled([]byte{9}, 1250), "it appends")
	assert.Zero(t, Unscaled(nil).Sign())
}

func TestDecimalTextHasAllDigitsAndNoExponent(t *testing.T) {
	for _, c := range []struct {
		unscaled string
		scale    int
		want     string
	}{
		{"1250", 2, "12.50"}, {"-1250", 2, "-12.50"}, {"5", 3, "0.005"}, {"-5", 3, "-0.005"}, {"0", 2, "0.00"}, {"0", 0, "0"}, {"0", -3, "0"},
		{"7", 0, "7"}, {"-7", -2, "-700"}, {"1250", 4, "0.1250"}, {"1250", 5, "0.01250"},
		{"123456789012345678901234567890", 10, "12345678901234567890.1234567890"}, {"-123456789012345678901234567890", 30, "-0.123456789012345678901234567890"},
	} {
		n, _ := new(big.Int).SetString(c.unscaled, 10)
		assert.Equal(t, "="+c.want, string(AppendDecimal([]byte("="), AppendBigUnscaled(nil, n), c.scale)))
	}
	assert.Equal(t, "0.00", string(AppendDecimal(nil, nil, 2)), "no bytes are zero")
}

// The bytes of a number of any size are the fewest that hold it, they give the
// number again, and its text means the same number.
func FuzzDecimal(f *testing.F) {
	for _, seed := range []string{"", "\x00", "\x7f", "\x80", "\xff\x7f", "\x04\xe2", strings.Repeat("\xff", 9), "\x00" + strings.Repeat("\x80", 8), strings.Repeat("\x01", 40)} {
		f.Add([]byte(seed), int16(2))
	}
	f.Fuzz(func(t *testing.T, data []byte, scale int16) {
		n := Unscaled(data)
		b := AppendBigUnscaled(nil, n)
		require.Zero(t, Unscaled(b).Cmp(n))
		bits := n.BitLen()
		if n.Sign() < 0 {
			bits = new(big.Int).Not(n).BitLen()
		}
		require.Len(t, b, bits/8+1)
		if n.IsInt64() {
			require.Equal(t, b, AppendUnscaled(nil, n.Int64()))
		}

		text := string(AppendDecimal(nil, data, int(scale)))
		require.Equal(t, text, string(AppendDecimal(nil, b, int(scale))), "however many bytes hold the number")
		got, ok := new(big.Rat).SetString(text)
		require.True(t, ok, text)
		want := new(big.Rat).SetInt(n)
		ten := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(scale, -scale))), nil))
		if scale > 0 {
			want.Quo(want, ten)
		} else {
			want.Mul(want, ten)
		}
		require.Zero(t, got.Cmp(want))
	})
}

func TestAsDecimalReadsBothDecimalTypes(t *testing.T) {
	s, v := dec("1250", 2)
	n, scale, err := AsDecimal(s, v)
	require.NoError(t, err)
	assert.Equal(t, "1250 2", fmt.Sprint(n, scale))
	s, v = variable(-1250, 3)
	n, scale, err = AsDecimal(s, v)
	require.NoError(t, err)
	assert.Equal(t, "-1250 3", fmt.Sprint(n, scale))

	_, _, err = AsDecimal(BytesSchema, Bytes(nil))
	require.ErrorIs(t, err, ErrNotOfType)
	_, _, err = AsDecimal(nil, Bytes(nil))
	require.ErrorIs(t, err, ErrNotOfType)
	_, _, err = AsDecimal(DecimalSchema(2).MustBuild(), String("1"))
	require.ErrorIs(t, err, ErrNotOfType)
	_, err = Scale(Semantic(DecimalName).Parameter("scale", "two").MustBuild())
	require.EqualError(t, err, `the scale parameter "two" of a decimal schema is no number`)
}

func TestAsTimeReadsEveryDateAndTimestamp(t *testing.T) {
	moment := time.Date(2026, 1, 31, 15, 4, 5, 678_901_234, time.UTC)
	day := moment.Truncate(24 * time.Hour)
	before := time.Date(1969, 12, 31, 23, 59, 59, 999_000_000, time.UTC)
	for _, c := range []struct {
		name string
		v    Value
		want time.Time
	}{
		{DateName, Int32(20484), day}, {DebeziumDateName, Int32(20484), day}, {DebeziumDateName, Int32(-1), before.Truncate(24 * time.Hour)},
		{TimestampName, Int64(moment.UnixMilli()), moment.Truncate(time.Millisecond)}, {DebeziumTimestampName, Int64(-1), before},
		{MicroTimestampName, Int64(moment.UnixMicro()), moment.Truncate(time.Microsecond)}, {NanoTimestampName, Int64(moment.UnixNano()), moment},
		{ZonedTimestampName, String("2026-01-31T16:04:05.678901234+01:00"), moment}, {IsoTimestampName, String("2026-01-31T15:04:05.678901234Z"), moment},
		{IsoDateName, String("2026-01-31Z"), day},
	} {
		got, err := AsTime(Semantic(c.name).MustBuild(), c.v)
		require.NoError(t, err, c.name)
		assert.True(t, c.want.Equal(got), "%s: %v", c.name, got)
	}
	for _, s := range []*Schema{nil, Int64Schema, Semantic(TimeName).MustBuild(), Semantic(MicroDurationName).MustBuild()} {
		_, err := AsTime(s, Int64(1))
		require.ErrorIs(t, err, ErrNotOfType)
	}
	_, err := AsTime(Semantic(TimestampName).MustBuild(), Int32(1))
	require.ErrorIs(t, err, ErrNotOfType, "a value of another type than the schema's")
	_, err = AsTime(Semantic(ZonedTimestampName).MustBuild(), String("yesterday"))
	require.Error(t, err)
}

func TestAsDurationReadsTimesOfDayAndDurations(t *testing.T) {
	for name, v := range map[string]Value{
		TimeName: Int32(1500), DebeziumTimeName: Int32(1500), MicroTimeName: Int64(1_500_000), MicroDurationName: Int64(1_500_000),
		NanoTimeName: Int64(1_500_000_000), NanoDurationName: Int64(1_500_000_000),
	} {
		d, err := AsDuration(Semantic(name).MustBuild(), v)
		require.NoError(t, err, name)
		assert.Equal(t, 1500*time.Millisecond, d, name)
	}
	for _, s := range []*Schema{nil, Int64Schema, Semantic(TimestampName).MustBuild()} {
		_, err := AsDuration(s, Int64(1))
		require.ErrorIs(t, err, ErrNotOfType)
	}
	_, err := AsDuration(Semantic(IntervalName).MustBuild(), String("P1M"))
	require.ErrorIs(t, err, ErrNotOfType, "a month has no length")
}

func TestDisplayShowsAValueByItsMeaning(t *testing.T) {
	total, v := dec("1250", 2)
	for _, c := range []struct {
		s    *Schema
		v    Value
		want string
	}{
		{total, v, "12.50"}, {Semantic(DateName).MustBuild(), Int32(20484), "2026-01-31"}, {Semantic(MicroTimestampName).MustBuild(), Int64(1), "1970-01-01T00:00:00.000001Z"},
		{Semantic(MicroTimeName).MustBuild(), Int64(1_500_000), "1.5s"}, {Semantic(JSONName).MustBuild(), String("{}"), "{}"},
		{nil, Int8(1), "1"}, {total, Value{}, "null"}, {total, Unchanged(), "unchanged"}, {Semantic(DateName).MustBuild(), String("odd"), "odd"},
		{orderRow().Schema, orderRow().Value(), "{id: 7, customer_id: 3, status: paid, total: 12.50, note: null}"},
	} {
		assert.Equal(t, c.want, Display(c.s, c.v))
	}
}
