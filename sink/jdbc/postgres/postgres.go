// Package postgres is the PostgreSQL dialect of the JDBC sink, over
// github.com/jackc/pgx/v5.
package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/tailrace-io/tailrace/internal/jdbcurl/postgresurl"
	"github.com/tailrace-io/tailrace/sink/jdbc"
)

// Dialect is PostgreSQL, from 9.5 on. A statement takes any number of rows, as
// arrays of columns that unnest makes rows of.
type Dialect struct{}

// Name is "PostgreSql".
func (Dialect) Name() string { return "PostgreSql" }

// Open takes jdbc:postgresql://host:port/database?parameters, and what pgx
// takes: postgres://… and host=… user=….
func (Dialect) Open(text, user, password string) (*sql.DB, error) {
	config, err := postgresurl.Parse(text, user, password)
	if err != nil {
		return nil, err
	}
	return stdlib.OpenDB(*config), nil
}

const columnsQuery = `SELECT a.attname, coalesce(e.typname, t.typname), t.typtype::text, t.typcategory::text, quote_ident(n.nspname) || '.' || quote_ident(t.typname),
	format_type(a.atttypid, a.atttypmod), NOT (a.attnotnull OR t.typnotnull), a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL, a.attgenerated <> '', a.attidentity = 'a',
	EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND a.attnum = ANY (i.indkey)), a.atttypmod
	FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_namespace n ON n.oid = t.typnamespace
	LEFT JOIN pg_type e ON t.typcategory = 'A' AND e.oid = t.typelem
	WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`

