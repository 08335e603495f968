// Package sourcetest says of a source driver whether it keeps the contract of
// package source, one subtest a promise, and has a wrapper that lets a source
// fail on cue.
package sourcetest

import (
	"testing"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/suite"
	"github.com/tailrace-io/tailrace/source"
)

// Harness is what the suite needs to know of a driver.
type Harness struct {
	// Fresh makes a source over a place of its own, such as an empty table, and
	// a function that makes n changes there, one after the other and in one
	// source partition, and returns once they are made. The changes of a place
	// are numbered from 0. The source reads from the first of them.
	Fresh func(t testing.TB) (src source.Source, change func(n int))

	// Number gives the number of the change that a record tells of. ok is false
	// for records that tell of none, such as heartbeats and tombstones.
	Number func(r *tailrace.Record) (number int, ok bool)

	// Ends says that the source returns io.EOF behind the last change that was
	// made before Open. Other sources wait for more.
	Ends bool

	// Lose makes the place of src forget the changes that were made so far, so
	// that it cannot serve offsets before or among them; as a purge of the log
	// does. Nil where a place forgets nothing.
	Lose func(t testing.TB, src source.Source)

	// Neglect lets pass the time after which a server gives up a connection
	// on which nobody reads. Nil where there is no such time.
	Neglect func(t testing.TB)

	// Patience is how long the suite waits for what should come soon; 0 stands
	// for 30 seconds.
	Patience time.Duration
}

// Run runs the whole suite. A subtest that fails says which promise of the
// contract is broken.
func Run(t *testing.T, h Harness) { suite.Run(t, promises, h) }

func promise(name, sentence string, applies func(Harness) bool, check func(*place)) suite.Promise[Harness] {
	return suite.Promise[Harness]{
		Name: name, Sentence: sentence, Applies: applies,
		Check: func(t testing.TB, h Harness) { check(newPlace(t, h)) },
	}
}

func ends(h Harness) bool  { return h.Ends }
func waits(h Harness) bool { return !h.Ends }

var promises = []suite.Promise[Harness]{
	promise("reads all from the beginning", "Open without offsets starts at the beginning that the configuration names; no change is lost or read twice.", nil, readsAll),
	promise("keeps the order", "Read returns the changes in the order in which they took effect a source partition.", nil, keepsOrder),
	promise("hands records over without waiting for more", "Read returns as soon as it has something and does not wait to fill a batch.", waits, doesNotHoldBack),
	promise("never gives an empty batch", "Read waits for at least one record; a batch without records carries offsets.", nil, givesNoEmptyBatch),
	promise("ends with io.EOF", "io.EOF says that the source is finished; what was read before remains valid, and another Read says the same.", ends, endsWithEOF),
	promise("does not end before its time", "io.EOF says that the source is finished; a source that may yet have changes waits for them.", waits, waitsForMore),
	promise("loses nothing to a cancelled Read", "When ctx is cancelled Read returns ctx.Err() soon, having lost nothing: another Read goes on.", nil, survivesCancel),
	promise("stops waiting when cancelled", "When ctx is cancelled Read returns ctx.Err() soon.", waits, stopsWaiting),
	promise("resumes behind any batch", "Open starts reading behind the offsets that an earlier Reader gave: exactly the rest comes, whichever batch they are from.", nil, resumes),
	promise("gives offsets that are JSON objects", "Both members of an offset are JSON objects, and a batch has at most one offset a source partition.", nil, givesJSONOffsets),
	promise("gives well-formed records", "Keys, values and headers are what their schemas describe, text is UTF-8, and every record has a topic.", nil, givesValidRecords),
	promise("leaves a batch to the caller", "The batch belongs to the caller: the Reader never touches its memory again, and reads on whatever the caller does to it.", nil, leavesBatchAlone),
	promise("allows Commit at any time", "Commit may be called while Read runs, and with the same offsets again.", nil, commits),
	promise("goes on behind what was committed", "A source may forget what was committed, and nothing else.", nil, keepsUncommitted),
	promise("closes twice", "A second Close does nothing.", nil, closesTwice),
	promise("says so when it is closed", "A Read behind Close is an error, neither a panic nor a wait.", nil, readsNothingClosed),
	promise("leaves no goroutine behind", "Close ends the reading and frees everything; a goroutine of the Reader is gone when Close returns.", nil, leavesNoGoroutine),
	promise("opens more than once", "Any number of Readers can be opened from a Source, one after the other.", nil, opensAgain),
	promise("bounds Open by its context", "ctx bounds Open, which fails when it is cancelled.", nil, opensWithinContext),
	promise("outlives the context of Open", "ctx bounds Open alone, not the life of the Reader.", nil, outlivesOpen),
	promise("refuses an offset that it cannot use", "An offset that the source cannot use is an error of Open, never a panic or a silent start elsewhere.", nil, refusesGarbage),
	promise("says that an offset is lost", "A position that the source can no longer serve is an error that wraps ErrOffsetLost, never a silent start elsewhere.", func(h Harness) bool { return h.Lose != nil }, saysLost),
	promise("survives being left unread", "A Reader that is left unread for long keeps its connection.", func(h Harness) bool { return h.Neglect != nil }, survivesNeglect),
}
