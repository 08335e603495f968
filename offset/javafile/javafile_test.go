package javafile_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/offset/javafile"
	"github.com/tailrace-io/tailrace/offset/offsettest"
)

func TestStoresKeepTheContract(t *testing.T) {
	for name, text := range map[string][]byte{"no file": nil, "beside a file of Java": java(pair{`["other",{}]`, `{}`})} {
		t.Run(name, func(t *testing.T) {
			offsettest.Run(t, func(t testing.TB) func() offset.Store {
				s := store(t, text)
				return func() offset.Store { return s }
			})
		})
	}
}

// pair is a key and a value as texts; "" is null.
type pair struct{ key, value string }

// java writes a map as ObjectOutputStream does.
func java(pairs ...pair) []byte {
	b := []byte("\xac\xed\x00\x05sr\x00\x11java.util.HashMap\x05\x07\xda\xc1\xc3\x16`\xd1\x03\x00\x02F\x00\nloadFactorI\x00\tthresholdxp?@\x00\x00\x00\x00\x00\x0cw\x08\x00\x00\x00\x10")
	b = binary.BigEndian.AppendUint32(b, uint32(len(pairs)))
	first := true
	array := func(text string) {
		if text == "" {
			b = append(b, 'p')
			return
		}
		if b = append(b, 'u'); first {
			b = append(b, "r\x00\x02[B\xac\xf3\x17\xf8\x06\x08T\xe0\x02\x00\x00xp"...)
		} else {
			b = append(b, "q\x00~\x00\x02"...)
		}
		first = false
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(text))), text...)
	}
	for _, p := range pairs {
		array(p.key)
		array(p.value)
	}
	return append(b, 'x')
}

func store(t testing.TB, data []byte) javafile.Store {
	path := filepath.Join(t.TempDir(), "connect.offsets")
	if data != nil {
		require.NoError(t, os.WriteFile(path, data, 0o600))
	}
	return javafile.Store(path)
}

// testdata/connect.offsets is of a standalone worker of Kafka 4.3.1 with a
// FileStreamSource and Debezium's MySQL connector 3.5.
func TestTheOffsetsOfAWorkerOfJavaAreRead(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "connect.offsets"))
	require.NoError(t, err)
	s := store(t, data)
	lines, err := s.Load(t.Context(), "local-file-source")
	require.NoError(t, err)
	assert.Equal(t, []tailrace.Offset{{Partition: `{"filename":"test.txt"}`, Position: `{"position":8}`}}, lines)
	changes, err := s.Load(t.Context(), "inventory-connector")
	require.NoError(t, err)
	require.Len(t, changes, 1)
	assert.Equal(t, `{"server":"dbserver1"}`, changes[0].Partition)
	assert.Contains(t, changes[0].Position, `"file":"binlog.`)
	none, err := s.Load(t.Context(), "another")
	require.NoError(t, err)
	assert.Empty(t, none)
}

func TestWhatIsStoredSinceTakesThePlaceOfJavas(t *testing.T) {
	data := java(pair{`["shop",{"table":"a","protocol":"1"}]`, `{"incrementing":1}`}, pair{`["shop",{"table":"b","protocol":"1"}]`, `{"incrementing":2}`},
		pair{`["shop",{"table":"gone","protocol":"1"}]`, ""}, pair{`["other",{"table":"a"}]`, `{"incrementing":3}`})
	s := store(t, data)
	require.NoError(t, s.Save(t.Context(), "shop", []tailrace.Offset{{Partition: `{"protocol":"1","table":"b"}`, Position: `{"incrementing":9}`}}))
	got, err := s.Load(t.Context(), "shop")
	require.NoError(t, err)
	assert.Equal(t, []tailrace.Offset{{Partition: `{"protocol":"1","table":"b"}`, Position: `{"incrementing":9}`}, {Partition: `{"table":"a","protocol":"1"}`, Position: `{"incrementing":1}`}}, got)

	kept, err := os.ReadFile(string(s))
	require.NoError(t, err)
	assert.Equal(t, data, kept, "Java's file stays as it is")
	own, err := os.ReadFile(string(s) + javafile.Suffix)
	require.NoError(t, err)
	assert.Contains(t, string(own), `"position": {"incrementing":9}`)

	require.NoError(t, os.Remove(string(s)))
	got, err = s.Load(t.Context(), "shop")
	require.NoError(t, err)
	assert.Equal(t, []tailrace.Offset{{Partition: `{"protocol":"1","table":"b"}`, Position: `{"incrementing":9}`}}, got, "what is stored since does not go with Java's file")
}

func TestAFileOfJavaThatCannotBeUsedIsAnErrorAndNoEmptyStart(t *testing.T) {
	good := java(pair{`["shop",{"table":"a"}]`, `{"incrementing":1}`})
	cases := map[string][]byte{
		`a key is not of the form`:                       java(pair{`{"table":"a"}`, `{}`}),
		`the position of "shop" in {} is no JSON object`: java(pair{`["shop",{}]`, `7`}),
		`there is more behind the map`:                   append(java(), 0),
		`it holds a java.util.TreeMap and not a`:         append([]byte("\xac\xed\x00\x05sr\x00\x11java.util.TreeMap"), good[25:]...),
	}
	for want, data := range cases {
		_, err := store(t, data).Load(t.Context(), "shop")
		assert.ErrorContains(t, err, want)
	}
	for n := range good {
		s := store(t, good[:n])
		_, err := s.Load(t.Context(), "shop")
		require.ErrorContains(t, err, string(s), "cut behind %d bytes", n)
	}
}
