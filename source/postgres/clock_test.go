package postgres

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tailrace-io/tailrace"
)

func TestTimestampsHaveOneValueWhicheverWayTheyAreRead(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	texts := []string{"2026-01-02 03:04:05", "2026-01-02 03:04:05.1", "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "2026-01-02 03:04:05 BC", "12026-01-02 03:04:05", "2026-01-02 24:00:00"}
	for range 2000 {
		texts = append(texts, fmt.Sprintf("%04d-%02d-%02d %02d:%02d:%02d.%0*d", r.IntN(10000), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), 1+r.IntN(6), r.IntN(10)))
	}
	var slab tailrace.Slab
	for _, text := range texts {
		for i := range len(text) + 1 {
			broken := []byte(text)
			if i < len(text) {
				broken[i] = byte(r.IntN(256))
			}
			slow := clock{text: broken}
			want := slow.date()*dayMicros + slow.afterDate()
			got, ok := readTimestamp(broken)
			assert.Equal(t, slow.ok(), ok, "%q", broken)
			if ok {
				assert.Equal(t, want, got, "%q", broken)
			}
			if ok && !strings.HasSuffix(text, "BC") {
				zoned, err := zonedTimestamp(6)(&slab, append(broken, "+00"...))
				assert.NoError(t, err, "%q", broken)
				assert.Equal(t, string(appendZoned(nil, want, 6)), zoned.Text(), "%q", broken)
			}
		}
	}
}
