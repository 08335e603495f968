package builtin_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/engine/connect/builtin"
	sinkfile "github.com/tailrace-io/tailrace/sink/file"
	sinkmemory "github.com/tailrace-io/tailrace/sink/memory"
)

// connect-file-source.properties of Kafka's own distribution, but for where the
// file is.
func TestKafkasFileSourceReadsAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.txt")
	require.NoError(t, os.WriteFile(path, []byte("foo\nbar\n"), 0o600))
	cfg, _, err := builtin.Registry().Config(map[string]string{
		"name": "local-file-source", "connector.class": "FileStreamSource", "tasks.max": "1", "file": path, "topic": "connect-test",
		"value.converter": "org.apache.kafka.connect.storage.StringConverter",
	})
	require.NoError(t, err)
	out := &sinkmemory.Sink{}
	cfg.Sink = out
	e, err := engine.New(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	records, err := out.Wait(t.Context(), 2)
	require.NoError(t, err)
	cancel()
	require.NoError(t, <-done)
	assert.Equal(t, "connect-test foo", records[0].Topic+" "+string(records[0].Value.Bytes()))
	assert.Equal(t, "connect-test bar", records[1].Topic+" "+string(records[1].Value.Bytes()))
}

func TestKafkasFileSinkIsKnownByItsAlias(t *testing.T) {
	r := builtin.Registry()
	r.Consumer = nil // which reads the topics
	cfg, _, err := r.Config(map[string]string{"name": "local-file-sink", "connector.class": "FileStreamSink", "file": "test.sink.txt"})
	require.NoError(t, err)
	assert.Equal(t, sinkfile.Sink{Path: "test.sink.txt"}, cfg.Sink)
}
