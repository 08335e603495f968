package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/sinktest"
)

// txHarness gives each sink of the suite a topic and an offsets topic of its own.
func txHarness(brokers []string) sinktest.Harness {
	h := harness(brokers)
	h.Fresh = func(t testing.TB) (sink.Sink, func() []int) {
		topic := fmt.Sprintf("conformance-%08x", rand.Uint32())
		s := ExactlyOnce{
			Sink: Sink{Brokers: brokers, TopicCreation: TopicCreation{
				Enable: true, TopicSettings: TopicSettings{Partitions: 1, ReplicationFactor: 1},
			}},
			OffsetsTopic: topic + "-offsets", OffsetsTopicSettings: TopicSettings{Partitions: 3, ReplicationFactor: 1},
			TransactionalIDPrefix: topic + "-",
		}
		return txInTopic{s, topic}, func() []int { return held(t, brokers, topic) }
	}
	return h
}

type txInTopic struct {
	sink.Sink
	topic string
}

func (s txInTopic) Open(ctx context.Context) (sink.Writer, error) {
	w, err := s.Sink.Open(ctx)
	if err != nil {
		return nil, err
	}
	return txTopicWriter{w.(sink.Transactional), s.topic}, nil
}

type txTopicWriter struct {
	sink.Transactional
	topic string
}

func (w txTopicWriter) WriteTx(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error {
	moved := make([]tailrace.Record, len(records))
	for i, r := range records {
		moved[i] = r
		moved[i].Topic = w.topic
	}
	return w.Transactional.WriteTx(ctx, moved, offsets)
}

func TestTheContractOfExactlyOnceHoldsOnAFakeCluster(t *testing.T) {
	sinktest.Run(t, txHarness(fake(t).ListenAddrs()))
}

func TestTheContractOfExactlyOnceHoldsOnKafka(t *testing.T) {
	sinktest.Run(t, txHarness(testserver.Kafka(t).Brokers))
}

// begin opens a Writer and takes the name.
func begin(t testing.TB, s ExactlyOnce, name string) (sink.Transactional, []tailrace.Offset) {
	t.Helper()
	w, err := s.Open(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { w.Close() })
	tx := w.(sink.Transactional)
	offsets, err := tx.Begin(t.Context(), name)
	require.NoError(t, err)
	return tx, offsets
}

func position(n int) []tailrace.Offset {
	return []tailrace.Offset{{Partition: `{"server":"shop"}`, Position: fmt.Sprintf(`{"pos":%d}`, n)}}
}

func TestAllThatIsWrongWithTheSettingsOfExactlyOnceIsSaidAtOnce(t *testing.T) {
	_, err := ExactlyOnce{TransactionTimeout: time.Second}.Open(t.Context())
	assert.EqualError(t, err, `kafka sink: Brokers is empty: name at least one broker as host:port
OffsetsTopic is empty: name the topic that keeps the source's offsets
TransactionTimeout, 1s, must be longer than DeliveryTimeout, 30s`)
}

func TestWriteTxNeedsAName(t *testing.T) {
	w, err := ExactlyOnce{Sink: Sink{Brokers: fake(t).ListenAddrs()}, OffsetsTopic: "offsets"}.Open(t.Context())
	require.NoError(t, err)
	defer w.Close()
	assert.EqualError(t, w.Write(t.Context(), numbered("orders", 0, 1)), "kafka sink: a transaction needs a name: call Begin before WriteTx")
}

func TestCoordinatorsMayFailAndMove(t *testing.T) {
	for _, fault := range []*kerr.Error{kerr.NotCoordinator, kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress, kerr.ConcurrentTransactions} {
		t.Run(fault.Message, func(t *testing.T) {
			t.Parallel()
			c := fake(t)
			s := ExactlyOnce{Sink: Sink{Brokers: c.ListenAddrs()}, OffsetsTopic: "offsets"}
			c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.InitProducerID}, Err: fault, Count: 2})
			w, _ := begin(t, s, "shop")
			for n := range 3 {
				for _, key := range []kmsg.Key{kmsg.AddPartitionsToTxn, kmsg.EndTxn} {
					c.Fault(kfake.Fault{Keys: []kmsg.Key{key}, Err: fault, Count: 2})
				}
				require.NoError(t, w.WriteTx(t.Context(), numbered("orders", 10*n, 10*n+10), position(n)))
			}
			wantExactly(t, c.ListenAddrs(), "orders", 30)
			_, offsets := begin(t, s, "shop")
			assert.Equal(t, position(2), offsets)
		})
	}
}

