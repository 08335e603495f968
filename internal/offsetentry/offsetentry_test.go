package offsetentry

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
)

func TestKeysAreThoseOfConnect(t *testing.T) {
	records, err := AppendRecords(nil, "offsets", `a <b> "c"`, []tailrace.Offset{{Partition: "{\n\"server\": \"x\"}", Position: `{"pos":1}`}})
	require.NoError(t, err)
	assert.Equal(t, `["a <b> \"c\"",{"server":"x"}]`, string(records[0].Key.Bytes()))
	assert.Equal(t, `{"pos":1}`, string(records[0].Value.Bytes()))
	name, partition, err := ParseKey(records[0].Key.Bytes())
	require.NoError(t, err)
	assert.Equal(t, `a <b> "c"`, name)
	assert.Equal(t, `{"server":"x"}`, partition)
}

func TestWhatIsNoOffsetIsNotWritten(t *testing.T) {
	_, err := AppendRecords(nil, "offsets", "shop", []tailrace.Offset{{Partition: "7", Position: "{}"}})
	assert.EqualError(t, err, `the partition of an offset is no JSON object: "7"`)
	_, err = AppendRecords(nil, "offsets", "shop", []tailrace.Offset{{Partition: "{}", Position: "{"}})
	assert.EqualError(t, err, `the position of the partition {} is no JSON object: "{"`)
}

func FuzzParseKey(f *testing.F) {
	for _, key := range []string{`["shop",{"server":"x"}]`, `["shop",null]`, `{}`, `[]`, `[["shop"],{}]`, ``} {
		f.Add([]byte(key))
	}
	f.Fuzz(func(t *testing.T, key []byte) {
		name, partition, err := ParseKey(key)
		if err != nil {
			return
		}
		records, err := AppendRecords(nil, "offsets", name, []tailrace.Offset{{Partition: partition, Position: "{}"}})
		if err != nil {
			t.Fatal(err)
		}
		again, same, err := ParseKey(records[0].Key.Bytes())
		if err != nil || again != name || oneLine(same) != oneLine(partition) {
			t.Fatalf("%q, %q became %q, %q, %v", name, partition, again, same, err)
		}
	})
}
