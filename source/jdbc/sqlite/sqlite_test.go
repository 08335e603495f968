package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/jdbc/dialecttest"
	"github.com/tailrace-io/tailrace/source/jdbc/sqlite"
)

func TestSQLiteKeepsEveryPromise(t *testing.T) {
	dialecttest.Run(t, dialecttest.Harness{
		Fresh: func(t testing.TB) (jdbc.Source, func(string)) {
			path := filepath.Join(t.TempDir(), "shop.db")
			db, err := sql.Open("sqlite", path+"?_busy_timeout=5000&_journal_mode=WAL&_synchronous=OFF")
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			require.NoError(t, db.Ping())
			return jdbc.Source{URL: "jdbc:sqlite:" + path, Dialect: sqlite.Dialect{}}, func(statement string) {
				t.Helper()
				_, err := db.Exec(statement)
				require.NoError(t, err, statement)
			}
		},
		Changes: "CREATE TABLE changes (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, n INTEGER NOT NULL, at TIMESTAMP NOT NULL)",
		Literal: func(clock time.Time) string { return clock.Format("'2006-01-02 15:04:05.000'") },
		Columns: []dialecttest.Column{
			{Declared: "INTEGER NOT NULL", Literal: "-7", Schema: "int32", Shown: "-7"},
			{Declared: "DECIMAL(12,2)", Literal: "12.5", Schema: "Decimal scale=2 connect.decimal.precision=12?", Shown: "12.50"},
			{Declared: "TEXT", Literal: "'ä'", Schema: "string?", Shown: "ä"},
			{Declared: "BLOB", Literal: "x'00ff'", Schema: "bytes?", Shown: "AP8="},
			{Declared: "DATE", Literal: "'2024-02-29'", Schema: "Date?", Shown: "2024-02-29"},
			{Declared: "TIMESTAMP", Literal: "'2024-02-29 23:59:58'", Schema: "Timestamp?", Shown: "2024-02-29T23:59:58Z"},
			{Declared: "TIMESTAMP", Literal: "1709251198123", Schema: "Timestamp?", Shown: "2024-02-29T23:59:58.123Z"},
		},
	})
}

func TestAMissingFileIsNotCreated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.db")
	db, err := sqlite.Dialect{}.Open(path, "", "")
	require.NoError(t, err)
	defer db.Close()
	require.Error(t, db.Ping())
	_, err = os.Stat(path)
	assert.ErrorIs(t, err, os.ErrNotExist)
}
