package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
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
)

// numbered makes records from to until of a topic, of ten keys.
func numbered(topic string, from, until int) []tailrace.Record {
	var out []tailrace.Record
	for n := from; n < until; n++ {
		out = append(out, record(topic, fmt.Sprint("key", n%10), fmt.Sprint(n)))
	}
	return out
}

// wantExactly fails unless a topic has the numbered records 0 to n once each, in
// their order a key.
func wantExactly(t testing.TB, brokers []string, topic string, n int) {
	t.Helper()
	last := map[string]int{}
	seen := map[int]bool{}
	for _, r := range consume(t, brokers, n, topic) {
		var number int
		_, err := fmt.Sscan(string(r.Value), &number)
		require.NoError(t, err)
		require.False(t, seen[number], "record %d is there twice", number)
		seen[number] = true
		if before, ok := last[string(r.Key)]; ok {
			require.Less(t, before, number, "of %s", r.Key)
		}
		last[string(r.Key)] = number
	}
}

func TestWhatMayPassIsTriedAgainAndWrittenOnce(t *testing.T) {
	for _, fault := range []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.UnknownTopicOrPartition, kerr.RequestTimedOut,
		kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend, kerr.KafkaStorageError, kerr.CorruptMessage,
		kerr.NetworkException, kerr.FencedLeaderEpoch,
	} {
		t.Run(fault.Message, func(t *testing.T) {
			t.Parallel()
			c := fake(t)
			w := open(t, Sink{Brokers: c.ListenAddrs()})
			for n := range 5 {
				h := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: fault, Count: 2})
				require.NoError(t, w.Write(t.Context(), numbered("orders", 20*n, 20*n+20)))
				require.EqualValues(t, 2, h.Hits())
			}
			wantExactly(t, c.ListenAddrs(), "orders", 100)
		})
	}
}

func TestLeadersMayMoveAtAnyTime(t *testing.T) {
	c := fake(t)
	w := open(t, Sink{Brokers: c.ListenAddrs()})
	ctx, cancel := context.WithCancel(t.Context())
	var moving sync.WaitGroup
	moving.Go(func() {
		for ctx.Err() == nil {
			c.ShufflePartitionLeaders()
		}
	})
	for n := range 60 {
		require.NoError(t, w.Write(t.Context(), numbered("orders", 10*n, 10*n+10)))
	}
	cancel()
	moving.Wait()
	wantExactly(t, c.ListenAddrs(), "orders", 600)
}

func TestALostAnswerMakesNoDuplicate(t *testing.T) {
	c := fake(t, kfake.NumBrokers(1))
	p := testserver.StartProxy(t, c.ListenAddrs()[0])
	w := open(t, Sink{Brokers: c.ListenAddrs(), Dial: p.Dial})
	require.NoError(t, w.Write(t.Context(), numbered("orders", 0, 10)))
	for n := 1; n <= 10; n++ {
		made := p.Accepted()
		p.Down.CutAfter(0) // the batch is written, the answer is not seen
		require.NoError(t, w.Write(t.Context(), numbered("orders", 10*n, 10*n+10)))
		require.Greater(t, p.Accepted(), made)
	}
	wantExactly(t, c.ListenAddrs(), "orders", 110)
}

func TestAConnectionMayBreakAtAnyByte(t *testing.T) {
	c := fake(t, kfake.NumBrokers(1))
	p := testserver.StartProxy(t, c.ListenAddrs()[0])
	w := open(t, Sink{Brokers: c.ListenAddrs(), Dial: p.Dial})
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	for n := range 150 {
		if rnd.IntN(2) == 0 {
			p.Up.CutAfter(rnd.Int64N(1500))
		} else {
			p.Down.CutAfter(rnd.Int64N(400))
		}
		require.NoError(t, w.Write(t.Context(), numbered("orders", 10*n, 10*n+10)))
	}
	wantExactly(t, c.ListenAddrs(), "orders", 1500)
}

func TestABatchThatTheBrokerHasIsWritten(t *testing.T) {
	c := fake(t)
	w := open(t, Sink{Brokers: c.ListenAddrs()})
	require.NoError(t, w.Write(t.Context(), numbered("orders", 0, 1)))
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.DuplicateSequenceNumber})
	assert.NoError(t, w.Write(t.Context(), numbered("orders", 0, 1)))
}

func TestWhatABrokerHasForgottenIsGivenAgainUnderAnotherEpoch(t *testing.T) {
	for _, fault := range []*kerr.Error{kerr.OutOfOrderSequenceNumber, kerr.UnknownProducerID, kerr.InvalidProducerEpoch} {
		c := fake(t)
		w := open(t, Sink{Brokers: c.ListenAddrs()})
		require.NoError(t, w.Write(t.Context(), numbered("orders", 0, 30)))
		h := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: fault, Count: -1})
		err := w.Write(t.Context(), numbered("orders", 30, 60))
		require.ErrorContains(t, err, "kafka sink: write to topic orders: the broker has lost track of what this producer sent")
		require.ErrorContains(t, err, "given again")
		assert.False(t, isPermanent(err))
		h.Remove()

		require.NoError(t, w.Write(t.Context(), numbered("orders", 30, 60)))
		require.NoError(t, w.Write(t.Context(), numbered("orders", 60, 90)))
		wantExactly(t, c.ListenAddrs(), "orders", 90)
	}
}

