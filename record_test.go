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
