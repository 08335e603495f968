// Package sinktest says of a sink driver whether it keeps the contract of
// package sink, one subtest a promise, and has a wrapper that lets a sink fail
// on cue.
package sinktest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/suite"
	"github.com/tailrace-io/tailrace/sink"
)

// Harness is what the suite needs to know of a driver.
type Harness struct {
	// Fresh makes a sink to a target of its own that is empty, and a function
	// that gives the numbers of the records that the target durably holds, in
	// their order there; another program would see the same.
	Fresh func(t testing.TB) (s sink.Sink, held func() []int)

	// Record makes the record of a number, in memory that nothing else refers
	// to. All records of a suite belong to one partition or table. Nil stands
	// for records of topic "sinktest" whose key and value are bytes without a
	// schema: the number, and {"number":7}.
	Record func(number int) tailrace.Record

	// Bad makes a record that the target does not take, whatever one does, such
	// as one that is too long. Nil where it takes everything.
	Bad func() tailrace.Record

	// Unordered says that the target keeps no order, as a table does: held may
	// give the numbers in any.
	Unordered bool

	// Patience is how long the suite waits for what should come soon; 0 stands
	// for 30 seconds.
	Patience time.Duration
}

// Run runs the whole suite. What a sink.Flusher and a sink.Transactional
// promise beyond a Writer is checked where the Writers are such. A subtest that
// fails says which promise of the contract is broken.
func Run(t *testing.T, h Harness) {
	is := kindOf(t, h)
	for _, p := range promises {
		if p.of&is != 0 {
			suite.Run(t, []suite.Promise[Harness]{p.Promise}, h)
		}
	}
}

// kind is what a Writer is, and whose promise a promise is.
type kind int

const (
	plain kind = 1 << iota
	flushing
	transactional

	anyKind = plain | flushing | transactional
)

func kindOf(t testing.TB, h Harness) kind {
	s, _ := h.Fresh(t)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	w, err := s.Open(ctx)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	defer w.Close()
	if _, ok := w.(sink.Transactional); ok {
		return transactional
	}
	if _, ok := w.(sink.Flusher); ok {
		return flushing
	}
	return plain
}

// plainRecord is what Harness.Record stands for when it is nil.
func plainRecord(number int) tailrace.Record {
	return tailrace.Record{
		Topic: "sinktest",
		Key:   tailrace.Bytes(fmt.Appendf(nil, "%d", number)),
		Value: tailrace.Bytes(fmt.Appendf(nil, `{"number":%d}`, number)),
		Time:  time.UnixMilli(1_700_000_000_000 + int64(number)).UTC(),
	}
}

// kindPromise is a promise that Writers of some kinds make.
type kindPromise struct {
	suite.Promise[Harness]
	of kind
}

func promise(name, sentence string, of kind, applies func(Harness) bool, check func(*place)) kindPromise {
	return kindPromise{suite.Promise[Harness]{
		Name: name, Sentence: sentence, Applies: applies,
		Check: func(t testing.TB, h Harness) { check(newPlace(t, h)) },
	}, of}
}

func refuses(h Harness) bool { return h.Bad != nil }

var promises = []kindPromise{
	promise("is durable when Write returns", "Write returns nil once all records are durable.", plain|transactional, nil, isDurable),
	promise("is durable when Flush returns", "Flush returns nil once everything that was accepted is durable.", flushing, nil, isDurable),
	promise("keeps the order", "Records become durable in their order a partition, within a Write and from Write to Write.", anyKind, nil, keepsOrder),
	promise("takes a batch without records", "Write of no records is done at once.", anyKind, nil, takesEmptyBatch),
	promise("takes a large batch", "A batch may have any number of records.", anyKind, nil, takesLargeBatch),
	promise("keeps nothing of the records", "Write keeps nothing of the slice, nor of what the records refer to, beyond its return.", plain|transactional, nil, keepsNothing),
	promise("leaves the records as they are", "The same records may be given again, so Write does not change them.", anyKind, nil, changesNothing),
	promise("takes repeats", "The same records are given again after an error, so a Writer takes repeats.", anyKind, nil, takesRepeats),
	promise("survives a cancelled Write", "When ctx is cancelled Write returns soon; records of which it reports an error can be given again, and none is lost.", anyKind, nil, survivesCancel),
	promise("closes twice", "A second Close does nothing.", anyKind, nil, closesTwice),
	promise("does not pretend when it is closed", "A Write behind Close is an error, neither a panic nor a wait; it returns nil only for records that are durable.", anyKind, nil, writesNothingClosed),
	promise("opens more than once", "Any number of Writers can be opened from a Sink, one after the other.", anyKind, nil, opensAgain),
	promise("outlives the context of Open", "ctx bounds Open alone, not the life of the Writer.", anyKind, nil, outlivesOpen),
	promise("leaves no goroutine behind", "Close frees everything.", anyKind, nil, leavesNoGoroutine),
	promise("names the record that cannot be written", "A *BatchError names the first record that could not be written: those before it are durable, those behind it are not and are given again.", plain, refuses, namesBadRecord),
	promise("drops no record by itself", "A Writer never decides to drop a record.", anyKind, refuses, dropsNothing),
	promise("flushes more than once", "Flush returns nil when there is nothing more to make durable.", flushing, nil, flushesAgain),
	promise("begins without offsets", "Begin gives none where there are none.", transactional, nil, beginsEmpty),
	promise("keeps offsets with the records", "WriteTx makes the records and the offsets durable; Begin gives the offsets that were last committed.", transactional, nil, keepsOffsets),
	promise("merges offsets by partition", "The offsets of one partition leave those of the others alone.", transactional, nil, mergesOffsets),
	promise("takes offsets alone", "There may be offsets alone.", transactional, nil, takesOffsetsAlone),
	promise("takes records alone", "There may be records without offsets.", transactional, nil, takesRecordsAlone),
	promise("is all or nothing when cancelled", "After any error nothing of the call has taken effect, unless the error wraps ErrUncertain.", transactional, nil, isAtomicWhenCancelled),
	promise("is all or nothing when a record is refused", "After any error, a *BatchError included, nothing of the call has taken effect.", transactional, refuses, isAtomicWhenRefused),
	promise("fences older writers", "From Begin on every older Writer of that name fails with ErrFenced and commits nothing.", transactional, nil, fences),
	promise("keeps names apart", "Begin takes one name; Writers of other names go on, with offsets of their own.", transactional, nil, keepsNamesApart),
}
