package avro

import (
	"encoding/hex"
	"testing"
	"unicode/utf8"

	hamba "github.com/hamba/avro/v2"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter/internal/dice"
)

// planned makes what reads data of a schema, without a registry.
func planned(t testing.TB, c *Config, text string) (*tailrace.Schema, *decoder) {
	a, err := parse(text, nil)
	require.NoError(t, err, text)
	s, d, err := c.read(a, 0)
	require.NoError(t, err, text)
	return s, d
}

// FuzzRoundTrip writes values of a schema that the bytes choose, and reads them
// twice: by this package, and by another Avro library.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("seed"), "text")
	f.Add([]byte{13, 3, 12, 11, 13, 2, 9, 10, 200, 100, 50, 25, 12, 6, 5, 4, 3, 2, 1}, "ü")
	f.Add([]byte{0, 11, 4, 0, 10, 1, 0, 1, 1, 0, 9, 2, 2, 0, 0, 11, 3, 1, 1, 0, 0, 2, 2, 5, 7, 9}, "x")
	f.Fuzz(func(t *testing.T, rolls []byte, text string) {
		if !utf8.ValidString(text) {
			return
		}
		c := &Config{ScrubNames: true}
		d := dice.New(rolls, text)
		schema := d.Schema()
		v := d.Value(schema)
		a, err := c.translate(schema)
		if err != nil {
			return // such as a map of a map: two entries of one name
		}
		avsc, err := a.text()
		if err != nil {
			return
		}
		enc, err := c.compile(schema, a)
		require.NoError(t, err, avsc)
		data, err := enc.append([]byte{}, v)
		if v.IsNull() && schema.Optional() {
			return // which the converter writes as no bytes
		}
		require.NoError(t, err, avsc)

		s, dec := planned(t, c, avsc)
		in := input{data: data}
		got, err := dec.read(&in)
		require.NoError(t, err, avsc)
		require.Empty(t, in.data)
		require.NoError(t, s.Validate(got))
		require.True(t, got.Equal(v), "%s: %x is read as %v, and was %v", avsc, data, got, v)

		other, err := hamba.ParseWithCache(avsc, "", &hamba.SchemaCache{})
		if err != nil {
			return // it asks more of defaults and precisions than Avro does
		}
		var generic any
		require.NoError(t, hamba.Unmarshal(other, data, &generic), "%s: %x", avsc, data)
	})
}

// FuzzDecode reads bytes of any kind by a schema of any kind.
func FuzzDecode(f *testing.F) {
	f.Add(`{"type":"record","name":"R","fields":[{"name":"a","type":["null","int"]},{"name":"b","type":{"type":"array","items":"string"}}]}`, []byte{2, 5, 2, 2, 'x', 0})
	f.Add(`"string"`, []byte{2, 'x'})
	f.Add(anythingText, []byte{0, 0, 0, 0, 2, 4, 0, 0, 0, 0})
	f.Add(`{"type":"map","values":{"type":"fixed","name":"F","size":0}}`, []byte{2, 2, 'x', 0})
	f.Add(`["null",{"type":"enum","name":"E","symbols":["A"],"default":"A"},"double"]`, []byte{2, 0})
	f.Add(`{"type":"bytes","logicalType":"decimal","scale":3,"precision":7,"connect.default":"\u0000"}`, []byte{2, 5})
	f.Fuzz(func(t *testing.T, text string, data []byte) {
		a, err := parse(text, nil)
		if err != nil {
			return
		}
		c := &Config{}
		s, dec, err := c.read(a, 1)
		if err != nil {
			return
		}
		in := input{data: data}
		v, err := dec.read(&in)
		if err == nil {
			require.NoError(t, s.Validate(v), "%s %s", text, hex.EncodeToString(data))
		}
	})
}
