package jdbc

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
)

func FuzzOffset(f *testing.F) {
	f.Add(`{"protocol":"1","table":"orders"}`, `{"incrementing":7}`)
	f.Add(`{"table":"orders"}`, `{"timestamp":1769871845123,"timestamp_nanos":123456789}`)
	f.Add(`{"query":"query"}`, `{"incrementing":-9223372036854775808,"timestamp":-1}`)
	f.Add(`{"protocol":"1","table":"a\u0000b"}`, `{}`)
	f.Add(`null`, `[]`)
	f.Fuzz(func(t *testing.T, partition, text string) {
		if p, err := parsePosition(text); err == nil {
			q, err := parsePosition(p.text())
			require.NoError(t, err, p.text())
			require.True(t, p.equal(q), "%q became %q", text, p.text())
		}
		s, err := readOffsets([]tailrace.Offset{{Partition: partition, Position: text}})
		if err != nil {
			return
		}
		for name := range s.qualified {
			_, back, ok := s.of(Table{Name: name})
			require.True(t, ok)
			require.Equal(t, partition, back, "a partition keeps its spelling")
		}
	})
}

func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"2024-02-29", "2024-02-29 23:59", "2024-02-29T23:59:58.123456789Z", "2024-02-29 23:59:58 +01:00", "2024-02-29T23:59:58-0100", "0000-00-00 00:00:00", "2024-02-29é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := ParseTime(text, time.UTC)
		if !ok {
			return
		}
		if usual, ok := parseUsual(text, time.UTC); ok {
			slow, err := time.Parse("2006-01-02"+text[10:11]+"15:04:05Z07:00", strings.TrimSuffix(text, "Z")+"Z")
			require.NoError(t, err, text)
			require.True(t, usual.Equal(slow), text)
		}
		again, ok := ParseTime(got.UTC().Format("2006-01-02 15:04:05.999999999"), time.UTC)
		require.True(t, ok || got.UTC().Year() > 9999 || got.UTC().Year() < 0, text)
		require.True(t, !ok || got.Equal(again), text)
	})
}

func FuzzDecimal(f *testing.F) {
	for _, seed := range []string{"12.345", "-0.005", "1e3", "1E-400", "0x10", "1_0", "+7", ".5", "5.", "1e99999", "-.e", ""} {
		f.Add(seed, uint8(2))
	}
	f.Fuzz(func(t *testing.T, text string, scale uint8) {
		got, ok := unscaled([]byte(text), int(scale))
		if !ok || len(text) > 100 {
			return
		}
		if small, ok := smallUnscaled([]byte(text), int(scale)); ok {
			require.Equal(t, got.Int64(), small, "%q with scale %d", text, scale)
		}
		want, ok := new(big.Rat).SetString(text)
		if !ok {
			return // Rat takes fewer blanks
		}
		diff := new(big.Rat).Sub(want, new(big.Rat).SetFrac(got, power(int(scale))))
		half := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Mul(big.NewInt(2), power(int(scale))))
		require.LessOrEqual(t, diff.Abs(diff).Cmp(half), 0, "%q with scale %d is %s", text, scale, got)
	})
}

func TestDecimalsAreRoundedHalfAwayFromZero(t *testing.T) {
	for text, want := range map[string]int64{"1.005": 101, "-1.005": -101, "1.0049": 100, "12": 1200, " 3.1 ": 310, "1e1": 1000, "125e-3": 13, "0.004": 0} {
		n, ok := unscaled([]byte(text), 2)
		require.True(t, ok, text)
		assert.Equal(t, want, n.Int64(), text)
	}
	for text, want := range map[string]int64{"1.005": 101, "-1.005": -101, "-0": 0, "7.": 700, ".5": 50, "0.994": 99, "0.995": 100, "999999999999999.999": 100000000000000000} {
		n, ok := smallUnscaled([]byte(text), 2)
		require.True(t, ok, text)
		assert.Equal(t, want, n, text)
	}
	for _, text := range []string{"", "x", "1_0", "0x1", "1e", "1e10001", "--1", "1.2.3", "1.-2", "Inf"} {
		_, ok := unscaled([]byte(text), 2)
		assert.False(t, ok, text)
	}
}
