package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"syscall"
	"time"

	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/source"
)

// Retry says how a failing step is tried again: after Delay, then after twice
// as long each time up to MaxDelay, each shortened by a random part of up to a
// half so that many engines do not come back at once. A success starts the
// count anew.
//
// The first opening of source and sink is not retried: what is wrong then is
// most likely the configuration. An error can say of itself whether another try
// may help, by a method Retryable() bool. Of those that do not, a sink's errors
// are retried, and other stages' where they tell of a lost connection.
type Retry struct {
	// Timeout bounds the time since the first failure. 0 means one minute; a
	// negative timeout goes on for ever.
	Timeout time.Duration

	// Attempts bounds the number of tries, the first included: with 1 nothing
	// is retried. 0 leaves it to Timeout.
	Attempts int

	// Delay comes before the second try. 0 means 300 ms.
	Delay time.Duration

	// MaxDelay is what the delay grows to. 0 means 10 s.
	MaxDelay time.Duration
}

func (r Retry) check(name string) (errs []error) {
	if r.Attempts < 0 {
		errs = append(errs, fmt.Errorf("%[1]s.Attempts is negative; 0 leaves the bound to %[1]s.Timeout", name))
	}
	if r.Delay < 0 || r.MaxDelay < 0 {
		errs = append(errs, fmt.Errorf("%[1]s.Delay or %[1]s.MaxDelay is negative", name))
	}
	if d := r.withDefaults(); d.Delay > d.MaxDelay {
		errs = append(errs, fmt.Errorf("%[1]s.Delay, %[2]v, is longer than %[1]s.MaxDelay, %[3]v", name, d.Delay, d.MaxDelay))
	}
	return errs
}

func (r Retry) withDefaults() Retry {
	if r.Timeout == 0 {
		r.Timeout = time.Minute
	}
	if r.Delay == 0 {
		r.Delay = 300 * time.Millisecond
	}
	if r.MaxDelay == 0 {
		r.MaxDelay = max(10*time.Second, r.Delay)
	}
	return r
}

// budget is what is left of a Retry for one run of failures.
type budget struct {
	Retry
	attempts int
	since    time.Time
}

func (r Retry) budget() *budget { return &budget{Retry: r} }

func (b *budget) reset() { b.attempts = 0 }

// next says how long to wait before the next try, or that there is none.
func (b *budget) next(err error) (wait time.Duration, ok bool) {
	if b.attempts == 0 {
		b.since = time.Now()
	}
	b.attempts++
	if final(err) || b.Attempts > 0 && b.attempts >= b.Attempts {
		return 0, false
	}
	wait = b.MaxDelay
	if shift := b.attempts - 1; shift < 20 {
		wait = min(b.Delay<<shift, b.MaxDelay)
	}
	wait -= rand.N(wait/2 + 1)
	if b.Timeout > 0 && time.Since(b.since)+wait > b.Timeout {
		return 0, false
	}
	return wait, true
}

// again waits before another try of what has failed, and says whether there is
// one: the budget may be spent, or ctx end first.
func (e *Engine) again(ctx context.Context, b *budget, stage Stage, err error) bool {
	wait, ok := b.next(err)
	if !ok {
		return false
	}
	e.retrying(stage, b.attempts, wait, err)
	return sleep(ctx, wait) == nil
}

// declared is what an error says itself of whether another try may help.
func declared(err error) (retryable, said bool) {
	var r interface{ Retryable() bool }
	if errors.As(err, &r) {
		return r.Retryable(), true
	}
	return false, false
}

// final says whether no other try can help.
func final(err error) bool {
	if errors.Is(err, sink.ErrFenced) || errors.Is(err, source.ErrOffsetLost) {
		return true
	}
	retryable, said := declared(err)
	return said && !retryable
}

// transient says whether an error tells of a passing fault.
func transient(err error) bool {
	if final(err) {
		return false
	}
	if retryable, _ := declared(err); retryable {
		return true
	}
	var timeout net.Error
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EPIPE) ||
		errors.As(err, &timeout) && timeout.Timeout()
}

// sleep waits, or returns ctx.Err() when ctx ends first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
