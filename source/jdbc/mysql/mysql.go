// Package mysql is the MySQL and MariaDB dialect of the JDBC source, over
// github.com/go-sql-driver/mysql.
package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/tailrace-io/tailrace/internal/jdbcurl/mysqlurl"
	"github.com/tailrace-io/tailrace/source/jdbc"
)

// Dialect is MySQL. What columns become goes by their types as in Java's
// driver:
//
//	BOOLEAN, TINYINT(1), BIT                           INT8, INT64 from the first number on that is greater
//	TINYINT, SMALLINT, MEDIUMINT and INT, BIGINT       INT8, INT16, INT32, INT64; UNSIGNED the next greater
//	FLOAT, DOUBLE                                      FLOAT32, FLOAT64
//	DECIMAL                                            by Source.Numeric
//	CHAR, VARCHAR, TEXT, ENUM, SET, JSON               STRING
//	BINARY, VARBINARY, BLOB, geometry, VECTOR          BYTES
//	DATE, YEAR                                         Date; of a year its first day
//	TIME                                               Time
//	DATETIME, TIMESTAMP                                Timestamp
//
// An UNSIGNED BIGINT is INT64, and a number above its range an error of the row,
// as is a TIME that is no time of day, or a zero date in a column that is NOT
// NULL. In others a zero date is null. A TIMESTAMP is an instant whatever zone
// the server and the Source have; what a DATETIME shows is in Source.Location.
//
// Connections are in UTC and without the SQL modes that refuse zero dates. A
// Source.DB should be, too: Dialect.Open makes such a pool.
type Dialect struct{}

// MariaDB is MariaDB, of which the same is true.
type MariaDB struct{ Dialect }

// Name is "MySql".
func (Dialect) Name() string { return "MySql" }

// Name is "MariaDb".
func (MariaDB) Name() string { return "MariaDb" }

// Open takes jdbc:mysql://host:3306/database?…, jdbc:mariadb://…, the same
// without jdbc:, or the driver's own user:password@tcp(host:3306)/database?….
func (Dialect) Open(url, user, password string) (*sql.DB, error) {
	c, err := mysqlurl.Parse(url, user, password)
	if err != nil {
		return nil, err
	}
	c.Params["sql_mode"] = "''"                // zero dates are to be read, not to be refused
	c.Params["net_write_timeout"] = "31536000" // a batch may take its time
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, errors.New("the MySQL URL has options that exclude each other or name files that cannot be read")
	}
	return sql.OpenDB(connector), nil
}

// own are the databases of the server itself.
const own = "('information_schema', 'mysql', 'performance_schema', 'sys')"

// Tables lists the tables and views of the database that the connection is in,
// or of all where it is in none. A scope's Schema has no meaning here.
func (Dialect) Tables(ctx context.Context, db jdbc.Queryer, in jdbc.Scope) ([]jdbc.Table, error) {
	which, args := "(table_schema = DATABASE() OR DATABASE() IS NULL)", []any(nil)
	if in.Catalog != "" {
		which, args = "table_schema LIKE ?", []any{in.Catalog}
	}
	rows, err := db.QueryContext(ctx, "SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE "+
		which+" AND table_schema NOT IN "+own+" ORDER BY 1, 2", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []jdbc.Table
	for rows.Next() {
		var t jdbc.Table
		var kind string
		if err := rows.Scan(&t.Catalog, &t.Name, &kind); err != nil {
			return nil, err
		}
		if kind == "BASE TABLE" || kind == "SYSTEM VERSIONED" {
			kind = "TABLE"
		}
		if slices.Contains(in.Types, kind) {
			out = append(out, t)
		}
	}
	return out, rows.Err()
}

// Columns describes a table's columns but those that are INVISIBLE.
func (Dialect) Columns(ctx context.Context, db jdbc.Queryer, t jdbc.Table, loc *time.Location) ([]jdbc.Column, error) {
	rows, err := db.QueryContext(ctx, `SELECT c.column_name, c.data_type, c.column_type, c.is_nullable = 'YES', COALESCE(c.numeric_precision, 0),
		COALESCE(c.numeric_scale, c.datetime_precision, 0), c.extra, COALESCE(k.seq_in_index, 0)
		FROM information_schema.columns c LEFT JOIN information_schema.statistics k
		ON k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name AND k.index_name = 'PRIMARY'
		WHERE c.table_schema = ? AND c.table_name = ? ORDER BY c.ordinal_position`, t.Catalog, t.Name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []jdbc.Column
	for rows.Next() {
		var name, kind, declared, extra string
		var nullable bool
		var precision, scale, key int
		if err := rows.Scan(&name, &kind, &declared, &nullable, &precision, &scale, &extra, &key); err != nil {
			return nil, err
		}
		if extra = strings.ToLower(extra); strings.Contains(extra, "invisible") {
			continue
		}
		c := jdbc.Column{Name: name, Declared: declared, Nullable: nullable, Precision: precision, Scale: scale,
			Unsigned: strings.Contains(declared, "unsigned"), AutoIncrement: strings.Contains(extra, "auto_increment"), Key: key}
		describe(&c, kind, loc)
		out = append(out, c)
	}
	return out, rows.Err()
}

// Result goes by what the server says of an answer's columns.
func (Dialect) Result(types []*sql.ColumnType, loc *time.Location) []jdbc.Column {
	var out []jdbc.Column
	for _, t := range types {
		declared := t.DatabaseTypeName()
		kind, unsigned := strings.CutPrefix(declared, "UNSIGNED ")
		c := jdbc.Column{Name: t.Name(), Declared: declared, Unsigned: unsigned, Nullable: true}
		if nullable, ok := t.Nullable(); ok {
			c.Nullable = nullable
		}
		if precision, scale, ok := t.DecimalSize(); ok {
			c.Precision, c.Scale = int(precision), int(min(scale, 30))
		}
		describe(&c, strings.ToLower(kind), loc)
		if kind == "BIT" {
			c.Type, c.Decode, c.Select = jdbc.BigInt, bits, ""
		}
		out = append(out, c)
	}
	return out
}

// Now is the server's clock.
func (Dialect) Now(ctx context.Context, db jdbc.Queryer) (time.Time, error) {
	var text string
	if err := db.QueryRowContext(ctx, "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)").Scan(&text); err != nil {
		return time.Time{}, err
	}
	return time.Parse("2006-01-02 15:04:05", text)
}

// Syntax quotes names with backquotes.
func (Dialect) Syntax() jdbc.Syntax { return jdbc.Syntax{QuoteOpen: "`", QuoteClose: "`"} }

// passing are the numbers of the server's errors that pass.
var passing = map[uint16]bool{
	1040: true,                                                 // too many connections
	1053: true,                                                 // the server shuts down
	1079: true, 1158: true, 1159: true, 1160: true, 1161: true, // the connection
	1203: true, 1226: true, // too many connections of the user
	1205: true, 1213: true, // a lock
	1317: true, 1927: true, 3024: true, 1969: true, // the query or the connection was killed
	1412: true, 1615: true, // the table's definition has changed
	4031: true, // the connection was idle for too long
}

// Retryable says whether the connection was lost or could not be made, a lock
// was held, or the query was killed.
func (Dialect) Retryable(err error) bool {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return passing[e.Number]
	}
	var n net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) || errors.As(err, &n) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
