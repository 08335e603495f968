package mysql_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
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
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/source/internal/parity"
)

// record has the parity tests write down anew what Debezium answers. The
// environment variable TAILRACE_ORACLE is the command that runs Debezium's
// engine: `COMMAND debezium FILE.properties dump IDLE_MS` prints its events.
var record = flag.Bool("record", false, "write testdata/parity anew, by the Debezium of TAILRACE_ORACLE")

// A scenario is a folder of testdata/parity, for MariaDB or MariaDB 11 if its name begins so: before.sql is executed before the
// snapshot, during.sql behind it, extra.properties are the properties that
// count, and events.jsonl is what Debezium makes of all that. The statements
// run in a database whose name is DATABASE in the events. Both end with a row
// of the table zzz_fence, which is the last one.
func TestEventsAreThoseOfDebezium(t *testing.T) {
	folders, err := filepath.Glob("testdata/parity/*/before.sql")
	require.NoError(t, err)
	require.NotEmpty(t, folders)
	for _, file := range folders {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			sc := &scenario{T: t, dir: dir}
			const mariadb = "io.debezium.connector.mariadb.MariaDbConnector"
			switch kind, _, _ := strings.Cut(filepath.Base(dir), "-"); kind {
			case "mariadb":
				sc.server, sc.class = testserver.MariaDB(t), mariadb
			case "mariadb11":
				sc.server, sc.class = testserver.MariaDB11(t), mariadb
			default:
				sc.server, sc.class = testserver.MySQL(t), "io.debezium.connector.mysql.MySqlConnector"
			}
			golden := filepath.Join(dir, "events.jsonl")
			if *record {
				require.NoError(t, os.WriteFile(golden, []byte(strings.Join(sc.run(sc.debezium), "\n")+"\n"), 0o644))
			}
			text, err := os.ReadFile(golden)
			require.NoError(t, err)
			want := byTopic(t, strings.Split(strings.TrimSpace(string(text)), "\n"))
			allow(t, dir, want)
			have := byTopic(t, sc.run(sc.ours))
			for topic, events := range want {
				for i := range min(len(events), len(have[topic])) {
					if places := compare(t, events[i], have[topic][i]); len(places) > 0 {
						t.Errorf("event %d of %s:\n%s", i, topic, strings.Join(places, "\n"))
					}
				}
			}
			assert.Equal(t, counts(want), counts(have))
		})
	}
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
	dir      string
	server   *testserver.MySQLServer
	class    string // of Debezium's connector
	database string

	withoutRows bool // the snapshot has no rows, but the definitions of tables
}

// run plays the scenario in a new database and gives the lines that the engine
// prints, normalised.
func (sc *scenario) run(engine func(properties map[string]string, line func([]byte)) (stop func())) []string {
	sc.database = sc.server.Database(sc.T)
	sc.execute("before.sql")
	sc.server.Exec(sc, "CREATE TABLE "+sc.database+".zzz_fence (id INT PRIMARY KEY)", "INSERT INTO "+sc.database+".zzz_fence VALUES (1)")
	lines := make(chan []byte, 1<<16)
	stop := engine(sc.properties(), func(line []byte) { lines <- bytes.Clone(line) })
	defer stop()
	var out []string
	fences, until := 0, parity.UntilOf(sc, sc.dir)
	for fences < 2 {
		select {
		case line := <-lines:
			out = append(out, sc.normal(line))
			if fences == 1 && until.Met(out[len(out)-1]) {
				sc.server.Exec(sc, "INSERT INTO "+sc.database+".zzz_fence VALUES (2)")
			}
			if !isFence(out[len(out)-1]) && !(fences == 0 && sc.withoutRows && strings.Contains(out[len(out)-1], "CREATE TABLE `zzz_fence`")) {
				continue
			}
			if fences++; fences == 1 {
				sc.execute("during.sql")
				if until == nil {
					sc.server.Exec(sc, "INSERT INTO "+sc.database+".zzz_fence VALUES (2)")
				}
			}
		case <-time.After(3 * time.Minute):
			sc.Fatalf("after %d events and %d fences nothing comes any more", len(out), fences)
		}
	}
	return out
}

func (sc *scenario) execute(file string) {
	text, err := os.ReadFile(filepath.Join(sc.dir, file))
	require.NoError(sc, err)
	statements := []string{"SET NAMES utf8mb4", "USE " + sc.database}
	text = bytes.ReplaceAll(text, []byte("DATABASE."), []byte(sc.database+"."))
	for statement := range strings.SplitSeq(strings.ReplaceAll(string(text), "DATABASE_", sc.database+"_"), ";\n") {
		if strings.TrimSpace(statement) != "" {
			statements = append(statements, statement)
		}
	}
	sc.server.Exec(sc, statements...)
}

