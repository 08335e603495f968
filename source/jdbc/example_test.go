package jdbc_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/jdbc/sqlite"
)

// A table is read by its number and the time of its last change, and read on
// from the offset of the last batch.
func ExampleSource() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "shop")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "shop.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`
		CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, status TEXT, total DECIMAL(8,2), updated_at TIMESTAMP NOT NULL);
		INSERT INTO orders (status, total, updated_at) VALUES ('new', 12.5, '2026-01-31 15:04:05.123'), ('paid', 40, '2026-01-31 15:04:06.789')`); err != nil {
		log.Fatal(err)
	}

	src := jdbc.Source{
		URL:                "jdbc:sqlite:" + path,
		Dialect:            sqlite.Dialect{},
		Mode:               jdbc.TimestampIncrementing,
		IncrementingColumn: "id",
		TimestampColumns:   []string{"updated_at"},
		TopicPrefix:        "shop.",
	}
	r, err := src.Open(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	b, err := r.Read(ctx)
	if err = errors.Join(err, r.Close()); err != nil {
		log.Fatal(err)
	}
	for i := range b.Records {
		fmt.Println(b.Records[i].Topic, b.Records[i].ValueStruct())
	}
	fmt.Println(b.Offsets[0].Partition, b.Offsets[0].Position)

	if _, err := db.Exec("UPDATE orders SET status = 'paid', updated_at = '2026-01-31 15:10:00.001' WHERE id = 1"); err != nil {
		log.Fatal(err)
	}
	if r, err = src.Open(ctx, b.Offsets); err != nil {
		log.Fatal(err)
	}
	b, err = r.Read(ctx)
	if err = errors.Join(err, r.Close()); err != nil {
		log.Fatal(err)
	}
	for i := range b.Records {
		fmt.Println(b.Records[i].Topic, b.Records[i].ValueStruct())
	}
	// Output:
	// shop.orders {id: 1, status: new, total: 12.50, updated_at: 2026-01-31T15:04:05.123Z}
	// shop.orders {id: 2, status: paid, total: 40.00, updated_at: 2026-01-31T15:04:06.789Z}
	// {"protocol":"1","table":"orders"} {"incrementing":2,"timestamp":1769871846789,"timestamp_nanos":789000000}
	// shop.orders {id: 1, status: paid, total: 12.50, updated_at: 2026-01-31T15:10:00.001Z}
}

// The properties of Confluent's connector become a Source.
func ExampleFromProperties() {
	p := property.New(map[string]string{
		"connection.url":           "jdbc:sqlite:test.db",
		"mode":                     "incrementing",
		"incrementing.column.name": "id",
		"topic.prefix":             "test-sqlite-jdbc-",
		"timestmp.delay.interval":  "10",
	})
	src := jdbc.FromProperties(p, sqlite.Dialect{})
	fmt.Println(src.Mode, src.IncrementingColumn, src.PollInterval)
	fmt.Println(p.Err())
	// Output:
	// incrementing id 5s
	// the configuration is wrong: timestmp.delay.interval: no such property; did you mean timestamp.delay.interval.ms?
}

func ExampleParseTime() {
	for _, text := range []string{"2026-01-31", "2026-01-31 15:04:05.25", "2026-01-31T15:04+01:00", "31.1.2026"} {
		t, ok := jdbc.ParseTime(text, time.UTC)
		fmt.Println(t.UTC(), ok)
	}
	// Output:
	// 2026-01-31 00:00:00 +0000 UTC true
	// 2026-01-31 15:04:05.25 +0000 UTC true
	// 2026-01-31 14:04:00 +0000 UTC true
	// 0001-01-01 00:00:00 +0000 UTC false
}

// With Micros a timestamp keeps every digit that the column has.
func ExampleGranularity() {
	dir, err := os.MkdirTemp("", "shop")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "shop.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE orders (at TIMESTAMP NOT NULL); INSERT INTO orders VALUES ('2026-01-31 15:04:05.123456')"); err != nil {
		log.Fatal(err)
	}
	for _, granularity := range []jdbc.Granularity{jdbc.Logical, jdbc.Micros} {
		r, err := jdbc.Source{URL: "jdbc:sqlite:" + path, Dialect: sqlite.Dialect{}, Mode: jdbc.Bulk, Granularity: granularity}.Open(context.Background(), nil)
		if err != nil {
			log.Fatal(err)
		}
		b, err := r.Read(context.Background())
		if err = errors.Join(err, r.Close()); err != nil {
			log.Fatal(err)
		}
		row := b.Records[0].ValueStruct()
		at, _ := row.Schema.Field("at")
		fmt.Println(at.Schema.Name(), row.Get("at").Int())
	}
	// Output:
	// org.apache.kafka.connect.data.Timestamp 1769871845123
	// io.debezium.time.MicroTimestamp 1769871845123456
}
