// Package transform holds single-message transforms and the predicates that
// choose the records they apply to.
package transform

import "github.com/tailrace-io/tailrace"

// Transform changes one record, or drops it. The engine applies a transform to
// different records from several goroutines at a time, so it keeps no state but
// caches that are safe for that.
type Transform interface {
	// Apply changes the record in place and says whether to keep it. It may
	// put new values in, but never changes the memory that the old ones refer
	// to: other records may share it. It keeps nothing of that memory either, and
	// makes a copy of what is to become a topic: the source may use the memory
	// again once the record is delivered. With an error the record is as it was,
	// and the engine's policy decides.
	Apply(r *tailrace.Record) (keep bool, err error)
}

// Func is a function as a Transform.
type Func func(r *tailrace.Record) (keep bool, err error)

// Apply calls the function.
func (f Func) Apply(r *tailrace.Record) (bool, error) { return f(r) }

// Chain applies transforms one after the other and stops at the first that
// drops the record or fails. What Projectors that follow one another make of a
// value is made at once.
func Chain(ts ...Transform) Transform {
	ts = joined(ts)
	return Func(func(r *tailrace.Record) (bool, error) {
		was := *r
		for _, t := range ts {
			keep, err := t.Apply(r)
			if err != nil {
				*r = was
				return false, err
			}
			if !keep {
				return false, nil
			}
		}
		return true, nil
	})
}

// Predicate says of a record whether something holds. Like a Transform it is
// asked from several goroutines at a time.
type Predicate interface {
	Test(r *tailrace.Record) (bool, error)
}

// PredicateFunc is a function as a Predicate.
type PredicateFunc func(r *tailrace.Record) (bool, error)

// Test calls the function.
func (f PredicateFunc) Test(r *tailrace.Record) (bool, error) { return f(r) }

// Not turns a predicate round.
func Not(p Predicate) Predicate {
	return PredicateFunc(func(r *tailrace.Record) (bool, error) {
		ok, err := p.Test(r)
		return !ok, err
	})
}

// When applies a transform to the records of which the predicate holds, and
// leaves the others as they are.
func When(p Predicate, t Transform) Transform {
	return Func(func(r *tailrace.Record) (bool, error) {
		ok, err := p.Test(r)
		if err != nil {
			return false, err
		}
		if !ok {
			return true, nil
		}
		return t.Apply(r)
	})
}
