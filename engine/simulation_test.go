package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/transform"
)

var (
	seeds = flag.Int("seeds", 200, "how many simulations each kind of sink gets")
	seed  = flag.Uint64("seed", 0, "the one simulation to run; 0 runs seeds 1, 2, 3 …")
)

// A simulated run loses nothing, keeps the order of each source partition and
// repeats only what lies behind the last commit; nothing at all when the sink
// is transactional.
func TestSimulation(t *testing.T) {
	for _, kind := range []sinkKind{plain, flushing, transactional} {
		t.Run(kind.String(), func(t *testing.T) {
			first, last := uint64(1), uint64(*seeds)
			if *seed != 0 {
				first, last = *seed, *seed
			}
			for n := first; n <= last; n++ {
				t.Run(fmt.Sprintf("seed=%d", n), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { newWorld(t, n, kind).simulate() })
				})
			}
		})
	}
}

type sinkKind int

const (
	plain sinkKind = iota
	flushing
	transactional
)

func (k sinkKind) String() string { return [...]string{"plain", "flushing", "transactional"}[k] }

// world is everything outside the engine: a log to read, a place to write to,
// an offset store, and the faults that befall them. It checks each record as it
// becomes durable.
type world struct {
	t    *testing.T
	kind sinkKind

	mu     sync.Mutex
	rand   *rand.Rand
	length []int // of each source partition
	faults float64
	fuse   int // operations until everything dies; -1: none burns
	dead   bool

	reach   []int          // durable, a partition: the number behind the last record
	stored  []int          // of the saved offsets
	seen    []map[int]bool // durable at least once
	saved   []tailrace.Offset
	epoch   int
	commits []int // told to the source
}

var errKilled = sink.Permanent(errors.New("killed"))

func newWorld(t *testing.T, n uint64, kind sinkKind) *world {
	w := &world{t: t, kind: kind, rand: rand.New(rand.NewPCG(n, uint64(kind))), fuse: -1}
	for range 1 + w.rand.IntN(3) {
		w.length = append(w.length, w.rand.IntN(200))
		w.seen = append(w.seen, map[int]bool{})
	}
	w.reach, w.stored, w.commits = make([]int, len(w.length)), make([]int, len(w.length)), make([]int, len(w.length))
	w.faults = []float64{0, 0.02, 0.15}[w.rand.IntN(3)]
	return w
}

// simulate runs engines one after the other, killing and cancelling them, until
// one gets through.
func (w *world) simulate() {
	for life := 0; ; life++ {
		require.Less(w.t, life, 400, "the engine never gets through")
		w.mu.Lock()
		w.dead, w.fuse = false, -1
		if life < 8 && w.rand.IntN(2) == 0 {
			w.fuse = w.rand.IntN(60)
		}
		ctx, cancel := context.WithCancel(w.t.Context())
		if life < 8 && w.rand.IntN(3) == 0 {
			time.AfterFunc(time.Duration(w.rand.IntN(3000))*time.Millisecond, cancel)
		}
		cfg := engine.Config{
			Name: "world", Source: w, Sink: simSink{w}, Offsets: simStore{w},
			Workers: 1 + w.rand.IntN(3), QueueBatches: 1 + w.rand.IntN(4), QueueBytes: 1 + w.rand.IntN(20_000),
			CommitInterval: time.Duration(w.rand.IntN(3)-1) * 100 * time.Millisecond,
			Retry:          engine.Retry{Attempts: 1 + w.rand.IntN(6)},
			DrainTimeout:   time.Duration(1+w.rand.IntN(3000)) * time.Millisecond,
		}
		if w.rand.IntN(2) == 0 {
			cfg.Transforms = []transform.Transform{transform.Func(w.filter)}
			cfg.Encode = engine.Converters{Value: converterFunc(appendNumber)}
		}
		w.mu.Unlock()
		e, err := engine.New(cfg)
		require.NoError(w.t, err)
		err = e.Run(ctx)
		finished := err == nil && ctx.Err() == nil
		cancel()
		synctest.Wait()
		if finished {
			break
		}
	}
	for p, n := range w.length {
		for i := range n {
			require.True(w.t, w.seen[p][i] || i%7 == 3, "record %d of partition %d is lost", i, p)
		}
		require.Equal(w.t, n, w.stored[p], "the offset of partition %d is not at its end", p)
	}
}

