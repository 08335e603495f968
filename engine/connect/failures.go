package connect

import (
	"time"

	"github.com/tailrace-io/tailrace/engine"
)

// retry sets how often a failing step is tried again. Debezium bounds the
// number of tries and Connect the time; both hold where both are given, and
// where none is, tries go on for ever, as Debezium's do.
func (b *build) retry() {
	r := engine.Retry{
		Timeout:  -1,
		Delay:    b.own.Millis("errors.retry.delay.initial.ms"),
		MaxDelay: b.own.Millis("errors.retry.delay.max.ms"),
	}
	r.MaxDelay = max(r.MaxDelay, r.Delay, time.Millisecond)
	if n := b.own.Int("errors.max.retries"); n >= 0 {
		r.Attempts = n + 1
	}
	if b.own.Has("errors.retry.timeout") {
		switch r.Timeout = b.own.Millis("errors.retry.timeout"); {
		case r.Timeout == 0:
			r.Attempts = 1
			r.Timeout = -1
		case r.Timeout < 0:
			r.Timeout = -1
		}
	}
	b.cfg.Retry = r
	if own, ok := b.cfg.Sink.(interface{ Retry() engine.Retry }); ok && b.isSink {
		b.cfg.SinkRetry = own.Retry()
	}
}

// errors sets what happens to a record that stays in the way.
func (b *build) errors() {
	topic := b.own.String("errors.deadletterqueue.topic.name")
	if b.own.Enum("errors.tolerance") != "all" {
		if topic != "" {
			b.own.Notef("errors.deadletterqueue.topic.name", "has no effect: errors.tolerance is none")
		}
		return
	}
	policy := engine.Skip
	if topic != "" {
		policy = engine.DeadLetter
		b.cfg.Errors.DeadLetterTopic = topic
		b.cfg.Errors.NoContext = !b.own.Bool("errors.deadletterqueue.context.headers.enable")
		switch {
		case b.brokers && b.registry.DeadLetters != nil:
			b.cfg.Errors.DeadLetters = b.registry.DeadLetters(b.all.Sub(""))
		case b.brokers && b.registry.Producer != nil:
			b.cfg.Errors.DeadLetters = b.registry.Producer(b.all.Sub(""))
		}
	}
	e := &b.cfg.Errors
	e.Decode, e.Transform, e.Encode, e.Sink = policy, policy, policy, policy
}
