// Binlog hands the changes of one MySQL table to a callback, as Go structs.
//
//	go run ./examples/binlog -addr localhost:3306 -user cdc -database shop
//
// The password comes from the environment variable MYSQL_PWD. The table orders
// should have the columns of Order below; more columns do no harm. Try it with
//
//	CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, status VARCHAR(20), total DECIMAL(12,2), note TEXT);
//
// and change some rows. Interrupt it: it writes down how far it came, and goes
// on there the next time.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/source/mysql"
)

// Order is a row of the table orders.
type Order struct {
	ID     int64
	Status *string
	Total  *string // a decimal as text keeps every digit
	Note   *string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "binlog:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	addr := flag.String("addr", "localhost:3306", "the server's host and port")
	user := flag.String("user", "root", "the user; the password is in MYSQL_PWD")
	database := flag.String("database", "shop", "the database that has the table orders")
	offsets := flag.String("offsets", "binlog.offsets", "the file that keeps how far the last run came")
	verbose := flag.Bool("v", false, "log what the engine does")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("%q is one argument too many; see -help", flag.Arg(0))
	}
	level := slog.LevelWarn
	if *verbose {
		level = slog.LevelInfo
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))

	eng, err := engine.New(engine.Config{
		Name: "orders",
		Source: mysql.Source{
			Addr: *addr, User: *user, Password: os.Getenv("MYSQL_PWD"),
			TopicPrefix: "binlog", Databases: mysql.Include(*database), Tables: mysql.Include(*database + `\.orders`),
			Log: log,
		},
		Sink:    sink.Changes(show),
		Offsets: offset.File(*offsets),
		Log:     log,
		Trace: engine.Trace{State: func(_, to engine.State) {
			if to == engine.Running {
				fmt.Printf("reading %s.orders of %s; interrupt to stop\n", *database, *addr)
			}
		}},
	})
	if err != nil {
		return err
	}
	return eng.Run(ctx)
}

// show prints a line a change.
func show(_ context.Context, changes []tailrace.ChangeOf[Order]) error {
	for _, c := range changes {
		at := c.Source.Time().Format("15:04:05.000")
		switch c.Op {
		case tailrace.OpRead, tailrace.OpCreate:
			fmt.Printf("%s  %-6s  order %d: %s, %s\n", at, c.Op, c.After.ID, text(c.After.Status), text(c.After.Total))
		case tailrace.OpUpdate:
			fmt.Printf("%s  %-6s  order %d: %s\n", at, c.Op, c.After.ID, difference(c.Before, c.After))
		case tailrace.OpDelete:
			fmt.Printf("%s  %-6s  order %d: was %s, %s\n", at, c.Op, c.Before.ID, text(c.Before.Status), text(c.Before.Total))
		}
	}
	return nil
}

// difference says what an update changed.
func difference(before, after *Order) string {
	if before == nil {
		return "the log has no row from before"
	}
	line := ""
	for _, f := range []struct {
		name     string
		was, now *string
	}{{"status", before.Status, after.Status}, {"total", before.Total, after.Total}, {"note", before.Note, after.Note}} {
		if text(f.was) != text(f.now) {
			if line != "" {
				line += ", "
			}
			line += fmt.Sprintf("%s %s → %s", f.name, text(f.was), text(f.now))
		}
	}
	if line == "" {
		return "nothing that is shown here"
	}
	return line
}

func text(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}
