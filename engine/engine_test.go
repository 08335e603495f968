package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink"
	sinkmemory "github.com/tailrace-io/tailrace/sink/memory"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/memory"
	"github.com/tailrace-io/tailrace/transform"
)

func numbers(from, to int) (records []tailrace.Record) {
	for n := from; n < to; n++ {
		records = append(records, tailrace.Record{Topic: "numbers", Key: tailrace.Int64(int64(n % 3)), Value: tailrace.Int64(int64(n))})
	}
	return records
}

func values(records []tailrace.Record) (out []string) {
	for _, r := range records {
		out = append(out, r.Value.String())
	}
	return out
}

func newEngine(t *testing.T, cfg engine.Config) *engine.Engine {
	t.Helper()
	if cfg.Name == "" {
		cfg.Name = "test"
	}
	e, err := engine.New(cfg)
	require.NoError(t, err)
	return e
}

func TestNewReportsEverythingThatIsWrongAtOnce(t *testing.T) {
	_, err := engine.New(engine.Config{
		Transforms: []transform.Transform{nil},
		Workers:    -1,
		Retry:      engine.Retry{Attempts: -1, Delay: time.Minute, MaxDelay: time.Second},
		Errors:     engine.Errors{Sink: engine.DeadLetter, Encode: 9},
	})
	require.Error(t, err)
	for _, part := range []string{
		"Name is empty", "Source is nil", "Sink is nil", "Transforms[0] is nil", "Workers is negative",
		"Retry.Attempts is negative", "longer than Retry.MaxDelay", "Errors.DeadLetters is nil", "Errors.Encode is 9",
	} {
		assert.Contains(t, err.Error(), part)
	}
}

func TestRunEndsWithTheSource(t *testing.T) {
	src, dst, store := memory.Of(numbers(0, 10)...), new(sinkmemory.Sink), new(offset.Memory)
	e := newEngine(t, engine.Config{Source: src, Sink: dst, Offsets: store})
	require.Equal(t, engine.Created, e.State())
	require.NoError(t, e.Run(t.Context()))
	require.Equal(t, engine.Stopped, e.State())
	require.Len(t, dst.Records(), 10)
	saved, err := store.Load(t.Context(), "test")
	require.NoError(t, err)
	require.Equal(t, []tailrace.Offset{memory.Offset("", 10)}, saved)
	require.Equal(t, saved, src.Committed(), "the source is told what is durable")
}

func TestRunAgainGoesOnFromTheStoredOffsets(t *testing.T) {
	src, dst := memory.Of(numbers(0, 4)...), new(sinkmemory.Sink)
	e := newEngine(t, engine.Config{Source: src, Sink: dst})
	require.NoError(t, e.Run(t.Context()))
	src.Send(numbers(4, 6)...)
	require.NoError(t, e.Run(t.Context()))
	require.Equal(t, []string{"0", "1", "2", "3", "4", "5"}, values(dst.Records()))
}

func TestRunIsRefusedWhileItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Source: new(memory.Source), Sink: new(sinkmemory.Sink)})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		synctest.Wait()
		require.ErrorIs(t, e.Run(ctx), engine.ErrRunning)
		cancel()
		require.NoError(t, <-done)
	})
}

func TestTwoEnginesOfOneNameAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(offset.Memory)
		cfg := engine.Config{Source: new(memory.Source), Sink: new(sinkmemory.Sink), Offsets: store}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- newEngine(t, cfg).Run(ctx) }()
		synctest.Wait()
		var failed *engine.Error
		require.ErrorAs(t, newEngine(t, cfg).Run(ctx), &failed)
		require.Equal(t, engine.StageOffsets, failed.Stage)
		cancel()
		require.NoError(t, <-done)
	})
}

func TestCancelDrainsWhatWasRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, dst := &memory.Source{BatchSize: 2}, new(sinkmemory.Sink)
		src.Send(numbers(0, 6)...)
		slow := sink.Func(func(ctx context.Context, records []tailrace.Record) error {
			<-time.After(time.Second) // of the bubble's clock
			w, err := dst.Open(ctx)
			if err != nil {
				return err
			}
			return w.Write(ctx, records)
		})
		store := new(offset.Memory)
		e := newEngine(t, engine.Config{Source: src, Sink: slow, Offsets: store})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(1500*time.Millisecond, cancel)
		require.NoError(t, e.Run(ctx))
		require.Len(t, dst.Records(), 6)
		saved, err := store.Load(t.Context(), "test")
		require.NoError(t, err)
		require.Equal(t, []tailrace.Offset{memory.Offset("", 6)}, saved)
	})
}

func TestADrainThatTakesTooLongIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, store := new(memory.Source), new(offset.Memory)
		src.Send(numbers(0, 2)...)
		stuck := sink.Func(func(ctx context.Context, _ []tailrace.Record) error {
			<-ctx.Done()
			return ctx.Err()
		})
		e := newEngine(t, engine.Config{Source: src, Sink: stuck, Offsets: store, DrainTimeout: 3 * time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		err := e.Run(ctx)
		var failed *engine.Error
		require.ErrorAs(t, err, &failed)
		require.Equal(t, engine.StageDrain, failed.Stage)
		require.Equal(t, 4*time.Second, time.Since(start))
		require.Equal(t, engine.Failed, e.State())
		saved, err := store.Load(t.Context(), "test")
		require.NoError(t, err)
		require.Empty(t, saved)
	})
}

func TestPauseRestsTheReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, dst := new(memory.Source), new(sinkmemory.Sink)
		e := newEngine(t, engine.Config{Source: src, Sink: dst})
		e.Resume() // without a pause: nothing
		e.Pause()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		src.Send(numbers(0, 3)...)
		synctest.Wait()
		require.Equal(t, engine.Paused, e.State())
		require.Empty(t, dst.Records())
		e.Resume()
		synctest.Wait()
		require.Equal(t, engine.Running, e.State())
		require.Len(t, dst.Records(), 3)
		e.Pause()
		e.Pause()
		src.Send(numbers(3, 5)...)
		synctest.Wait()
		require.Len(t, dst.Records(), 3)
		cancel()
		require.NoError(t, <-done)
	})
}

// failing is a sink that fails some of its writes.
func failing(dst *sinkmemory.Sink, fail func(try int, records []tailrace.Record) error) sink.Func {
	try := 0
	return func(ctx context.Context, records []tailrace.Record) error {
		try++
		err := fail(try, records)
		var one *sink.BatchError
		if errors.As(err, &one) {
			records = records[:one.Index]
		} else if err != nil {
			return err
		}
		w, oerr := dst.Open(ctx)
		if oerr != nil {
			return oerr
		}
		return errors.Join(w.Write(ctx, records), err)
	}
}

func TestAFailingBatchIsGivenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dst := new(sinkmemory.Sink)
		var retries []engine.RetryInfo
		e := newEngine(t, engine.Config{
			Source: memory.Of(numbers(0, 5)...),
			Sink: failing(dst, func(try int, _ []tailrace.Record) error {
				if try < 4 {
					return errors.New("busy")
				}
				return nil
			}),
			Trace: engine.Trace{Retry: func(i engine.RetryInfo) { retries = append(retries, i) }},
		})
		require.NoError(t, e.Run(t.Context()))
		require.Equal(t, []string{"0", "1", "2", "3", "4"}, values(dst.Records()))
		require.Len(t, retries, 3)
		for i, r := range retries {
			full := 300 * time.Millisecond << i
			assert.Equal(t, engine.StageSink, r.Stage)
			assert.Equal(t, i+1, r.Attempt)
			assert.LessOrEqual(t, r.Wait, full)
			assert.GreaterOrEqual(t, r.Wait, full/2)
		}
	})
}

