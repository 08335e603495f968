package jdbc_test

import (
	"context"
	"flag"
	"fmt"
	"io"
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
}

func (s sbtests) Open(context.Context, []tailrace.Offset) (source.Reader, error) {
	return &sbtestReader{sbtests: s}, nil
}

type sbtestReader struct {
	sbtests
	next int
}

func (r *sbtestReader) Read(context.Context) (b tailrace.Batch, err error) {
	const c = "68487932199-96439406143-93774651418-41631865787-96406072701-20604855487-25459966574-28203206787-41238978918-19503783441"
	for ; r.next < r.rows && len(b.Records) < 4000; r.next++ {
		id := tailrace.Int32(int32(r.next + 1))
		b.Records = append(b.Records, tailrace.Record{
			Topic: r.topic, KeySchema: sbtestKey, Key: tailrace.StructOf([]tailrace.Value{id}), ValueSchema: sbtest,
			Value: tailrace.StructOf([]tailrace.Value{id, tailrace.Int32(int32(r.next*7) % 499_979),
				tailrace.String(fmt.Sprintf("%011d%s", r.next, c[11:])), tailrace.String(fmt.Sprintf("%s%011d", c[:48], r.next))}),
		})
	}
	if len(b.Records) == 0 {
		return b, io.EOF
	}
	b.Offsets = []tailrace.Offset{{Partition: `{}`, Position: fmt.Sprintf(`{"row":%d}`, r.next)}}
	return b, nil
}

func (r *sbtestReader) Commit(context.Context, []tailrace.Offset) error { return nil }
func (r *sbtestReader) Close() error                                    { return nil }

// BenchmarkFromKafka upserts rows of sysbench's table that lie in Kafka, as JSON
// with schemas, by an Engine of source/kafka, converter.JSON and sink/jdbc:
// first new ones, then those that are there.
func BenchmarkFromKafka(b *testing.B) {
	brokers := testserver.Kafka(b).Brokers
	topic := fmt.Sprintf("sbtest1_%d", time.Now().UnixNano())
	json := converter.NewJSON(converter.JSONConfig{Schemas: true})
	e, err := engine.New(engine.Config{
		Name: "load", Source: sbtests{topic, *kafkaRows}, Encode: engine.Converters{Key: json, Value: json},
		Sink: kafka.Sink{Brokers: brokers, TopicCreation: kafka.TopicCreation{Enable: true, TopicSettings: kafka.TopicSettings{Partitions: 1}}},
	})
	require.NoError(b, err)
	require.NoError(b, e.Run(b.Context()))
	for _, name := range []string{"postgres", "mysql", "mariadb", "sqlite"} {
		for _, offsets := range []string{"", "offsets"} {
			mode := map[bool]string{true: "at least once", false: "exactly once"}[offsets == ""]
			b.Run(name+"/"+mode, func(b *testing.B) {
				d := newTarget(b, name)
				s := d.sink()
				s.TableFormat, s.AutoCreate, s.OffsetTable, s.BatchRows = "sbtest1", true, offsets, *batchRows
				for _, rows := range []string{"new", "there"} {
					b.Run(rows, func(b *testing.B) {
						for b.Loop() {
							moveFromKafka(b, engine.Config{
								Name: "move " + rows, Source: kafkasource.Source{Brokers: brokers, Topics: []string{topic}},
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

// moveFromKafka runs an engine until all rows are written.
func moveFromKafka(b *testing.B, cfg engine.Config) {
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
	b.ReportMetric(float64(*kafkaRows)/time.Since(start).Seconds(), "rows/s")
	b.ReportMetric(float64((processorTime(b)-cpu).Microseconds())/float64(*kafkaRows), "cpu-µs/row")
}

// processorTime is how long this process has run on processors.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
