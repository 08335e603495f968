// Quickstart shows change events within seconds, with nothing installed but Go:
//
//	go run ./examples/quickstart
//
// It makes a small shop in an SQLite database, lets orders come in and be paid
// and shipped, and prints what an engine sees of it that polls the database. It
// stops by itself after about five seconds. Run again with the same folder it
// goes on where it stopped.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/jdbc/sqlite"
)

const engineName = "quickstart"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "quickstart:", err)
	var wrong usageError
	if errors.As(err, &wrong) {
		os.Exit(2)
	}
	os.Exit(1)
}

// usageError is a command line that cannot be meant.
type usageError struct{ error }

// options are what the command line says.
type options struct {
	dir  string
	open time.Duration
}

func parse(args []string, out io.Writer) (o options, help bool, err error) {
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.dir, "dir", "", "the `folder` of the shop and its offsets; by default a new temporary one")
	flags.DurationVar(&o.open, "for", 5*time.Second, "how long the shop is open")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(out, "quickstart prints the changes of a small shop's database as they happen.")
		flags.SetOutput(out)
		flags.PrintDefaults()
		return o, true, nil
	case err != nil:
		return o, false, usageError{fmt.Errorf("%w; -help shows what there is", err)}
	case flags.NArg() > 0:
		return o, false, usageError{fmt.Errorf("there is no use for %q; -help shows what there is", flags.Arg(0))}
	case o.open <= 0:
		return o, false, usageError{errors.New("-for has to be longer than 0")}
	}
	return o, false, nil
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, help, err := parse(args, out)
	if err != nil || help {
		return err
	}
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "tailrace-quickstart-"); err != nil {
			return err
		}
	} else if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	database := filepath.Join(o.dir, "shop.db")
	shop, err := openShop(ctx, database)
	if err != nil {
		return fmt.Errorf("open the shop %s: %w", database, err)
	}
	defer shop.close()

	offsets := offset.File(filepath.Join(o.dir, "offsets.json"))
	stored, err := offsets.Load(ctx, engineName)
	if err != nil {
		return err
	}
	p := newPrinter(out)
	p.begin(database, stored)
	if len(stored) > 0 {
		if err := shop.businessWhileAway(ctx); err != nil {
			return err
		}
	}

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	eng, err := engine.New(engine.Config{
		Name: engineName,
		Source: jdbc.Source{
			URL:                "jdbc:sqlite:" + database,
			Dialect:            sqlite.Dialect{},
			Mode:               jdbc.TimestampIncrementing,
			IncrementingColumn: "id",
			TimestampColumns:   []string{"updated_at"},
			PollInterval:       100 * time.Millisecond,
		},
		Sink: sink.Func(func(_ context.Context, records []tailrace.Record) error {
			for i := range records {
				p.event(&records[i])
				shop.seen(p.at)
			}
			return nil
		}),
		Offsets: offsets,
	})
	if err != nil {
		return err
	}
	business := make(chan error, 1)
	go func() {
		defer stop()
		business <- shop.business(ctx, o.open)
	}()
	err = eng.Run(ctx)
	stop()
	if berr := <-business; err == nil {
		err = berr
	}
	if err != nil {
		return err
	}
	p.end(o.dir, shop.made)
	return nil
}
