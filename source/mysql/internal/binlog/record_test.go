package binlog

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/internal/testserver"
)

var record = flag.Bool("record", false, "write the recorded logs in testdata anew, from the real servers")

// recording is a log file that a real server wrote, and the statements that it
// wrote it for.
type recording struct {
	name       string
	flavor     Flavor
	statements func() []string
}

var recordings = []recording{
	{"orders", MySQL, ordersStatements},
	{"sbtest", MySQL, sbtestStatements},
	{"features", MySQL, featureStatements},
	{"mariadb", MariaDB, mariaStatements},
}

const (
	createOrders = `CREATE TABLE orders (id BIGINT AUTO_INCREMENT PRIMARY KEY, customer_id INT, status ENUM('new','paid','shipped'),
 total DECIMAL(12,2), note VARCHAR(200), created_at DATETIME(6), updated_at TIMESTAMP(3) NULL, attrs JSON)`
	createSbtest = `CREATE TABLE sbtest1 (id INT AUTO_INCREMENT PRIMARY KEY, k INT, c CHAR(120), pad CHAR(60))`
)

func ordersStatements() []string {
	s := []string{createOrders}
	for i := 1; i <= 100; i++ {
		s = append(s, fmt.Sprintf(`INSERT INTO orders (customer_id, status, total, note, created_at, updated_at, attrs) VALUES
 (%d, 'new', %d.%02d, 'please deliver parcel %d to the back door', '2026-01-31 12:34:56.%06d', NULL,
 '{"channel": "web", "items": [{"sku": "A-%d", "qty": %d, "price": 12.5}], "gift": false}')`, i*37, i*11, i%100, i, i*9973, i, i%7))
		if i%4 == 0 {
			s = append(s, fmt.Sprintf("UPDATE orders SET status = 'paid', updated_at = '2026-02-01 00:00:%02d.125' WHERE id = %d", i%60, i))
		}
		if i%8 == 0 {
			s = append(s, fmt.Sprintf("DELETE FROM orders WHERE id = %d", i))
		}
	}
	return s
}

func sbtestStatements() []string {
	// An event of 100 rows: the table's rows have about 190 bytes.
	s := []string{createSbtest, "SET SESSION cte_max_recursion_depth = 100000"}
	return append(s, `INSERT INTO sbtest1 (k, c, pad) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 1000)
 SELECT i * 499 % 500000, CONCAT(REPEAT(CONCAT(LPAD(i, 11, '0'), '-'), 9), LPAD(i, 11, '7')), CONCAT(REPEAT(CONCAT(LPAD(i, 11, '3'), '-'), 4), LPAD(i, 11, '7')) FROM n`)
}

func featureStatements() []string {
	return []string{
		`CREATE TABLE f (id INT PRIMARY KEY, u BIGINT UNSIGNED, d DECIMAL(30,6), e ENUM('x','y'), s SET('r','w'), t TIME(6), j JSON,
 b BINARY(4), v VARBINARY(300), p POINT, g GEOMETRY, y YEAR, x BIT(12), l VARCHAR(20) CHARACTER SET latin1, vec VECTOR(2), h INT INVISIBLE)`,
		`INSERT INTO f VALUES (1, 18446744073709551615, -1234567890.5, 'y', 'r,w', '-12:34:56.789', '{"a": [1, {"b": "c"}], "n": 1.5}', 'a', x'00ff',
 ST_GeomFromText('POINT(1 2)'), ST_GeomFromText('LINESTRING(0 0,1 1)'), 2026, b'101', 'größer', STRING_TO_VECTOR('[1,2]'))`,
		"SET SESSION binlog_rows_query_log_events = 1",
		"UPDATE f SET u = 1 WHERE id = 1",
		"SET SESSION binlog_row_image = 'MINIMAL'",
		"UPDATE f SET u = 2 WHERE id = 1",
		"SET SESSION binlog_row_image = 'FULL'",
		"SET SESSION binlog_row_value_options = 'PARTIAL_JSON'",
		`UPDATE f SET j = JSON_SET(j, '$.n', 2, '$.a[1].b', 'd') WHERE id = 1`,
		"SET SESSION binlog_row_value_options = ''",
		"SET SESSION binlog_transaction_compression = 1",
		"UPDATE f SET u = u + 1",
		"SET SESSION binlog_transaction_compression = 0",
		"XA START 'global','branch',7", "UPDATE f SET u = u + 1", "XA END 'global','branch',7", "XA PREPARE 'global','branch',7", "XA COMMIT 'global','branch',7",
		"SET SESSION gtid_next = 'AUTOMATIC:red'",
		"DELETE FROM f",
	}
}

