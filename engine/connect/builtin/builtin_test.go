package builtin_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/engine/connect/builtin"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/memoryregistry"
	"github.com/tailrace-io/tailrace/offset/javafile"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/memory"
	"github.com/tailrace-io/tailrace/transform"
)

// config gives a configuration of a source in memory, with more keys and values.
func config(more ...string) map[string]string {
	c := map[string]string{"name": "shop", "connector.class": "Nothing", "offset.storage": "Memory"}
	for i := 0; i < len(more); i += 2 {
		c[more[i]] = more[i+1]
	}
	return c
}

func nothing(*property.Set) source.Source { return &memory.Source{} }

func TestConvertersAreThoseOfTheirClasses(t *testing.T) {
	for _, c := range []struct {
		more []string
		v    tailrace.Value
		want string
	}{
		{[]string{"value.converter", "org.apache.kafka.connect.json.JsonConverter", "value.converter.schemas.enable", "false"}, tailrace.String("a"), `"a"`},
		{[]string{"value.converter", "org.apache.kafka.connect.storage.StringConverter"}, tailrace.String("é"), "é"},
		{[]string{"value.converter", "String", "value.converter.converter.encoding", "ISO-8859-1"}, tailrace.String("é"), "\xe9"},
		{[]string{"value.converter", "SimpleHeader"}, tailrace.Float64(1e10), "1.0E10"},
		{[]string{"value.converter", "org.apache.kafka.connect.converters.ByteArrayConverter"}, tailrace.Bytes([]byte{1, 2}), "\x01\x02"},
		{[]string{"value.converter", "BooleanConverter"}, tailrace.Boolean(true), "\x01"},
		{[]string{"value.converter", "Short"}, tailrace.Int16(258), "\x01\x02"},
		{[]string{"value.converter", "Integer"}, tailrace.Int32(1), "\x00\x00\x00\x01"},
		{[]string{"value.converter", "Long"}, tailrace.Int64(1), "\x00\x00\x00\x00\x00\x00\x00\x01"},
		{[]string{"value.converter", "Float"}, tailrace.Float32(1), "\x3f\x80\x00\x00"},
		{[]string{"value.converter", "Double"}, tailrace.Float64(1), "\x3f\xf0\x00\x00\x00\x00\x00\x00"},
	} {
		r := builtin.Registry()
		r.Sources["com.example.NothingConnector"] = nothing
		cfg, _, err := r.Config(config(c.more...))
		require.NoError(t, err, "%v", c.more)
		got, err := cfg.Encode.Value.Append([]byte{}, "t", nil, c.v)
		require.NoError(t, err, "%v", c.more)
		assert.Equal(t, c.want, string(got), "%v", c.more)
	}
}

func TestConvertersWithARegistryAreThoseOfTheirClasses(t *testing.T) {
	server, _ := memoryregistry.Start(t)
	for _, class := range []string{"io.confluent.connect.avro.AvroConverter", "io.confluent.connect.json.JsonSchemaConverter", "io.confluent.connect.protobuf.ProtobufConverter"} {
		r := builtin.Registry()
		r.Sources["com.example.NothingConnector"] = nothing
		cfg, _, err := r.Config(config(
			"key.converter", class, "key.converter.schema.registry.url", server.URL,
			"value.converter", class, "value.converter.schema.registry.url", server.URL,
		))
		require.NoError(t, err)
		topic := class[strings.LastIndexByte(class, '.')+1:]
		for suffix, c := range map[string]converter.Converter{"-key": cfg.Encode.Key, "-value": cfg.Encode.Value} {
			_, err := c.Append([]byte{}, topic, tailrace.StringSchema, tailrace.String("a"))
			require.NoError(t, err)
			assert.Contains(t, server.Latest(topic+suffix), "string", "the schema is under %s", topic+suffix)
		}
		_, _, err = r.Config(config("value.converter", class))
		assert.ErrorContains(t, err, "value.converter.schema.registry.url")
	}
}

