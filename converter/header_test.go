package converter_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/converter/convertertest"
	"github.com/tailrace-io/tailrace/converter/internal/recorded"
)

func TestHeadersAreThoseOfSimpleHeaderConverter(t *testing.T) {
	c := converter.SimpleHeader{}
	recorded.Run(t, "testdata/simple_header.jsonl", 190, func(t *testing.T, r *recorded.Case) {
		if r.Data != nil {
			schema, v := recorded.Parse(t, r.Data)
			got, err := c.Append([]byte{}, "t", schema, v)
			require.NoError(t, err)
			switch {
			case r.Ours != "":
				back, w, err := c.Decode("t", got)
				require.NoError(t, err)
				assert.Equal(t, schema.Name(), back.Name())
				assert.True(t, w.Equal(v), "%v", w)
			case r.Want.Bytes == nil:
				assert.Nil(t, got)
			default:
				want, err := hex.DecodeString(*r.Want.Bytes)
				require.NoError(t, err)
				assert.Equal(t, string(want), string(got))
			}
			return
		}
		data, err := hex.DecodeString(*r.Read)
		require.NoError(t, err)
		schema, v, err := c.Decode("t", data)
		require.NoError(t, err)
		require.NoError(t, schema.Validate(v))
		if r.Ours == "" {
			assert.Equal(t, recorded.Canonical(t, r.Want.Back), recorded.Text(t, schema, v))
		}
	})
}

func TestSimpleHeaderKeepsEveryPromise(t *testing.T) {
	convertertest.Run(t, convertertest.Harness{
		New: func(testing.TB) converter.Converter { return converter.SimpleHeader{} },
		Samples: []sample{
			{Name: "text", Schema: tailrace.StringSchema, Value: tailrace.String("über \\ \"x\"")},
			{Name: "no text", Schema: tailrace.StringSchema, Value: tailrace.String("")},
			{Name: "int8", Schema: tailrace.Int8Schema, Value: tailrace.Int8(-5)},
			{Name: "int64", Schema: tailrace.Int64Schema, Value: tailrace.Int64(1 << 40)},
			{Name: "boolean", Schema: tailrace.BooleanSchema, Value: tailrace.Boolean(true)},
			{Name: "float32", Schema: tailrace.Float32Schema, Value: tailrace.Float32(1.5)},
			{Name: "old timestamp", Schema: tailrace.Semantic(tailrace.TimestampName).MustBuild(), Value: tailrace.Int64(-5)},
			{Name: "list", Schema: tailrace.NewSchema(tailrace.TypeArray).Elem(tailrace.StringSchema).MustBuild(), Value: tailrace.Array([]tailrace.Value{tailrace.String("a"), tailrace.String("b")})},
			{Name: "map", Schema: tailrace.NewSchema(tailrace.TypeMap).Key(tailrace.StringSchema).Elem(tailrace.Int16Schema).MustBuild(), Value: tailrace.Map([]tailrace.Value{tailrace.String("a"), tailrace.Int16(300)})},
			{Name: "mixed", Value: tailrace.Array([]tailrace.Value{tailrace.Int8(1), tailrace.String("a"), {}})},
			{Name: "bytes", Schema: tailrace.BytesSchema, Value: tailrace.Bytes([]byte{1, 2}), Lossy: true},
		},
		Rejects: []sample{{Name: "struct without schema", Value: tailrace.StructOf([]tailrace.Value{{}})}},
	})
}

// FuzzSimpleHeader reads text of any kind, and writes what it was.
func FuzzSimpleHeader(f *testing.F) {
	for _, seed := range []string{"", "x", "[1,2.5,null]", `{"a":[true]}`, "10:11:12.123Z", "-1e-40", `["\"`, "\xff", "[[[[", "2020-01-02T10:11:12.123Z"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := converter.SimpleHeader{}
		s, v, err := c.Decode("t", data)
		require.NoError(t, err)
		require.NoError(t, s.Validate(v))
		out, err := c.Append([]byte{}, "t", s, v)
		require.NoError(t, err)
		if s == tailrace.StringSchema {
			require.Equal(t, string(data), string(out))
		}
	})
}
