package converter

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
)

func TestJSONReadsBackWhatItWrote(t *testing.T) {
	schema, v := order()
	c := NewJSON(JSONConfig{Schemas: true})
	data, err := c.Append([]byte{}, "orders", schema, v)
	require.NoError(t, err)
	for range 3 { // by the schema's text, then by comparing
		s, w, err := c.Decode("orders", data)
		require.NoError(t, err)
		require.True(t, schema.Equal(s), "the schema is another one")
		require.True(t, v.Equal(w), tailrace.AsStruct(s, w).String())
	}
	a, _, _ := c.Decode("orders", data)
	b, _, _ := c.Decode("customers", data)
	require.Same(t, a, b)
}
