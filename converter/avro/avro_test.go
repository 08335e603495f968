package avro

import (
	"fmt"
	"testing"

	hamba "github.com/hamba/avro/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter/internal/orders"
	"github.com/tailrace-io/tailrace/converter/registry"
	"github.com/tailrace-io/tailrace/internal/memoryregistry"
	"github.com/tailrace-io/tailrace/internal/testserver"
)

func client(t testing.TB, urls ...string) *registry.Client {
	c, err := registry.New(registry.Config{URLs: urls})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func converterOf(t testing.TB, config Config) *Converter {
	c, err := New(config)
	require.NoError(t, err)
	return c
}

func row(names ...string) *tailrace.Schema {
	b := tailrace.NewSchema(tailrace.TypeStruct).Name("shop.Row")
	for _, name := range names {
		b.Field(name, tailrace.OptionalInt32Schema)
	}
	return b.MustBuild()
}

func rowOf(vs ...int32) tailrace.Value {
	fields := make([]tailrace.Value, len(vs))
	for i, v := range vs {
		fields[i] = tailrace.Int32(v)
	}
	return tailrace.StructOf(fields)
}

// Another library reads the data by the schema that a real registry has.
func TestAnotherLibraryReadsTheDataByTheRegistrysSchema(t *testing.T) {
	server := testserver.Registry(t)
	topic := server.Topic(t)
	reg := client(t, server.URL)
	c := converterOf(t, Config{Options: registry.Options{Client: reg}})
	schema, v := orders.Change()
	data, err := c.Append([]byte{}, topic, schema, v)
	require.NoError(t, err)

	id, body, err := registry.CutHeader(data)
	require.NoError(t, err)
	latest, err := reg.Latest(t.Context(), topic+"-value")
	require.NoError(t, err)
	require.Equal(t, id, latest.ID)
	other, err := hamba.ParseWithCache(latest.Schema.Text, "", &hamba.SchemaCache{})
	require.NoError(t, err)
	var got struct {
		Before *struct{} `avro:"before"`
		After  *struct {
			ID     int64   `avro:"id"`
			Status string  `avro:"status"`
			Note   *string `avro:"note"`
		} `avro:"after"`
		Source struct {
			Connector string `avro:"connector"`
			Pos       int64  `avro:"pos"`
		} `avro:"source"`
		Op string `avro:"op"`
	}
	require.NoError(t, hamba.Unmarshal(other, body, &got))
	require.NotNil(t, got.After)
	assert.Nil(t, got.Before)
	assert.Equal(t, int64(12345), got.After.ID)
	assert.Equal(t, "new", got.After.Status)
	assert.Equal(t, "mysql", got.Source.Connector)
	assert.Equal(t, int64(10866), got.Source.Pos)
	assert.Equal(t, "c", got.Op)

	_, back, err := c.Decode(topic, data)
	require.NoError(t, err)
	assert.True(t, back.Equal(v))
}

func TestAnIncompatibleSchemaIsTold(t *testing.T) {
	server := testserver.Registry(t)
	topic := server.Topic(t)
	reg := client(t, server.URL)
	c := converterOf(t, Config{Options: registry.Options{Client: reg}})
	_, err := c.Append([]byte{}, topic, row("a"), rowOf(1))
	require.NoError(t, err)
	require.NoError(t, reg.SetCompatibility(t.Context(), topic+"-value", "BACKWARD"))

	narrower := tailrace.NewSchema(tailrace.TypeStruct).Name("shop.Row").Field("a", tailrace.StringSchema).MustBuild()
	_, err = c.Append([]byte("x"), topic, narrower, tailrace.StructOf([]tailrace.Value{tailrace.String("1")}))
	require.ErrorIs(t, err, registry.ErrIncompatible)
	for _, word := range []string{topic + "-value", "/a", "PUT /config/"} {
		assert.ErrorContains(t, err, word)
	}
	_, err = c.Append([]byte{}, topic, row("a", "b"), rowOf(1, 2))
	assert.NoError(t, err, "a field that may be null is compatible")
}

func TestTheNewestSchemaIsWrittenBy(t *testing.T) {
	server, reg := memoryregistry.Start(t)
	wide := `{"type":"record","name":"Row","namespace":"shop","fields":[{"name":"extra","type":["null","string"],"default":null},{"name":"b","type":"long"},{"name":"a","type":["int","null"]}]}`
	server.Put(t, "t-value", registry.Schema{Text: wide})
	use := registry.Options{Client: reg, NoRegister: true, UseLatest: true}
	c := converterOf(t, Config{Options: use})
	ab := tailrace.NewSchema(tailrace.TypeStruct).Field("a", tailrace.OptionalInt32Schema).Field("b", tailrace.Int32Schema).MustBuild()
	data, err := c.Append([]byte{}, "t", ab, rowOf(1, 2))
	require.NoError(t, err)
	assert.Equal(t, "\x00\x00\x00\x00\x01\x00\x04\x00\x02", string(data))

	abc := tailrace.NewSchema(tailrace.TypeStruct).Field("a", tailrace.Int32Schema).Field("b", tailrace.Int32Schema).Field("c", tailrace.Int32Schema).MustBuild()
	_, err = c.Append([]byte{}, "t", abc, rowOf(1, 2, 3))
	assert.ErrorContains(t, err, "has no field for c")
	use.LaxLatest = true
	_, err = converterOf(t, Config{Options: use}).Append([]byte{}, "t", abc, rowOf(1, 2, 3))
	assert.NoError(t, err)
	_, err = c.Append([]byte{}, "t", row("a"), rowOf(1))
	assert.ErrorContains(t, err, "requires the field b")
	_, err = c.Append([]byte{}, "t", tailrace.StringSchema, tailrace.String("x"))
	assert.ErrorContains(t, err, "string where the schema of the registry has record shop.Row")

	use.UseLatest, use.UseID = false, 1
	data, err = converterOf(t, Config{Options: use}).Append([]byte{}, "elsewhere", ab, rowOf(1, 2))
	require.NoError(t, err)
	assert.Equal(t, byte(1), data[4])
}

func TestASchemaThatIsNotRegisteredIsAnErrorWhereItIsNotToBe(t *testing.T) {
	_, reg := memoryregistry.Start(t)
	c := converterOf(t, Config{Options: registry.Options{Client: reg, NoRegister: true}})
	_, err := c.Append([]byte{}, "t", tailrace.StringSchema, tailrace.String("x"))
	require.ErrorIs(t, err, registry.ErrNotFound)
	assert.ErrorContains(t, err, "auto.register.schemas=true")
}

func TestForeignSchemasMayReferToOthers(t *testing.T) {
	server := testserver.Registry(t)
	topic := server.Topic(t)
	reg := client(t, server.URL)
	place := registry.Schema{Type: registry.Avro, Text: `{"type":"record","name":"Place","namespace":"geo","fields":[{"name":"x","type":"int"}]}`}
	_, err := reg.Register(t.Context(), topic+"-place", place, false)
	require.NoError(t, err)
	id, err := reg.Register(t.Context(), topic+"-value", registry.Schema{
		Type: registry.Avro, Text: `{"type":"record","name":"R","fields":[{"name":"p","type":"geo.Place"}]}`,
		References: []registry.Reference{{Name: "geo.Place", Subject: topic + "-place", Version: 1}},
	}, false)
	require.NoError(t, err)
	c := converterOf(t, Config{Options: registry.Options{Client: reg}})
	s, v, err := c.Decode(topic, append(registry.AppendHeader(nil, id), 14))
	require.NoError(t, err)
	assert.Equal(t, int64(7), tailrace.AsStruct(s, v).Struct("p").Get("x").Int())
}

func TestWrongOptionsAreErrors(t *testing.T) {
	_, err := New(Config{})
	assert.ErrorContains(t, err, "needs a client")
	_, reg := memoryregistry.Start(t)
	_, err = New(Config{Options: registry.Options{Client: reg, UseLatest: true}})
	assert.ErrorContains(t, err, "auto.register.schemas=false")
}

func TestBadDataIsToldByWhatIsWrong(t *testing.T) {
	server, reg := memoryregistry.Start(t)
	server.Put(t, "t-value", registry.Schema{Text: `{"type":"record","name":"R","fields":[{"name":"a","type":["null","int"]}]}`})
	server.Put(t, "t-value", registry.Schema{Type: registry.Protobuf, Text: "syntax"})
	c := converterOf(t, Config{Options: registry.Options{Client: reg}})
	for data, want := range map[string]string{
		"":                             "0 bytes are no data",
		"\x01\x00\x00\x00\x01":         "the first byte is 0x01",
		"\x00\x00\x00\x00\x09":         "read the schema with the id 9",
		"\x00\x00\x00\x00\x02":         "in the language PROTOBUF",
		"\x00\x00\x00\x00\x01":         "field a: the data ends too early",
		"\x00\x00\x00\x00\x01\x06":     "field a: branch 3 of a union that has 2",
		"\x00\x00\x00\x00\x01\x00\x00": "1 bytes follow the data",
	} {
		_, _, err := c.Decode("t", []byte(data))
		assert.ErrorContains(t, err, want, "%q", data)
		assert.ErrorContains(t, err, "read Avro of t: ")
	}
}

func TestTheColumnsThatTheLogDidNotCarryAreThePlaceholder(t *testing.T) {
	_, reg := memoryregistry.Start(t)
	c := converterOf(t, Config{Options: registry.Options{Client: reg}, Unavailable: "?"})
	s := tailrace.NewSchema(tailrace.TypeStruct).Name("R").Field("a", tailrace.OptionalStringSchema).Field("b", tailrace.OptionalInt32Schema).MustBuild()
	data, err := c.Append([]byte{}, "t", s, tailrace.StructOf([]tailrace.Value{tailrace.Unchanged(), tailrace.Unchanged()}))
	require.NoError(t, err)
	assert.Equal(t, "\x02\x02?\x00", string(data[5:]))
	required := tailrace.NewSchema(tailrace.TypeStruct).Name("Q").Field("b", tailrace.Int32Schema).MustBuild()
	_, err = c.Append([]byte{}, "t", required, tailrace.StructOf([]tailrace.Value{tailrace.Unchanged()}))
	assert.ErrorContains(t, err, "no placeholder")
}

func TestNothingIsAllocatedOnceASchemaIsKnown(t *testing.T) {
	_, reg := memoryregistry.Start(t)
	c := converterOf(t, Config{Options: registry.Options{Client: reg}})
	schema, v := orders.Change()
	dst, err := c.Append([]byte{}, "t", schema, v)
	require.NoError(t, err)
	assert.Zero(t, testing.AllocsPerRun(100, func() { dst, _ = c.Append(dst[:0], "t", schema, v) }))
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
