package file

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
)

func FuzzOffset(f *testing.F) {
	f.Add(`{"filename":"a"}`, `{"position":7}`)
	f.Add(`null`, `[]`)
	f.Fuzz(func(t *testing.T, partition, position string) {
		if n, err := (Source{Path: "a"}).position(tailrace.Offset{Partition: partition, Position: position}); err == nil {
			require.GreaterOrEqual(t, n, int64(0))
		}
	})
}

// However a text comes in pieces, its lines are the same.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\r\nc\rd\r"), uint8(3))
	f.Add([]byte("\r\n\n\r"), uint8(2))
	f.Fuzz(func(t *testing.T, text []byte, at uint8) {
		lines := func(pieces ...[]byte) (out [][]byte) {
			var buf []byte
			for i, p := range pieces {
				buf = append(buf, p...)
				for {
					line, size, ok := cutLine(buf, i == len(pieces)-1)
					if !ok {
						break
					}
					require.Positive(t, size)
					out, buf = append(out, bytes.Clone(line)), buf[size:]
				}
			}
			require.Empty(t, buf)
			return out
		}
		cut := min(int(at), len(text))
		require.Equal(t, lines(text), lines(text[:cut], text[cut:]))
	})
}
