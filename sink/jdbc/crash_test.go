package jdbc_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink/jdbc"
	sinkmysql "github.com/tailrace-io/tailrace/sink/jdbc/mysql"
	sinkpostgres "github.com/tailrace-io/tailrace/sink/jdbc/postgres"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/mysql"
	"github.com/tailrace-io/tailrace/source/postgres"
)

var kills = flag.Int("kills", 25, "how often the writing process is killed, a pair of databases")

// A child is told by the environment what to copy.
const childEnv = "TAILRACE_JDBC_CHILD"

type child struct {
	From, Addr, User, Password, Database string
	To, URL                              string
	ExactlyOnce                          bool
	Dir                                  string
}

func TestMain(m *testing.M) {
	text := os.Getenv(childEnv)
	if text == "" {
		os.Exit(m.Run())
	}
	var c child
	err := json.Unmarshal([]byte(text), &c)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err == nil {
		err = c.run(ctx)
	}
	if err != nil || ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "the child ended:", err)
		os.Exit(1)
	}
}

// run copies the table `copied`: exactly once by plain inserts of each state of
// a row, which would show a repeat, or at least once by upserts and deletes.
func (c child) run(ctx context.Context) error {
	s := jdbc.Sink{URL: c.URL, Dialect: sinkpostgres.Dialect{}, TableFormat: "target", InsertMode: jdbc.InsertUpsert, PKMode: jdbc.KeyRecordKey, Deletes: true}
	if c.To == "mysql" {
		s.Dialect = sinkmysql.Dialect{}
	}
	cfg := engine.Config{Name: "crash", Source: c.source(), CommitInterval: 20 * time.Millisecond}
	if c.ExactlyOnce {
		s.InsertMode, s.PKMode, s.Deletes, s.OffsetTable = jdbc.InsertPlain, jdbc.KeyNone, false, "offsets"
	} else {
		cfg.Offsets = offset.File(filepath.Join(c.Dir, "offsets"))
	}
	cfg.Sink = s
	e, err := engine.New(cfg)
	if err != nil {
		return err
	}
	return e.Run(ctx)
}

func (c child) source() source.Source {
	if c.From == "mysql" {
		return mysql.Source{Addr: c.Addr, User: c.User, Password: c.Password, TopicPrefix: "srv", Databases: mysql.Include(c.Database)}
	}
	return postgres.Source{Addr: c.Addr, User: c.User, Password: c.Password, Database: c.Database, TopicPrefix: "srv",
		Slot: "slot_" + c.Database, SlotWait: time.Minute}
}

// A process that copies a table under load is killed again and again, at any
// moment of its life. At the end the target equals the source row for row; and
// exactly once, it holds each state that a row ever had one time.
func TestKillsLoseAndRepeatNothing(t *testing.T) {
	for seed, c := range []child{
		{From: "mysql", To: "postgres"},
		{From: "postgres", To: "mysql"},
		{From: "mysql", To: "mysql", ExactlyOnce: true},
		{From: "postgres", To: "postgres", ExactlyOnce: true},
	} {
		name := map[bool]string{true: "exactly once", false: "upsert"}[c.ExactlyOnce]
		t.Run(c.From+" to "+c.To+" "+name, func(t *testing.T) {
			c.killed(t, rand.New(rand.NewPCG(uint64(seed), 7)))
		})
	}
}

func (c child) killed(t *testing.T, random *rand.Rand) {
	a, b := newTarget(t, c.From), newTarget(t, c.To)
	c.Addr, c.User, c.Password, c.Database = a.account(t)
	c.URL, c.Dir = b.url, t.TempDir()
	a.exec("CREATE TABLE copied (id INT PRIMARY KEY, ver INT NOT NULL, pad VARCHAR(250))")
	key := map[bool]string{true: "", false: " PRIMARY KEY"}[c.ExactlyOnce]
	b.exec("CREATE TABLE target (id INT" + key + ", ver INT NOT NULL, pad VARCHAR(250))")
	// Behind the second mark the log is read; an orderly end stores the offset of
	// that, so that no snapshot is taken again.
	first := c.start(t)
	for id := range 2 {
		a.exec(fmt.Sprintf("INSERT INTO copied VALUES (%d, 0, 'mark')", -1-id))
		first.await(t, func() error { return missing(id+1, b.count("target")) })
	}
	first.end(t)
	l := startCopyLoad(t, a)
	for range *kills {
		p := c.start(t)
		<-time.After(time.Duration(20+random.IntN(500)) * time.Millisecond)
		p.kill(t)
	}
	l.stop()
	require.NoError(t, l.err)
	last := c.start(t)
	defer last.kill(t)
	want := func() []string { return a.rows("SELECT id, ver, pad FROM copied ORDER BY id, ver") }
	if c.ExactlyOnce {
		slices.Sort(l.states)
		want = func() []string { return l.states }
	}
	last.await(t, func() error { return c.equal(want(), b) })
	t.Logf("%d states of rows through %d kills", len(l.states), *kills)
}