func TestCloudEventsConverterHasConvertersOfItsOwn(t *testing.T) {
	server, _ := memoryregistry.Start(t)
	r := builtin.Registry()
	r.Sources["com.example.NothingConnector"] = nothing
	const class = "io.debezium.converters.CloudEventsConverter"
	schema, change := change()
	for _, c := range []struct{ options, want []string }{
		{[]string{"value.converter.json.schemas.enable", "false"}, []string{`"iodebeziumop":"c"`, `"data":{"before":null,`}},
		{nil, []string{`"data":{"schema":{"type":"struct"`}},
		{[]string{"value.converter.data.serializer.type", "avro", "value.converter.avro.schema.registry.url", server.URL}, []string{server.URL + "/schemas/ids/1"}},
	} {
		cfg, _, err := r.Config(config(append([]string{"value.converter", class}, c.options...)...))
		require.NoError(t, err)
		out, err := cfg.Encode.Value.Append([]byte{}, "t", schema, change)
		require.NoError(t, err)
		for _, want := range c.want {
			assert.Contains(t, string(out), want)
		}
	}
	_, _, err := r.Config(config("value.converter", class, "value.converter.data.serializer.type", "avro"))
	assert.ErrorContains(t, err, "value.converter.avro.schema.registry.url")
	_, _, err = r.Config(config("value.converter", class, "value.converter.json.schema.enable", "false"))
	assert.ErrorContains(t, err, "json.schemas.enable?")
}

// change is a change event of the connector for MySQL.
func change() (*tailrace.Schema, tailrace.Value) {
	text, number := tailrace.String, tailrace.Int64
	source := tailrace.NewSchema(tailrace.TypeStruct)
	for _, name := range []string{"connector", "name", "db", "file"} {
		source.Field(name, tailrace.StringSchema)
	}
	source.Field("pos", tailrace.Int64Schema).Field("ts_ms", tailrace.Int64Schema)
	row := tailrace.NewSchema(tailrace.TypeStruct).Name("s.t.Value").Optional().Field("id", tailrace.Int64Schema).MustBuild()
	envelope := tailrace.NewSchema(tailrace.TypeStruct).Name("s.t.Envelope").
		Field("before", row).Field("after", row).Field("source", source.MustBuild()).Field("op", tailrace.StringSchema).MustBuild()
	return envelope, tailrace.StructOf([]tailrace.Value{
		{}, tailrace.StructOf([]tailrace.Value{number(7)}),
		tailrace.StructOf([]tailrace.Value{text("mysql"), text("s"), text("db"), text("binlog.1"), number(4), number(0)}), text("c"),
	})
}

func TestBinaryDataConverterLeavesWhatIsNotBytesToItsDelegate(t *testing.T) {
	r := builtin.Registry()
	r.Sources["com.example.NothingConnector"] = nothing
	const key, class = "value.converter.delegate.converter.type", "io.debezium.converters.BinaryDataConverter"
	cfg, _, err := r.Config(config("value.converter", class, key, "org.apache.kafka.connect.json.JsonConverter", key+".schemas.enable", "false"))
	require.NoError(t, err)
	out, err := cfg.Encode.Value.Append([]byte{}, "t", tailrace.StringSchema, tailrace.String("a"))
	require.NoError(t, err)
	assert.Equal(t, `"a"`, string(out))
	_, _, err = r.Config(config("value.converter", class, key, "org.apache.kafka.connect.json.JsonConvert"))
	assert.ErrorContains(t, err, "JsonConverter?")
}

func TestSimpleHeaderConverterWritesAndReadsAnyValue(t *testing.T) {
	r := builtin.Registry()
	r.Sources["com.example.NothingConnector"] = nothing
	cfg, _, err := r.Config(config("header.converter", "SimpleHeaderConverter"))
	require.NoError(t, err)
	out, err := cfg.Encode.Header.Append([]byte{}, "t", tailrace.Semantic(tailrace.DateName).MustBuild(), tailrace.Int32(20000))
	require.NoError(t, err)
	assert.Equal(t, "2024-10-04", string(out))
	for text, want := range map[string]string{"": "string ", "1": "int8 1", "shop": "string shop", "true": "boolean true", "1.5": "float32 1.5"} {
		s, v, err := cfg.Encode.Header.Decode("t", []byte(text))
		require.NoError(t, err)
		assert.Equal(t, want, s.Type().String()+" "+tailrace.Display(s, v))
	}
	s, v, err := cfg.Encode.Header.Decode("t", nil)
	require.NoError(t, err)
	assert.True(t, s == nil && v.IsNull())
}

