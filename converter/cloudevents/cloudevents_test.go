package cloudevents

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/converter/avro"
	"github.com/tailrace-io/tailrace/converter/internal/orders"
	"github.com/tailrace-io/tailrace/converter/registry"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/memoryregistry"
)

// avroConfig is a configuration with a registry of its own.
func avroConfig(t testing.TB, event Format) Config {
	server, client := memoryregistry.Start(t)
	of, err := avro.New(avro.Config{Options: registry.Options{Client: client}})
	require.NoError(t, err)
	return Config{Format: event, DataFormat: Avro, Avro: of, Registry: server.URL}
}

func converterOf(t testing.TB, config Config) *Converter {
	c, err := New(config)
	require.NoError(t, err)
	return c
}

// configs are one of each form.
func configs(t testing.TB) map[string]Config {
	return map[string]Config{
		"JSON":                {},
		"JSON with schemas":   {JSON: converter.JSONConfig{Schemas: true}},
		"JSON around Avro":    avroConfig(t, JSON),
		"Avro around Avro":    avroConfig(t, Avro),
		"without extensions":  {NoExtensions: true},
		"typed in headers":    {HeaderSource: true},
		"JSON of all numbers": {JSON: converter.JSONConfig{NumericDecimals: true, KeepNulls: true}},
	}
}

// change is a change event, and the headers that HeaderFrom makes of it.
func change() (*tailrace.Schema, tailrace.Value, []tailrace.Header) {
	s, v := orders.Change()
	var headers []tailrace.Header
	for _, name := range []string{"source", "op"} {
		f, _ := s.Field(name)
		headers = append(headers, tailrace.Header{Key: name, Schema: f.Schema, Value: v.Fields()[f.Index]})
	}
	return s, v, headers
}

func TestAppendKeepsWhatIsInDstAndWritesTheSameAgain(t *testing.T) {
	s, v, headers := change()
	for name, config := range configs(t) {
		c := converterOf(t, config)
		first, err := c.AppendWithHeaders([]byte{}, "t", headers, s, v)
		require.NoError(t, err, name)
		for _, room := range []int{0, 1 << 14} {
			out, err := c.AppendWithHeaders(append(make([]byte, 0, 2+room), "ab"...), "t", headers, s, v)
			require.NoError(t, err, name)
			require.Equal(t, "ab"+string(first), string(out), name)
		}
	}
}

func TestAnErrorLeavesDstAlone(t *testing.T) {
	s, v, headers := change()
	fields := append([]tailrace.Value(nil), v.Fields()...)
	place, _ := s.Field("after")
	row := append([]tailrace.Value(nil), fields[place.Index].Fields()...)
	row[0] = tailrace.String("no number")
	fields[place.Index] = tailrace.StructOf(row)
	for name, config := range configs(t) {
		out, err := converterOf(t, config).AppendWithHeaders([]byte("ab"), "t", headers, s, tailrace.StructOf(fields))
		require.Error(t, err, name)
		require.Equal(t, "ab", string(out), name)
		assert.NotContains(t, err.Error(), "no number", name)
	}
}

func TestManyGoroutinesMayUseOneConverter(t *testing.T) {
	s, v, headers := change()
	for name, config := range configs(t) {
		c := converterOf(t, config)
		want, err := converterOf(t, config).AppendWithHeaders([]byte{}, "t", headers, s, v)
		require.NoError(t, err, name)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 20 {
					out, err := c.AppendWithHeaders([]byte{}, "t", headers, s, v)
					assert.NoError(t, err, name)
					assert.Equal(t, string(want), string(out), name)
					_, _, err = c.Decode("t", out)
					assert.NoError(t, err, name)
				}
			})
		}
		all.Wait()
	}
}

func TestNothingIsReadAsNull(t *testing.T) {
	for name, config := range configs(t) {
		s, v, err := converterOf(t, config).Decode("t", nil)
		require.NoError(t, err, name)
		require.Nil(t, s, name)
		require.True(t, v.IsNull(), name)
	}
}

// member gives what a map without a schema has under a name.
func member(t *testing.T, v tailrace.Value, name string) tailrace.Value {
	entries := v.Entries()
	for i := 0; i < len(entries); i += 2 {
		if entries[i].Text() == name {
			return entries[i+1]
		}
	}
	t.Fatalf("there is no %s in %s", name, v)
	return tailrace.Value{}
}

func TestDataInJSONIsReadByItsSchema(t *testing.T) {
	s, v, _ := change()
	for _, config := range []Config{{JSON: converter.JSONConfig{Schemas: true}}, avroConfig(t, JSON)} {
		c := converterOf(t, config)
		data, err := c.Append([]byte{}, "t", s, v)
		require.NoError(t, err)
		schema, event, err := c.Decode("t", data)
		require.NoError(t, err)
		require.Nil(t, schema)
		read := member(t, event, "data")
		require.True(t, member(t, read, "before").IsNull())
		after := member(t, read, "after")
		require.Equal(t, tailrace.Int64(12345), member(t, after, "id"))
		require.Equal(t, tailrace.Int32(345), member(t, after, "customer_id"))
		require.Equal(t, "1783.70", member(t, after, "total").Text())
	}
}

