package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tailrace-io/tailrace"
)

// printer writes what came, so that a person sees at a glance what happened.
type printer struct {
	out      io.Writer
	coloured bool
	status   map[int64]string // of the orders seen so far
	at       time.Time        // of the last event
	placed   int
	updated  int
	began    time.Time
}

func newPrinter(out io.Writer) *printer {
	return &printer{out: out, coloured: isTerminal(out), status: map[int64]string{}, began: time.Now()}
}

// isTerminal says whether colours would be seen.
func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (p *printer) begin(database string, stored []tailrace.Offset) {
	fmt.Fprintf(p.out, "The shop is in %s; its table orders is asked for changes ten times a second.\n", database)
	if len(stored) > 0 {
		fmt.Fprintf(p.out, "Going on behind the stored offset %s,\nwith what happened in the meantime.\n", stored[0].Position)
	}
	fmt.Fprintf(p.out, "\n%-12s  %5s  %-10s %9s  %s\n", "time (UTC)", "order", "customer", "total", "what happened")
}

// event prints a row as it is after a change.
func (p *printer) event(r *tailrace.Record) {
	row := r.ValueStruct()
	show := func(field string) string {
		f, _ := row.Schema.Field(field)
		return tailrace.Display(f.Schema, row.Get(field))
	}
	id, status := row.Get("id").Int(), row.Get("status").Text()
	p.at = time.UnixMilli(row.Get("updated_at").Int()).UTC()

	what := "→ " + status
	if was, ok := p.status[id]; ok {
		what = was + " " + what
	}
	if status == "new" {
		what = "placed"
		p.placed++
	} else {
		p.updated++
	}
	p.status[id] = status
	fmt.Fprintf(p.out, "%-12s  %5d  %-10s %9s  %s\n", p.at.Format("15:04:05.000"), id, row.Get("customer").Text(), show("total"), p.colour(status, what))
}

func (p *printer) colour(status, text string) string {
	code := map[string]string{"new": "36", "paid": "33", "shipped": "32", "cancelled": "31"}[status]
	if !p.coloured || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p *printer) end(dir string, made int) {
	fmt.Fprintf(p.out, "\nThe shop made %d changes. In %.1f s came %d events: %d orders placed, %d moved on.\n",
		made, time.Since(p.began).Seconds(), p.placed+p.updated, p.placed, p.updated)
	if p.placed+p.updated < made {
		fmt.Fprintln(p.out, "(Of several changes of an order between two questions the last is seen.)")
	}
	fmt.Fprintf(p.out, "To go on from here:  go run ./examples/quickstart -dir %s\n", dir)
}
