package jdbc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/sink/jdbc/mysql"
	"github.com/tailrace-io/tailrace/sink/jdbc/postgres"
	"github.com/tailrace-io/tailrace/source"
)

var kills = flag.Int("kills", 30, "how often the writing process is killed, a database and a mode")

// A child is told by the environment what to write.
const childEnv = "TAILRACE_JDBC_CHILD"

type child struct {
	Database, URL string
	ExactlyOnce   bool
	Dir           string
	Until         int // where the log ends; 0 for nowhere
}

func TestMain(m *testing.M) {
	text := os.Getenv(childEnv)
	if text == "" {
		os.Exit(m.Run())
	}
	var c child
	err := json.Unmarshal([]byte(text), &c)
	if err == nil {
		err = c.run(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the child failed:", err)
		os.Exit(1)
	}
}

// run writes the log: exactly once by plain inserts, which would show a repeat,
// or at least once by upserts and deletes.
func (c child) run(ctx context.Context) error {
	s := jdbc.Sink{URL: c.URL, Dialect: postgres.Dialect{}, InsertMode: jdbc.InsertUpsert, PKMode: jdbc.KeyRecordKey, Deletes: true}
	if c.Database == "mysql" {
		s.Dialect = mysql.Dialect{}
	}
	cfg := engine.Config{Name: "crash", Source: log{until: c.Until}, Sink: s, CommitInterval: 20 * time.Millisecond}
	if c.ExactlyOnce {
		s.InsertMode, s.PKMode, s.Deletes, s.OffsetTable = jdbc.InsertPlain, jdbc.KeyNone, false, "offsets"
		cfg.Sink = s
	} else {
		cfg.Offsets = offset.File(filepath.Join(c.Dir, "offsets"))
	}
	e, err := engine.New(cfg)
	if err != nil {
		return err
	}
	return e.Run(ctx)
}

const (
	logKeys  = 300
	logPause = 2 * time.Millisecond
)

// log is a source whose changes follow from their numbers.
type log struct{ until int }

func (l log) Open(_ context.Context, from []tailrace.Offset) (source.Reader, error) {
	r := &logReader{log: l}
	if len(from) > 0 {
		if _, err := fmt.Sscanf(from[0].Position, `{"pos":%d}`, &r.next); err != nil {
			return nil, err
		}
	}
	return r, nil
}

type logReader struct {
	log
	next int
}

func (r *logReader) Read(ctx context.Context) (b tailrace.Batch, err error) {
	select {
	case <-ctx.Done():
		return b, ctx.Err()
	case <-time.After(logPause):
	}
	for range 1 + rand.IntN(200) {
		if r.until > 0 && r.next >= r.until {
			break
		}
		b.Records = append(b.Records, change(r.next))
		r.next++
	}
	if len(b.Records) == 0 {
		return b, io.EOF
	}
	b.Offsets = []tailrace.Offset{{Partition: `{"log":"crash"}`, Position: fmt.Sprintf(`{"pos":%d}`, r.next)}}
	return b, nil
}

func (r *logReader) Commit(context.Context, []tailrace.Offset) error { return nil }
func (r *logReader) Close() error                                    { return nil }

// changed says what change n does: to which row, and whether it deletes it.
func changed(n int) (id int, deletes bool) {
	h := uint64(n+1) * 0x9e3779b97f4a7c15
	return int(h >> 33 % logKeys), h>>20&7 == 0
}

// change is the record of change n: a row of its id and the number.
func change(n int) tailrace.Record {
	id, deletes := changed(n)
	r := row(int32(id), tailrace.String(fmt.Sprint("change ", n)), tailrace.Value{})
	r.Topic = "target"
	if deletes {
		r.ValueSchema, r.Value = nil, tailrace.Value{}
	}
	return r
}

// state is what a target should hold behind the first n changes.
func state(n int, exactlyOnce bool) []string {
	rows := make([]string, logKeys)
	all := []string{}
	for i := range n {
		id, deletes := changed(i)
		text := fmt.Sprintf("%d change %d", id, i)
		if rows[id] = text; deletes {
			rows[id] = ""
		} else {
			all = append(all, text)
		}
	}
	if exactlyOnce {
		return all
	}
	out := []string{}
	for _, text := range rows {
		if text != "" {
			out = append(out, text)
		}
	}
	return out
}

// A process that writes is killed again and again, at any moment of its life.
// At the end the target holds what the log says, row for row.
func TestKillsLoseAndRepeatNothing(t *testing.T) {
	for _, database := range []string{"postgres", "mysql"} {
		for _, exactlyOnce := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/exactly once %v", database, exactlyOnce), func(t *testing.T) {
				d := newTarget(t, database)
				order := "id"
				if exactlyOnce {
					order = "n"
					numbered := map[string]string{"postgres": "SERIAL", "mysql": "INT AUTO_INCREMENT"}[database]
					d.exec("CREATE TABLE target (n " + numbered + " PRIMARY KEY, id INT, name VARCHAR(40) NOT NULL, note VARCHAR(20))")
				} else {
					d.exec("CREATE TABLE target (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, note VARCHAR(20))")
				}
				c := child{Database: database, URL: d.url, ExactlyOnce: exactlyOnce, Dir: t.TempDir()}
				for range *kills {
					c.killed(t, time.Duration(100+rand.IntN(400))*time.Millisecond)
				}
				reached := d.reached(t)
				require.Positive(t, reached, "no change was written before a kill")
				c.Until = reached + 1000
				c.finish(t)
				assert.Equal(t, state(c.Until, exactlyOnce), d.rows("SELECT id, name FROM target ORDER BY "+order))
				t.Logf("%d changes through %d kills", c.Until, *kills)
			})
		}
	}
}

// reached is the number of the latest change that the target holds.
func (d *target) reached(t *testing.T) (n int) {
	for _, text := range d.rows("SELECT name FROM target") {
		var i int
		_, err := fmt.Sscanf(text, "change %d", &i)
		require.NoError(t, err)
		n = max(n, i)
	}
	return n
}

func (c child) command(t *testing.T) (*exec.Cmd, *bytes.Buffer) {
	text, err := json.Marshal(c)
	require.NoError(t, err)
	cmd, stderr := exec.Command(os.Args[0]), new(bytes.Buffer)
	cmd.Env, cmd.Stderr = append(os.Environ(), childEnv+"="+string(text)), stderr
	return cmd, stderr
}

// killed runs a child and ends it by SIGKILL. One that ended by itself before is
// a failure.
func (c child) killed(t *testing.T, after time.Duration) {
	cmd, stderr := c.command(t)
	require.NoError(t, cmd.Start())
	<-time.After(after)
	_ = cmd.Process.Kill()
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("the child ended by itself: %v\n%s", err, stderr)
	}
}

// finish lets a child write the rest of the log.
func (c child) finish(t *testing.T) {
	cmd, stderr := c.command(t)
	require.NoError(t, cmd.Run(), stderr)
}
