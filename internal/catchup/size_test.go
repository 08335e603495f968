package catchup

import (
	"database/sql"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-io/tailrace/internal/testserver"
)

var transactionRows = flag.Int("transaction", 1_000_000, "rows of the largest transaction of BenchmarkTransactionMySQL; 10000000 is the full size, for which the disk needs some 3 GB")

// The cost of a row does not grow with the number of tables: the same rows in
// one table and in a thousand, in a snapshot and in transactions of their own.
func BenchmarkTablesMySQL(b *testing.B) {
	scale := scale(b)
	server := testserver.StartMySQL(b, "--table-open-cache=4000", "--table-definition-cache=4000", "--innodb-file-per-table=OFF",
		"--innodb-flush-log-at-trx-commit=0", "--innodb-redo-log-capacity=512M", "--innodb-buffer-pool-size=512M")
	const loops = 100 // of a procedure with a statement a table, or a thousand for one
	rows, changes := (ordersLeft+sbtests)/scale, max(1, loops/scale)*1000
	for _, tables := range []int{1, 1000} {
		e := engines(b)[0]
		database := fmt.Sprintf("tables_%d", tables)
		fillTables(b, server, database, tables, rows)
		e.configureMySQL(server, database)
		e.write(b)
		snapshot := b.Run(fmt.Sprintf("snapshot of %d", tables), func(b *testing.B) {
			for range b.N {
				e.anew(b, rows).report(b, rows)
			}
		})
		if !snapshot {
			return
		}
		e.keep(b)
		start := time.Now()
		exec1(b, server.DB(b, database), fmt.Sprintf("CALL changes(%d)", changes/1000))
		progress("%d changes of %d tables were made in %v", changes, tables, time.Since(start).Round(time.Second))
		for round := range 3 {
			b.Run(fmt.Sprintf("changes of %d/%d", tables, round), func(b *testing.B) {
				for range b.N {
					e.run(b, changes).report(b, changes)
				}
			})
		}
	}
}

// fillTables makes a database of so many tables, which have so many rows between
// them, and a procedure that adds a thousand rows in transactions of their own.
func fillTables(b *testing.B, server *testserver.MySQLServer, database string, tables, rows int) {
	start := time.Now()
	server.Exec(b, "CREATE DATABASE "+database)
	db := server.DB(b, database)
	db.SetMaxOpenConns(1)
	exec1(b, db, sbtestTable)
	exec1(b, db, sbtestLoad(rows/tables))
	for i := 1; i < tables; i++ {
		exec1(b, db, fmt.Sprintf("CREATE TABLE sbtest%d LIKE sbtest1", i+1))
		exec1(b, db, fmt.Sprintf("INSERT INTO sbtest%d SELECT * FROM sbtest1", i+1))
	}
	var changes strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&changes, "INSERT INTO sbtest%d (k, c, pad) VALUES (%d, REPEAT('c', 110), REPEAT('p', 55));\n", i%tables+1, i)
	}
	exec1(b, db, "CREATE PROCEDURE changes(n INT) BEGIN WHILE n > 0 DO "+changes.String()+" SET n = n - 1; END WHILE; END")
	progress("%d rows in %d tables were made in %v", rows, tables, time.Since(start).Round(time.Second))
}

// Neither memory nor the cost of a row grows with the size of a transaction.
func BenchmarkTransactionMySQL(b *testing.B) {
	server := testserver.StartMySQL(b)
	server.Exec(b, "CREATE DATABASE bench")
	db := server.DB(b, "bench")
	db.SetMaxOpenConns(1)
	exec1(b, db, "CREATE TABLE mark (id INT PRIMARY KEY)")
	exec1(b, db, "INSERT INTO mark VALUES (1)")
	exec1(b, db, "CREATE TABLE rows1 (id INT PRIMARY KEY, k INT, c CHAR(20))")
	e := engines(b)[0]
	e.configureMySQL(server, "bench")
	e.write(b)
	e.run(b, 1) // the snapshot
	for _, rows := range []int{*transactionRows / 100, *transactionRows / 10, *transactionRows} {
		transaction(b, db, rows)
		b.Run(fmt.Sprintf("%d rows", rows), func(b *testing.B) {
			for range b.N {
				e.run(b, rows).report(b, rows)
			}
		})
		e.keep(b)
	}
}

// transaction inserts rows, in statements of at most a million, and commits them
// as one.
func transaction(b *testing.B, db *sql.DB, rows int) {
	b.Helper()
	start := time.Now()
	exec1(b, db, "TRUNCATE rows1")
	exec1(b, db, "SET SESSION cte_max_recursion_depth = 10000000")
	exec1(b, db, "BEGIN")
	for done := 0; done < rows; {
		n := min(1_000_000, rows-done)
		exec1(b, db, fmt.Sprintf("INSERT INTO rows1 WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT %d + i, i %% 1000, CONCAT('row ', i) FROM n", n, done))
		if done += n; rows > n {
			progress("%d of %d rows of a transaction were made in %v", done, rows, time.Since(start).Round(time.Second))
		}
	}
	exec1(b, db, "COMMIT")
}

// progress tells a person who waits what is going on.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
