package sinktest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/suite"
	"github.com/tailrace-io/tailrace/sink"
)

func isDurable(p *place) {
	w := p.open()
	w.write(p.numbered(0, 3))
	p.want(0, 1, 2)
	w.write(p.numbered(3, 4))
	p.want(0, 1, 2, 3)
}

func keepsOrder(p *place) {
	w := p.open()
	ctx, cancel := p.soon()
	defer cancel()
	for n := 0; n < 50; n += 10 {
		if err := w.try(ctx, p.numbered(n, n+10)); err != nil {
			p.Fatalf("Write: %v", err)
		}
	}
	if err := w.flush(ctx); err != nil {
		p.Fatalf("Flush: %v", err)
	}
	p.want(count(0, 50)...)
}

func takesEmptyBatch(p *place) {
	w := p.open()
	w.write(nil)
	w.write([]tailrace.Record{})
	p.want()
	w.write(p.numbered(0, 1))
	w.write(nil)
	p.want(0)
}

func takesLargeBatch(p *place) {
	const n = 5000
	w := p.open()
	w.write(p.numbered(0, n))
	p.want(count(0, n)...)
}

func keepsNothing(p *place) {
	w := p.open()
	for n := range 3 {
		records := p.numbered(10*n, 10*n+10)
		w.write(records)
		scribble(records)
	}
	p.want(count(0, 30)...)
}

// scribble overwrites records and the memory that they refer to, but for texts,
// which Go does not let one write to.
func scribble(records []tailrace.Record) {
	for i := range records {
		r := &records[i]
		scribbleValue(r.Key)
		scribbleValue(r.Value)
		for j := range r.Headers {
			scribbleValue(r.Headers[j].Value)
		}
		clear(r.Headers)
	}
	clear(records)
}

func scribbleValue(v tailrace.Value) {
	if v.Type() == tailrace.TypeBytes {
		clear(v.Bytes())
	}
	for _, vs := range [][]tailrace.Value{v.Elems(), v.Entries(), v.Fields()} {
		for _, e := range vs {
			scribbleValue(e)
		}
		clear(vs)
	}
}

func changesNothing(p *place) {
	w := p.open()
	records := p.numbered(0, 5)
	before := show(records)
	w.write(records)
	if after := show(records); after != before {
		p.Fatalf("the records were %s and are %s", before, after)
	}
}

// show writes records down with all that they refer to.
func show(records []tailrace.Record) string {
	var s strings.Builder
	for i := range records {
		r := &records[i]
		fmt.Fprintf(&s, "[%s %v %v %p %v %p %v %v", r.Topic, r.Partition, r.Offset, r.KeySchema, r.Key, r.ValueSchema, r.Value, r.Time)
		for _, h := range r.Headers {
			fmt.Fprintf(&s, " %s=%v", h.Key, h.Value)
		}
		s.WriteString("]")
	}
	return s.String()
}

func takesRepeats(p *place) {
	w := p.open()
	w.write(p.numbered(0, 4))
	w.write(p.numbered(2, 4))
	w.write(p.numbered(2, 6))
	p.wantAll(6)
}

func survivesCancel(p *place) {
	w := p.open()
	for n := 0; n < 10; n++ {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(n/2)*time.Millisecond)
		err := w.try(ctx, p.numbered(10*n, 10*n+10))
		if err == nil {
			err = w.flush(ctx)
		}
		cancel()
		if err == nil {
			p.wantAll(10*n + 10)
			continue
		}
		first := 10 * n
		if w.flusher != nil { // all since the last successful Flush is given again, to a new Writer
			w.close()
			w, first = p.open(), 0
		} else if errors.Is(err, sink.ErrUncertain) {
			w.close()
			w = p.open()
		} else if bad, ok := errors.AsType[*sink.BatchError](err); ok && w.tx == nil {
			first += bad.Index
		}
		w.write(p.numbered(first, 10*n+10))
		p.wantAll(10*n + 10)
	}
}

