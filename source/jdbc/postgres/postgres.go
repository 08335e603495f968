// Package postgres is the PostgreSQL dialect of the JDBC source, over
// github.com/jackc/pgx/v5.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/tailrace-io/tailrace/internal/jdbcurl/postgresurl"
	"github.com/tailrace-io/tailrace/source/jdbc"
)

// Dialect is PostgreSQL. What columns become goes by their types as in Java's
// driver:
//
//	boolean, bit(1)                                    BOOLEAN
//	bit(2) to bit(8)                                   INT8, INT64 from the first number on that is greater
//	smallint, integer, bigint, oid                     INT16, INT32, INT64, INT64
//	real, double precision, money                      FLOAT32, FLOAT64, FLOAT64
//	numeric(p,s)                                       by Source.Numeric
//	numeric                                            Debezium's VariableScaleDecimal, FLOAT64 by the mappings that fit
//	char, varchar, text, name, citext, xml, enums      STRING
//	json, jsonb, uuid                                  STRING
//	bytea                                              BYTES
//	date, time, timetz                                 Date; Time, of a timetz in UTC
//	timestamp, timestamptz                             Timestamp
//	arrays                                             ARRAY of the element's, in order whatever the dimensions
//	all others                                         STRING, as PostgreSQL writes them
//
// A domain is as its type. Java's connector leaves out the arrays and all others,
// such as interval, inet, ranges, bit varying and composite types. Elements of
// timestamptz, timetz, money and bit are STRING, too. Java's connector also reads
// a numeric without a scale with the scale 0, which loses what stands behind
// the point. infinity is the Timestamp that Java's driver makes of it.
//
// A timestamptz is an instant; what a timestamp shows is in Source.Location.
// Connections are in UTC, and a Source.DB should be, too: Dialect.Open makes such
// a pool.
type Dialect struct{}

// Name is "PostgreSql".
func (Dialect) Name() string { return "PostgreSql" }

// Open takes jdbc:postgresql://host:5432/database?…, postgres://… and the
// host=… user=… of libpq.
func (Dialect) Open(url, user, password string) (*sql.DB, error) {
	c, err := postgresurl.Parse(url, user, password)
	if err != nil {
		return nil, err
	}
	// A statement that is prepared once has the columns of that time.
	c.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	return stdlib.OpenDB(*c), nil
}

// Tables lists the tables, views and so on of the connection's database. Those
// of a partitioned table are tables beside it, which is a PARTITIONED TABLE.
func (Dialect) Tables(ctx context.Context, db jdbc.Queryer, in jdbc.Scope) ([]jdbc.Table, error) {
	rows, err := db.QueryContext(ctx, `SELECT n.nspname::text, c.relname::text, c.relkind::text
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
		AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
		AND ($1 = '' OR n.nspname LIKE $1) AND ($2 = '' OR current_database() LIKE $2) ORDER BY 1, 2`, in.Schema, in.Catalog)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []jdbc.Table
	for rows.Next() {
		var t jdbc.Table
		var kind string
		if err := rows.Scan(&t.Schema, &t.Name, &kind); err != nil {
			return nil, err
		}
		if slices.Contains(in.Types, kinds[kind]) {
			out = append(out, t)
		}
	}
	return out, rows.Err()
}

var kinds = map[string]string{"r": "TABLE", "p": "PARTITIONED TABLE", "v": "VIEW", "m": "MATERIALIZED VIEW", "f": "FOREIGN TABLE"}

// Columns describes a table's columns, generated ones included.
func (Dialect) Columns(ctx context.Context, db jdbc.Queryer, t jdbc.Table, loc *time.Location) ([]jdbc.Column, error) {
	rows, err := db.QueryContext(ctx, `SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), b.typname::text, b.typtype::text,
		CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END,
		NOT (a.attnotnull OR t.typtype = 'd' AND t.typnotnull),
		a.attidentity <> '' OR COALESCE(pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false),
		COALESCE(pg_catalog.array_position(k.indkey::int2[], a.attnum) - pg_catalog.array_lower(k.indkey::int2[], 1) + 1, 0)
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
		JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
		LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
		LEFT JOIN pg_catalog.pg_index k ON k.indrelid = c.oid AND k.indisprimary
		WHERE n.nspname = $1 AND c.relname = $2 ORDER BY a.attnum`, t.Schema, t.Name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []jdbc.Column
	for rows.Next() {
		var c jdbc.Column
		var kind, class string
		var modifier int
		if err := rows.Scan(&c.Name, &c.Declared, &kind, &class, &modifier, &c.Nullable, &c.AutoIncrement, &c.Key); err != nil {
			return nil, err
		}
		if class == "e" {
			kind = "enum"
		}
		describe(&c, kind, modifier, loc)
		out = append(out, c)
	}
	return out, rows.Err()
}

// Result goes by what the server says of an answer's columns. Types that have
// no fixed number, such as enums and citext, are STRING, as are bits, money and
// times with a zone.
func (Dialect) Result(types []*sql.ColumnType, loc *time.Location) []jdbc.Column {
	var out []jdbc.Column
	for _, t := range types {
		kind := strings.ToLower(t.DatabaseTypeName())
		c := jdbc.Column{Name: t.Name(), Declared: kind, Nullable: true}
		_, err := strconv.Atoi(kind)
		if err == nil || slices.Contains([]string{"bit", "money", "timetz", "char"}, kind) {
			kind = "text"
		}
		modifier := -1
		if precision, scale, ok := t.DecimalSize(); ok && kind == "numeric" && precision < 1001 {
			modifier = int(precision)<<16 | int(scale)&scaleBits + headerSize
		}
		describe(&c, kind, modifier, loc)
		out = append(out, c)
	}
	return out
}

// Now is the server's clock.
func (Dialect) Now(ctx context.Context, db jdbc.Queryer) (now time.Time, err error) {
	err = db.QueryRowContext(ctx, "SELECT CURRENT_TIMESTAMP").Scan(&now)
	return now.UTC(), err
}

// Syntax quotes names with double quotes and numbers arguments.
func (Dialect) Syntax() jdbc.Syntax {
	return jdbc.Syntax{QuoteOpen: `"`, QuoteClose: `"`, Placeholder: func(n int) string { return "$" + strconv.Itoa(n) }}
}

// Retryable says whether the connection was lost or could not be made, a lock
// was held, or the query was cancelled.
func (Dialect) Retryable(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		switch e.Code {
		case "57P01", "57P02", "57P03", "57014", "55P03", "0A000":
			return e.Code != "0A000" || strings.Contains(e.Message, "cached plan")
		}
		switch e.Code[:min(2, len(e.Code))] {
		case "08", "40", "53":
			return true
		}
		return false
	}
	var n net.Error
	return errors.As(err, &n) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || pgconn.SafeToRetry(err)
}