func TestTheRetryBudgetEnds(t *testing.T) {
	for name, c := range map[string]struct {
		retry, ofSink engine.Retry
		err           error
		tries         int
	}{
		"by attempts":            {engine.Retry{Attempts: 3}, engine.Retry{}, errors.New("busy"), 3},
		"by the sink's attempts": {engine.Retry{Timeout: -1}, engine.Retry{Attempts: 2}, errors.New("busy"), 2},
		"by time":                {engine.Retry{Timeout: time.Second, Delay: time.Second / 2, MaxDelay: time.Second / 2}, engine.Retry{}, errors.New("busy"), 0},
		"at a permanent error":   {engine.Retry{}, engine.Retry{}, sink.Permanent(errors.New("no")), 1},
		"when another took over": {engine.Retry{Timeout: -1}, engine.Retry{}, fmt.Errorf("write: %w", sink.ErrFenced), 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				start := time.Now()
				e := newEngine(t, engine.Config{
					Source: memory.Of(numbers(0, 1)...), Retry: c.retry, SinkRetry: c.ofSink,
					Sink: sink.Func(func(context.Context, []tailrace.Record) error { tries++; return c.err }),
				})
				err := e.Run(t.Context())
				require.ErrorIs(t, err, c.err)
				require.EqualError(t, err, `engine "test": sink of topic numbers: `+c.err.Error())
				if c.tries > 0 {
					require.Equal(t, c.tries, tries)
				} else {
					require.LessOrEqual(t, time.Since(start), time.Second)
					require.Greater(t, tries, 1)
				}
			})
		})
	}
}

func TestOnlyTheNamedRecordOfABatchIsSetAside(t *testing.T) {
	for _, policy := range []engine.Policy{engine.Stop, engine.Skip, engine.DeadLetter} {
		t.Run(fmt.Sprint(policy), func(t *testing.T) {
			dst, dead := new(sinkmemory.Sink), new(sinkmemory.Sink)
			store := new(offset.Memory)
			drops, written := 0, 0
			e := newEngine(t, engine.Config{
				Source: memory.Of(numbers(0, 6)...), Offsets: store,
				Encode: engine.Converters{Value: converterFunc(appendNumber)},
				Sink: failing(dst, func(_ int, records []tailrace.Record) error {
					for i, r := range records {
						if r.Value.String() == tailrace.Bytes([]byte("2")).String() {
							return &sink.BatchError{Index: i, Err: sink.Permanent(errors.New("too long"))}
						}
					}
					return nil
				}),
				Errors: engine.Errors{Sink: policy, DeadLetters: dead, DeadLetterTopic: "dead"},
				Trace:  engine.Trace{Drop: func(engine.DropInfo) { drops++ }, Write: func(i engine.WriteInfo) { written += i.Records }},
			})
			err := e.Run(t.Context())
			require.Equal(t, len(dst.Records()), written, "those before and behind the record count")
			got := ""
			for _, r := range dst.Records() {
				got += string(r.Value.Bytes())
			}
			if policy == engine.Stop {
				require.ErrorContains(t, err, "too long")
				require.Equal(t, "01", got, "what comes before the record is delivered")
				saved, err := store.Load(t.Context(), "test")
				require.NoError(t, err)
				require.Empty(t, saved)
				return
			}
			require.NoError(t, err)
			require.Equal(t, "01345", got)
			require.Equal(t, 1, drops)
			if policy == engine.Skip {
				require.Empty(t, dead.Records())
				return
			}
			require.Len(t, dead.Records(), 1)
			letter := dead.Records()[0]
			require.Equal(t, "dead", letter.Topic)
			require.Equal(t, "2", string(letter.Value.Bytes()))
			require.Equal(t, []string{
				"topic=numbers", "connector.name=test", "task.id=0", "stage=TASK_PUT",
				"class.name=github.com/tailrace-io/tailrace/engine", "exception.class.name=*errors.errorString",
				"exception.message=too long", "exception.stacktrace=too long",
			}, errorHeaders(letter))
		})
	}
}

func errorHeaders(r tailrace.Record) (out []string) {
	for _, h := range r.Headers {
		name, ok := strings.CutPrefix(h.Key, "__connect.errors.")
		if ok {
			out = append(out, name+"="+string(h.Value.Bytes()))
		}
	}
	return out
}