func TestTransformsAndPredicatesAreThoseOfTheirClasses(t *testing.T) {
	r := builtin.Registry()
	r.Sources["com.example.NothingConnector"] = nothing
	cfg, notes, err := r.Config(config(
		"transforms", "route,clean,trim",
		"transforms.route.type", "org.apache.kafka.connect.transforms.RegexRouter",
		"transforms.route.regex", `(\w+)\.(?<table>\w+)`, "transforms.route.replacement", "${table}-of-$1", "transforms.route.predicate", "shop",
		"transforms.clean.type", "org.apache.kafka.connect.transforms.Filter", "transforms.clean.predicate", "gone",
		"transforms.trim.type", "org.apache.kafka.connect.transforms.Filter", "transforms.trim.predicate", "traced", "transforms.trim.negate", "true",
		"predicates", "shop,gone,traced",
		"predicates.shop.type", "org.apache.kafka.connect.transforms.predicates.TopicNameMatches", "predicates.shop.pattern", `shop\..*`,
		"predicates.gone.type", "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone",
		"predicates.traced.type", "org.apache.kafka.connect.transforms.predicates.HasHeaderKey", "predicates.traced.name", "trace",
	))
	require.NoError(t, err)
	assert.Empty(t, notes)
	trace := []tailrace.Header{{Key: "trace"}}
	for _, c := range []struct {
		record tailrace.Record
		topic  string
		keep   bool
	}{
		{tailrace.Record{Topic: "shop.orders", Value: tailrace.String("x"), Headers: trace}, "orders-of-shop", true},
		{tailrace.Record{Topic: "other.orders", Value: tailrace.String("x"), Headers: trace}, "other.orders", true},
		{tailrace.Record{Topic: "shop.orders", Headers: trace}, "orders-of-shop", false},
		{tailrace.Record{Topic: "shop.orders", Value: tailrace.String("x")}, "orders-of-shop", false},
	} {
		keep, err := transform.Chain(cfg.Transforms...).Apply(&c.record)
		require.NoError(t, err)
		assert.Equal(t, c.keep, keep)
		assert.Equal(t, c.topic, c.record.Topic)
	}
}

func TestOptionsOfClassesAreChecked(t *testing.T) {
	r := builtin.Registry()
	r.Sources["com.example.NothingConnector"] = nothing
	_, _, err := r.Config(config(
		"transforms", "a,b,c", "transforms.a.type", "RegexRouter", "transforms.a.regex", "a(?=b)", "transforms.a.replacement", "x",
		"transforms.b.type", "RegexRouter", "transforms.b.regex", "(a)", "transforms.b.replacement", "$2", "transforms.c.type", "RegexRouters", "transforms.c.regx", "a",
		"predicates", "p", "predicates.p.type", "HasHeaderKey",
		"value.converter", "String", "value.converter.converter.encoding", "EBCDIC", "key.converter.decimal.format", "TEXT", "key.converter.schema.content", "{",
		"offset.storage", "FileOffsetBackingStore", "unavailable.value.placeholder", "hex:zz",
	))
	assert.EqualError(t, err, `the configuration is wrong in 12 places:
  key.converter.decimal.format: "TEXT" must be one of BASE64, NUMERIC
  key.converter.schema.content: is not a schema: read a JSON schema: byte 1: the text ends where a member's name should be
  offset.storage.file.filename: is required and missing: The file that offsets are kept in, as JSON. Where Java has written it, its offsets are where to begin, and later ones are in a file of the same name with the suffix .json.
  predicates.p.name: is required and missing: The name of the header.
  transforms.a.regex: the regular expression "a(?=b)" has a look-ahead (?=…), which is not supported
  transforms.b.replacement: refers to the group 2, and the expression has 1
  transforms.c.regex: is required and missing: What a topic has to match as a whole.
  transforms.c.regx: no such property; did you mean transforms.c.regex?
  transforms.c.replacement: is required and missing: What becomes of the topic; $1 is the text of the first group.
  transforms.c.type: RegexRouters: no such transform; did you mean org.apache.kafka.connect.transforms.RegexRouter?
  unavailable.value.placeholder: "hex:zz" must have hexadecimal digits behind hex:
  value.converter.converter.encoding: "EBCDIC" must be one of UTF-8, US-ASCII, ISO-8859-1, UTF-16, UTF-16BE, UTF-16LE`)
}

func TestOffsetsAreKeptInAFile(t *testing.T) {
	r := builtin.Registry()
	r.Sources["com.example.NothingConnector"] = nothing
	cfg, _, err := r.Config(config("offset.storage", "org.apache.kafka.connect.storage.FileOffsetBackingStore", "offset.storage.file.filename", "/var/lib/shop.json"))
	require.NoError(t, err)
	assert.Equal(t, javafile.Store("/var/lib/shop.json"), cfg.Offsets)
}
