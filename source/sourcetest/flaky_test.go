package sourcetest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/memory"
	"github.com/tailrace-io/tailrace/source/sourcetest"
)

var errCut = errors.New("connection cut")

func ExampleFlaky() {
	src := memory.Of(tailrace.Record{Topic: "orders", Value: tailrace.String("paid")})
	flaky := sourcetest.Flaky(src, func(op sourcetest.Op, n int) sourcetest.Fault {
		if op == sourcetest.Open && n == 0 {
			return sourcetest.Fault{Err: errors.New("the database is starting up")}
		}
		return sourcetest.Fault{}
	})

	ctx := context.Background()
	_, err := flaky.Open(ctx, nil)
	fmt.Println("first: ", err)
	r, err := flaky.Open(ctx, nil)
	fmt.Println("second:", err)
	batch, err := r.Read(ctx)
	fmt.Println(batch.Records[0].Value, err)
	// Output:
	// first:  the database is starting up
	// second: <nil>
	// paid <nil>
}

func TestFlakyLosesTheResultOfACallThatWasApplied(t *testing.T) {
	src := new(memory.Source)
	src.Send(tailrace.Record{Topic: "a"})
	src.Send(tailrace.Record{Topic: "b"})
	flaky := sourcetest.Flaky(src, func(op sourcetest.Op, n int) sourcetest.Fault {
		if op == sourcetest.Read && n == 0 || op == sourcetest.Commit {
			return sourcetest.Fault{Err: errCut, Applied: true}
		}
		return sourcetest.Fault{}
	})
	r, err := flaky.Open(t.Context(), nil)
	require.NoError(t, err)
	_, err = r.Read(t.Context())
	require.ErrorIs(t, err, errCut)
	b, err := r.Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "b", b.Records[0].Topic)
	require.ErrorIs(t, r.Commit(t.Context(), b.Offsets), errCut)
	assert.Equal(t, b.Offsets, src.Committed())
	require.NoError(t, r.Close())
}

func TestFlakyHoldsACallUntilItMayGoOnOrIsCancelled(t *testing.T) {
	src := memory.Of(tailrace.Record{Topic: "a"})
	gate := make(chan struct{})
	flaky := sourcetest.Flaky(src, func(op sourcetest.Op, n int) sourcetest.Fault {
		if op == sourcetest.Read {
			return sourcetest.Fault{Wait: gate}
		}
		return sourcetest.Fault{}
	})
	r, err := flaky.Open(t.Context(), nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.Read(ctx)
	require.ErrorIs(t, err, context.Canceled)
	close(gate)
	_, err = r.Read(t.Context())
	require.NoError(t, err)
}
