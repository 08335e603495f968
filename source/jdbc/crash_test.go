package jdbc_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/jdbc/mysql"
)

var (
	kills = flag.Int("kills", 6, "how often the process that polls is killed, in each mode")
	seed  = flag.Uint64("seed", 0, "what the moments of the kills go by; 0 takes the clock")
)

// A child is told by the environment what to poll.
const childEnv = "TAILRACE_JDBC_CHILD"

type child struct {
	URL, User, Password, Dir string
	Mode                     jdbc.Mode
}

// TestMain makes this program a process that polls, when the test of kills
// starts it as one.
func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		var c child
		err := json.Unmarshal([]byte(text), &c)
		if err == nil {
			err = c.run(context.Background())
		}
		fmt.Fprintln(os.Stderr, "the child ended:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// run polls the table and appends a line a row to a file.
func (c child) run(ctx context.Context) error {
	f, err := os.OpenFile(c.seen(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	src := jdbc.Source{
		URL: c.URL, User: c.User, Password: c.Password, Dialect: mysql.Dialect{}, Mode: c.Mode,
		Tables: []string{"changes"}, PollInterval: time.Millisecond, BatchRows: 7,
	}
	if c.Mode != jdbc.Bulk && c.Mode != jdbc.Timestamp {
		src.IncrementingColumn = "id"
	}
	if c.Mode == jdbc.Timestamp || c.Mode == jdbc.TimestampIncrementing {
		src.TimestampColumns, src.Delay = []string{"at"}, lateCommit+3*time.Second
	}
	var lines []byte
	e, err := engine.New(engine.Config{
		Name: "changes", Source: src, Offsets: offset.File(filepath.Join(c.Dir, "offsets")), CommitInterval: 10 * time.Millisecond,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Sink: sink.Func(func(_ context.Context, records []tailrace.Record) error {
			lines = append(lines[:0], '\n') // which ends a line that a kill tore
			for i := range records {
				row := records[i].ValueStruct()
				lines = fmt.Appendf(lines, "%d:%d\n", row.Get("id").Int(), row.Get("ver").Int())
			}
			_, err := f.Write(lines)
			return err
		}),
	})
	if err != nil {
		return err
	}
	return e.Run(ctx)
}

func (c child) seen() string { return filepath.Join(c.Dir, "seen") }

// start starts the child.
func (c child) start(t *testing.T) (kill func() string) {
	config, err := json.Marshal(c)
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(config))
	var said bytes.Buffer
	cmd.Stderr = &said
	require.NoError(t, cmd.Start())
	return func() string {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return said.String()
	}
}

// versions reads which versions of rows were seen.
func (c child) versions(t *testing.T) map[string]bool {
	text, err := os.ReadFile(c.seen())
	if !errors.Is(err, os.ErrNotExist) {
		require.NoError(t, err)
	}
	seen := map[string]bool{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		seen[lines.Text()] = true
	}
	return seen
}

// lateCommit is for how long transactions stay open at most.
const lateCommit = 20 * time.Millisecond

// load changes the table until ctx ends: in one connection where the mode goes by
// numbers alone, whose order is that of commits only then, otherwise in several,
// which commit late and share timestamps.
func load(ctx context.Context, db *sql.DB, mode jdbc.Mode, seed uint64) error {
	writers := 3
	if mode == jdbc.Incrementing {
		writers = 1
	}
	failed := make(chan error, writers)
	for i := range writers {
		own := rand.New(rand.NewPCG(seed, uint64(100+i)))
		go func() {
			for ctx.Err() == nil {
				var lost *driver.MySQLError
				if err := change(db, mode, own); err != nil && !(errors.As(err, &lost) && lost.Number == 1213) { // a deadlock of two writers
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	var errs []error
	for range writers {
		errs = append(errs, <-failed)
	}
	return errors.Join(errs...)
}

func change(db *sql.DB, mode jdbc.Mode, random *rand.Rand) error {
	begun := time.Now()
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.Exec("INSERT INTO changes (ver) VALUES (1)" + strings.Repeat(", (1)", random.IntN(12))); err != nil {
		return err
	}
	if mode != jdbc.Incrementing {
		if _, err := tx.Exec("UPDATE changes SET ver = ver + 1 WHERE id = ?", 1+random.IntN(50)); err != nil {
			return err
		}
	}
	<-time.After(time.Duration(random.Int64N(int64(lateCommit))))
	if time.Since(begun) > time.Second {
		return tx.Rollback() // what waited for so long would be seen by no delay
	}
	return tx.Commit()
}

// A process that polls a table under load is killed again and again, at any
// moment of its life. At the end it has seen the last version of each row.
func TestNothingIsLostByKills(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed %d", *seed)
	server := testserver.MySQL(t)
	for i, mode := range []jdbc.Mode{jdbc.Bulk, jdbc.Incrementing, jdbc.Timestamp, jdbc.TimestampIncrementing} {
		t.Run(string(mode), func(t *testing.T) {
			random := rand.New(rand.NewPCG(*seed, uint64(i)))
			name := server.Database(t)
			db := server.DB(t, name)
			_, err := db.Exec("CREATE TABLE changes (id INT PRIMARY KEY AUTO_INCREMENT, ver INT NOT NULL, at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, KEY (at))")
			require.NoError(t, err)
			c := child{URL: "jdbc:mysql://" + server.Addr + "/" + name, User: server.User, Password: server.Password, Dir: t.TempDir(), Mode: mode}
			ctx, stop := context.WithCancel(t.Context())
			loaded := make(chan error, 1)
			go func() { loaded <- load(ctx, db, mode, *seed) }()
			for range *kills {
				kill := c.start(t)
				<-time.After(time.Duration(100+random.IntN(900)) * time.Millisecond)
				kill()
			}
			stop()
			require.NoError(t, <-loaded)
			c.finish(t, db)
		})
	}
}

// finish runs the child until it has seen all.
func (c child) finish(t *testing.T, db *sql.DB) {
	want := map[string]bool{}
	rows, err := db.Query("SELECT CONCAT(id, ':', ver) FROM changes")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		want[line] = true
	}
	require.NoError(t, rows.Err())
	killed := c.versions(t)
	kill := c.start(t)
	for deadline := time.Now().Add(3 * time.Minute); ; <-time.After(50 * time.Millisecond) {
		missing, seen := 0, c.versions(t)
		for line := range want {
			if !seen[line] {
				missing++
			}
		}
		if missing == 0 {
			kill()
			t.Logf("%d rows, %d versions seen before the last kill, %d in all", len(want), len(killed), len(seen))
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d rows were never seen in their last version; the child said:\n%s", missing, len(want), kill())
		}
	}
}
