// Connect runs connectors as Kafka Connect's connect-standalone does, by the
// same files:
//
//	go run ./examples/connect WORKER.properties CONNECTOR.json|CONNECTOR.properties …
//
// Each connector is an engine of its own. Standard error has a line for each
// change of a connector's state and, every five seconds, one for what it has
// done; -progress sets another time. A connector that fails says why and leaves
// the others running. Interrupt the program: what was read is written, and the
// next run goes on from there.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/engine/connect"
	"github.com/tailrace-io/tailrace/engine/connect/builtin"
	"github.com/tailrace-io/tailrace/engine/connect/property"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "connect:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, logs io.Writer) error {
	flags := flag.NewFlagSet("connect", flag.ContinueOnError)
	flags.SetOutput(logs)
	every := flags.Duration("progress", 5*time.Second, "the time between two lines on what a connector has done")
	flags.Usage = func() {
		fmt.Fprintln(logs, "usage: connect [-progress 5s] WORKER.properties CONNECTOR.json|CONNECTOR.properties …")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if flags.NArg() < 2 {
		return errors.New("give a worker's properties and one connector or more; -help says how")
	}
	if *every <= 0 {
		return fmt.Errorf("-progress %v: give a time above 0", *every)
	}
	log := slog.New(slog.NewTextHandler(logs, nil))
	connectors, err := read(flags.Arg(0), flags.Args()[1:], log)
	if err != nil {
		return err
	}
	return runAll(ctx, connectors, *every)
}

// read makes connectors of their files. Nothing starts as long as anything is
// wrong with one of them, and everything that is wrong is said at once.
func read(workerFile string, files []string, log *slog.Logger) ([]*connector, error) {
	text, err := os.ReadFile(workerFile)
	if err != nil {
		return nil, err
	}
	config, err := property.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", workerFile, err)
	}
	registry := builtin.Registry()
	registry.Log = log
	worker, notes, err := registry.Worker(config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", workerFile, err)
	}
	for _, note := range notes {
		log.Info(note, "file", workerFile)
	}
	var connectors []*connector
	var errs []error
	from := make(map[string]string) // the files of the names
	for _, file := range files {
		c, err := readConnector(worker, file, log)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", file, err))
			continue
		}
		if other, ok := from[c.name]; ok {
			errs = append(errs, fmt.Errorf("%s: the name %q is that of the connector of %s, too: give one of the two another", file, c.name, other))
			continue
		}
		from[c.name] = file
		connectors = append(connectors, c)
	}
	return connectors, errors.Join(errs...)
}

func readConnector(worker connect.Worker, file string, log *slog.Logger) (*connector, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	config, err := connect.ParseConnector(text)
	if err != nil {
		return nil, err
	}
	cfg, notes, err := worker.Config(config)
	if err != nil {
		return nil, err
	}
	for _, note := range notes {
		log.Info(note, "file", file)
	}
	c := &connector{name: cfg.Name, log: log.With("connector", cfg.Name)}
	cfg.Log = log
	cfg.Trace = c.progress.trace()
	c.engine, err = engine.New(cfg)
	return c, err
}
