package jdbc_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/offset"
	sinkmemory "github.com/tailrace-io/tailrace/sink/memory"
	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/jdbc/mysql"
	"github.com/tailrace-io/tailrace/source/jdbc/postgres"
)

// The connection is cut again and again while a table is read; the engine opens
// another, and all rows come.
func TestALostConnectionLosesNoRow(t *testing.T) {
	server := testserver.MySQL(t)
	name := server.Database(t)
	const rows = 20_000
	server.Exec(t, "USE "+name, "SET cte_max_recursion_depth = 100000", "CREATE TABLE changes (id INT PRIMARY KEY AUTO_INCREMENT, note CHAR(100) NOT NULL)",
		fmt.Sprintf("INSERT INTO changes (note) WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT REPEAT('x', 100) FROM n", rows))
	proxy := testserver.StartProxy(t, server.Addr)
	out := &sinkmemory.Sink{}
	e, err := engine.New(engine.Config{
		Name: "changes", Sink: out, Offsets: &offset.Memory{}, CommitInterval: -1, Retry: engine.Retry{Delay: time.Millisecond, MaxDelay: 20 * time.Millisecond, Timeout: -1},
		Source: jdbc.Source{URL: "jdbc:mysql://" + proxy.Addr + "/" + name, User: server.User, Password: server.Password, Dialect: mysql.Dialect{},
			Mode: jdbc.Incrementing, Tables: []string{"changes"}, PollInterval: time.Millisecond, BatchRows: 100},
	})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	for seen := 1; seen < rows; seen += rows / 5 {
		_, err := out.Wait(t.Context(), seen)
		require.NoError(t, err)
		proxy.Cut()
	}
	records, err := out.Wait(t.Context(), rows)
	require.NoError(t, err)
	seen := map[int64]bool{}
	for len(seen) < rows { // some came twice
		for i := range records {
			seen[records[i].ValueStruct().Get("id").Int()] = true
		}
		if len(seen) < rows {
			records, err = out.Wait(t.Context(), len(records)+1)
			require.NoError(t, err)
		}
	}
	stop()
	require.NoError(t, <-done)
	assert.Greater(t, proxy.Accepted(), 1)
}

func TestQueriesRunAtTheIsolationLevel(t *testing.T) {
	server := testserver.MySQL(t)
	name := server.Database(t)
	server.Exec(t, "USE "+name, "CREATE TABLE changes (id INT PRIMARY KEY AUTO_INCREMENT)", "INSERT INTO changes VALUES (1)")
	tx, err := server.DB(t, name).Begin()
	require.NoError(t, err)
	defer tx.Rollback()
	_, err = tx.Exec("INSERT INTO changes VALUES (2)")
	require.NoError(t, err)
	s := jdbc.Source{URL: "jdbc:mysql://" + server.Addr + "/" + name, User: server.User, Password: server.Password, Dialect: mysql.Dialect{}, Mode: jdbc.Incrementing}
	assert.Equal(t, 1, open(t, s).until(1).count())
	s.Isolation = sql.LevelReadUncommitted
	assert.Equal(t, 2, open(t, s).until(2).count(), "what is not committed is seen where that is asked for")

	pg := testserver.Postgres(t)
	for level, want := range map[sql.IsolationLevel]string{
		sql.LevelDefault: "read committed", sql.LevelReadCommitted: "read committed", sql.LevelRepeatableRead: "repeatable read", sql.LevelSerializable: "serializable",
	} {
		r := open(t, jdbc.Source{URL: pg.URL(pg.Database(t)), Dialect: postgres.Dialect{}, Mode: jdbc.Bulk, Isolation: level, TopicPrefix: "level",
			Query: "SELECT current_setting('transaction_isolation') AS level"}).until(1)
		assert.Equal(t, []string{want}, r.values("level"))
	}
}

// count is how many records came in all, once no more do.
func (r *reading) count() int { r.rest(); return len(r.records) }

func TestAPermissionThatIsMissingIsAnErrorThatNamesTheTable(t *testing.T) {
	server := testserver.MySQL(t)
	name := server.Database(t)
	user := name[len(name)-8:]
	server.Exec(t, "USE "+name, "CREATE TABLE changes (id INT PRIMARY KEY AUTO_INCREMENT)", "CREATE TABLE others (id INT PRIMARY KEY AUTO_INCREMENT)",
		"CREATE USER '"+user+"' IDENTIFIED BY 'pass'", "GRANT SELECT ON changes TO '"+user+"'")
	defer server.Exec(t, "DROP USER '"+user+"'")
	s := jdbc.Source{URL: "jdbc:mysql://" + server.Addr + "/" + name, User: user, Password: "pass", Dialect: mysql.Dialect{}, Mode: jdbc.Incrementing,
		Tables: []string{"others"}, PollInterval: time.Millisecond}
	_, err := s.Open(t.Context(), nil)
	assert.ErrorContains(t, err, "there is no table others, which Tables (table.whitelist) names")

	s.Tables = []string{"changes"}
	server.Exec(t, "INSERT INTO "+name+".changes VALUES (1)")
	r := open(t, s).until(1)
	server.Exec(t, "REVOKE SELECT ON "+name+".changes FROM '"+user+"'")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for err = nil; err == nil; {
		_, err = r.Read(ctx)
	}
	require.Error(t, err)
	assert.ErrorContains(t, err, name+".changes")
	var retry interface{ Retryable() bool }
	require.ErrorAs(t, err, &retry)
	assert.False(t, retry.Retryable(), "no other try helps")
}
