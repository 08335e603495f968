package jdbc

import (
	"strings"
	"time"
)

// query is what a table is asked for: the columns, and behind them the moment
// where the mode has one, so that the position is what the database compared
// and nothing that was computed beside it.
type query struct {
	text   string
	mode   Mode
	moment Moment
}

// newQuery writes the query for what stands behind FROM. Its conditions, the
// order of its arguments and the order of its rows are those of Confluent's
// connector.
func newQuery(s Syntax, mode Mode, from string, columns []*Column, incrementing string, moment Moment) query {
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		if c.Select != "" {
			b.WriteString(c.Select)
		} else {
			b.WriteString(s.quote(c.Name))
		}
	}
	if mode.timestamp() {
		b.WriteString(", " + moment.Expr)
	}
	b.WriteString(" FROM " + from)

	m, inc := moment.Expr, s.quote(incrementing)
	n := 0
	arg := func() string {
		n++
		if s.Placeholder == nil {
			return "?"
		}
		return s.Placeholder(n)
	}
	at := arg
	if moment.Arg != nil {
		at = func() string { return moment.Arg(arg()) }
	}
	switch mode {
	case Incrementing:
		b.WriteString(" WHERE " + inc + " > " + arg() + " ORDER BY " + inc + " ASC")
	case Timestamp:
		b.WriteString(" WHERE " + m + " > " + at() + " AND " + m + " < " + at() + " ORDER BY " + m + " ASC")
	case TimestampIncrementing:
		b.WriteString(" WHERE " + m + " < " + at() + " AND ((" + m + " = " + at() + " AND " + inc + " > " + arg() + ") OR " +
			m + " > " + at() + ") ORDER BY " + m + "," + inc + " ASC")
	}
	return query{text: b.String(), mode: mode, moment: moment}
}

// args are the values of the query's conditions: what is behind from, and
// before end.
func (q query) args(from position, end time.Time) []any {
	switch q.mode {
	case Incrementing:
		return []any{from.id()}
	case Timestamp:
		return []any{q.moment.Bind(from.moment()), q.moment.Bind(end)}
	case TimestampIncrementing:
		begin := q.moment.Bind(from.moment())
		return []any{q.moment.Bind(end), begin, from.id(), begin}
	}
	return nil
}
