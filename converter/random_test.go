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

// standIn is what stands in the place of the class of a case.
func standIn(t *testing.T, c *recorded.Case) converter.Converter {
	json := func(schemas string) converter.Converter {
		return converter.NewJSON(converter.JSONConfig{
			Schemas:         schemas != "false",
			NumericDecimals: c.Config["decimal.format"] == "NUMERIC",
			KeepNulls:       c.Config["replace.null.with.default"] == "false",
		})
	}
	binary := converter.BinaryData{}
	if c.Config["delegate.converter.type"] != "" {
		binary.Delegate = json(c.Config["delegate.converter.type.schemas.enable"])
	}
	known := map[string]converter.Converter{
		"io.debezium.converters.BinaryDataConverter":             binary,
		"org.apache.kafka.connect.json.JsonConverter":            json(c.Config["schemas.enable"]),
		"org.apache.kafka.connect.storage.StringConverter":       converter.String{},
		"org.apache.kafka.connect.storage.SimpleHeaderConverter": converter.SimpleHeader{},
		"org.apache.kafka.connect.converters.ByteArrayConverter": converter.Bytes{},
		"org.apache.kafka.connect.converters.ShortConverter":     converter.Int16{},
		"org.apache.kafka.connect.converters.IntegerConverter":   converter.Int32{},
		"org.apache.kafka.connect.converters.LongConverter":      converter.Int64{},
		"org.apache.kafka.connect.converters.FloatConverter":     converter.Float32{},
		"org.apache.kafka.connect.converters.DoubleConverter":    converter.Float64{},
		"org.apache.kafka.connect.converters.BooleanConverter":   converter.Boolean{},
	}
	require.Contains(t, known, c.Class)
	return known[c.Class]
}

func answersAsJava(t *testing.T, c *recorded.Case) {
	if c.Ours != "" {
		return
	}
	own := standIn(t, c)
	if c.Data == nil {
		data, err := hex.DecodeString(*c.Read)
		require.NoError(t, err)
		schema, v, err := own.Decode("t", data)
		if c.Want.Error != "" {
			require.Error(t, err, c.Want.Error)
			return
		}
		require.NoError(t, err)
		assert.Equal(t, recorded.Canonical(t, c.Want.Back), recorded.Text(t, schema, v))
		return
	}
	schema, v := recorded.Parse(t, c.Data)
	got, err := own.Append([]byte{}, "t", schema, v)
	if c.Want.Error != "" {
		require.Error(t, err, c.Want.Error)
		return
	}
	require.NoError(t, err)
	if c.Want.Bytes == nil {
		assert.Nil(t, got)
		return
	}
	want, err := hex.DecodeString(*c.Want.Bytes)
	require.NoError(t, err)
	require.NotNil(t, got)
	assert.Equal(t, string(want), string(got))
}

func TestRandomDataIsWrittenAndReadAsByTheJavaClasses(t *testing.T) {
	recorded.Run(t, "testdata/random.jsonl", 400, answersAsJava)
}

func TestBinaryDataIsThatOfBinaryDataConverter(t *testing.T) {
	recorded.Run(t, "testdata/binary.jsonl", 40, answersAsJava)
}

func TestBinaryDataKeepsEveryPromise(t *testing.T) {
	convertertest.Run(t, convertertest.Harness{
		New: func(testing.TB) converter.Converter {
			return converter.BinaryData{Delegate: converter.NewJSON(converter.JSONConfig{})}
		},
		Samples: []sample{
			{Name: "bytes", Schema: tailrace.OptionalBytesSchema, Value: tailrace.Bytes([]byte("x"))},
			{Name: "no bytes", Schema: tailrace.OptionalBytesSchema, Value: tailrace.Bytes([]byte{})},
			lossy(sample{Name: "delegated", Schema: tailrace.StringSchema, Value: tailrace.String("x")}),
		},
		Rejects: []sample{{Name: "delegate's", Schema: tailrace.Int32Schema}},
	})
}
