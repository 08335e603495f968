package sinktest

import (
	"context"
	"errors"
	"sync"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink"
)

// Op is a call that a Flaky sink can fail.
type Op string

// The calls of a Sink and its Writers. WriteTx counts as Write.
const (
	Open  Op = "Open"
	Begin Op = "Begin"
	Write Op = "Write"
	Flush Op = "Flush"
	Close Op = "Close"
)

// Fault is what becomes of one call. The zero Fault leaves it alone.
type Fault struct {
	// Wait, unless nil, is waited for before anything else, for as long as the
	// context of the call allows: a sink that is slow.
	Wait <-chan struct{}

	// Err is returned. The call itself is not made, unless Applied is set: then
	// it takes effect and is reported to have failed.
	//
	// Of a Write that fails with a *sink.BatchError the records before its
	// Index are written, as the contract says; not so of a WriteTx.
	Err     error
	Applied bool
}

// Flaky is a sink whose calls fail as the script says. The script is asked
// before each call, with how many calls of that kind came before; it is never
// asked twice at a time. Calls of all Writers count together. A Writer is a
// sink.Flusher or sink.Transactional where that of s is.
func Flaky(s sink.Sink, script func(op Op, n int) Fault) sink.Sink {
	return &flaky{sink: s, script: script, calls: make(map[Op]int)}
}

type flaky struct {
	sink   sink.Sink
	mu     sync.Mutex
	script func(op Op, n int) Fault
	calls  map[Op]int
}

// call makes the call, or what the script makes of it.
func (f *flaky) call(ctx context.Context, op Op, do func() error) error {
	f.mu.Lock()
	fault := f.script(op, f.calls[op])
	f.calls[op]++
	f.mu.Unlock()
	if fault.Wait != nil {
		select {
		case <-fault.Wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if fault.Err == nil {
		return do()
	}
	if fault.Applied {
		if err := do(); err != nil {
			return err
		}
	}
	return fault.Err
}

func (f *flaky) Open(ctx context.Context) (sink.Writer, error) {
	var w sink.Writer
	err := f.call(ctx, Open, func() (err error) {
		w, err = f.sink.Open(ctx)
		return err
	})
	if err != nil {
		if w != nil {
			w.Close() // it was opened, and nobody will know
		}
		return nil, err
	}
	switch inner := w.(type) {
	case sink.Transactional:
		return &flakyTransactional{flakyWriter{f, w}, inner}, nil
	case sink.Flusher:
		return &flakyFlusher{flakyWriter{f, w}, inner}, nil
	}
	return &flakyWriter{f, w}, nil
}

type flakyWriter struct {
	*flaky
	w sink.Writer
}

func (f *flakyWriter) Write(ctx context.Context, records []tailrace.Record) error {
	made := false
	err := f.call(ctx, Write, func() error {
		made = true
		return f.w.Write(ctx, records)
	})
	if bad, ok := errors.AsType[*sink.BatchError](err); ok && !made && bad.Index > 0 && bad.Index < len(records) {
		if err := f.w.Write(ctx, records[:bad.Index]); err != nil {
			return err
		}
	}
	return err
}

func (f *flakyWriter) Close() error {
	return f.call(context.Background(), Close, func() error { return f.w.Close() })
}

type flakyFlusher struct {
	flakyWriter
	inner sink.Flusher
}

func (f *flakyFlusher) Flush(ctx context.Context) error {
	return f.call(ctx, Flush, func() error { return f.inner.Flush(ctx) })
}

type flakyTransactional struct {
	flakyWriter
	inner sink.Transactional
}

func (f *flakyTransactional) Begin(ctx context.Context, name string) (offsets []tailrace.Offset, err error) {
	err = f.call(ctx, Begin, func() (err error) {
		offsets, err = f.inner.Begin(ctx, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return offsets, nil
}

func (f *flakyTransactional) WriteTx(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error {
	return f.call(ctx, Write, func() error { return f.inner.WriteTx(ctx, records, offsets) })
}
