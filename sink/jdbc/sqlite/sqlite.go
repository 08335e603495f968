// Package sqlite is the SQLite dialect of the JDBC sink, over the pure Go driver
// modernc.org/sqlite.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	driver "modernc.org/sqlite"

	"github.com/tailrace-io/tailrace/internal/jdbcurl/sqliteurl"
	"github.com/tailrace-io/tailrace/sink/jdbc"
)

// Dialect is SQLite. What a value becomes goes by its own schema, since a column
// takes every kind of value: dates, times and timestamps are text that SQLite's
// own functions read (2006-01-02 15:04:05.000), booleans are 0 and 1, decimals
// are text that a NUMERIC column makes a number of (with 15 digits that are
// surely right), and what is nested is JSON.
type Dialect struct{}

// Name is "Sqlite".
func (Dialect) Name() string { return "Sqlite" }

// Open takes jdbc:sqlite:PATH, a path, or the driver's own file:PATH?…. It waits
// up to 5 s for locks, and makes the file if it is missing.
func (Dialect) Open(text, user, password string) (*sql.DB, error) {
	if user != "" || password != "" {
		return nil, errors.New("SQLite knows no users: leave User and Password (connection.user, connection.password) out")
	}
	dsn, err := sqliteurl.Parse(text, map[string]string{"_busy_timeout": "5000", "_txlock": "immediate"})
	if err != nil {
		return nil, err
	}
	return sql.Open("sqlite", dsn)
}

// Columns describes a table's columns.
func (Dialect) Columns(ctx context.Context, db jdbc.Queryer, t jdbc.Table) ([]jdbc.Column, error) {
	rows, err := db.QueryContext(ctx, `SELECT c.name, c.type, c."notnull", c.pk, dflt_value IS NOT NULL, hidden > 1,
		EXISTS (SELECT 1 FROM pragma_index_list(?1) l, pragma_index_info(l.name) i WHERE l."unique" AND i.name = c.name)
		FROM pragma_table_xinfo(?1) c WHERE hidden <> 1 ORDER BY c.cid`, t.Name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []jdbc.Column
	integerKey, keys := -1, 0
	for rows.Next() {
		var c jdbc.Column
		var notNull bool
		var pk int
		if err := rows.Scan(&c.Name, &c.Declared, &notNull, &pk, &c.HasDefault, &c.Generated, &c.Key); err != nil {
			return nil, err
		}
		c.Nullable, c.Key = !notNull, c.Key || pk > 0
		if pk > 0 {
			keys++
		}
		if pk > 0 && strings.EqualFold(c.Declared, "INTEGER") {
			integerKey = len(out)
		}
		if strings.Contains(strings.ToUpper(c.Declared), "BOOL") {
			c.Kind = jdbc.Boolean
		}
		out = append(out, c)
	}
	if keys == 1 && integerKey >= 0 {
		out[integerKey].HasDefault = true // it is the row's number
	}
	return out, rows.Err()
}

// Declare gives types that source/jdbc/sqlite reads as what they were.
func (Dialect) Declare(c jdbc.Column) (string, error) {
	switch c.Kind {
	case jdbc.Boolean:
		return "BOOLEAN", nil
	case jdbc.Int8, jdbc.Int16:
		return "SMALLINT", nil
	case jdbc.Int32, jdbc.Year:
		return "INTEGER", nil
	case jdbc.Int64:
		return "BIGINT", nil
	case jdbc.Float32:
		return "REAL", nil
	case jdbc.Float64:
		return "DOUBLE", nil
	case jdbc.Decimal:
		if c.Scale < 0 {
			return "NUMERIC", nil
		}
		return fmt.Sprintf("NUMERIC(%d,%d)", max(c.Precision, 38), c.Scale), nil
	case jdbc.Bytes, jdbc.Geometry:
		return "BLOB", nil
	case jdbc.Date:
		return "DATE", nil
	case jdbc.DateTime, jdbc.Instant:
		return "DATETIME", nil
	}
	return "TEXT", nil
}

// Syntax quotes names with backquotes, as the original does.
func (Dialect) Syntax() jdbc.Syntax { return jdbc.Syntax{QuoteOpen: "`", QuoteClose: "`"} }

// Statement writes a row at a time, which is as fast as several: nothing goes
// over a network.
func (Dialect) Statement(w jdbc.Write, _ int) (string, int) {
	s := w.Syntax
	table := s.Table(w.Table)
	switch w.Op {
	case jdbc.Delete:
		return "DELETE FROM " + table + " WHERE " + equal(s, w.Columns, " AND "), 1
	case jdbc.Update:
		return "UPDATE " + table + " SET " + equal(s, w.Rest(), ", ") + " WHERE " + equal(s, w.Key(), " AND "), 1
	}
	text := "INSERT INTO " + table + " (" + s.Names(w.Columns) + ") VALUES (" + strings.TrimSuffix(strings.Repeat("?, ", len(w.Columns)), ", ") + ")"
	if w.Op != jdbc.Upsert {
		return text, 1
	}
	text += " ON CONFLICT (" + s.Names(w.Key()) + ") DO "
	rest := w.Rest()
	if len(rest) == 0 {
		return text + "NOTHING", 1
	}
	set := make([]string, len(rest))
	for i := range rest {
		name := s.Quote(rest[i].Name)
		set[i] = name + " = excluded." + name
	}
	return text + "UPDATE SET " + strings.Join(set, ", "), 1
}

// equal writes a = ? for the columns.
func equal(s jdbc.Syntax, columns []jdbc.Column, between string) string {
	parts := make([]string, len(columns))
	for i := range columns {
		parts[i] = s.Quote(columns[i].Name) + " = ?"
	}
	return strings.Join(parts, between)
}

// What SQLite's primary result codes are about.
const (
	generic   = 1
	perm      = 3
	busy      = 5
	locked    = 6
	readOnly  = 8
	ioErr     = 10
	full      = 13
	cantOpen  = 14
	schema    = 17
	tooBig    = 18
	constrain = 19
	mismatch  = 20
	auth      = 23
)

// Explain goes by the result code. The messages of SQLite show names and no
// values, but for those of triggers.
func (Dialect) Explain(err error) jdbc.Fault {
	e, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return jdbc.Fault{}
	}
	text := e.Error()
	switch code := e.Code(); code & 0xff {
	case busy, locked, schema:
		return jdbc.Fault{Kind: jdbc.Passing, Text: text}
	case constrain:
		if code>>8 == 7 { // a trigger's own words
			return jdbc.Fault{Kind: jdbc.BadRow, Text: "a trigger refuses the row"}
		}
		return jdbc.Fault{Kind: jdbc.BadRow, Text: text}
	case tooBig, mismatch:
		return jdbc.Fault{Kind: jdbc.BadRow, Text: text}
	case readOnly:
		return jdbc.Fault{Kind: jdbc.ReadOnly, Text: text}
	case perm, cantOpen, auth:
		return jdbc.Fault{Kind: jdbc.Forbidden, Text: text}
	case generic:
		for _, part := range []string{"no such table", "no such column", "has no column", "ON CONFLICT clause does not match"} {
			if strings.Contains(text, part) {
				return jdbc.Fault{Kind: jdbc.BadTable, Text: text}
			}
		}
	}
	return jdbc.Fault{Text: text}
}
