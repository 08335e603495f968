package mysql_test

import (
	"bufio"
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
)

var handover = flag.Bool("handover", false, "write testdata/handover anew, by the Debezium of TAILRACE_ORACLE")

// handedOver are transactions with GTIDs of their own, so that a server of
// another day has the same.
type handedOver struct {
	t *testing.T
	*testserver.MySQLServer
	class        string // of Debezium's connector
	transactions int
}

const (
	mySQLConnector   = "io.debezium.connector.mysql.MySqlConnector"
	mariaDBConnector = "io.debezium.connector.mariadb.MariaDbConnector"
)

func (h *handedOver) commit(statements ...string) {
	h.t.Helper()
	h.transactions++
	if h.class == mariaDBConnector {
		h.Exec(h.t, append([]string{fmt.Sprintf("SET SESSION server_id=9, gtid_domain_id=7, gtid_seq_no=%d", h.transactions)}, statements...)...)
		return
	}
	statements = append([]string{fmt.Sprintf("SET GTID_NEXT='11111111-2222-3333-4444-555555555555:%d'", h.transactions)}, statements...)
	h.Exec(h.t, append(statements, "SET GTID_NEXT='AUTOMATIC'")...)
}

// properties are those of either engine, whose files are in a directory.
func (h *handedOver) properties(dir string) string {
	host, port, err := net.SplitHostPort(h.Addr)
	require.NoError(h.t, err)
	return fmt.Sprintf(`name=handover
connector.class=%[6]s
topic.prefix=handover
offset.storage=org.apache.kafka.connect.storage.FileOffsetBackingStore
offset.storage.file.filename=%[1]s/offsets
offset.flush.interval.ms=0
schema.history.internal=io.debezium.storage.file.history.FileSchemaHistory
schema.history.internal.file.filename=%[1]s/history
database.hostname=%[2]s
database.port=%[3]s
database.user=%[4]s
database.password=%[5]s
database.server.id=7117
table.include.list=handover.t
include.schema.changes=false
key.converter.schemas.enable=false
value.converter.schemas.enable=false
max.batch.size=7
max.queue.size=14
`, dir, host, port, h.User, h.Password, h.class)
}

// A Debezium reads the snapshot, is stopped, reads on, and is stopped in the
// middle of a transaction. With its files the source goes on: what both have
// given is everything, and nothing twice. The files of testdata are those of a
// real one.
func TestWhatADebeziumLeftIsGoneOnWith(t *testing.T) {
	t.Run("of MySQL", func(t *testing.T) {
		h := &handedOver{t: t, MySQLServer: testserver.StartMySQL(t), class: mySQLConnector}
		h.Exec(t, "RESET BINARY LOGS AND GTIDS")
		h.handOver("testdata/handover")
	})
	t.Run("of MariaDB", func(t *testing.T) {
		h := &handedOver{t: t, MySQLServer: testserver.StartMariaDB(t), class: mariaDBConnector}
		h.Exec(t, "RESET MASTER")
		h.handOver("testdata/handover-mariadb")
	})
}

func (h *handedOver) handOver(files string) {
	t := h.t
	h.commit("CREATE DATABASE handover")
	h.commit("CREATE TABLE handover.t (id INT PRIMARY KEY, v INT)")
	h.commit("INSERT INTO handover.t VALUES (1, 0), (2, 0), (3, 0)")
	if *handover {
		h.debezium(files, 3)
	}
	h.commit("INSERT INTO handover.t VALUES (10, 0)")
	many := []string{"BEGIN"}
	for i := range 20 {
		many = append(many, fmt.Sprintf("INSERT INTO handover.t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT %d + i, 0 FROM n", 1000+100*i))
	}
	h.commit(append(many, "UPDATE handover.t SET v = 1 WHERE id <= 1050", "COMMIT")...)
	h.commit("DELETE FROM handover.t WHERE id = 2")
	h.commit("ALTER TABLE handover.t ADD COLUMN w INT DEFAULT 5")
	h.commit("INSERT INTO handover.t VALUES (30, 0, 0)")
	if *handover {
		h.debezium(files, 100)
	}

	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(files)))
	text, err := os.ReadFile(filepath.Join(dir, "given"))
	require.NoError(t, err)
	given := strings.Fields(string(text))
	require.Greater(t, len(given), 100)
	require.Less(t, len(given), 2000, "it was not stopped in the middle")
	given = append(given, h.ours(dir)...)
	want := []string{"r:1", "r:2", "r:3", "c:10"}
	for i := range 2000 {
		want = append(want, fmt.Sprintf("c:%d", 1001+i))
	}
	for _, id := range []int{1, 2, 3, 10} {
		want = append(want, fmt.Sprintf("u:%d", id))
	}
	for i := range 50 {
		want = append(want, fmt.Sprintf("u:%d", 1001+i))
	}
	assert.Equal(t, append(want, "d:2", "c:30"), given)
}

// ours gives the changes that an engine of ours gives, up to the last.
func (h *handedOver) ours(dir string) (changes []string) {
	properties, err := property.Parse([]byte(h.properties(dir)))
	require.NoError(h.t, err)
	cfg, _, err := builtin.Registry().Config(properties)
	require.NoError(h.t, err)
	cfg.Encode = engine.Converters{}
	ctx, cancel := context.WithCancel(soon(h.t))
	defer cancel()
	cfg.Sink = sink.Func(func(_ context.Context, records []tailrace.Record) error {
		for i := range records {
			c, ok := tailrace.AsChange(&records[i])
			if !ok {
				continue // a tombstone
			}
			change := fmt.Sprintf("%s:%d", string(c.Op()), c.Row().Get("id").Int())
			if changes = append(changes, change); change == "c:30" {
				cancel()
			}
		}
		return nil
	})
	e, err := engine.New(cfg)
	require.NoError(h.t, err)
	require.NoError(h.t, e.Run(ctx))
	require.NotEmpty(h.t, changes)
	require.Equal(h.t, "c:30", changes[len(changes)-1], "the last change did not come")
	return changes
}

// debezium runs the real one on the files of a directory until it has given so
// many events, and adds what it gave to the file of that name.
func (h *handedOver) debezium(dir string, events int) {
	dir, err := filepath.Abs(dir)
	require.NoError(h.t, err)
	if events == 3 {
		require.NoError(h.t, os.RemoveAll(dir))
		require.NoError(h.t, os.MkdirAll(dir, 0o755))
	}
	file := filepath.Join(h.t.TempDir(), "handover.properties")
	require.NoError(h.t, os.WriteFile(file, []byte(h.properties(dir)), 0o600))
	oracle := os.Getenv("TAILRACE_ORACLE")
	require.NotEmpty(h.t, oracle, "TAILRACE_ORACLE names no command that runs Debezium")
	ctx, cancel := context.WithTimeout(h.t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, oracle, "debezium", file, "dump", "60000", fmt.Sprint(events))
	out, err := cmd.Output()
	require.NoError(h.t, err)
	given, err := os.OpenFile(filepath.Join(dir, "given"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	require.NoError(h.t, err)
	defer given.Close()
	for lines := bufio.NewScanner(strings.NewReader(string(out))); lines.Scan(); {
		var event struct {
			Value *struct {
				Op            string
				Before, After *struct{ ID int }
			}
		}
		require.NoError(h.t, json.Unmarshal(lines.Bytes(), &event))
		if event.Value == nil {
			continue
		}
		row := event.Value.After
		if row == nil {
			row = event.Value.Before
		}
		_, err := fmt.Fprintf(given, "%s:%d\n", event.Value.Op, row.ID)
		require.NoError(h.t, err)
	}
}
