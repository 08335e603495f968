package postgres

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheElementsOfArrays(t *testing.T) {
	for text, want := range map[string][]any{
		`{}`:                       nil,
		`{1,NULL,-3}`:              {"1", nil, "-3"},
		`{{1,2},{3,4}}`:            {"1", "2", "3", "4"},
		`[0:1]={a,b}`:              {"a", "b"},
		`{"NULL","",null,"a b"}`:   {"NULL", "", "null", "a b"},
		`{"\"","\\","{x,y}","},"}`: {`"`, `\`, `{x,y}`, `},`},
	} {
		got, err := elements(text, ',')
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	got, err := elements(`{(1,1),(0,0);(3,3),(2,2)}`, ';')
	require.NoError(t, err)
	assert.Equal(t, []any{"(1,1),(0,0)", "(3,3),(2,2)"}, got)
	for _, text := range []string{"", "1", "{", "{1", `{"1`, `{"1\`, "{1}}", "{1}x", "[0:1]"} {
		_, err := elements(text, ',')
		assert.ErrorIs(t, err, errNoArray, text)
	}
}

// FuzzElements writes texts as an array and reads them again.
func FuzzElements(f *testing.F) {
	f.Add("a", `"\`, "{1,2}")
	f.Add("", "NULL", "}")
	f.Fuzz(func(t *testing.T, a, b, text string) {
		quote := func(s string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"` }
		got, err := elements("{{"+quote(a)+"},{"+quote(b)+",NULL}}", ',')
		require.NoError(t, err)
		assert.Equal(t, []any{a, b, nil}, got)
		if got, err := elements(text, ','); err != nil {
			assert.Empty(t, got)
		}
	})
}