func mariaStatements() []string {
	return []string{
		createOrders,
		"INSERT INTO orders (customer_id, status, total, note, created_at, attrs) VALUES (1, 'paid', 12.50, 'x', '2026-01-31 12:34:56.789', '{\"a\": 1}')",
		"CREATE TABLE c (id INT PRIMARY KEY, b BLOB COMPRESSED, v VARCHAR(1000) COMPRESSED, u UUID, i INET6, j INET4)",
		"INSERT INTO c VALUES (1, REPEAT('abc', 1000), REPEAT('v', 900), '11111111-2222-3333-4444-555555555500', '2001:db8::1', '192.0.2.1')",
		"INSERT INTO c VALUES (2, 'short', '', NULL, NULL, NULL)",
		"SET GLOBAL log_bin_compress = 1",
		"UPDATE c SET b = REPEAT('xyz', 500) WHERE id = 1",
	}
}

func TestRecordTheLogsOfTheRealServers(t *testing.T) {
	if !*record {
		// The other tests read what was recorded; here it is only looked for.
		for _, r := range recordings {
			require.FileExists(t, filepath.Join("testdata", r.name+".binlog"))
		}
		return
	}
	for _, r := range recordings {
		t.Run(r.name, func(t *testing.T) { r.write(t) })
	}
}

func (r *recording) write(t *testing.T) {
	server := testserver.StartMySQL
	if r.flavor == MariaDB {
		server = testserver.StartMariaDB
	}
	s := server(t, r.options()...)
	s.Exec(t, "CREATE DATABASE shop")
	s.Exec(t, append([]string{"FLUSH BINARY LOGS", "USE shop", "SET NAMES utf8mb4", "SET time_zone = '+00:00'"}, r.statements()...)...)
	s.Exec(t, "FLUSH BINARY LOGS")
	file := lastButOne(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stream, err := Open(ctx, Config{Addr: s.Addr, User: s.User, Password: s.Password, Flavor: r.flavor, ServerID: 4711}, From{File: file})
	require.NoError(t, err)
	defer stream.Close()
	out := bytes.NewBufferString(magic)
	for {
		packet, err := stream.packet(ctx)
		require.NoError(t, err)
		raw, err := eventOf(packet)
		require.NoError(t, err)
		if raw[17]&flagArtificial != 0 {
			continue
		}
		out.Write(raw)
		if EventType(raw[4]) == RotateEvent || EventType(raw[4]) == StopEvent {
			break
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join("testdata", r.name+".binlog"), out.Bytes(), 0o644))
}

// lastButOne is the log file before the current one.
func lastButOne(t *testing.T, s *testserver.MySQLServer) string {
	t.Helper()
	rows, err := s.DB(t, "").Query("SHOW BINARY LOGS")
	require.NoError(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	var files []string
	for rows.Next() {
		var file string
		dst := []any{&file}
		for range columns[1:] {
			dst = append(dst, new(any))
		}
		require.NoError(t, rows.Scan(dst...))
		files = append(files, file)
	}
	require.Greater(t, len(files), 1)
	return files[len(files)-2]
}

func (r *recording) options() []string {
	switch r.name {
	case "features":
		return []string{"--binlog-row-metadata=FULL"}
	case "sbtest":
		return []string{"--binlog-row-event-max-size=19456"}
	case "mariadb":
		return []string{"--binlog-row-metadata=FULL", "--log-bin-compress-min-len=10"}
	}
	return nil
}

// recorded gives the events of a recorded log as a server sends them.
func recorded(t testing.TB, name string) (events [][]byte) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".binlog"))
	require.NoError(t, err)
	b, ok := bytes.CutPrefix(b, []byte(magic))
	require.True(t, ok, "%s is no log", name)
	for len(b) > 0 {
		size := binary.LittleEndian.Uint32(b[9:])
		events = append(events, b[:size:size])
		b = b[size:]
	}
	return events
}
