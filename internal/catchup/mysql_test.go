package catchup

import (
	"context"
	"crypto/tls"
	"database/sql"
	"encoding/binary"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
	"github.com/stretchr/testify/require"

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

// What is captured from a stored offset on arrives in a callback as JSON. The
// targets are 8 times Debezium's events a second in the same run, with schemas in
// the JSON and without, 0.7 of the rows a second of a raw dump by go-mysql, which
// makes nothing of what it reads, 3 CPU µs an event, 100 MB and the first event
// within 0.1 s.
//
// The raw dumps are by go-mysql's replication package, as its users read a log,
// and by a loop over a connection of its client package, which is the least that
// reading can cost. Both are over TLS, as the engines are, and in plain.
func BenchmarkCatchUpMySQL(b *testing.B) {
	scale := scale(b)
	server := testserver.StartMySQL(b)
	server.Exec(b, "CREATE DATABASE bench")
	db := server.DB(b, "bench")
	for _, statement := range []string{ordersTable, sbtestTable, ordersLoad} {
		exec1(b, db, statement)
	}
	// The streams start here: both tables are empty.
	plain, schemas := engines(b), engines(b)
	exec1(b, db, "CREATE TABLE mark (id INT PRIMARY KEY)")
	exec1(b, db, "INSERT INTO mark VALUES (1)")
	for i, e := range append(plain[:len(plain):len(plain)], schemas...) {
		e.schemas = i >= len(plain)
		e.configureMySQL(server, "bench")
		e.write(b)
		e.run(b, 1) // the snapshot: one row, and an offset behind it
	}
	from := tip(b, server)
	load(b, db, orders/scale, sbtests/scale)
	to := tip(b, server)
	n := orders / scale
	rows := n + n/4 + n/8 + sbtests/scale
	events := rows + n/8 // with tombstones
	if n%8 != 0 {
		b.Fatalf("%d orders are no multiple of 8", n)
	}
	// In turn, since a machine is never the same for long.
	for round := range 3 {
		for _, secured := range []bool{true, false} {
			how := map[bool]string{true: "TLS", false: "plain"}[secured]
			b.Run(fmt.Sprintf("raw dump by go-mysql, %s/%d", how, round), func(b *testing.B) {
				for range b.N {
					dumpByGoMySQL(b, server, from, to, secured, rows).report(b, rows)
				}
			})
			b.Run(fmt.Sprintf("raw dump, %s/%d", how, round), func(b *testing.B) {
				for range b.N {
					dump(b, server, from, secured, rows).report(b, rows)
				}
			})
		}
		for _, variant := range []struct {
			name    string
			engines []*runner
		}{{"", plain}, {", JSON with schemas", schemas}} {
			for _, e := range variant.engines {
				if e.name != "tailrace" && round > 0 {
					continue // it takes long enough once
				}
				b.Run(fmt.Sprintf("%s%s/%d", e.name, variant.name, round), func(b *testing.B) {
					for range b.N {
						e.run(b, events).report(b, events)
					}
				})
			}
		}
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
	exec1(b, db, sbtestLoad(sbtests))
	b.Logf("loaded %d orders and %d rows of sbtest1 in %v", orders, sbtests, time.Since(start).Round(time.Second))
}

// sbtestLoad is one statement for many rows.
func sbtestLoad(rows int) string {
	return fmt.Sprintf(`INSERT INTO sbtest1 (k, c, pad) WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		SELECT /*+ SET_VAR(cte_max_recursion_depth = 10000000) */ i * 7 %% 499979,
			CONCAT(SHA2(i, 224), '-', SHA2(i + 1, 224)), SHA2(i + 2, 224) FROM n`, rows)
}

func (r *runner) configureMySQL(server *testserver.MySQLServer, database string) {
	host, port, _ := strings.Cut(server.Addr, ":")
	r.properties = fmt.Sprintf(`connector.class=io.debezium.connector.mysql.MySqlConnector
database.hostname=%[2]s
database.port=%[3]s
database.user=%[4]s
database.password=%[5]s
database.server.id=%[6]d
database.include.list=%[7]s
include.schema.changes=false
schema.history.internal=io.debezium.storage.file.history.FileSchemaHistory
schema.history.internal.file.filename=%[1]s/history
`, r.dir, host, port, server.User, server.Password, 7000+len(r.name), database)
}

// place is where the log ends.
type place struct {
	file string
	pos  uint32
}

func tip(b *testing.B, server *testserver.MySQLServer) (p place) {
	b.Helper()
	var rest [3]any
	if err := server.DB(b, "").QueryRow("SHOW BINARY LOG STATUS").Scan(&p.file, &p.pos, &rest[0], &rest[1], &rest[2]); err != nil {
		b.Fatal(err)
	}
	return p
}

// serverTLS trusts any server, as the engines do by default.
func serverTLS() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

// dumpByGoMySQL reads the log from one place to another by go-mysql's BinlogSyncer, which
// is told to leave the events as they are.
func dumpByGoMySQL(b *testing.B, server *testserver.MySQLServer, from, to place, secured bool, rows int) (m measured) {
	b.Helper()
	start, since := time.Now(), processorTime(b)
	host, port, _ := strings.Cut(server.Addr, ":")
	number, err := strconv.ParseUint(port, 10, 16)
	require.NoError(b, err)
	config := replication.BinlogSyncerConfig{
		ServerID: 7998, Host: host, Port: uint16(number), User: server.User, Password: server.Password,
		RawModeEnabled: true, DisableRetrySync: true, Logger: slog.New(slog.DiscardHandler),
	}
	if secured {
		config.TLSConfig = serverTLS()
	}
	syncer := replication.NewBinlogSyncer(config)
	defer syncer.Close()
	stream, err := syncer.StartSync(mysql.Position{Name: from.file, Pos: from.pos})
	require.NoError(b, err)
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	file := from.file
	for {
		ev, err := stream.GetEvent(ctx)
		require.NoError(b, err)
		if rotate, ok := ev.Event.(*replication.RotateEvent); ok {
			file = string(rotate.NextLogName)
		}
		if file == to.file && ev.Header.EventType != replication.ROTATE_EVENT && ev.Header.LogPos >= to.pos {
			break
		}
	}
	m.cpu = processorTime(b) - since
	m.rate = float64(rows) / time.Since(start).Seconds()
	return m
}

// dump reads the log from a place to its end over a connection of go-mysql's,
// and looks at nothing.
func dump(b *testing.B, server *testserver.MySQLServer, from place, secured bool, rows int) (m measured) {
	b.Helper()
	start, since := time.Now(), processorTime(b)
	c, err := client.Connect(server.Addr, server.User, server.Password, "", func(c *client.Conn) error {
		if secured {
			c.SetTLSConfig(serverTLS())
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Execute("SET @source_binlog_checksum='NONE'"); err != nil {
		b.Fatal(err)
	}
	const header, toItsEnd = 4, 1
	command := append(make([]byte, header), mysql.COM_BINLOG_DUMP)
	command = binary.LittleEndian.AppendUint32(command, from.pos)
	command = binary.LittleEndian.AppendUint16(command, toItsEnd)
	command = binary.LittleEndian.AppendUint32(command, 7999) // as which server
	c.ResetSequence()
	if err := c.WritePacket(append(command, from.file...)); err != nil {
		b.Fatal(err)
	}
	events := 0
	for ; ; events++ {
		packet, err := c.ReadPacket()
		if err != nil {
			b.Fatal(err)
		}
		if packet[0] == mysql.EOF_HEADER {
			break
		}
		if packet[0] != mysql.OK_HEADER {
			b.Fatalf("the server says %q behind %d events", packet, events)
		}
	}
	m.cpu = processorTime(b) - since
	m.rate = float64(rows) / time.Since(start).Seconds()
	return m
}

// processorTime is how long this process has run on processors.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