// Columns describes a table's columns. Without a schema the table is looked for
// along search_path. Its catalog must be the database of the connection.
func (d Dialect) Columns(ctx context.Context, db jdbc.Queryer, t jdbc.Table) ([]jdbc.Column, error) {
	rows, err := db.QueryContext(ctx, columnsQuery, d.Syntax().Table(t))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []jdbc.Column
	for rows.Next() {
		var c jdbc.Column
		var name, typtype, category, full, shown string
		var typmod int
		if err := rows.Scan(&c.Name, &name, &typtype, &category, &full, &shown, &c.Nullable, &c.HasDefault, &c.Generated, &c.Fixed, &c.Key, &typmod); err != nil {
			return nil, err
		}
		// The type without its length: a cast to varchar(3) cuts off what is
		// too long, where an insert refuses it.
		c.Declared = full
		c.Kind = kindOf(name)
		if typtype == "e" {
			c.Kind = jdbc.Enum
		}
		if name == "bit" && typmod > 0 {
			c.Length = typmod
		}
		if category == "A" {
			c.Elem = &jdbc.Column{Kind: kindOf(name), Declared: name}
			c.Kind = jdbc.Array
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

func kindOf(name string) jdbc.Kind {
	switch name {
	case "bool":
		return jdbc.Boolean
	case "int2":
		return jdbc.Int16
	case "int4":
		return jdbc.Int32
	case "int8", "oid":
		return jdbc.Int64
	case "float4":
		return jdbc.Float32
	case "float8":
		return jdbc.Float64
	case "numeric", "money":
		return jdbc.Decimal
	case "bytea":
		return jdbc.Bytes
	case "date":
		return jdbc.Date
	case "time":
		return jdbc.TimeOfDay
	case "timetz":
		return jdbc.ZonedTimeOfDay
	case "timestamp":
		return jdbc.DateTime
	case "timestamptz":
		return jdbc.Instant
	case "interval":
		return jdbc.Interval
	case "json", "jsonb":
		return jdbc.JSON
	case "uuid":
		return jdbc.UUID
	case "xml":
		return jdbc.XML
	case "bit", "varbit":
		return jdbc.Bits
	case "point":
		return jdbc.Point
	}
	return jdbc.Text
}

// Declare gives types as Confluent's connector does and, for Debezium's semantic
// types, PostgreSQL's own: jsonb, uuid, xml, interval, bit varying.
func (d Dialect) Declare(c jdbc.Column) (string, error) {
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
		return "DOUBLE PRECISION", nil
	case jdbc.Decimal:
		if c.Precision > 0 {
			return fmt.Sprintf("NUMERIC(%d,%d)", c.Precision, c.Scale), nil
		}
		return "NUMERIC", nil
	case jdbc.Bytes, jdbc.Geometry:
		return "BYTEA", nil
	case jdbc.Date:
		return "DATE", nil
	case jdbc.TimeOfDay:
		return "TIME", nil
	case jdbc.ZonedTimeOfDay:
		return "TIMETZ", nil
	case jdbc.DateTime:
		return "TIMESTAMP", nil
	case jdbc.Instant:
		return "TIMESTAMPTZ", nil
	case jdbc.Interval:
		return "INTERVAL", nil
	case jdbc.JSON:
		return "JSONB", nil
	case jdbc.UUID:
		return "UUID", nil
	case jdbc.XML:
		return "XML", nil
	case jdbc.Bits:
		return "BIT VARYING", nil
	case jdbc.Point:
		return "POINT", nil
	case jdbc.Array:
		elem, err := d.Declare(*c.Elem)
		return elem + "[]", err
	}
	return "TEXT", nil
}

// Syntax takes an array a column.
func (Dialect) Syntax() jdbc.Syntax {
	return jdbc.Syntax{
		QuoteOpen: `"`, QuoteClose: `"`, Columnar: true, Truncate: "TRUNCATE TABLE %s",
		Placeholder: func(n int) string { return fmt.Sprintf("$%d", n) },
	}
}

// Statement takes all rows. Upserts name the key, so that of several unique
// indexes no other counts.
func (Dialect) Statement(w jdbc.Write, rows int) (string, int) {
	s := w.Syntax
	table, from := s.Table(w.Table), unnest(w)
	var on, set []string
	for i, c := range w.Columns {
		if w.IsKey(i) {
			on = append(on, fmt.Sprintf("t.%s = %s", s.Quote(c.Name), value(i, c)))
		} else if !c.Fixed {
			set = append(set, fmt.Sprintf("%s = %s", s.Quote(c.Name), value(i, c)))
		}
	}
	switch w.Op {
	case jdbc.Delete:
		return "DELETE FROM " + table + " AS t USING " + from + " WHERE " + strings.Join(on, " AND "), rows
	case jdbc.Update:
		return "UPDATE " + table + " AS t SET " + strings.Join(set, ", ") + " FROM " + from + " WHERE " + strings.Join(on, " AND "), rows
	}
	values := make([]string, len(w.Columns))
	for i, c := range w.Columns {
		values[i] = value(i, c)
	}
	text := "INSERT INTO " + table + " (" + s.Names(w.Columns) + ") OVERRIDING SYSTEM VALUE SELECT " + strings.Join(values, ", ") + " FROM " + from
	if w.Op == jdbc.Insert {
		return text, rows
	}
	text += " ON CONFLICT (" + s.Names(w.Key()) + ") DO "
	set = nil
	for _, c := range w.Rest() {
		if name := s.Quote(c.Name); !c.Fixed {
			set = append(set, name+" = EXCLUDED."+name)
		}
	}
	if len(set) == 0 {
		return text + "NOTHING", rows
	}
	return text + "UPDATE SET " + strings.Join(set, ", "), rows
}

// unnest makes rows of the arguments. A column of arrays comes as their text,
// for unnest takes arrays of arrays apart down to their elements.
func unnest(w jdbc.Write) string {
	arrays, names := make([]string, len(w.Columns)), make([]string, len(w.Columns))
	for i, c := range w.Columns {
		typ := c.Declared
		if c.Kind == jdbc.Array {
			typ = "text"
		}
		arrays[i], names[i] = fmt.Sprintf("$%d::%s[]", i+1, typ), fmt.Sprintf("c%d", i+1)
	}
	return "unnest(" + strings.Join(arrays, ", ") + ") AS u (" + strings.Join(names, ", ") + ")"
}

func value(i int, c jdbc.Column) string {
	if c.Kind == jdbc.Array {
		return fmt.Sprintf("u.c%d::%s", i+1, c.Declared)
	}
	return fmt.Sprintf("u.c%d", i+1)
}
