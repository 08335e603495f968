package jdbc_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/sink/jdbc/sqlite"
	"github.com/tailrace-io/tailrace/source/memory"
)

// A table follows another: its changes are written as they come, and with an
// OffsetTable each takes effect exactly once.
func ExampleSink() {
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "copy.db")

	type Customer struct {
		ID   int64
		Name string
	}
	customers, _ := memory.NewTable[Customer]("shop.public.customers", "id")
	changes := memory.Of(
		customers.Create(Customer{1, "Ada"}),
		customers.Create(Customer{2, "Grace"}),
		customers.Update(Customer{1, "Ada"}, Customer{1, "Ada Lovelace"}),
		customers.Delete(Customer{2, "Grace"}),
	)
	e, err := engine.New(engine.Config{
		Name:   "copy",
		Source: changes,
		Sink: jdbc.Sink{
			URL: "jdbc:sqlite:" + file, Dialect: sqlite.Dialect{},
			TableFormat: "${source.table}",
			InsertMode:  jdbc.InsertUpsert, PKMode: jdbc.KeyRecordKey, Deletes: true, AutoCreate: true,
			OffsetTable: "tailrace_offsets",
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Run(context.Background()))

	db, _ := sqlite.Dialect{}.Open(file, "", "")
	defer db.Close()
	var id int
	var name string
	fmt.Println(db.QueryRow("SELECT id, name FROM customers").Scan(&id, &name), id, name)
	// Output:
	// <nil>
	// <nil> 1 Ada Lovelace
}

// The settings of Confluent's connector make a Sink.
func ExampleFromProperties() {
	p := property.New(map[string]string{
		"connection.url": "jdbc:sqlite:copy.db",
		"insert.mode":    "upsert",
		"pk.mode":        "record_key",
		"auto.create":    "true",
		"max.retries":    "10",
	})
	s := jdbc.FromProperties(p, sqlite.Dialect{})
	fmt.Println(p.Err())
	fmt.Println(p.Notes())
	fmt.Println(s.Dialect.Name(), s.InsertMode, s.PKMode, s.AutoCreate)
	// Output:
	// <nil>
	// []
	// Sqlite upsert record_key true
}

// A Dialect says how statements look.
func ExampleDialect() {
	query, rows := sqlite.Dialect{}.Statement(jdbc.Write{
		Op: jdbc.Upsert, Table: jdbc.Table{Name: "customers"}, Keys: 1,
		Columns: []jdbc.Column{{Name: "id"}, {Name: "name"}},
		Syntax:  sqlite.Dialect{}.Syntax(),
	}, 500)
	fmt.Println(query)
	fmt.Println(rows, "row at a time")
	// Output:
	// INSERT INTO `customers` (`id`, `name`) VALUES (?, ?) ON CONFLICT (`id`) DO UPDATE SET `name` = excluded.`name`
	// 1 row at a time
}
