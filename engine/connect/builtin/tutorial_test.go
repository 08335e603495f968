package builtin_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/engine/connect/builtin"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/offset/javafile"
	"github.com/tailrace-io/tailrace/sink/kafka"
	sinkmemory "github.com/tailrace-io/tailrace/sink/memory"
	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/mysql"
)

// read gives a configuration as its users keep it.
func read(t testing.TB, file string) map[string]string {
	text, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	parse := property.Parse
	if filepath.Ext(file) == ".json" {
		parse = property.ParseJSON
	}
	config, err := parse(text)
	require.NoError(t, err)
	return config
}

// made gives the engine's configuration, of which engine.New finds nothing
// wrong once it has a sink.
func made(t *testing.T, file string) (engine.Config, []string) {
	cfg, notes, err := builtin.Registry().Config(read(t, file))
	require.NoError(t, err)
	cfg.Sink = &sinkmemory.Sink{}
	_, err = engine.New(cfg)
	require.NoError(t, err)
	return cfg, notes
}

func TestPropertiesOfDebeziumsEngineOnMySQL(t *testing.T) {
	cfg, notes := made(t, "engine-mysql.properties")
	assert.Equal(t, "inventory", cfg.Name)
	assert.Equal(t, javafile.Store("/var/lib/app/offsets.dat"), cfg.Offsets)
	assert.Equal(t, 10*time.Second, cfg.CommitInterval)
	assert.Equal(t, engine.Retry{Timeout: -1, Attempts: 11, Delay: 500 * time.Millisecond, MaxDelay: 20 * time.Second}, cfg.Retry)

	s := cfg.Source.(mysql.Source)
	assert.Equal(t, "db.example.com:3306", s.Addr)
	assert.Equal(t, "debezium", s.User)
	assert.Equal(t, "dbz=pass", s.Password)
	assert.Equal(t, uint32(85744), s.ServerID)
	assert.Equal(t, []string{`inventory\.orders`, `inventory\.customers.*`}, s.Tables.Include)
	assert.Equal(t, mysql.DecimalMode("string"), s.Decimals)
	assert.True(t, s.NoTombstones)
	assert.Equal(t, 4096, s.BatchRows)
	assert.Equal(t, []string{
		"max.queue.size has no effect: the engine's queue is bounded by itself",
		"offset.flush.timeout.ms has no effect: the engine waits for the store to answer",
		"record.processing.order has no effect: records always arrive in their order",
	}, notes)
}

func TestJSONOfADebeziumConnectorForMySQL(t *testing.T) {
	cfg, _ := made(t, "connect-mysql.json")
	assert.Equal(t, "inventory-connector", cfg.Name)
	s := cfg.Source.(mysql.Source)
	assert.Equal(t, "mysql:3306", s.Addr)
	assert.Equal(t, mysql.MySQL, s.Flavor)
	assert.Equal(t, "dbserver1", s.TopicPrefix)
	assert.Len(t, cfg.Transforms, 1)
	assert.Nil(t, cfg.Offsets, "a Connect worker keeps the offsets of its connectors")
}

func TestJSONOfADebeziumConnectorForMariaDB(t *testing.T) {
	cfg, _ := made(t, "connect-mariadb.json")
	assert.Equal(t, mysql.MariaDB, cfg.Source.(mysql.Source).Flavor)
	assert.Equal(t, engine.Skip, cfg.Errors.Transform)
}

func TestJSONOfAJDBCSource(t *testing.T) {
	cfg, notes := made(t, "connect-jdbc-source.json")
	s := cfg.Source.(jdbc.Source)
	assert.Equal(t, jdbc.TimestampIncrementing, s.Mode)
	assert.Equal(t, "Sqlite", s.Dialect.Name())
	assert.Equal(t, []string{"orders", "customers"}, s.Tables)
	assert.Equal(t, time.Second, s.PollInterval)
	assert.Equal(t, 500, s.BatchRows)
	assert.Equal(t, 30*time.Second, cfg.Retry.Timeout)
	assert.Equal(t, 10, s.Readers)
	assert.NotContains(t, notes, "tasks.max has no effect: one engine does the work of all tasks")
}

