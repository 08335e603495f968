package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
)

func open(t testing.TB, s Source, from ...tailrace.Offset) source.Reader {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := s.Open(ctx, from)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

// read reads until n records have come.
func read(t testing.TB, r source.Reader, n int) (records []tailrace.Record, offsets []tailrace.Offset) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for len(records) < n {
		b, err := r.Read(ctx)
		require.NoError(t, err, "behind %d records", len(records))
		records = append(records, b.Records...)
		offsets = tailrace.MergeOffsets(offsets, b.Offsets)
	}
	return records, offsets
}

func produce(t testing.TB, k *kgo.Client, topic string, partition int32, values ...string) {
	t.Helper()
	for _, v := range values {
		require.NoError(t, k.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Partition: partition, Value: []byte(v)}).FirstErr())
	}
}

func values(records []tailrace.Record) (out []string) {
	for _, r := range records {
		out = append(out, string(r.Value.Bytes()))
	}
	return out
}

func TestRecordsAreAsTheyWereWrittenByAnyCodec(t *testing.T) {
	moment := time.UnixMilli(1_700_000_000_123).UTC()
	for _, codec := range []kgo.CompressionCodec{kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression()} {
		c := fake(t)
		k := client(t, c.ListenAddrs(), kgo.ProducerBatchCompression(codec))
		require.NoError(t, k.ProduceSync(t.Context(),
			&kgo.Record{Topic: "orders", Partition: 1, Key: []byte("k"), Value: []byte(strings.Repeat("long ", 50_000)), Timestamp: moment,
				Headers: []kgo.RecordHeader{{Key: "a", Value: []byte("1")}, {Key: "a"}, {Key: "", Value: []byte{}}}},
			&kgo.Record{Topic: "orders", Partition: 1, Key: []byte{}, Timestamp: moment},
		).FirstErr())
		got, offsets := read(t, open(t, Source{Brokers: c.ListenAddrs(), Topics: []string{"orders"}}), 2)
		want := []tailrace.Record{
			{Topic: "orders", Partition: tailrace.Some[int32](1), Offset: tailrace.Some[int64](0), Key: tailrace.Bytes([]byte("k")), Value: tailrace.Bytes([]byte(strings.Repeat("long ", 50_000))), Time: moment,
				Headers: []tailrace.Header{{Key: "a", Value: tailrace.Bytes([]byte("1"))}, {Key: "a"}, {Key: "", Value: tailrace.Bytes([]byte{})}}},
			{Topic: "orders", Partition: tailrace.Some[int32](1), Offset: tailrace.Some[int64](1), Key: tailrace.Bytes([]byte{}), Time: moment},
		}
		assert.Equal(t, fmt.Sprint(want), fmt.Sprint(got))
		assert.True(t, got[1].Value.IsNull())
		assert.True(t, got[0].Headers[1].Value.IsNull())
		assert.Equal(t, []tailrace.Offset{{Partition: `{"kafka_topic":"orders","kafka_partition":1}`, Position: `{"kafka_offset":2}`}}, offsets)
	}
}

func TestAbortedRecordsAreLeftOut(t *testing.T) {
	for name, brokers := range map[string][]string{"a fake cluster": fake(t).ListenAddrs(), "Kafka": testserver.Kafka(t).Brokers} {
		t.Run(name, func(t *testing.T) {
			plain := client(t, brokers)
			topic := makeTopic(t, plain, 1)
			k := client(t, brokers, kgo.TransactionalID(topic))
			want := []string{"before"}
			produce(t, plain, topic, 0, "before")
			for n := range 6 {
				require.NoError(t, k.BeginTransaction())
				for i := range 3 {
					value := fmt.Sprint(n, ".", i)
					produce(t, k, topic, 0, value)
					if n%2 == 0 {
						want = append(want, value)
					}
				}
				between := fmt.Sprint("between ", n)
				produce(t, plain, topic, 0, between)
				want = append(want, between)
				require.NoError(t, k.EndTransaction(t.Context(), kgo.TransactionEndTry(n%2 == 0)))
			}
			produce(t, plain, topic, 0, "after")
			want = append(want, "after")
			s := Source{Brokers: brokers, Topics: []string{topic}}
			got, offsets := read(t, open(t, s), len(want))
			assert.Equal(t, want, values(got))

			// From within an aborted transaction on, too.
			for at := range int64(20) {
				from := tailrace.Offset{Partition: offsets[0].Partition, Position: positionText(at)}
				rest := 0
				for _, r := range got {
					if r.Offset.V >= at {
						rest++
					}
				}
				again, _ := read(t, open(t, s, from), rest)
				assert.Equal(t, values(got)[len(got)-rest:], values(again), "from %d", at)
			}
			s.Uncommitted = true
			all, _ := read(t, open(t, s), len(want)+9)
			assert.Len(t, all, len(want)+9)
		})
	}
}

