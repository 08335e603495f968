package javafile

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzDecode(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "connect.offsets"))
	require.NoError(f, err)
	f.Add(data)
	f.Add(data[:len(data)-1])
	f.Add([]byte(magic + "sr\x00\x11java.util.HashMap\x05\x07\xda\xc1\xc3\x16`\xd1\x03\x00\x00xpw\x08\x00\x00\x00\x10\x00\x00\x00\x00x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := decode(data)
		if err != nil {
			require.Empty(t, all)
			return
		}
		for name, offsets := range all {
			require.NotEmpty(t, name)
			for _, o := range offsets {
				require.True(t, json.Valid([]byte(o.Partition)))
				require.True(t, json.Valid([]byte(o.Position)))
			}
		}
	})
}
