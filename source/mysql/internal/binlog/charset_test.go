package binlog_test

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

// characters asks the server for all characters of one and two bytes that a
// character set has.
func characters(t *testing.T, db *sql.DB, charset string, first, last int) map[string]string {
	t.Helper()
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.ExecContext(t.Context(), "SET SESSION cte_max_recursion_depth = 1000000, sql_mode = ''")
	require.NoError(t, err)
	rows, err := conn.QueryContext(t.Context(), fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i+1 FROM n WHERE i < %d)
SELECT LPAD(HEX(i), IF(%d < 256, 2, 4), '0'), HEX(CONVERT(CAST(UNHEX(LPAD(HEX(i), IF(%d < 256, 2, 4), '0')) AS CHAR CHARACTER SET %s) USING utf8mb4)) FROM n`, first, last, last, last, charset))
	require.NoError(t, err)
	defer rows.Close()
	out := make(map[string]string)
	for rows.Next() {
		var code string
		var text sql.NullString
		require.NoError(t, rows.Scan(&code, &text))
		if text.Valid && text.String != "" && (text.String != "3F" || code == "3F") {
			raw, err := hex.DecodeString(text.String)
			require.NoError(t, err)
			out[code] = string(raw)
		}
	}
	require.NoError(t, rows.Err())
	return out
}

// notAsTheServer are the character sets of which the tables that are used differ
// from the server's in rare places, such as the private use area; and those that
// are a form of Unicode, of which the server has no tables.
func notAsTheServer(charset string) bool {
	switch charset {
	case "utf8mb3", "utf8mb4", "utf32", "big5", "cp932", "sjis", "eucjpms", "ujis", "gb18030":
		return true
	}
	return false
}

func TestCharacterSetsAreDecodedAsTheServerDoes(t *testing.T) {
	server := testserver.MySQL(t)
	db := server.DB(t, "")
	for _, charset := range column(t, db, "SELECT CHARACTER_SET_NAME FROM information_schema.CHARACTER_SETS WHERE CHARACTER_SET_NAME <> 'binary' ORDER BY 1") {
		t.Run(charset, func(t *testing.T) {
			maxLen := column(t, db, "SELECT MAXLEN FROM information_schema.CHARACTER_SETS WHERE CHARACTER_SET_NAME = '"+charset+"'")[0]
			var known map[string]string
			switch {
			case maxLen == "1":
				known = characters(t, db, charset, 0, 0xff)
			case notAsTheServer(charset):
				return
			default:
				known = characters(t, db, charset, 0x8140, 0xfefe)
			}
			wrong, example := 0, ""
			for code, want := range known {
				if utf8.RuneCountInString(want) > 1 || len(code) == 4 && want[0] < utf8.RuneSelf {
					continue // no character, of which the server makes what it can
				}
				raw, err := hex.DecodeString(code)
				require.NoError(t, err)
				got, err := binlog.AppendText(nil, raw, charset)
				require.NoError(t, err)
				if string(got) != want {
					wrong++
					example += fmt.Sprintf(" %s: want %q got %q;", code, want, got)
				}
			}
			assert.Zero(t, wrong, "of %d characters of %s:%.400s", len(known), charset, example)
		})
	}
}