func missing(want, got int) error {
	if got < want {
		return fmt.Errorf("%d of %d rows have arrived", got, want)
	}
	return nil
}

// equal says what of the target is not as it should be.
func (c child) equal(want []string, b *target) error {
	got := b.rows("SELECT id, ver, pad FROM target ORDER BY id, ver")
	if c.ExactlyOnce {
		got = b.rows("SELECT id, ver, pad FROM target WHERE id >= 0")
		slices.Sort(got)
	}
	if !slices.Equal(want, got) {
		return fmt.Errorf("the source has %d rows and the target %d, or others", len(want), len(got))
	}
	return nil
}

// account is how a source connects.
func (d *target) account(t *testing.T) (addr, user, password, database string) {
	if d.name == "mysql" {
		s := testserver.MySQL(t)
		return s.Addr, s.User, s.Password, d.database()
	}
	s := testserver.Postgres(t)
	return s.Addr, s.User, s.Password, d.database()
}

// copyLoad changes rows in transactions, and remembers what was committed.
type copyLoad struct {
	db     *sql.DB
	stop   func()
	states []string // that rows had, each once
	err    error
}

func startCopyLoad(t *testing.T, d *target) *copyLoad {
	ctx, cancel := context.WithCancel(t.Context())
	l, done := &copyLoad{db: d.db}, make(chan struct{})
	l.stop = func() { cancel(); <-done }
	t.Cleanup(l.stop)
	go func() { defer close(done); l.run(ctx) }()
	return l
}

const copiedRows = 200

func (l *copyLoad) run(ctx context.Context) {
	random := rand.New(rand.NewPCG(3, 7))
	there := map[int]bool{}
	pace := time.NewTicker(4 * time.Millisecond)
	defer pace.Stop()
	for ver := 1; ctx.Err() == nil && l.err == nil; {
		<-pace.C
		n := 1 + random.IntN(5)
		if random.IntN(40) == 0 {
			n = 300
		}
		ver = l.transaction(random, there, ver, n)
	}
}

// transaction makes n changes, numbered from ver on.
func (l *copyLoad) transaction(random *rand.Rand, there map[int]bool, ver, n int) int {
	tx, err := l.db.Begin()
	if err != nil {
		l.err = err
		return ver
	}
	var states []string
	for range n {
		id, pad := random.IntN(copiedRows), fmt.Sprint("pad ", random.IntN(1000))
		statement := fmt.Sprintf("INSERT INTO copied VALUES (%d, %d, '%s')", id, ver, pad)
		if there[id] {
			statement = fmt.Sprintf("UPDATE copied SET ver = %d, pad = '%s' WHERE id = %d", ver, pad, id)
		}
		if there[id] && random.IntN(5) == 0 {
			statement, pad = fmt.Sprintf("DELETE FROM copied WHERE id = %d", id), ""
		}
		if _, err := tx.Exec(statement); err != nil {
			l.err = errors.Join(err, tx.Rollback())
			return ver
		}
		if there[id] = pad != ""; there[id] {
			states = append(states, fmt.Sprintf("%d %d %s", id, ver, pad))
		}
		ver++
	}
	if l.err = tx.Commit(); l.err == nil {
		l.states = append(l.states, states...)
	}
	return ver
}

type process struct {
	*exec.Cmd
	stderr *bytes.Buffer
}

func (c child) start(t *testing.T) process {
	text, err := json.Marshal(c)
	require.NoError(t, err)
	cmd, stderr := exec.Command(os.Args[0]), new(bytes.Buffer)
	cmd.Env, cmd.Stderr = append(os.Environ(), childEnv+"="+string(text)), stderr
	require.NoError(t, cmd.Start())
	return process{cmd, stderr}
}

// kill ends the process by SIGKILL. One that ended by itself before is a
// failure.
func (p process) kill(t *testing.T) {
	_ = p.Process.Kill()
	err := p.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("the child ended by itself: %v\n%s", err, p.stderr)
	}
}

// end lets the process end in its orderly way.
func (p process) end(t *testing.T) {
	require.NoError(t, p.Process.Signal(os.Interrupt))
	require.NoError(t, p.Wait(), p.stderr)
}

// await waits until nothing is wrong any more.
func (p process) await(t *testing.T, wrong func() error) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		err := wrong()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			_ = p.Process.Kill()
			_ = p.Wait()
			t.Fatalf("%v\n%s", err, p.stderr)
		}
		<-time.After(50 * time.Millisecond)
	}
}
