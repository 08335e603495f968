package postgres

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink/jdbc"
)

var _ jdbc.Loader = Dialect{}

// Loadable is true for tables without rules and row security, which COPY either
// passes by or does not take.
func (d Dialect) Loadable(ctx context.Context, db jdbc.Queryer, t jdbc.Table) (able bool, err error) {
	err = db.QueryRowContext(ctx, `SELECT relkind IN ('r', 'p') AND NOT relhasrules AND NOT row_security_active(oid) FROM pg_class WHERE oid = to_regclass($1)`,
		d.Syntax().Table(t)).Scan(&able)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return able, err
}

// Load adds the rows by COPY, in the binary form where all columns have a simple
// one. It returns false where a row is there already, or is refused.
func (Dialect) Load(ctx context.Context, conn *sql.Conn, w jdbc.Write, rows [][]tailrace.Value) (loaded bool, err error) {
	query := "COPY " + w.Syntax.Table(w.Table) + " (" + w.Syntax.Names(w.Columns) + ") FROM STDIN"
	r := &copyReader{rows: rows, forms: binaryForms(w.Columns)}
	if r.forms != nil {
		query += " (FORMAT binary)"
		r.buf = append(r.buf, "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	}
	err = conn.Raw(func(c any) error {
		p, ok := c.(*stdlib.Conn)
		if !ok {
			return nil // of another driver
		}
		_, err := p.Conn().PgConn().CopyFrom(ctx, r, query)
		loaded = err == nil
		return err
	})
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && (Dialect{}).Explain(e).Kind != jdbc.Passing {
		return false, nil
	}
	return loaded, err
}