func TestAStandaloneWorkerWithAConnectorWritesToKafka(t *testing.T) {
	config := read(t, "worker.properties")
	for k, v := range read(t, "connect-jdbc-source.json") {
		config[k] = v
	}
	config["errors.tolerance"], config["errors.deadletterqueue.topic.name"] = "all", "dead"
	cfg, notes, err := builtin.Registry().Config(config)
	require.NoError(t, err)
	_, err = engine.New(cfg)
	require.NoError(t, err)
	s := cfg.Sink.(kafka.Sink)
	assert.Equal(t, []string{"kafka-1:9092", "kafka-2:9092"}, s.Brokers)
	assert.Equal(t, kafka.Zstd, s.Compression)
	assert.Equal(t, 3, s.TopicCreation.Partitions)
	assert.Equal(t, engine.DeadLetter, cfg.Errors.Encode)
	assert.Equal(t, "dead", cfg.Errors.DeadLetterTopic)
	assert.IsType(t, kafka.Sink{}, cfg.Errors.DeadLetters)
	assert.Equal(t, javafile.Store("/tmp/connect.offsets"), cfg.Offsets)
	assert.Contains(t, notes, "plugin.path has no effect: there is no JVM")
	assert.Contains(t, notes, "producer.linger.ms has no effect: the engine's batches are sent as they come, in batches as large as the topics take")
}

func TestMistakesInARealConfigurationAreSaidTogether(t *testing.T) {
	config := read(t, "engine-mysql.properties")
	config["connector.class"] = "io.debezium.connecotr.mysql.MySqlConnector"
	config["databse.hostname"] = config["database.hostname"]
	delete(config, "database.hostname")
	config["database.port"] = "3306x"
	config["snapshot.mode"] = "intial"
	config["table.include.list"] = `(?!tmp)orders`
	config["database.password"] = "${env:TAILRACE_NO_SUCH_VARIABLE}"
	config["shelf.list"] = "a"
	_, _, err := builtin.Registry().Config(config)
	assert.EqualError(t, err, `the configuration is wrong in 8 places:
  connector.class: io.debezium.connecotr.mysql.MySqlConnector: no such connector; did you mean io.debezium.connector.mysql.MySqlConnector?
  database.hostname: is required and missing: The server's host.
  database.password: ${env:TAILRACE_NO_SUCH_VARIABLE} cannot be resolved: the environment has no variable TAILRACE_NO_SUCH_VARIABLE
  database.port: "3306x" must be a whole number
  databse.hostname: no such property; did you mean database.hostname?
  shelf.list: no such property
  snapshot.mode: "intial" must be one of initial, always, initial_only, no_data, recovery, never, when_needed, configuration_based; did you mean initial?
  table.include.list: the regular expression "(?!tmp)orders" has a negative look-ahead (?!…), which is not supported`)
}

func FuzzConfig(f *testing.F) {
	files := []string{"engine-mysql.properties", "connect-mysql.json", "connect-mariadb.json", "connect-jdbc-source.json", "worker.properties"}
	bases := make([]map[string]string, len(files))
	for i, file := range files {
		bases[i] = read(f, file)
		for k, v := range bases[i] {
			f.Add(i, k, v)
		}
	}
	f.Fuzz(func(t *testing.T, base int, key, value string) {
		config := map[string]string{}
		for k, v := range bases[uint(base)%uint(len(bases))] {
			config[k] = v
		}
		config[key] = value
		cfg, _, err := builtin.Registry().Config(config)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		cfg.Sink, cfg.Errors.DeadLetters = &sinkmemory.Sink{}, &sinkmemory.Sink{}
		_, err = engine.New(cfg)
		require.NoError(t, err)
	})
}
