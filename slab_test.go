package tailrace_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	. "github.com/tailrace-io/tailrace"
)

func TestASlabCutsMemoryThatNeverOverlaps(t *testing.T) {
	var s Slab
	var values [][]Value
	var texts []Value
	size := 0
	for i := range 500 {
		n := i % 97
		vs := s.Values(n)
		for j := range vs {
			vs[j] = Int64(int64(i))
		}
		values = append(values, vs)
		b := make([]byte, n)
		for j := range b {
			b[j] = byte(i)
		}
		texts = append(texts, s.CopyBytes(b), s.CopyString(b))
		size += 24*n + 2*n
	}
	for i, vs := range values {
		assert.Len(t, vs, i%97)
		assert.Equal(t, len(vs), cap(vs), "an append finds no room that belongs to another")
		for _, v := range vs {
			assert.Equal(t, int64(i), v.Int())
		}
		for _, v := range texts[2*i : 2*i+2] {
			assert.Len(t, v.Bytes(), i%97)
			for _, c := range v.Bytes() {
				assert.Equal(t, byte(i), c)
			}
		}
	}
	assert.Equal(t, size, s.Size())
	assert.Len(t, s.Values(100_000), 100_000, "more than a chunk")
	assert.Len(t, s.Bytes(1_000_000), 1_000_000)
	for _, v := range s.Values(10) {
		assert.True(t, v.IsNull())
	}
}

func TestASlabAllocatesAChunkAndNotARow(t *testing.T) {
	var s Slab
	text := []byte("paid")
	assert.Less(t, testing.AllocsPerRun(1000, func() {
		s.Values(8)
		s.CopyString(text)
	}), 0.02)
}

func TestASlabThatIsResetCutsItsMemoryAgain(t *testing.T) {
	var s Slab
	text := []byte("paid")
	fill := func() {
		for range 5000 {
			vs := s.Values(8)
			for i := range vs {
				assert.True(t, vs[i].IsNull())
				vs[i] = s.CopyString(text)
			}
			assert.Equal(t, vs, s.CopyValues(vs))
		}
		s.Values(100_000)
		s.Bytes(1_000_000)
	}
	for range 3 {
		fill()
		size := s.Size()
		s.Reset()
		assert.Zero(t, s.Size())
		fill()
		assert.Equal(t, size, s.Size())
		s.Reset()
	}
	assert.Zero(t, testing.AllocsPerRun(20, func() {
		for range 100 {
			s.Values(8)
			s.CopyString(text)
		}
		s.Reset()
	}))
}
