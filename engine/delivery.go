package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/source"
)

// delivery is the sink's side of a run: the open writer, what it has taken and
// what is committed. It outlives sessions.
type delivery struct {
	engine *Engine
	writer sink.Writer        // nil: to be opened
	tx     sink.Transactional // the writer, where it is one
	flush  sink.Flusher       // the writer, where it is one
	atomic bool               // the sink's writers are transactional
	dead   *deadLetters
	budget *budget // of rewinds; what makes progress resets it

	committed []tailrace.Offset
	pending   []tailrace.Offset // behind what is delivered and not committed
}

// openDelivery opens the sinks and finds out where to go on.
func (e *Engine) openDelivery(ctx context.Context) (*delivery, error) {
	d := &delivery{engine: e, budget: e.cfg.Retry.budget()}
	stored, err := e.cfg.Offsets.Load(ctx, e.cfg.Name)
	if err != nil {
		return nil, e.fail(StageOffsets, "", fmt.Errorf("load: %w", err))
	}
	d.committed = stored
	if d.dead, err = e.openDeadLetters(ctx); err != nil {
		return nil, err
	}
	if err := d.openSink(ctx, true); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// openSink opens the writer if it is not open.
func (d *delivery) openSink(ctx context.Context, first bool) error {
	if d.writer != nil {
		return nil
	}
	err := d.open(ctx)
	if err == nil {
		return nil
	}
	failed := d.engine.fail(StageSink, "", fmt.Errorf("open: %w", err))
	if first || final(err) {
		return failed
	}
	return &rewind{failed}
}

// open opens the writer. A transactional one knows best what is committed.
func (d *delivery) open(ctx context.Context) error {
	w, err := d.engine.cfg.Sink.Open(ctx)
	if err != nil {
		return err
	}
	d.writer = w
	d.tx, _ = w.(sink.Transactional)
	d.flush, _ = w.(sink.Flusher)
	d.atomic = d.tx != nil
	if !d.atomic {
		return nil
	}
	d.flush = nil
	offsets, err := d.tx.Begin(ctx, d.engine.cfg.Name)
	if err != nil {
		return errors.Join(fmt.Errorf("begin: %w", err), d.closeWriter())
	}
	if len(offsets) > 0 {
		d.committed = offsets
	}
	return nil
}

func (d *delivery) closeWriter() error {
	if d.writer == nil {
		return nil
	}
	w := d.writer
	d.writer, d.tx, d.flush = nil, nil, nil
	return w.Close()
}

func (d *delivery) close() error {
	var errs []error
	if err := d.closeWriter(); err != nil {
		errs = append(errs, d.engine.fail(StageSink, "", fmt.Errorf("close: %w", err)))
	}
	if err := d.dead.close(); err != nil {
		errs = append(errs, d.engine.fail(StageSink, "", fmt.Errorf("close the sink of dead letters: %w", err)))
	}
	return errors.Join(errs...)
}

// write delivers a prepared batch, its dead letters first.
func (d *delivery) write(ctx context.Context, j *job) error {
	if j.err != nil {
		return j.err
	}
	for i := range j.dead {
		if err := d.setAside(ctx, &j.dead[i]); err != nil {
			return err
		}
	}
	if err := d.writeRecords(ctx, j); err != nil {
		return err
	}
	if d.flush == nil {
		d.budget.reset()
	}
	return nil
}

// writeRecords gives the records to the sink until it has taken them, the
// budget is spent or nothing helps.
func (d *delivery) writeRecords(ctx context.Context, j *job) error {
	retry := d.engine.cfg.SinkRetry.budget()
	for {
		err := d.try(ctx, j)
		if err == nil {
			j.written += len(j.records)
			d.pending = tailrace.MergeOffsets(d.pending, j.batch.Offsets)
			return nil
		}
		var lost *rewind
		if errors.As(err, &lost) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return d.engine.fail(StageSink, "", err)
		}
		var one *sink.BatchError
		named := errors.As(err, &one) && one.Index >= 0 && one.Index < len(j.records)
		if named && !d.atomic && one.Index > 0 {
			j.advance(one.Index) // those before are delivered
			one = &sink.BatchError{Err: one.Err}
			retry.reset()
		}
		if !named {
			if err = d.renew(j, err); errors.As(err, &lost) {
				return err
			}
		}
		wait, again := retry.next(err)
		switch {
		case again:
			d.engine.retrying(StageSink, retry.attempts, wait, err)
			if err := sleep(ctx, wait); err != nil {
				return d.engine.fail(StageSink, "", err)
			}
		case named:
			if err := d.leaveOut(ctx, j, one); err != nil {
				return err
			}
			retry.reset()
		default:
			return d.engine.fail(StageSink, topicOf(j.records), err)
		}
	}
}

