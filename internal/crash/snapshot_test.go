package crash

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/source/mysql"
)

var snapshotKills = flag.Int("snapshotkills", 10, "how often the process is killed within each kind of snapshot")

// snapshots say how a child reads rows.
type snapshots struct {
	Mode     mysql.SnapshotMode
	Threads  int
	ReadOnly bool // nothing is written to the table that tells of incremental ones
	Blocking bool // the signal asks for all rows at once
	Delete   bool // PostgreSQL's windows are marked by rows that are deleted
	File     bool // the signal comes by a file, and there is no table
}

// runSnapshots streams the database to a file, and dawdles, so that kills come
// in the middle of a snapshot.
func (c child) runSnapshots(ctx context.Context, src mysql.Source, file sink.Sink) error {
	src.Snapshot, src.SnapshotThreads, src.BatchRows, src.ChunkRows = c.Snapshot.Mode, c.Snapshot.Threads, 200, 100
	src.SignalTable, src.ReadOnly = c.Database+".debezium_signal", c.Snapshot.ReadOnly
	e, err := engine.New(engine.Config{Name: "snapshots", Source: src, Sink: file, Offsets: offset.File(filepath.Join(c.Dir, "snapshots.offsets")),
		CommitInterval: 20 * time.Millisecond, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		return err
	}
	return e.Run(ctx)
}

const snapshotRows = 20_000

// A process that reads the rows of a table which others write to is killed
// again and again, at any moment. In the end what it has written is what the
// table has.
func TestSnapshotsGoOnAfterKills(t *testing.T) {
	for name, how := range map[string]snapshots{
		"initial":                            {Mode: mysql.SnapshotInitial, Threads: 1},
		"initial, side by side":              {Mode: mysql.SnapshotInitial, Threads: 3},
		"incremental":                        {Mode: mysql.SnapshotNoData},
		"incremental, by GTIDs":              {Mode: mysql.SnapshotNoData, ReadOnly: true},
		"blocking":                           {Mode: mysql.SnapshotNoData, Blocking: true},
		"initial, of MariaDB":                {Mode: mysql.SnapshotInitial, Threads: 3},
		"incremental, of MariaDB":            {Mode: mysql.SnapshotNoData},
		"blocking, of MariaDB":               {Mode: mysql.SnapshotNoData, Blocking: true},
		"incremental, read only, of MariaDB": {Mode: mysql.SnapshotNoData, ReadOnly: true},
	} {
		t.Run(name, func(t *testing.T) {
			server, flavor := testserver.MySQL(t), mysql.MySQL
			if strings.HasSuffix(name, "MariaDB") {
				server, flavor = testserver.MariaDB(t), mysql.MariaDB
			}
			db := server.Database(t)
			c := child{Flavor: flavor, Addr: server.Addr, User: server.User, Password: server.Password, Database: db, Dir: t.TempDir(), Snapshot: &how}
			server.Exec(t, "USE "+db, "CREATE TABLE `rows` (id INT PRIMARY KEY, ver INT NOT NULL, pad VARCHAR(250))",
				"CREATE TABLE debezium_signal (id VARCHAR(42) PRIMARY KEY, type VARCHAR(32) NOT NULL, data VARCHAR(2048) NULL)",
				fmt.Sprintf("INSERT INTO `rows` WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 1000) SELECT a.i * 1000 + b.i, 1, REPEAT('x', 100) FROM n a, n b WHERE a.i <= %d", snapshotRows/1000))
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var writing sync.WaitGroup
			writing.Go(func() { changeRows(ctx, t, server.DB(t, db)) })
			if how.Mode == mysql.SnapshotNoData {
				p := c.start(t)
				until(t, p, func() bool { _, err := os.Stat(filepath.Join(c.Dir, "snapshots.offsets")); return err == nil })
				p.kill(t)
				kind := "INCREMENTAL"
				if how.Blocking {
					kind = "BLOCKING"
				}
				server.Exec(t, fmt.Sprintf(`INSERT INTO %[1]s.debezium_signal VALUES ('one', 'execute-snapshot', '{"type":"%[2]s","data-collections":["%[1]s.rows"]}')`, db, kind))
			}
			random := rand.New(rand.NewPCG(3, uint64(len(name))))
			for range *snapshotKills {
				p := c.start(t)
				<-time.After(time.Duration(40+random.IntN(400)) * time.Millisecond)
				p.kill(t)
			}
			stop()
			writing.Wait()
			p := c.start(t)
			defer p.kill(t)
			want := rowsOf(t, server.DB(t, db), "`rows`")
			var last string
			defer func() {
				if t.Failed() {
					t.Log(last)
				}
			}()
			until(t, p, func() bool {
				got, err := c.fromFile()
				last = differences(want, state(got), got)
				return err == nil && last == ""
			})
			t.Logf("%d rows are as they should be, through %d kills", len(want), *snapshotKills)
		})
	}
}

// differences says how many rows are not as they should be, and of a few what
// has been written.
func differences(want, have map[int64]string, changes map[int64][]string) string {
	n, some := 0, ""
	for id := range int64(snapshotRows + 2000) {
		if want[id] != have[id] {
			if n++; n <= 3 {
				some += fmt.Sprintf("; row %d should have the version %q, and has %q of %v", id, want[id], have[id], changes[id])
			}
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d rows are not as they should be%s", n, some)
}

// until waits for a condition while a process runs.
func until(t *testing.T, p process, met func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !met(); {
		if time.Now().After(deadline) {
			t.Fatalf("it has not come to that; the child says:\n%s", p.stderr)
		}
		<-time.After(100 * time.Millisecond)
	}
}

// changeRows changes rows until ctx ends.
func changeRows(ctx context.Context, t *testing.T, db *sql.DB) {
	random := rand.New(rand.NewPCG(9, 9))
	for version := 2; ctx.Err() == nil; version++ {
		id := 1 + random.IntN(snapshotRows+1500)
		statement := fmt.Sprintf("INSERT INTO `rows` VALUES (%d, %d, 'new') ON DUPLICATE KEY UPDATE ver = %d", id, version, version)
		if random.IntN(4) == 0 {
			statement = fmt.Sprintf("DELETE FROM `rows` WHERE id = %d", id)
		}
		if _, err := db.Exec(statement); err != nil {
			t.Errorf("%s: %v", statement, err)
			return
		}
		<-time.After(time.Millisecond)
	}
}

// rowsOf are the versions of the rows that are there.
func rowsOf(t *testing.T, db *sql.DB, table string) map[int64]string {
	found, err := db.Query("SELECT id, ver FROM " + table)
	require.NoError(t, err)
	defer found.Close()
	out := map[int64]string{}
	for found.Next() {
		var id int64
		var version string
		require.NoError(t, found.Scan(&id, &version))
		out[id] = version
	}
	require.NoError(t, found.Err())
	return out
}

// state is what the changes of rows have led to.
func state(changes map[int64][]string) map[int64]string {
	out := map[int64]string{}
	for id, all := range changes {
		if op, version, _ := strings.Cut(all[len(all)-1], ":"); op != "d" && id != 0 { // 0 are signals
			out[id] = version
		}
	}
	return out
}
