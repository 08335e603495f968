package connect_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/engine/connect"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink"
	sinkmemory "github.com/tailrace-io/tailrace/sink/memory"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/memory"
	"github.com/tailrace-io/tailrace/transform"
)

// shop is a registry of drivers in memory under the names of real ones.
func shop() connect.Registry {
	table := property.Table{
		{Key: "topic.prefix", Required: true, Doc: "What topics begin with."},
		{Key: "table.include.list", Type: property.Regexps, Doc: "The tables to read."},
		{Key: "snapshot.mode", Type: property.Enum, Default: "initial", Values: []string{"initial", "no_data"}, Doc: "What to begin with."},
	}
	read := func(p *property.Set) source.Source { p.Use(table); return &memory.Source{} }
	json := func(p *property.Set) converter.Converter {
		p.Use(property.Table{{Key: "schemas.enable", Type: property.Bool, Default: "true", Doc: "Whether schemas go along."}})
		return converter.NewJSON(converter.JSONConfig{Schemas: p.Bool("schemas.enable")})
	}
	return connect.Registry{
		Sources: map[string]func(*property.Set) source.Source{
			"io.debezium.connector.mysql.MySqlConnector":     read,
			"io.debezium.connector.mariadb.MariaDbConnector": read,
		},
		Sinks: map[string]func(*property.Set) sink.Sink{
			"org.apache.kafka.connect.file.FileStreamSinkConnector": func(*property.Set) sink.Sink { return &sinkmemory.Sink{} },
		},
		Converters: map[string]func(*property.Set) converter.Converter{
			"org.apache.kafka.connect.json.JsonConverter":            json,
			"org.apache.kafka.connect.storage.SimpleHeaderConverter": json,
		},
		Transforms: map[string]func(*property.Set) transform.Transform{
			"org.apache.kafka.connect.transforms.Filter": func(*property.Set) transform.Transform { return transform.Drop() },
		},
		Predicates: map[string]func(*property.Set) transform.Predicate{
			"org.apache.kafka.connect.transforms.predicates.RecordIsTombstone": func(*property.Set) transform.Predicate { return transform.RecordIsTombstone() },
		},
		Offsets: map[string]func(*property.Set) offset.Store{
			"org.apache.kafka.connect.storage.MemoryOffsetBackingStore": func(*property.Set) offset.Store { return &offset.Memory{} },
		},
		Producer: func(p *property.Set) sink.Sink {
			p.Use(property.Table{{Key: "bootstrap.servers", Required: true, Doc: "The brokers."}, {Key: "producer.*", Doc: "Options of the producer."}})
			return &sinkmemory.Sink{}
		},
		Consumer: func(p *property.Set) source.Source {
			p.Use(property.Table{{Key: "bootstrap.servers", Required: true, Doc: "The brokers."}, {Key: "topics", Type: property.List, Doc: "The topics."}})
			return &memory.Source{}
		},
	}
}

// with gives a small configuration that is right, with more keys and values.
func with(more ...string) map[string]string {
	config := map[string]string{"name": "shop", "connector.class": "MySql", "topic.prefix": "shop", "offset.storage": "Memory"}
	for i := 0; i < len(more); i += 2 {
		if config[more[i]] = more[i+1]; more[i+1] == "-" {
			delete(config, more[i])
		}
	}
	return config
}

func TestTheTableIsSound(t *testing.T) { require.NoError(t, connect.Properties().Verify()) }

func TestASmallConfigurationHasTheDefaults(t *testing.T) {
	cfg, notes, err := shop().Config(with())
	require.NoError(t, err)
	assert.Empty(t, notes)
	assert.Equal(t, "shop", cfg.Name)
	assert.NotNil(t, cfg.Source)
	assert.Nil(t, cfg.Sink, "without brokers the sink is the caller's")
	assert.Equal(t, time.Minute, cfg.CommitInterval)
	assert.Equal(t, engine.Retry{Timeout: -1, Delay: 300 * time.Millisecond, MaxDelay: 10 * time.Second}, cfg.Retry)
	assert.Equal(t, engine.Errors{}, cfg.Errors)
	assert.NotNil(t, cfg.Encode.Key)
	assert.NotNil(t, cfg.Encode.Value)
	assert.NotNil(t, cfg.Encode.Header)
	assert.Equal(t, engine.Converters{}, cfg.Decode)
	assert.IsType(t, &offset.Memory{}, cfg.Offsets)
}

