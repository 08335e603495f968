// Package offsettest says of an offset store whether it keeps the contract of
// package offset, one subtest a promise.
package offsettest

import (
	"testing"

	"github.com/tailrace-io/tailrace/internal/suite"
	"github.com/tailrace-io/tailrace/offset"
)

// Fresh makes a place of its own that has no offsets yet. Each call of open
// gives a store of that place as another process would open it.
type Fresh func(t testing.TB) (open func() offset.Store)

// Run runs the whole suite. What an offset.Claimer promises beyond a Store is
// checked where the stores are such. A subtest that fails says which promise of
// the contract is broken.
func Run(t *testing.T, fresh Fresh) {
	suite.Run(t, promises, fresh)
	if _, ok := fresh(t)().(offset.Claimer); ok {
		suite.Run(t, claims, fresh)
	}
}

func promise(name, sentence string, check func(*place)) suite.Promise[Fresh] {
	return suite.Promise[Fresh]{
		Name: name, Sentence: sentence,
		Check: func(t testing.TB, fresh Fresh) { check(&place{TB: t, open: fresh(t)}) },
	}
}

var promises = []suite.Promise[Fresh]{
	promise("starts empty", "Load gives none and no error where nothing was saved.", startsEmpty),
	promise("gives what was saved", "Load gives the offsets that were saved under the name, in the text in which they were saved.", givesWhatWasSaved),
	promise("is durable when Save returns", "When Save returns nil the offsets are durable: another process loads them.", isDurable),
	promise("replaces offsets of the same partition", "Save puts the offsets in the place of those saved before for the same source partitions.", replaces),
	promise("leaves other partitions alone", "Save leaves the other partitions alone.", mergesPartitions),
	promise("keeps names apart", "Offsets are kept under the name of an engine, which may be any text.", keepsNamesApart),
	promise("takes a Save of nothing", "Save of no offsets leaves everything as it was.", takesNothing),
	promise("refuses what is no offset", "An offset is made of two JSON objects; Save of another is an error and leaves everything as it was.", refusesGarbage),
	promise("shares no memory", "What Save is given and what Load gives belong to the caller.", sharesNothing),
	promise("is for many goroutines", "All methods may be called by several goroutines at a time, under one name and under different ones.", isConcurrent),
	promise("heeds a cancelled context", "Load and Save return an error that wraps the context's when it is cancelled, and save nothing.", heedsContext),
}

var claims = []suite.Promise[Fresh]{
	promise("claims a name once", "Claim takes the name until release is called; where another has it, the error says so with the name.", claimsOnce),
	promise("claims names apart", "Claim takes one name and leaves the others to others.", claimsApart),
	promise("loads and saves what it has claimed", "A claim keeps other processes out, not the one that has it.", worksClaimed),
	promise("releases twice", "A second release does nothing, even where another has the name by then.", releasesTwice),
	promise("gives a name to one of many", "However many try, one has the name.", claimsOneOfMany),
}
