// Package sqlite is the SQLite dialect of the JDBC source, over the pure Go
// driver modernc.org/sqlite.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	driver "modernc.org/sqlite"

	"github.com/tailrace-io/tailrace/internal/jdbcurl/sqliteurl"
	"github.com/tailrace-io/tailrace/source/jdbc"
)

// Dialect is SQLite. What columns become goes by their declared types as in
// Java's SQLite driver:
//
//	INTEGER                                            INT32
//	TINYINT                                            INT16
//	SMALLINT, INT2                                     INT32
//	other names with INT                               INT64
//	BOOLEAN                                            BOOLEAN
//	REAL                                               FLOAT32
//	DOUBLE, FLOAT, names with REAL, FLOA or DOUB       FLOAT64
//	NUMERIC(p,s), DECIMAL(p,s)                         Decimal with the scale s
//	NUMERIC, DECIMAL, NUMBER, MONEY, CURRENCY          FLOAT64
//	DATE                                               Date
//	DATETIME, TIMESTAMP                                Timestamp
//	names with CHAR, CLOB or TEXT, and all others      STRING
//	names with BLOB or BINARY, BYTEA                   BYTES
//
// That driver's types change with the first row of an answer: with an integer in
// it a DECIMAL(12,2) is INT64, and with text a DATETIME a Date. Here they do
// not. An integer column that meets a number which its type does not hold (an
// INTEGER of SQLite has 64 bits) is INT64 from then on.
//
// As timestamps, columns hold text in one of SQLite's own forms, such as
// 2006-01-02 15:04:05.000 with a T or a zone where one likes; or an integer,
// milliseconds since 1970-01-01 UTC; or a real number, a Julian day. They are
// compared to the millisecond. The expression that does it is
//
//	CASE typeof(c) WHEN 'integer' THEN c WHEN 'null' THEN NULL ELSE CAST(round((julianday(c)-2440587.5)*86400000) AS INTEGER) END
//
// with the column's quoted name for c, on which an index can be made. With
// another zone than UTC integers and Julian days, which are in UTC, are refused.
//
// While a query has rows left, which lasts as long as its batches are not taken,
// a database in rollback mode lets no writer commit. One in WAL mode
// (PRAGMA journal_mode=WAL) does.
type Dialect struct{}

// Name is "Sqlite".
func (Dialect) Name() string { return "Sqlite" }

// Open takes jdbc:sqlite:PATH, a path, or the driver's own file:PATH?…. It waits
// up to 5 s for locks, does not create the file and does not write to it.
func (Dialect) Open(url, user, password string) (*sql.DB, error) {
	if user != "" || password != "" {
		return nil, errors.New("SQLite knows no users: leave User and Password (connection.user, connection.password) out")
	}
	dsn, err := sqliteurl.Parse(url, map[string]string{"mode": "rw", "_busy_timeout": "5000", "_query_only": "1", "_error_rc": "1"})
	if err != nil {
		return nil, err
	}
	return sql.Open("sqlite", dsn)
}

// Tables lists the tables and views. There are neither catalogues nor schemas.
func (Dialect) Tables(ctx context.Context, db jdbc.Queryer, in jdbc.Scope) ([]jdbc.Table, error) {
	rows, err := db.QueryContext(ctx, "SELECT name, upper(type) FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []jdbc.Table
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return nil, err
		}
		if slices.Contains(in.Types, kind) {
			out = append(out, jdbc.Table{Name: name})
		}
	}
	return out, rows.Err()
}

// Columns describes a table's columns, generated ones included.
func (Dialect) Columns(ctx context.Context, db jdbc.Queryer, t jdbc.Table, loc *time.Location) ([]jdbc.Column, error) {
	rows, err := db.QueryContext(ctx, `SELECT c.name, c.type, c."notnull", c.pk,
		(SELECT count(*) FROM pragma_table_info(?1) WHERE pk > 0), coalesce(m.sql, '')
		FROM pragma_table_xinfo(?1) c LEFT JOIN sqlite_master m ON m.name = ?1 AND m.type = 'table' WHERE c.hidden <> 1 ORDER BY c.cid`, t.Name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []jdbc.Column
	for rows.Next() {
		var name, declared, ddl string
		var notNull bool
		var key, keys int
		if err := rows.Scan(&name, &declared, &notNull, &key, &keys, &ddl); err != nil {
			return nil, err
		}
		c := column(name, declared, loc)
		c.Nullable = !notNull
		c.Key = key
		if key == 1 && keys == 1 && strings.EqualFold(c.Declared, "INTEGER") {
			c.NeverNull = !withoutRowID(ddl)
			c.AutoIncrement = c.NeverNull && hasWord(ddl, "AUTOINCREMENT")
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// Result goes by the types that the columns were declared with. What was
// computed has none and is STRING.
func (Dialect) Result(types []*sql.ColumnType, loc *time.Location) []jdbc.Column {
	var out []jdbc.Column
	for _, t := range types {
		c := column(t.Name(), t.DatabaseTypeName(), loc)
		c.Nullable = true
		out = append(out, c)
	}
	return out
}

// Now is the machine's clock, to the millisecond, as SQLite reads it.
func (Dialect) Now(ctx context.Context, db jdbc.Queryer) (time.Time, error) {
	var ms int64
	err := db.QueryRowContext(ctx, "SELECT CAST(round((julianday('now')-2440587.5)*86400000) AS INTEGER)").Scan(&ms)
	return time.UnixMilli(ms).UTC(), err
}

// Syntax quotes names with backquotes, as the original does.
func (Dialect) Syntax() jdbc.Syntax { return jdbc.Syntax{QuoteOpen: "`", QuoteClose: "`"} }

// The primary result codes of errors that pass.
const (
	busy   = 5
	locked = 6
	schema = 17
)

// Retryable says whether the database was locked, or changed under a query.
func (Dialect) Retryable(err error) bool {
	var e *driver.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case busy, locked, schema:
		return true
	}
	return false
}

// hasWord says whether the text of a CREATE TABLE has the word outside of
// quotes and comments.
func hasWord(ddl, word string) bool { return slices.Contains(words(ddl), word) }

func withoutRowID(ddl string) bool {
	w := words(ddl)
	for i := range w[:max(len(w)-1, 0)] {
		if w[i] == "WITHOUT" && w[i+1] == "ROWID" {
			return true
		}
	}
	return false
}

// words gives the words of an SQL text in upper case.
func words(text string) (out []string) {
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\'' || c == '"' || c == '`' || c == '[':
			if c == '[' {
				c = ']'
			}
			i = past(text, i+1, string(c))
		case strings.HasPrefix(text[i:], "--"):
			i = past(text, i+2, "\n")
		case strings.HasPrefix(text[i:], "/*"):
			i = past(text, i+2, "*/")
		case isWord(c):
			n := i
			for n < len(text) && isWord(text[n]) {
				n++
			}
			out = append(out, strings.ToUpper(text[i:n]))
			i = n
		default:
			i++
		}
	}
	return out
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// past gives the index behind the next occurrence of end.
func past(text string, from int, end string) int {
	if i := strings.Index(text[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(text)
}
