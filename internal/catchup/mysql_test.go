package catchup

import (
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tailrace-io/tailrace/internal/testserver"
)

// The bench tables: 200,000 single-row transactions, every 4th row updated and
// every 8th deleted, each in a transaction of its own, and 500,000 rows in one
// statement.
const (
	orders  = 200_000
	sbtests = 500_000
)

const ordersTable = `CREATE TABLE orders (id BIGINT AUTO_INCREMENT PRIMARY KEY, customer_id INT, status ENUM('new','paid','shipped'),
	total DECIMAL(12,2), note VARCHAR(200), created_at DATETIME(6), updated_at TIMESTAMP(3) NULL, attrs JSON)`

const sbtestTable = `CREATE TABLE sbtest1 (id INT AUTO_INCREMENT PRIMARY KEY, k INT, c CHAR(120), pad CHAR(60))`

const ordersLoad = `CREATE PROCEDURE load_orders(first INT, past INT)
BEGIN
	DECLARE i INT DEFAULT first;
	WHILE i < past DO
		INSERT INTO orders VALUES (i, i % 1000, ELT(1 + i % 3, 'new', 'paid', 'shipped'), i * 0.37, CONCAT('note number ', i),
			'2026-01-02 03:04:05.678901' + INTERVAL i SECOND, NULL, JSON_OBJECT('i', i, 'tag', 'x'));
		IF i % 4 = 0 THEN UPDATE orders SET status = 'paid', total = total + 1, updated_at = '2026-02-03 04:05:06.789' WHERE id = i; END IF;
		IF i % 8 = 0 THEN DELETE FROM orders WHERE id = i; END IF;
		SET i = i + 1;
	END WHILE;
END`

// What is captured from a stored offset on arrives in a callback as JSON
// without schemas. The targets are 6.5 times Debezium's events a second in the
// same run, 4 CPU µs an event, 100 MB and the first event within 0.1 s.
func BenchmarkCatchUpMySQL(b *testing.B) {
	scale := scale(b)
	server := testserver.StartMySQL(b)
	server.Exec(b, "CREATE DATABASE bench")
	db := server.DB(b, "bench")
	for _, statement := range []string{ordersTable, sbtestTable, ordersLoad} {
		exec1(b, db, statement)
	}
	// The streams start here: both tables are empty.
	engines := engines(b)
	exec1(b, db, "CREATE TABLE mark (id INT PRIMARY KEY)")
	exec1(b, db, "INSERT INTO mark VALUES (1)")
	for _, e := range engines {
		e.configureMySQL(server)
		e.write(b)
		e.run(b, 1) // the snapshot: one row, and an offset behind it
	}
	load(b, db, orders/scale, sbtests/scale)
	n := orders / scale
	events := n + n/4 + 2*(n/8) + sbtests/scale
	if n%8 != 0 {
		b.Fatalf("%d orders are no multiple of 8", n)
	}
	rates := map[string]float64{}
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			for range b.N {
				m := e.run(b, events)
				rates[e.name] = m.rate
				m.report(b, events)
			}
		})
	}
	if peer := rates["debezium"]; peer > 0 {
		b.Logf("tailrace handles %.1f times the events/s of Debezium", rates["tailrace"]/peer)
	}
}

func exec1(b *testing.B, db *sql.DB, statement string) {
	b.Helper()
	if _, err := db.Exec(statement); err != nil {
		b.Fatalf("%.60s: %v", statement, err)
	}
}

func load(b *testing.B, db *sql.DB, orders, sbtests int) {
	start := time.Now()
	const parts = 4
	var wg sync.WaitGroup
	for p := range parts {
		wg.Go(func() {
			if _, err := db.Exec("CALL load_orders(?, ?)", 1+p*orders/parts, 1+(p+1)*orders/parts); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	exec1(b, db, "SET SESSION cte_max_recursion_depth = 10000000")
	exec1(b, db, fmt.Sprintf(`INSERT INTO sbtest1 (k, c, pad) WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		SELECT /*+ SET_VAR(cte_max_recursion_depth = 10000000) */ i * 7 %% 499979,
			CONCAT(SHA2(i, 224), '-', SHA2(i + 1, 224)), SHA2(i + 2, 224) FROM n`, sbtests))
	b.Logf("loaded %d orders and %d rows of sbtest1 in %v", orders, sbtests, time.Since(start).Round(time.Second))
}

func (r *runner) configureMySQL(server *testserver.MySQLServer) {
	host, port, _ := strings.Cut(server.Addr, ":")
	r.properties = fmt.Sprintf(`connector.class=io.debezium.connector.mysql.MySqlConnector
database.hostname=%[2]s
database.port=%[3]s
database.user=%[4]s
database.password=%[5]s
database.server.id=%[6]d
database.include.list=bench
include.schema.changes=false
schema.history.internal=io.debezium.storage.file.history.FileSchemaHistory
schema.history.internal.file.filename=%[1]s/history
`, r.dir, host, port, server.User, server.Password, 7000+len(r.name))
}