func TestTheLoggerReachesTheEngineAndTheDrivers(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	r := shop()
	var got *slog.Logger
	r.Sources["com.example.Logs"] = func(p *property.Set) source.Source { got = p.Log(); return &memory.Source{} }
	_, _, err := r.Config(with("connector.class", "Logs", "topic.prefix", "-"))
	require.NoError(t, err)
	assert.Nil(t, got)

	r.Log = log
	cfg, _, err := r.Config(with("connector.class", "Logs", "topic.prefix", "-"))
	require.NoError(t, err)
	assert.Same(t, log, got)
	assert.Same(t, log, cfg.Log)
}

func TestAClassIsKnownByItsNameAndItsAliases(t *testing.T) {
	for _, class := range []string{"io.debezium.connector.mysql.MySqlConnector", "MySqlConnector", "MySql"} {
		_, _, err := shop().Config(with("connector.class", class))
		assert.NoError(t, err, class)
	}
}

func TestAnUnknownClassNamesTheNearestOne(t *testing.T) {
	for class, want := range map[string]string{
		"io.debezium.connecotr.mysql.MySqlConnector": "; did you mean io.debezium.connector.mysql.MySqlConnector?",
		"io.debezium.mysql.MySqlConnector":           "; did you mean io.debezium.connector.mysql.MySqlConnector?",
		"MySqlConector":                              "; did you mean io.debezium.connector.mysql.MySqlConnector?",
		"com.example.Other":                          "; the known ones are io.debezium.connector.mariadb.MariaDbConnector, io.debezium.connector.mysql.MySqlConnector, org.apache.kafka.connect.file.FileStreamSinkConnector",
	} {
		_, _, err := shop().Config(with("connector.class", class))
		assert.EqualError(t, err, "the configuration is wrong: connector.class: "+class+": no such connector"+want)
	}
}

func TestEverythingWrongIsSaidAtOnce(t *testing.T) {
	_, _, err := shop().Config(with(
		"name", "-", "connector.class", "io.debezium.connecotr.mysql.MySqlConnector", "tabel.include.list", "a", "offset.flush.intervall.ms", "0",
		"value.converter", "JsonConvertr", "value.converter.schema.enable", "false", "errors.tolerance", "some",
		"transforms", "a,b,a,c", "transforms.a.type", "Filtr", "transforms.a.predicate", "x",
		"transforms.b.type", "com.example.Route", "transforms.b.topic", "x", "transforms.c.type", "Filter", "transforms.c.negate", "true", "transforms.c.speed", "1",
		"predicates", "gone", "predicates.gone.type", "RecordIsTombstone", "predicates.gon.type", "RecordIsTombstone",
		"offset.storage", "FileOffsetBackingStore", "offset.storage.file.filename", "x", "record.processing.threads", "many",
	))
	assert.EqualError(t, err, `the configuration is wrong in 16 places:
  connector.class: io.debezium.connecotr.mysql.MySqlConnector: no such connector; did you mean io.debezium.connector.mysql.MySqlConnector?
  errors.tolerance: "some" must be one of none, all
  name: is required and missing: The name of the engine. Its offsets are stored under that name.
  offset.flush.intervall.ms: no such property; did you mean offset.flush.interval.ms?
  offset.storage: FileOffsetBackingStore: no such offset store; the known ones are org.apache.kafka.connect.storage.MemoryOffsetBackingStore
  predicates.gon.type: gon is not among predicates; did you mean gone?
  record.processing.threads: "many" must be a number or AVAILABLE_CORES
  tabel.include.list: no such property; did you mean table.include.list?
  transforms: a is there twice
  transforms.a.predicate: x is not among predicates
  transforms.a.type: Filtr: no such transform; did you mean org.apache.kafka.connect.transforms.Filter?
  transforms.b.type: com.example.Route: no such transform; the known ones are org.apache.kafka.connect.transforms.Filter
  transforms.c.negate: needs a predicate
  transforms.c.speed: no such property
  value.converter: JsonConvertr: no such converter; did you mean org.apache.kafka.connect.json.JsonConverter?
  value.converter.schema.enable: no such property; did you mean value.converter.schemas.enable?`)
}

