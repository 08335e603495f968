package catchup

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace-io/tailrace/internal/testserver"
)

// oracleEnv names a command that runs the real Debezium engine over a
// properties file: COMMAND debezium FILE count IDLE_MS EXPECTED. Without it the
// benchmark measures tailrace alone.
const oracleEnv = "TAILRACE_ORACLE"

// scaleEnv divides the work, for a quick look.
const scaleEnv = "TAILRACE_BENCH_SCALE"

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
	scale := 1
	if text := os.Getenv(scaleEnv); text != "" {
		var err error
		if scale, err = strconv.Atoi(text); err != nil {
			b.Fatalf("%s=%s is no number", scaleEnv, text)
		}
	}
	server := testserver.StartMySQL(b)
	server.Exec(b, "CREATE DATABASE bench")
	db := server.DB(b, "bench")
	for _, statement := range []string{ordersTable, sbtestTable, ordersLoad} {
		exec1(b, db, statement)
	}
	// The streams start here: both tables are empty.
	engines := []*runner{{name: "tailrace", dir: b.TempDir(), command: build(b), count: func(f string, n int) []string { return []string{"-count", strconv.Itoa(n), f} }}}
	if oracle := os.Getenv(oracleEnv); oracle != "" {
		engines = append(engines, &runner{name: "debezium", dir: b.TempDir(), command: []string{oracle, "debezium"},
			count: func(f string, n int) []string { return []string{f, "count", "20000", strconv.Itoa(n)} }})
	}
	exec1(b, db, "CREATE TABLE mark (id INT PRIMARY KEY)")
	exec1(b, db, "INSERT INTO mark VALUES (1)")
	for _, e := range engines {
		e.configure(b, server)
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
				b.ReportMetric(m.rate, "events/s")
				b.ReportMetric(m.cpu.Seconds()*1e6/float64(events), "cpu-µs/event")
				b.ReportMetric(m.rss, "MB-rss")
				b.ReportMetric(m.startup, "s-to-first")
				b.ReportMetric(0, "ns/op")
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

func build(b *testing.B) []string {
	path := filepath.Join(b.TempDir(), "debezium")
	if out, err := exec.Command("go", "build", "-o", path, "../../examples/debezium").CombinedOutput(); err != nil {
		b.Fatalf("build the example: %v\n%s", err, out)
	}
	return []string{path}
}

// runner runs one engine over one properties file.
type runner struct {
	name, dir, file string
	command         []string
	count           func(file string, events int) []string
	offsets         []byte // behind the snapshot
}

func (r *runner) configure(b *testing.B, server *testserver.MySQLServer) {
	host, port, _ := strings.Cut(server.Addr, ":")
	r.file = filepath.Join(r.dir, "bench.properties")
	text := fmt.Sprintf(`name=bench
connector.class=io.debezium.connector.mysql.MySqlConnector
offset.storage=org.apache.kafka.connect.storage.FileOffsetBackingStore
offset.storage.file.filename=%[1]s/offsets
offset.flush.interval.ms=1000
database.hostname=%[2]s
database.port=%[3]s
database.user=%[4]s
database.password=%[5]s
database.server.id=%[6]d
topic.prefix=bench
database.include.list=bench
include.schema.changes=false
schema.history.internal=io.debezium.storage.file.history.FileSchemaHistory
schema.history.internal.file.filename=%[1]s/history
key.converter.schemas.enable=false
value.converter.schemas.enable=false
`, r.dir, host, port, server.User, server.Password, 7000+len(r.name))
	if err := os.WriteFile(r.file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

type measured struct {
	rate, rss, startup float64
	cpu                time.Duration
}

var summary = regexp.MustCompile(`events=(\d+) seconds=([\d.]+) events/s=(\d+) bytes=\d+ startup=([\d.]+)`)

// run counts events from the offset behind the snapshot on; the first run makes
// the snapshot.
func (r *runner) run(b *testing.B, events int) (m measured) {
	b.Helper()
	offsets := filepath.Join(r.dir, "offsets")
	if r.offsets != nil {
		if err := os.WriteFile(offsets, r.offsets, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	cmd := exec.Command(r.command[0], append(r.command[1:], r.count(r.file, events)...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	found := summary.FindSubmatch(stderr.Bytes())
	if err != nil || found == nil {
		b.Fatalf("%s: %v\n%s", r.name, err, tail(stderr.String(), 4000))
	}
	got, _ := strconv.Atoi(string(found[1]))
	if r.offsets == nil {
		if r.offsets, err = os.ReadFile(offsets); err != nil {
			b.Fatal(err)
		}
	}
	if got < events || got > events+events/100+8192 {
		b.Fatalf("%s: %d events arrived, %d were made", r.name, got, events)
	}
	seconds, _ := strconv.ParseFloat(string(found[2]), 64)
	m.rate = float64(got) / max(seconds, 1e-9)
	m.startup, _ = strconv.ParseFloat(string(found[4]), 64)
	m.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	m.rss = float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024
	return m
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }
