package crash

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/source/postgres"
)

var postgresKills = flag.Int("postgres-kills", 200, "how often the process that streams PostgreSQL is killed")

// runPostgres streams the database to a file.
func (c child) runPostgres(ctx context.Context) error {
	file, err := openLog(filepath.Join(c.Dir, "events"))
	if err != nil {
		return err
	}
	src := postgres.Source{
		Addr: c.Addr, User: c.User, Password: c.Password, Database: c.Database, TopicPrefix: "crash",
		Streaming: postgres.StreamingParallel, StreamMemory: 16 << 10, StreamDir: c.Dir, BatchRows: 100, SnapshotThreads: c.Threads,
	}
	if c.Snapshot != nil {
		src = c.Snapshot.ofPostgres(src, c.Dir)
	}
	e, err := engine.New(engine.Config{
		Name:           "file",
		Source:         src,
		Sink:           file,
		Offsets:        offset.File(filepath.Join(c.Dir, "file.offsets")),
		CommitInterval: 10 * time.Millisecond,
		Log:            slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	return e.Run(ctx)
}

// A process that streams PostgreSQL is killed as MySQL's is. The load has
// transactions side by side, savepoints that are rolled back, many rows at one
// place of the log, and transactions that the server sends before their end.
func TestNothingOfPostgreSQLIsLostByKills(t *testing.T) {
	server := testserver.StartPostgres18(t, "logical_decoding_work_mem=64kB")
	database := server.Database(t)
	c := child{Postgres: true, Addr: server.Addr, User: server.User, Password: server.Password, Database: database, Dir: t.TempDir()}
	db := server.DB(t, database)
	load := newPostgresLoad(t, db)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var writers sync.WaitGroup
	random := rand.New(rand.NewPCG(3, 4))
	killed := 0
	kill := func(times, least, most int) {
		for range times {
			p := c.start(t)
			<-time.After(time.Duration(least+random.IntN(most-least)) * time.Millisecond)
			p.kill(t)
			if killed++; killed%50 == 0 {
				t.Logf("%d of %d kills, %d changes committed", killed, *postgresKills, load.committed())
			}
		}
	}
	writers.Go(func() { load.writePostgres(ctx, 0) })
	kill(*postgresKills/5, 20, 250)
	c.await(t, &load.load, func(id int64) bool { return id >= firstStill && id < firstStill+still }, c.fromFile)
	load.settle()
	for n := 1; n <= 3; n++ {
		writers.Go(func() { load.writePostgres(ctx, n) })
	}
	writers.Go(func() { load.copy(ctx, firstStill+still) })
	kill(*postgresKills-*postgresKills/5, 20, 400)
	stop()
	writers.Wait()
	require.NoError(t, load.err)
	c.await(t, &load.load, func(int64) bool { return true }, c.fromFile)
	var streamed int
	require.NoError(t, db.QueryRow("SELECT stream_txns FROM pg_stat_replication_slots").Scan(&streamed))
	require.Positive(t, streamed, "transactions were sent before their end")
	t.Logf("%d changes of %d rows arrived, through %d kills, of %d transactions before their end", load.committed(), len(load.rows), killed, streamed)
}

// postgresLoad is a load in PostgreSQL's SQL.
type postgresLoad struct{ load }

func newPostgresLoad(t *testing.T, db *sql.DB) *postgresLoad {
	l := &postgresLoad{load{db: db, rows: map[int64][]string{}}}
	for _, statement := range []string{
		"CREATE TABLE rows (id INT PRIMARY KEY, ver INT NOT NULL, pad TEXT)",
		"ALTER TABLE rows REPLICA IDENTITY FULL",
		fmt.Sprintf("INSERT INTO rows SELECT i, 1, repeat('x', 100) FROM generate_series(%d, %d) i", firstStill, firstStill+still-1),
	} {
		_, err := db.Exec(statement)
		require.NoError(t, err)
	}
	for id := range int64(still) {
		l.rows[firstStill+id] = []string{"c:1"}
	}
	return l
}

// rowState is what a transaction sees of a row.
type rowState struct{ version, last int }

// oneChange is of a row.
type oneChange struct {
	id   int64
	what string
}

// writePostgres runs transactions on rows of its own until ctx ends.
func (l *postgresLoad) writePostgres(ctx context.Context, writer int) {
	random := rand.New(rand.NewPCG(uint64(writer), 9))
	rows := map[int64]rowState{}
	pace := time.NewTicker(4 * time.Millisecond)
	defer pace.Stop()
	for ctx.Err() == nil {
		<-pace.C
		statements := 1 + random.IntN(4)
		if random.IntN(30) == 0 {
			statements = 500
		}
		tx, err := l.db.Begin()
		now, changed := maps.Clone(rows), []oneChange(nil)
		var saved map[int64]rowState
		savedChanges := 0
		for range statements {
			if err != nil {
				break
			}
			switch n := random.IntN(20); {
			case n == 0:
				_, err = tx.Exec("SAVEPOINT s")
				saved, savedChanges = maps.Clone(now), len(changed)
				continue
			case n == 1 && saved != nil:
				_, err = tx.Exec("ROLLBACK TO s")
				now, changed = maps.Clone(saved), changed[:savedChanges:savedChanges]
				continue
			}
			id := int64(writer*1000 + random.IntN(perLoad))
			r := now[id]
			var what string
			if what, err = change(tx, random, id, &r); err == nil {
				changed, now[id] = append(changed, oneChange{id, what}), r
			}
		}
		if err == nil && random.IntN(10) == 0 {
			err = tx.Rollback()
			now, changed = rows, nil
		} else if err == nil {
			err = tx.Commit()
		}
		rows = now
		if !l.note(changed, err) {
			return
		}
	}
}

func change(tx *sql.Tx, random *rand.Rand, id int64, r *rowState) (string, error) {
	switch {
	case r.version == 0:
		r.last++
		r.version = r.last
		_, err := tx.Exec("INSERT INTO rows VALUES ($1, $2, repeat('i', $3))", id, r.version, random.IntN(200))
		return fmt.Sprint("c:", r.version), err
	case random.IntN(5) == 0:
		was := r.version
		r.version = 0
		_, err := tx.Exec("DELETE FROM rows WHERE id = $1", id)
		return fmt.Sprint("d:", was), err
	}
	r.last++
	r.version = r.last
	_, err := tx.Exec("UPDATE rows SET ver = $1, pad = repeat('u', $2) WHERE id = $3", r.version, random.IntN(200), id)
	return fmt.Sprint("u:", r.version), err
}

// copy copies rows into the table, many at one place of the log, until ctx ends.
func (l *postgresLoad) copy(ctx context.Context, first int64) {
	random := rand.New(rand.NewPCG(5, 9))
	pace := time.NewTicker(100 * time.Millisecond)
	defer pace.Stop()
	for ctx.Err() == nil {
		<-pace.C
		n := 1 + random.Int64N(150)
		var text strings.Builder
		var changed []oneChange
		for id := first; id < first+n; id++ {
			fmt.Fprintf(&text, "%d\t1\tcopied\n", id)
			changed = append(changed, oneChange{id, "c:1"})
		}
		first += n
		conn, err := l.db.Conn(context.Background())
		if err == nil {
			err = conn.Raw(func(driver any) error {
				_, err := driver.(*stdlib.Conn).Conn().PgConn().CopyFrom(context.Background(), strings.NewReader(text.String()), "COPY rows FROM STDIN")
				return err
			})
			conn.Close()
		}
		if !l.note(changed, err) {
			return
		}
	}
}

// note remembers what was committed; it is false when the load ends.
func (l *postgresLoad) note(changed []oneChange, err error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.err = err
		return false
	}
	for _, c := range changed {
		l.rows[c.id] = append(l.rows[c.id], c.what)
	}
	return true
}
