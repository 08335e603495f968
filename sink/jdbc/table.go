package jdbc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// table is a table of the database as it was last looked at.
type table struct {
	Table
	columns []Column
	loading loading
}

// column finds a column by its name or, where there is none of that spelling, by
// its name in any case.
func (t *table) column(name string) (*Column, bool) {
	for i := range t.columns {
		if t.columns[i].Name == name {
			return &t.columns[i], true
		}
	}
	for i := range t.columns {
		if strings.EqualFold(t.columns[i].Name, name) {
			return &t.columns[i], true
		}
	}
	return nil, false
}

// misfit is something about a record and its table that somebody has to put
// right.
type misfit struct{ error }

func (m misfit) Unwrap() error { return m.error }

// table gives the table with all columns that the fields need, which it makes
// where that is allowed.
func (w *writer) table(ctx context.Context, name string, fields []field, keys int) (*table, error) {
	t := w.tables[name]
	if t == nil {
		t = &table{Table: tableOf(name)}
		if err := w.describe(ctx, t); err != nil {
			return nil, err
		}
		if len(t.columns) == 0 {
			if err := w.create(ctx, t, fields, keys); err != nil {
				return nil, err
			}
		}
		w.tables[name] = t
	}
	if err := w.evolve(ctx, t, fields, keys); err != nil {
		return nil, err
	}
	unique := func(c Column) bool { return c.Key }
	if w.InsertMode == InsertUpsert && !slices.ContainsFunc(t.columns, unique) {
		return nil, misfit{fmt.Errorf("table %s has no primary key and no unique index, by which an upsert finds the row that is there: "+
			"give it one of the record's key, or set InsertMode (insert.mode) to insert", t)}
	}
	for _, c := range t.columns {
		if c.Nullable || c.HasDefault || c.Generated || len(fields) == keys || w.InsertMode == InsertUpdate {
			continue
		}
		if !hasField(t, fields, c.Name) {
			return nil, misfit{fmt.Errorf("column %s of table %s is NOT NULL without a default, and the record has no such field: let it be NULL, or give it a default", c.Name, t)}
		}
	}
	return t, nil
}

func hasField(t *table, fields []field, column string) bool {
	for _, f := range fields {
		if c, ok := t.column(f.name); ok && c.Name == column {
			return true
		}
	}
	return false
}

func (w *writer) describe(ctx context.Context, t *table) (err error) {
	names := []Table{t.Table}
	if w.Unquoted { // as the database may spell it
		names = append(names, each(t.Table, strings.ToLower), each(t.Table, strings.ToUpper))
	}
	for _, name := range names {
		if t.columns, err = w.Dialect.Columns(ctx, w.db, name); err != nil {
			return w.failed("look up", name, err)
		}
		if len(t.columns) > 0 {
			break
		}
	}
	return nil
}

func each(t Table, f func(string) string) Table {
	return Table{f(t.Catalog), f(t.Schema), f(t.Name)}
}

func (w *writer) create(ctx context.Context, t *table, fields []field, keys int) error {
	if !w.AutoCreate {
		return misfit{fmt.Errorf("there is no table %s: make it, or set AutoCreate (auto.create); its name comes of TableFormat (table.name.format)", t)}
	}
	var lines, key []string
	for i, f := range fields {
		c := f.column()
		c.Key = i < keys
		line, err := w.declare(c)
		if err != nil {
			return err
		}
		lines = append(lines, line)
		if c.Key {
			key = append(key, w.syntax.Quote(c.Name))
		}
	}
	if len(key) > 0 {
		lines = append(lines, "PRIMARY KEY ("+strings.Join(key, ", ")+")")
	}
	ddl := "CREATE TABLE IF NOT EXISTS " + w.syntax.Table(t.Table) + " (" + strings.Join(lines, ", ") + ")" + w.syntax.Options
	if err := w.alter(ctx, t, ddl); err != nil {
		return w.failed("create", t.Table, err)
	}
	return nil
}

// declare writes a column's definition.
func (w *writer) declare(c Column) (string, error) {
	typ, err := w.Dialect.Declare(c)
	if err != nil {
		return "", misfit{fmt.Errorf("column %s cannot be made: %w", c.Name, err)}
	}
	text := w.syntax.Quote(c.Name) + " " + typ
	switch {
	case c.Key:
		return text + " NOT NULL", nil
	case c.literal != "" && c.literal != "NULL":
		text += " DEFAULT " + c.literal
	}
	if !c.Nullable {
		text += " NOT NULL"
	}
	return text, nil
}

// evolve adds the columns that are missing.
func (w *writer) evolve(ctx context.Context, t *table, fields []field, keys int) error {
	var add []string
	var wont []error
	for i, f := range fields {
		if _, ok := t.column(f.name); ok {
			continue
		}
		c := f.column()
		_, hasDefault := f.schema.Default()
		switch {
		case !w.AutoEvolve:
			wont = append(wont, fmt.Errorf("table %s has no column %s, which the record has: add it, set AutoEvolve (auto.evolve), or leave the field out by Fields (fields.whitelist)", t, f.name))
		case i < keys:
			wont = append(wont, fmt.Errorf("table %s has no column %s, which is of the record's key: a key is never changed by itself; make the column and the primary key by hand", t, f.name))
		case !f.schema.Optional() && !hasDefault:
			wont = append(wont, fmt.Errorf("table %s has no column %s, and its field is neither optional nor has a default for the rows that are there: add the column by hand", t, f.name))
		default:
			line, err := w.declare(c)
			if err != nil {
				return err
			}
			add = append(add, line)
		}
	}
	if len(wont) > 0 {
		return misfit{errors.Join(wont...)}
	}
	for _, line := range add {
		if err := w.alter(ctx, t, "ALTER TABLE "+w.syntax.Table(t.Table)+" ADD "+line); err != nil {
			return w.failed("add a column to", t.Table, err)
		}
	}
	return nil
}

// alter makes or changes a table and looks at it anew. That another did the same
// at the same time is no error.
func (w *writer) alter(ctx context.Context, t *table, ddl string) error {
	was := len(t.columns)
	_, err := w.db.ExecContext(ctx, ddl)
	if derr := w.describe(ctx, t); derr != nil {
		return derr
	}
	if err != nil && len(t.columns) <= was {
		return err
	}
	w.Log.Info("jdbc sink: altered a table", "table", t.String(), "statement", ddl)
	return nil
}
