package sinktest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/memory"
	"github.com/tailrace-io/tailrace/sink/sinktest"
)

var errCut = errors.New("connection cut")

// The first write takes effect, but the answer is lost on its way.
func ExampleFlaky() {
	target := new(memory.Sink)
	flaky := sinktest.Flaky(target, func(op sinktest.Op, n int) sinktest.Fault {
		if op == sinktest.Write && n == 0 {
			return sinktest.Fault{Err: errors.New("connection cut"), Applied: true}
		}
		return sinktest.Fault{}
	})

	ctx := context.Background()
	w, _ := flaky.Open(ctx)
	batch := []tailrace.Record{{Topic: "orders", Value: tailrace.String("paid")}}
	fmt.Println(w.Write(ctx, batch))
	fmt.Println(w.Write(ctx, batch))
	fmt.Println(len(target.Records()), "records")
	// Output:
	// connection cut
	// <nil>
	// 2 records
}

// open gives a writer of a memory sink of which the first call of op fails.
func open(t *testing.T, mode memory.Mode, op sinktest.Op, fault sinktest.Fault) (*memory.Sink, sink.Writer) {
	target := &memory.Sink{Mode: mode}
	w, err := sinktest.Flaky(target, func(o sinktest.Op, n int) sinktest.Fault {
		if o == op && n == 0 {
			return fault
		}
		return sinktest.Fault{}
	}).Open(t.Context())
	require.NoError(t, err)
	return target, w
}

var abc = []tailrace.Record{{Topic: "a"}, {Topic: "b"}, {Topic: "c"}}

func TestFlakyWritesTheRecordsBeforeTheOneThatABatchErrorNames(t *testing.T) {
	target, w := open(t, memory.Plain, sinktest.Write, sinktest.Fault{Err: &sink.BatchError{Index: 2, Err: errCut}})
	require.ErrorIs(t, w.Write(t.Context(), abc), errCut)
	assert.Equal(t, abc[:2], target.Records())
	require.NoError(t, w.Write(t.Context(), abc[2:]))
	assert.Equal(t, abc, target.Records())
	require.NoError(t, w.Close())
}

func TestFlakyFailsAFlushWithoutFlushing(t *testing.T) {
	target, w := open(t, memory.Flushing, sinktest.Flush, sinktest.Fault{Err: errCut})
	f := w.(sink.Flusher)
	require.NoError(t, f.Write(t.Context(), abc))
	require.ErrorIs(t, f.Flush(t.Context()), errCut)
	assert.Empty(t, target.Records())
	require.NoError(t, f.Flush(t.Context()))
	assert.Equal(t, abc, target.Records())
}

func TestFlakyCommitsATransactionOfWhichNobodyHears(t *testing.T) {
	target, w := open(t, memory.Transactional, sinktest.Write, sinktest.Fault{Err: sink.ErrUncertain, Applied: true})
	tx := w.(sink.Transactional)
	_, err := tx.Begin(t.Context(), "engine")
	require.NoError(t, err)
	offsets := []tailrace.Offset{{Partition: `{"server":"shop"}`, Position: `{"pos":1}`}}
	require.ErrorIs(t, tx.WriteTx(t.Context(), abc, offsets), sink.ErrUncertain)
	assert.Equal(t, abc, target.Records())
	assert.Equal(t, offsets, target.Offsets("engine"))
}

func TestFlakyFailsABegin(t *testing.T) {
	_, w := open(t, memory.Transactional, sinktest.Begin, sinktest.Fault{Err: errCut})
	_, err := w.(sink.Transactional).Begin(t.Context(), "engine")
	require.ErrorIs(t, err, errCut)
}

func TestFlakyHoldsAWriteUntilItMayGoOnOrIsCancelled(t *testing.T) {
	gate := make(chan struct{})
	target, w := open(t, memory.Plain, sinktest.Write, sinktest.Fault{Wait: gate})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, w.Write(ctx, abc), context.Canceled)
	assert.Empty(t, target.Records())

	target, w = open(t, memory.Plain, sinktest.Write, sinktest.Fault{Wait: gate})
	close(gate)
	require.NoError(t, w.Write(t.Context(), abc))
	assert.Equal(t, abc, target.Records())
}

func TestFlakyFailsOpen(t *testing.T) {
	for _, applied := range []bool{false, true} {
		_, err := sinktest.Flaky(new(memory.Sink), func(sinktest.Op, int) sinktest.Fault {
			return sinktest.Fault{Err: errCut, Applied: applied}
		}).Open(t.Context())
		require.ErrorIs(t, err, errCut)
	}
}