// fault decides over one operation: nil, or the error that it meets.
func (w *world) fault() error {
	if w.fuse == 0 {
		w.dead = true
	}
	if w.fuse > 0 {
		w.fuse--
	}
	switch {
	case w.dead:
		return errKilled
	case w.rand.Float64() < w.faults:
		return transient{errors.New("a passing fault")}
	}
	return nil
}

type transient struct{ error }

func (transient) Retryable() bool { return true }

// filter drops some records, by their number.
func (w *world) filter(r *tailrace.Record) (bool, error) { return r.Value.Int()%7 != 3, nil }

func appendNumber(dst []byte, v tailrace.Value) []byte { return fmt.Appendf(dst, "%d", v.Int()) }

type converterFunc func(dst []byte, v tailrace.Value) []byte

var _ converter.Converter = converterFunc(nil)

func (f converterFunc) Append(dst []byte, _ string, _ *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	return f(dst, v), nil
}

func (converterFunc) Decode(string, []byte) (*tailrace.Schema, tailrace.Value, error) {
	return nil, tailrace.Value{}, errors.New("not decoded here")
}

// Open makes the world a source.Source.
func (w *world) Open(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.fault(); err != nil {
		return nil, err
	}
	r := &simReader{world: w, next: make([]int, len(w.length))}
	for _, o := range from {
		p, n := parseSim(o)
		r.next[p] = n
	}
	return r, nil
}

func simOffset(p, n int) tailrace.Offset {
	return tailrace.Offset{Partition: fmt.Sprintf(`{"p":%d}`, p), Position: fmt.Sprintf(`{"n":%d}`, n)}
}

func parseSim(o tailrace.Offset) (p, n int) {
	var part struct{ P int }
	var pos struct{ N int }
	if err := errors.Join(json.Unmarshal([]byte(o.Partition), &part), json.Unmarshal([]byte(o.Position), &pos)); err != nil {
		panic(err)
	}
	return part.P, pos.N
}

type simReader struct {
	*world
	next []int
}

func (r *simReader) Read(ctx context.Context) (tailrace.Batch, error) {
	w := r.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rand.IntN(4) == 0 { // a quiet moment
		w.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
		w.mu.Lock()
	}
	if ctx.Err() != nil {
		return tailrace.Batch{}, ctx.Err()
	}
	if err := w.fault(); err != nil {
		return tailrace.Batch{}, err
	}
	var b tailrace.Batch
	for p := range w.length {
		n := min(w.rand.IntN(20), w.length[p]-r.next[p])
		for range n {
			b.Records = append(b.Records, tailrace.Record{Topic: "t", Key: tailrace.Int64(int64(p)), Value: tailrace.Int64(int64(r.next[p]))})
			r.next[p]++
		}
		if n > 0 || w.rand.IntN(5) == 0 {
			b.Offsets = append(b.Offsets, simOffset(p, r.next[p]))
		}
	}
	for p := range w.length {
		if r.next[p] < w.length[p] {
			return b, nil
		}
	}
	if len(b.Records) == 0 {
		for p := range w.length {
			if w.stored[p] < w.length[p] {
				b.Offsets = append(b.Offsets, simOffset(p, w.length[p]))
			}
		}
		if len(b.Offsets) == 0 || w.rand.IntN(2) == 0 {
			return tailrace.Batch{}, io.EOF
		}
		b.Offsets = tailrace.MergeOffsets(nil, b.Offsets)
	}
	return b, nil
}

func (r *simReader) Commit(ctx context.Context, offsets []tailrace.Offset) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.fault(); err != nil {
		return err
	}
	for _, o := range offsets {
		p, n := parseSim(o)
		if n < r.commits[p] {
			r.t.Errorf("the source is told %d of partition %d after %d", n, p, r.commits[p])
		}
		if n > r.stored[p] {
			r.t.Errorf("the source is told %d of partition %d while %d is stored", n, p, r.stored[p])
		}
		r.commits[p] = n
	}
	return nil
}

