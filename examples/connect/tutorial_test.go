package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	_ "modernc.org/sqlite"

	"github.com/tailrace-io/tailrace/internal/program"
	"github.com/tailrace-io/tailrace/internal/testserver"
)

// The configurations of tutorials, as they stand there.
func TestTutorials(t *testing.T) {
	bin := program.Build(t, ".")
	broker := testserver.StartKafka(t, "auto.create.topics.enable=true")
	for name, run := range map[string]func(*testing.T, *worker){
		"a file is tailed to a topic and the topic to a file":                    tailsAFile,
		"a table of MySQL goes to a topic by its incrementing column":            readsMySQLIncrementing,
		"tables of MySQL go to topics by timestamp and incrementing column":      readsMySQLTimestampIncrementing,
		"a topic fills a table of MariaDB that is made and gets more columns":    fillsMariaDB,
		"topics that match fill a table each":                                    fillsTablesOfTopics,
		"an application's own message with its schema becomes a row":             storesAnOrder,
		"MySQL's changes go to Kafka as Debezium's tutorial has them":            streamsMySQL,
		"PostgreSQL's changes go to Kafka as Debezium's tutorial has them":       streamsPostgres,
		"changes of MySQL are unwrapped into a table of PostgreSQL, deletes too": unwrapsIntoPostgres,
		"changes of MySQL go as they are into tables that the source names":      mirrorsIntoPostgres,
	} {
		t.Run(name, func(t *testing.T) { run(t, newWorker(t, bin, broker)) })
	}
}

