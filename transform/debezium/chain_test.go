package debezium_test

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/transform"
	"github.com/tailrace-io/tailrace/transform/debezium"
)

// recordsTried are the records of the cases of a transform, without their keys.
func recordsTried(t *testing.T, file string) (rs []tailrace.Record) {
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	values := converter.NewJSON(converter.JSONConfig{Schemas: true, KeepNulls: true})
	for lines.Scan() {
		var c struct {
			Record struct {
				Topic     string
				Partition *int32
				Value     json.RawMessage
			}
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
		r := tailrace.Record{Topic: c.Record.Topic}
		if p := c.Record.Partition; p != nil {
			r.Partition = tailrace.Some(*p)
		}
		if c.Record.Value != nil && string(c.Record.Value) != "null" {
			if r.ValueSchema, r.Value, err = values.Decode(r.Topic, c.Record.Value); err != nil {
				continue // a whole number beyond 64 bits
			}
		}
		rs = append(rs, r)
	}
	require.NoError(t, lines.Err())
	return rs
}

// What a chain makes at once is what its transforms make one by one, and a
// record that fails is as it was.
func TestAChainMakesWhatItsTransformsMakeOneByOne(t *testing.T) {
	rs := recordsTried(t, "testdata/extract_new_record_state.jsonl")
	require.Greater(t, len(rs), 400)
	unwrap := func(c debezium.ExtractNewRecordState) transform.Transform { return transform.Must(c.New()) }
	replace := func(c transform.ReplaceField) transform.Transform { return transform.Must(c.New()) }
	insert := func(c transform.InsertField) transform.Transform { return transform.Must(c.New()) }
	taken := 0
	for name, ts := range map[string][]transform.Transform{
		"unwrap, ReplaceField, InsertField": {
			unwrap(debezium.ExtractNewRecordState{AddFields: []string{"op", "source.ts_ms"}}),
			replace(transform.ReplaceField{Exclude: []string{"note"}, Rename: map[string]string{"id": "key"}}),
			insert(transform.InsertField{Topic: "topic", Partition: "partition", Static: "origin", StaticValue: "shop"}),
		},
		"rows of deletes, kept fields, a required field": {
			unwrap(debezium.ExtractNewRecordState{Deletes: debezium.DeletesAndTombstone}),
			insert(transform.InsertField{Partition: "partition!"}),
			replace(transform.ReplaceField{Include: []string{"id", "partition", "__deleted"}, Rename: map[string]string{"partition": "p"}, KeepNulls: true}),
		},
		"plain rows, and a field twice": {
			unwrap(debezium.ExtractNewRecordState{Deletes: debezium.DeletesToTombstone, RouteBy: "note"}),
			insert(transform.InsertField{Topic: "topic"}),
			insert(transform.InsertField{Topic: "topic"}),
		},
		"no unwrap, and another transform between": {
			replace(transform.ReplaceField{Exclude: []string{"before"}}),
			insert(transform.InsertField{Topic: "a"}),
			transform.Must(transform.HoistField{Field: "all"}.New()),
			insert(transform.InsertField{Topic: "b"}),
			replace(transform.ReplaceField{Rename: map[string]string{"all": "c"}}),
		},
	} {
		chain := transform.Chain(ts...)
		for _, was := range rs {
			r, want := was, was
			keep, err := chain.Apply(&r)
			wantKeep, wantErr := true, error(nil)
			for _, each := range ts {
				if wantKeep, wantErr = each.Apply(&want); wantErr != nil || !wantKeep {
					break
				}
			}
			assert.Equal(t, wantKeep && wantErr == nil, keep, name)
			switch {
			case wantErr != nil:
				assert.EqualError(t, err, wantErr.Error(), name)
				assert.Equal(t, was, r, name)
			case wantKeep:
				require.NoError(t, err, name)
				assert.True(t, want.Value.Equal(r.Value), "%s: %v is not %v", name, r.Value, want.Value)
				assert.Equal(t, want.Topic, r.Topic, name)
				if assert.Equal(t, want.ValueSchema == nil, r.ValueSchema == nil, name) && r.ValueSchema != nil {
					assert.True(t, want.ValueSchema.Equal(r.ValueSchema), name)
				}
				taken++
			}
		}
	}
	assert.Greater(t, taken, 500)
}
