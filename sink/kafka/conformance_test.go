package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/sinktest"
)

// harness makes topics of one partition on a cluster.
func harness(brokers []string) sinktest.Harness {
	return sinktest.Harness{
		Fresh: func(t testing.TB) (sink.Sink, func() []int) {
			topic := fmt.Sprintf("conformance-%08x", rand.Uint32())
			s := Sink{Brokers: brokers, TopicCreation: TopicCreation{
				Enable: true, TopicSettings: TopicSettings{Partitions: 1, ReplicationFactor: 1},
			}}
			return inTopic{s, topic}, func() []int { return held(t, brokers, topic) }
		},
		Bad: func() tailrace.Record {
			return tailrace.Record{Topic: "sinktest", Value: tailrace.Bytes(make([]byte, 2<<20))} // topics take 1 MiB
		},
	}
}

// inTopic gives each sink of the suite a topic of its own.
type inTopic struct {
	sink.Sink
	topic string
}

func (s inTopic) Open(ctx context.Context) (sink.Writer, error) {
	w, err := s.Sink.Open(ctx)
	return topicWriter{w, s.topic}, err
}

type topicWriter struct {
	sink.Writer
	topic string
}

func (w topicWriter) Write(ctx context.Context, records []tailrace.Record) error {
	moved := make([]tailrace.Record, len(records))
	for i, r := range records {
		moved[i] = r
		moved[i].Topic = w.topic
	}
	return w.Writer.Write(ctx, moved)
}

// held reads the numbers of the records that a topic of one partition has, with
// a client of other authors.
func held(t testing.TB, brokers []string, topic string) (numbers []int) {
	for _, r := range log(t, brokers, topic) {
		var number int
		if _, err := fmt.Sscanf(string(r.Value), `{"number":%d}`, &number); err != nil {
			number = -1
		}
		numbers = append(numbers, number)
	}
	return numbers
}

// log reads the committed records that a topic of one partition has.
func log(t testing.TB, brokers []string, topic string) []*kgo.Record {
	t.Helper()
	return logOf(t, brokers, topic, 0)
}

// logOf reads the committed records of a partition.
func logOf(t testing.TB, brokers []string, topic string, partition int32) (records []*kgo.Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	k, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().AtStart()}}))
	require.NoError(t, err)
	defer k.Close()
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1 // to the end of what is not committed yet: a marker may come a moment behind the commit
	part := kmsg.NewListOffsetsRequestTopicPartition()
	part.Partition, part.Timestamp = partition, -1
	req.Topics = []kmsg.ListOffsetsRequestTopic{{Topic: topic, Partitions: []kmsg.ListOffsetsRequestTopicPartition{part}}}
	res, err := req.RequestWith(ctx, k)
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return nil
	}
	require.NoError(t, err)
	end := res.Topics[0].Partitions[0].Offset
	for at := int64(0); at < end; {
		f := k.PollFetches(ctx)
		require.NoError(t, f.Err(), "at %d of %d", at, end)
		f.EachRecord(func(r *kgo.Record) {
			at = r.Offset + 1
			if !r.Attrs.IsControl() {
				records = append(records, r)
			}
		})
	}
	return records
}

func TestTheContractHoldsOnAFakeCluster(t *testing.T) {
	sinktest.Run(t, harness(fake(t).ListenAddrs()))
}

func TestTheContractHoldsOnKafka(t *testing.T) {
	sinktest.Run(t, harness(testserver.Kafka(t).Brokers))
}

func TestKafkaTakesWhatAnyCodecMakes(t *testing.T) {
	server := testserver.Kafka(t)
	for codec := None; codec <= Zstd; codec++ {
		topic := server.Topic(t, 3)
		w := open(t, Sink{Brokers: server.Brokers, Compression: codec})
		for n := range 10 {
			require.NoError(t, w.Write(t.Context(), numbered(topic, 300*n, 300*n+300)), "%v", codec)
		}
		wantExactly(t, server.Brokers, topic, 3000)
	}
}

