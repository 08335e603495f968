package jdbc_test

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// floorRows is how many rows each transaction of BenchmarkFloor has: about what
// a fetch of BenchmarkFromKafka brings.
const floorRows = 2000

// BenchmarkFloor has the bare drivers write the rows of BenchmarkFromKafka, from
// memory, by the roads that the databases have, over 1, 2 and 4 connections:
// first new ones, then those that are there, with other values. An operation is
// a row.
func BenchmarkFloor(b *testing.B) {
	for _, road := range []struct {
		database, name string
		write          func(b *testing.B, d *target, first, n, round int)
	}{
		{"postgres", "COPY", copyRows},
		{"postgres", "COPY, ON CONFLICT", copyAndUpsert},
		{"postgres", "unnest, ON CONFLICT", unnestRows},
		{"mysql", "ON DUPLICATE KEY", duplicateRows},
		{"mysql", "LOAD DATA LOCAL REPLACE", loadRows},
		{"mariadb", "ON DUPLICATE KEY", duplicateRows},
		{"mariadb", "LOAD DATA LOCAL REPLACE", loadRows},
	} {
		for _, connections := range []int{1, 2, 4} {
			d := newTarget(b, road.database)
			d.db.SetMaxIdleConns(connections)
			text := map[bool]string{true: "TEXT", false: "LONGTEXT"}[road.database == "postgres"]
			for round, mode := range []string{"new", "there"} {
				if mode == "there" && road.name == "COPY" {
					continue
				}
				b.Run(fmt.Sprintf("%s/%s/%d connections/%s", road.database, road.name, connections, mode), func(b *testing.B) {
					if mode == "new" {
						d.exec("DROP TABLE IF EXISTS sbtest1")
						d.exec("CREATE TABLE sbtest1 (id INT PRIMARY KEY, k INT NOT NULL, c " + text + " NOT NULL, pad " + text + " NOT NULL)")
					}
					began, wg := time.Now(), sync.WaitGroup{}
					for c := range connections {
						wg.Go(func() {
							for at := c * floorRows; at < b.N; at += connections * floorRows {
								road.write(b, d, at, min(floorRows, b.N-at), round)
							}
						})
					}
					wg.Wait()
					b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "rows/s")
				})
			}
		}
	}
}

// rawly runs work on a connection of pgx, in a transaction.
func rawly(b *testing.B, d *target, work func(tx pgx.Tx) error) {
	conn, err := d.db.Conn(b.Context())
	if err != nil {
		b.Error(err)
		return
	}
	defer conn.Close()
	if err := conn.Raw(func(c any) error { return pgx.BeginFunc(b.Context(), c.(*stdlib.Conn).Conn(), work) }); err != nil {
		b.Error(err)
	}
}

var sbtestColumns = []string{"id", "k", "c", "pad"}

func sbtestSource(first, n, round int) pgx.CopyFromSource {
	return pgx.CopyFromSlice(n, func(i int) ([]any, error) {
		id, k, c, pad := sbtestRow(first+i, round)
		return []any{id, k, c, pad}, nil
	})
}

const onConflict = " ON CONFLICT (id) DO UPDATE SET k = EXCLUDED.k, c = EXCLUDED.c, pad = EXCLUDED.pad"

func copyRows(b *testing.B, d *target, first, n, round int) {
	rawly(b, d, func(tx pgx.Tx) error {
		_, err := tx.CopyFrom(b.Context(), pgx.Identifier{"sbtest1"}, sbtestColumns, sbtestSource(first, n, round))
		return err
	})
}

func copyAndUpsert(b *testing.B, d *target, first, n, round int) {
	rawly(b, d, func(tx pgx.Tx) error {
		if _, err := tx.Exec(b.Context(), "CREATE TEMPORARY TABLE IF NOT EXISTS loaded (id INT, k INT, c TEXT, pad TEXT) ON COMMIT DELETE ROWS"); err != nil {
			return err
		}
		if _, err := tx.CopyFrom(b.Context(), pgx.Identifier{"loaded"}, sbtestColumns, sbtestSource(first, n, round)); err != nil {
			return err
		}
		_, err := tx.Exec(b.Context(), "INSERT INTO sbtest1 SELECT id, k, c, pad FROM loaded"+onConflict)
		return err
	})
}

func unnestRows(b *testing.B, d *target, first, n, round int) {
	ids, ks, cs, pads := make([]int32, n), make([]int32, n), make([]string, n), make([]string, n)
	for i := range n {
		ids[i], ks[i], cs[i], pads[i] = sbtestRow(first+i, round)
	}
	rawly(b, d, func(tx pgx.Tx) error {
		_, err := tx.Exec(b.Context(), "INSERT INTO sbtest1 SELECT * FROM unnest($1::int[], $2::int[], $3::text[], $4::text[])"+onConflict, ids, ks, cs, pads)
		return err
	})
}

func duplicateRows(b *testing.B, d *target, first, n, round int) {
	var q strings.Builder
	q.WriteString("INSERT INTO sbtest1 (id, k, c, pad) VALUES ")
	for i := range n {
		id, k, c, pad := sbtestRow(first+i, round)
		fmt.Fprintf(&q, "%s(%d,%d,'%s','%s')", map[bool]string{true: ",", false: ""}[i > 0], id, k, c, pad)
	}
	q.WriteString(" ON DUPLICATE KEY UPDATE k = VALUES(k), c = VALUES(c), pad = VALUES(pad)")
	if _, err := d.db.ExecContext(b.Context(), q.String()); err != nil {
		b.Error(err)
	}
}

func loadRows(b *testing.B, d *target, first, n, round int) {
	var lines bytes.Buffer
	for i := range n {
		id, k, c, pad := sbtestRow(first+i, round)
		fmt.Fprintf(&lines, "%d\t%d\t%s\t%s\n", id, k, c, pad)
	}
	name := b.Name() + strconv.Itoa(first)
	mysql.RegisterReaderHandler(name, func() io.Reader { return &lines })
	defer mysql.DeregisterReaderHandler(name)
	if _, err := d.db.ExecContext(b.Context(), "LOAD DATA LOCAL INFILE 'Reader::"+name+"' REPLACE INTO TABLE sbtest1 CHARACTER SET utf8mb4 (id, k, c, pad)"); err != nil {
		b.Error(err)
	}
}
