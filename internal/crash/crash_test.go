package crash

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/kafka"
	"github.com/tailrace-io/tailrace/source/mysql"
)

var kills = flag.Int("kills", 60, "how often the process is killed that streams MySQL, and that which streams MariaDB")

// A child is told by the environment what to stream.
const childEnv = "TAILRACE_CRASH_CHILD"

type child struct {
	Postgres bool         // rather than MySQL
	Flavor   mysql.Flavor // "" for MySQL

	Addr, User, Password, Database string
	Brokers                        []string
	Topic                          string
	Dir                            string

	Snapshot *snapshots // nil streams to Kafka too
	Threads  int        // of PostgreSQL's snapshot
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		var c child
		err := json.Unmarshal([]byte(text), &c)
		switch {
		case err != nil:
		case c.Postgres:
			err = c.runPostgres(context.Background())
		default:
			err = c.run(context.Background())
		}
		fmt.Fprintln(os.Stderr, "the child ended:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// run streams the database to a file and, where there are brokers, to Kafka, by
// an engine each.
func (c child) run(ctx context.Context) error {
	file, err := openLog(filepath.Join(c.Dir, "events"))
	if err != nil {
		return err
	}
	src := mysql.Source{
		Addr: c.Addr, User: c.User, Password: c.Password, Flavor: c.Flavor,
		TopicPrefix: "crash", Databases: mysql.Include(c.Database),
	}
	if c.Snapshot != nil {
		return c.runSnapshots(ctx, src, file)
	}
	json := converter.NewJSON(converter.JSONConfig{})
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	topics := kafka.TopicCreation{Enable: true, TopicSettings: kafka.TopicSettings{Partitions: 3}}
	configs := []engine.Config{
		{Name: "file", Source: src, Sink: file, Offsets: offset.File(filepath.Join(c.Dir, "file.offsets"))},
		{Name: "kafka", Source: src, Sink: kafka.Sink{Brokers: c.Brokers, TopicCreation: topics}, Offsets: offset.File(filepath.Join(c.Dir, "kafka.offsets")),
			Encode: engine.Converters{Key: json, Value: json, Header: json}},
	}
	if len(c.Brokers) == 0 {
		configs = configs[:1]
	}
	failed := make(chan error, len(configs))
	for _, cfg := range configs {
		cfg.CommitInterval = 50 * time.Millisecond
		cfg.Log = log
		e, err := engine.New(cfg)
		if err != nil {
			return err
		}
		go func() { failed <- e.Run(ctx) }()
	}
	return <-failed
}

// openLog is a sink that appends a line a change to a file and syncs it. What a
// kill tore is cut off first.
func openLog(path string) (sink.Func, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	whole := int64(bytes.LastIndexByte(text, '\n') + 1)
	if err := f.Truncate(whole); err != nil {
		return nil, err
	}
	if _, err := f.Seek(whole, 0); err != nil {
		return nil, err
	}
	var lines []byte
	return func(_ context.Context, records []tailrace.Record) error {
		lines = lines[:0]
		for i := range records {
			c, ok := tailrace.AsChange(&records[i])
			if !ok {
				continue
			}
			row := c.Row()
			lines = fmt.Appendf(lines, "%d %s:%d\n", row.Get("id").Int(), string(c.Op()), row.Get("ver").Int())
		}
		if _, err := f.Write(lines); err != nil {
			return err
		}
		return f.Sync()
	}, nil
}

// A process that streams a server under load to Kafka and to a file is killed
// again and again, at any moment of its life. At the end every change that was
// committed has arrived, in order a key; what arrived twice lies behind the
// last commit.
func TestNothingIsLostByKills(t *testing.T) {
	t.Run("MySQL, to Kafka and to a file", func(t *testing.T) {
		broker := testserver.Kafka(t)
		loseNothing(t, testserver.MySQL(t), child{Brokers: broker.Brokers})
	})
	t.Run("MariaDB, to a file", func(t *testing.T) { loseNothing(t, testserver.MariaDB(t), child{Flavor: mysql.MariaDB}) })
}

func loseNothing(t *testing.T, server *testserver.MySQLServer, c child) {
	db := server.Database(t)
	c.Addr, c.User, c.Password, c.Database, c.Dir = server.Addr, server.User, server.Password, db, t.TempDir()
	load, places := newLoad(t, server.DB(t, db)), []func() (map[int64][]string, error){c.fromFile}
	if len(c.Brokers) > 0 {
		c.Topic = "crash." + db + ".rows"
		places = append(places, c.consume(t).read)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var writers sync.WaitGroup
	random := rand.New(rand.NewPCG(1, 2))
	killed := 0
	kill := func(times, least, most int) {
		for range times {
			p := c.start(t)
			<-time.After(time.Duration(least+random.IntN(most-least)) * time.Millisecond)
			p.kill(t)
			if killed++; killed%20 == 0 {
				t.Logf("%d of %d kills, %d changes committed", killed, *kills, load.committed())
			}
		}
	}
	// The first writer is there from the beginning; the second comes when the
	// snapshot is through, so that each of its changes must be seen.
	writers.Go(func() { load.write(ctx, 0) })
	kill(*kills/5, 20, 250)
	c.await(t, load, func(id int64) bool { return id >= firstStill }, places...)
	load.settle()
	writers.Go(func() { load.write(ctx, 1) })
	kill(*kills-*kills/5, 20, 520)
	stop()
	writers.Wait()
	require.NoError(t, load.err)
	c.await(t, load, func(int64) bool { return true }, places...)
	t.Logf("%d changes of %d rows arrived in %d places, through %d kills", load.committed(), len(load.rows), len(places), killed)
}

// await lets a child run until all changes of the rows have arrived.
func (c child) await(t *testing.T, l *load, rows func(id int64) bool, places ...func() (map[int64][]string, error)) {
	t.Helper()
	p := c.start(t)
	defer p.kill(t)
	deadline := time.Now().Add(5 * time.Minute)
	for _, arrived := range places {
		for {
			got, err := arrived()
			require.NoError(t, err)
			wrong, missing := l.compare(got, rows)
			require.NoError(t, wrong)
			if missing == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%v\nthe child says:\n%s", missing, p.stderr)
			}
			<-time.After(200 * time.Millisecond)
		}
	}
}

type process struct {
	*exec.Cmd
	stderr *bytes.Buffer
}

func (c child) start(t *testing.T) process {
	text, err := json.Marshal(c)
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	stderr := new(bytes.Buffer)
	cmd.Stderr = stderr
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

// load writes rows and remembers what was committed to each, in its order.
type load struct {
	db   *sql.DB
	mu   sync.Mutex
	rows map[int64][]string // such as "c:1", "u:2", "d:2"
	err  error

	// How many changes of a row were committed when the snapshot was through.
	// Until then it may begin anew, and leave out what it finds done.
	settled map[int64]int
}

const (
	still      = 3000 // rows that are there before and never change
	firstStill = 100_000
	perLoad    = 40 // rows that a writer changes
)

func newLoad(t *testing.T, db *sql.DB) *load {
	l := &load{db: db, rows: map[int64][]string{}}
	_, err := db.Exec("CREATE TABLE `rows` (id INT PRIMARY KEY, ver INT NOT NULL, pad VARCHAR(250))")
	require.NoError(t, err)
	var values []string
	for id := range int64(still) {
		values = append(values, fmt.Sprintf("(%d, 1, REPEAT('x', 100))", firstStill+id))
		l.rows[firstStill+id] = []string{"c:1"}
	}
	_, err = db.Exec("INSERT INTO `rows` VALUES " + strings.Join(values, ","))
	require.NoError(t, err)
	return l
}

func (l *load) settle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled = map[int64]int{}
	for id, changes := range l.rows {
		l.settled[id] = len(changes)
	}
}

func (l *load) committed() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, changes := range l.rows {
		n += len(changes)
	}
	return n
}

// write runs transactions on rows of its own until ctx ends, some 300 a second.
func (l *load) write(ctx context.Context, writer int) {
	random := rand.New(rand.NewPCG(uint64(writer), 7))
	version := map[int64]int{} // of rows that are there
	last := map[int64]int{}
	pace := time.NewTicker(3 * time.Millisecond)
	defer pace.Stop()
	for ctx.Err() == nil {
		<-pace.C
		statements := 1 + random.IntN(4)
		if random.IntN(50) == 0 {
			statements = 400 // more than fits a batch, with the ones around it
		}
		tx, err := l.db.Begin()
		changed := map[int64][]string{}
		was, wasLast := map[int64]int{}, map[int64]int{}
		for range statements {
			if err != nil {
				break
			}
			id := int64(writer*1000 + random.IntN(perLoad))
			if _, ok := wasLast[id]; !ok {
				was[id], wasLast[id] = version[id], last[id]
			}
			switch {
			case version[id] == 0:
				last[id]++
				version[id] = last[id]
				_, err = tx.Exec("INSERT INTO `rows` VALUES (?, ?, REPEAT('i', ?))", id, version[id], random.IntN(200))
				changed[id] = append(changed[id], fmt.Sprint("c:", version[id]))
			case random.IntN(5) == 0:
				_, err = tx.Exec("DELETE FROM `rows` WHERE id = ?", id)
				changed[id] = append(changed[id], fmt.Sprint("d:", version[id]))
				version[id] = 0
			default:
				last[id]++
				version[id] = last[id]
				_, err = tx.Exec("UPDATE `rows` SET ver = ?, pad = REPEAT('u', ?) WHERE id = ?", version[id], random.IntN(200), id)
				changed[id] = append(changed[id], fmt.Sprint("u:", version[id]))
			}
		}
		if err == nil && random.IntN(10) == 0 {
			err = tx.Rollback()
			for id := range changed {
				version[id], last[id] = was[id], wasLast[id]
			}
			changed = nil
		} else if err == nil {
			err = tx.Commit()
		}
		l.mu.Lock()
		if err != nil {
			l.err = err
			l.mu.Unlock()
			return
		}
		for id, changes := range changed {
			l.rows[id] = append(l.rows[id], changes...)
		}
		l.mu.Unlock()
	}
}

// compare says what is wrong with what arrived, and what has not arrived yet.
func (l *load) compare(got map[int64][]string, rows func(id int64) bool) (wrong, missing error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, want := range l.rows {
		if !rows(id) {
			continue
		}
		place := map[string]int{}
		after := map[string]int{} // the place of the change that gave a row its version
		for i, change := range want {
			place[change] = i
			if change[0] != 'd' {
				after[change[2:]] = i
			}
		}
		at := -1
		for i, change := range got[id] {
			if change[0] == 'r' { // a snapshot's row stands for all that led to it
				n, ok := after[change[2:]]
				if !ok || n < at {
					return fmt.Errorf("row %d: the snapshot's %s comes after %d changes of %v", id, change, at+1, want), nil
				}
				at = n
				continue
			}
			n, ok := place[change]
			if ok && n > at && n <= l.settled[id] {
				at = n - 1 // the row was not there any more when its part of the snapshot was read
			}
			if !ok || n > at+1 {
				return fmt.Errorf("row %d: change %d is %s, behind change %d of %v; got %v", id, i, change, at, want, got[id]), nil
			}
			at = n
		}
		if at != len(want)-1 && missing == nil {
			missing = fmt.Errorf("row %d: %d of %d changes arrived", id, at+1, len(want))
		}
	}
	return nil, missing
}

func (c child) fromFile() (map[int64][]string, error) {
	text, err := os.ReadFile(filepath.Join(c.Dir, "events"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // no child has come so far as to make it
		return nil, err
	}
	got := map[int64][]string{}
	whole := text[:bytes.LastIndexByte(text, '\n')+1] // the last line may be being written
	for line := range strings.Lines(string(whole)) {
		var id int64
		var change string
		if _, err := fmt.Sscan(line, &id, &change); err != nil {
			return nil, fmt.Errorf("%q is no change: %w", line, err)
		}
		got[id] = append(got[id], change)
	}
	return got, nil
}

// topic reads what is in Kafka, with a client of another making.
type topic struct {
	client *kgo.Client
	got    map[int64][]string
}

func (c child) consume(t *testing.T) *topic {
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers...), kgo.ConsumeTopics(c.Topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return &topic{client, map[int64][]string{}}
}

// read gives all that was read so far, after another look.
func (k *topic) read() (map[int64][]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, r := range k.client.PollFetches(ctx).Records() {
		if len(r.Value) == 0 {
			continue // a tombstone
		}
		var event struct {
			Before, After *struct{ ID, Ver int64 }
			Op            string
		}
		if err := json.Unmarshal(r.Value, &event); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Value, err)
		}
		row := event.After
		if row == nil {
			row = event.Before
		}
		k.got[row.ID] = append(k.got[row.ID], fmt.Sprintf("%s:%d", event.Op, row.Ver))
	}
	return k.got, nil
}
