// Package parity compares what a source makes of statements with what Debezium
// makes of them.
//
// A scenario is a folder: before.sql is executed before the snapshot,
// during.sql behind it, extra.properties are the properties that count, and
// events.jsonl is what Debezium answered, to the last row or the end of its
// transaction. differences.jsonl, which few have, are the values that are meant
// to be others, and until.txt the texts of an event behind which the scenario
// ends.
package parity

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/engine/connect/builtin"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/sink"
)

// Database is one in which a scenario is played. In the events its name is
// DATABASE.
type Database struct {
	Name string

	// Exec executes statements in order on one connection.
	Exec func(t testing.TB, statements ...string)

	// Properties are those of the connector, but the scenario's own.
	Properties map[string]string

	// Varies are the fields of the source block that are others in each run.
	Varies []string

	// Schema is where tables are, by which statements name them and, behind the
	// prefix srv, topics: public, or the database itself.
	Schema string
}

// Suite plays scenarios.
type Suite struct {
	// Database makes a new database for a scenario of that name.
	Database func(t *testing.T, scenario string) Database

	// Record has events.jsonl written anew. Oracle is the command that runs
	// Debezium's engine: `ORACLE debezium FILE.properties dump IDLE_MS` prints
	// its events.
	Record bool
	Oracle string
}

// Run plays every scenario of a folder.
func (s Suite) Run(t *testing.T, folder string) {
	files, err := filepath.Glob(filepath.Join(folder, "*", "before.sql"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) { s.play(t, dir) })
	}
}

func (s Suite) play(t *testing.T, dir string) {
	golden, name := filepath.Join(dir, "events.jsonl"), filepath.Base(dir)
	if s.Record {
		sc := &scenario{T: t, dir: dir, db: s.Database(t, name)}
		told := sc.properties()["provide.transaction.metadata"] == "true"
		events := sc.run(told, func(p map[string]string, line func([]byte)) func() { return sc.debezium(s.Oracle, p, line) })
		require.NoError(t, os.WriteFile(golden, []byte(strings.Join(events, "\n")+"\n"), 0o644))
	}
	text, err := os.ReadFile(golden)
	require.NoError(t, err)
	recorded := strings.Split(strings.TrimSpace(string(text)), "\n")
	want := byTopic(t, recorded)
	sc := &scenario{T: t, dir: dir, db: s.Database(t, name)}
	have := byTopic(t, sc.run(isEnd(recorded[len(recorded)-1]), sc.ours))
	allow(t, dir, sc.db.topic(), want, have)
	for topic, events := range want {
		for i := range min(len(events), len(have[topic])) {
			if places := compare(t, events[i], have[topic][i]); len(places) > 0 {
				t.Errorf("event %d of %s:\n%s", i, topic, strings.Join(places, "\n"))
			}
		}
	}
	assert.Equal(t, counts(want), counts(have))
}

// topic is what topics of tables begin with in normalised events.
func (db *Database) topic() string {
	return "srv." + strings.ReplaceAll(db.Schema, db.Name, "DATABASE") + "."
}

func byTopic(t *testing.T, events []string) map[string][]string {
	out := map[string][]string{}
	for _, e := range events {
		var head struct{ Topic string }
		require.NoError(t, json.Unmarshal([]byte(e), &head))
		if isHeartbeat(head.Topic) {
			out[head.Topic] = nil // how many there are is a matter of time
		}
		out[head.Topic] = append(out[head.Topic], e)
	}
	return out
}

func counts(events map[string][]string) map[string]int {
	out := map[string]int{}
	for topic, e := range events {
		out[topic] = len(e)
	}
	return out
}

type scenario struct {
	*testing.T
	dir string
	db  Database
}

// run plays the scenario and gives the lines that the engine prints,
// normalised. Both parts end with a row of the table zzz_fence, or with its
// definition where a snapshot has no rows; the second with the end of its
// transaction, if that is told.
func (sc *scenario) run(told bool, engine func(properties map[string]string, line func([]byte)) (stop func())) []string {
	fence := sc.db.Schema + ".zzz_fence"
	sc.execute("before.sql", "CREATE TABLE "+fence+" (id INT PRIMARY KEY)", "INSERT INTO "+fence+" VALUES (1)")
	properties := sc.properties()
	withoutRows := properties["snapshot.mode"] == "no_data"
	lines := make(chan []byte, 1<<16)
	stop := engine(properties, func(line []byte) { lines <- bytes.Clone(line) })
	defer stop()
	var out []string
	fences, until := 0, untilOf(sc, sc.dir)
	for fences < 2 {
		select {
		case line := <-lines:
			event := sc.normal(line)
			if isForeign(event) {
				continue
			}
			out = append(out, event)
			if fences == 1 && until.met(out[len(out)-1]) {
				sc.db.Exec(sc, "INSERT INTO "+fence+" VALUES (2)")
			}
			if !isFence(out[len(out)-1]) && !(fences == 0 && withoutRows && strings.Contains(out[len(out)-1], "CREATE TABLE `zzz_fence`")) {
				continue
			}
			if fences++; fences == 1 {
				sc.execute("during.sql")
				if until == nil {
					sc.db.Exec(sc, "INSERT INTO "+fence+" VALUES (2)")
				}
			}
		case <-time.After(3 * time.Minute):
			sc.Fatalf("after %d events and %d fences nothing comes any more", len(out), fences)
		}
	}
	if told {
		out = append(out, sc.rest(lines)...)
	}
	return out
}

