package jdbc

import (
	"context"
	"database/sql"
	"sync"

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
	mu          sync.Mutex
	known, able bool
	skip, next  int
}

// tries says whether to load the rows of a step.
func (l *loading) tries(ctx context.Context, d Loader, c connection, t Table) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.skip > 0 {
		l.skip--
		return false, nil
	}
	if !l.known {
		able, err := d.Loadable(ctx, c.tx, t)
		if err != nil {
			return false, err
		}
		l.known, l.able = true, able
	}
	return l.able, nil
}

func (l *loading) succeeded() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = 0
}

func (l *loading) failed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.skip = min(2*l.next+1, mostSkips)
	l.next = l.skip
}

// load adds the rows of a step on the database's own road. With false they have
// to go by statements.
func (w *writer) load(ctx context.Context, c connection, s *step) (bool, error) {
	l, t := s.plan.table, &s.plan.table.loading
	if w.loader == nil || len(s.rows) < leastLoad || s.op != Insert && s.op != Upsert {
		return false, nil
	}
	if tries, err := t.tries(ctx, w.loader, c, l.Table); !tries || err != nil {
		return false, err
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
		t.succeeded()
		_, err = c.tx.ExecContext(ctx, "RELEASE SAVEPOINT tailrace_load")
		return true, err
	}
	t.failed()
	_, err = c.tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT tailrace_load")
	return false, err
}