func TestAConnectorsOtherEndIsKafkaWhereThereAreBrokers(t *testing.T) {
	cfg, _, err := shop().Config(with("bootstrap.servers", "a:9092", "producer.acks", "all", "consumer.x", "1", "admin.x", "1"))
	require.NoError(t, err)
	assert.NotNil(t, cfg.Source)
	assert.NotNil(t, cfg.Sink)

	cfg, _, err = shop().Config(with("connector.class", "FileStreamSink", "topic.prefix", "-", "topics", "a", "bootstrap.servers", "a:9092"))
	require.NoError(t, err)
	assert.NotNil(t, cfg.Source)
	assert.NotNil(t, cfg.Sink)
	assert.NotNil(t, cfg.Decode.Value)
	assert.Equal(t, engine.Converters{}, cfg.Encode)
}

func TestConverterOptionsAreTheirOwnOrShared(t *testing.T) {
	schema, err := tailrace.NewSchema(tailrace.TypeInt32).Build()
	require.NoError(t, err)
	text := func(c converter.Converter) string {
		b, err := c.Append([]byte{}, "t", schema, tailrace.Int32(1))
		require.NoError(t, err)
		return string(b)
	}
	cfg, _, err := shop().Config(with("converter.schemas.enable", "false", "key.converter.schemas.enable", "true", "value.converter", "Json", "converter.type", "value"))
	require.NoError(t, err)
	assert.Equal(t, `{"schema":{"type":"int32","optional":false},"payload":1}`, text(cfg.Encode.Key))
	assert.Equal(t, `1`, text(cfg.Encode.Value))
	assert.Equal(t, `1`, text(cfg.Encode.Header))
}

func TestTransformsApplyInTheirOrderBehindTheirPredicates(t *testing.T) {
	r := shop()
	r.Transforms["com.example.Append"] = func(p *property.Set) transform.Transform {
		text := p.Use(property.Table{{Key: "text", Required: true, Doc: "What to append to the topic."}}).String("text")
		return transform.Func(func(r *tailrace.Record) (bool, error) { r.Topic += text; return true, nil })
	}
	cfg, notes, err := r.Config(with(
		"transforms", "z, drop,a", "transforms.z.type", "com.example.Append", "transforms.z.text", "1", "transforms.a.type", "Append", "transforms.a.text", "2",
		"transforms.a.predicate", "gone", "transforms.a.negate", "true", "transforms.drop.type", "Filter", "transforms.drop.predicate", "gone",
		"predicates", "gone", "predicates.gone.type", "RecordIsTombstone", "transforms.switched.type", "off",
	))
	require.NoError(t, err)
	assert.Equal(t, []string{"transforms.switched has no effect: transforms does not name it"}, notes)

	record := tailrace.Record{Topic: "t", Value: tailrace.String("x")}
	keep, err := transform.Chain(cfg.Transforms...).Apply(&record)
	require.NoError(t, err)
	assert.True(t, keep)
	assert.Equal(t, "t12", record.Topic)
	keep, err = transform.Chain(cfg.Transforms...).Apply(&tailrace.Record{Topic: "t"})
	require.NoError(t, err)
	assert.False(t, keep)
}

func TestRetriesAreBoundedByNumberAndByTime(t *testing.T) {
	for name, c := range map[string]struct {
		more []string
		want engine.Retry
	}{
		"Debezium's number":            {[]string{"errors.max.retries", "3"}, engine.Retry{Timeout: -1, Attempts: 4, Delay: 300 * time.Millisecond, MaxDelay: 10 * time.Second}},
		"none":                         {[]string{"errors.max.retries", "0"}, engine.Retry{Timeout: -1, Attempts: 1, Delay: 300 * time.Millisecond, MaxDelay: 10 * time.Second}},
		"Connect's time":               {[]string{"errors.retry.timeout", "5000"}, engine.Retry{Timeout: 5 * time.Second, Delay: 300 * time.Millisecond, MaxDelay: 10 * time.Second}},
		"Connect's none":               {[]string{"errors.retry.timeout", "0"}, engine.Retry{Timeout: -1, Attempts: 1, Delay: 300 * time.Millisecond, MaxDelay: 10 * time.Second}},
		"for ever":                     {[]string{"errors.retry.timeout", "-1"}, engine.Retry{Timeout: -1, Delay: 300 * time.Millisecond, MaxDelay: 10 * time.Second}},
		"both":                         {[]string{"errors.retry.timeout", "5000", "errors.max.retries", "3"}, engine.Retry{Timeout: 5 * time.Second, Attempts: 4, Delay: 300 * time.Millisecond, MaxDelay: 10 * time.Second}},
		"a first delay that is longer": {[]string{"errors.retry.delay.initial.ms", "20000"}, engine.Retry{Timeout: -1, Delay: 20 * time.Second, MaxDelay: 20 * time.Second}},
	} {
		cfg, _, err := shop().Config(with(c.more...))
		require.NoError(t, err, name)
		assert.Equal(t, c.want, cfg.Retry, name)
		cfg.Sink = &sinkmemory.Sink{}
		_, err = engine.New(cfg)
		assert.NoError(t, err, name)
	}
}