func TestRecordsThatAStageCannotHandleFollowItsPolicy(t *testing.T) {
	odd := func(v tailrace.Value) error {
		if v.Int()%2 == 1 {
			return errors.New("odd")
		}
		return nil
	}
	for stage, cfg := range map[string]engine.Config{
		"TRANSFORMATION": {
			Transforms: []transform.Transform{transform.Func(func(r *tailrace.Record) (bool, error) { return true, odd(r.Value) })},
			Errors:     engine.Errors{Transform: engine.DeadLetter},
		},
		"VALUE_CONVERTER": {
			Encode: engine.Converters{Value: picky{odd}},
			Errors: engine.Errors{Encode: engine.DeadLetter},
		},
		"KEY_CONVERTER": {
			Encode: engine.Converters{Key: picky{func(tailrace.Value) error { return nil }}, Value: picky{odd}},
			Errors: engine.Errors{Encode: engine.DeadLetter},
		},
	} {
		t.Run(stage, func(t *testing.T) {
			dst, dead := new(sinkmemory.Sink), new(sinkmemory.Sink)
			cfg.Source, cfg.Sink, cfg.Errors.DeadLetters = memory.Of(numbers(0, 4)...), dst, dead
			if stage == "KEY_CONVERTER" {
				cfg.Encode.Key, cfg.Encode.Value = picky{odd}, nil
			}
			require.NoError(t, newEngine(t, cfg).Run(t.Context()))
			require.NotEmpty(t, dead.Records())
			require.Len(t, append(dst.Records(), dead.Records()...), 4)
			require.Contains(t, errorHeaders(dead.Records()[0]), "stage="+stage)

			cfg.Source, cfg.Errors = memory.Of(numbers(0, 4)...), engine.Errors{}
			require.ErrorContains(t, newEngine(t, cfg).Run(t.Context()), "odd", "the zero policy stops")
		})
	}
}

// picky is a converter that refuses some values.
type picky struct{ refuse func(tailrace.Value) error }

func (p picky) Append(dst []byte, _ string, _ *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if err := p.refuse(v); err != nil {
		return nil, err
	}
	return appendNumber(dst, v), nil
}

func (p picky) Decode(string, []byte) (*tailrace.Schema, tailrace.Value, error) {
	return nil, tailrace.Value{}, errors.New("cannot be decoded")
}

func TestADeadLetterOfBytesCarriesTheOriginalBytes(t *testing.T) {
	dead := new(sinkmemory.Sink)
	raw := tailrace.Record{Topic: "in", Partition: tailrace.Some(int32(2)), Offset: tailrace.Some(int64(77)), Value: tailrace.Bytes([]byte("{broken"))}
	e := newEngine(t, engine.Config{
		Source: memory.Of(raw), Sink: new(sinkmemory.Sink),
		Decode: engine.Converters{Value: picky{}},
		Errors: engine.Errors{Decode: engine.DeadLetter, DeadLetters: dead},
	})
	require.NoError(t, e.Run(t.Context()))
	letter := dead.Records()[0]
	require.Equal(t, "{broken", string(letter.Value.Bytes()))
	require.Equal(t, "in", letter.Topic)
	require.Subset(t, errorHeaders(letter), []string{"partition=2", "offset=77", "stage=VALUE_CONVERTER"})
}

func TestADeadLetterOfASinkOfRowsCarriesTheBytesThatWereRead(t *testing.T) {
	for _, plain := range []bool{false, true} {
		dst, dead := new(sinkmemory.Sink), new(sinkmemory.Sink)
		var raw []tailrace.Record
		for _, text := range []string{"0", "1", "x", "2", "3", "4"} {
			raw = append(raw, tailrace.Record{Topic: "in", Value: tailrace.Bytes([]byte(text))})
		}
		refused := map[int64]bool{1: true, 3: true, 4: true}
		e := newEngine(t, engine.Config{
			Source: memory.Of(raw...), Decode: engine.Converters{Value: counting{}},
			Transforms: []transform.Transform{transform.Func(func(r *tailrace.Record) (bool, error) { return r.Value.Int() != 0, nil })},
			Sink: failing(dst, func(_ int, records []tailrace.Record) error {
				for i, r := range records {
					if refused[r.Value.Int()] {
						return &sink.BatchError{Index: i, Err: sink.Permanent(errors.New("too long"))}
					}
				}
				return nil
			}),
			Errors: engine.Errors{Decode: engine.DeadLetter, Sink: engine.DeadLetter, DeadLetters: dead, NoContext: plain},
		})
		require.NoError(t, e.Run(t.Context()))
		require.Len(t, dst.Records(), 1)
		require.EqualValues(t, 2, dst.Records()[0].Value.Int())
		var letters string
		for _, r := range dead.Records() {
			letters += string(r.Value.Bytes())
			require.Equal(t, plain, len(r.Headers) == 0)
		}
		require.Equal(t, "x134", letters)
	}
}

