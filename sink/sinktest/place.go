package sinktest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/suite"
	"github.com/tailrace-io/tailrace/sink"
)

// place is a fresh sink and its target.
type place struct {
	testing.TB
	h    Harness
	sink sink.Sink
	held func() []int
}

func newPlace(t testing.TB, h Harness) *place {
	if h.Patience == 0 {
		h.Patience = 30 * time.Second
	}
	if h.Record == nil {
		h.Record = plainRecord
	}
	p := &place{TB: t, h: h}
	p.sink, p.held = h.Fresh(t)
	return p
}

// soon is a context for what should happen soon.
func (p *place) soon() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), p.h.Patience)
}

// call makes a call to the driver, which should return soon.
func (p *place) call(what string, f func() error) error {
	p.Helper()
	return suite.Call(p, 2*p.h.Patience, what, f)
}

// numbered makes the records from first to last-1.
func (p *place) numbered(first, last int) []tailrace.Record {
	rs := make([]tailrace.Record, 0, last-first)
	for n := first; n < last; n++ {
		rs = append(rs, p.h.Record(n))
	}
	return rs
}

// want fails unless the target holds exactly these records, in this order where
// the target has one.
func (p *place) want(numbers ...int) {
	p.Helper()
	held := slices.Clone(p.held())
	if p.h.Unordered {
		slices.Sort(held)
		numbers = slices.Sorted(slices.Values(numbers))
	}
	if !slices.Equal(held, numbers) {
		p.Fatalf("the target holds the records %v where it should be %v", held, numbers)
	}
}

// wantAll fails unless the target holds the records from 0 to n-1, each at
// least once, and their first copies in this order.
func (p *place) wantAll(n int) {
	p.Helper()
	seen := map[int]bool{}
	held := p.held()
	first := slices.DeleteFunc(slices.Clone(held), func(n int) bool {
		was := seen[n]
		seen[n] = true
		return was
	})
	if p.h.Unordered {
		slices.Sort(first)
	}
	if !slices.Equal(first, count(0, n)) {
		p.Fatalf("the target holds the records %v where there should be all from 0 to %d", held, n-1)
	}
}

// count gives the numbers from first to last-1.
func count(first, last int) []int {
	ns := make([]int, 0, last-first)
	for n := first; n < last; n++ {
		ns = append(ns, n)
	}
	return ns
}

func (p *place) open() *writing {
	p.Helper()
	return p.openAs("sinktest")
}

// openAs opens a Writer, which takes the name where it can take one.
func (p *place) openAs(name string) *writing {
	p.Helper()
	ctx, cancel := p.soon()
	defer cancel()
	return p.openIn(ctx, name)
}

func (p *place) openIn(ctx context.Context, name string) *writing {
	p.Helper()
	w := &writing{place: p}
	err := p.call("Open", func() (err error) {
		w.w, err = p.sink.Open(ctx)
		return err
	})
	if err != nil {
		p.Fatalf("Open: %v", err)
	}
	if w.w == nil {
		p.Fatal("Open gives neither a Writer nor an error")
	}
	w.tx, _ = w.w.(sink.Transactional)
	w.flusher, _ = w.w.(sink.Flusher)
	if w.tx != nil {
		w.flusher = nil
		w.begin(name)
	}
	p.Cleanup(func() { w.w.Close() }) // closed again where the check has closed it
	return w
}

// writing is a Writer and what else it is.
type writing struct {
	*place
	w       sink.Writer
	flusher sink.Flusher       // nil if it is none
	tx      sink.Transactional // nil if it is none
	offsets []tailrace.Offset  // that Begin gave
}

func (w *writing) begin(name string) {
	w.Helper()
	ctx, cancel := w.soon()
	defer cancel()
	err := w.call("Begin", func() (err error) {
		w.offsets, err = w.tx.Begin(ctx, name)
		return err
	})
	if err != nil {
		w.Fatalf("Begin: %v", err)
	}
}

// try writes as the engine does.
func (w *writing) try(ctx context.Context, records []tailrace.Record, offsets ...tailrace.Offset) error {
	w.Helper()
	if w.tx != nil {
		return w.call("WriteTx", func() error { return w.tx.WriteTx(ctx, records, offsets) })
	}
	return w.call("Write", func() error { return w.w.Write(ctx, records) })
}

// flush is the barrier behind which records are durable.
func (w *writing) flush(ctx context.Context) error {
	w.Helper()
	if w.flusher == nil {
		return nil
	}
	return w.call("Flush", func() error { return w.flusher.Flush(ctx) })
}

// write writes, flushes where that is needed, and fails on any error.
func (w *writing) write(records []tailrace.Record, offsets ...tailrace.Offset) {
	w.Helper()
	ctx, cancel := w.soon()
	defer cancel()
	if err := w.try(ctx, records, offsets...); err != nil {
		w.Fatalf("Write: %v", err)
	}
	if err := w.flush(ctx); err != nil {
		w.Fatalf("Flush: %v", err)
	}
}

func (w *writing) close() {
	w.Helper()
	if err := w.call("Close", w.w.Close); err != nil {
		w.Errorf("Close: %v", err)
	}
}
