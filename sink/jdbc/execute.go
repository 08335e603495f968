package jdbc

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// maxBytes is about how large the arguments of a statement may be together.
const maxBytes = 4 << 20

// stepError is an error of a step.
type stepError struct {
	at    int // the first record of the rows that it is about
	fault Fault
	err   error
}

func (e *stepError) Error() string { return e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

// connection is one that is in a transaction.
type connection struct {
	conn *sql.Conn
	tx   *sql.Tx
}

// execute does the steps within a transaction.
func (w *writer) execute(ctx context.Context, c connection, steps []step) error {
	tx := c.tx
	for i := range steps {
		s := &steps[i]
		var err error
		switch {
		case s.empty:
			form := w.syntax.Truncate
			if form == "" {
				form = "DELETE FROM %s"
			}
			_, err = tx.ExecContext(ctx, fmt.Sprintf(form, w.syntax.Table(s.plan.Table)))
		case s.mask != "":
			err = w.change(ctx, tx, s)
		default:
			err = w.write(ctx, c, s)
		}
		if err != nil {
			doing := s.op.String() + " rows of"
			if s.empty {
				doing = "empty"
			}
			return &stepError{at: s.at[0], fault: w.Dialect.Explain(err), err: w.failed(doing, s.plan.Table, err)}
		}
	}
	return nil
}

// write does a step to whole rows.
func (w *writer) write(ctx context.Context, c connection, s *step) error {
	loaded, err := w.load(ctx, c, s)
	if !loaded && err == nil {
		_, err = w.statements(ctx, c.tx, s.plan, s.op, "", s.rows)
	}
	return err
}

// change updates rows of which some columns stay as they are. One that is not
// there is inserted as it is, which the database refuses where it lacks what is
// needed.
func (w *writer) change(ctx context.Context, tx *sql.Tx, s *step) error {
	rows := make([][]tailrace.Value, len(s.rows))
	for i, row := range s.rows {
		for c, arg := range row {
			if s.mask[c] == '1' {
				rows[i] = append(rows[i], arg)
			}
		}
	}
	n, err := w.statements(ctx, tx, s.plan, Update, s.mask, rows)
	if err != nil || n == int64(len(rows)) || w.InsertMode == InsertUpdate {
		return err
	}
	op := Insert
	if w.InsertMode == InsertUpsert {
		op = Upsert
	}
	for i := range rows {
		n, err := w.statements(ctx, tx, s.plan, Update, s.mask, rows[i:i+1])
		if err == nil && n == 0 {
			_, err = w.statements(ctx, tx, s.plan, op, s.mask, rows[i:i+1])
		}
		if err != nil {
			s.at = s.at[i:]
			return err
		}
	}
	return nil
}

// statements runs as many statements as the rows need, and gives how many rows
// they changed.
func (w *writer) statements(ctx context.Context, tx *sql.Tx, p *plan, op Op, mask string, rows [][]tailrace.Value) (changed int64, err error) {
	width := len(p.columns)
	if op == Delete {
		width = p.keys
	} else if mask != "" {
		width = strings.Count(mask, "1")
	}
	first := 0
	if op == Update {
		if first = p.keys; first == width {
			return int64(len(rows)), nil // nothing but the key
		}
	}
	var prepared *sql.Stmt
	var single string // what prepared is of
	defer func() {
		if prepared != nil {
			prepared.Close()
		}
	}()
	for len(rows) > 0 {
		query, n := single, 1
		if prepared == nil {
			query, n = w.query(p, op, mask, w.chunk(rows))
		}
		w.arguments(rows[:n], width, first)
		var result sql.Result
		if n == 1 && len(rows) > 1 && prepared == nil {
			if prepared, err = tx.PrepareContext(ctx, query); err != nil {
				return 0, err
			}
			single = query
		}
		if prepared != nil {
			result, err = prepared.ExecContext(ctx, w.argBuf...)
		} else {
			result, err = tx.ExecContext(ctx, query, w.argBuf...)
		}
		clear(w.argBuf)
		if err != nil {
			return 0, err
		}
		if m, err := result.RowsAffected(); err == nil {
			changed += m
		}
		rows = rows[n:]
	}
	return changed, nil
}

// chunk says how many of the rows go into the next statement at most.
func (w *writer) chunk(rows [][]tailrace.Value) int {
	size := 0
	for n, row := range rows[:min(len(rows), w.BatchRows)] {
		for _, arg := range row {
			size += 8 + arg.Size()
			if arg.Type() == tailrace.TypeBytes {
				size += arg.Size()
			}
		}
		if size > maxBytes && n > 0 {
			return n
		}
	}
	return min(len(rows), w.BatchRows)
}

// query gives the statement for up to rows rows.
func (w *writer) query(p *plan, op Op, mask string, rows int) (string, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := shape{op, mask}
	if s, ok := p.queries[k]; ok && (s.rows == rows || s.n == 1 && s.rows > 1 || s.n < s.rows && s.n <= rows) {
		return s.query, s.n
	} else if ok && w.syntax.Columnar {
		return s.query, rows
	}
	write := Write{Op: op, Table: p.Table, Columns: p.columns, Keys: p.keys, Syntax: w.syntax}
	if op == Delete {
		write.Columns = p.columns[:p.keys]
	} else if mask != "" {
		write.Columns = nil
		for i := range mask {
			if mask[i] == '1' {
				write.Columns = append(write.Columns, p.columns[i])
			}
		}
	}
	if op == Update {
		write.Columns = slices.Concat(write.Columns[p.keys:], write.Columns[:p.keys])
	}
	s := statement{rows: rows}
	s.query, s.n = w.Dialect.Statement(write, rows)
	s.n = max(min(s.n, rows), 1)
	if old, ok := p.queries[k]; !ok || old.rows < rows {
		p.queries[k] = s
	}
	return s.query, s.n
}

// arguments lays out the rows as the statement wants them, beginning with the
// column first.
func (w *writer) arguments(rows [][]tailrace.Value, width, first int) {
	w.argBuf = w.argBuf[:0]
	if !w.syntax.Columnar {
		for _, row := range rows {
			for _, v := range row[first:width] {
				w.argBuf = append(w.argBuf, argument(v))
			}
			for _, v := range row[:first] {
				w.argBuf = append(w.argBuf, argument(v))
			}
		}
		return
	}
	for i := range width {
		c := (first + i) % width
		w.textBuf = append(w.textBuf[:0], '{')
		for _, row := range rows {
			w.textBuf = appendElement(w.textBuf, row[c])
		}
		w.argBuf = append(w.argBuf, string(closeArray(w.textBuf)))
	}
}

// argument gives a value in the form that database/sql takes.
func argument(v tailrace.Value) any {
	switch v.Type() {
	case tailrace.TypeNull:
		return nil
	case tailrace.TypeFloat32, tailrace.TypeFloat64:
		return v.Float()
	case tailrace.TypeBoolean:
		return v.Bool()
	case tailrace.TypeString:
		return v.Text()
	case tailrace.TypeBytes:
		return v.Bytes()
	}
	return v.Int()
}