// counting reads numbers.
type counting struct{ picky }

func (counting) Decode(_ string, text []byte) (*tailrace.Schema, tailrace.Value, error) {
	n, err := strconv.ParseInt(string(text), 10, 64)
	return tailrace.Int64Schema, tailrace.Int64(n), err
}

func TestAChangeThatCannotBeReadFollowsThePolicy(t *testing.T) {
	bad := &source.RecordError{Record: tailrace.Record{Topic: "numbers", Value: tailrace.Bytes([]byte{1})}, Err: errors.New("garbled")}
	src, dst, dead := new(memory.Source), new(sinkmemory.Sink), new(sinkmemory.Sink)
	src.Send(numbers(0, 2)...)
	src.Fail(bad)
	src.Send(numbers(2, 4)...)
	src.Close()
	require.ErrorIs(t, newEngine(t, engine.Config{Source: src, Sink: dst}).Run(t.Context()), bad.Err)
	require.Len(t, dst.Records(), 2, "what comes before is delivered")

	dst = new(sinkmemory.Sink)
	e := newEngine(t, engine.Config{Source: src, Sink: dst, Errors: engine.Errors{Source: engine.DeadLetter, DeadLetters: dead}})
	require.NoError(t, e.Run(t.Context()))
	require.Equal(t, []string{"0", "1", "2", "3"}, values(dst.Records()))
	require.Contains(t, errorHeaders(dead.Records()[0]), "stage=TASK_POLL")
}

func TestTransformsDropAndChangeRecords(t *testing.T) {
	dst := new(sinkmemory.Sink)
	filtered := 0
	e := newEngine(t, engine.Config{
		Source: memory.Of(numbers(0, 6)...), Sink: dst,
		Transforms: []transform.Transform{
			transform.Func(func(r *tailrace.Record) (bool, error) { return r.Value.Int()%2 == 0, nil }),
			transform.Func(func(r *tailrace.Record) (bool, error) { r.Topic = "even"; return true, nil }),
		},
		Trace: engine.Trace{Filter: func(n int) { filtered += n }},
	})
	require.NoError(t, e.Run(t.Context()))
	require.Equal(t, []string{"0", "2", "4"}, values(dst.Records()))
	require.Equal(t, "even", dst.Records()[2].Topic)
	require.Equal(t, 3, filtered)
}

func TestAConverterThatMayRecoverIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries atomic.Int32
		dst := new(sinkmemory.Sink)
		e := newEngine(t, engine.Config{
			Source: memory.Of(numbers(0, 1)...), Sink: dst,
			Encode: engine.Converters{Value: picky{func(tailrace.Value) error {
				if tries.Add(1) < 3 {
					return transient{errors.New("the registry is away")}
				}
				return nil
			}}},
		})
		require.NoError(t, e.Run(t.Context()))
		require.Len(t, dst.Records(), 1)
	})
}

func TestALostSourceIsOpenedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, dst := new(memory.Source), new(sinkmemory.Sink)
		src.Send(numbers(0, 2)...)
		src.Fail(transient{errors.New("connection reset")})
		src.Send(numbers(2, 4)...)
		src.Close()
		var states []engine.State
		e := newEngine(t, engine.Config{Source: src, Sink: dst, Trace: engine.Trace{
			State: func(_, to engine.State) { states = append(states, to) },
		}})
		require.NoError(t, e.Run(t.Context()))
		require.Equal(t, []string{"0", "1", "2", "3"}, values(dst.Records()))
		require.Equal(t, []engine.State{engine.Starting, engine.Running, engine.Retrying, engine.Running, engine.Stopped}, states)

		src.Fail(errors.New("the table is gone"))
		require.ErrorContains(t, e.Run(t.Context()), `engine "test": source: the table is gone`)
	})
}

type sourceFunc func(context.Context, []tailrace.Offset) (source.Reader, error)

func (f sourceFunc) Open(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
	return f(ctx, from)
}

type sinkFunc func(context.Context) (sink.Writer, error)

func (f sinkFunc) Open(ctx context.Context) (sink.Writer, error) { return f(ctx) }

