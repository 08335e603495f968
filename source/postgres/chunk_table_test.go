package postgres

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/internal/testserver"
)

func TestTheStampOfATableTellsThatItWasAltered(t *testing.T) {
	server := testserver.Postgres(t)
	database := server.Database(t)
	server.Exec(t, database, "CREATE TABLE t (id INT PRIMARY KEY, v INT, w INT)")
	src := Source{Addr: server.Addr, User: server.User, Password: server.Password, Database: database, TopicPrefix: "srv"}.withDefaults()
	c, err := src.openCatalog(t.Context())
	require.NoError(t, err)
	stamp := func() string {
		text, err := c.stamp(t.Context(), tableID{"public", "t"})
		require.NoError(t, err)
		return text
	}
	was := stamp()
	for _, statement := range []string{"INSERT INTO t SELECT i, i, i FROM generate_series(1, 100) i", "UPDATE t SET v = 2", "ANALYZE t", "VACUUM t"} {
		server.Exec(t, database, statement)
		assert.Equal(t, was, stamp(), statement)
	}
	for _, statement := range []string{"ALTER TABLE t ADD x TEXT", "ALTER TABLE t ALTER x SET DEFAULT 'a'", "ALTER TABLE t ALTER x SET DEFAULT 'b'", "ALTER TABLE t ALTER v SET NOT NULL",
		"ALTER TABLE t RENAME w TO y", "ALTER TABLE t ALTER y TYPE BIGINT", "ALTER TABLE t DROP x", "CREATE UNIQUE INDEX u ON t (v, y)", "ALTER TABLE t REPLICA IDENTITY FULL",
		"DELETE FROM t WHERE y <> v; ALTER TABLE t DROP CONSTRAINT t_pkey", "DROP TABLE t; CREATE TABLE t (id INT PRIMARY KEY, v INT, w INT)", "DROP TABLE t"} {
		server.Exec(t, database, statement)
		now := stamp()
		assert.NotEqual(t, was, now, statement)
		was = now
	}
	assert.Empty(t, was)
	require.NoError(t, c.close())
}
