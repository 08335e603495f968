package converter

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
)

// primitiveCase is a line of testdata/primitive.jsonl: a conversion, and what
// the converter of Kafka Connect 4.3.1 on Java 25 answered.
type primitiveCase struct {
	Name       string
	Converter  string
	Encoding   string
	Schema     json.RawMessage
	Value      json.RawMessage
	ReadHex    json.RawMessage // there for reading; null for nil
	Want       json.RawMessage // the value read
	WantSchema string
	WantHex    *string // the bytes written
	Error      string
	Ours       *struct{ Error bool } // where Connect's answer is not what it was given
}

func (c *primitiveCase) converter(t *testing.T) Converter {
	switch c.Converter {
	case "String":
		var e Encoding
		if c.Encoding != "" {
			var err error
			e, err = ParseEncoding(c.Encoding)
			require.NoError(t, err)
			require.Equal(t, c.Encoding, e.String())
		}
		return String{Encoding: e}
	case "ByteArray":
		return Bytes{}
	case "Short":
		return Int16{}
	case "Integer":
		return Int32{}
	case "Long":
		return Int64{}
	case "Float":
		return Float32{}
	case "Double":
		return Float64{}
	case "Boolean":
		return Boolean{}
	}
	require.Fail(t, "the converter "+c.Converter)
	return nil
}

func TestPrimitivesConvertAsConnectDoes(t *testing.T) {
	data, err := os.ReadFile("testdata/primitive.jsonl")
	require.NoError(t, err)
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		var c primitiveCase
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c), lines.Text())
		t.Run(c.Name, func(t *testing.T) {
			if c.ReadHex != nil {
				c.read(t)
			} else {
				c.write(t)
			}
		})
	}
	require.NoError(t, lines.Err())
}

func (c *primitiveCase) fails() bool { return c.Error != "" || c.Ours != nil && c.Ours.Error }

func (c *primitiveCase) write(t *testing.T) {
	var schema *tailrace.Schema
	if c.Schema != nil {
		s, err := ParseJSONSchema(c.Schema)
		require.NoError(t, err)
		schema = s
	}
	got, err := c.converter(t).Append([]byte("before "), "t", schema, literal(t, c.Value))
	switch {
	case c.fails():
		require.Error(t, err)
		require.Equal(t, "before ", string(got))
	case c.WantHex == nil:
		require.NoError(t, err)
		require.Nil(t, got)
	default:
		require.NoError(t, err)
		require.Equal(t, hex.EncodeToString([]byte("before "))+*c.WantHex, hex.EncodeToString(got))
	}
}

func (c *primitiveCase) read(t *testing.T) {
	var text *string
	require.NoError(t, json.Unmarshal(c.ReadHex, &text))
	var data []byte
	if text != nil {
		b, err := hex.DecodeString(*text)
		require.NoError(t, err)
		data = b
	}
	schema, v, err := c.converter(t).Decode("t", data)
	if c.fails() {
		require.Error(t, err)
		return
	}
	require.NoError(t, err)
	require.Equal(t, literal(t, c.Want).String(), v.String())
	require.True(t, literal(t, c.Want).Equal(v), "the types differ")
	s, err := AppendJSONSchema(nil, schema)
	require.NoError(t, err)
	require.Equal(t, c.WantSchema, string(s))
}
