package binlog

import (
	"context"
	"log/slog"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/internal/testserver"
)

// BenchmarkCatchUp reads what a real server wrote for the bench tables: single
// row transactions of orders, and rows of sbtest1 in one statement.
func BenchmarkCatchUp(b *testing.B) {
	server := testserver.MySQL(b)
	schema := server.Database(b)
	server.Exec(b, "USE "+schema, createOrders, createSbtest, "SET SESSION cte_max_recursion_depth = 1000000",
		"CREATE TABLE n (i INT PRIMARY KEY)",
		"INSERT INTO n WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM r WHERE i < 100000) SELECT i FROM r",
		`CREATE PROCEDURE fill(n INT) BEGIN DECLARE i INT DEFAULT 1; WHILE i <= n DO
 INSERT INTO orders (customer_id, status, total, note, created_at, attrs) VALUES (i, 'new', i * 1.37, CONCAT('please deliver parcel ', i), NOW(6), JSON_OBJECT('channel', 'web', 'n', i, 'gift', false));
 SET i = i + 1; END WHILE; END`)
	var file string
	var pos uint64
	status := func() {
		var rest [3]any
		require.NoError(b, server.DB(b, "").QueryRow("SHOW BINARY LOG STATUS").Scan(&file, &pos, &rest[0], &rest[1], &rest[2]))
	}
	for _, c := range []struct {
		name, statement string
		rows            int
	}{
		{"orders", "CALL fill(20000)", 20000},
		{"sbtest", "INSERT INTO sbtest1 (k, c, pad) SELECT i, REPEAT('0123456789-', 10), REPEAT('9876543210-', 5) FROM n", 100000},
	} {
		status()
		from := From{File: file, Pos: pos}
		server.Exec(b, "USE "+schema, c.statement)
		b.Run(c.name, func(b *testing.B) {
			var used int64
			total := 0
			for b.Loop() {
				ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
				s, err := Open(ctx, Config{Addr: server.Addr, User: server.User, Password: server.Password, ServerID: 1<<31 + 77}, from)
				require.NoError(b, err)
				r := new(reader)
				since := cpu()
				for r.rows < c.rows {
					ev, err := s.Next(ctx)
					if err == nil {
						err = r.only(ev, schema)
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				used += cpu() - since
				total += r.rows
				require.NoError(b, s.Close())
				cancel()
			}
			b.ReportMetric(float64(used)/float64(total), "cpu-ns/row")
			b.ReportMetric(float64(total)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(0, "ns/op")
		})
		b.Run(c.name+"/go-mysql", func(b *testing.B) {
			var used int64
			total := 0
			for b.Loop() {
				since := cpu()
				goMySQL(b, server, mysql.Position{Name: from.File, Pos: uint32(from.Pos)}, schema, c.rows)
				used += cpu() - since
				total += c.rows
			}
			b.ReportMetric(float64(used)/float64(total), "cpu-ns/row")
			b.ReportMetric(float64(total)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// goMySQL reads the same by go-mysql's syncer and its decoder.
func goMySQL(b *testing.B, server *testserver.MySQLServer, from mysql.Position, schema string, rows int) {
	host, port, err := net.SplitHostPort(server.Addr)
	require.NoError(b, err)
	number, err := strconv.ParseUint(port, 10, 16)
	require.NoError(b, err)
	syncer := replication.NewBinlogSyncer(replication.BinlogSyncerConfig{
		ServerID: 1<<31 + 78, Flavor: mysql.MySQLFlavor, Host: host, Port: uint16(number), User: server.User, Password: server.Password,
		Logger: slog.New(slog.DiscardHandler), DisableRetrySync: true,
	})
	defer syncer.Close()
	streamer, err := syncer.StartSync(from)
	require.NoError(b, err)
	for rows > 0 {
		ev, err := streamer.GetEvent(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if r, ok := ev.Event.(*replication.RowsEvent); ok && string(r.Table.Schema) == schema {
			rows -= len(r.Rows)
		}
	}
}

// only reads what is of the bench tables of a schema, for other tests use the
// server too.
func (r *reader) only(ev *Event, schema string) error {
	if ev.Type == TableMapEvent {
		m, err := r.tables.Map(ev)
		if err != nil {
			return err
		}
		if m.Schema != schema {
			m.State = false
		}
		if m.State != nil {
			return nil
		}
	}
	if ev.Type.IsRows() {
		rows, err := r.tables.Rows(ev)
		if err != nil || rows.Table.State == false {
			return err
		}
	}
	return r.read(ev)
}
