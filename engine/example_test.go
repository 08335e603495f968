package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/sink"
	sinkmemory "github.com/tailrace-io/tailrace/sink/memory"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/memory"
	"github.com/tailrace-io/tailrace/transform"
)

// An engine moves what a source reads to a sink; here from memory to a
// callback. The source ends, and so does Run.
func Example() {
	eng, err := engine.New(engine.Config{
		Name:   "greetings",
		Source: memory.Of(tailrace.Record{Topic: "hello", Value: tailrace.String("world")}),
		Sink: sink.Func(func(ctx context.Context, records []tailrace.Record) error {
			for _, r := range records {
				fmt.Println(r.Topic, r.Value)
			}
			return nil
		}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(eng.Run(context.Background()))
	// Output:
	// hello world
	// <nil>
}

// Trace gets every number. Those of the source are kept here for whoever asks,
// such as a page of metrics.
func ExampleTrace_source() {
	var metrics atomic.Pointer[source.Metrics]
	eng, err := engine.New(engine.Config{
		Name:   "greetings",
		Source: memory.Of(tailrace.Record{Topic: "hello", Value: tailrace.String("world")}),
		Sink:   sink.Func(func(ctx context.Context, records []tailrace.Record) error { return nil }),
		Trace: engine.Trace{
			Write: func(w engine.WriteInfo) { fmt.Println("written:", w.Records) },
			Source: func(m source.Metrics) {
				m.Tables, m.Snapshot.Rows, m.Incremental.Tables = slices.Clone(m.Tables), slices.Clone(m.Snapshot.Rows), slices.Clone(m.Incremental.Tables)
				metrics.Store(&m)
			},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(eng.Run(context.Background()))
	fmt.Println("read up to:", metrics.Load().Stream.Position)
	// Output:
	// written: 1
	// <nil>
	// read up to: {"next":1}
}

// A record that the sink names by a sink.BatchError is set aside, with the
// reason in its headers, and the rest goes on.
func ExampleErrors() {
	dead := new(sinkmemory.Sink)
	eng, err := engine.New(engine.Config{
		Name: "orders",
		Source: memory.Of(
			tailrace.Record{Topic: "orders", Value: tailrace.Int64(12)},
			tailrace.Record{Topic: "orders", Value: tailrace.Int64(-1)},
			tailrace.Record{Topic: "orders", Value: tailrace.Int64(30)},
		),
		Sink: sink.Func(func(ctx context.Context, records []tailrace.Record) error {
			for i, r := range records {
				if r.Value.Int() < 0 {
					return &sink.BatchError{Index: i, Err: sink.Permanent(errors.New("an order of less than nothing"))}
				}
				fmt.Println("order of", r.Value)
			}
			return nil
		}),
		Errors: engine.Errors{Sink: engine.DeadLetter, DeadLetters: dead, DeadLetterTopic: "orders.dead"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := eng.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	for _, r := range dead.Records() {
		fmt.Println(r.Topic, r.Value)
		for _, h := range r.Headers {
			if h.Key == "__connect.errors.exception.message" {
				fmt.Printf("because of %s\n", h.Value.Bytes())
			}
		}
	}
	// Output:
	// order of 12
	// order of 30
	// orders.dead -1
	// because of an order of less than nothing
}

// A Trace is a set of functions; those that are left out cost nothing.
func ExampleTrace() {
	eng, err := engine.New(engine.Config{
		Name:   "traced",
		Source: memory.Of(tailrace.Record{Topic: "a"}, tailrace.Record{Topic: "b"}),
		Sink:   new(sinkmemory.Sink),
		Transforms: []transform.Transform{transform.Func(func(r *tailrace.Record) (bool, error) {
			return r.Topic != "b", nil
		})},
		Trace: engine.Trace{
			State:  func(from, to engine.State) { fmt.Println(from, "→", to) },
			Filter: func(n int) { fmt.Println(n, "filtered") },
			Write:  func(i engine.WriteInfo) { fmt.Println(i.Records, "written") },
			Commit: func(i engine.CommitInfo) { fmt.Println("committed", i.Offsets[0].Position) },
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := eng.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// created → starting
	// starting → running
	// 1 filtered
	// 1 written
	// committed {"next":2}
	// running → stopped
}

// SinkRetry bounds how often a batch is given to the sink, whatever Retry says of
// all else.
func ExampleConfig_sinkRetry() {
	eng, err := engine.New(engine.Config{
		Name:   "greetings",
		Source: memory.Of(tailrace.Record{Topic: "hello", Value: tailrace.String("world")}),
		Sink: sink.Func(func(ctx context.Context, records []tailrace.Record) error {
			fmt.Println("a try")
			return errors.New("the table is locked")
		}),
		SinkRetry: engine.Retry{Timeout: -1, Attempts: 3, Delay: time.Millisecond},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = eng.Run(context.Background())
	fmt.Println(strings.Contains(err.Error(), "the table is locked"))
	// Output:
	// a try
	// a try
	// a try
	// true
}
