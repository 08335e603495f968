package jsonschema

import (
	"bytes"
	"fmt"
	"testing"

	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter/internal/dice"
	"github.com/tailrace-io/tailrace/converter/internal/orders"
	"github.com/tailrace-io/tailrace/converter/registry"
	"github.com/tailrace-io/tailrace/internal/memoryregistry"
	"github.com/tailrace-io/tailrace/internal/testserver"
)

// valid checks data by a schema with another library.
func valid(t testing.TB, schema string, data []byte) {
	t.Helper()
	doc, err := validator.UnmarshalJSON(bytes.NewReader([]byte(schema)))
	require.NoError(t, err, schema)
	c := validator.NewCompiler()
	require.NoError(t, c.AddResource("mem:schema", doc))
	s, err := c.Compile("mem:schema")
	require.NoError(t, err, schema)
	v, err := validator.UnmarshalJSON(bytes.NewReader(data))
	require.NoError(t, err, "%s", data)
	require.NoError(t, s.Validate(v), "%s: %s", schema, data)
}

func TestAnotherLibraryFindsTheDataValidByTheRegistrysSchema(t *testing.T) {
	server := testserver.Registry(t)
	topic := server.Topic(t)
	reg, err := registry.New(registry.Config{URLs: []string{server.URL}})
	require.NoError(t, err)
	t.Cleanup(reg.Close)
	c, err := New(Config{Options: registry.Options{Client: reg}, NumericDecimals: true})
	require.NoError(t, err)
	for _, s := range []sample{everything(), change()} {
		data, err := c.Append([]byte{}, topic+s.Name, s.Schema, s.Value)
		require.NoError(t, err)
		latest, err := reg.Latest(t.Context(), topic+s.Name+"-value")
		require.NoError(t, err)
		require.Equal(t, registry.JSON, latest.Schema.Type)
		id, body, err := registry.CutHeader(data)
		require.NoError(t, err)
		require.Equal(t, latest.ID, id)
		valid(t, latest.Schema.Text, body)
		_, back, err := c.Decode(topic+s.Name, data)
		require.NoError(t, err)
		assert.True(t, back.Equal(s.Value), "%v", back)
	}
}

func change() sample {
	schema, v := orders.Change()
	return sample{Name: "change", Schema: schema, Value: v}
}

// FuzzRoundTrip writes values of a schema that the bytes choose, has another
// library check them, and reads them.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("seed"), "text")
	f.Add([]byte{13, 3, 12, 11, 13, 2, 9, 10, 200, 100, 50, 25, 12, 6, 5, 4, 3, 2, 1}, "ü")
	f.Add([]byte{0, 11, 4, 0, 10, 1, 0, 1, 1, 0, 9, 2, 2, 0, 0, 11, 3, 1, 1, 0, 0, 2, 2, 5, 7, 9}, "x")
	f.Fuzz(func(t *testing.T, rolls []byte, text string) {
		text = string([]rune(text))
		c := &Config{NumericDecimals: true}
		d := dice.New(rolls, text)
		schema := d.Schema()
		v := d.Value(schema)
		n, err := c.translate(schema, -1)
		require.NoError(t, err)
		w, err := c.writer(schema)
		require.NoError(t, err)
		data, err := w.append([]byte{}, v)
		require.NoError(t, err)
		avsc := string(n.Append(nil))
		valid(t, avsc, data)
		s, err := c.read(avsc, nil, 0)
		require.NoError(t, err, avsc)
		got, err := c.reader(s).decode(data)
		require.NoError(t, err, "%s: %s", avsc, data)
		require.NoError(t, s.Validate(got))
		require.True(t, got.Equal(v), "%s: %s is read as %v, and was %v", avsc, data, got, v)
	})
}

// FuzzDecode reads bytes of any kind by a schema of any kind.
func FuzzDecode(f *testing.F) {
	f.Add(`{"type":"object","properties":{"a":{"$ref":"#/$defs/x"},"b":{"oneOf":[{"type":"null"},{"type":"integer","connect.type":"int8","default":1}]}},"$defs":{"x":{"enum":["A",null]}}}`, []byte(`{"a":"A","b":1}`))
	f.Add(`{"allOf":[{"type":"object","properties":{"a":{"type":["string","number"]}}},{"required":["a"]}]}`, []byte(`{"a":1.5}`))
	f.Add(`{"type":"array","connect.type":"map","items":{"type":"object","properties":{"key":{"type":"integer"},"value":{"const":"x"}}}}`, []byte(`[{"key":1,"value":"x"}]`))
	f.Add(`{"type":"number","title":"org.apache.kafka.connect.data.Decimal","connect.type":"bytes","connect.parameters":{"scale":"2"}}`, []byte(`1.5`))
	f.Add(`{"$ref":"#"}`, []byte(`1`))
	f.Fuzz(func(t *testing.T, text string, data []byte) {
		c := &Config{}
		s, err := c.read(text, nil, 1)
		if err != nil {
			return
		}
		v, err := c.reader(s).decode(data)
		if err == nil {
			require.NoError(t, s.Validate(v), "%s %s", text, data)
		}
	})
}

func TestBadDataIsToldByWhatIsWrong(t *testing.T) {
	server, reg := memoryregistry.Start(t)
	server.Put(t, "t-value", registry.Schema{Type: registry.JSON, Text: `{"type":"object","properties":{"a":{"type":"integer"}}}`})
	server.Put(t, "t-value", registry.Schema{Type: registry.Avro, Text: `"string"`})
	server.Put(t, "t-value", registry.Schema{Type: registry.JSON, Text: `{"$ref":"#"}`})
	c, err := New(Config{Options: registry.Options{Client: reg}})
	require.NoError(t, err)
	for data, want := range map[string]string{
		"":                                  "0 bytes are no data",
		"\x01\x00\x00\x00\x01":              "the first byte is 0x01",
		"\x00\x00\x00\x00\x09":              "read the schema with the id 9",
		"\x00\x00\x00\x00\x02":              "in the language AVRO",
		"\x00\x00\x00\x00\x03":              "the schema # holds itself",
		"\x00\x00\x00\x00\x01{\"a\":\"x\"}": "a",
	} {
		_, _, err := c.Decode("t", []byte(data))
		assert.ErrorContains(t, err, want, "%q", data)
		assert.ErrorContains(t, err, "read JSON Schema data of t: ")
	}
	_, err = c.Append([]byte{}, "t", nil, tailrace.Int64(1))
	assert.ErrorContains(t, err, "the data has no schema")
	_, err = New(Config{})
	assert.ErrorContains(t, err, "needs a client")
}

func BenchmarkAppend(b *testing.B) {
	_, reg := memoryregistry.Start(b)
	c, err := New(Config{Options: registry.Options{Client: reg}})
	require.NoError(b, err)
	schema, v := orders.Change()
	dst, err := c.Append([]byte{}, "t", schema, v)
	require.NoError(b, err)
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = c.Append(dst[:0], "t", schema, v)
	}
}

func ExampleConverter() {
	client, err := registry.New(registry.Config{URLs: []string{"http://registry:8081"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := New(Config{Options: registry.Options{Client: client}})
	fmt.Println(c != nil, err)
	// Output: true <nil>
}