func (r *simReader) Close() error { return nil }

// simSink is where the world's records go.
type simSink struct{ *world }

func (s simSink) Open(context.Context) (sink.Writer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fault(); err != nil {
		return nil, err
	}
	w := &simWriter{world: s.world}
	switch s.kind {
	case flushing:
		return simFlusher{w}, nil
	case transactional:
		return simTx{w}, nil
	}
	return w, nil
}

type simWriter struct {
	*world
	accepted []tailrace.Record
	epoch    int
}

// number is a record's partition and its place there.
func number(r tailrace.Record) (p, n int) {
	n = int(r.Value.Int())
	if b := r.Value.Bytes(); b != nil {
		if _, err := fmt.Sscan(string(b), &n); err != nil {
			panic(err)
		}
	}
	return int(r.Key.Int()), n
}

// durable checks a record that takes effect.
func (w *simWriter) durable(r tailrace.Record) {
	p, n := number(r)
	for i := w.reach[p]; i < n; i++ {
		if !w.seen[p][i] && i%7 != 3 {
			w.t.Errorf("record %d of partition %d comes before record %d", n, p, i)
		}
	}
	if n < w.stored[p] {
		w.t.Errorf("record %d of partition %d is repeated though %d is committed", n, p, w.stored[p])
	}
	if w.kind == transactional && w.seen[p][n] {
		w.t.Errorf("record %d of partition %d is repeated", n, p)
	}
	w.seen[p][n] = true
	w.reach[p] = n + 1
}

func (w *simWriter) Write(ctx context.Context, records []tailrace.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.fault(); err != nil {
		return err
	}
	for i, r := range records {
		if i > 0 && w.rand.Float64() < w.faults/4 {
			return &sink.BatchError{Index: i, Err: transient{errors.New("not this one yet")}}
		}
		w.durable(r)
	}
	return w.fault() // it took effect, and was reported failed
}

func (w *simWriter) Close() error { return nil }

type simFlusher struct{ *simWriter }

func (f simFlusher) Write(ctx context.Context, records []tailrace.Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fault(); err != nil {
		return err
	}
	f.accepted = append(f.accepted, records...)
	return nil
}

func (f simFlusher) Flush(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fault(); err != nil {
		return err
	}
	for _, r := range f.accepted {
		f.durable(r)
	}
	f.accepted = nil
	return f.fault()
}

type simTx struct{ *simWriter }

func (x simTx) Begin(context.Context, string) ([]tailrace.Offset, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.fault(); err != nil {
		return nil, err
	}
	x.world.epoch++
	x.simWriter.epoch = x.world.epoch
	return x.saved, nil
}

func (x simTx) WriteTx(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.fault(); err != nil {
		return err
	}
	if x.simWriter.epoch != x.world.epoch {
		return sink.ErrFenced
	}
	for _, r := range records {
		x.durable(r)
	}
	x.store(offsets)
	if err := x.fault(); err != nil {
		return transient{fmt.Errorf("%w: %w", sink.ErrUncertain, err)}
	}
	return nil
}

// store moves the saved offsets, which never go backwards.
func (w *world) store(offsets []tailrace.Offset) {
	for _, o := range offsets {
		p, n := parseSim(o)
		if n < w.stored[p] {
			w.t.Errorf("the offset of partition %d goes back from %d to %d", p, w.stored[p], n)
		}
		for i := range n {
			if !w.seen[p][i] && i%7 != 3 {
				w.t.Errorf("the offset of partition %d is %d, and record %d is not durable", p, n, i)
			}
		}
		w.stored[p] = n
	}
	w.saved = tailrace.MergeOffsets(w.saved, offsets)
}

// simStore is where the world's offsets are kept.
type simStore struct{ *world }

var _ offset.Store = simStore{}

func (s simStore) Load(context.Context, string) ([]tailrace.Offset, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fault(); err != nil {
		return nil, err
	}
	if s.kind == transactional {
		return nil, nil
	}
	return s.saved, nil
}

func (s simStore) Save(_ context.Context, _ string, offsets []tailrace.Offset) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fault(); err != nil {
		return err
	}
	s.store(offsets)
	return s.fault() // it took effect, and was reported failed
}
