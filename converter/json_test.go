package converter

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter/internal/orders"
)

func appendJSON(t testing.TB, config JSONConfig, s *tailrace.Schema, v tailrace.Value) string {
	t.Helper()
	data, err := NewJSON(config).Append([]byte{}, "t", s, v)
	require.NoError(t, err)
	return string(data)
}

func TestJSONGivesOneSchemaForEqualTexts(t *testing.T) {
	schema, v := orders.Change()
	c := NewJSON(JSONConfig{Schemas: true})
	data, err := c.Append([]byte{}, "orders", schema, v)
	require.NoError(t, err)
	first, _, err := c.Decode("orders", data)
	require.NoError(t, err)
	for _, topic := range []string{"orders", "orders", "customers"} {
		s, w, err := c.Decode(topic, data)
		require.NoError(t, err)
		require.Same(t, first, s)
		require.True(t, v.Equal(w))
	}
}

func TestJSONFindsTheSchemasThatATopicAlternatesBetween(t *testing.T) {
	c := NewJSON(JSONConfig{Schemas: true})
	var texts []string
	var schemas []*tailrace.Schema
	for i := range 9 { // more than it remembers of a topic
		s := tailrace.NewSchema(tailrace.TypeInt32).Name(fmt.Sprint("v", i)).MustBuild()
		texts = append(texts, appendJSON(t, JSONConfig{Schemas: true}, s, tailrace.Int32(int32(i))))
		schemas = append(schemas, s)
	}
	for n := range 50 {
		i := n * n % len(texts)
		s, v, err := c.Decode("t", []byte(texts[i]))
		require.NoError(t, err)
		require.True(t, schemas[i].Equal(s))
		require.Equal(t, int64(i), v.Int())
	}
}

func TestJSONReadsAnEnvelopeThatOnlyBeginsAsTheLastOne(t *testing.T) {
	c := NewJSON(JSONConfig{Schemas: true})
	const begin = `{"schema":{"type":"int32","optional":false},"payload":1`
	for range 2 {
		for data, want := range map[string]int64{begin + "}": 1, begin + ` , "payload" : 2 } `: 2, begin + ` } `: 1} {
			_, v, err := c.Decode("t", []byte(data))
			require.NoError(t, err)
			require.Equal(t, want, v.Int())
		}
		for _, data := range []string{begin, begin + "}}", begin + `,"more":1}`, begin + "]"} {
			_, _, err := c.Decode("t", []byte(data))
			require.Error(t, err, data)
		}
	}
}

func TestJSONKeepsNoMorePlansThanItsCacheHolds(t *testing.T) {
	c := NewJSON(JSONConfig{Schemas: true, CacheSize: 10})
	for i := range 1000 {
		s := tailrace.NewSchema(tailrace.TypeInt32).Name(fmt.Sprint("v", i)).MustBuild()
		data, err := c.Append([]byte{}, "t", s, tailrace.Int32(7))
		require.NoError(t, err)
		_, _, err = c.Decode(fmt.Sprint("topic ", i), data)
		require.NoError(t, err)
		require.LessOrEqual(t, len(c.encoding.entries()), 10)
		require.LessOrEqual(t, len(c.decoding.entries()), 10)
		require.LessOrEqual(t, len(c.recents.entries()), 10)
	}
}

func TestAFullCacheKeepsWhatIsInUse(t *testing.T) {
	const limit = 100
	c := cache[int, *int]{limit: limit}
	made := 0
	for round := range 5 {
		for key := range limit + 1 {
			v, ok := c.get(key)
			if !ok {
				made++
				n := key
				v = c.add(key, &n)
			}
			require.Equal(t, key, *v)
			require.LessOrEqual(t, len(c.entries())+len(c.before), 2*limit)
		}
		require.LessOrEqual(t, made, limit+1+2*round, "a key too many costs few of the others")
	}
}

func TestCacheKeepsTheFirstOfThoseAddedAtOnce(t *testing.T) {
	c := cache[int, *int]{limit: 100}
	got := make([][]*int, 8)
	var running sync.WaitGroup
	for g := range got {
		running.Go(func() {
			for key := range 50 {
				n := key
				got[g] = append(got[g], c.add(key, &n))
			}
		})
	}
	running.Wait()
	for key := range 50 {
		v, ok := c.get(key)
		require.True(t, ok)
		for g := range got {
			require.Same(t, v, got[g][key])
		}
	}
}

