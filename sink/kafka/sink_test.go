package kafka

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink"
)

// fake starts a fake cluster for a test.
func fake(t testing.TB, options ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(3), kfake.SeedTopics(3, "orders", "items")}, options...)...)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// open opens a writer for a test.
func open(t testing.TB, s Sink) sink.Writer {
	t.Helper()
	w, err := s.Open(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	return w
}

// consume reads n records with a client of other authors, which checks the
// batches, and applies what is committed. They are sorted by topic and
// partition.
func consume(t testing.TB, brokers []string, n int, topics ...string) []*kgo.Record {
	t.Helper()
	k, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topics...),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer k.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var out []*kgo.Record
	for len(out) < n {
		f := k.PollFetches(ctx)
		require.NoError(t, f.Err(), "after %d records of %d", len(out), n)
		f.EachRecord(func(r *kgo.Record) { out = append(out, r) })
	}
	slices.SortStableFunc(out, func(a, b *kgo.Record) int {
		return strings.Compare(fmt.Sprint(a.Topic, a.Partition), fmt.Sprint(b.Topic, b.Partition))
	})
	require.Len(t, out, n)
	return out
}

func record(topic, key, value string) tailrace.Record {
	return tailrace.Record{Topic: topic, Key: tailrace.String(key), Value: tailrace.Bytes([]byte(value))}
}

func TestRecordsArriveAsTheyAre(t *testing.T) {
	moment := time.UnixMilli(1_700_000_000_123)
	records := []tailrace.Record{
		{Topic: "orders", Partition: tailrace.Some[int32](1), Key: tailrace.String("k1"), Value: tailrace.Bytes([]byte("v1")), Time: moment},
		{Topic: "orders", Partition: tailrace.Some[int32](1), Key: tailrace.Bytes([]byte{}), Value: tailrace.String(""), Time: moment.Add(-time.Hour)},
		{Topic: "orders", Partition: tailrace.Some[int32](1), Key: tailrace.String("k3"), Time: moment.Add(time.Hour), Headers: []tailrace.Header{
			{Key: "a", Value: tailrace.String("1")}, {Key: "a", Value: tailrace.Bytes(nil)}, {Key: "", Value: tailrace.Value{}},
		}},
		{Topic: "orders", Partition: tailrace.Some[int32](1), Value: tailrace.Bytes([]byte(strings.Repeat("long", 100_000)))},
	}
	for codec := None; codec <= Zstd; codec++ {
		t.Run(codec.String(), func(t *testing.T) {
			c := fake(t)
			before := time.Now().Truncate(time.Millisecond)
			w := open(t, Sink{Brokers: c.ListenAddrs(), Compression: codec})
			require.NoError(t, w.Write(t.Context(), records))

			got := consume(t, c.ListenAddrs(), 4, "orders")
			for i, r := range got {
				assert.EqualValues(t, 1, r.Partition)
				assert.EqualValues(t, i, r.Offset)
			}
			assert.Equal(t, "k1", string(got[0].Key))
			assert.Equal(t, "v1", string(got[0].Value))
			assert.True(t, got[0].Timestamp.Equal(moment))
			assert.Empty(t, got[0].Headers)
			assert.NotNil(t, got[1].Key)
			assert.Empty(t, got[1].Key)
			assert.NotNil(t, got[1].Value)
			assert.Empty(t, got[1].Value)
			assert.True(t, got[1].Timestamp.Equal(moment.Add(-time.Hour)))
			assert.Nil(t, got[2].Value, "a tombstone stays one")
			assert.True(t, got[2].Timestamp.Equal(moment.Add(time.Hour)))
			assert.Equal(t, []kgo.RecordHeader{{Key: "a", Value: []byte("1")}, {Key: "a", Value: []byte{}}, {Key: "", Value: nil}}, got[2].Headers)
			assert.Nil(t, got[3].Key)
			assert.Equal(t, 400_000, len(got[3].Value))
			assert.False(t, got[3].Timestamp.Before(before), "a record without a time gets that of the Write")
		})
	}
}
