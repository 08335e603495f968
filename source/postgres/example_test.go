package postgres_test

import (
	"context"
	"fmt"

	"github.com/tailrace-io/tailrace/source/postgres"
	"github.com/tailrace-io/tailrace/source/signal"
)

// Everything that is wrong with a configuration is in one error.
func ExampleSource() {
	src := postgres.Source{
		Addr:        "db.example.com",
		User:        "cdc",
		Password:    "secret",
		TopicPrefix: "shop",
		Tables:      postgres.Include(`public\.orders`, `public\.customers`),
		Slot:        "Tailrace",
	}
	_, err := src.Open(context.Background(), nil)
	fmt.Println(err)
	// Output:
	// postgres source: the configuration is not valid: Database is empty: say which database of db.example.com:5432 to read
	// Slot is "Tailrace": a slot's name has 1 to 63 lower-case letters, digits and underscores
}

// Filters choose names as a whole, in any case.
func ExampleInclude() {
	fmt.Println(postgres.Include(`public\..*`).Include, postgres.Exclude(`audit\..*`).Exclude)
	// Output: [public\..*] [audit\..*]
}

// An application has a running source read rows again, and is told how that
// goes. With ReadOnly nothing is written to the server.
func ExampleSource_signals() {
	var signals signal.Queue
	src := postgres.Source{
		Addr: "db.example.com", User: "cdc", Database: "shop", TopicPrefix: "shop",
		Signals:  []signal.Channel{&signals, signal.File{Path: "signals.txt"}},
		ReadOnly: true, ChunkRows: 500,
		Notify: func(n signal.Notification) { fmt.Println(n.Aggregate, n.Status, n.Data["data_collections"]) },
	}
	for _, channel := range src.Signals {
		fmt.Println("listens to", channel.Name())
	}
	signals.Snapshot(signal.Snapshot{Tables: []string{`public\.orders`}, Conditions: []signal.Condition{{Table: "public.orders", Where: "year >= 2025"}}})
	src.Notify(signal.Notification{Aggregate: signal.IncrementalSnapshot, Status: signal.Started, Data: map[string]string{"data_collections": "public.orders"}})
	// Output:
	// listens to in-process
	// listens to file
	// Incremental Snapshot STARTED public.orders
}