// The placeholders are those of Debezium's PostgreSQL connector.
func TestJSONWritesDebeziumsPlaceholderForAnUnchangedColumn(t *testing.T) {
	array := func(s *tailrace.Schema) *tailrace.Schema {
		return tailrace.NewSchema(tailrace.TypeArray).Elem(s).Optional().MustBuild()
	}
	for name, c := range map[string]struct {
		schema *tailrace.Schema
		want   string
	}{
		"text":              {tailrace.StringSchema, `"__debezium_unavailable_value"`},
		"JSON":              {tailrace.Semantic(tailrace.JSONName).MustBuild(), `"__debezium_unavailable_value"`},
		"bytes":             {tailrace.BytesSchema, `"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="`},
		"texts":             {array(tailrace.StringSchema), `["__debezium_unavailable_value"]`},
		"list of bytes":     {array(tailrace.BytesSchema), `["X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="]`},
		"integers":          {array(tailrace.OptionalInt32Schema), `[95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,118,97,108,117,101]`},
		"UUIDs":             {array(tailrace.Semantic(tailrace.UUIDName).MustBuild()), `["` + nameUUID(DefaultUnavailable) + `"]`},
		"hstore":            {tailrace.NewSchema(tailrace.TypeMap).Key(tailrace.StringSchema).Elem(tailrace.OptionalStringSchema).MustBuild(), `{"__debezium_unavailable_value":"__debezium_unavailable_value"}`},
		"no room, optional": {tailrace.DecimalSchema(2).Optional().MustBuild(), `null`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, appendJSON(t, JSONConfig{}, c.schema, tailrace.Unchanged()))
			_, v, err := NewJSON(JSONConfig{Schemas: true, Schema: c.schema}).Decode("t", []byte(c.want))
			require.NoError(t, err)
			require.Equal(t, c.want != "null", v.IsUnchanged())
		})
	}
	_, err := NewJSON(JSONConfig{}).Append(nil, "t", tailrace.Int32Schema, tailrace.Unchanged())
	require.EqualError(t, err, "write JSON: a column that the log did not carry, for which int32 has no placeholder")
	require.Equal(t, `"n/a"`, appendJSON(t, JSONConfig{Unavailable: "n/a"}, tailrace.StringSchema, tailrace.Unchanged()))
	require.Equal(t, "b68a35a7-17ad-35b3-af2a-ae46edb4545a", nameUUID(DefaultUnavailable))
}

func TestJSONErrorsSayWhere(t *testing.T) {
	schema, v := orders.Change()
	bad := v.Fields()[1].Fields()
	bad[3] = tailrace.Int32(1)
	_, err := NewJSON(JSONConfig{}).Append(nil, "t", schema, v)
	require.EqualError(t, err, "write JSON: field after: field total: int32 where the schema requires bytes")
	bad[3] = tailrace.Value{}
	_, err = NewJSON(JSONConfig{}).Append(nil, "t", schema, v)
	require.EqualError(t, err, "write JSON: field after: field total: null where bytes is required and there is no default")

	c := NewJSON(JSONConfig{Schemas: true, Schema: schema})
	_, _, err = c.Decode("t", []byte(`{"after":{"id":"secret"}}`))
	require.EqualError(t, err, "read JSON: field after: field id: byte 15: a string where a whole number should be")
	_, _, err = c.Decode("t", []byte(`{"op":"c"}`))
	require.EqualError(t, err, "read JSON: byte 10: the field source, which is required, is missing")
	_, _, err = NewJSON(JSONConfig{}).Decode("t", []byte(`{"a":[1,2`))
	require.EqualError(t, err, "read JSON: byte 9: the text ends where a comma or ']' should be")
}

func TestJSONReplacesWhatIsNotUTF8(t *testing.T) {
	for in, want := range map[string]string{
		"a\xffb":               "a\uFFFDb",
		"\xe6\xbcx":            "\uFFFDx", // a character that is cut off is one
		"\xc0\x80":             "\uFFFD\uFFFD",
		"\xed\xa0\xbdx":        "\uFFFDx", // as is half a surrogate pair
		"1234567\xf0\x9f\x98":  "1234567\uFFFD",
		"\xf5\xf4\x90\x80\x80": strings.Repeat("\uFFFD", 5),
	} {
		require.Equal(t, `"`+want+`"`, appendJSON(t, JSONConfig{}, tailrace.StringSchema, tailrace.String(in)), "%q", in)
	}
}

