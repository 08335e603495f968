package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/tailrace-io/tailrace/source"
)

// session is one opening of the source: a reader, preparers side by side and an
// ordered writer, which is the goroutine of Run.
type session struct {
	*Engine
	*delivery
	first  bool // nothing was read by this Run so far
	reader source.Reader
	q      *queue
	readBy error // why reading ended; set before q.ordered is closed
}

// run moves batches until the source is finished, ctx is cancelled or a stage
// fails. A *rewind asks for another session.
func (s *session) run(ctx context.Context) error {
	if err := s.openSink(ctx, s.first); err != nil {
		return err
	}
	reader, err := s.cfg.Source.Open(ctx, s.committed)
	if err != nil {
		failed := s.fail(StageSource, "", err)
		if s.first || !transient(err) {
			return failed
		}
		return &rewind{failed}
	}
	s.reader = reader
	s.q = newQueue(s.cfg.QueueBatches, s.cfg.QueueBytes)
	s.setState(Running)

	// What was read is still written when ctx ends, for as long as draining may
	// take.
	work, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()

	var wg sync.WaitGroup
	delivered := make(chan struct{})
	wg.Go(func() { s.limitDrain(ctx, delivered, abort) })
	wg.Go(func() { s.read(reading) })
	if s.prepares() {
		for range s.cfg.Workers {
			wg.Go(func() {
				for j := range s.q.work {
					s.prepare(work, j)
					j.ready <- struct{}{}
				}
			})
		}
	}

	err = s.deliver(work)
	if err != nil && work.Err() != nil {
		err = s.fail(StageDrain, "", fmt.Errorf(
			"what was read could not be written within %v of being told to stop; it will be read again", s.cfg.DrainTimeout))
	}
	stopReading()
	close(delivered)
	for range s.q.ordered { // let the reader go
	}
	wg.Wait()
	if cerr := reader.Close(); cerr != nil && err == nil {
		err = s.fail(StageSource, "", fmt.Errorf("close: %w", cerr))
	}
	return err
}

// limitDrain aborts the delivery when it takes too long after ctx has ended.
func (s *session) limitDrain(ctx context.Context, delivered <-chan struct{}, abort func()) {
	select {
	case <-delivered:
		return
	case <-ctx.Done():
	}
	s.setState(Draining)
	late := time.NewTimer(s.cfg.DrainTimeout)
	defer late.Stop()
	select {
	case <-delivered:
	case <-late.C:
		abort()
	}
}

// read puts batches into the queue until there are no more, or ctx ends.
func (s *session) read(ctx context.Context) {
	defer close(s.q.ordered)
	defer close(s.q.work)
	var metered source.Metered
	if s.cfg.Trace.Source != nil {
		metered, _ = s.reader.(source.Metered)
	}
	for {
		if s.unpaused(ctx) != nil {
			return
		}
		start := time.Now()
		b, err := s.reader.Read(ctx)
		if metered != nil {
			s.cfg.Trace.Source(metered.Metrics())
		}
		var bad *source.RecordError
		var j *job
		switch {
		case errors.As(err, &bad):
			b.Records = nil
			j = s.q.job(b)
			s.bad(j, bad)
		case err != nil:
			if !errors.Is(err, io.EOF) && ctx.Err() == nil {
				s.readBy = err
			}
			return
		default:
			if b.Size == 0 {
				b.Size = measure(b.Records)
			}
			j = s.q.job(b)
		}
		took := time.Since(start)
		if s.unpaused(ctx) != nil || s.q.reserve(ctx, j.size) != nil {
			return
		}
		if s.cfg.Trace.Read != nil {
			batches, bytes := s.q.depth()
			s.cfg.Trace.Read(ReadInfo{
				Records: len(b.Records), Bytes: j.size, Wait: took, Lag: lag(b.Time),
				QueuedBatches: batches, QueuedBytes: bytes,
			})
		}
		select {
		case s.q.ordered <- j:
		case <-ctx.Done():
			return
		}
		if j.err != nil || !s.prepares() {
			j.ready <- struct{}{}
		} else {
			s.q.work <- j
		}
	}
}

// bad applies the policy to a change that the source could not make a record.
func (s *session) bad(j *job, bad *source.RecordError) {
	if s.cfg.Errors.Source == Stop {
		j.err = s.fail(StageSource, bad.Record.Topic, bad.Err)
		return
	}
	j.dead = append(j.dead, deadLetter{record: bad.Record, stage: StageSource, err: bad.Err})
}

// deliver writes the batches in their order and commits behind them.
func (s *session) deliver(ctx context.Context) error {
	due := time.NewTimer(time.Hour)
	due.Stop()
	defer due.Stop()
	armed := false
	for {
		select {
		case j, more := <-s.q.ordered:
			if !more {
				return s.end(ctx)
			}
			<-j.ready
			start, empty := time.Now(), len(j.batch.Records) == 0
			err := s.write(ctx, j)
			s.wrote(j, start)
			if err != nil {
				return s.settle(ctx, err)
			}
			s.q.release(j, s.flush != nil)
			if len(s.pending) == 0 {
				break
			}
			if first := len(s.committed) == 0 && empty; first || s.cfg.CommitInterval < 0 {
				// Where a source begins has to be known before anything that it gives
				// is delivered: after a crash it would begin elsewhere.
				if err := s.commit(ctx, s.reader); err != nil {
					return err
				}
			} else if !armed {
				due.Reset(s.cfg.CommitInterval)
				armed = true
			}
		case <-due.C:
			armed = false
			if err := s.commit(ctx, s.reader); err != nil {
				return err
			}
		}
	}
}

// end commits the rest once everything is written, and says why reading ended.
func (s *session) end(ctx context.Context) error {
	if err := s.commit(ctx, s.reader); err != nil {
		return err
	}
	if s.readBy == nil {
		return nil
	}
	failed := s.fail(StageSource, "", s.readBy)
	if transient(s.readBy) {
		return &rewind{failed}
	}
	return failed
}

// settle commits what was delivered before a batch failed, so that it is not
// delivered again. A rewind leaves nothing to commit.
func (s *session) settle(ctx context.Context, failed error) error {
	var again *rewind
	if errors.As(failed, &again) || ctx.Err() != nil {
		return failed
	}
	if err := s.commit(ctx, s.reader); err != nil {
		return errors.Join(failed, err)
	}
	return failed
}

func (s *session) wrote(j *job, start time.Time) {
	if s.cfg.Trace.Write == nil || j.written == 0 {
		return
	}
	batches, bytes := s.q.depth()
	s.cfg.Trace.Write(WriteInfo{
		Records: j.written, Bytes: j.bytes, Took: time.Since(start), Lag: lag(j.batch.Time),
		QueuedBatches: batches - 1, QueuedBytes: bytes - j.size - j.bytes,
	})
}
