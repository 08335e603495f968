package mysql_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/source/mysql"
)

// The definitions that tables had are kept in a file beside the one in which
// Debezium kept its own, which is read once.
func ExampleFromProperties() {
	p := property.New(map[string]string{
		"database.hostname": "db", "database.user": "cdc", "topic.prefix": "shop",
		"schema.history.internal":               "io.debezium.storage.file.history.FileSchemaHistory",
		"schema.history.internal.file.filename": "history",
		"converters":                            "flags",
		"flags.type":                            "io.debezium.connector.mysql.converters.TinyIntOneToBooleanConverter",
		"flags.selector":                        "shop.orders.paid",
	})
	src := mysql.FromProperties(p, nil).(mysql.Source)
	fmt.Println(p.Err(), src.Addr)
	fmt.Println("definitions are kept in", src.SchemaHistory.(offset.File))
	fmt.Println("schema changes are told of:", src.SchemaChangeScope)
	fmt.Println(src.Conversions[0].Columns, "become", src.Conversions[0].To)
	// Output:
	// <nil> db:3306
	// definitions are kept in history.tables
	// schema changes are told of: all
	// [shop.orders.paid] become flag
}

func ExampleDebeziumHistoryFile() {
	dir, err := os.MkdirTemp("", "history")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "history")
	text := `{"source":{"server":"shop"},"position":{"file":"binlog.000001","pos":4},"ddl":"CREATE TABLE a (id INT)"}` + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	src := mysql.Source{TopicPrefix: "shop", SchemaHistory: new(offset.Memory), DebeziumHistory: mysql.DebeziumHistoryFile(file)}
	err = src.DebeziumHistory(context.Background(), func(record []byte) error {
		fmt.Print(string(record))
		return nil
	})
	fmt.Println(err)
	// Output:
	// {"source":{"server":"shop"},"position":{"file":"binlog.000001","pos":4},"ddl":"CREATE TABLE a (id INT)"}
	// <nil>
}