func TestKafkaChecksWhatIsCompressed(t *testing.T) {
	// A topic that compresses by itself has the broker read each batch.
	server := testserver.Kafka(t)
	for codec := None; codec <= Zstd; codec++ {
		topic := server.Topic(t, 1, "compression.type=gzip", "message.timestamp.type=LogAppendTime")
		w := open(t, Sink{Brokers: server.Brokers, Compression: codec})
		records := numbered(topic, 0, 500)
		records[7].Value = tailrace.String(strings.Repeat("a long text that is not quite regular ", 9000))
		records[7].Headers = []tailrace.Header{{Key: "h", Value: tailrace.String("v")}}
		require.NoError(t, w.Write(t.Context(), records), "%v", codec)
		got := log(t, server.Brokers, topic)
		require.Len(t, got, 500)
		assert.Equal(t, records[7].Value.Text(), string(got[7].Value))
		assert.Equal(t, "h", got[7].Headers[0].Key)
	}
}

func TestKafkaNamesARecordWithoutKeyInACompactedTopic(t *testing.T) {
	server := testserver.Kafka(t)
	topic := server.Topic(t, 1, "cleanup.policy=compact")
	w := open(t, Sink{Brokers: server.Brokers})
	records := numbered(topic, 0, 50)
	records[20].Key = tailrace.Value{}
	err := w.Write(t.Context(), records)
	assert.Equal(t, 20, badIndex(t, err))
	assert.ErrorContains(t, err, "[87]")
	wantExactly(t, server.Brokers, topic, 20)
	require.NoError(t, w.Write(t.Context(), records[21:]))
}

func TestKafkaNamesARecordThatATopicFindsTooLong(t *testing.T) {
	server := testserver.Kafka(t)
	topic := server.Topic(t, 1, "max.message.bytes=5000")
	w := open(t, Sink{Brokers: server.Brokers})
	records := numbered(topic, 0, 900)
	records[500].Value = tailrace.Bytes(make([]byte, 6000))
	err := w.Write(t.Context(), records)
	assert.Equal(t, 500, badIndex(t, err))
	assert.ErrorContains(t, err, "max.message.bytes")
	wantExactly(t, server.Brokers, topic, 500)
}

func TestKafkaMakesATopic(t *testing.T) {
	server := testserver.Kafka(t)
	name := fmt.Sprintf("made-%08x", rand.Uint32())
	w := open(t, Sink{Brokers: server.Brokers, TopicCreation: TopicCreation{
		Enable: true, TopicSettings: TopicSettings{Partitions: 5, Configs: map[string]string{"cleanup.policy": "compact"}},
	}})
	require.NoError(t, w.Write(t.Context(), numbered(name, 0, 100)))
	wantExactly(t, server.Brokers, name, 100)

	w = open(t, Sink{Brokers: server.Brokers, TopicCreation: TopicCreation{Enable: true, TopicSettings: TopicSettings{ReplicationFactor: 3}}})
	err := w.Write(t.Context(), numbered(name+"-3", 0, 1))
	assert.True(t, isPermanent(err))
	assert.ErrorContains(t, err, "kafka sink: create topic "+name+"-3: [38] ")
}

func TestKafkaThatHasNoSuchTopic(t *testing.T) {
	server := testserver.Kafka(t)
	w := open(t, Sink{Brokers: server.Brokers})
	err := w.Write(t.Context(), numbered("nowhere", 0, 1))
	assert.EqualError(t, err, "kafka sink: no such topic: nowhere; make it, or let the sink do so by TopicCreation.Enable")
}

func TestConnectionsToKafkaMayBreakAtAnyByte(t *testing.T) {
	server := testserver.Kafka(t)
	topic := server.Topic(t, 3)
	p := testserver.StartProxy(t, server.Brokers[0])
	w := open(t, Sink{Brokers: server.Brokers, Dial: p.Dial})
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	for n := range 100 {
		if rnd.IntN(2) == 0 {
			p.Up.CutAfter(rnd.Int64N(1500))
		} else {
			p.Down.CutAfter(rnd.Int64N(400))
		}
		require.NoError(t, w.Write(t.Context(), numbered(topic, 10*n, 10*n+10)))
	}
	wantExactly(t, server.Brokers, topic, 1000)
}

func TestKafkaMayDieAndComeBackWithinAWrite(t *testing.T) {
	server := testserver.StartKafka(t)
	topic := server.Topic(t, 3)
	w := open(t, Sink{Brokers: server.Brokers, DeliveryTimeout: 5 * time.Minute})
	var dying sync.WaitGroup
	defer dying.Wait()
	for n := range 60 {
		if n == 10 {
			dying.Go(func() {
				server.Kill(t)
				server.Start(t)
			})
		}
		require.NoError(t, w.Write(t.Context(), numbered(topic, 10*n, 10*n+10)))
	}
	dying.Wait()
	wantExactly(t, server.Brokers, topic, 600)
}