// rest gives what belongs to the last row and comes behind it: the end of its
// transaction.
func (sc *scenario) rest(lines <-chan []byte) (out []string) {
	for {
		select {
		case line := <-lines:
			out = append(out, sc.normal(line))
			if isEnd(out[len(out)-1]) {
				return out
			}
		case <-time.After(3 * time.Minute):
			sc.Fatalf("the end of the last transaction does not come")
		}
	}
}

func (sc *scenario) execute(file string, more ...string) {
	text, err := os.ReadFile(filepath.Join(sc.dir, file))
	require.NoError(sc, err)
	var statements []string
	for statement := range strings.SplitSeq(string(text), ";\n") {
		if strings.TrimSpace(statement) != "" {
			statements = append(statements, statement)
		}
	}
	sc.db.Exec(sc, append(statements, more...)...)
}

func (sc *scenario) properties() map[string]string {
	properties := maps.Clone(sc.db.Properties)
	text, err := os.ReadFile(filepath.Join(sc.dir, "extra.properties"))
	require.NoError(sc, err)
	extra, err := property.Parse(bytes.ReplaceAll(text, []byte("DATABASE"), []byte(sc.db.Name)))
	require.NoError(sc, err)
	maps.Copy(properties, extra)
	return properties
}

// debezium runs the real one.
func (sc *scenario) debezium(oracle string, properties map[string]string, line func([]byte)) (stop func()) {
	command := strings.Fields(oracle)
	require.NotEmpty(sc, command, "no command is named that runs Debezium")
	file := filepath.Join(sc.TempDir(), "debezium.properties")
	require.NoError(sc, os.WriteFile(file, property.Append(nil, properties), 0o600))
	cmd := exec.Command(command[0], append(command[1:], "debezium", file, "dump", untilOf(sc, sc.dir).patience())...)
	out, err := cmd.StdoutPipe()
	require.NoError(sc, err)
	log, err := os.Create(filepath.Join(sc.TempDir(), "log"))
	require.NoError(sc, err)
	cmd.Stderr = log
	require.NoError(sc, cmd.Start())
	done := make(chan struct{})
	go func() {
		defer close(done)
		var text bytes.Buffer
		buf := make([]byte, 1<<16)
		for {
			n, err := out.Read(buf)
			text.Write(buf[:n])
			for bytes.IndexByte(text.Bytes(), '\n') >= 0 {
				l, _ := text.ReadBytes('\n')
				line(l)
			}
			if err != nil {
				return
			}
		}
	}()
	return func() {
		cmd.Process.Kill() // with heartbeats it would never be idle
		<-done
		cmd.Wait()
		log.Close()
		if said, err := os.ReadFile(log.Name()); sc.Failed() && err == nil {
			sc.Logf("Debezium says: %.4000s", said)
		}
	}
}

// ours runs the engine that the same properties describe.
func (sc *scenario) ours(properties map[string]string, line func([]byte)) (stop func()) {
	cfg, _, err := builtin.Registry().Config(properties)
	require.NoError(sc, err)
	cfg.Sink = sink.Func(func(_ context.Context, records []tailrace.Record) error {
		for i := range records {
			line(eventLine(&records[i]))
		}
		return nil
	})
	eng, err := engine.New(cfg)
	require.NoError(sc, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- eng.Run(ctx) }()
	return func() {
		cancel()
		assert.NoError(sc, <-done)
	}
}

func eventLine(r *tailrace.Record) []byte {
	part := func(v tailrace.Value) json.RawMessage {
		if v.IsNull() {
			return json.RawMessage("null")
		}
		return v.Bytes()
	}
	headers := []any{}
	for _, h := range r.Headers {
		headers = append(headers, map[string]any{"key": h.Key, "value": part(h.Value)})
	}
	line, err := json.Marshal(map[string]any{"topic": r.Topic, "key": part(r.Key), "value": part(r.Value), "headers": headers})
	if err != nil {
		return []byte(err.Error())
	}
	return line
}
