package kafka

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
)

// brokerEnv makes the test binary a broker: benchmarks run one in a process of
// its own, so that its CPU time is not counted with ours.
const brokerEnv = "TAILRACE_TEST_FAKE_BROKER"

func TestMain(m *testing.M) {
	if text := os.Getenv(counterEnv); text != "" {
		fmt.Fprintln(os.Stderr, "the child ended:", count(text))
		os.Exit(1)
	}
	if os.Getenv(brokerEnv) == "" {
		os.Exit(m.Run())
	}
	c, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.SeedTopics(6, "bench"), kfake.BlackholeProduce())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(strings.Join(c.ListenAddrs(), ","))
	io.Copy(io.Discard, os.Stdin)
	c.Close()
}

// otherProcess starts a fake cluster in a process of its own, with a topic
// "bench" of 6 partitions, which takes records and keeps none.
func otherProcess(b *testing.B) (brokers []string) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), brokerEnv+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		in.Close()
		require.NoError(b, cmd.Wait())
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(b, err)
	return strings.Split(strings.TrimSpace(line), ",")
}

// benchValue is 680 bytes that compress about as JSON rows do.
func benchValue(i int) []byte {
	v := fmt.Appendf(nil, `{"before":null,"after":{"id":%d,"customer_id":%d,"status":"paid","total":"%d.50","note":"`, i, i%977, i%5000)
	for len(v) < 680-2 {
		v = append(v, "abcdefghijklmnopqrstuvwxyz0123456789"[(i*7+len(v)*len(v))%36])
	}
	return append(v, `"}`...)[:680]
}

// cpu is the time that this process has had of the processors.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure runs a function that writes n records, and reports by the record.
func measure(b *testing.B, n int, write func() error) {
	b.Helper()
	require.NoError(b, write()) // connects
	b.SetBytes(int64(n * 680))
	b.ReportAllocs()
	was, total := cpu(b), 0
	for b.Loop() {
		if err := write(); err != nil {
			b.Fatal(err)
		}
		total += n
	}
	b.ReportMetric(float64(total)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64((cpu(b)-was).Microseconds())/float64(total), "cpu-µs/record")
}

const benchBatch = 1000

func benchRecords(topic string) []tailrace.Record {
	records := make([]tailrace.Record, benchBatch)
	for i := range records {
		records[i] = tailrace.Record{
			Topic: topic, Key: tailrace.Bytes(fmt.Appendf(nil, `{"id":%d}`, i)), Value: tailrace.Bytes(benchValue(i)),
		}
	}
	return records
}

// Each Write has 1,000 records of 680 bytes for 6 partitions of 2 leaders.
func BenchmarkSink(b *testing.B) {
	brokers := otherProcess(b)
	for codec := None; codec <= Zstd; codec++ {
		b.Run(codec.String(), func(b *testing.B) { benchSink(b, brokers, "bench", codec) })
	}
}

func BenchmarkSinkOnKafka(b *testing.B) {
	server := testserver.Kafka(b)
	for codec := None; codec <= Zstd; codec++ {
		b.Run(codec.String(), func(b *testing.B) { benchSink(b, server.Brokers, server.Topic(b, 6), codec) })
	}
}

func benchSink(b *testing.B, brokers []string, topic string, codec Compression) {
	records := benchRecords(topic)
	w := open(b, Sink{Brokers: brokers, Compression: codec})
	measure(b, len(records), func() error { return w.Write(b.Context(), records) })
}

// The peer has the same records: with calls that wait as ours do, and with calls
// that do not, which fill its batches of 1,000.
func BenchmarkKafkaGoWriter(b *testing.B) {
	benchPeer(b, otherProcess(b), func(testing.TB) string { return "bench" })
}

func BenchmarkKafkaGoWriterOnKafka(b *testing.B) {
	server := testserver.Kafka(b)
	benchPeer(b, server.Brokers, func(t testing.TB) string { return server.Topic(t, 6) })
}

func benchPeer(b *testing.B, brokers []string, topic func(testing.TB) string) {
	messages := make([]kafkago.Message, benchBatch)
	for i, r := range benchRecords("") {
		messages[i] = kafkago.Message{Key: r.Key.Bytes(), Value: r.Value.Bytes()}
	}
	peer := func(topic string) *kafkago.Writer {
		return &kafkago.Writer{
			Addr: kafkago.TCP(brokers...), Topic: topic, Balancer: kafkago.Murmur2Balancer{},
			RequiredAcks: kafkago.RequireAll, BatchSize: 1000, BatchTimeout: time.Millisecond, Transport: &kafkago.Transport{},
		}
	}
	b.Run("wait", func(b *testing.B) {
		w := peer(topic(b))
		measure(b, len(messages), func() error { return w.WriteMessages(b.Context(), messages...) })
		require.NoError(b, w.Close())
	})
	b.Run("async", func(b *testing.B) {
		var failed atomic.Pointer[error]
		w := peer(topic(b))
		w.Async = true
		w.BatchTimeout = time.Second
		w.Completion = func(_ []kafkago.Message, err error) {
			if err != nil {
				failed.Store(&err)
			}
		}
		measure(b, len(messages)*32, func() error {
			for range 32 {
				if err := w.WriteMessages(context.Background(), messages...); err != nil {
					return err
				}
			}
			return nil
		})
		require.NoError(b, w.Close())
		require.Nil(b, failed.Load())
	})
}
