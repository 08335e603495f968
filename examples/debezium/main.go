// Debezium runs the engine that a Debezium properties file describes, and
// prints each event as a line of JSON, until it is interrupted:
//
//	go run ./examples/debezium FILE.properties
//
// Keys, values and headers are in the form that the file's converters give
// them: {"topic":…,"key":…,"value":…,"headers":[{"key":…,"value":…}]}. With
// -count N it prints none of them, ends after N events, and says on standard
// error how fast they came. Everything else goes to standard error too.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/engine/connect/builtin"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/sink"
)

func main() {
	// Changes are garbage as soon as they are printed. Letting the heap grow to
	// five times its few live megabytes costs some 20 MB and saves a quarter of
	// the processor time. Where more are alive, for a moment, the heap is not to
	// be five times that: from the limit on the collector runs as it has to.
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(48 << 20)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "debezium:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, logs io.Writer) error {
	started := time.Now()
	flags := flag.NewFlagSet("debezium", flag.ContinueOnError)
	flags.SetOutput(logs)
	count := flags.Int64("count", 0, "print no events, and end after so many")
	flags.Usage = func() {
		fmt.Fprintln(logs, "usage: debezium [-count N] FILE.properties")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("give one properties file; -help says more")
	}
	text, err := os.ReadFile(flags.Arg(0))
	if err != nil {
		return err
	}
	properties, err := property.Parse(text)
	if err != nil {
		return fmt.Errorf("%s: %w", flags.Arg(0), err)
	}
	cfg, notes, err := builtin.Registry().Config(properties)
	if err != nil {
		return fmt.Errorf("%s: %w", flags.Arg(0), err)
	}
	cfg.Log = slog.New(slog.NewTextHandler(logs, nil))
	for _, note := range notes {
		cfg.Log.Info(note)
	}
	if *count > 0 {
		return runCounting(ctx, cfg, started, *count, logs)
	}
	cfg.Sink = printer(out)
	return runEngine(ctx, cfg)
}

func runEngine(ctx context.Context, cfg engine.Config) error {
	eng, err := engine.New(cfg)
	if err != nil {
		return err
	}
	return eng.Run(ctx)
}

// printer is a sink that prints a line an event, and whole batches at a time.
func printer(out io.Writer) sink.Sink {
	buffered := bufio.NewWriterSize(out, 1<<16)
	var line []byte
	return sink.Func(func(_ context.Context, records []tailrace.Record) error {
		for i := range records {
			line = appendEvent(line[:0], &records[i])
			if _, err := buffered.Write(line); err != nil {
				return fmt.Errorf("print an event: %w", err)
			}
		}
		return buffered.Flush()
	})
}

// appendEvent appends the line of an event, whose parts the converters have
// made JSON.
func appendEvent(dst []byte, r *tailrace.Record) []byte {
	dst = appendText(append(dst, `{"topic":`...), r.Topic)
	dst = appendPart(append(dst, `,"key":`...), r.Key)
	dst = appendPart(append(dst, `,"value":`...), r.Value)
	dst = append(dst, `,"headers":[`...)
	for i, h := range r.Headers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(append(dst, `{"key":`...), h.Key)
		dst = append(appendPart(append(dst, `,"value":`...), h.Value), '}')
	}
	return append(dst, "]}\n"...)
}

func appendPart(dst []byte, v tailrace.Value) []byte {
	if v.IsNull() {
		return append(dst, "null"...)
	}
	return append(dst, v.Bytes()...)
}

func appendText(dst []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // text always has a JSON form
	return append(dst, quoted...)
}

// runCounting counts events and bytes of their values, up to a number of
// events, and says how long they took.
func runCounting(ctx context.Context, cfg engine.Config, started time.Time, limit int64, logs io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var events, bytes int64
	var first, last time.Time
	cfg.Sink = sink.Func(func(_ context.Context, records []tailrace.Record) error {
		if events >= limit {
			return nil // what was read already when the last one came
		}
		last = time.Now()
		if events == 0 {
			first = last
		}
		for i := range records {
			bytes += int64(len(records[i].Value.Bytes()))
		}
		if events += int64(len(records)); events >= limit {
			cancel()
		}
		return nil
	})
	if err := runEngine(ctx, cfg); err != nil {
		return err
	}
	seconds := last.Sub(first).Seconds()
	startup := 0.0
	if events > 0 {
		startup = first.Sub(started).Seconds()
	}
	fmt.Fprintf(logs, "events=%d seconds=%.3f events/s=%.0f bytes=%d startup=%.2fs\n", events, seconds, float64(events)/max(seconds, 1e-9), bytes, startup)
	return nil
}
