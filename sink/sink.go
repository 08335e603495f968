// Package sink holds the contract between the engine and whatever changes are
// written to, and the callbacks that an application writes them to itself. The
// drivers lie in the packages below it; sinktest says of a driver whether it
// keeps the contract.
package sink

import (
	"context"
	"errors"
	"fmt"

	"github.com/tailrace-io/tailrace"
)

// Sink is a fixed configuration of where records go. Any number of Writers can
// be opened from it, one after the other.
type Sink interface {
	// Open connects and checks that everything that writing needs is there. Its
	// error says what is not, what was tried and what to do about it. ctx
	// bounds Open alone, not the life of the Writer.
	Open(ctx context.Context) (Writer, error)
}

// Writer is a running sink. All but Close is called by one goroutine at a time;
// a second Close does nothing.
type Writer interface {
	// Write returns nil once all records are durable, in their order a
	// partition; a Writer that implements Flusher may return when it has
	// accepted them. It keeps nothing of the slice, nor of what the records
	// refer to, beyond its return, unless it is a Flusher.
	//
	// A *BatchError names the first record that could not be written: those
	// before it are durable, those behind it are not and will be given again. Any other error
	// says nothing about any of them: the same records are given again, so a
	// Writer should take repeats well where its target allows that. A Writer
	// never decides to drop a record, and does not retry for long itself: the
	// engine does, by its policy.
	Write(ctx context.Context, records []tailrace.Record) error

	// Close frees everything. Records that were accepted but not flushed may be
	// lost; their offsets have not moved.
	Close() error
}

// Flusher is a Writer whose Write may return before the records are durable.
type Flusher interface {
	Writer

	// Flush returns nil once everything that was accepted is durable. Offsets
	// move only behind it. After an error all that was accepted since the last
	// successful Flush is given again, to a new Writer.
	Flush(ctx context.Context) error
}

// Transactional is a Writer that makes records durable together with the
// offsets behind them, so that each record takes effect exactly once. The
// engine then calls WriteTx in the place of Write.
type Transactional interface {
	Writer

	// Begin takes the name for this Writer and gives the offsets that were last
	// committed under it; none where there are none. From then on every older
	// Writer of that name fails with ErrFenced and commits nothing.
	Begin(ctx context.Context, name string) ([]tailrace.Offset, error)

	// WriteTx makes the records and the offsets durable, all or nothing; there
	// may be offsets alone. After any error, a *BatchError included, nothing of
	// the call has taken effect, unless the error wraps ErrUncertain.
	WriteTx(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error
}

// ErrFenced says that another Writer has taken the name since. It is final.
var ErrFenced = errors.New("another writer has taken over")

// ErrUncertain says that a commit was sent and its outcome is not known. The
// engine opens a new Writer and asks it for its offsets.
var ErrUncertain = errors.New("whether the transaction was committed is not known")

// BatchError names the record of a batch that could not be written, so that
// the rest can be.
type BatchError struct {
	Index int // of the record in the slice that was given
	Err   error
}

func (e *BatchError) Error() string { return fmt.Sprintf("record %d of the batch: %v", e.Index, e.Err) }

func (e *BatchError) Unwrap() error { return e.Err }

// Permanent wraps an error of which it is known that another try is of no use,
// so that the engine applies its policy at once.
func Permanent(err error) error { return &permanent{err} }

type permanent struct{ error }

func (p *permanent) Unwrap() error   { return p.error }
func (p *permanent) Retryable() bool { return false }

// Func is a callback as a Sink, and its own Writer: it gets the records in
// their order, a batch at a time, and returns nil once it is done with them for
// good.
type Func func(ctx context.Context, records []tailrace.Record) error

// Open gives the callback itself.
func (f Func) Open(context.Context) (Writer, error) {
	if f == nil {
		return nil, errors.New("the sink is a nil sink.Func: give it a function to call")
	}
	return f, nil
}

// Write calls the callback.
func (f Func) Write(ctx context.Context, records []tailrace.Record) error { return f(ctx, records) }

// Close does nothing.
func (f Func) Close() error { return nil }
