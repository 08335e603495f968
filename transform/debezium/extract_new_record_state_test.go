package debezium_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
	"github.com/tailrace-io/tailrace/transform/debezium"
)

// A column that the log did not carry is still one in the row.
func TestUnchangedColumnsPassThrough(t *testing.T) {
	for _, c := range []debezium.ExtractNewRecordState{
		{}, {Deletes: debezium.DeletesRewritten}, {AddFields: []string{"op"}},
	} {
		after := tailrace.StructOf([]tailrace.Value{tailrace.Int32(1), tailrace.Unchanged()})
		r := event(tailrace.OpUpdate, tailrace.Value{}, after)
		keep, err := transform.Must(c.New()).Apply(&r)
		require.NoError(t, err)
		assert.True(t, keep)
		assert.True(t, r.ValueStruct().Get("status").IsUnchanged())
	}
}

func TestAFailedRecordIsAsItWas(t *testing.T) {
	tr := transform.Must(debezium.ExtractNewRecordState{RouteBy: "id", AddHeaders: []string{"op"}}.New())
	r := event(tailrace.OpCreate, tailrace.Value{}, row(1, "new"))
	was := r
	_, err := tr.Apply(&r)
	require.EqualError(t, err, "ExtractNewRecordState: route by the field id: the row has no string of that name")
	assert.Equal(t, was, r)
}
