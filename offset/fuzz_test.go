package offset

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever is in a file: it is refused with an error, or it is written again as
// what it was read as.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "{}", `{"a":[]}`, `{"a":[{"partition":{},"position":{}}]}`,
		`{"a b\n\u00fc":[{"partition":{"server":"shop"},"position":{"file":"binlog.000003","pos":1547,"gtids":"a:1-5,b:7"}}],"":[]}`,
		"{\"a\":[{\"partition\":{\n\"x\":1.50},\"position\":{ \"y\" : [1, 2]\r\n}}]}",
		`{"a":[{"partition":{},"position":{}},{"partition":{},"position":{}}]}`,
		"{\"\xff\":[{\"partition\":{\"\xff\":0},\"position\":{}}]}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		engines, err := parse(data)
		if err != nil {
			return
		}
		for _, e := range engines {
			require.NoError(t, check(e.offsets))
		}
		again, err := parse(appendFile(nil, engines))
		require.NoError(t, err)
		require.Equal(t, engines, again)
	})
}