func TestLeadersMayMoveAtAnyTime(t *testing.T) {
	c := fake(t)
	k := client(t, c.ListenAddrs())
	r := open(t, Source{Brokers: c.ListenAddrs(), Topics: []string{"orders"}, MaxWait: 20 * time.Millisecond})
	next := map[int32]int64{}
	for n := range 60 {
		c.ShufflePartitionLeaders()
		produce(t, k, "orders", int32(n%3), fmt.Sprint(n))
		got, _ := read(t, r, 1)
		for _, rec := range got {
			require.Equal(t, next[rec.Partition.V], rec.Offset.V)
			next[rec.Partition.V]++
		}
	}
}

func TestAConnectionMayBreakAtAnyByte(t *testing.T) {
	server := testserver.Kafka(t)
	k := client(t, server.Brokers)
	topic := makeTopic(t, k, 2)
	p := testserver.StartProxy(t, server.Brokers[0])
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	r := open(t, Source{Brokers: server.Brokers, Topics: []string{topic}, Dial: p.Dial, Group: topic})
	next := map[int32]int64{}
	for n := range 60 {
		if rnd.IntN(2) == 0 {
			p.Up.CutAfter(rnd.Int64N(300))
		} else {
			p.Down.CutAfter(rnd.Int64N(300))
		}
		produce(t, k, topic, int32(n%2), fmt.Sprint(n))
		got, offsets := read(t, r, 1)
		for _, rec := range got {
			require.Equal(t, next[rec.Partition.V], rec.Offset.V)
			next[rec.Partition.V]++
		}
		require.NoError(t, r.Commit(t.Context(), offsets))
	}
}

func TestTopicsThatMatchAreFound(t *testing.T) {
	for _, group := range []string{"", "some"} {
		c := fake(t)
		k := client(t, c.ListenAddrs())
		first := makeTopic(t, k, 1)
		r := open(t, Source{Brokers: c.ListenAddrs(), TopicsRegexp: regexp.MustCompile("source-.*"), Group: group, MetadataMaxAge: 20 * time.Millisecond, HeartbeatInterval: 10 * time.Millisecond})
		produce(t, k, first, 0, "a")
		produce(t, k, "orders", 0, "not this one")
		got, offsets := read(t, r, 1)
		require.NoError(t, r.Commit(t.Context(), offsets))
		assert.Equal(t, first, got[0].Topic)
		later := makeTopic(t, k, 2)
		produce(t, k, later, 1, "b")
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		for {
			b, err := r.Read(ctx)
			require.NoError(t, err)
			if len(b.Records) > 0 && b.Records[0].Topic == later {
				assert.Equal(t, "b", string(b.Records[0].Value.Bytes()))
				break
			}
		}
		cancel()
		require.NoError(t, r.Close())
	}
}

func TestTopicsThatAreNotThereYetAreAwaited(t *testing.T) {
	for _, group := range []string{"", "some"} {
		c := fake(t)
		k := client(t, c.ListenAddrs())
		s := Source{Brokers: c.ListenAddrs(), Topics: []string{"orders", "late"}, Group: group, HeartbeatInterval: 10 * time.Millisecond, HandOver: 10 * time.Millisecond}
		_, err := s.Open(t.Context(), nil)
		require.ErrorContains(t, err, "there is no topic late: make it, or leave it out")

		s.Await = true
		r := open(t, s)
		produce(t, k, "orders", 0, "a")
		got, _ := read(t, r, 1)
		assert.Equal(t, []string{"a"}, values(got))
		createTopic(t, k, "late", 1)
		produce(t, k, "late", 0, "b")
		got, _ = read(t, r, 1)
		if values(got)[0] == "a" { // which was not committed when the group came together anew
			got, _ = read(t, r, 1)
		}
		assert.Equal(t, []string{"b"}, values(got))
		require.NoError(t, r.Close())
	}
}

func TestLatestReadsWhatComesFromNowOn(t *testing.T) {
	c := fake(t)
	k := client(t, c.ListenAddrs())
	produce(t, k, "orders", 0, "old")
	r := open(t, Source{Brokers: c.ListenAddrs(), Topics: []string{"orders"}, Start: Latest})
	produce(t, k, "orders", 0, "new")
	got, _ := read(t, r, 1)
	assert.Equal(t, []string{"new"}, values(got))
}

func TestPartitionsMayBeChosen(t *testing.T) {
	c := fake(t)
	k := client(t, c.ListenAddrs())
	for id := range int32(3) {
		produce(t, k, "orders", id, fmt.Sprint(id))
	}
	got, _ := read(t, open(t, Source{Brokers: c.ListenAddrs(), Topics: []string{"orders"}, Partitions: []int32{1}}), 1)
	assert.Equal(t, []string{"1"}, values(got))
	_, err := Source{Brokers: c.ListenAddrs(), Topics: []string{"orders"}, Partitions: []int32{7}}.Open(t.Context(), nil)
	assert.EqualError(t, err, "kafka source: topic orders has no partition 7: it has 3, numbered from 0")
}

