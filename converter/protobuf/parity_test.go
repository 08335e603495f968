package protobuf

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/converter/internal/recorded"
)

func TestTheBytesAndSchemasAreThoseOfProtobufConverter(t *testing.T) {
	recorded.Run(t, "testdata/write.jsonl", 380, func(t *testing.T, c *recorded.Case) {
		server, p := c.Configuration(t)
		converter := FromProperties(p)
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
		if c.Ours == "" {
			c.CheckBytes(t, converter, got)
		}
	})
}

func TestWhatIsReadIsWhatProtobufConverterReads(t *testing.T) {
	recorded.RunReads(t, "testdata/read.jsonl", 50, FromProperties)
}
