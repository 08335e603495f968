package jsontree

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestATextComesBackAsItWas(t *testing.T) {
	const text = `{"b":[1,1.50,-2e7,null,true,"ü\"\\\n\u0001\b\f"],"a":{"z":{},"y":[]}}`
	n, err := Parse([]byte(text))
	require.NoError(t, err)
	assert.Equal(t, text, string(n.Append(nil)))
	assert.Equal(t, None, n.Get("c").Kind)
	i, ok := n.Get("b").Elems[0].Int()
	assert.True(t, ok)
	assert.Equal(t, int64(1), i)
	n.Set("a", Text("new"))
	assert.Equal(t, "new", n.Get("a").Str())
}

func TestWhatIsNoJSONIsRefused(t *testing.T) {
	for _, text := range []string{"", "{", `{"a":1,}`, "[1", "1 2", "tru", "\"\xff\"", `{"a" 1}`, "]"} {
		_, err := Parse([]byte(text))
		assert.Error(t, err, text)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"a":[1,"x",null]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := Parse(text)
		if err != nil {
			return
		}
		out := n.Append(nil)
		require.True(t, json.Valid(out), "%s", out)
		again, err := Parse(out)
		require.NoError(t, err)
		require.Equal(t, n, again)
	})
}
