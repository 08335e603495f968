package sourcetest

import (
	"context"
	"sync"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
)

// Op is a call that a Flaky source can fail.
type Op string

// The calls of a Source and its Readers.
const (
	Open   Op = "Open"
	Read   Op = "Read"
	Commit Op = "Commit"
	Close  Op = "Close"
)

// Fault is what becomes of one call. The zero Fault leaves it alone.
type Fault struct {
	// Wait, unless nil, is waited for before anything else, for as long as the
	// context of the call allows.
	Wait <-chan struct{}

	// Err is returned. The call itself is not made, unless Applied is set: then
	// it is made and its result is lost.
	Err     error
	Applied bool
}

// Flaky is a source whose calls fail as the script says. The script is asked
// before each call, with how many calls of that kind came before; it is never
// asked twice at a time. Calls of all Readers count together.
func Flaky(src source.Source, script func(op Op, n int) Fault) source.Source {
	return &flaky{src: src, script: script, calls: make(map[Op]int)}
}

type flaky struct {
	src    source.Source
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

func (f *flaky) Open(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
	var r source.Reader
	err := f.call(ctx, Open, func() (err error) {
		r, err = f.src.Open(ctx, from)
		return err
	})
	if err != nil {
		if r != nil {
			r.Close() // it was opened, and nobody will know
		}
		return nil, err
	}
	return &flakyReader{flaky: f, r: r}, nil
}

type flakyReader struct {
	*flaky
	r source.Reader
}

func (f *flakyReader) Read(ctx context.Context) (b tailrace.Batch, err error) {
	err = f.call(ctx, Read, func() (err error) {
		b, err = f.r.Read(ctx)
		return err
	})
	if err != nil {
		return tailrace.Batch{}, err
	}
	return b, nil
}

func (f *flakyReader) Commit(ctx context.Context, offsets []tailrace.Offset) error {
	return f.call(ctx, Commit, func() error { return f.r.Commit(ctx, offsets) })
}

func (f *flakyReader) Close() error {
	return f.call(context.Background(), Close, func() error { return f.r.Close() })
}
