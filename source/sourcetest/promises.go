package sourcetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/suite"
	"github.com/tailrace-io/tailrace/source"
)

func readsAll(p *place) {
	p.change(20)
	rd := p.open()
	rd.until(20)
	slices.Sort(rd.numbers)
	rd.want(0, 20)
}

func keepsOrder(p *place) {
	p.change(10)
	p.change(10)
	rd := p.open()
	rd.until(20)
	if !p.h.Ends {
		p.change(10)
		rd.until(30)
	}
	if !slices.IsSorted(rd.numbers) {
		p.Fatalf("the changes come in the order %v", rd.numbers)
	}
}

func doesNotHoldBack(p *place) {
	rd := p.open()
	for n := range 3 {
		p.change(1)
		rd.until(n + 1)
	}
}

func givesNoEmptyBatch(p *place) {
	p.change(5)
	rd := p.open()
	for i, b := range rd.until(5) {
		if len(b.Records) == 0 && len(b.Offsets) == 0 {
			p.Fatalf("batch %d has neither records nor offsets", i)
		}
	}
	if p.h.Ends {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), min(p.h.Patience, 100*time.Millisecond))
	defer cancel()
	for {
		b, err := rd.try(ctx)
		if err != nil {
			return
		}
		if len(b.Records) == 0 && len(b.Offsets) == 0 {
			p.Fatal("a Read without a change to read gives an empty batch rather than to wait")
		}
	}
}

func endsWithEOF(p *place) {
	p.change(3)
	rd := p.open()
	rd.want(0, 3)
	ctx, cancel := p.soon()
	defer cancel()
	if b, err := rd.try(ctx); !errors.Is(err, io.EOF) {
		p.Fatalf("a Read after io.EOF gives %d records and the error %v", len(b.Records), err)
	}
	p.open(rd.offsets...).want(3, 3)
}

func waitsForMore(p *place) {
	rd := p.open()
	ctx, cancel := context.WithTimeout(context.Background(), min(p.h.Patience, 100*time.Millisecond))
	defer cancel()
	for {
		if _, err := rd.try(ctx); errors.Is(err, io.EOF) {
			p.Fatal("Read gives io.EOF though changes may yet come")
		} else if err != nil {
			break
		}
	}
	p.change(2)
	rd.want(0, 2)
}

func survivesCancel(p *place) {
	p.change(10)
	rd := p.open()
	for i := 0; len(rd.numbers) < 10; i++ {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%8)*time.Millisecond)
		_, err := rd.try(ctx)
		if err != nil && !errors.Is(err, ctx.Err()) {
			p.Fatalf("Read with a cancelled context gives the error %q, which is not the context's", err)
		}
		cancel()
		if i == 20 {
			break
		}
	}
	made := 10
	for ; !p.h.Ends && made < 30; made++ {
		rd.until(made)
		ctx, cancel := context.WithCancel(context.Background())
		var waiting sync.WaitGroup
		waiting.Go(func() { rd.try(ctx) })
		p.change(1)
		cancel() // while Read has the change, is about to, or has not looked yet
		waiting.Wait()
	}
	rd.want(0, made)
}

func stopsWaiting(p *place) {
	rd := p.open()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	timer := time.AfterFunc(min(p.h.Patience, 50*time.Millisecond), cancel)
	defer timer.Stop()
	for ctx.Err() == nil {
		if _, err := rd.try(ctx); err != nil && !errors.Is(err, context.Canceled) {
			p.Fatalf("a Read that was cancelled while it waited gives the error %q, which is not the context's", err)
		}
	}
	p.change(2)
	rd.want(0, 2)
}