func TestAllThatIsWrongWithTheSettingsIsSaidAtOnce(t *testing.T) {
	_, err := Source{Brokers: []string{"host"}, Group: "g", Partitions: []int32{1}, Start: 7, MaxBytes: -1, HeartbeatInterval: time.Hour, MaxWait: time.Hour}.Open(t.Context(), nil)
	assert.EqualError(t, err, `kafka source: the broker "host" is not of the form host:port
Topics and TopicsRegexp are empty: name the topics to read
Group and Partitions are both set: a group spreads the partitions itself
there is no Start 7; take Earliest or Latest
MaxBytes or MaxPartitionBytes is negative
MaxWait, 1h0m0s, must be shorter than RequestTimeout, 15s
HeartbeatInterval, 1h0m0s, must be shorter than SessionTimeout, 45s`)
	c := fake(t)
	_, err = Source{Brokers: c.ListenAddrs(), Topics: []string{"nowhere"}}.Open(t.Context(), nil)
	assert.EqualError(t, err, "kafka source: there is no topic nowhere: make it, or leave it out")
	_, err = Source{Brokers: c.ListenAddrs(), Topics: []string{"orders"}}.Open(t.Context(), []tailrace.Offset{{Partition: `{"kafka_topic":"gone","kafka_partition":0}`, Position: `{"kafka_offset":1}`}})
	assert.ErrorIs(t, err, source.ErrOffsetLost)
	assert.ErrorContains(t, err, "there is an offset of gone-0, which is not among the partitions that are read")
}

func TestMembersOfAGroupShareThePartitions(t *testing.T) {
	for name, brokers := range map[string][]string{"a fake cluster": fake(t).ListenAddrs(), "Kafka": testserver.Kafka(t).Brokers} {
		t.Run(name, func(t *testing.T) {
			k := client(t, brokers)
			topic := makeTopic(t, k, 4)
			s := Source{Brokers: brokers, Topics: []string{topic}, Group: topic, HeartbeatInterval: 20 * time.Millisecond, HandOver: 2 * time.Second}
			came := make(chan tailrace.Record, 100)
			failed := make(chan error, 10)
			member := func() (stop func()) {
				r := open(t, s)
				ctx, cancel := context.WithCancel(context.Background())
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					for {
						b, err := r.Read(ctx)
						if err == nil {
							for _, rec := range b.Records {
								came <- rec
							}
							err = r.Commit(context.Background(), b.Offsets)
						}
						if err != nil {
							failed <- err
							return
						}
					}
				}()
				return func() {
					cancel()
					<-ended
					r.Close()
				}
			}
			stops := []func(){member()}
			const each = 60
			seen := map[string]int{}
			last := map[int32]int64{}
			for n := range each {
				switch n {
				case 10, 20:
					stops = append(stops, member())
				case 35:
					stops[0]()
				case 45:
					stops[2]()
				}
				for id := range int32(4) {
					produce(t, k, topic, id, fmt.Sprint(id, ":", n))
				}
				for got := 0; got < 4; {
					select {
					case r := <-came:
						got++
						seen[string(r.Value.Bytes())]++
						assert.GreaterOrEqual(t, r.Offset.V, last[r.Partition.V])
						last[r.Partition.V] = r.Offset.V
					case err := <-failed:
						if !errors.Is(err, context.Canceled) {
							t.Fatal(err)
						}
					case <-time.After(20 * time.Second): // nothing comes any more
						t.Fatalf("at %d: %d of the records came", n, len(seen))
					}
				}
			}
			stops[1]()
			for len(came) > 0 {
				seen[string((<-came).Value.Bytes())]++
			}
			repeated := 0
			for _, n := range seen {
				repeated += n - 1
			}
			assert.Len(t, seen, 4*each)
			assert.Zero(t, repeated, "what was committed in time is read once")
		})
	}
}

// A member of other authors takes part, and commits of a group are seen by all.
func TestAGroupIsSharedWithClientsOfOtherAuthors(t *testing.T) {
	brokers := testserver.Kafka(t).Brokers
	k := client(t, brokers)
	topic := makeTopic(t, k, 2)
	produce(t, k, topic, 0, "a", "b", "c")
	produce(t, k, topic, 1, "d")
	r := open(t, Source{Brokers: brokers, Topics: []string{topic}, Group: topic, HeartbeatInterval: 20 * time.Millisecond})
	_, offsets := read(t, r, 4)
	require.NoError(t, r.Commit(t.Context(), offsets))
	other := client(t, brokers, kgo.ConsumerGroup(topic), kgo.ConsumeTopics(topic), kgo.Balancers(kgo.RangeBalancer()))
	got := map[string]bool{}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for n := 0; len(got) < 2; n++ {
		produce(t, k, topic, 0, fmt.Sprint("0 ", n))
		produce(t, k, topic, 1, fmt.Sprint("1 ", n))
		once, stop := context.WithTimeout(ctx, 50*time.Millisecond)
		for _, rec := range other.PollFetches(once).Records() {
			assert.Contains(t, string(rec.Value), " ")
			got["other"] = true
		}
		if b, err := r.Read(once); err == nil && got["other"] {
			for _, rec := range b.Records {
				got["own"] = got["own"] || strings.Contains(string(rec.Value.Bytes()), " ")
			}
			require.NoError(t, r.Commit(ctx, b.Offsets))
		} else if err == nil {
			require.NoError(t, r.Commit(ctx, b.Offsets))
		}
		stop()
		require.NoError(t, ctx.Err())
	}
}
