package smt_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/engine/connect/smt"
)

func ExampleTry() {
	line := `{"transform": {"type": "org.apache.kafka.connect.transforms.TimestampRouter", "timestamp.format": "yyyy-MM"}, "record": {"topic": "orders", "timestamp": 1700000000123}}`
	fmt.Println(string(smt.Try([]byte(line))))
	// Output: {"record":{"topic":"orders-2023-11","partition":null,"timestamp":1700000000123,"key":null,"value":null,"headers":[]}}
}

const replaceField = "org.apache.kafka.connect.transforms.ReplaceField$Value"

// These names went away with Kafka 4.0, and configurations still have them.
func TestTheOldNamesOfOptionsAreTaken(t *testing.T) {
	for old, fields := range map[string][]string{"blacklist": {"a"}, "whitelist": {"b"}} {
		p := property.New(map[string]string{old: "b"})
		tr := smt.Transforms()[replaceField](p)
		require.NoError(t, p.Err())
		schema := tailrace.NewSchema(tailrace.TypeStruct).Field("a", tailrace.Int8Schema).Field("b", tailrace.Int8Schema).MustBuild()
		r := tailrace.Record{ValueSchema: schema, Value: tailrace.StructOf([]tailrace.Value{tailrace.Int8(1), tailrace.Int8(2)})}
		_, err := tr.Apply(&r)
		require.NoError(t, err)
		require.Len(t, r.ValueSchema.Fields(), 1)
		assert.Equal(t, fields[0], r.ValueSchema.Fields()[0].Name)
	}
}

func TestAllThatIsWrongIsSaidAtOnce(t *testing.T) {
	p := property.New(map[string]string{"renames": "a:b:c", "replace.null.with.default": "maybe", "inclued": "x"})
	smt.Transforms()[replaceField](p)
	require.EqualError(t, p.Err(), `the configuration is wrong in 3 places:
  inclued: no such property; did you mean include?
  renames: "a:b:c" must have the form old:new
  replace.null.with.default: "maybe" must be true or false`)
}

func TestDuplicatesInListsAreLeftOutAndSaid(t *testing.T) {
	p := property.New(map[string]string{"exclude": "a,a"})
	smt.Transforms()[replaceField](p)
	require.NoError(t, p.Err())
	assert.Equal(t, []string{"exclude has a twice; the second is left out"}, p.Notes())
}

func TestEveryClassSaysWhatIsWrong(t *testing.T) {
	for class, read := range smt.Transforms() {
		p := property.New(map[string]string{"no.such.option": "x"})
		read(p)
		assert.Error(t, p.Err(), class)
	}
	for class, read := range smt.Predicates() {
		p := property.New(map[string]string{"no.such.option": "x"})
		read(p)
		assert.Error(t, p.Err(), class)
	}
}

// Whatever the line, the answer is JSON.
func FuzzTry(f *testing.F) {
	for _, line := range []string{
		`{"transform":{"type":"org.apache.kafka.connect.transforms.Cast$Value","spec":"a:int8"},"record":{"topic":"t","value":{"schema":null,"payload":{"a":"1"}}}}`,
		`{"transform":{"type":"org.apache.kafka.connect.transforms.Flatten$Value"},"record":{"value":{"schema":{"type":"struct","fields":[{"type":"int8","field":"a"}]},"payload":{"a":1}}}}`,
		`{"transform":{"type":"org.apache.kafka.connect.transforms.InsertHeader","header":"h","value.literal":"[1,{}]"},"record":{}}`,
		`{"transform":{"type":"io.debezium.transforms.ExtractNewRecordState"},"record":{"value":{"schema":{"type":"struct","name":".Envelope","fields":[]},"payload":{}}}}`,
		`{"predicate":{"type":"org.apache.kafka.connect.transforms.predicates.TopicNameMatches","pattern":"("},"record":null}`,
		`{}`, `x`, `{"transform":{}}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		answer := smt.Try(line)
		assert.True(t, json.Valid(answer), "%s", answer)
	})
}
