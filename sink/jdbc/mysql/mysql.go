// Package mysql is the MySQL and MariaDB dialect of the JDBC sink, over
// github.com/go-sql-driver/mysql.
package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/tailrace-io/tailrace/internal/jdbcurl/mysqlurl"
	"github.com/tailrace-io/tailrace/sink/jdbc"
)

// Dialect is MySQL from 5.7 on, and MariaDB from 10.3 on. A statement takes many
// rows. Those that are new go by LOAD DATA LOCAL where the server allows it
// (local_infile=ON). Upserts count every unique
// index of the table, as ON DUPLICATE KEY does.
type Dialect struct {
	// MariaDB says that it is MariaDB by name; both are written to in the same
	// way.
	MariaDB bool
}

// Name is "MySql", or "MariaDB".
func (d Dialect) Name() string {
	if d.MariaDB {
		return "MariaDB"
	}
	return "MySql"
}

// Open takes jdbc:mysql://host:port/database?parameters, jdbc:mariadb:, and the
// driver's own user:password@tcp(host:port)/database.
func (Dialect) Open(text, user, password string) (*sql.DB, error) {
	config, err := mysqlurl.Parse(text, user, password)
	if err != nil {
		return nil, err
	}
	config.ClientFoundRows = true
	// Rows are taken as they are or not at all: nothing is cut off, a 0 is no
	// wish for a number, and dates of zeros are what the source had.
	config.Params["sql_mode"] = "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'"
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, errors.New("the MySQL URL has options that exclude each other or name files that cannot be read")
	}
	return sql.OpenDB(connector), nil
}

