package protobuf

import (
	"encoding/hex"
	"strings"
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
	off := func(key string) bool { return c.Config[key] == "false" }
	strategy := map[string]registry.Strategy{
		"": registry.TopicName, "TopicNameStrategy": registry.TopicName,
		"RecordNameStrategy": registry.RecordName, "TopicRecordNameStrategy": registry.TopicRecordName,
	}
	name := strings.TrimPrefix(c.Config["value.subject.name.strategy"], "io.confluent.kafka.serializers.subject.")
	converter, err := New(Config{
		Options:              registry.Options{Client: client, Key: c.Key, Subject: strategy[name]},
		OptionalForNullables: on("optional.for.nullables"),
		WrapperForNullables:  on("wrapper.for.nullables"),
		KeepWrappers:         off("wrapper.for.raw.primitives"),
		Enhanced:             on("enhanced.protobuf.schema.support"),
		ScrubNames:           on("scrub.invalid.names"),
		IntForEnums:          on("int.for.enums"),
		StructForNulls:       on("generate.struct.for.nulls"),
		NoUnionIndex:         off("generate.index.for.unions"),
		FlattenUnions:        on("flatten.unions"),
		NoProto2Optional:     off("optional.for.proto2"),
		NoDefaults:           on("ignore.default.for.nullables"),
	})
	require.NoError(t, err)
	return server, converter
}

func TestTheBytesAndSchemasAreThoseOfProtobufConverter(t *testing.T) {
	recorded.Run(t, "testdata/write.jsonl", 380, func(t *testing.T, c *recorded.Case) {
		server, converter := configured(t, c)
		schema, v := recorded.Parse(t, c.Data)
		got, err := converter.Append([]byte{}, c.Topic, schema, v)
		if strings.HasPrefix(c.Ours, "refused: ") || c.Want.Error != "" {
			require.Error(t, err, "ProtobufConverter: %s", c.Want.Error)
			return
		}
		require.NoError(t, err)
		if c.Want.Bytes == nil {
			require.Nil(t, got)
			return
		}
		require.Equal(t, c.Want.Schema, server.Latest(c.Want.Subject), "the schema")
		if c.Ours != "" {
			return
		}
		assert.Equal(t, *c.Want.Bytes, hex.EncodeToString(got), "the bytes")
		readsAs(t, converter, c, got)
	})
}

// readsAs checks what is read of the bytes.
func readsAs(t *testing.T, converter *Converter, c *recorded.Case, data []byte) {
	schema, v, err := converter.Decode(c.Topic, data)
	if c.Want.BackError != "" {
		require.Error(t, err, "ProtobufConverter: %s", c.Want.BackError)
		return
	}
	require.NoError(t, err)
	require.Equal(t, recorded.Canonical(t, c.Want.Back), recorded.Text(t, schema, v), "what is read")
	require.NoError(t, schema.Validate(v))
}

func TestWhatIsReadIsWhatProtobufConverterReads(t *testing.T) {
	recorded.Run(t, "testdata/read.jsonl", 50, func(t *testing.T, c *recorded.Case) {
		server, converter := configured(t, c)
		server.Put(t, c.Topic+"-value", registry.Schema{Type: registry.Protobuf, Text: c.Schema})
		data, err := hex.DecodeString(*c.Read)
		require.NoError(t, err)
		schema, v, err := converter.Decode(c.Topic, data)
		if c.Ours == "error" || c.Ours == "" && c.Want.Error != "" {
			require.Error(t, err, "ProtobufConverter: %s", c.Want.Error)
			return
		}
		require.NoError(t, err)
		if c.Ours == "" {
			require.Equal(t, recorded.Canonical(t, c.Want.Back), recorded.Text(t, schema, v))
		}
		require.NoError(t, schema.Validate(v))
	})
}
