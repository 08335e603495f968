package protobuf

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter/internal/dice"
	"github.com/tailrace-io/tailrace/converter/internal/orders"
	"github.com/tailrace-io/tailrace/converter/registry"
	"github.com/tailrace-io/tailrace/internal/memoryregistry"
	"github.com/tailrace-io/tailrace/internal/testserver"
)

func TestAnotherLibraryReadsTheMessagesByTheRegistrysSchema(t *testing.T) {
	server := testserver.Registry(t)
	topic := server.Topic(t)
	reg, err := registry.New(registry.Config{URLs: []string{server.URL}})
	require.NoError(t, err)
	t.Cleanup(reg.Close)
	c, err := New(Config{Options: registry.Options{Client: reg}, OptionalForNullables: true})
	require.NoError(t, err)
	for i, s := range []sample{everything(), change(), {Schema: tailrace.StringSchema, Value: tailrace.String("über")}} {
		to := fmt.Sprintf("%s-%d", topic, i)
		data, err := c.Append([]byte{}, to, s.Schema, s.Value)
		require.NoError(t, err)
		latest, err := reg.Latest(t.Context(), to+"-value")
		require.NoError(t, err)
		require.Equal(t, registry.Protobuf, latest.Schema.Type)
		id, rest, err := registry.CutHeader(data)
		require.NoError(t, err)
		require.Equal(t, latest.ID, id)
		place, body, err := cutPlace(rest)
		require.NoError(t, err)
		f, err := parse(latest.Schema.Text, nil)
		require.NoError(t, err)
		md, err := at(f, place)
		require.NoError(t, err)
		m := whole(t, md, body)
		if i == 0 {
			assert.Equal(t, int64(7), m.Get(md.Fields().ByName("id")).Int())
			assert.False(t, m.Has(md.Fields().ByName("gone")), "a null is not there")
			assert.Equal(t, "a", m.Get(md.Fields().ByName("tags")).List().Get(0).String())
		}
		_, back, err := c.Decode(to, data)
		require.NoError(t, err)
		assert.True(t, back.Equal(s.Value), "%v is read, and was %v", back, s.Value)
	}
}

// whole reads a message with Protobuf's own library, which must know all of it.
func whole(t testing.TB, md protoreflect.MessageDescriptor, body []byte) protoreflect.Message {
	t.Helper()
	m := dynamicpb.NewMessage(md)
	require.NoError(t, proto.Unmarshal(body, m))
	var check func(protoreflect.Message)
	check = func(m protoreflect.Message) {
		require.Empty(t, m.GetUnknown(), "what the message %s has no fields for", m.Descriptor().FullName())
		m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			switch {
			case fd.Message() != nil && fd.IsList():
				for i := range v.List().Len() {
					check(v.List().Get(i).Message())
				}
			case fd.Message() != nil && !fd.IsMap():
				check(v.Message())
			}
			return true
		})
	}
	check(m)
	return m
}

func change() sample {
	schema, v := orders.Change()
	return sample{Name: "change", Schema: schema, Value: v}
}

