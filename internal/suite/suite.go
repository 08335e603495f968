// Package suite is what the conformance suites have in common: promises, how
// they are held against a driver, and how it is seen that a suite notices when
// one is broken.
package suite

import (
	"testing"
	"time"
)

// Promise is a sentence of a contract and the check that a driver keeps it, of
// which the harness H tells.
type Promise[H any] struct {
	Name     string
	Sentence string
	Applies  func(h H) bool // nil: to every driver
	Check    func(t testing.TB, h H)
}

// Run checks all promises that apply, a subtest each.
func Run[H any](t *testing.T, promises []Promise[H], h H) {
	for _, p := range promises {
		if p.Applies == nil || p.Applies(h) {
			t.Run(p.Name, func(t *testing.T) { p.Hold(t, h) })
		}
	}
}

// Hold checks one promise. Where it is broken the sentence is in the log.
func (p Promise[H]) Hold(t testing.TB, h H) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the promise that is broken: %s", p.Sentence)
		}
	})
	p.Check(t, h)
}

// Call makes a call to a driver and gives its error. A call that panics, or has
// not returned when patience ends, fails the test instead of ending the run.
func Call(t testing.TB, patience time.Duration, what string, f func() error) (err error) {
	t.Helper()
	done := make(chan any, 1)
	go func() {
		panicked := any("it has ended its goroutine")
		defer func() {
			if v := recover(); v != nil {
				panicked = v
			}
			done <- panicked
		}()
		err = f()
		panicked = nil
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case panicked := <-done:
		if panicked != nil {
			t.Fatalf("%s panics: %v", what, panicked)
		}
		return err
	case <-timer.C:
		t.Fatalf("%s has not returned after %v", what, patience)
		return nil
	}
}
