package builtin

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/source/mysql"
)

// The table is that of Debezium's statements, into which it puts a record in
// pieces where it is long.
func TestTheHistoryThatDebeziumKeepsInATableIsRead(t *testing.T) {
	url := "jdbc:sqlite:" + filepath.Join(t.TempDir(), "history.db")
	p := property.New(map[string]string{"schema.history.internal.jdbc.url": url})
	h := sqlHistory(p)
	require.NoError(t, p.Err())
	read := func() (out []string) {
		require.NoError(t, h.Debezium(t.Context(), func(text []byte) error {
			out = append(out, string(text))
			return nil
		}))
		return out
	}
	assert.Empty(t, read(), "there is no table")

	db, err := jdbcSinkDialects()[3].Open(url, "", "")
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec("CREATE TABLE debezium_database_history(id VARCHAR(36) NOT NULL,history_data VARCHAR(65000),history_data_seq INTEGER,record_insert_ts TIMESTAMP NOT NULL,record_insert_seq INTEGER NOT NULL,PRIMARY KEY (id, history_data_seq))")
	require.NoError(t, err)
	f, err := os.Open("../../../source/mysql/testdata/history/debezium.jsonl")
	require.NoError(t, err)
	defer f.Close()
	var want []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		text, n := lines.Text(), len(want)
		want = append(want, text)
		for piece := 0; len(text) > 0; piece++ {
			cut := min(len(text), 1000)
			_, err := db.Exec("INSERT INTO debezium_database_history VALUES (?, ?, ?, ?, ?)", fmt.Sprintf("id-%d", 1000-n), text[:cut], piece, time.Unix(1700000000, 0).UTC(), n)
			require.NoError(t, err)
			text = text[cut:]
		}
	}
	require.NotEmpty(t, want)
	assert.Equal(t, want, read())

	o := tailrace.Offset{Partition: `{"server":"srv","database":"shop","table":"orders"}`, Position: `{"versions":[]}`}
	require.NoError(t, h.Store.Save(t.Context(), "srv.schema-history", []tailrace.Offset{o}))
	have, err := h.Store.Load(t.Context(), "srv.schema-history")
	require.NoError(t, err)
	assert.Equal(t, []tailrace.Offset{o}, have)
	var n int
	require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM debezium_database_history_tables").Scan(&n))
	assert.Equal(t, 1, n)
}

func TestPropertiesOfASourceNameTheTablesOfItsHistoryAndOffsets(t *testing.T) {
	cfg, _, err := Registry().Config(map[string]string{
		"name": "m", "connector.class": "io.debezium.connector.mysql.MySqlConnector", "topic.prefix": "srv",
		"database.hostname": "db", "database.user": "u", "database.password": "p",
		"offset.storage": "io.debezium.storage.jdbc.offset.JdbcOffsetBackingStore", "offset.storage.jdbc.connection.url": "jdbc:sqlite:o.db",
		"schema.history.internal": "io.debezium.storage.jdbc.history.JdbcSchemaHistory", "schema.history.internal.jdbc.connection.url": "jdbc:sqlite:h.db",
	})
	require.NoError(t, err)
	assert.NotNil(t, cfg.Offsets)
	assert.NotNil(t, cfg.Source.(mysql.Source).SchemaHistory)
	assert.NotNil(t, cfg.Source.(mysql.Source).DebeziumHistory)

	_, _, err = Registry().Config(map[string]string{
		"name": "m", "connector.class": "io.debezium.connector.mysql.MySqlConnector", "topic.prefix": "srv",
		"database.hostname": "db", "database.user": "u", "schema.history.internal": "io.debezium.storage.jdbc.history.JdbcSchemaHistory",
	})
	assert.ErrorContains(t, err, "schema.history.internal.jdbc.connection.url")
}