func TestJSONRefusesToNestWithoutEnd(t *testing.T) {
	loop := make([]tailrace.Value, 1)
	loop[0] = tailrace.Array(loop)
	_, err := NewJSON(JSONConfig{}).Append(nil, "t", nil, loop[0])
	require.ErrorIs(t, err, errDeep)
	_, err = String{}.Append(nil, "t", nil, loop[0])
	require.ErrorIs(t, err, errDeep)

	deep := strings.Repeat(`{"type":"array","items":`, 100_000)
	_, _, err = NewJSON(JSONConfig{Schemas: true}).Decode("t", []byte(`{"payload":1,"schema":`+deep))
	require.ErrorIs(t, err, errDeep)
	_, err = ParseJSONSchema([]byte(deep))
	require.ErrorIs(t, err, errDeep)
}

func TestJSONReadsTheLastOfEqualNames(t *testing.T) {
	var text strings.Builder
	text.WriteString(`{"a":0`)
	want := map[string]int64{}
	for i := range 200 {
		name := fmt.Sprint("k", i%70)
		fmt.Fprintf(&text, `,%q:%d`, name, i)
		want[name] = int64(i)
	}
	text.WriteString(`,"a":-1}`)
	want["a"] = -1
	_, v, err := NewJSON(JSONConfig{}).Decode("t", []byte(text.String()))
	require.NoError(t, err)
	got := map[string]int64{}
	for i := 0; i < len(v.Entries()); i += 2 {
		got[v.Entries()[i].Text()] = v.Entries()[i+1].Int()
	}
	require.Equal(t, want, got)
	require.Len(t, v.Entries(), 2*len(want))
	require.Equal(t, "a", v.Entries()[0].Text())
}

func TestParseDecimalIsExact(t *testing.T) {
	for _, c := range []struct {
		text  string
		scale int
		want  string // "" where there is none
	}{
		{"12.50", 2, "1250"}, {"-0.01", 2, "-1"}, {"0", 5, "0"}, {"-0.000", 0, "0"}, {"1e3", 2, "100000"}, {"1E-2", 2, "1"},
		{"12.345", 2, ""}, {"1e-3", 2, ""}, {"1000e-3", 0, "1"}, {"0e999999999999999999999", 2, "0"}, {"1e999999999999999999999", 2, ""},
		{"1e-999999999999999999999", 2, ""}, {"1e20000", 0, ""}, {"007.50", 1, "75"}, {"5000", -3, "5"}, {"5001", -3, ""},
	} {
		n, ok := parseDecimal([]byte(c.text), c.scale)
		require.Equal(t, c.want != "", ok, c.text)
		if ok {
			want, _ := new(big.Int).SetString(c.want, 10)
			require.Zero(t, want.Cmp(n), "%s gives %s", c.text, n)
		}
	}
}

func TestJSONSchemaTextIsReadAndWritten(t *testing.T) {
	schema, _ := orders.Change()
	text, err := AppendJSONSchema([]byte("x"), schema)
	require.NoError(t, err)
	require.True(t, json.Valid(text[1:]))
	back, err := ParseJSONSchema(text[1:])
	require.NoError(t, err)
	require.True(t, schema.Equal(back))

	text, err = AppendJSONSchema(nil, nil)
	require.NoError(t, err)
	require.Equal(t, "null", string(text))
	back, err = ParseJSONSchema(text)
	require.NoError(t, err)
	require.Nil(t, back)
	_, err = ParseJSONSchema([]byte(`{"type":"int8"} x`))
	require.EqualError(t, err, "read a JSON schema: byte 16: 'x' where the end should be")
}

// A struct's default has no schema of its own in the text, so that Connect
// cannot read it back; we can.
func TestJSONCarriesTheDefaultOfAStruct(t *testing.T) {
	point := tailrace.NewSchema(tailrace.TypeStruct).Field("x", tailrace.Int32Schema).Field("y", tailrace.OptionalInt32Schema).
		Default(tailrace.StructOf([]tailrace.Value{tailrace.Int32(1), {}})).MustBuild()
	c := NewJSON(JSONConfig{Schemas: true})
	data, err := c.Append([]byte{}, "t", point, tailrace.Value{})
	require.NoError(t, err)
	require.Contains(t, string(data), `"default":{"x":1,"y":null}},"payload":{"x":1,"y":null}}`)
	s, v, err := c.Decode("t", data)
	require.NoError(t, err)
	require.True(t, point.Equal(s))
	require.Equal(t, "{1, null}", v.String())
}

func TestJSONAllocatesNothingOnceItKnowsTheSchema(t *testing.T) {
	schema, v := orders.Change()
	for _, schemas := range []bool{false, true} {
		c := NewJSON(JSONConfig{Schemas: schemas})
		dst, err := c.Append([]byte{}, "t", schema, v)
		require.NoError(t, err)
		require.Zero(t, testing.AllocsPerRun(100, func() { dst, _ = c.Append(dst[:0], "t", schema, v) }))
	}
}