// try gives the records to the writer once, opening it if need be.
func (d *delivery) try(ctx context.Context, j *job) error {
	if d.writer == nil {
		before := d.committed
		if err := d.open(ctx); err != nil {
			return err
		}
		if d.atomic {
			done, err := d.moved(before, j)
			if err != nil || done {
				return err
			}
		}
	}
	if d.tx != nil {
		if err := d.tx.WriteTx(ctx, j.records, j.batch.Offsets); err != nil {
			return err
		}
		d.committed = tailrace.MergeOffsets(d.committed, j.batch.Offsets)
		return nil
	}
	if len(j.records) == 0 {
		return nil
	}
	return d.writer.Write(ctx, j.records)
}

// moved compares what a transactional sink says is committed with what this
// engine knows: still the same, or one batch further because a commit whose
// outcome was not known did take effect. Anything else calls for a new session
// from there.
func (d *delivery) moved(before []tailrace.Offset, j *job) (done bool, err error) {
	if sameOffsets(d.committed, before) {
		return false, nil
	}
	if sameOffsets(d.committed, tailrace.MergeOffsets(before, j.batch.Offsets)) {
		return true, nil
	}
	d.pending = nil
	return false, &rewind{d.engine.fail(StageSink, "", errors.New("the sink's offsets are not those that this engine committed"))}
}

func sameOffsets(a, b []tailrace.Offset) bool {
	if len(a) != len(b) {
		return false
	}
next:
	for _, x := range a {
		for _, y := range b {
			if x == y {
				continue next
			}
		}
		return false
	}
	return true
}

// renew lets go of a writer that failed; the next try opens another. What a
// Flusher had accepted may be gone with it, so everything behind the last
// commit is read again.
func (d *delivery) renew(j *job, cause error) error {
	flusher := d.flush != nil
	if err := d.closeWriter(); err != nil {
		cause = fmt.Errorf("%w (and its writer failed to close: %w)", cause, err)
	}
	if !flusher || final(cause) {
		return cause
	}
	d.pending = nil
	return &rewind{d.engine.fail(StageSink, topicOf(j.records), cause)}
}

// leaveOut applies the policy to a record that the sink cannot take.
func (d *delivery) leaveOut(ctx context.Context, j *job, one *sink.BatchError) error {
	r := j.records[one.Index]
	if d.engine.cfg.Errors.Sink == Stop {
		return d.engine.fail(StageSink, r.Topic, one.Err)
	}
	if len(j.read) > 0 {
		r = j.read[one.Index]
	}
	if err := d.setAside(ctx, &deadLetter{record: r, stage: StageSink, err: one.Err}); err != nil {
		return err
	}
	j.remove(one.Index)
	return nil
}

func topicOf(records []tailrace.Record) string {
	if len(records) == 0 {
		return ""
	}
	return records[0].Topic
}

// commit makes everything that was delivered durable and lets the offsets move.
func (d *delivery) commit(ctx context.Context, reader source.Reader) error {
	if len(d.pending) == 0 {
		return d.barrier(ctx)
	}
	start := time.Now()
	if err := d.barrier(ctx); err != nil {
		return err
	}
	if !d.atomic {
		if err := d.save(ctx); err != nil {
			return err
		}
		d.committed = tailrace.MergeOffsets(d.committed, d.pending)
	}
	offsets := d.pending
	d.pending = nil
	if t := d.engine.cfg.Trace.Commit; t != nil {
		t(CommitInfo{Offsets: offsets, Took: time.Since(start)})
	}
	if err := reader.Commit(ctx, offsets); err != nil {
		failed := d.engine.fail(StageSource, "", fmt.Errorf("commit: %w", err))
		if transient(err) {
			return &rewind{failed}
		}
		return failed
	}
	return nil
}

// barrier flushes a writer that accepts records before they are durable.
func (d *delivery) barrier(ctx context.Context) error {
	if d.flush == nil {
		return nil
	}
	err := d.flush.Flush(ctx)
	if err == nil {
		d.budget.reset()
		return nil
	}
	failed := d.engine.fail(StageSink, "", fmt.Errorf("flush: %w", err))
	d.pending = nil
	if cerr := d.closeWriter(); cerr != nil {
		failed.Err = errors.Join(failed.Err, cerr)
	}
	if final(err) || ctx.Err() != nil {
		return failed
	}
	return &rewind{failed}
}

// save stores the pending offsets.
func (d *delivery) save(ctx context.Context) error {
	retry := d.engine.cfg.Retry.budget()
	for {
		err := d.engine.cfg.Offsets.Save(ctx, d.engine.cfg.Name, d.pending)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || !d.engine.again(ctx, retry, StageOffsets, err) {
			return d.engine.fail(StageOffsets, "", fmt.Errorf("save: %w", err))
		}
	}
}
