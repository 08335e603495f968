package converter

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIntegersAreWrittenInDecimal(t *testing.T) {
	check := func(n int64) {
		require.Equal(t, strconv.FormatInt(n, 10), string(appendInt(nil, n)))
	}
	for n := int64(1); n > 0 && n < math.MaxInt64/10; n *= 10 {
		for d := int64(-2); d <= 2; d++ {
			check(n + d)
			check(-n + d)
			check(n*9 + d)
		}
	}
	for _, n := range []int64{0, math.MinInt64, math.MaxInt64, math.MinInt32, 99_999_999, 100_000_000} {
		check(n)
	}
	for n := range int64(20_000) {
		check(n * 4999)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		check(int64(r.Uint64()) >> r.IntN(64))
	}
}
