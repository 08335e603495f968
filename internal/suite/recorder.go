package suite

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// Record runs a check that is expected to fail, and gives what it says in the
// place of failing t.
func Record(t testing.TB, check func(t testing.TB)) (failed bool, text string) {
	r := &recorder{TB: t}
	var running sync.WaitGroup
	running.Go(func() { check(r) })
	running.Wait()
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
	return r.failed, r.text.String()
}

// recorder is a testing.TB that keeps what is said.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	failed   bool
	text     strings.Builder
	cleanups []func()
}

func (r *recorder) log(failed bool, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = r.failed || failed
	fmt.Fprintln(&r.text, text)
}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

func (r *recorder) Helper()                   {}
func (r *recorder) Cleanup(f func())          { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Log(a ...any)              { r.log(false, fmt.Sprint(a...)) }
func (r *recorder) Logf(f string, a ...any)   { r.log(false, fmt.Sprintf(f, a...)) }
func (r *recorder) Error(a ...any)            { r.log(true, fmt.Sprint(a...)) }
func (r *recorder) Errorf(f string, a ...any) { r.log(true, fmt.Sprintf(f, a...)) }
func (r *recorder) Fatal(a ...any)            { r.log(true, fmt.Sprint(a...)); runtime.Goexit() }
func (r *recorder) Fatalf(f string, a ...any) { r.log(true, fmt.Sprintf(f, a...)); runtime.Goexit() }
func (r *recorder) FailNow()                  { r.log(true, "failed"); runtime.Goexit() }