func closesTwice(p *place) {
	w := p.open()
	w.write(p.numbered(0, 1))
	w.close()
	w.close()
	p.want(0)
}

func writesNothingClosed(p *place) {
	w := p.open()
	w.close()
	ctx, cancel := p.soon()
	defer cancel()
	err := w.try(ctx, p.numbered(0, 1))
	if err == nil {
		err = w.flush(ctx)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		p.Fatalf("Write to a closed Writer waits until its context ends: %v", err)
	}
	if err == nil {
		p.want(0)
	}
}

func opensAgain(p *place) {
	for n := range 3 {
		w := p.open()
		w.write(p.numbered(n, n+1))
		w.close()
	}
	p.want(0, 1, 2)
}

func outlivesOpen(p *place) {
	ctx, cancel := p.soon()
	w := p.openIn(ctx, "sinktest")
	cancel()
	w.write(p.numbered(0, 2))
	p.want(0, 1)
}

func leavesNoGoroutine(p *place) {
	suite.LeavesNoGoroutine(p, p.h.Patience, "Open, Write and Close", func(ctx context.Context) error {
		w, err := p.sink.Open(ctx)
		if err != nil {
			return err
		}
		if tx, ok := w.(sink.Transactional); !ok {
			err = w.Write(ctx, p.numbered(0, 2))
		} else if _, err = tx.Begin(ctx, "sinktest"); err == nil {
			err = tx.WriteTx(ctx, p.numbered(0, 2), nil)
		}
		return errors.Join(err, w.Close())
	})
}

func namesBadRecord(p *place) {
	w := p.open()
	ctx, cancel := p.soon()
	defer cancel()
	records := []tailrace.Record{p.h.Record(0), p.h.Record(1), p.h.Bad(), p.h.Record(2)}
	err := w.try(ctx, records)
	bad, ok := errors.AsType[*sink.BatchError](err)
	if !ok {
		p.Fatalf("Write of a record that the target refuses gives the error %v, which is no *BatchError", err)
	}
	if bad.Index != 2 {
		p.Fatalf("the record that the target refuses is number 2 of the slice, and the *BatchError names %d: %v", bad.Index, err)
	}
	p.want(0, 1)
	w.write(records[3:])
	p.want(0, 1, 2)
}

func dropsNothing(p *place) {
	w := p.open()
	ctx, cancel := p.soon()
	defer cancel()
	err := w.try(ctx, []tailrace.Record{p.h.Record(0), p.h.Bad()})
	if err == nil {
		err = w.flush(ctx)
	}
	if err == nil {
		p.Fatal("a record that the target refuses is written without an error")
	}
}

func flushesAgain(p *place) {
	w := p.open()
	ctx, cancel := p.soon()
	defer cancel()
	for n := range 3 {
		for range 2 {
			if err := w.flush(ctx); err != nil {
				p.Fatalf("Flush with nothing to flush: %v", err)
			}
		}
		w.write(p.numbered(n, n+1))
		p.want(count(0, n+1)...)
	}
}

// The offsets of these checks, of two partitions.
func one(pos int) tailrace.Offset { return offset("one", pos) }
func two(pos int) tailrace.Offset { return offset("two", pos) }

func offset(partition string, pos int) tailrace.Offset {
	return tailrace.Offset{
		Partition: fmt.Sprintf(`{"server":%q}`, partition),
		Position:  fmt.Sprintf(`{"file":"binlog.000003","pos":%d}`, pos),
	}
}

// wantOffsets fails unless a new Writer is given these offsets, in any order.
func (p *place) wantOffsets(want ...tailrace.Offset) *writing {
	p.Helper()
	w := p.open()
	byPartition := func(a, b tailrace.Offset) int { return strings.Compare(a.Partition, b.Partition) }
	got := slices.SortedFunc(slices.Values(w.offsets), byPartition)
	if !slices.Equal(got, slices.SortedFunc(slices.Values(want), byPartition)) {
		p.Fatalf("Begin gives the offsets %v where it should be %v", got, want)
	}
	return w
}