// Columns describes a table's columns. Without a schema or catalog the table is
// in the connection's database.
func (Dialect) Columns(ctx context.Context, db jdbc.Queryer, t jdbc.Table) ([]jdbc.Column, error) {
	database := t.Schema
	if database == "" {
		database = t.Catalog
	}
	rows, err := db.QueryContext(ctx, `SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE = 'YES', COLUMN_DEFAULT IS NOT NULL AND NOT (COLUMN_DEFAULT = 'NULL' AND IS_NULLABLE = 'YES') OR EXTRA LIKE '%auto_increment%',
		EXTRA LIKE '%GENERATED%' AND EXTRA NOT LIKE '%DEFAULT_GENERATED%', COLUMN_KEY = 'PRI' OR EXISTS (SELECT 1 FROM information_schema.STATISTICS s
		WHERE s.TABLE_SCHEMA = c.TABLE_SCHEMA AND s.TABLE_NAME = c.TABLE_NAME AND s.COLUMN_NAME = c.COLUMN_NAME AND s.NON_UNIQUE = 0),
		coalesce(NUMERIC_PRECISION, 0) FROM information_schema.COLUMNS c WHERE TABLE_SCHEMA = coalesce(nullif(?, ''), database()) AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`, database, t.Name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []jdbc.Column
	for rows.Next() {
		var c jdbc.Column
		var typ string
		if err := rows.Scan(&c.Name, &typ, &c.Declared, &c.Nullable, &c.HasDefault, &c.Generated, &c.Key, &c.Precision); err != nil {
			return nil, err
		}
		c.Kind = kindOf(strings.ToLower(typ))
		if c.Kind == jdbc.BitField {
			c.Length = c.Precision
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

func kindOf(typ string) jdbc.Kind {
	switch typ {
	case "tinyint":
		return jdbc.Int8
	case "smallint":
		return jdbc.Int16
	case "mediumint", "int":
		return jdbc.Int32
	case "bigint":
		return jdbc.Int64
	case "float":
		return jdbc.Float32
	case "double":
		return jdbc.Float64
	case "decimal":
		return jdbc.Decimal
	case "bit":
		return jdbc.BitField
	case "date":
		return jdbc.Date
	case "time":
		return jdbc.TimeOfDay
	case "datetime":
		return jdbc.DateTime
	case "timestamp":
		return jdbc.Instant
	case "year":
		return jdbc.Year
	case "json":
		return jdbc.JSON
	case "enum":
		return jdbc.Enum
	case "set":
		return jdbc.Set
	case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "vector":
		return jdbc.Bytes
	case "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection":
		return jdbc.Geometry
	}
	return jdbc.Text
}

// keyLength is how long a text or bytes of a key may be where the schema does
// not tell: what an index has room for.
const keyLength = 255

// Declare gives types as Confluent's connector does, but that texts and bytes
// have room for what there may be, and those of a key can be one. For
// Debezium's semantic types they are MySQL's own: json, enum, set, year, bit.
func (Dialect) Declare(c jdbc.Column) (string, error) {
	switch c.Kind {
	case jdbc.Boolean:
		return "TINYINT(1)", nil
	case jdbc.Int8:
		return "TINYINT", nil
	case jdbc.Int16:
		return "SMALLINT", nil
	case jdbc.Int32:
		return "INT", nil
	case jdbc.Int64:
		return "BIGINT", nil
	case jdbc.Float32:
		return "FLOAT", nil
	case jdbc.Float64:
		return "DOUBLE", nil
	case jdbc.Decimal:
		return decimal(c)
	case jdbc.Date:
		return "DATE", nil
	case jdbc.TimeOfDay, jdbc.ZonedTimeOfDay:
		return fmt.Sprintf("TIME(%d)", c.Scale), nil
	case jdbc.DateTime, jdbc.Instant:
		// TIMESTAMP ends in 2038.
		return fmt.Sprintf("DATETIME(%d)", c.Scale), nil
	case jdbc.Year:
		return "YEAR", nil
	case jdbc.UUID:
		return "CHAR(36)", nil
	case jdbc.Bits:
		if c.Length > 64 {
			return fmt.Sprintf("VARBINARY(%d)", (c.Length+7)/8), nil
		}
		return fmt.Sprintf("BIT(%d)", max(c.Length, 1)), nil
	case jdbc.Geometry, jdbc.Point:
		return "GEOMETRY", nil
	case jdbc.Bytes:
		if c.Key {
			return fmt.Sprintf("VARBINARY(%d)", keyLength), nil
		}
		return "LONGBLOB", nil
	}
	if c.Key {
		return fmt.Sprintf("VARCHAR(%d) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", lengthOr(c, keyLength)), nil
	}
	switch {
	case (c.Kind == jdbc.JSON || c.Kind == jdbc.Array):
		return "JSON", nil
	case c.Kind == jdbc.Enum && len(c.Members) > 0:
		return "ENUM(" + quoted(c.Members) + ")", nil
	case c.Kind == jdbc.Set && len(c.Members) > 0:
		return "SET(" + quoted(c.Members) + ")", nil
	case c.HasDefault: // which no TEXT has
		return fmt.Sprintf("VARCHAR(%d)", lengthOr(c, 1000)), nil
	case c.Length > 0 && c.Length < 16000:
		return fmt.Sprintf("VARCHAR(%d)", c.Length), nil
	case c.Kind == jdbc.Interval:
		return "VARCHAR(100)", nil
	}
	return "LONGTEXT", nil
}

func lengthOr(c jdbc.Column, n int) int {
	if c.Length > 0 && c.Length < n {
		return c.Length
	}
	return n
}

func quoted(members []string) string {
	out := make([]string, len(members))
	for i, m := range members {
		out[i] = "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(m) + "'"
	}
	return strings.Join(out, ", ")
}

// decimal has as many digits as MySQL gives.
func decimal(c jdbc.Column) (string, error) {
	if c.Scale < 0 {
		return "DECIMAL(65,30)", nil
	}
	if c.Scale > 30 {
		return "", fmt.Errorf("a decimal with %d digits behind the point: MySQL has 30 at most; make the column by hand", c.Scale)
	}
	precision := c.Precision
	if precision == 0 || precision > 65 {
		precision = 65
	}
	return fmt.Sprintf("DECIMAL(%d,%d)", precision, c.Scale), nil
}

// Syntax quotes names with backquotes.
func (Dialect) Syntax() jdbc.Syntax {
	return jdbc.Syntax{QuoteOpen: "`", QuoteClose: "`", Options: " DEFAULT CHARACTER SET utf8mb4"}
}

// Statement takes many rows, for an update one.
func (Dialect) Statement(w jdbc.Write, rows int) (string, int) {
	s := w.Syntax
	table := s.Table(w.Table)
	switch w.Op {
	case jdbc.Delete:
		one, names := marks(w.Keys), s.Names(w.Columns)
		if w.Keys == 1 {
			return "DELETE FROM " + table + " WHERE " + names + " IN (" + repeat("?", rows) + ")", rows
		}
		return "DELETE FROM " + table + " WHERE (" + names + ") IN (" + repeat(one, rows) + ")", rows
	case jdbc.Update:
		return update(w, rows)
	}
	text := "INSERT INTO " + table + " (" + s.Names(w.Columns) + ") VALUES " + repeat(marks(len(w.Columns)), rows)
	if w.Op == jdbc.Insert {
		return text, rows
	}
	set := w.Rest()
	if len(set) == 0 {
		set = w.Columns[:1]
	}
	parts := make([]string, len(set))
	for i := range set {
		name := s.Quote(set[i].Name)
		parts[i] = name + " = VALUES(" + name + ")"
	}
	return text + " ON DUPLICATE KEY UPDATE " + strings.Join(parts, ", "), rows
}

// updateRows is how many rows one UPDATE takes at most: each is a query of its
// own to the parser.
const updateRows = 250

// update joins the table with the rows. The first query of the union has none,
// but gives the columns the table's types and collations. Rows go one at a time
// where a key might be compared in another way than by its bytes: of two texts
// that are the same to a collation only one would count.
func update(w jdbc.Write, rows int) (string, int) {
	s := w.Syntax
	table := s.Table(w.Table)
	comparable := func(c jdbc.Column) bool {
		return c.Kind >= jdbc.Int8 && c.Kind <= jdbc.Int64 || c.Kind == jdbc.Bytes
	}
	for _, c := range w.Key() {
		if !comparable(c) {
			rows = 1
		}
	}
	if rows == 1 {
		return "UPDATE " + table + " SET " + equal(s, w.Rest(), ", ") + " WHERE " + equal(s, w.Key(), " AND "), 1
	}
	rows = min(rows, updateRows)
	names, on, set := s.Names(w.Columns), []string{}, []string{}
	for i, c := range w.Columns {
		name := s.Quote(c.Name)
		if pair := "t." + name + " = u." + name; w.IsKey(i) {
			on = append(on, pair)
		} else {
			set = append(set, pair)
		}
	}
	return "UPDATE " + table + " AS t JOIN (SELECT " + names + " FROM " + table + " WHERE FALSE" +
		strings.Repeat(" UNION ALL SELECT "+repeat("?", len(w.Columns)), rows) +
		") AS u ON " + strings.Join(on, " AND ") + " SET " + strings.Join(set, ", "), rows
}

// equal writes a = ? for the columns.
func equal(s jdbc.Syntax, columns []jdbc.Column, between string) string {
	parts := make([]string, len(columns))
	for i := range columns {
		parts[i] = s.Quote(columns[i].Name) + " = ?"
	}
	return strings.Join(parts, between)
}

func marks(n int) string { return "(" + repeat("?", n) + ")" }

func repeat(text string, n int) string { return strings.TrimSuffix(strings.Repeat(text+",", n), ",") }
