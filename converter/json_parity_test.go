package converter

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
)

// jsonCase is a line of testdata: a conversion, and what JsonConverter of Kafka
// Connect 4.3.1 on Java 25 answered.
type jsonCase struct {
	Name      string
	Schemas   bool
	Numeric   bool
	KeepNulls bool
	Content   json.RawMessage // a configured schema

	// To write.
	Schema json.RawMessage
	Value  json.RawMessage

	// To read.
	Read    *string
	ReadHex *string

	Want       json.RawMessage // the text written, or the value read
	WantSchema string          // the schema read
	Error      string          // why there is no such answer

	// Ours is there where the answer must be another one, as JsonConverter
	// made something else of what it was given.
	Ours *struct {
		Want  json.RawMessage
		Error bool
	}
}

func (c *jsonCase) converter(t *testing.T) *JSON {
	config := JSONConfig{Schemas: c.Schemas, NumericDecimals: c.Numeric, KeepNulls: c.KeepNulls}
	if c.Content != nil {
		s, err := ParseJSONSchema(c.Content)
		require.NoError(t, err)
		config.Schema = s
	}
	return NewJSON(config)
}

// jsonCases runs a test for each line of a file.
func jsonCases(t *testing.T, file string, run func(t *testing.T, c *jsonCase)) {
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		var c jsonCase
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c), lines.Text())
		t.Run(c.Name, func(t *testing.T) { run(t, &c) })
		n++
	}
	require.NoError(t, lines.Err())
	require.Greater(t, n, 150)
}

func TestJSONWritesWhatJsonConverterWrites(t *testing.T) {
	jsonCases(t, "testdata/json_encode.jsonl", func(t *testing.T, c *jsonCase) {
		var schema *tailrace.Schema
		if c.Schema != nil {
			s, err := ParseJSONSchema(c.Schema)
			require.NoError(t, err)
			schema = s
		}
		got, err := c.converter(t).Append([]byte("before "), "t", schema, literal(t, c.Value))
		if c.Error != "" {
			require.Error(t, err)
			require.Equal(t, "before ", string(got))
			return
		}
		require.NoError(t, err)
		if string(c.Want) == "null" {
			require.Nil(t, got)
			return
		}
		var want string
		require.NoError(t, json.Unmarshal(c.Want, &want))
		require.Equal(t, "before "+want, string(got))
	})
}

func TestJSONReadsWhatJsonConverterReads(t *testing.T) {
	jsonCases(t, "testdata/json_decode.jsonl", func(t *testing.T, c *jsonCase) {
		var data []byte
		if c.Read != nil {
			data = append([]byte{}, *c.Read...)
		} else {
			b, err := hex.DecodeString(*c.ReadHex)
			require.NoError(t, err)
			data = b
		}
		schema, got, err := c.converter(t).Decode("t", data)
		if c.Ours != nil && c.Ours.Error || c.Ours == nil && c.Error != "" {
			require.Error(t, err)
			require.Nil(t, schema)
			require.Equal(t, tailrace.Value{}, got)
			t.Log(err)
			return
		}
		require.NoError(t, err)
		if string(c.Want) == `"deep"` {
			return // the oracle cannot print it
		}
		want := c.Want
		if c.Ours != nil {
			want = c.Ours.Want
		} else {
			text, err := AppendJSONSchema(nil, schema)
			require.NoError(t, err)
			require.Equal(t, c.WantSchema, string(text))
		}
		require.Equal(t, ordered(literal(t, want)).String(), ordered(got).String())
		require.True(t, ordered(literal(t, want)).Equal(ordered(got)), "the types differ")
	})
}

// ordered is v with the entries of maps in the order of their keys' text, since
// Java's maps have none.
func ordered(v tailrace.Value) tailrace.Value {
	each := func(vs []tailrace.Value) []tailrace.Value {
		out := make([]tailrace.Value, len(vs))
		for i := range vs {
			out[i] = ordered(vs[i])
		}
		return out
	}
	switch v.Type() {
	case tailrace.TypeArray:
		return tailrace.Array(each(v.Elems()))
	case tailrace.TypeStruct:
		return tailrace.StructOf(each(v.Fields()))
	case tailrace.TypeMap:
		var pairs [][]tailrace.Value
		for p := range slices.Chunk(each(v.Entries()), 2) {
			pairs = append(pairs, p)
		}
		slices.SortFunc(pairs, func(a, b []tailrace.Value) int {
			return bytes.Compare([]byte(a[0].String()), []byte(b[0].String()))
		})
		return tailrace.Map(slices.Concat(pairs...))
	}
	return v
}

// literal reads a value such as {"int32": 5} or {"array": [{"string": "x"}, null]}.
func literal(t *testing.T, text json.RawMessage) tailrace.Value {
	if text == nil || string(text) == "null" {
		return tailrace.Value{}
	}
	var tagged map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &tagged), string(text))
	require.Len(t, tagged, 1)
	tag := slices.Collect(maps.Keys(tagged))[0]
	return literalOf(t, tag, tagged[tag])
}

func literalOf(t *testing.T, tag string, raw json.RawMessage) tailrace.Value {
	into := func(v any) { require.NoError(t, json.Unmarshal(raw, v), string(raw)) }
	list := func(raws []json.RawMessage) (vs []tailrace.Value) {
		for _, r := range raws {
			vs = append(vs, literal(t, r))
		}
		return vs
	}
	var (
		number int64
		text   string
		flag   bool
		b      []byte
		raws   []json.RawMessage
		pairs  [][]json.RawMessage
	)
	switch tag {
	case "int8", "int16", "int32":
		into(&number)
		return tailrace.Integer(map[string]tailrace.Type{"int8": tailrace.TypeInt8, "int16": tailrace.TypeInt16, "int32": tailrace.TypeInt32}[tag], number)
	case "int64":
		into(&text)
		n, err := strconv.ParseInt(text, 10, 64)
		require.NoError(t, err)
		return tailrace.Int64(n)
	case "float32":
		into(&text)
		f, err := strconv.ParseFloat(text, 32)
		require.NoError(t, err)
		return tailrace.Float32(float32(f))
	case "float64":
		into(&text)
		f, err := strconv.ParseFloat(text, 64)
		require.NoError(t, err)
		return tailrace.Float64(f)
	case "boolean":
		into(&flag)
		return tailrace.Boolean(flag)
	case "string":
		into(&text)
		return tailrace.String(text)
	case "bytes":
		into(&b)
		return tailrace.Bytes(b)
	case "array":
		into(&raws)
		return tailrace.Array(list(raws))
	case "struct":
		into(&raws)
		return tailrace.StructOf(list(raws))
	case "map":
		into(&pairs)
		return tailrace.Map(list(slices.Concat(pairs...)))
	}
	require.Fail(t, "a literal of the type "+tag)
	return tailrace.Value{}
}
