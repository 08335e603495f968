package engine_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/sink"
	sinkmemory "github.com/tailrace-io/tailrace/sink/memory"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/memory"
	"github.com/tailrace-io/tailrace/transform"
)

// reusing is a source that counts how many of its batches it may use again.
type reusing struct {
	source.Source
	given, released *atomic.Int64
}

func (s reusing) Open(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
	r, err := s.Source.Open(ctx, from)
	return reusingReader{r, s}, err
}

type reusingReader struct {
	source.Reader
	s reusing
}

func (r reusingReader) Read(ctx context.Context) (tailrace.Batch, error) {
	b, err := r.Reader.Read(ctx)
	if err == nil {
		r.s.given.Add(1)
		once := new(atomic.Bool)
		b.Release = func() {
			if once.CompareAndSwap(false, true) {
				r.s.released.Add(1)
			} else {
				r.s.released.Add(1000)
			}
		}
	}
	return b, err
}

func TestABatchIsReleasedOnceNothingRefersToIt(t *testing.T) {
	batches := func() (reusing, *atomic.Int64) {
		src := memory.Of(numbers(0, 100)...)
		src.BatchSize = 10
		r := reusing{src, new(atomic.Int64), new(atomic.Int64)}
		return r, r.released
	}
	json := converter.NewJSON(converter.JSONConfig{})
	encode := engine.Converters{Key: json, Value: json}
	t.Run("behind the write", func(t *testing.T) {
		src, released := batches()
		written := int64(0)
		require.NoError(t, newEngine(t, engine.Config{Source: src, Encode: encode, Sink: sink.Func(func(context.Context, []tailrace.Record) error {
			assert.Equal(t, written, released.Load(), "a batch is not the source's before it is written")
			written++
			return nil
		})}).Run(t.Context()))
		assert.EqualValues(t, 10, released.Load())
	})
	t.Run("not where the sink may keep records until its Flush", func(t *testing.T) {
		src, released := batches()
		require.NoError(t, newEngine(t, engine.Config{Source: src, Encode: encode, Sink: &sinkmemory.Sink{Mode: sinkmemory.Flushing}}).Run(t.Context()))
		assert.Zero(t, released.Load())
	})
	t.Run("not where the sink is given a part as the source made it, whose texts a callback may keep", func(t *testing.T) {
		for _, encode := range []engine.Converters{{}, {Key: json}, {Value: json}} {
			src, released := batches()
			require.NoError(t, newEngine(t, engine.Config{Source: src, Encode: encode, Sink: new(sinkmemory.Sink)}).Run(t.Context()))
			assert.Zero(t, released.Load())
		}
		src, released := batches()
		require.NoError(t, newEngine(t, engine.Config{Source: src, Encode: encode, Sink: new(sinkmemory.Sink),
			Transforms: []transform.Transform{transform.Func(func(r *tailrace.Record) (bool, error) {
				r.Headers = []tailrace.Header{{Key: "of", Value: tailrace.String("the source")}}
				return true, nil
			})}}).Run(t.Context()))
		assert.Zero(t, released.Load())
	})
	t.Run("not where a record was set aside", func(t *testing.T) {
		src, released := batches()
		require.NoError(t, newEngine(t, engine.Config{Source: src, Encode: encode, Sink: new(sinkmemory.Sink), Errors: engine.Errors{Transform: engine.Skip},
			Transforms: []transform.Transform{transform.Func(func(r *tailrace.Record) (bool, error) {
				if r.Value.Int() == 15 {
					return false, assert.AnError
				}
				return true, nil
			})}}).Run(t.Context()))
		assert.EqualValues(t, 9, released.Load())
	})
}