func TestTheFirstOpeningIsNotRetried(t *testing.T) {
	away := transient{errors.New("connection refused")}
	tries := 0
	e := newEngine(t, engine.Config{Sink: new(sinkmemory.Sink), Source: sourceFunc(func(context.Context, []tailrace.Offset) (source.Reader, error) {
		tries++
		return nil, away
	})})
	require.EqualError(t, e.Run(t.Context()), `engine "test": source: connection refused`)
	e = newEngine(t, engine.Config{Source: new(memory.Source), Sink: sinkFunc(func(context.Context) (sink.Writer, error) {
		tries++
		return nil, away
	})})
	require.EqualError(t, e.Run(t.Context()), `engine "test": sink: open: connection refused`)
	require.Equal(t, 2, tries)
}

func TestOffsetsMoveByTheCommitInterval(t *testing.T) {
	for name, c := range map[string]struct {
		interval time.Duration
		after    time.Duration
	}{"after each batch": {-1, 0}, "after the interval": {5 * time.Second, 5 * time.Second}, "after a second": {0, time.Second}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src, dst, store := new(memory.Source), &sinkmemory.Sink{Mode: sinkmemory.Flushing}, new(offset.Memory)
				start := time.Now()
				var at time.Duration = -1
				e := newEngine(t, engine.Config{Source: src, Sink: dst, Offsets: store, CommitInterval: c.interval, Trace: engine.Trace{
					Commit: func(engine.CommitInfo) { at = time.Since(start) },
				}})
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error)
				go func() { done <- e.Run(ctx) }()
				src.Send(numbers(0, 1)...)
				<-time.After(time.Minute)
				synctest.Wait()
				require.Equal(t, c.after, at)
				require.Len(t, dst.Records(), 1, "a commit flushes first")
				cancel()
				require.NoError(t, <-done)
			})
		})
	}
}

func TestTheQueueIsBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &memory.Source{BatchSize: 1}
		src.Send(numbers(0, 100)...)
		src.Close()
		most := 0
		e := newEngine(t, engine.Config{
			Source: src, QueueBatches: 50, QueueBytes: 1000,
			Sink:  sink.Func(func(context.Context, []tailrace.Record) error { <-time.After(time.Second); return nil }),
			Trace: engine.Trace{Read: func(i engine.ReadInfo) { most = max(most, i.QueuedBytes) }},
		})
		require.NoError(t, e.Run(t.Context()))
		require.LessOrEqual(t, most, 1000)
		require.Greater(t, most, 500)
	})
}

func TestTheQueueIsBoundedInWhatConvertersMakeToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, goOn, read := new(memory.Source), make(chan struct{}), 0
		e := newEngine(t, engine.Config{
			Source: src, QueueBytes: 2000,
			Encode: engine.Converters{Value: converterFunc(func(b []byte, _ tailrace.Value) []byte { return append(b, make([]byte, 1900)...) })},
			Sink:   sink.Func(func(context.Context, []tailrace.Record) error { <-goOn; return nil }),
			Trace:  engine.Trace{Read: func(engine.ReadInfo) { read++ }},
		})
		done := make(chan error, 1)
		go func() { done <- e.Run(t.Context()) }()
		src.Send(numbers(0, 1)...)
		synctest.Wait()
		src.Send(numbers(1, 2)...)
		src.Close()
		synctest.Wait()
		require.Equal(t, 1, read, "there is no room for the second before the first is written")
		close(goOn)
		require.NoError(t, <-done)
		require.Equal(t, 2, read)
	})
}

func TestTraceTellsTheNumbers(t *testing.T) {
	read, written, bytes := 0, 0, 0
	e := newEngine(t, engine.Config{
		Source: memory.Of(numbers(0, 12)...), Sink: new(sinkmemory.Sink), Workers: 1,
		Encode: engine.Converters{Value: converterFunc(appendNumber)},
		Trace: engine.Trace{
			Read:  func(i engine.ReadInfo) { read += i.Records },
			Write: func(i engine.WriteInfo) { written += i.Records; bytes += i.Bytes },
		},
	})
	require.NoError(t, e.Run(t.Context()))
	require.Equal(t, []int{12, 12, 14}, []int{read, written, bytes})
}

func TestATransactionalSinkIsFenced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dst := &sinkmemory.Sink{Mode: sinkmemory.Transactional}
		src := new(memory.Source)
		src.Send(numbers(0, 2)...)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		old, done := newEngine(t, engine.Config{Source: src, Sink: dst}), make(chan error, 2)
		go func() { done <- old.Run(ctx) }()
		synctest.Wait()
		young := newEngine(t, engine.Config{Source: src, Sink: dst})
		go func() { done <- young.Run(ctx) }()
		synctest.Wait()
		src.Send(numbers(2, 4)...)
		require.ErrorIs(t, <-done, sink.ErrFenced)
		synctest.Wait() // the young one may write after the old one was refused
		require.Equal(t, []string{"0", "1", "2", "3"}, values(dst.Records()))
		cancel()
		require.NoError(t, <-done)
	})
}

// echo writes the first header of the record in the place of the data.
type echo struct{ converter.String }

func (echo) AppendWithHeaders(dst []byte, _ string, headers []tailrace.Header, _ *tailrace.Schema, _ tailrace.Value) ([]byte, error) {
	return append(dst, headers[0].Value.Bytes()...), nil
}

func TestAConverterThatGoesByHeadersHasThemAsBytes(t *testing.T) {
	r := numbers(7, 8)[0]
	r.Headers = []tailrace.Header{{Key: "h", Schema: tailrace.Int64Schema, Value: tailrace.Int64(3)}}
	dst := new(sinkmemory.Sink)
	c := converter.NewJSON(converter.JSONConfig{})
	e := newEngine(t, engine.Config{Source: memory.Of(r, r), Sink: dst, Encode: engine.Converters{Key: c, Value: echo{}, Header: c}})
	require.NoError(t, e.Run(t.Context()))
	require.Len(t, dst.Records(), 2)
	for _, r := range dst.Records() {
		require.Equal(t, "3 3", fmt.Sprintf("%s %s", r.Value.Bytes(), r.Headers[0].Value.Bytes()))
	}
}

func TestHeadersAreEncoded(t *testing.T) {
	r := numbers(7, 8)[0]
	r.Headers = []tailrace.Header{{Key: "h", Value: tailrace.Int64(3)}}
	dst := new(sinkmemory.Sink)
	var c converter.Converter = converterFunc(appendNumber)
	e := newEngine(t, engine.Config{Source: memory.Of(r, r), Sink: dst, Encode: engine.Converters{Key: c, Value: c, Header: c}})
	require.NoError(t, e.Run(t.Context()))
	for _, r := range dst.Records() {
		require.Equal(t, "1 7 3", fmt.Sprintf("%s %s %s", r.Key.Bytes(), r.Value.Bytes(), r.Headers[0].Value.Bytes()))
	}
}

// beginner gives where it begins before it gives a record.
type beginner struct{ batches []tailrace.Batch }

func (b *beginner) Open(context.Context, []tailrace.Offset) (source.Reader, error) { return b, nil }
func (b *beginner) Commit(context.Context, []tailrace.Offset) error                { return nil }
func (b *beginner) Close() error                                                   { return nil }

func (b *beginner) Read(context.Context) (tailrace.Batch, error) {
	if len(b.batches) == 0 {
		return tailrace.Batch{}, io.EOF
	}
	next := b.batches[0]
	b.batches = b.batches[1:]
	return next, nil
}

func TestWhereASourceBeginsIsStoredBeforeAnythingIsDelivered(t *testing.T) {
	at := tailrace.Offset{Partition: `{"server":"srv"}`, Position: `{"pos":4}`}
	store := new(offset.Memory)
	var before [][]tailrace.Offset
	e := newEngine(t, engine.Config{
		Source:  &beginner{[]tailrace.Batch{{Offsets: []tailrace.Offset{at}}, {Records: numbers(0, 1)}}},
		Offsets: store, CommitInterval: time.Hour,
		Sink: sink.Func(func(ctx context.Context, records []tailrace.Record) error {
			stored, err := store.Load(ctx, "test")
			if len(records) > 0 {
				before = append(before, stored)
			}
			return err
		}),
	})
	require.NoError(t, e.Run(t.Context()))
	require.Equal(t, [][]tailrace.Offset{{at}}, before)
}