// A commit whose answer is lost is asked for again; where nobody answers the
// outcome is uncertain, and the next Writer tells.
func TestConnectionsMayBreakAtAnyByteOfATransaction(t *testing.T) {
	server := testserver.Kafka(t)
	topic := server.Topic(t, 3)
	p := testserver.StartProxy(t, server.Brokers[0])
	s := ExactlyOnce{
		Sink:         Sink{Brokers: server.Brokers, Dial: p.Dial},
		OffsetsTopic: topic + "-offsets", OffsetsTopicSettings: TopicSettings{Partitions: 2},
		TransactionalIDPrefix: topic,
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	w, _ := begin(t, s, "shop")
	for n := 0; n < 60; {
		if rnd.IntN(2) == 0 {
			p.Up.CutAfter(rnd.Int64N(2000))
		} else {
			p.Down.CutAfter(rnd.Int64N(600))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rnd.IntN(60))*time.Millisecond)
		err := w.WriteTx(ctx, numbered(topic, 10*n, 10*n+10), position(n+1))
		cancel()
		if errors.Is(err, sink.ErrUncertain) {
			var offsets []tailrace.Offset
			w.Close()
			w, offsets = beginThroughCuts(t, s, "shop")
			if len(offsets) == 1 && offsets[0] == position(n + 1)[0] {
				err = nil
			}
		}
		if err == nil {
			n++
		}
	}
	wantExactly(t, server.Brokers, topic, 600)
}

// beginThroughCuts is begin for a connection that may still be cut: the first
// opening of a Writer is not tried again by itself.
func beginThroughCuts(t testing.TB, s ExactlyOnce, name string) (sink.Transactional, []tailrace.Offset) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		w, err := s.Open(t.Context())
		if err == nil {
			tx := w.(sink.Transactional)
			var offsets []tailrace.Offset
			if offsets, err = tx.Begin(t.Context(), name); err == nil {
				t.Cleanup(func() { w.Close() })
				return tx, offsets
			}
			w.Close()
		}
		require.True(t, time.Now().Before(deadline), "%v", err)
	}
}

func TestTheOffsetsOfAConnectWorkerAreTaken(t *testing.T) {
	c := fake(t)
	w := open(t, Sink{Brokers: c.ListenAddrs(), TopicCreation: TopicCreation{Enable: true}})
	require.NoError(t, w.Write(t.Context(), []tailrace.Record{
		record("offsets", `["shop",{"server":"a"}]`, `{"pos":1}`),
		record("offsets", `["shop",{"server":"gone"}]`, `{"pos":1}`),
		record("offsets", `["other",{"server":"a"}]`, `{"pos":7}`),
		record("offsets", `something else`, `{"pos":7}`),
		record("offsets", `["shop",{"server":"a"}]`, `{"pos":2,"snapshot":true}`),
		{Topic: "offsets", Key: tailrace.String(`["shop",{"server":"gone"}]`)},
	}))
	_, offsets := begin(t, ExactlyOnce{Sink: Sink{Brokers: c.ListenAddrs()}, OffsetsTopic: "offsets"}, "shop")
	assert.Equal(t, []tailrace.Offset{{Partition: `{"server":"a"}`, Position: `{"pos":2,"snapshot":true}`}}, offsets)
}

func TestAStoredOffsetThatIsNoneIsAnError(t *testing.T) {
	c := fake(t)
	w := open(t, Sink{Brokers: c.ListenAddrs(), TopicCreation: TopicCreation{Enable: true}})
	require.NoError(t, w.Write(t.Context(), []tailrace.Record{record("offsets", `["shop",{"server":"a"}]`, `garbage`)}))
	tx, err := ExactlyOnce{Sink: Sink{Brokers: c.ListenAddrs()}, OffsetsTopic: "offsets"}.Open(t.Context())
	require.NoError(t, err)
	defer tx.Close()
	_, err = tx.(sink.Transactional).Begin(t.Context(), "shop")
	assert.ErrorContains(t, err, `read the offsets of "shop" from topic offsets: partition 5: the record at offset 0, of the partition {"server":"a"}, has a position that is no JSON object`)
}

func BenchmarkWriteTx(b *testing.B) {
	server := testserver.Kafka(b)
	for _, n := range []int{1, 1000} {
		topic := server.Topic(b, 3)
		w, _ := begin(b, ExactlyOnce{Sink: Sink{Brokers: server.Brokers}, OffsetsTopic: topic + "-offsets", TransactionalIDPrefix: topic}, "bench")
		plain := open(b, Sink{Brokers: server.Brokers})
		records := numbered(topic, 0, n)
		b.Run(fmt.Sprintf("%d/transaction", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				require.NoError(b, w.WriteTx(b.Context(), records, position(i)))
			}
		})
		b.Run(fmt.Sprintf("%d/plain", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, plain.Write(b.Context(), records))
			}
		})
	}
}
