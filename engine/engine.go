// Package engine moves changes from a source to a sink: it reads batches,
// transforms and converts them side by side, writes them in their order, and
// only then lets the stored offsets move, so that nothing is lost whatever
// stops it.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/transform"
)

// Config says what an Engine moves and how. The zero value of every field but
// Name, Source and Sink is a default that suits most uses.
type Config struct {
	// Name is what the engine's offsets are stored under. Two engines that share
	// an offset store, or a transactional sink, need two names.
	Name string

	// Source is where changes come from.
	Source source.Source

	// Decode are the converters of a source that gives bytes, such as a Kafka
	// topic; they run before the transforms. Sources of changes need none.
	Decode Converters

	// Transforms are applied to each record, in their order.
	Transforms []transform.Transform

	// Encode are the converters of a sink that takes bytes, such as a Kafka
	// topic; they run after the transforms. Without them the sink gets typed
	// records.
	Encode Converters

	// Sink is where records go.
	Sink sink.Sink

	// Offsets keeps how far the engine has come. Nil, the engine remembers it
	// for as long as it lives itself. A transactional sink keeps offsets on its
	// own; the store then only says where to start the first time.
	Offsets offset.Store

	// CommitInterval is how long delivered records wait for their offsets to be
	// stored: after a crash, about that much is delivered again. 0 means one
	// second; a negative interval stores them after each batch.
	CommitInterval time.Duration

	// Retry is how often and for how long a failing step is tried again.
	Retry Retry

	// SinkRetry is the same of the batches that the sink does not take. The zero
	// value means Retry.
	SinkRetry Retry

	// Errors is what happens to a record that stays in the way.
	Errors Errors

	// Workers is how many goroutines transform and convert side by side. 0
	// means one a processor.
	Workers int

	// QueueBatches and QueueBytes bound what was read and is not written yet,
	// by number, and by Batch.Size and the bytes that converters have made. A
	// batch larger than QueueBytes passes alone.
	// 0 means 8 batches and 16 MiB.
	QueueBatches int
	QueueBytes   int

	// DrainTimeout is how long what is queued may take to be written when the
	// engine is told to stop. 0 means 10 seconds.
	DrainTimeout time.Duration

	// Log gets changes of state, retries, skipped records and dead letters.
	// Values of rows are never logged. Nil logs nothing.
	Log *slog.Logger

	// Trace gets every number that an operator may want.
	Trace Trace
}

// Converters are those of a record's parts. A part whose converter is nil stays
// as it is.
type Converters struct{ Key, Value, Header converter.Converter }

func (c Converters) none() bool { return c.Key == nil && c.Value == nil && c.Header == nil }

// Engine moves changes from one source to one sink.
type Engine struct {
	cfg Config

	mu      sync.Mutex
	state   State
	running bool
	paused  chan struct{} // closed by Resume; nil while not paused
}

