package jdbc

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink"
)

// writer writes to the tables of a database, a transaction a batch.
type writer struct {
	Sink
	db     *sql.DB
	owned  bool // db is to be closed
	closed bool
	loader Loader // nil where the dialect is none
	syntax Syntax
	forms  forms
	texts  *tailrace.Schema // rows of StringColumn; nil without one

	tables map[string]*table
	plans  map[planKey]*plan
	topics map[string]string // names without dots

	argBuf  []any
	textBuf []byte
}

func (w *writer) connect(ctx context.Context) error {
	w.topics = map[string]string{}
	w.forget()
	if err := w.db.PingContext(ctx); err != nil {
		return w.failed("connect to the database", Table{}, err)
	}
	return nil
}

// forget lets go of what is known of the tables.
func (w *writer) forget() {
	w.tables, w.plans = map[string]*table{}, map[planKey]*plan{}
}

// Write implements sink.Writer.
func (w *writer) Write(ctx context.Context, records []tailrace.Record) error {
	var first error // about the first record that cannot be written, as far as is known
	for {
		err := w.deliver(ctx, records, transaction{})
		bad, ok := errors.AsType[*sink.BatchError](err)
		switch {
		case err == nil:
			return first
		case !ok || bad.Index == 0:
			return err
		}
		first, records = err, records[:bad.Index]
	}
}

// Close implements sink.Writer.
func (w *writer) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	if !w.owned {
		return nil
	}
	return w.db.Close()
}

// transaction is what surrounds the rows in a transaction.
type transaction struct {
	before, after func(ctx context.Context, tx *sql.Tx) error
}

// deliver writes all records in one transaction, or none of them and says why.
func (w *writer) deliver(ctx context.Context, records []tailrace.Record, t transaction) error {
	if w.closed {
		return errors.New("jdbc sink: the writer is closed")
	}
	err := w.try(ctx, records, t, false)
	fault := faultOf(err)
	if fault == BadTable { // it may have changed since it was looked at
		w.forget()
		err = w.try(ctx, records, t, false)
		fault = faultOf(err)
	}
	if fault != BadRow && fault != BadTable {
		return err
	}
	// One record is in the way: the one at which they fail singly, in order.
	return w.try(ctx, records, t, true)
}

// faultOf says what an error of a step is about.
func faultOf(err error) FaultKind {
	if s, ok := errors.AsType[*stepError](err); ok {
		return s.fault.Kind
	}
	return Unknown
}

// try writes the records, each by itself with singly; then a *sink.BatchError
// names the one that failed.
func (w *writer) try(ctx context.Context, records []tailrace.Record, t transaction, singly bool) error {
	b, err := w.collect(ctx, records, singly)
	if err != nil {
		return err
	}
	if len(b.steps) == 0 && t.before == nil {
		return nil
	}
	if t.before == nil && !singly && w.spread(ctx, b.steps) {
		return nil
	}
	err = w.commit(ctx, b.steps, t)
	s, ok := errors.AsType[*stepError](err)
	if !ok || !singly && len(records) > 1 || s.fault.Kind != BadRow && s.fault.Kind != BadTable {
		return err
	}
	return &sink.BatchError{Index: s.at, Err: sink.Permanent(err)}
}

// commit does the steps in a transaction.
func (w *writer) commit(ctx context.Context, steps []step, t transaction) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("jdbc sink: %w", err)
	}
	// The transaction does not end with ctx, but its statements do, so that a
	// commit is either sent or not.
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return w.failed("connect to the database", Table{}, err)
	}
	defer conn.Close()
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return w.failed("begin a transaction", Table{}, err)
	}
	err = func() error {
		if t.before != nil {
			if err := t.before(ctx, tx); err != nil {
				return err
			}
		}
		if err := w.execute(ctx, connection{conn, tx}, steps); err != nil {
			return err
		}
		if t.after != nil {
			if err := t.after(ctx, tx); err != nil {
				return err
			}
		}
		return ctx.Err()
	}()
	if err != nil {
		if faultOf(err) == ReadOnly { // perhaps it was the primary until now: the next try connects anew
			defer func() { _ = conn.Raw(func(any) error { return driver.ErrBadConn }) }()
		}
		_ = tx.Rollback() // a connection that cannot do that is lost, and the transaction with it
		return err
	}
	if err := tx.Commit(); err != nil {
		failed := w.failed("commit", Table{}, err)
		if kind := w.Dialect.Explain(err).Kind; t.before != nil && kind != BadRow {
			return fmt.Errorf("%w: %w", sink.ErrUncertain, failed)
		}
		return failed
	}
	return nil
}

func (b *batch) emptyPlan(ctx context.Context, name string) (*plan, error) {
	t := b.tables[name]
	if t == nil {
		t = &table{Table: tableOf(name)}
		if err := b.describe(ctx, t); err != nil {
			return nil, err
		}
		if len(t.columns) == 0 {
			return nil, fmt.Errorf("there is no table %s to empty", t)
		}
		b.tables[name] = t
	}
	return &plan{table: t}, nil
}
