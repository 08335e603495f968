package sourcetest

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// recorder is a testing.TB that keeps what a check says of a broken driver.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	failed   bool
	text     strings.Builder
	cleanups []func()
}

// record runs a promise's check against a driver and gives what it says.
func record(t *testing.T, p promise, h Harness) (failed bool, text string) {
	r := &recorder{TB: t}
	var check sync.WaitGroup
	check.Go(func() { p.hold(r, h) })
	check.Wait()
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
	return r.failed, r.text.String()
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
func (r *recorder) Logf(f string, a ...any)   { r.log(false, fmt.Sprintf(f, a...)) }
func (r *recorder) Error(a ...any)            { r.log(true, fmt.Sprint(a...)) }
func (r *recorder) Errorf(f string, a ...any) { r.log(true, fmt.Sprintf(f, a...)) }
func (r *recorder) Fatal(a ...any)            { r.log(true, fmt.Sprint(a...)); runtime.Goexit() }
func (r *recorder) Fatalf(f string, a ...any) { r.log(true, fmt.Sprintf(f, a...)); runtime.Goexit() }