// New checks the configuration and reports everything that is wrong with it at
// once. It opens nothing and starts nothing.
func New(cfg Config) (*Engine, error) {
	var errs []error
	if cfg.Name == "" {
		errs = append(errs, errors.New("Name is empty: name the engine, its offsets are stored under that name"))
	}
	if cfg.Source == nil {
		errs = append(errs, errors.New("Source is nil: say where changes come from"))
	}
	if cfg.Sink == nil {
		errs = append(errs, errors.New("Sink is nil: say where records go; sink.Func takes a callback"))
	}
	for i, t := range cfg.Transforms {
		if t == nil {
			errs = append(errs, fmt.Errorf("Transforms[%d] is nil", i))
		}
	}
	for _, n := range []struct {
		name  string
		value int
	}{{"Workers", cfg.Workers}, {"QueueBatches", cfg.QueueBatches}, {"QueueBytes", cfg.QueueBytes}, {"DrainTimeout", int(cfg.DrainTimeout)}} {
		if n.value < 0 {
			errs = append(errs, fmt.Errorf("%s is negative", n.name))
		}
	}
	errs = append(errs, cfg.Retry.check("Retry")...)
	errs = append(errs, cfg.SinkRetry.check("SinkRetry")...)
	errs = append(errs, cfg.Errors.check()...)
	if len(errs) > 0 {
		return nil, fmt.Errorf("engine %q: the configuration is not valid: %w", cfg.Name, errors.Join(errs...))
	}
	if len(cfg.Transforms) > 1 { // which join in it
		cfg.Transforms = []transform.Transform{transform.Chain(cfg.Transforms...)}
	}
	if cfg.SinkRetry == (Retry{}) {
		cfg.SinkRetry = cfg.Retry
	}
	cfg.Retry, cfg.SinkRetry = cfg.Retry.withDefaults(), cfg.SinkRetry.withDefaults()
	if cfg.CommitInterval == 0 {
		cfg.CommitInterval = time.Second
	}
	if cfg.Workers == 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	if cfg.QueueBatches == 0 {
		cfg.QueueBatches = 8
	}
	if cfg.QueueBytes == 0 {
		cfg.QueueBytes = 16 << 20
	}
	if cfg.DrainTimeout == 0 {
		cfg.DrainTimeout = 10 * time.Second
	}
	if cfg.Offsets == nil {
		cfg.Offsets = new(offset.Memory)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Log = cfg.Log.With("engine", cfg.Name)
	return &Engine{cfg: cfg}, nil
}

// ErrRunning is what Run returns, wrapped, while an earlier Run has not ended.
var ErrRunning = errors.New("the engine is running already")

// Run moves changes until the source is finished or ctx is cancelled, and
// returns nil then, after everything that was read is written and its offsets
// are stored. Any other end is an *Error that says which stage failed on what.
// All goroutines that it started are gone when it returns. Once it has
// returned the engine can be run again, and goes on from the stored offsets.
func (e *Engine) Run(ctx context.Context) error {
	e.mu.Lock()
	if e.running {
		e.mu.Unlock()
		return fmt.Errorf("engine %q: run: %w", e.cfg.Name, ErrRunning)
	}
	e.running = true
	e.mu.Unlock()
	e.setState(Starting)

	err := e.run(ctx)

	end := Stopped
	if err != nil {
		end = Failed
	}
	e.mu.Lock()
	e.running = false
	e.mu.Unlock()
	e.setState(end)
	return err
}

// run claims the name and runs sessions until one ends for good.
func (e *Engine) run(ctx context.Context) (err error) {
	if c, ok := e.cfg.Offsets.(offset.Claimer); ok {
		release, cerr := c.Claim(ctx, e.cfg.Name)
		if cerr != nil {
			return stopped(ctx, e.fail(StageOffsets, "", fmt.Errorf("claim the name: %w", cerr)))
		}
		defer func() {
			if cerr := release(); cerr != nil && err == nil {
				err = e.fail(StageOffsets, "", fmt.Errorf("release the name: %w", cerr))
			}
		}()
	}
	d, err := e.openDelivery(ctx)
	if err != nil {
		return stopped(ctx, err)
	}
	defer func() {
		if cerr := d.close(); cerr != nil && err == nil {
			err = cerr
		}
	}()
	for first := true; ; first = false {
		s := &session{Engine: e, delivery: d, first: first}
		err := s.run(ctx)
		var again *rewind
		if !errors.As(err, &again) {
			return stopped(ctx, err)
		}
		wait, ok := d.budget.next(again.err.Err)
		if !ok {
			return again.err
		}
		e.setState(Retrying)
		e.retrying(again.err.Stage, d.budget.attempts, wait, again.err.Err)
		if sleep(ctx, wait) != nil {
			return nil // everything that was delivered is committed
		}
	}
}

// stopped makes an error nil that only says that ctx was cancelled.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

func (e *Engine) fail(stage Stage, topic string, err error) *Error {
	return &Error{Engine: e.cfg.Name, Stage: stage, Topic: topic, Err: err}
}
