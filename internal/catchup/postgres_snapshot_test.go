package catchup

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-io/tailrace/internal/testserver"
)

// The rows of the bench tables, 175,000 orders and 500,000 of sbtest1, arrive
// in a callback as JSON without schemas. psql copies the same tables to nowhere.
// The targets are 0.7 of its rows a second, and 8 times Debezium's.
func BenchmarkSnapshotPostgres(b *testing.B) {
	scale := scale(b)
	server := testserver.StartPostgres(b)
	const database = "bench"
	server.Exec(b, "postgres", "CREATE DATABASE "+database)
	server.Exec(b, database, pgOrdersTable, pgSbtestTable)
	orders, sbtests := orders*7/8/scale, sbtests/scale
	server.Exec(b, database,
		fmt.Sprintf(`INSERT INTO orders SELECT i, i %% 1000, (ARRAY['new','paid','shipped'])[1 + i %% 3], i * 0.37, 'note number ' || i,
			'2026-01-02 03:04:05.678901'::timestamp + i * interval '1 second', NULL, jsonb_build_object('i', i, 'tag', 'x') FROM generate_series(1, %d) i`, orders),
		fmt.Sprintf(`INSERT INTO sbtest1 SELECT i, i * 7 %% 499979, encode(sha224(i::text::bytea), 'hex') || '-' || encode(sha224((i + 1)::text::bytea), 'hex'),
			encode(sha224((i + 2)::text::bytea), 'hex') FROM generate_series(1, %d) i`, sbtests),
		"VACUUM ANALYZE")
	rows := orders + sbtests
	engines := engines(b)
	runs := 0
	// In turn, since a machine is never the same for long.
	for round := range 3 {
		b.Run(fmt.Sprintf("psql/%d", round), func(b *testing.B) {
			for range b.N {
				copyOut(b, server, database, rows)
			}
		})
		for _, e := range engines {
			threads := []int{1, 2}
			if e.name != "tailrace" {
				if threads = threads[:1]; round > 0 {
					continue // it takes long enough once
				}
			}
			for _, n := range threads {
				b.Run(fmt.Sprintf("%s-%d/%d", e.name, n, round), func(b *testing.B) {
					for range b.N {
						runs++
						slot := fmt.Sprintf("run_%d", runs)
						e.configurePostgres(server, database, slot)
						e.properties += fmt.Sprintf("slot.drop.on.stop=true\nsnapshot.max.threads=%d\n", n)
						e.write(b)
						e.offsets = nil
						if err := os.Remove(filepath.Join(e.dir, "offsets")); err != nil && !os.IsNotExist(err) {
							b.Fatal(err)
						}
						e.run(b, rows).report(b, rows)
					}
				})
			}
		}
	}
}

// copyOut has psql copy the tables to nowhere.
func copyOut(b *testing.B, server *testserver.PostgresServer, database string, rows int) {
	b.Helper()
	cmd := exec.Command("psql", "--no-psqlrc", "--quiet", server.URL(database), "-c", "COPY orders TO STDOUT", "-c", "COPY sbtest1 TO STDOUT")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	cmd.Stdout = null
	start := time.Now()
	if err := cmd.Run(); err != nil {
		b.Fatalf("psql: %v\n%s", err, stderr.String())
	}
	m := measured{rate: float64(rows) / time.Since(start).Seconds(), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	m.report(b, rows)
}
