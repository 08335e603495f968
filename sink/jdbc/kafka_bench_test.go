package jdbc_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/sink/kafka"
	"github.com/tailrace-io/tailrace/source"
	kafkasource "github.com/tailrace-io/tailrace/source/kafka"
)

var kafkaRows = flag.Int("kafka-rows", 500_000, "how many rows the benchmarks from Kafka move")

var (
	sbtestKey = tailrace.NewSchema(tailrace.TypeStruct).Name("sbtest1.Key").Field("id", tailrace.Int32Schema).MustBuild()
	sbtest    = tailrace.NewSchema(tailrace.TypeStruct).Name("sbtest1").Field("id", tailrace.Int32Schema).Field("k", tailrace.Int32Schema).
			Field("c", tailrace.StringSchema).Field("pad", tailrace.StringSchema).MustBuild()
)

// sbtests are rows of sysbench's table.
type sbtests struct {
	topic string
	rows  int
	round int
}

func (s sbtests) Open(context.Context, []tailrace.Offset) (source.Reader, error) {
	return &sbtestReader{sbtests: s}, nil
}

type sbtestReader struct {
	sbtests
	next int
}

func (r *sbtestReader) Read(context.Context) (b tailrace.Batch, err error) {
	for ; r.next < r.rows && len(b.Records) < 4000; r.next++ {
		id, k, c, pad := sbtestRow(r.next, r.round)
		b.Records = append(b.Records, tailrace.Record{
			Topic: r.topic, KeySchema: sbtestKey, Key: tailrace.StructOf([]tailrace.Value{tailrace.Int32(id)}), ValueSchema: sbtest,
			Value: tailrace.StructOf([]tailrace.Value{tailrace.Int32(id), tailrace.Int32(k), tailrace.String(c), tailrace.String(pad)}),
		})
	}
	if len(b.Records) == 0 {
		return b, io.EOF
	}
	b.Offsets = []tailrace.Offset{{Partition: `{}`, Position: fmt.Sprintf(`{"row":%d}`, r.next)}}
	return b, nil
}

// sbtestRow is a row of a round.
func sbtestRow(n, round int) (id, k int32, c, pad string) {
	const digits = "68487932199-96439406143-93774651418-41631865787-96406072701-20604855487-25459966574-28203206787-41238978918-19503783441"
	return int32(n + 1), int32(n*7+round) % 499_979, fmt.Sprintf("%011d%s", n+round, digits[11:]), fmt.Sprintf("%s%011d", digits[:48], n)
}

func (r *sbtestReader) Commit(context.Context, []tailrace.Offset) error { return nil }
func (r *sbtestReader) Close() error                                    { return nil }

// oracleEnv names a command that runs a Connect worker with the real Debezium
// connectors: COMMAND worker WORKER.properties CONNECTOR.properties. Without it
// the benchmark measures tailrace alone.
const oracleEnv = "TAILRACE_ORACLE"

// connectOfJava is what Confluent's JDBC sink, upserting into PostgreSQL, was
// measured to reach of Kafka's own Java producer on one machine: 62,000 rows a
// second of 130,000 records.
const connectOfJava = 62. / 130

// BenchmarkFromKafka upserts rows of sysbench's table that lie in Kafka, as JSON
// with schemas, by an Engine of source/kafka, converter.JSON and sink/jdbc:
// first new ones, then those that are there, with other values. Beside it stand
// Kafka's Java producer, once, with records of the size, and Debezium's JDBC
// sink on a Connect worker, from its first row on; what the databases do by
// themselves is BenchmarkFloor. times-Confluent is rows/s over what Confluent's
// connector would reach, by connectOfJava, where the Java producer is as fast as
// here.
func BenchmarkFromKafka(b *testing.B) {
	broker := testserver.Kafka(b)
	first, second := loadSbtest(b, broker, 0), loadSbtest(b, broker, 1)
	var java float64
	b.Run("java producer", func(b *testing.B) {
		for b.Loop() {
			java = broker.JavaProducer(b, *kafkaRows, 550)
		}
		b.ReportMetric(java, "records/s")
	})
	for _, name := range []string{"postgres", "mysql", "mariadb", "sqlite"} {
		if os.Getenv(oracleEnv) != "" && (name == "postgres" || name == "mysql") {
			b.Run(name+"/debezium/new", func(b *testing.B) { debeziumFromKafka(b, newTarget(b, name), broker.Brokers[0], first) })
		}
		modes := []string{"exactly once", "1 connection", "2 connections", "4 connections"}
		if name == "sqlite" {
			modes = modes[:2] // it has one writer
		}
		for _, mode := range modes {
			b.Run(name+"/"+mode, func(b *testing.B) {
				d := newTarget(b, name)
				s := d.sink()
				s.TableFormat, s.AutoCreate, s.BatchRows = "sbtest1", true, *batchRows
				if _, err := fmt.Sscan(mode, &s.Connections); err != nil {
					s.OffsetTable = "offsets"
				}
				for _, topic := range []string{first, second} {
					b.Run(map[string]string{first: "new", second: "there"}[topic], func(b *testing.B) {
						json := converter.NewJSON(converter.JSONConfig{Schemas: true})
						for b.Loop() {
							moveFromKafka(b, java, engine.Config{
								Name: "move " + topic, Source: kafkasource.Source{Brokers: broker.Brokers, Topics: []string{topic}},
								Decode: engine.Converters{Key: json, Value: json}, Sink: s,
							})
						}
						require.Equal(b, []string{fmt.Sprint(*kafkaRows)}, d.rows("SELECT count(*) FROM sbtest1"))
					})
				}
			})
		}
	}
}