func beginsEmpty(p *place) {
	w := p.wantOffsets()
	w.close()
	p.wantOffsets()
}

func keepsOffsets(p *place) {
	w := p.open()
	w.write(p.numbered(0, 2), one(100))
	w.write(p.numbered(2, 4), one(200))
	w.close()
	p.wantOffsets(one(200))
	p.want(0, 1, 2, 3)
}

func mergesOffsets(p *place) {
	w := p.open()
	w.write(p.numbered(0, 1), one(100), two(1))
	w.write(p.numbered(1, 2), two(2))
	w.close()
	p.wantOffsets(one(100), two(2))
}

func takesOffsetsAlone(p *place) {
	w := p.open()
	w.write(nil, one(100))
	w.close()
	p.wantOffsets(one(100)).write(nil, one(200))
	p.wantOffsets(one(200))
	p.want()
}

func takesRecordsAlone(p *place) {
	w := p.open()
	w.write(p.numbered(0, 1), one(100))
	w.write(p.numbered(1, 2))
	p.want(0, 1)
	w.close()
	p.wantOffsets(one(100))
}

func isAtomicWhenCancelled(p *place) {
	w := p.open()
	w.write(nil, one(0))
	for n := 1; n <= 10; n++ {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(n/2)*time.Millisecond)
		err := w.try(ctx, p.numbered(n-1, n), one(n))
		cancel()
		if err != nil && errors.Is(err, sink.ErrUncertain) {
			w.close()
			if w = p.open(); slices.Equal(w.offsets, []tailrace.Offset{one(n)}) {
				err = nil
			}
		}
		if err != nil {
			p.want(count(0, n-1)...)
			w.close()
			w = p.wantOffsets(one(n - 1))
			w.write(p.numbered(n-1, n), one(n))
		}
		p.want(count(0, n)...)
	}
	p.wantOffsets(one(10))
}

func isAtomicWhenRefused(p *place) {
	w := p.open()
	w.write(p.numbered(0, 1), one(100))
	ctx, cancel := p.soon()
	defer cancel()
	err := w.try(ctx, []tailrace.Record{p.h.Record(1), p.h.Bad(), p.h.Record(2)}, one(200))
	if err == nil {
		p.Fatal("a record that the target refuses is written without an error")
	}
	p.want(0)
	w.close()
	p.wantOffsets(one(100)).write(p.numbered(1, 2), one(200))
	p.want(0, 1)
}

func fences(p *place) {
	old := p.open()
	old.write(p.numbered(0, 1), one(100))
	young := p.wantOffsets(one(100))
	ctx, cancel := p.soon()
	defer cancel()
	for range 2 {
		if err := old.try(ctx, p.numbered(9, 10), one(900)); !errors.Is(err, sink.ErrFenced) {
			p.Fatalf("WriteTx of an older Writer gives the error %v, which does not wrap ErrFenced", err)
		}
	}
	if err := old.try(ctx, nil, one(900)); !errors.Is(err, sink.ErrFenced) {
		p.Fatalf("WriteTx of offsets by an older Writer gives the error %v, which does not wrap ErrFenced", err)
	}
	young.write(p.numbered(1, 2), one(200))
	p.want(0, 1)
	young.close()
	p.wantOffsets(one(200))
}

func keepsNamesApart(p *place) {
	mine := p.open()
	mine.write(p.numbered(0, 1), one(100))
	other := p.openAs("sinktest-other")
	if len(other.offsets) > 0 {
		p.Fatalf("Begin gives the offsets %v of another name", other.offsets)
	}
	other.write(p.numbered(1, 2), one(700))
	mine.write(p.numbered(2, 3), one(200))
	other.write(p.numbered(3, 4), one(800))
	p.want(0, 1, 2, 3)
	mine.close()
	p.wantOffsets(one(200))
}