func TestRecordsThatStayInTheWayStopAreSkippedOrSetAside(t *testing.T) {
	cfg, _, err := shop().Config(with("errors.tolerance", "ALL"))
	require.NoError(t, err)
	assert.Equal(t, engine.Errors{Decode: engine.Skip, Transform: engine.Skip, Encode: engine.Skip, Sink: engine.Skip}, cfg.Errors)

	dead := []string{"errors.deadletterqueue.topic.name", "dead", "bootstrap.servers", "a:9092", "errors.deadletterqueue.context.headers.enable", "true"}
	cfg, notes, err := shop().Config(with(append(dead, "errors.tolerance", "all")...))
	require.NoError(t, err)
	assert.Empty(t, notes)
	assert.False(t, cfg.Errors.NoContext)
	assert.Equal(t, engine.DeadLetter, cfg.Errors.Sink)
	assert.Equal(t, "dead", cfg.Errors.DeadLetterTopic)
	assert.NotNil(t, cfg.Errors.DeadLetters)

	cfg, _, err = shop().Config(with(append(dead[:4:4], "errors.tolerance", "all")...))
	require.NoError(t, err)
	assert.True(t, cfg.Errors.NoContext, "as Connect leaves the headers out, unless it is told otherwise")

	cfg, notes, err = shop().Config(with(dead...))
	require.NoError(t, err)
	assert.Contains(t, notes, "errors.deadletterqueue.topic.name has no effect: errors.tolerance is none")
	assert.Equal(t, engine.Errors{}, cfg.Errors)
}

func TestOffsetsAreStoredByIntervalOrAfterEachBatch(t *testing.T) {
	for want, more := range map[time.Duration][]string{
		time.Second: {"offset.flush.interval.ms", "1000"},
		-1:          {"offset.flush.interval.ms", "0"},
		time.Minute: {"offset.commit.policy", "PeriodicCommitOffsetPolicy"},
	} {
		cfg, _, err := shop().Config(with(more...))
		require.NoError(t, err)
		assert.Equal(t, want, cfg.CommitInterval)
	}
	cfg, _, err := shop().Config(with("offset.commit.policy", "io.debezium.engine.spi.OffsetCommitPolicy$AlwaysCommitOffsetPolicy"))
	require.NoError(t, err)
	assert.Equal(t, time.Duration(-1), cfg.CommitInterval)
}

func TestWithoutAnOffsetStoreTheCallerIsTold(t *testing.T) {
	cfg, notes, err := shop().Config(with("offset.storage", "-", "offset.storage.topic", "offsets"))
	require.NoError(t, err)
	assert.Nil(t, cfg.Offsets)
	assert.Equal(t, []string{"offset.storage is not set: where the engine goes on after a restart is only known if the application sets an offset store"}, notes)
}

func TestMattersOfAJVMAreTakenAndSaidOnce(t *testing.T) {
	_, notes, err := shop().Config(with("plugin.path", "/opt", "producer.interceptor.classes", "x", "tasks.max", "4", "record.processing.threads", "AVAILABLE_CORES"))
	require.NoError(t, err)
	assert.Equal(t, []string{
		"plugin.path has no effect: there is no JVM",
		"producer.interceptor.classes has no effect: nothing is written to Kafka",
		"tasks.max has no effect: one engine does the work of all tasks",
	}, notes)
}

func FuzzConfig(f *testing.F) {
	f.Add("connector.class", "MySql", "transforms", "a", "transforms.a.type", "Filter")
	f.Add("predicates", "a,,b", "predicates.a.type", "", "transforms.a.b", "${env:x}")
	f.Add("bootstrap.servers", "x", "value.converter", "Json", "converter.class", "")
	r := shop()
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2, k3, v3 string) {
		cfg, _, err := r.Config(with(k1, v1, k2, v2, k3, v3))
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		if cfg.Sink == nil {
			cfg.Sink = &sinkmemory.Sink{}
		}
		if cfg.Errors.DeadLetters == nil {
			cfg.Errors.DeadLetters = &sinkmemory.Sink{}
		}
		if cfg.Source == nil {
			cfg.Source = &memory.Source{}
		}
		_, err = engine.New(cfg)
		require.NoError(t, err)
	})
}
