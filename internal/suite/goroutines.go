package suite

import (
	"bytes"
	"context"
	"fmt"
	"runtime/pprof"
	"strings"
	"testing"
	"time"
)

// LeavesNoGoroutine makes a call and fails if goroutines that it started, or
// that those started, are not gone soon after its return.
func LeavesNoGoroutine(t testing.TB, patience time.Duration, what string, f func(ctx context.Context) error) {
	t.Helper()
	label := fmt.Sprintf("%s %p", t.Name(), &patience)
	err := Call(t, 2*patience, what, func() error {
		ctx := pprof.WithLabels(context.Background(), pprof.Labels("suite", label))
		pprof.SetGoroutineLabels(ctx) // the goroutines that are started from here inherit the label
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		return f(ctx)
	})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	deadline := time.Now().Add(min(patience, 5*time.Second))
	for {
		stacks := labelled(label)
		if stacks == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("there are goroutines left after %s:\n%s", what, stacks)
		}
		<-time.After(time.Millisecond)
	}
}

// labelled gives the stacks of the goroutines that bear the label.
func labelled(label string) string {
	var all bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&all, 1); err != nil {
		return err.Error()
	}
	var found []string
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(stack, fmt.Sprintf("%q", label)) {
			found = append(found, stack)
		}
	}
	return strings.Join(found, "\n\n")
}