// FuzzRoundTrip writes values of a schema that the bytes choose, in a struct,
// has Protobuf's own library check them, and reads them.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("seed"), "text")
	f.Add([]byte{13, 3, 12, 11, 13, 2, 9, 10, 200, 100, 50, 25, 12, 6, 5, 4, 3, 2, 1}, "ü")
	f.Add([]byte{0, 11, 4, 0, 10, 1, 0, 1, 1, 0, 9, 2, 2, 0, 0, 11, 3, 1, 1, 0, 0, 2, 2, 5, 7, 9}, "x")
	f.Fuzz(func(t *testing.T, rolls []byte, text string) {
		if !utf8.ValidString(text) {
			return
		}
		c := &Config{ScrubNames: true, OptionalForNullables: true}
		d := dice.New(rolls, text)
		schema := tailrace.NewSchema(tailrace.TypeStruct).Field("f", d.Schema()).MustBuild()
		source, name, err := c.translate(schema)
		if err != nil {
			return // such as an array of arrays
		}
		file, err := parse(source, nil)
		if err != nil {
			return // such as a field that is called as a message
		}
		write, md, err := c.writer(schema, file, name)
		require.NoError(t, err, source)
		v := tailrace.StructOf([]tailrace.Value{d.Value(schema.Fields()[0].Schema)})
		data, err := write([]byte{}, v)
		if err != nil {
			return // such as a null in an array
		}
		whole(t, md, data)
		r, err := c.reader(md, 0)
		require.NoError(t, err, source)
		got, err := r.decode(data)
		require.NoError(t, err, "%s: %x", source, data)
		require.NoError(t, r.schema.Validate(got))
		write, _, err = c.writer(r.schema, file, name)
		require.NoError(t, err, source)
		again, err := write([]byte{}, got)
		require.NoError(t, err, source)
		require.Equal(t, data, again, "%s: %x is read as %v, and was %v", source, data, got, v)
	})
}

// FuzzDecode reads bytes of any kind by a schema of any kind.
func FuzzDecode(f *testing.F) {
	const proto3 = "syntax = \"proto3\";\n"
	f.Add(proto3+"message M { int32 a = 1; repeated M.N n = 2; message N { optional string s = 1; } }", []byte{8, 1, 18, 3, 10, 1, 'x'})
	f.Add(proto3+"message M { map<string, sint64> m = 1; oneof o { float f = 2; bytes b = 3; } enum E { A = 0; } E e = 4; }", []byte{10, 3, 10, 1, 'k', 26, 1, 0, 32, 0})
	f.Add(proto3+"import \"confluent/type/decimal.proto\";\nmessage M { confluent.type.Decimal d = 1 [(confluent.field_meta) = { params: [ { value: \"2\", key: \"scale\" } ] }]; }", []byte{10, 5, 10, 1, 5, 24, 2})
	f.Add(proto3+"import \"google/protobuf/timestamp.proto\";\nimport \"google/type/date.proto\";\nmessage M { google.protobuf.Timestamp t = 1; google.type.Date d = 2; }", []byte{10, 2, 8, 1, 18, 7, 8, 232, 15, 16, 10, 24, 4})
	f.Add(wrappersText(), []byte{9, 0, 0, 0, 0, 0, 0, 240, 63})
	f.Add("message M { required int32 a = 1; optional string b = 2 [default = \"x\"]; }", []byte{8, 1})
	f.Add(proto3+"message M { M m = 1; }", []byte{10, 0})
	f.Fuzz(func(t *testing.T, text string, data []byte) {
		if strings.Count(text, "message") > 50 {
			return
		}
		file, err := parse(text, nil)
		if err != nil {
			return
		}
		md, err := at(file, []int{0})
		if err != nil {
			return
		}
		for _, c := range []*Config{{}, {OptionalForNullables: true, IntForEnums: true}, {WrapperForNullables: true, FlattenUnions: true, StructForNulls: true}} {
			r, err := c.reader(md, 1)
			if err != nil {
				continue
			}
			if v, err := r.decode(data); err == nil {
				require.NoError(t, r.schema.Validate(v), "%s %x", text, data)
			}
		}
	})
}