func (sc *scenario) properties() map[string]string {
	host, port, err := net.SplitHostPort(sc.server.Addr)
	require.NoError(sc, err)
	properties := map[string]string{
		"name": "parity", "connector.class": sc.class,
		"offset.storage":          "org.apache.kafka.connect.storage.MemoryOffsetBackingStore",
		"schema.history.internal": "io.debezium.relational.history.MemorySchemaHistory",
		"database.hostname":       host, "database.port": port, "database.user": sc.server.User, "database.password": sc.server.Password,
		"database.server.id": fmt.Sprint(time.Now().UnixNano()%1_000_000_000 + 1_000_000_000), "topic.prefix": "srv",
		"include.schema.changes": "false", "database.include.list": sc.database,
	}
	text, err := os.ReadFile(filepath.Join(sc.dir, "extra.properties"))
	require.NoError(sc, err)
	extra, err := property.Parse(bytes.ReplaceAll(text, []byte("DATABASE"), []byte(sc.database)))
	require.NoError(sc, err)
	for key, value := range extra {
		properties[key] = value
	}
	sc.withoutRows = properties["snapshot.mode"] == "no_data"
	return properties
}

// debezium runs the real one.
func (sc *scenario) debezium(properties map[string]string, line func([]byte)) (stop func()) {
	command := strings.Fields(os.Getenv("TAILRACE_ORACLE"))
	require.NotEmpty(sc, command, "TAILRACE_ORACLE names no command that runs Debezium")
	file := filepath.Join(sc.TempDir(), "debezium.properties")
	require.NoError(sc, os.WriteFile(file, property.Append(nil, properties), 0o600))
	cmd := exec.Command(command[0], append(command[1:], "debezium", file, "dump", parity.UntilOf(sc, sc.dir).Patience())...)
	out, err := cmd.StdoutPipe()
	require.NoError(sc, err)
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
		<-done
		cmd.Wait()
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

// normal takes out of an event what is another in each run.
func (sc *scenario) normal(line []byte) string {
	line = nameless(line, sc.database)
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var event struct {
		Topic   string           `json:"topic"`
		Key     any              `json:"key"`
		Value   map[string]any   `json:"value"`
		Headers []map[string]any `json:"headers"`
	}
	require.NoError(sc, d.Decode(&event), "%s", line)
	for _, h := range event.Headers {
		if h["key"] == "__debezium.context.runId" {
			h["value"].(map[string]any)["payload"] = "RUN"
		}
	}
	normalTransaction(event.Topic, event.Key, event.Value)
	parity.NormalSignals(event.Key, event.Value)
	if payload, ok := event.Value["payload"].(map[string]any); ok && payload["source"] != nil {
		plainJSON(event.Value["schema"].(map[string]any), payload)
		normalStamps(payload, "processed")
		block := payload["source"].(map[string]any)
		block["version"] = "VERSION"
		normalSchemaChange(payload, block)
		normalStamps(block, "happened")
		for _, varies := range []string{"gtid", "file", "pos", "thread"} {
			if block[varies] != nil {
				block[varies] = strings.ToUpper(varies)
			}
		}
	}
	out, err := json.Marshal(event)
	require.NoError(sc, err)
	return string(out)
}

// normalStamps says of the three timestamps only whether they are of one
// moment, and of what precision.
func normalStamps(block map[string]any, what string) {
	text := func(unit string) string { return fmt.Sprint(block["ts_"+unit]) }
	ms, us, ns := text("ms"), text("us"), text("ns")
	if strings.HasPrefix(us, ms) && strings.HasPrefix(ns, us) {
		block["ts_ms"], block["ts_us"], block["ts_ns"] = what, what, what
	}
}

// plainJSON takes the white space out of the texts of JSON columns, which is
// free to differ.
func plainJSON(schema map[string]any, payload map[string]any) {
	fields, _ := schema["fields"].([]any)
	for _, f := range fields {
		field := f.(map[string]any)
		name, _ := field["field"].(string)
		switch v := payload[name].(type) {
		case string:
			var out bytes.Buffer
			if field["name"] == tailrace.JSONName && json.Compact(&out, []byte(v)) == nil {
				payload[name] = out.String()
			}
		case map[string]any:
			plainJSON(field, v)
		}
	}
}
