package postgres_test

import (
	"context"
	"fmt"

	"github.com/tailrace-io/tailrace/source/postgres"
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
