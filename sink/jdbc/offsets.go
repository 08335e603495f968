package jdbc

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink"
)

// transactional keeps the offsets of its name beside the rows, in a table whose
// rows are a source partition each. The row of a name that has no partition
// holds the epoch, which each Begin makes one greater: who has not the latest
// is fenced. It is locked for the length of a transaction.
type transactional struct {
	*writer
	table Table

	name  string
	epoch int64
	known map[string]bool // source partitions that have a row
}

var _ sink.Transactional = (*transactional)(nil)

const (
	maxName      = 200 // the lengths that an index of MySQL's has room for
	maxPartition = 512
)

var offsetColumns = []Column{
	{Name: "name", Kind: Text, Length: maxName, Key: true},
	{Name: "source_partition", Kind: Text, Length: maxPartition, Key: true},
	{Name: "source_position", Kind: Text},
	{Name: "epoch", Kind: Int64},
}

// Begin implements sink.Transactional.
func (t *transactional) Begin(ctx context.Context, name string) ([]tailrace.Offset, error) {
	if len(name) > maxName {
		return nil, sink.Permanent(fmt.Errorf("jdbc sink: the engine's name has %d bytes, and the table of offsets room for %d", len(name), maxName))
	}
	if t.closed {
		return nil, errors.New("jdbc sink: the writer is closed")
	}
	if err := t.make(ctx); err != nil {
		return nil, err
	}
	var offsets []tailrace.Offset
	epoch, known := int64(0), map[string]bool{}
	err := t.commit(ctx, nil, transaction{before: func(ctx context.Context, tx *sql.Tx) (err error) {
		if epoch, err = t.take(ctx, tx, name); err == nil {
			offsets, err = t.load(ctx, tx, name)
		}
		if err != nil {
			return t.failed("take the offsets in", t.table, err)
		}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	for _, o := range offsets {
		known[o.Partition] = true
	}
	t.name, t.epoch, t.known = name, epoch, known
	return offsets, nil
}

// make makes the table of offsets if it is missing.
func (t *transactional) make(ctx context.Context) error {
	columns, err := t.Dialect.Columns(ctx, t.db, t.table)
	if err != nil {
		return t.failed("look up", t.table, err)
	}
	if len(columns) > 0 {
		return nil
	}
	ddl := "CREATE TABLE IF NOT EXISTS " + t.syntax.Table(t.table) + " ("
	for _, c := range offsetColumns {
		line, err := t.declare(c)
		if err != nil {
			return err
		}
		ddl += line + ", "
	}
	ddl += "PRIMARY KEY (" + t.syntax.Names(offsetColumns[:2]) + "))" + t.syntax.Options
	offsets := &table{Table: t.table}
	if err := t.alter(ctx, offsets, ddl); err != nil {
		return t.failed("make", t.table, err)
	}
	return nil
}

// sql writes a statement on the table of offsets: {t} is its name, {n}, {p},
// {o} and {e} are its columns, and ? its arguments.
func (t *transactional) sql(form string) string {
	names := map[byte]string{'t': t.syntax.Table(t.table)}
	for i, k := range []byte("npoe") {
		names[k] = t.syntax.Quote(offsetColumns[i].Name)
	}
	var text []byte
	n := 0
	for i := 0; i < len(form); i++ {
		switch form[i] {
		case '{':
			text = append(text, names[form[i+1]]...)
			i += 2
		case '?':
			n++
			text = append(text, t.syntax.placeholder(n)...)
		default:
			text = append(text, form[i])
		}
	}
	return string(text)
}

// take makes the epoch one greater.
func (t *transactional) take(ctx context.Context, tx *sql.Tx, name string) (epoch int64, err error) {
	result, err := tx.ExecContext(ctx, t.sql("UPDATE {t} SET {e} = {e} + 1 WHERE {n} = ? AND {p} = ''"), name)
	if err != nil {
		return 0, err
	}
	if n, err := result.RowsAffected(); err != nil {
		return 0, err
	} else if n == 0 {
		if _, err := tx.ExecContext(ctx, t.sql("INSERT INTO {t} ({n}, {p}, {o}, {e}) VALUES (?, '', '', 1)"), name); err != nil {
			return 0, err
		}
	}
	return t.current(ctx, tx, name)
}

func (t *transactional) current(ctx context.Context, tx *sql.Tx, name string) (epoch int64, err error) {
	err = tx.QueryRowContext(ctx, t.sql("SELECT {e} FROM {t} WHERE {n} = ? AND {p} = ''"), name).Scan(&epoch)
	return epoch, err
}

func (t *transactional) load(ctx context.Context, tx *sql.Tx, name string) (out []tailrace.Offset, err error) {
	rows, err := tx.QueryContext(ctx, t.sql("SELECT {p}, {o} FROM {t} WHERE {n} = ? AND {p} <> '' ORDER BY {p}"), name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var o tailrace.Offset
		if err := rows.Scan(&o.Partition, &o.Position); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

// WriteTx implements sink.Transactional.
func (t *transactional) WriteTx(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error {
	if t.epoch == 0 {
		return errors.New("jdbc sink: WriteTx before Begin")
	}
	for _, o := range offsets {
		if len(o.Partition) > maxPartition {
			return sink.Permanent(fmt.Errorf("jdbc sink: a source partition has %d bytes, and the table of offsets room for %d", len(o.Partition), maxPartition))
		}
	}
	err := t.deliver(ctx, records, transaction{
		before: t.fence,
		after:  func(ctx context.Context, tx *sql.Tx) error { return t.save(ctx, tx, offsets) },
	})
	if err != nil {
		return err
	}
	for _, o := range offsets {
		t.known[o.Partition] = true
	}
	return nil
}

// fence locks the epoch, and fails if it is another's.
func (t *transactional) fence(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, t.sql("UPDATE {t} SET {e} = {e} WHERE {n} = ? AND {p} = ''"), t.name)
	if err != nil {
		return t.failed("lock the epoch in", t.table, err)
	}
	epoch, err := t.current(ctx, tx, t.name)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return sink.Permanent(fmt.Errorf("jdbc sink: table %s has lost the row of the name %s: somebody has removed it", t.table, t.name))
	case err != nil:
		return t.failed("read the epoch in", t.table, err)
	case epoch != t.epoch:
		return fmt.Errorf("jdbc sink: name %s in table %s: %w", t.name, t.table, sink.ErrFenced)
	}
	return nil
}

func (t *transactional) save(ctx context.Context, tx *sql.Tx, offsets []tailrace.Offset) error {
	saved := map[string]bool{}
	for _, o := range offsets {
		form := "INSERT INTO {t} ({o}, {e}, {n}, {p}) VALUES (?, ?, ?, ?)"
		if t.known[o.Partition] || saved[o.Partition] {
			form = "UPDATE {t} SET {o} = ?, {e} = ? WHERE {n} = ? AND {p} = ?"
		}
		saved[o.Partition] = true
		if _, err := tx.ExecContext(ctx, t.sql(form), o.Position, t.epoch, t.name, o.Partition); err != nil {
			return t.failed("store an offset in", t.table, err)
		}
	}
	return nil
}
