package cloudevents

import (
	"encoding/hex"
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/converter/internal/recorded"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/memoryregistry"
)

// recordedRegistry is the address that the registry of the recorded answers has.
const recordedRegistry = "mock://x"

// configured makes the converter of a case, and its registry.
func configured(t *testing.T, c *recorded.Case) (*memoryregistry.Server, *Converter, error) {
	server, _ := memoryregistry.Start(t)
	config := maps.Clone(c.Config)
	if config["avro."+registryKey] != "" {
		config["avro."+registryKey] = server.URL
	}
	p := property.New(config)
	made := FromProperties(p, jsonConfig)
	if err := p.Err(); err != nil {
		return server, nil, err
	}
	made.config.Registry = recordedRegistry
	return server, made, nil
}

// jsonConfig reads the options of JSON that the cases have.
func jsonConfig(p *property.Set) converter.JSONConfig {
	p.Use(property.Table{
		{Key: "schemas.enable", Type: property.Bool, Default: "true", Doc: "."},
		{Key: "decimal.format", Default: "BASE64", Doc: "."},
		{Key: "replace.null.with.default", Type: property.Bool, Default: "true", Doc: "."},
	})
	return converter.JSONConfig{
		Schemas: p.Bool("schemas.enable"), NumericDecimals: p.String("decimal.format") == "NUMERIC", KeepNulls: !p.Bool("replace.null.with.default"),
	}
}

func headersOf(c *recorded.Case) (headers []tailrace.Header) {
	for name, text := range c.Headers {
		headers = append(headers, tailrace.Header{Key: name, Value: tailrace.Bytes(text)})
	}
	return headers
}

func TestEventsAreThoseOfCloudEventsConverter(t *testing.T) {
	recorded.Run(t, "testdata/write.jsonl", 120, func(t *testing.T, c *recorded.Case) {
		server, made, err := configured(t, c)
		var got []byte
		if err == nil {
			s, v := recorded.Parse(t, c.Data)
			got, err = made.AppendWithHeaders([]byte{}, c.Topic, headersOf(c), s, v)
		}
		if c.Want.Error != "" {
			require.Error(t, err, "CloudEventsConverter: %s", c.Want.Error)
			return
		}
		require.NoError(t, err)
		if c.Want.Bytes == nil {
			require.Nil(t, got)
			return
		}
		want, err := hex.DecodeString(*c.Want.Bytes)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got))
		schemas := c.Want.Schemas
		if schemas == nil && c.Want.Subject != "" {
			schemas = map[string]string{c.Want.Subject: c.Want.Schema}
		}
		for subject, schema := range schemas {
			require.Equal(t, recorded.Canonical(t, []byte(schema)), recorded.Canonical(t, []byte(server.Latest(subject))), subject)
		}
		readsAs(t, made, c, got)
	})
}

// readsAs checks what is read of the bytes. Of what CloudEventsConverter loses
// or puts where it cannot be, Ours says so in docs/differences.
func readsAs(t *testing.T, made *Converter, c *recorded.Case, data []byte) {
	s, v, err := made.Decode(c.Topic, data)
	require.NoError(t, err)
	require.NoError(t, s.Validate(v))
	inJSON := made.config.Format == JSON
	if inJSON && (made.config.DataFormat == Avro || made.config.JSON.Schemas) {
		return
	}
	require.Equal(t, recorded.Canonical(t, c.Want.Back), recorded.Text(t, s, v), "what is read")
}

func TestWhatIsReadIsWhatCloudEventsConverterReads(t *testing.T) {
	recorded.Run(t, "testdata/read.jsonl", 20, func(t *testing.T, c *recorded.Case) {
		_, made, err := configured(t, c)
		require.NoError(t, err)
		data, err := hex.DecodeString(*c.Read)
		require.NoError(t, err)
		s, v, err := made.Decode(c.Topic, data)
		if c.Ours == "error" || c.Want.Error != "" {
			require.Error(t, err, "CloudEventsConverter: %s", c.Want.Error)
			return
		}
		require.NoError(t, err)
		require.Equal(t, recorded.Canonical(t, c.Want.Back), recorded.Text(t, s, v))
	})
}