func tailsAFile(t *testing.T, w *worker) {
	from, to := w.write(t, "test.txt", "foo\nbar\nno end"), filepath.Join(w.dir, "test.sink.txt")
	source, sink := w.file(t, "connect-file-source.properties", "file=test.txt", "file="+from), w.file(t, "connect-file-sink.properties", "file=test.sink.txt", "file="+to)
	p := w.start(t, source, sink)
	awaitFile(t, to, "foo\nbar\n")
	_, err := p.Interrupt()
	require.NoError(t, err)

	f, err := os.OpenFile(from, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(" yet\nAnother line\n")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	p = w.start(t, source, sink)
	awaitFile(t, to, "foo\nbar\nno end yet\nAnother line\n")
	_, err = p.Interrupt()
	require.NoError(t, err)

	r := w.consume(t, "connect-test", 4)[0]
	assert.Nil(t, r.Key)
	assert.Equal(t, `{"schema":{"type":"string","optional":false},"payload":"foo"}`, string(r.Value))
	offsets, err := os.ReadFile(filepath.Join(w.dir, "connect.offsets"))
	require.NoError(t, err)
	assert.Contains(t, string(offsets), `"position": {"position":32}`)
	assert.NotContains(t, string(offsets), "local-file-sink", "its offsets are the group's")
}

func awaitFile(t *testing.T, path, want string) {
	t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for {
		text, err := os.ReadFile(path)
		if err == nil && string(text) == want {
			return
		}
		if time.Now().After(deadline) {
			require.NoError(t, err)
			require.Equal(t, want, string(text))
		}
		<-time.After(20 * time.Millisecond)
	}
}

func readsMySQLIncrementing(t *testing.T, w *worker) {
	server := testserver.MySQL(t)
	db := server.Database(t)
	server.Exec(t, "USE "+db, "CREATE TABLE accounts (id INT PRIMARY KEY AUTO_INCREMENT, full_name VARCHAR(100), balance DECIMAL(10,2), since DATETIME NOT NULL)",
		"INSERT INTO accounts (full_name, balance, since) VALUES ('Ann', 12.5, '2024-02-29 12:00:00'), ('Bob', NULL, '2024-02-29 12:00:01')")
	p := w.start(t, w.file(t, "jdbc-source-mysql-incrementing.json", "mysql:3306/demo", server.Addr+"/"+db, "connect_user", server.User, "asgard", server.Password, "demo.", db+"."))
	w.consume(t, "mysql-01-accounts", 2)
	server.Exec(t, "INSERT INTO "+db+".accounts (full_name, balance, since) VALUES ('Cy', -1, '2024-03-01 00:00:00')")
	seen := map[string]bool{}
	for _, r := range w.consume(t, "mysql-01-accounts", 3) { // of three partitions
		assert.Nil(t, r.Key)
		var message struct{ Schema, Payload json.RawMessage }
		require.NoError(t, json.Unmarshal(r.Value, &message))
		seen[string(message.Payload)] = true
		assert.JSONEq(t, `{"type":"struct","optional":false,"name":"accounts","fields":[{"field":"id","type":"int32","optional":false},
			{"field":"full_name","type":"string","optional":true},{"field":"balance","type":"double","optional":true},
			{"field":"since","type":"int64","optional":false,"name":"org.apache.kafka.connect.data.Timestamp","version":1}]}`, string(message.Schema))
	}
	assert.Equal(t, map[string]bool{
		`{"id":1,"full_name":"Ann","balance":12.5,"since":1709208000000}`: true, `{"id":2,"full_name":"Bob","balance":null,"since":1709208001000}`: true,
		`{"id":3,"full_name":"Cy","balance":-1.0,"since":1709251200000}`: true,
	}, seen)
	_, err := p.Interrupt()
	require.NoError(t, err)
	offsets, err := os.ReadFile(filepath.Join(w.dir, "connect.offsets"))
	require.NoError(t, err)
	assert.Contains(t, string(offsets), `"partition": {"protocol":"1","table":"`+db+`.accounts"}`)
	assert.Contains(t, string(offsets), `"position": {"incrementing":3}`)
}

func readsMySQLTimestampIncrementing(t *testing.T, w *worker) {
	server := testserver.MySQL(t)
	db := server.Database(t)
	server.Exec(t, "USE "+db, "CREATE TABLE users (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20), modified TIMESTAMP(3) NULL)",
		"CREATE TABLE products LIKE users", "CREATE TABLE transactions LIKE users", "CREATE TABLE others LIKE users",
		"INSERT INTO users (name, modified) VALUES ('never seen', NULL), ('Ann', '2024-02-29 12:00:00.5'), ('Bob', '2024-02-29 12:00:00.5')",
		"INSERT INTO products (name, modified) VALUES ('pen', '2024-02-29 12:00:00')")
	p := w.start(t, w.file(t, "jdbc-source-mysql-timestamp-incrementing.properties",
		"mysql.example.com:3306/my_database?user=alice&password=secret", server.Addr+"/"+db+"?user="+server.User+"&password="+server.Password))
	users := w.consume(t, "mysql-users", 2)
	assert.Contains(t, string(users[0].Value), `"payload":{"id":2,"name":"Ann","modified":1709208000500}}`)
	assert.Contains(t, string(users[1].Value), `"payload":{"id":3,"name":"Bob","modified":1709208000500}}`)
	assert.Contains(t, string(w.consume(t, "mysql-products", 1)[0].Value), `"pen"`)
	server.Exec(t, "UPDATE "+db+".users SET name = 'Anna', modified = '2024-02-29 12:00:01' WHERE id = 2")
	assert.Contains(t, string(w.consume(t, "mysql-users", 3)[2].Value), `"payload":{"id":2,"name":"Anna","modified":1709208001000}}`)
	_, err := p.Interrupt()
	require.NoError(t, err)
}

func fillsMariaDB(t *testing.T, w *worker) {
	server := testserver.MariaDB(t)
	db := server.Database(t)
	const first = `{"schema":{"type":"struct","optional":false,"fields":[{"field":"id","type":"int32","optional":false},{"field":"name","type":"string","optional":true}]},"payload":`
	w.produce(t, &kgo.Record{Topic: "accounts", Value: []byte(first + `{"id":1,"name":"Ann"}}`)}, &kgo.Record{Topic: "accounts", Value: []byte(first + `{"id":1,"name":"Anna"}}`)},
		&kgo.Record{Topic: "accounts", Value: []byte(first + `{"id":2,"name":null}}`)})
	p := w.start(t, w.file(t, "jdbc-sink-mariadb.json", "mariadb:3306/demo", server.Addr+"/"+db, "connect_user", server.User, "asgard", server.Password))
	awaitRows(t, server.DB(t, db), "SELECT * FROM accounts ORDER BY id", "1|Anna", "2|NULL")
	w.produce(t, &kgo.Record{Topic: "accounts", Value: []byte(`{"schema":{"type":"struct","optional":false,"fields":[{"field":"id","type":"int32","optional":false},` +
		`{"field":"name","type":"string","optional":true},{"field":"score","type":"double","optional":true}]},"payload":{"id":2,"name":"Bob","score":1.5}}`)})
	awaitRows(t, server.DB(t, db), "SELECT * FROM accounts ORDER BY id", "1|Anna|NULL", "2|Bob|1.5")
	_, err := p.Interrupt()
	require.NoError(t, err)
}

func fillsTablesOfTopics(t *testing.T, w *worker) {
	server := testserver.Postgres(t)
	db := server.Database(t)
	const schema = `{"schema":{"type":"struct","optional":false,"fields":[{"field":"id","type":"int64","optional":false},{"field":"at","type":"int64","optional":true,` +
		`"name":"org.apache.kafka.connect.data.Timestamp","version":1}]},"payload":`
	for _, topic := range []string{"target_a", "target-b", "other"} {
		w.produce(t, &kgo.Record{Topic: topic, Value: []byte(schema + `{"id":1,"at":1501834166000}}`)}, &kgo.Record{Topic: topic, Value: []byte(schema + `{"id":2}}`)})
	}
	p := w.start(t, w.file(t, "jdbc-sink-topics-regex.json", "postgres:5432/warehouse", server.Addr+"/"+db, "connect_user", server.User, "asgard", server.Password))
	pool := server.DB(t, db)
	awaitRows(t, pool, `SELECT id, at::text FROM target_a ORDER BY id`, "1|2017-08-04 08:09:26", "2|NULL")
	awaitRows(t, pool, `SELECT id FROM "target-b" ORDER BY id`, "1", "2")
	_, err := p.Interrupt()
	require.NoError(t, err)
	awaitRows(t, pool, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`, "target-b", "target_a")
}

func storesAnOrder(t *testing.T, w *worker) {
	order, err := os.ReadFile(filepath.Join("testdata", "order.json"))
	require.NoError(t, err)
	w.produce(t, &kgo.Record{Topic: "orders", Value: order})
	path := filepath.Join(w.dir, "test.db")
	db := openSQLite(t, path)
	_, err = db.Exec("PRAGMA user_version = 1") // which makes the file
	require.NoError(t, err)
	p := w.start(t, w.file(t, "sink-quickstart-sqlite.properties", "jdbc:sqlite:test.db", "jdbc:sqlite:"+path))
	awaitRows(t, db, "SELECT c1, c2, create_ts = update_ts FROM orders", "10000|bar|1")
	_, err = p.Interrupt()
	require.NoError(t, err)
}

// inventory makes the table of Debezium's tutorial that its pages show.
var inventory = []string{
	"CREATE TABLE customers (id INTEGER NOT NULL PRIMARY KEY, first_name VARCHAR(255) NOT NULL, last_name VARCHAR(255) NOT NULL, email VARCHAR(255) NOT NULL UNIQUE)",
	"INSERT INTO customers VALUES (1001, 'Sally', 'Thomas', 'sally.thomas@acme.com'), (1002, 'George', 'Bailey', 'gbailey@foobar.com')",
}

// change is what the payload of a change's message has.
type change struct {
	Op            string
	Before, After map[string]any
	Source        map[string]any
}

func changeOf(t *testing.T, r *kgo.Record) (c change) {
	t.Helper()
	var message struct {
		Schema  struct{ Name string }
		Payload *change
	}
	require.NoError(t, json.Unmarshal(r.Value, &message), string(r.Value))
	require.NotNil(t, message.Payload)
	assert.Equal(t, r.Topic+".Envelope", message.Schema.Name)
	return *message.Payload
}

func checkCustomers(t *testing.T, w *worker, topic string, exec func(string)) {
	t.Helper()
	first := w.consume(t, topic, 2)
	assert.Contains(t, string(first[0].Key), `"payload":{"id":1001}}`)
	c := changeOf(t, first[0])
	assert.Equal(t, "r", c.Op)
	assert.Equal(t, map[string]any{"id": 1001.0, "first_name": "Sally", "last_name": "Thomas", "email": "sally.thomas@acme.com"}, c.After)
	exec("UPDATE customers SET first_name = 'Anne' WHERE id = 1002")
	exec("DELETE FROM customers WHERE id = 1001")
	all := w.consume(t, topic, 5)
	c = changeOf(t, all[2])
	assert.Equal(t, "u", c.Op)
	assert.Equal(t, "Anne", c.After["first_name"])
	c = changeOf(t, all[3])
	assert.Equal(t, "d", c.Op)
	assert.Nil(t, c.After)
	assert.Nil(t, all[4].Value, "a tombstone follows a delete")
	assert.Equal(t, all[3].Key, all[4].Key)
}

func streamsMySQL(t *testing.T, w *worker) {
	server := testserver.MySQL(t)
	db := server.Database(t)
	server.Exec(t, append([]string{"USE " + db}, inventory...)...)
	host, port := hostPort(t, server.Addr)
	p := w.start(t, w.file(t, "register-mysql.json", `"database.hostname": "mysql"`, `"database.hostname": "`+host+`"`, "3306", port, `"debezium"`, `"`+server.User+`"`,
		`"dbz"`, `"`+server.Password+`"`, "184054", serverID(), `"inventory"`, `"`+db+`"`, "kafka:9092", strings.Join(w.brokers, ",")))
	pool := server.DB(t, db)
	checkCustomers(t, w, "dbserver1."+db+".customers", func(statement string) {
		_, err := pool.Exec(statement)
		require.NoError(t, err)
	})
	_, err := p.Interrupt()
	require.NoError(t, err)
}

func streamsPostgres(t *testing.T, w *worker) {
	server := testserver.Postgres(t)
	db := server.Database(t)
	server.Exec(t, db, append([]string{"CREATE SCHEMA inventory", "SET search_path = inventory"}, append(inventory, "ALTER TABLE customers REPLICA IDENTITY FULL")...)...)
	host, port := hostPort(t, server.Addr)
	p := w.start(t, w.file(t, "register-postgres.json", `"database.hostname": "postgres"`, `"database.hostname": "`+host+`"`, "5432", port, `"database.user": "postgres"`, `"database.user": "`+server.User+`"`,
		`"database.password": "postgres"`, `"database.password": "`+server.Password+`"`, `"database.dbname" : "postgres"`, `"slot.name": "`+db+`", "database.dbname": "`+db+`"`))
	pool := server.DB(t, db)
	checkCustomers(t, w, "dbserver2.inventory.customers", func(statement string) {
		conn, err := pool.Conn(t.Context())
		require.NoError(t, err)
		defer conn.Close()
		for _, text := range []string{"SET search_path = inventory", statement} {
			_, err = conn.ExecContext(context.Background(), text)
			require.NoError(t, err)
		}
	})
	_, err := p.Interrupt()
	require.NoError(t, err)
}

func unwrapsIntoPostgres(t *testing.T, w *worker) {
	from, to := testserver.MySQL(t), testserver.Postgres(t)
	db, target := from.Database(t), to.Database(t)
	from.Exec(t, append([]string{"USE " + db}, inventory...)...)
	host, port := hostPort(t, from.Addr)
	source := w.file(t, "unwrap-source.json", `"database.hostname": "mysql"`, `"database.hostname": "`+host+`"`, "3306", port, `"debezium"`, `"`+from.User+`"`,
		`"dbz"`, `"`+from.Password+`"`, "184054", serverID(), `"inventory"`, `"`+db+`"`, "kafka:9092", strings.Join(w.brokers, ","))
	sink := w.file(t, "unwrap-jdbc-sink.json", "postgres:5432/inventory?user=postgresuser&password=postgrespw", to.Addr+"/"+target+"?user="+to.User+"&password="+to.Password)
	p := w.start(t, source, sink)
	pool := to.DB(t, target)
	const query = "SELECT id, first_name, email FROM customers ORDER BY id"
	awaitRows(t, pool, query, "1001|Sally|sally.thomas@acme.com", "1002|George|gbailey@foobar.com")
	from.Exec(t, "USE "+db, "DELETE FROM customers WHERE id = 1001", "UPDATE customers SET first_name = 'Anne' WHERE id = 1002", "INSERT INTO customers VALUES (1003, 'Edward', 'Walker', 'ed@walker.com')")
	awaitRows(t, pool, query, "1002|Anne|gbailey@foobar.com", "1003|Edward|ed@walker.com")
	_, err := p.Interrupt()
	require.NoError(t, err)
}

// The sink is there before the topics that it is to read.
func mirrorsIntoPostgres(t *testing.T, w *worker) {
	from, to := testserver.MySQL(t), testserver.Postgres(t)
	db, target := from.Database(t), to.Database(t)
	from.Exec(t, append([]string{"USE " + db}, inventory...)...)
	host, port := hostPort(t, from.Addr)
	source := w.file(t, "register-mysql.json", `"database.hostname": "mysql"`, `"database.hostname": "`+host+`"`, "3306", port, `"debezium"`, `"`+from.User+`"`,
		`"dbz"`, `"`+from.Password+`"`, "184054", serverID(), `"inventory"`, `"`+db+`"`, "kafka:9092", strings.Join(w.brokers, ","), "dbserver1", "dbserver4")
	sink := w.file(t, "debezium-jdbc-sink.json", "localhost/db", to.Addr+"/"+target, "pguser", to.User, "pgpassword", to.Password)
	p := w.start(t, sink, source)
	pool := to.DB(t, target)
	query := "SELECT id, first_name, email FROM " + db + "_customers ORDER BY id"
	awaitRows(t, pool, query, "1001|Sally|sally.thomas@acme.com", "1002|George|gbailey@foobar.com")
	from.Exec(t, "USE "+db, "DELETE FROM customers WHERE id = 1001", "ALTER TABLE customers ADD phone VARCHAR(20)", "INSERT INTO customers VALUES (1003, 'Edward', 'Walker', 'ed@walker.com', '555')")
	awaitRows(t, pool, query, "1002|George|gbailey@foobar.com", "1003|Edward|ed@walker.com")
	awaitRows(t, pool, "SELECT phone FROM "+db+"_customers ORDER BY id", "NULL", "555")
	_, err := p.Interrupt()
	require.NoError(t, err)
}