func TestDataInAvroKeepsItsSchema(t *testing.T) {
	s, v, _ := change()
	c := converterOf(t, avroConfig(t, Avro))
	data, err := c.Append([]byte{}, "t", s, v)
	require.NoError(t, err)
	schema, event, err := c.Decode("t", data)
	require.NoError(t, err)
	require.Equal(t, "dbserver1.bench.CloudEvents.Envelope", schema.Name())
	at, ok := schema.Field("data")
	require.True(t, ok)
	after, ok := at.Schema.Field("after")
	require.True(t, ok)
	want, _ := s.Field("after")
	require.True(t, v.Fields()[want.Index].Equal(event.Fields()[at.Index].Fields()[after.Index]))
	again, _, err := c.Decode("t", data)
	require.NoError(t, err)
	require.Same(t, schema, again)
}

func TestWhatIsNoEventIsNotRead(t *testing.T) {
	config := avroConfig(t, Avro)
	foreign, err := config.Avro.Append([]byte{}, "t", tailrace.StringSchema, tailrace.String("x"))
	require.NoError(t, err)
	s, v, _ := change()
	other, err := config.Avro.Append([]byte{}, "t", s, v)
	require.NoError(t, err)
	named := config
	named.SchemaName = "shop.Event"
	event, err := converterOf(t, config).Append([]byte{}, "t", s, v)
	require.NoError(t, err)
	inJSON := config
	inJSON.Format = JSON
	for _, c := range []struct {
		config Config
		data   []byte
		want   string
	}{
		{config, foreign, "it is no event"},
		{config, other, "does not end with CloudEvents.Envelope"},
		{named, event, "not shop.Event"},
		{config, []byte("x"), "read a CloudEvent of t"},
		{inJSON, []byte(`{"id":"1","source":"s","specversion":"1.0","type":"t","data":5}`), "base64"},
		{inJSON, []byte(`{"id":"1","source":"s","specversion":"1.0","type":"t","data":"-"}`), "base64"},
		{inJSON, []byte(`{"id":"1","source":"s","specversion":"1.0","type":"t","data":"AA=="}`), "the event's data"},
		{Config{}, []byte(`{"id":"1","source":"s","type":"t","data":5}`), "specversion"},
	} {
		_, _, err := converterOf(t, c.config).Decode("t", c.data)
		require.ErrorContains(t, err, c.want)
	}
}

func TestWrongConfigurationsAreErrors(t *testing.T) {
	withSchema := Config{JSON: converter.JSONConfig{Schemas: true, Schema: tailrace.StringSchema}}
	nowhere := avroConfig(t, JSON)
	nowhere.Registry = ""
	for want, config := range map[string]Config{
		"neither JSON nor Avro":  {Format: 7},
		"data.serializer.type":   {Format: Avro},
		"Avro needs a converter": {DataFormat: Avro},
		"address of the schema":  nowhere,
		"9 is no mode":           {Names: 9},
		"json.schema.content":    withSchema,
	} {
		_, err := New(config)
		require.ErrorContains(t, err, want)
	}
}

func TestWrongPropertiesAreErrors(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"serializer.type", "protobuf", "one of json, avro"},
		{"serializer.type", "avro", "data.serializer.type"},
		{"data.serializer.type", "avro", "avro.schema.registry.url"},
		{"schema.name.adjustment.mode", "upper", "schema.name.adjustment.mode"},
		{"metadata.source", "generate", "must begin with value or header"},
		{"metadata.source", "value", "id:generate or id:header"},
		{"metadata.source", "value,id:generate,type:generate,time:header", `has "time"`},
		{"metadata.source", "value,id:value,type:generate", "behind id:"},
		{"avro.apicurio.registry.url", "http://x", "ccompat"},
	} {
		p := property.New(map[string]string{c.key: c.value})
		FromProperties(p, jsonConfig)
		require.ErrorContains(t, p.Err(), c.want, "%s=%s", c.key, c.value)
	}
	p := property.New(map[string]string{"opentelemetry.tracing.attributes.enable": "true", "metadata.source": "value,id:generate,type:generate"})
	FromProperties(p, jsonConfig)
	require.ErrorContains(t, p.Err(), "traceparent:header")
}

func TestPasswordsOfTheRegistryAreNotInEvents(t *testing.T) {
	p := property.New(map[string]string{"data.serializer.type": "avro", "avro.schema.registry.url": "http://me:secret@registry:8081,http://other:8081"})
	c := FromProperties(p, jsonConfig)
	require.NoError(t, p.Err())
	require.Equal(t, "http://registry:8081,http://other:8081", c.config.Registry)
}

// FuzzJSON reads bytes of any kind: whatever is read is as its schema says.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"id":"1","source":"s","specversion":"1.0","type":"t","data":{"schema":{"type":"map","keys":{"type":"int8"},"values":{"type":"float"}},"payload":[[1,"NaN"]]}}`))
	readAnything(f, Config{}, Config{JSON: converter.JSONConfig{Schemas: true}})
}

// FuzzAvro does so where the registry has the schemas.
func FuzzAvro(f *testing.F) { readAnything(f, avroConfig(f, JSON), avroConfig(f, Avro)) }

func readAnything(f *testing.F, configs ...Config) {
	s, v, _ := change()
	made := make([]*Converter, len(configs))
	for i, config := range configs {
		made[i] = converterOf(f, config)
		data, err := made[i].Append([]byte{}, "t", s, v)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, c := range made {
			if s, v, err := c.Decode("t", data); err == nil {
				require.NoError(t, s.Validate(v))
			}
		}
	})
}
