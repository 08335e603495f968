package signal_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/source/signal"
)

func TestASignalIsReadInDebeziumsForms(t *testing.T) {
	want := signal.Snapshot{Kind: signal.Incremental, Tables: []string{"shop.orders", `shop\.c.*`},
		Conditions: []signal.Condition{{Table: "shop.orders", Where: "id > 5"}}, SurrogateKey: "number"}
	const data = `{"type":"INCREMENTAL","data-collections":["shop.orders"," shop\\.c.* "],` +
		`"additional-conditions":[{"data-collection":"shop.orders","filter":"id > 5"}],"surrogate-key":"number"}`
	quoted, err := json.Marshal(data)
	require.NoError(t, err)
	for _, text := range []string{data, string(quoted)} {
		s, err := signal.Parse([]byte(`{"id":"one","type":"execute-snapshot","data":` + text + `}`))
		require.NoError(t, err)
		assert.Equal(t, "one", s.ID)
		assert.Equal(t, signal.ExecuteSnapshot, s.Type)
		snapshot, err := s.Snapshot()
		require.NoError(t, err)
		assert.Equal(t, want, snapshot)
	}
	s, err := signal.New("two", "log", `{"message":"hello"}`)
	require.NoError(t, err)
	message, err := s.Message()
	require.NoError(t, err)
	assert.Equal(t, "hello", message)
}

func TestASignalThatCannotBeFollowedSaysWhy(t *testing.T) {
	for text, why := range map[string]string{
		`{"type":"log"`:            "a signal is a JSON object",
		`{"id":"1"}`:               "a signal has a type",
		`{"type":"log","data":[]}`: "the data of a signal is a JSON object",
	} {
		_, err := signal.Parse([]byte(text))
		assert.ErrorContains(t, err, why, text)
	}
	for data, why := range map[string]string{
		`{}`:                         "execute-snapshot names no tables",
		`{"data-collections":"a"}`:   "the data of execute-snapshot is not well formed",
		`{"data-collections":["("]}`: `"(" is neither a name nor a regular expression`,
		`{"data-collections":[1]}`:   "not well formed",
		`{"data-collections":["a"],"type":"half"}`:                                     `is incremental or blocking, and not "half"`,
		`{"data-collections":["a"],"additional-conditions":[{"data-collection":"a"}]}`: "the filter of a is empty",
	} {
		s, err := signal.New("", string(signal.ExecuteSnapshot), data)
		require.NoError(t, err)
		_, err = s.Snapshot()
		assert.ErrorContains(t, err, why, data)
	}
}

func TestNamesAreExpandedOnceAndInOrder(t *testing.T) {
	s := signal.Snapshot{Tables: []string{`shop\.b.*`, "shop.a", `shop\..*`, "shop.none"},
		Conditions: []signal.Condition{{Table: `SHOP\.B.`, Where: "x"}, {Table: "shop.*", Where: "y"}}}
	assert.Equal(t, []string{"shop.b1", "shop.b2", "shop.a", "shop.none"}, s.Expand([]string{"shop.a", "shop.b1", "shop.b2", "other.c"}))
	assert.Equal(t, "x", s.Where("shop.b2"))
	assert.Equal(t, "y", s.Where("shop.a"))
	assert.Empty(t, s.Where("other.a"))
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"id":"1","type":"execute-snapshot","data":{"data-collections":["a.b"],"type":"blocking"}}`))
	f.Add([]byte(`{"type":"stop-snapshot","data":"{\"data-collections\":[]}"}`))
	f.Add([]byte(`{"type":"log","data":{"message":"x"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := signal.Parse(text)
		if err != nil {
			return
		}
		again, err := signal.New(s.ID, string(s.Type), string(s.Data))
		require.NoError(t, err)
		require.Equal(t, s, again)
		if snapshot, err := s.Snapshot(); err == nil {
			snapshot.Expand([]string{"a.b", "c"})
			snapshot.Where("a.b")
		}
	})
}