func TestBadDataIsToldByWhatIsWrong(t *testing.T) {
	server, reg := memoryregistry.Start(t)
	server.Put(t, "t-value", registry.Schema{Type: registry.Protobuf, Text: "syntax = \"proto3\";\nmessage M { int32 a = 1; }"})
	server.Put(t, "t-value", registry.Schema{Type: registry.Avro, Text: `"string"`})
	server.Put(t, "t-value", registry.Schema{Type: registry.Protobuf, Text: "syntax = \"proto3\";\nmessage M { M m = 1; }"})
	server.Put(t, "t-value", registry.Schema{Type: registry.Protobuf, Text: "import \"other.proto\";"})
	c, err := New(Config{Options: registry.Options{Client: reg}})
	require.NoError(t, err)
	for data, want := range map[string]string{
		"":                             "0 bytes are no data",
		"\x01\x00\x00\x00\x01\x00":     "the first byte is 0x01",
		"\x00\x00\x00\x00\x09\x00":     "read the schema with the id 9",
		"\x00\x00\x00\x00\x02\x00":     "in the language AVRO",
		"\x00\x00\x00\x00\x03\x00":     "the message M holds itself",
		"\x00\x00\x00\x00\x04\x00":     "other.proto",
		"\x00\x00\x00\x00\x01":         "no indexes of a message",
		"\x00\x00\x00\x00\x01\x02\x04": "no message with the indexes [2]",
		"\x00\x00\x00\x00\x01\xfe\x7f": "indexes of a message, of which there are no more than",
		"\x00\x00\x00\x00\x01\x00\x08": "the message M: ",
	} {
		_, _, err := c.Decode("t", []byte(data))
		assert.ErrorContains(t, err, want, "%q", data)
		assert.ErrorContains(t, err, "read Protobuf of t: ")
	}
	_, err = c.Append([]byte{}, "t", nil, tailrace.Int64(1))
	assert.ErrorContains(t, err, "the data has no schema")
	_, err = New(Config{})
	assert.ErrorContains(t, err, "needs a client")
}

func TestTheNewestSchemaOfTheSubjectIsWrittenByWhereItIsAskedFor(t *testing.T) {
	server, reg := memoryregistry.Start(t)
	const theirs = "syntax = \"proto3\";\npackage shop;\nmessage Other {}\nmessage Item { string name = 5; int64 id = 3; map<string, int32> m = 4; }"
	server.Put(t, "t-value", registry.Schema{Type: registry.Protobuf, Text: theirs})
	item := func(name string) *tailrace.SchemaBuilder {
		return tailrace.NewSchema(tailrace.TypeStruct).Name(name).Field("id", tailrace.Int32Schema).Field("name", tailrace.StringSchema).
			Field("m", tailrace.NewSchema(tailrace.TypeMap).Key(tailrace.StringSchema).Elem(tailrace.Int32Schema).MustBuild())
	}
	v := []tailrace.Value{tailrace.Int32(7), tailrace.String("x"), tailrace.Map([]tailrace.Value{tailrace.String("k"), tailrace.Int32(2)})}
	c, err := New(Config{Options: registry.Options{Client: reg, NoRegister: true, UseLatest: true}})
	require.NoError(t, err)
	data, err := c.Append([]byte{}, "t", item("shop.Item").MustBuild(), tailrace.StructOf(v))
	require.NoError(t, err)
	assert.Equal(t, "\x00\x00\x00\x00\x01\x02\x02\x18\x07\x22\x05\x0a\x01k\x10\x02\x2a\x01x", string(data), "the second message, its fields by their numbers")

	_, err = c.Append([]byte{}, "t", item("shop.Ware").MustBuild(), tailrace.StructOf(v))
	assert.ErrorContains(t, err, "no message shop.Ware")
	more := item("shop.Item").Field("more", tailrace.StringSchema).MustBuild()
	_, err = c.Append([]byte{}, "t", more, tailrace.StructOf(append(v, tailrace.String("y"))))
	assert.ErrorContains(t, err, "field more: the message shop.Item has no such field")
	lax, err := New(Config{Options: registry.Options{Client: reg, NoRegister: true, UseLatest: true, LaxLatest: true}})
	require.NoError(t, err)
	again, err := lax.Append([]byte{}, "t", more, tailrace.StructOf(append(v, tailrace.String("y"))))
	require.NoError(t, err)
	assert.Equal(t, data, again)
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
	c, err := New(Config{Options: registry.Options{Client: client}, OptionalForNullables: true})
	fmt.Println(c != nil, err)
	// Output: true <nil>
}
