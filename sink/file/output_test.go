package file_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink/file"
)

func TestLinesGoToAnOutput(t *testing.T) {
	var out bytes.Buffer
	w, err := file.Sink{Output: &out}.Open(t.Context())
	require.NoError(t, err)
	require.NoError(t, w.Write(t.Context(), []tailrace.Record{{Value: tailrace.String("foo")}, {}, {Value: tailrace.Int32(7)}}))
	require.NoError(t, w.Close())
	assert.Equal(t, "foo\nnull\n7\n", out.String())
	assert.Error(t, w.Write(t.Context(), []tailrace.Record{{Value: tailrace.String("foo")}}))
	_, err = file.Sink{Output: &out, Path: "x"}.Open(t.Context())
	assert.ErrorContains(t, err, "say where to write by one of Path (file) and Output")
}