// loadSbtest writes the rows to a topic, which it names. The round tells the
// values of the same rows apart.
func loadSbtest(b *testing.B, broker *testserver.KafkaServer, round int) (topic string) {
	topic = broker.Topic(b, 1)
	json := converter.NewJSON(converter.JSONConfig{Schemas: true})
	e, err := engine.New(engine.Config{
		Name: "load", Source: sbtests{topic, *kafkaRows, round}, Encode: engine.Converters{Key: json, Value: json},
		Sink: kafka.Sink{Brokers: broker.Brokers},
	})
	require.NoError(b, err)
	require.NoError(b, e.Run(b.Context()))
	return topic
}

// moveFromKafka runs an engine until all rows are written.
func moveFromKafka(b *testing.B, java float64, cfg engine.Config) {
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	written := 0
	cfg.Trace.Write = func(w engine.WriteInfo) {
		if written += w.Records; written >= *kafkaRows {
			stop()
		}
	}
	e, err := engine.New(cfg)
	require.NoError(b, err)
	start, cpu := time.Now(), processorTime(b)
	require.NoError(b, e.Run(ctx))
	require.Equal(b, *kafkaRows, written)
	rate := float64(*kafkaRows) / time.Since(start).Seconds()
	b.ReportMetric(rate, "rows/s")
	if java > 0 {
		b.ReportMetric(rate/(java*connectOfJava), "times-Confluent")
	}
	b.ReportMetric(float64((processorTime(b)-cpu).Microseconds())/float64(*kafkaRows), "cpu-µs/row")
}

// debeziumFromKafka runs Debezium's sink until all rows are written.
func debeziumFromKafka(b *testing.B, d *target, broker, topic string) {
	dir := b.TempDir()
	file := func(name, format string, args ...any) string {
		path := filepath.Join(dir, name)
		require.NoError(b, os.WriteFile(path, fmt.Appendf(nil, format, args...), 0o600))
		return path
	}
	worker := file("worker.properties", `bootstrap.servers=%s
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
offset.storage.file.filename=%s/offsets
listeners=http://127.0.0.1:0
consumer.max.poll.records=3000
consumer.auto.offset.reset=earliest
`, broker, dir)
	url, user, password := d.java(b)
	connector := file("connector.properties", `name=%[1]s
connector.class=io.debezium.connector.jdbc.JdbcSinkConnector
topics=%[1]s
connection.url=%[2]s
connection.username=%[3]s
connection.password=%[4]s
insert.mode=upsert
primary.key.mode=record_key
schema.evolution=basic
collection.name.format=sbtest1
batch.size=3000
`, topic, url, user, password)
	var out bytes.Buffer
	cmd := exec.Command(os.Getenv(oracleEnv), "worker", worker, connector)
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(b, cmd.Start())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill(); <-ended }()
	first, rows := 0, 0
	var start time.Time
	for rows < *kafkaRows {
		select {
		case <-ended:
			b.Fatalf("the worker ended:\n%s", out.String())
		case <-time.After(50 * time.Millisecond):
		}
		if rows = d.count("sbtest1"); first == 0 && rows > 0 {
			first, start = rows, time.Now()
		}
	}
	b.ReportMetric(float64(rows-first)/time.Since(start).Seconds(), "rows/s")
}

// java is where the database is for a Java driver.
func (d *target) java(t testing.TB) (url, user, password string) {
	if d.name == "postgres" {
		s := testserver.Postgres(t)
		return "jdbc:postgresql://" + s.Addr + "/" + d.database(), s.User, s.Password
	}
	s := testserver.MySQL(t)
	return "jdbc:mysql://" + s.Addr + "/" + d.database() + "?rewriteBatchedStatements=true&allowPublicKeyRetrieval=true&useSSL=false", s.User, s.Password
}

// processorTime is how long this process has run on processors.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
