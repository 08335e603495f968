package jsonschema

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/converter/internal/recorded"
	"github.com/tailrace-io/tailrace/converter/registry"
	"github.com/tailrace-io/tailrace/internal/memoryregistry"
)

// configured makes the converter of a case, and the registry that it uses.
func configured(t *testing.T, c *recorded.Case) (*memoryregistry.Server, *Converter) {
	server, client := memoryregistry.Start(t)
	on := func(key string) bool { return c.Config[key] == "true" }
	strategy := map[string]registry.Strategy{
		"": registry.TopicName, "TopicNameStrategy": registry.TopicName,
		"RecordNameStrategy": registry.RecordName, "TopicRecordNameStrategy": registry.TopicRecordName,
	}
	const classes = "io.confluent.kafka.serializers.subject."
	name := c.Config["value.subject.name.strategy"]
	if name != "" {
		name = name[len(classes):]
	}
	converter, err := New(Config{
		Options:                registry.Options{Client: client, Key: c.Key, Subject: strategy[name]},
		Closed:                 c.Config["object.additional.properties"] == "false",
		OptionalUnlessRequired: on("use.optional.for.nonrequired"),
		NumericDecimals:        c.Config["decimal.format"] == "NUMERIC",
		NoDefaults:             on("ignore.default.for.nullables"),
		KeepSingletons:         c.Config["flatten.singleton.unions"] == "false",
	})
	require.NoError(t, err)
	return server, converter
}

func TestTheBytesAndSchemasAreThoseOfJsonSchemaConverter(t *testing.T) {
	recorded.Run(t, "testdata/write.jsonl", 300, func(t *testing.T, c *recorded.Case) {
		server, converter := configured(t, c)
		schema, v := recorded.Parse(t, c.Data)
		got, err := converter.Append([]byte{}, c.Topic, schema, v)
		if c.Ours != "" {
			return
		}
		if c.Want.Error != "" {
			require.Error(t, err, "JsonSchemaConverter: %s", c.Want.Error)
			return
		}
		require.NoError(t, err)
		if c.Want.Bytes == nil {
			require.Nil(t, got)
			return
		}
		require.Equal(t, recorded.Canonical(t, []byte(c.Want.Schema)), recorded.Canonical(t, []byte(server.Latest(c.Want.Subject))), "the schema")
		assert.Equal(t, *c.Want.Bytes, hex.EncodeToString(got), "the bytes")
		readsAs(t, converter, c, got)
	})
}

// readsAs checks what is read of the bytes.
func readsAs(t *testing.T, converter *Converter, c *recorded.Case, data []byte) {
	schema, v, err := converter.Decode(c.Topic, data)
	if c.Want.BackError != "" {
		require.Error(t, err, "JsonSchemaConverter: %s", c.Want.BackError)
		return
	}
	require.NoError(t, err)
	require.Equal(t, recorded.Canonical(t, c.Want.Back), recorded.Text(t, schema, v), "what is read")
	require.NoError(t, schema.Validate(v))
}

func TestWhatIsReadIsWhatJsonSchemaConverterReads(t *testing.T) {
	recorded.Run(t, "testdata/read.jsonl", 30, func(t *testing.T, c *recorded.Case) {
		server, converter := configured(t, c)
		server.Put(t, c.Topic+"-value", registry.Schema{Type: registry.JSON, Text: c.Schema})
		data, err := hex.DecodeString(*c.Read)
		require.NoError(t, err)
		schema, v, err := converter.Decode(c.Topic, data)
		if c.Ours == "error" || c.Ours == "" && c.Want.Error != "" {
			require.Error(t, err, "JsonSchemaConverter: %s", c.Want.Error)
			return
		}
		require.NoError(t, err)
		if c.Ours == "" {
			require.Equal(t, recorded.Canonical(t, c.Want.Back), recorded.Text(t, schema, v))
		}
		require.NoError(t, schema.Validate(v))
	})
}
