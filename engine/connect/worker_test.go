package connect_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink"
	sinkmemory "github.com/tailrace-io/tailrace/sink/memory"
)

// standalone is a worker over the registry of memory.
func standalone(t *testing.T, more ...string) connect.Worker {
	config := map[string]string{
		"bootstrap.servers": "a:9092", "key.converter": "Json", "value.converter": "Json", "value.converter.schemas.enable": "false",
		"offset.storage.file.filename": "shop.offsets", "offset.flush.interval.ms": "10000", "plugin.path": "/opt",
	}
	for i := 0; i < len(more); i += 2 {
		config[more[i]] = more[i+1]
	}
	r := shop()
	r.Offsets["org.apache.kafka.connect.storage.FileOffsetBackingStore"] = func(p *property.Set) offset.Store {
		p.Use(property.Table{{Key: "file.filename", Required: true, Doc: "The file."}})
		return offset.File(p.String("file.filename"))
	}
	w, notes, err := r.Worker(config)
	require.NoError(t, err)
	assert.Contains(t, notes, "plugin.path has no effect: there is no JVM")
	return w
}

func TestConnectorsShareWhatTheirWorkerHas(t *testing.T) {
	source := map[string]string{"name": "shop", "connector.class": "MySql", "topic.prefix": "shop"}
	cfg, notes, err := standalone(t).Config(source)
	require.NoError(t, err)
	assert.Empty(t, notes)
	assert.Equal(t, offset.File("shop.offsets"), cfg.Offsets)
	assert.Equal(t, 10*time.Second, cfg.CommitInterval)
	assert.NotNil(t, cfg.Sink)
	text := func(c map[string]string) string {
		cfg, _, err := standalone(t).Config(c)
		require.NoError(t, err)
		b, err := cfg.Encode.Value.Append([]byte{}, "t", tailrace.Int32Schema, tailrace.Int32(1))
		require.NoError(t, err)
		return string(b)
	}
	assert.Equal(t, "1", text(source))

	source["value.converter"] = "org.apache.kafka.connect.json.JsonConverter"
	assert.Equal(t, `{"schema":{"type":"int32","optional":false},"payload":1}`, text(source), "the worker's options are those of the worker's converter")
}

func TestASinkConnectorsOffsetsAreItsGroups(t *testing.T) {
	cfg, _, err := standalone(t).Config(map[string]string{"name": "archive", "connector.class": "FileStreamSink", "topics": "a"})
	require.NoError(t, err)
	assert.Nil(t, cfg.Offsets)
	assert.NotNil(t, cfg.Source)
}

func TestWhatConnectWouldNotHeedIsSaid(t *testing.T) {
	cfg, notes, err := standalone(t).Config(map[string]string{
		"name": "shop", "connector.class": "MySql", "topic.prefix": "shop",
		"value.converter.schemas.enable": "true", "bootstrap.servers": "b:9092", "offset.storage.file.filename": "other",
	})
	require.NoError(t, err)
	assert.Equal(t, []string{
		"bootstrap.servers has no effect: it is the worker's to say",
		"offset.storage.file.filename has no effect: it is the worker's to say",
		"value.converter.schemas.enable has no effect: the connector names no value.converter, so that it has the worker's, with the worker's options",
	}, notes)
	assert.Equal(t, offset.File("shop.offsets"), cfg.Offsets)
}

func TestWhatIsWrongWithAWorkerIsSaidAtOnce(t *testing.T) {
	_, _, err := shop().Worker(map[string]string{"bootstrap.server": "a", "offset.flush.interval.ms": "soon", "topic.creation.default.partitions": "3"})
	assert.EqualError(t, err, `the configuration is wrong in 4 places:
  bootstrap.server: no such property; did you mean bootstrap.servers?
  offset.flush.interval.ms: "soon" must be a whole number of milliseconds
  offset.storage.file.filename: is required and missing, as is offset.storage.topic: where the offsets of source connectors are kept
  topic.creation.default.partitions: no such property`)
	require.NoError(t, connect.WorkerProperties().Verify())
}

func TestDeadLettersHaveASinkOfTheirOwn(t *testing.T) {
	r := shop()
	dead := &sinkmemory.Sink{}
	r.DeadLetters = func(p *property.Set) sink.Sink { return dead }
	w, _, err := r.Worker(map[string]string{"offset.storage.file.filename": "x"})
	require.NoError(t, err)
	cfg, _, err := w.Config(map[string]string{"name": "archive", "connector.class": "FileStreamSink", "topics": "a", "errors.tolerance": "all",
		"errors.deadletterqueue.topic.name": "dead", "errors.deadletterqueue.topic.replication.factor": "1"})
	require.NoError(t, err)
	assert.Same(t, dead, cfg.Errors.DeadLetters)
	assert.True(t, cfg.Errors.NoContext)
}

func TestAConnectorsFileIsWhatItsTextIs(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"name=a\n# b\nfile = c":                                             {"name": "a", "file": "c"},
		"\n {\"name\":\"a\",\"config\":{\"file\":1}}":                       {"name": "a", "file": "1"},
		`{"name":"a","file":true}`:                                          {"name": "a", "file": "true"},
		`{"name":"a","config":{"file":"c"},"initial_state":"running"}`:      {"name": "a", "file": "c"},
		`{"name":"a","initial_state":"a property of a flat configuration"}`: {"name": "a", "initial_state": "a property of a flat configuration"},
	} {
		got, err := connect.ParseConnector([]byte(text))
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
	}
	_, err := connect.ParseConnector([]byte(` [{"name":"a"}]`))
	assert.ErrorContains(t, err, "not a JSON object")
	_, err = connect.ParseConnector([]byte(`{"name":"a","config":{},"initial_state":"STOPPED"}`))
	assert.EqualError(t, err, `initial_state: "STOPPED": a connector that is given here runs; leave the connector out, or its initial_state`)
}

func FuzzParseConnector(f *testing.F) {
	f.Add([]byte("name=a\nfile=b"))
	f.Add([]byte(`{"name":"a","config":{"file":1},"initial_state":"PAUSED"}`))
	f.Add([]byte(`{"config":null,"initial_state":7}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		config, err := connect.ParseConnector(text)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		_, _, err = standalone(t).Config(config)
		if err != nil {
			require.NotEmpty(t, err.Error())
		}
	})
}
