package tailrace_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	. "github.com/tailrace-io/tailrace"
)

func TestARecordWithoutAValueIsATombstone(t *testing.T) {
	assert.True(t, (&Record{Topic: "t", Key: Int8(1)}).IsTombstone())
	assert.False(t, (&Record{Topic: "t", Value: String("")}).IsTombstone())
}

func TestARecordGivesItsKeyAndValueAsStructs(t *testing.T) {
	r := envelope(OpCreate, Value{}, orderRow().Value())
	assert.Equal(t, int64(7), r.KeyStruct().Get("id").Int())
	assert.Equal(t, "c", r.ValueStruct().Get("op").Text())
	plain := Record{Key: Int8(1), Value: Bytes(nil)}
	assert.True(t, plain.KeyStruct().IsZero())
	assert.True(t, plain.ValueStruct().IsZero())
}

func TestNullIsAbsentUntilItIsSet(t *testing.T) {
	var n Null[int32]
	assert.False(t, n.Valid)
	assert.Equal(t, Null[int32]{V: 0, Valid: true}, Some[int32](0))
}

func TestMergeOffsetsPutsNewerOverOlder(t *testing.T) {
	a1, a2, b1, c1 := Offset{"a", "1"}, Offset{"a", "2"}, Offset{"b", "1"}, Offset{"c", "1"}
	base := []Offset{a1, b1}
	newer := []Offset{c1, a2}
	assert.Equal(t, []Offset{a2, b1, c1}, MergeOffsets(base, newer))
	assert.Equal(t, []Offset{a1, b1}, base)
	assert.Equal(t, []Offset{c1, a2}, newer)
	assert.Equal(t, []Offset{a2}, MergeOffsets(nil, []Offset{a1, a2}))
	assert.Equal(t, base, MergeOffsets(base, nil))
	assert.Empty(t, MergeOffsets(nil, nil))
}

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
