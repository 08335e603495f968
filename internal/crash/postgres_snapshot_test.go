package crash

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tailrace-io/tailrace/internal/testserver"
)

// A process that reads the rows of PostgreSQL's tables is killed as MySQL's is.
// Rows move to other pages meanwhile, also to those that were read, since
// there is room where others were deleted.
func TestSnapshotsOfPostgreSQLGoOnAfterKills(t *testing.T) {
	server := testserver.Postgres18(t)
	for name, threads := range map[string]int{"one connection": 1, "side by side": 3} {
		t.Run(name, func(t *testing.T) {
			database := server.Database(t)
			c := child{Postgres: true, Addr: server.Addr, User: server.User, Password: server.Password, Database: database, Dir: t.TempDir(), Threads: threads}
			server.Exec(t, database, "CREATE TABLE rows (id INT PRIMARY KEY, ver INT NOT NULL, pad TEXT) WITH (autovacuum_enabled = off)",
				fmt.Sprintf("INSERT INTO rows SELECT i, 1, repeat('x', 500) FROM generate_series(1, %d) i", snapshotRows),
				"DELETE FROM rows WHERE id % 7 = 0", "VACUUM ANALYZE rows")
			db := server.DB(t, database)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var writing sync.WaitGroup
			writing.Go(func() { changePostgresRows(ctx, t, db) })
			random := rand.New(rand.NewPCG(3, uint64(threads)))
			resumed := 0
			for range *snapshotKills {
				more := c.written() + int64(random.IntN(60_000))
				p := c.start(t)
				for deadline := time.Now().Add(5 * time.Second); c.written() < more && time.Now().Before(deadline); {
					<-time.After(time.Millisecond)
				}
				p.kill(t)
				if text, err := os.ReadFile(filepath.Join(c.Dir, "file.offsets")); err == nil && strings.Contains(string(text), "snapshot_page") {
					resumed++
				}
			}
			stop()
			writing.Wait()
			p := c.start(t)
			defer p.kill(t)
			want := rowsOf(t, db, "rows")
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
			t.Logf("%d rows are as they should be, through %d kills, %d of them within a table", len(want), *snapshotKills, resumed)
		})
	}
}

// written is how many bytes of changes children have written.
func (c child) written() int64 {
	info, err := os.Stat(filepath.Join(c.Dir, "events"))
	if err != nil {
		return 0 // no child has come so far as to make it
	}
	return info.Size()
}

// changePostgresRows changes rows until ctx ends.
func changePostgresRows(ctx context.Context, t *testing.T, db *sql.DB) {
	random := rand.New(rand.NewPCG(9, 9))
	for version := 2; ctx.Err() == nil; version++ {
		id := 1 + random.IntN(snapshotRows+1500)
		statement := fmt.Sprintf("INSERT INTO rows VALUES (%d, %d, repeat('n', 500)) ON CONFLICT (id) DO UPDATE SET ver = %[2]d", id, version)
		if random.IntN(4) == 0 {
			statement = fmt.Sprintf("DELETE FROM rows WHERE id = %d", id)
		}
		if _, err := db.Exec(statement); err != nil {
			t.Errorf("%s: %v", statement, err)
			return
		}
		<-time.After(time.Millisecond)
	}
}
