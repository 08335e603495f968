package mysql_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/sink"
)

// A connection over which nothing comes any more is not closed by anybody. The
// server was asked for heartbeats, so that its silence tells.
func TestAServerThatFallsSilentIsConnectedToAnew(t *testing.T) {
	s := testserver.MySQL(t)
	proxy := testserver.StartProxy(t, s.Addr)
	src, change := numbers(t, s)
	src.Addr, src.ConnectTimeout = proxy.Addr, time.Second
	numbers := make(chan int, 100)
	failures := make(chan error, 1)
	eng, err := engine.New(engine.Config{
		Name: t.Name(), Source: src, CommitInterval: -1,
		Retry: engine.Retry{Delay: 10 * time.Millisecond, MaxDelay: 100 * time.Millisecond},
		Trace: engine.Trace{Retry: func(info engine.RetryInfo) {
			select {
			case failures <- info.Err:
			default: // the first one tells
			}
		}},
		Sink: sink.Func(func(_ context.Context, records []tailrace.Record) error {
			for i := range records {
				if n, ok := numberOf(&records[i]); ok {
					numbers <- n
				}
			}
			return nil
		}),
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(soon(t))
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- eng.Run(ctx) }()
	next := func() int {
		t.Helper()
		select {
		case n := <-numbers:
			return n
		case err := <-ended:
			t.Fatalf("the engine has ended: %v", err)
		case <-ctx.Done():
			t.Fatal("no row comes")
		}
		return -1
	}
	change(2)
	assert.Equal(t, []int{0, 1}, []int{next(), next()})
	change(1)
	require.Equal(t, 2, next(), "out of the log, for the snapshot is over")
	proxy.Down.Stall()
	change(2)
	select {
	case err := <-failures:
		assert.ErrorContains(t, err, "the server has been silent for 20s, though it was asked for a heartbeat every 5s")
	case <-ctx.Done():
		t.Fatal("nobody notices the silence")
	}
	proxy.Down.Resume()
	assert.Equal(t, []int{3, 4}, []int{next(), next()})
	cancel()
	require.NoError(t, <-ended)
}
