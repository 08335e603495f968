package engine

import (
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
)

// Trace is a set of hooks for what an operator wants to count and watch. Any of
// them may be nil. They are called from the engine's own goroutines, several at
// a time, so they are quick and safe for that. What they are lent they do not
// keep.
type Trace struct {
	// State tells of a change of state.
	State func(from, to State)

	// Read tells of a batch that was read from the source.
	Read func(ReadInfo)

	// Write tells of a batch that the sink has taken.
	Write func(WriteInfo)

	// Commit tells of offsets that were stored.
	Commit func(CommitInfo)

	// Retry tells of a failure that will be tried again.
	Retry func(RetryInfo)

	// Drop tells of a record that did not reach the sink: skipped or set aside
	// as a dead letter by policy.
	Drop func(DropInfo)

	// Filter tells how many records of a batch the transforms dropped.
	Filter func(records int)

	// Source gets the numbers of a source that counts (source.Metered), behind
	// each Read, also one that fails. What their slices hold is lent.
	Source func(source.Metrics)
}

// ReadInfo tells of a batch that was read.
type ReadInfo struct {
	Records int
	Bytes   int           // of memory, Batch.Size
	Wait    time.Duration // in Read
	Lag     time.Duration // behind the source's clock; 0 where it is not known

	// QueuedBatches and QueuedBytes are what is read and not written yet, this
	// batch included.
	QueuedBatches, QueuedBytes int
}

// WriteInfo tells of a batch that was written.
type WriteInfo struct {
	Records int
	Bytes   int           // of keys and values, where they were encoded
	Took    time.Duration // in Write, all tries included
	Lag     time.Duration // behind the source's clock, at delivery; 0 where it is not known

	// QueuedBatches and QueuedBytes are what is left in the queue.
	QueuedBatches, QueuedBytes int
}

// CommitInfo tells of offsets that were stored.
type CommitInfo struct {
	Offsets []tailrace.Offset
	Took    time.Duration
}

// RetryInfo tells of a failure that will be tried again.
type RetryInfo struct {
	Stage   Stage
	Attempt int // how many tries have failed
	Wait    time.Duration
	Err     error
}

// DropInfo tells of a record that did not reach the sink.
type DropInfo struct {
	Stage  Stage
	Policy Policy
	Topic  string
	Err    error

	// Partition and Offset are the record's place in a topic, where it was read
	// from one.
	Partition tailrace.Null[int32]
	Offset    tailrace.Null[int64]
}

func (e *Engine) retrying(stage Stage, attempt int, wait time.Duration, err error) {
	e.cfg.Log.Warn("retry", "stage", string(stage), "attempt", attempt, "wait", wait, "error", err.Error())
	if e.cfg.Trace.Retry != nil {
		e.cfg.Trace.Retry(RetryInfo{Stage: stage, Attempt: attempt, Wait: wait, Err: err})
	}
}

func (e *Engine) dropped(policy Policy, l *deadLetter) {
	what := "skip"
	if policy == DeadLetter {
		what = "dead letter"
	}
	r := l.record
	log := e.cfg.Log.With("stage", string(l.stage), "topic", r.Topic)
	if r.Partition.Valid {
		log = log.With("partition", r.Partition.V)
	}
	if r.Offset.Valid {
		log = log.With("offset", r.Offset.V)
	}
	log.Warn(what, "error", l.err.Error())
	if e.cfg.Trace.Drop != nil {
		e.cfg.Trace.Drop(DropInfo{Stage: l.stage, Policy: policy, Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Err: l.err})
	}
}

// lag is how long ago t was; 0 where t is not known.
func lag(t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return max(0, time.Since(t))
}