func resumes(p *place) {
	p.change(7)
	rd := p.open()
	type point struct {
		from   []tailrace.Offset
		behind int
	}
	points := []point{}
	made := 7
	for len(rd.numbers) < made {
		rd.next()
		points = append(points, point{slices.Clone(rd.offsets), rd.behind})
		if len(rd.numbers) == 7 && !p.h.Ends {
			p.change(5)
			made = 12
		}
	}
	rd.close()
	for _, at := range points {
		again := p.open(at.from...)
		again.want(at.behind, made)
		again.close()
		if !p.h.Ends {
			made++ // want made one more
		}
	}
	last := points[len(points)-1]
	if len(last.from) == 0 {
		p.Fatal("no batch has an offset to resume from")
	}
}

func givesJSONOffsets(p *place) {
	p.change(5)
	for _, b := range p.open().until(5) {
		seen := map[string]bool{}
		for _, o := range b.Offsets {
			for _, text := range []string{o.Partition, o.Position} {
				var object map[string]json.RawMessage
				if err := json.Unmarshal([]byte(text), &object); err != nil || object == nil {
					p.Errorf("%q of the offset %v is no JSON object", text, o)
				}
			}
			if seen[o.Partition] {
				p.Errorf("a batch has two offsets of the partition %s", o.Partition)
			}
			seen[o.Partition] = true
		}
	}
}

func givesValidRecords(p *place) {
	p.change(5)
	for _, b := range p.open().until(5) {
		for i := range b.Records {
			if err := wellFormed(&b.Records[i]); err != nil {
				p.Errorf("record %d of a batch: %v", i, err)
			}
		}
	}
}

func wellFormed(r *tailrace.Record) error {
	if r.Topic == "" {
		return errors.New("it has no topic")
	}
	errs := []error{described("the key", r.KeySchema, r.Key), described("the value", r.ValueSchema, r.Value)}
	for _, h := range r.Headers {
		errs = append(errs, described("the header "+h.Key, h.Schema, h.Value))
	}
	return errors.Join(errs...)
}

func described(what string, s *tailrace.Schema, v tailrace.Value) error {
	if err := s.Validate(v); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if !validText(v) {
		return fmt.Errorf("%s has text that is no UTF-8", what)
	}
	return nil
}

func validText(v tailrace.Value) bool {
	for _, vs := range [][]tailrace.Value{v.Elems(), v.Entries(), v.Fields()} {
		if slices.ContainsFunc(vs, func(e tailrace.Value) bool { return !validText(e) }) {
			return false
		}
	}
	return utf8.ValidString(v.Text())
}

func leavesBatchAlone(p *place) {
	p.change(6)
	rd := p.open()
	type kept struct {
		batch tailrace.Batch
		text  string
	}
	var all []kept
	for len(rd.numbers) < 6 {
		b := rd.next()
		all = append(all, kept{b, show(b)})
	}
	if !p.h.Ends {
		p.change(6)
		rd.until(12)
	}
	for i, k := range all {
		if now := show(k.batch); now != k.text {
			p.Fatalf("batch %d was %s and is %s after later Reads", i, k.text, now)
		}
	}
	from := slices.Clone(rd.offsets)
	for _, k := range all {
		clear(k.batch.Records)
		clear(k.batch.Offsets)
	}
	if p.h.Ends {
		p.open(from...).want(6, 6)
		return
	}
	rd.want(0, 12)
}

// show writes a batch down with all that it refers to.
func show(b tailrace.Batch) string {
	var s strings.Builder
	for i := range b.Records {
		r := &b.Records[i]
		fmt.Fprintf(&s, "[%s %v %v", r.Topic, r.Key, r.Value)
		for _, h := range r.Headers {
			fmt.Fprintf(&s, " %s=%v", h.Key, h.Value)
		}
		s.WriteString("]")
	}
	fmt.Fprintf(&s, "%v", b.Offsets)
	return s.String()
}

func commits(p *place) {
	p.change(4)
	rd := p.open()
	rd.until(2)
	offsets := slices.Clone(rd.offsets)
	rd.commit(offsets)
	rd.commit(offsets)
	rd.until(4)
	rd.commit(rd.offsets)
	made := 4
	if !p.h.Ends {
		offsets = slices.Clone(rd.offsets)
		var reading sync.WaitGroup
		reading.Go(func() { rd.next() })
		rd.commit(offsets) // while Read waits for a change
		p.change(1)
		reading.Wait()
		made++
	}
	rd.commit(rd.offsets)
	rd.want(0, made)
}

