// Package source holds the contract between the engine and whatever changes
// are read from. The drivers lie in the packages below it; sourcetest says of a
// driver whether it keeps the contract.
package source

import (
	"context"
	"errors"
	"fmt"

	"github.com/tailrace-io/tailrace"
)

// Source is a fixed configuration of where changes come from. Any number of
// Readers can be opened from it, one after the other.
type Source interface {
	// Open starts reading behind the offsets in from, which an earlier Reader
	// of the same source gave; without any, at the beginning that the
	// configuration names. It connects, checks that everything it needs is
	// there and returns an error that says what is not, what was tried and
	// what to do about it. ctx bounds Open alone, not the life of the Reader.
	//
	// A position that the source can no longer serve is an error that wraps
	// ErrOffsetLost, never a silent start elsewhere.
	Open(ctx context.Context, from []tailrace.Offset) (Reader, error)
}

// Reader is a running source. Read is called by one goroutine at a time; Commit
// may be called by another while Read runs; Close comes last, and a second
// Close does nothing. A Reader may own one goroutine where its protocol needs
// one, which is gone when Close returns.
type Reader interface {
	// Read waits for at least one record and returns a batch in the order in
	// which its changes took effect a source partition. The batch belongs to
	// the caller: the Reader never touches its memory again before the caller
	// calls the batch's Release, which may be in another goroutine.
	//
	// A source that would begin elsewhere another time, as at the present end of
	// a log, gives the offset of its beginning in a batch without records before
	// any other: the engine stores it before it delivers anything.
	//
	// It returns as soon as it has something and does not wait to fill a batch.
	// io.EOF says that the source is finished; what was read before remains
	// valid. A *RecordError says that one change could not be made a record:
	// the Reader stands behind it and another Read goes on. After any other
	// error the Reader is only good for Commit and Close. When ctx is cancelled Read returns
	// ctx.Err() soon, having lost nothing: another Read goes on.
	//
	// A Reader that is left unread for long keeps its connection.
	Read(ctx context.Context) (tailrace.Batch, error)

	// Commit says that everything up to the offsets is durable, so that the
	// source may forget it. Offsets never go backwards. It may be called with
	// the same offsets again.
	Commit(ctx context.Context, offsets []tailrace.Offset) error

	// Close ends the reading and frees everything.
	Close() error
}

// ErrOffsetLost says that a stored offset points to something that the source
// no longer has: a purged binlog, a dropped slot. Reading on from elsewhere
// would lose changes, so a person has to choose.
var ErrOffsetLost = errors.New("the source no longer has the stored offset")

// RecordError says that one change could not be made a record. The engine's
// policy decides whether to stop, to skip it or to set Record aside as a dead
// letter.
type RecordError struct {
	// Record has what is known of the change: at least its topic, and the
	// original bytes as the value where there are any.
	Record tailrace.Record
	Err    error
}

func (e *RecordError) Error() string {
	return fmt.Sprintf("a change of topic %s cannot be read: %v", e.Record.Topic, e.Err)
}

func (e *RecordError) Unwrap() error { return e.Err }
