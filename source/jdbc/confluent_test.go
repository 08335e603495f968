package jdbc_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/jdbc/postgres"
)

// Offsets in the spellings that versions of Confluent's connector left in
// connect-offsets, whose members a Java map has put in an order of its own.
func TestOffsetsOfConfluentsConnectorMoveOver(t *testing.T) {
	db := newDatabase(t, "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, at TIMESTAMP NOT NULL)",
		"INSERT INTO orders (at) VALUES ('2024-02-29 12:00:00.500'), ('2024-02-29 12:00:00.500'), ('2024-02-29 12:00:00.501'), ('2024-02-29 12:00:00.501')")
	for _, c := range []struct {
		mode                string
		partition, position string
		want                []string
	}{
		{"incrementing", `{"protocol":"1","table":"orders"}`, `{"incrementing":3}`, []string{"4"}},
		{"incrementing", `{"table":"orders","protocol":"1"}`, `{"incrementing":1}`, []string{"2", "3", "4"}},
		{"incrementing", `{"table":"orders"}`, `{"incrementing":3}`, []string{"4"}},
		{"timestamp", `{"protocol":"1","table":"orders"}`, `{"timestamp_nanos":500000000,"timestamp":1709208000500}`, []string{"3", "4"}},
		{"timestamp", `{"table":"orders"}`, `{"timestamp":1709208000499}`, []string{"1", "2", "3", "4"}},
		{"timestamp+incrementing", `{"protocol":"1","table":"orders"}`, `{"timestamp_nanos":500000000,"incrementing":1,"timestamp":1709208000500}`, []string{"2", "3", "4"}},
		{"timestamp+incrementing", `{"protocol":"1","table":"orders"}`, `{"timestamp_nanos":501000000,"incrementing":3,"timestamp":1709208000501}`, []string{"4"}},
		{"query", `{"query":"query"}`, `{"incrementing":2}`, []string{"3", "4"}},
	} {
		s := db.source(jdbc.Mode(c.mode))
		if c.mode == "query" {
			s = db.source(jdbc.Incrementing)
			s.Query, s.TopicPrefix = "SELECT * FROM orders", "orders"
		}
		r := open(t, s, tailrace.Offset{Partition: c.partition, Position: c.position}).until(len(c.want))
		assert.Equal(t, c.want, r.values("id"), "%s from %s", c.mode, c.position)
		assert.Zero(t, r.rest())
	}
}

// What stands before the schema depends on the version of PostgreSQL's driver
// for Java.
func TestOffsetsOfConfluentsConnectorMoveOverFromPostgres(t *testing.T) {
	server := testserver.Postgres(t)
	name := server.Database(t)
	server.Exec(t, name, "CREATE TABLE orders (id INT PRIMARY KEY)", "INSERT INTO orders VALUES (1), (2), (3)")
	for _, table := range []string{"public.orders", name + ".public.orders"} {
		r := open(t, jdbc.Source{URL: server.URL(name), Dialect: postgres.Dialect{}, Mode: jdbc.Incrementing, IncrementingColumn: "id"},
			tailrace.Offset{Partition: `{"table":"` + table + `","protocol":"1"}`, Position: `{"incrementing":2}`}).until(1)
		assert.Equal(t, []string{"3"}, r.values("id"))
		assert.Zero(t, r.rest())
	}
}
