package jdbc

import (
	"context"
	"database/sql"

	"github.com/tailrace-io/tailrace"
)

// Loader is a Dialect whose database has a road of its own for many rows that
// are not there yet, faster than statements, such as PostgreSQL's COPY. Inserts
// take it, and upserts too as long as it turns out that their rows are new.
type Loader interface {
	Dialect

	// Loadable says whether rows of the table can go that way at all.
	Loadable(ctx context.Context, db Queryer, t Table) (bool, error)

	// Load adds the rows, one value a column of w in the form that its Kind
	// tells, within the transaction that the connection is in. It returns false
	// where they, or one of them, do not go this way, as where a row of the key
	// is there: what it has done is undone then by the writer, which writes all of
	// them by Statement. An error says that the transaction is lost, or the
	// connection.
	Load(ctx context.Context, conn *sql.Conn, w Write, rows [][]tailrace.Value) (bool, error)
}

const (
	leastLoad = 200 // rows, below which the savepoint costs more than it brings
	mostSkips = 63  // steps that go by statements after a load was in vain
)

// loading is what was learnt of a table: whether its rows can be loaded, and
// whether that has been in vain of late.
type loading struct {
	known, able bool
	skip, next  int
}

// load adds the rows of a step on the database's own road. With false they have
// to go by statements.
func (w *writer) load(ctx context.Context, c connection, s *step) (bool, error) {
	l, t := s.plan.table, &s.plan.table.loading
	if w.loader == nil || len(s.rows) < leastLoad || s.op != Insert && s.op != Upsert {
		return false, nil
	}
	if t.skip > 0 {
		t.skip--
		return false, nil
	}
	if !t.known {
		able, err := w.loader.Loadable(ctx, c.tx, l.Table)
		if err != nil {
			return false, err
		}
		t.known, t.able = true, able
	}
	if !t.able {
		return false, nil
	}
	if _, err := c.tx.ExecContext(ctx, "SAVEPOINT tailrace_load"); err != nil {
		return false, err
	}
	write := Write{Op: s.op, Table: l.Table, Columns: s.plan.columns, Keys: s.plan.keys, Syntax: w.syntax}
	loaded, err := w.loader.Load(ctx, c.conn, write, s.rows)
	switch {
	case err != nil:
		return false, err
	case loaded:
		t.next = 0
		_, err = c.tx.ExecContext(ctx, "RELEASE SAVEPOINT tailrace_load")
		return true, err
	}
	t.skip = min(2*t.next+1, mostSkips)
	t.next = t.skip
	_, err = c.tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT tailrace_load")
	return false, err
}
