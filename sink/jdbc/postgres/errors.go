package postgres

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tailrace-io/tailrace/sink/jdbc"
)

// Explain goes by the class of the SQLSTATE. What the server says of data and
// constraints shows values, and is said in other words.
func (Dialect) Explain(err error) jdbc.Fault {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return jdbc.Fault{Kind: jdbc.Passing}
	}
	f := jdbc.Fault{Text: fmt.Sprintf("%s (SQLSTATE %s)", e.Message, e.Code)}
	switch class := e.Code[:min(2, len(e.Code))]; {
	case e.Code == "25006":
		f.Kind = jdbc.ReadOnly
	case e.Code == "42501" || class == "28":
		f.Kind = jdbc.Forbidden
	case e.Code == "42P10":
		f.Kind = jdbc.BadTable
		f.Text = "the table has no primary key or unique index of just the key's columns, which an upsert needs (SQLSTATE 42P10)"
	case class == "22" || class == "23" || class == "21":
		f = jdbc.Fault{Kind: jdbc.BadRow, Text: words(e)}
	case class == "P0":
		f = jdbc.Fault{Kind: jdbc.BadRow, Text: fmt.Sprintf("a trigger or function of the database refuses the row (SQLSTATE %s)", e.Code)}
	case class == "42" || class == "3F":
		f.Kind = jdbc.BadTable
	case class == "40" || class == "53" || class == "55" || class == "57" || class == "08":
		f.Kind = jdbc.Passing
	}
	return f
}

var meanings = map[string]string{
	"22001": "a value is too long for its column",
	"22003": "a number is out of its column's range",
	"22007": "a value is not of the form of a date or time",
	"22008": "a date or time is out of range",
	"22021": "a text has characters that the database's encoding lacks",
	"22P02": "a value is not of the form of its column's type",
	"22P05": "a text has characters that cannot be stored, such as a zero byte",
	"23502": "a column that must not be NULL has no value",
	"23503": "a foreign key refers to a row that is not there, or is still referred to",
	"23505": "there is a row with the same key or unique value",
	"23514": "a check refuses the row",
	"21000": "one statement would change a row twice",
}

// words says what the error means without what the server says, and names what
// it names.
func words(e *pgconn.PgError) string {
	text := meanings[e.Code]
	if text == "" {
		text = "a value is not taken"
	}
	var names []string
	if e.ColumnName != "" {
		names = append(names, "column "+e.ColumnName)
	}
	if e.ConstraintName != "" {
		names = append(names, "constraint "+e.ConstraintName)
	}
	if len(names) > 0 {
		text += ": " + strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s (SQLSTATE %s)", text, e.Code)
}
