package catchup

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace-io/tailrace/internal/testserver"
)

// What the changes of BenchmarkCatchUpMySQL leave behind: 675,000 rows in all.
const ordersLeft = orders - orders/8

// startFilled starts a server that has the rows of the bench tables.
func startFilled(b *testing.B, scale int) (server *testserver.MySQLServer, rows int) {
	b.Helper()
	server = testserver.StartMySQL(b)
	server.Exec(b, "CREATE DATABASE bench")
	db := server.DB(b, "bench")
	exec1(b, db, ordersTable)
	exec1(b, db, sbtestTable)
	exec1(b, db, fmt.Sprintf(`INSERT INTO orders WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		SELECT /*+ SET_VAR(cte_max_recursion_depth = 10000000) */ i, i %% 1000, ELT(1 + i %% 3, 'new', 'paid', 'shipped'), i * 0.37, CONCAT('note number ', i),
			'2026-01-02 03:04:05.678901' + INTERVAL i SECOND, IF(i %% 4 = 0, '2026-02-03 04:05:06.789', NULL), JSON_OBJECT('i', i, 'tag', 'x') FROM n`, ordersLeft/scale))
	exec1(b, db, sbtestLoad(sbtests/scale))
	return server, ordersLeft/scale + sbtests/scale
}

// The rows of the bench tables arrive in a callback as JSON. The targets are 0.8
// of the rows a second at which 'mysql --quick' reads the same tables, and 8
// times Debezium's.
func BenchmarkSnapshotMySQL(b *testing.B) {
	server, rows := startFilled(b, scale(b))
	// In turn, since a machine is never the same for long.
	for round := range 3 {
		b.Run(fmt.Sprintf("mysql --quick/%d", round), func(b *testing.B) {
			for range b.N {
				quick(b, server, rows)
			}
		})
		for _, variant := range []struct {
			name       string
			schemas    bool
			properties string
		}{
			{name: ""},
			{name: ", JSON with schemas", schemas: true},
			{name: ", 2 connections", properties: "snapshot.max.threads=2\n"},
		} {
			for _, e := range engines(b) {
				if e.name == "debezium" && (round > 0 || variant.properties != "") {
					continue // it takes long enough once
				}
				b.Run(fmt.Sprintf("%s%s/%d", e.name, variant.name, round), func(b *testing.B) {
					for range b.N {
						e.configureMySQL(server, "bench")
						e.properties += variant.properties
						e.schemas = variant.schemas
						e.write(b)
						e.anew(b, rows).report(b, rows)
					}
				})
			}
		}
	}
}

// quick reads the tables with the server's own client, and forgets them.
func quick(b *testing.B, server *testserver.MySQLServer, rows int) {
	b.Helper()
	client, err := exec.LookPath("mysql")
	if err != nil {
		b.Fatal("there is no program mysql to compare with: install mariadb-client or mysql-client")
	}
	host, port, _ := strings.Cut(server.Addr, ":")
	cmd := exec.Command(client, "--no-defaults", "--quick", "--host="+host, "--port="+port, "--user="+server.User, "--database=bench",
		"--default-character-set=utf8mb4", "--execute=SELECT * FROM orders; SELECT * FROM sbtest1")
	cmd.Env = append(os.Environ(), "MYSQL_PWD="+server.Password)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	start := time.Now()
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s: %v\n%s", client, err, &complaint)
	}
	m := measured{rate: float64(rows) / time.Since(start).Seconds()}
	m.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	m.rss = float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024
	m.report(b, rows)
}
