package jdbc

import (
	"context"
	"database/sql"
	"strings"
)

// from is what stands behind FROM: the table, or the query as one.
func (r *reader) from(t *table) string {
	if r.Query != "" {
		return "(" + r.Query + "\n) tailrace_query" // on a line of its own, for a comment may end the query
	}
	return r.Dialect.Syntax().table(t.Table)
}

func (r *reader) suffix() string {
	if r.QuerySuffix == "" {
		return ""
	}
	return " " + r.QuerySuffix
}

// writeQuery writes what a table, or the query, is asked for.
func (r *reader) writeQuery(t *table, columns []*Column, incrementing string, moment Moment) query {
	q := newQuery(r.Dialect.Syntax(), r.Mode, r.from(t), columns, incrementing, moment)
	if r.Query != "" && r.Mode == Bulk {
		q.text = r.Query // which may be one that cannot stand as a table
	}
	q.text += r.suffix()
	return q
}

// columnsOf describes what the columns of a table, or of the query, are now.
func (r *reader) columnsOf(ctx context.Context, t *table) ([]Column, error) {
	if r.Query == "" {
		columns, err := r.Dialect.Columns(ctx, r.db, t.Table, r.Location)
		if err != nil {
			return nil, r.interrupted(ctx, "describe table "+t.String(), err)
		}
		return columns, nil
	}
	rows, err := r.db.QueryContext(ctx, "SELECT * FROM "+r.from(t)+" WHERE 1 = 0")
	if err != nil {
		return nil, r.interrupted(ctx, "describe the query (query), which has to be one that can stand as a table", err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, r.interrupted(ctx, "describe the query (query)", err)
	}
	return r.Dialect.Result(types, r.Location), nil
}

// describeAnswer takes the columns from the answer itself.
func (r *reader) describeAnswer(t *table, rows *sql.Rows) error {
	types, err := rows.ColumnTypes()
	if err != nil {
		return r.failed("describe the answer to the query (query)", err)
	}
	return r.describe(t, r.Dialect.Result(types, r.Location))
}

// plainQuery takes what may end a statement, and cannot end a part of one, off
// a query.
func plainQuery(text string) string { return strings.TrimRight(text, "; \t\r\n") }
