package sourcetest

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/suite"
	"github.com/tailrace-io/tailrace/source"
)

// place is a fresh source and the changes that were made to it.
type place struct {
	testing.TB
	h      Harness
	src    source.Source
	change func(n int)
}

func newPlace(t testing.TB, h Harness) *place {
	if h.Patience == 0 {
		h.Patience = 30 * time.Second
	}
	p := &place{TB: t, h: h}
	p.src, p.change = h.Fresh(t)
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

func (p *place) tryOpen(ctx context.Context, from []tailrace.Offset) (r source.Reader, err error) {
	p.Helper()
	err = p.call("Open", func() (err error) {
		r, err = p.src.Open(ctx, slices.Clone(from))
		return err
	})
	if err == nil && r == nil {
		p.Fatalf("Open from %v gives neither a Reader nor an error", from)
	}
	return r, err
}

func (p *place) open(from ...tailrace.Offset) *reading {
	p.Helper()
	ctx, cancel := p.soon()
	defer cancel()
	r, err := p.tryOpen(ctx, from)
	if err != nil {
		p.Fatalf("Open from %v: %v", from, err)
	}
	rd := &reading{place: p, r: r, offsets: slices.Clone(from)}
	p.Cleanup(func() { r.Close() }) // closed again where the check has closed it
	return rd
}

// reading is a Reader and what came from it.
type reading struct {
	*place
	r       source.Reader
	numbers []int             // of the changes that came
	offsets []tailrace.Offset // behind them
	behind  int               // how many of the numbers the offsets are behind
}

// try reads once.
func (rd *reading) try(ctx context.Context) (b tailrace.Batch, err error) {
	rd.Helper()
	err = rd.call("Read", func() (err error) {
		b, err = rd.r.Read(ctx)
		return err
	})
	if err == nil {
		rd.note(b)
	}
	return b, err
}

func (rd *reading) note(b tailrace.Batch) {
	for i := range b.Records {
		if n, ok := rd.h.Number(&b.Records[i]); ok {
			rd.numbers = append(rd.numbers, n)
		}
	}
	if len(b.Offsets) > 0 {
		rd.offsets = tailrace.MergeOffsets(rd.offsets, b.Offsets)
		rd.behind = len(rd.numbers)
	}
}

// next reads once and fails on any error.
func (rd *reading) next() tailrace.Batch {
	rd.Helper()
	ctx, cancel := rd.soon()
	defer cancel()
	b, err := rd.try(ctx)
	if err != nil {
		rd.Fatalf("Read behind the changes %v: %v", rd.numbers, err)
	}
	return b
}

// until reads until n changes have come, and a little more where that does not
// need waiting, and gives the batches.
func (rd *reading) until(n int) (batches []tailrace.Batch) {
	rd.Helper()
	for len(rd.numbers) < n {
		batches = append(batches, rd.next())
	}
	return batches
}

// want fails unless exactly the changes from first to last-1 have come, in their
// order, and nothing follows but what is changed next.
func (rd *reading) want(first, last int) {
	rd.Helper()
	rd.until(last - first)
	if rd.h.Ends {
		ctx, cancel := rd.soon()
		defer cancel()
		for {
			_, err := rd.try(ctx)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				rd.Fatalf("Read behind the changes %v: %v", rd.numbers, err)
			}
		}
	} else {
		rd.change(1)
		last++
		rd.until(last - first)
	}
	if want := count(first, last); !slices.Equal(rd.numbers, want) {
		rd.Fatalf("the changes %v came where it should be %v", rd.numbers, want)
	}
}

// count gives the numbers from first to last-1.
func count(first, last int) []int {
	ns := make([]int, 0, max(last-first, 0))
	for n := first; n < last; n++ {
		ns = append(ns, n)
	}
	return ns
}

func (rd *reading) commit(offsets []tailrace.Offset) {
	rd.Helper()
	ctx, cancel := rd.soon()
	defer cancel()
	if err := rd.call("Commit", func() error { return rd.r.Commit(ctx, slices.Clone(offsets)) }); err != nil {
		rd.Errorf("Commit of %v: %v", offsets, err)
	}
}

func (rd *reading) close() {
	rd.Helper()
	if err := rd.call("Close", rd.r.Close); err != nil {
		rd.Errorf("Close: %v", err)
	}
}
