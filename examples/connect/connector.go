package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tailrace-io/tailrace/engine"
)

// connector is one that runs beside the others.
type connector struct {
	name     string
	engine   *engine.Engine
	log      *slog.Logger
	progress progress
}

// runAll runs the connectors side by side until all of them have ended. One that
// fails leaves the others alone; its error is logged as it comes, and those that
// have failed are named in the end.
func runAll(ctx context.Context, connectors []*connector, every time.Duration) error {
	failed := make([]bool, len(connectors))
	var wg sync.WaitGroup
	for i, c := range connectors {
		wg.Go(func() {
			if err := c.run(ctx, every); err != nil {
				c.log.Error("failed", "error", err.Error())
				failed[i] = true
			}
		})
	}
	wg.Wait()
	var names []string
	for i, c := range connectors {
		if failed[i] {
			names = append(names, c.name)
		}
	}
	if len(names) > 0 {
		return fmt.Errorf("%d of %d connectors failed: %s", len(names), len(connectors), strings.Join(names, ", "))
	}
	return nil
}

// run runs the engine and tells what it does.
func (c *connector) run(ctx context.Context, every time.Duration) error {
	done := make(chan error, 1)
	go func() { done <- c.engine.Run(ctx) }()
	tick := time.NewTicker(every)
	defer tick.Stop()
	last, since := int64(0), time.Now()
	for {
		select {
		case err := <-done:
			c.log.Info("ended", "records", c.progress.written.Load(), "set aside", c.progress.dropped.Load())
			return err
		case now := <-tick.C:
			n := c.progress.written.Load()
			c.log.Info("progress", "records", n, "rate", fmt.Sprintf("%.0f/s", float64(n-last)/now.Sub(since).Seconds()),
				"lag", time.Duration(c.progress.lag.Load()).Round(time.Millisecond), "set aside", c.progress.dropped.Load())
			last, since = n, now
		}
	}
}

// progress counts what an engine does.
type progress struct{ written, dropped, lag atomic.Int64 }

func (p *progress) trace() engine.Trace {
	return engine.Trace{
		Write: func(i engine.WriteInfo) {
			p.written.Add(int64(i.Records))
			p.lag.Store(int64(i.Lag))
		},
		Drop: func(engine.DropInfo) { p.dropped.Add(1) },
	}
}