func isPermanent(err error) bool {
	var r interface{ Retryable() bool }
	return errors.As(err, &r) && !r.Retryable()
}

func TestAWriteEndsWithItsDeliveryTimeout(t *testing.T) {
	c := fake(t)
	w := open(t, Sink{Brokers: c.ListenAddrs(), DeliveryTimeout: 300 * time.Millisecond})
	h := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1})
	err := w.Write(t.Context(), numbered("orders", 0, 10))
	assert.ErrorContains(t, err, "kafka sink: given up after 300ms")
	assert.ErrorContains(t, err, "write to topic orders: [19] Not Enough Replicas")
	assert.False(t, isPermanent(err))
	h.Remove()
	require.NoError(t, w.Write(t.Context(), numbered("orders", 0, 10)))
	wantExactly(t, c.ListenAddrs(), "orders", 10)
}

func TestABrokerThatHangsIsLeftAfterTheRequestTimeout(t *testing.T) {
	c := fake(t, kfake.NumBrokers(1))
	p := testserver.StartProxy(t, c.ListenAddrs()[0])
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		p.Down.Resume()
		return p.Dial(ctx, network, addr)
	}
	w := open(t, Sink{Brokers: c.ListenAddrs(), Dial: dial, RequestTimeout: 200 * time.Millisecond})
	require.NoError(t, w.Write(t.Context(), numbered("orders", 0, 10)))
	p.Down.Stall()
	require.NoError(t, w.Write(t.Context(), numbered("orders", 10, 20)))
	wantExactly(t, c.ListenAddrs(), "orders", 20)
}

func TestACancelledWriteReturnsAndTheNextIsUnderAnotherEpoch(t *testing.T) {
	c := fake(t, kfake.NumBrokers(1))
	p := testserver.StartProxy(t, c.ListenAddrs()[0])
	s := open(t, Sink{Brokers: c.ListenAddrs(), Dial: p.Dial})
	w := s.(*writer)
	require.NoError(t, w.Write(t.Context(), numbered("orders", 0, 10)))
	epoch := w.producer.epoch
	p.Down.Stall()
	ctx, cancel := context.WithCancel(t.Context())
	sent := p.Up.Bytes()
	go func() {
		p.Up.AwaitBytes(t.Context(), sent+1)
		cancel()
	}()
	err := w.Write(ctx, numbered("orders", 10, 20))
	require.ErrorIs(t, err, context.Canceled)
	p.Down.Resume()
	require.NoError(t, w.Write(t.Context(), numbered("orders", 20, 30)))
	assert.Equal(t, epoch+1, w.producer.epoch)
}

func TestCloseEndsAWrite(t *testing.T) {
	c := fake(t, kfake.NumBrokers(1))
	p := testserver.StartProxy(t, c.ListenAddrs()[0])
	w, err := Sink{Brokers: c.ListenAddrs(), Dial: p.Dial}.Open(t.Context())
	require.NoError(t, err)
	require.NoError(t, w.Write(t.Context(), numbered("orders", 0, 1)))
	p.Down.Stall()
	sent := p.Up.Bytes()
	go func() {
		p.Up.AwaitBytes(t.Context(), sent+1)
		w.Close()
	}()
	assert.EqualError(t, w.Write(t.Context(), numbered("orders", 1, 2)), "kafka sink: the writer is closed")
	assert.NoError(t, w.Close())
	assert.EqualError(t, w.Write(t.Context(), numbered("orders", 1, 2)), "kafka sink: the writer is closed")
}

func TestALargeWriteGoesInManyRequests(t *testing.T) {
	c := fake(t)
	w := open(t, Sink{Brokers: c.ListenAddrs(), MaxBatchBytes: 2000, MaxRequestBytes: 5000})
	require.NoError(t, w.Write(t.Context(), numbered("orders", 0, 3000)))
	wantExactly(t, c.ListenAddrs(), "orders", 3000)
}

func TestSomeTopicsOfAWrite(t *testing.T) {
	c := fake(t)
	w := open(t, Sink{Brokers: c.ListenAddrs()})
	var both []tailrace.Record
	for i, r := range numbered("orders", 0, 500) {
		both = append(both, r, numbered("items", i, i+1)[0])
	}
	require.NoError(t, w.Write(t.Context(), both))
	wantExactly(t, c.ListenAddrs(), "orders", 500)
	wantExactly(t, c.ListenAddrs(), "items", 500)
}

func TestTheProducerIdIsRenewedBehindTheLastEpoch(t *testing.T) {
	c := fake(t)
	w := open(t, Sink{Brokers: c.ListenAddrs()}).(*writer)
	was := w.producer
	w.producer.epoch = 1<<15 - 1
	w.stale = true
	require.NoError(t, w.Write(t.Context(), numbered("orders", 0, 10)))
	assert.NotEqual(t, was.id, w.producer.id)
	assert.Zero(t, w.producer.epoch)
	wantExactly(t, c.ListenAddrs(), "orders", 10)
}

func badIndex(t testing.TB, err error) int {
	t.Helper()
	var bad *sink.BatchError
	require.ErrorAs(t, err, &bad)
	assert.True(t, isPermanent(err))
	return bad.Index
}