func keepsUncommitted(p *place) {
	p.change(6)
	rd := p.open()
	rd.next()
	for rd.behind == 0 && len(rd.numbers) < 6 {
		rd.next()
	}
	from, behind := slices.Clone(rd.offsets), rd.behind
	rd.commit(from)
	rd.until(6)
	rd.close()
	p.open(from...).want(behind, 6)
}

func closesTwice(p *place) {
	p.change(1)
	rd := p.open()
	rd.next()
	rd.close()
	rd.close()
}

func readsNothingClosed(p *place) {
	p.change(1)
	rd := p.open()
	rd.close()
	ctx, cancel := p.soon()
	defer cancel()
	if b, err := rd.try(ctx); err == nil || errors.Is(err, context.DeadlineExceeded) {
		p.Fatalf("Read of a closed Reader gives %d records and the error %v", len(b.Records), err)
	}
}

func leavesNoGoroutine(p *place) {
	p.change(2)
	suite.LeavesNoGoroutine(p, p.h.Patience, "Open, Read and Close", func(ctx context.Context) error {
		r, err := p.src.Open(ctx, nil)
		if err != nil {
			return err
		}
		_, err = r.Read(ctx)
		return errors.Join(err, r.Close())
	})
}

func opensAgain(p *place) {
	p.change(3)
	first := p.open()
	first.close()
	second := p.open()
	second.until(3)
	second.close()
	p.open(second.offsets...).want(second.behind, 3)
}

func opensWithinContext(p *place) {
	p.change(1)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r, err := p.tryOpen(ctx, nil)
	if err == nil {
		r.Close()
		p.Fatal("Open with a cancelled context succeeds")
	}
	if !errors.Is(err, context.Canceled) {
		p.Fatalf("Open with a cancelled context gives the error %q, which does not wrap the context's", err)
	}
}

func outlivesOpen(p *place) {
	p.change(3)
	ctx, cancel := p.soon()
	r, err := p.tryOpen(ctx, nil)
	cancel()
	if err != nil {
		p.Fatalf("Open: %v", err)
	}
	defer r.Close()
	rd := &reading{place: p, r: r}
	rd.want(0, 3)
}

func refusesGarbage(p *place) {
	p.change(3)
	rd := p.open()
	rd.until(3)
	rd.close()
	if len(rd.offsets) == 0 {
		p.Fatal("three changes came, and no offset")
	}
	for _, garbage := range []string{"", "null", "7", "garbage", `"text"`, "[]", "[1,2]", "{", `{"nonsense":true}`, "{\"a\":\"\xff\"}"} {
		for _, o := range []tailrace.Offset{
			{Partition: rd.offsets[0].Partition, Position: garbage},
			{Partition: garbage, Position: garbage},
		} {
			ctx, cancel := p.soon()
			r, err := p.tryOpen(ctx, []tailrace.Offset{o})
			cancel()
			if err == nil {
				r.Close()
				p.Errorf("Open from the offset %q succeeds", o)
			}
		}
	}
}

func saysLost(p *place) {
	p.change(3)
	rd := p.open()
	rd.until(3)
	rd.close()
	p.h.Lose(p, p.src)
	ctx, cancel := p.soon()
	defer cancel()
	r, err := p.tryOpen(ctx, rd.offsets)
	if err == nil {
		r.Close()
		p.Fatalf("Open from the lost offsets %v succeeds", rd.offsets)
	}
	if !errors.Is(err, source.ErrOffsetLost) {
		p.Fatalf("Open from lost offsets gives the error %q, which does not wrap ErrOffsetLost", err)
	}
}

func survivesNeglect(p *place) {
	p.change(2)
	rd := p.open()
	rd.until(2)
	p.h.Neglect(p)
	rd.want(0, 2)
}
