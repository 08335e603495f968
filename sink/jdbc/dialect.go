package jdbc

import (
	"context"
	"database/sql"
	"strings"
)

// Dialect is what has to be known of a kind of database to write to it. It is
// fixed configuration that any number of writers share. It writes no rows
// itself: it says how statements look, and the writer runs them. Its methods
// return errors as the database gave them.
type Dialect interface {
	// Name is the dialect's name in messages and in dialect.name, such as
	// "Sqlite".
	Name() string

	// Open makes a pool of connections for a URL in the form of Java's drivers
	// or of Go's. It connects to nothing yet. What is wrong with the URL is an
	// error that does not show passwords. The connections are in UTC.
	Open(url, user, password string) (*sql.DB, error)

	// Columns describes a table's columns in their order; none where there is
	// no such table.
	Columns(ctx context.Context, db Queryer, t Table) ([]Column, error)

	// Declare gives the type of a new column by its Kind and what belongs to
	// it, such as "DECIMAL(10,2)", or an error where there is none.
	Declare(c Column) (string, error)

	// Statement writes the statement that does w to up to rows rows, and says
	// to how many it does. Its arguments are the columns of w of the first row,
	// then those of the second, and so on; with Syntax.Columnar they are the
	// columns of w, each as an array of all rows.
	Statement(w Write, rows int) (query string, n int)

	// Syntax says how statements are written.
	Syntax() Syntax

	// Explain says what an error of the database's is about.
	Explain(err error) Fault
}

// Queryer is what a Dialect asks the database with: *sql.DB, *sql.Conn and
// *sql.Tx are.
type Queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Syntax says how a database wants its statements written.
type Syntax struct {
	// QuoteOpen and QuoteClose stand around names. A QuoteClose within a name
	// is doubled. With both empty names stand as they are.
	QuoteOpen, QuoteClose string

	// Placeholder writes the argument with the number n, from 1; nil means "?".
	Placeholder func(n int) string

	// Columnar says that a statement takes an array a column: the text of a
	// PostgreSQL array, such as {"a",NULL}.
	Columnar bool

	// Truncate empties a table, with %s for its name, within a transaction. ""
	// means "DELETE FROM %s".
	Truncate string

	// Options stand behind the bracket of CREATE TABLE.
	Options string
}

// Quote writes a name.
func (s Syntax) Quote(name string) string {
	if s.QuoteClose == "" {
		return name
	}
	return s.QuoteOpen + strings.ReplaceAll(name, s.QuoteClose, s.QuoteClose+s.QuoteClose) + s.QuoteClose
}

// Table writes a table's qualified name.
func (s Syntax) Table(t Table) string {
	var parts []string
	for _, p := range []string{t.Catalog, t.Schema, t.Name} {
		if p != "" {
			parts = append(parts, s.Quote(p))
		}
	}
	return strings.Join(parts, ".")
}

// Names writes names with commas between them.
func (s Syntax) Names(columns []Column) string {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = s.Quote(columns[i].Name)
	}
	return strings.Join(names, ", ")
}

func (s Syntax) placeholder(n int) string {
	if s.Placeholder == nil {
		return "?"
	}
	return s.Placeholder(n)
}

// Table names a table, with as many parts as the database uses.
type Table struct{ Catalog, Schema, Name string }

// String is the qualified name: the parts with dots between them.
func (t Table) String() string {
	s := t.Name
	if t.Schema != "" {
		s = t.Schema + "." + s
	}
	if t.Catalog != "" {
		s = t.Catalog + "." + s
	}
	return s
}

// Column describes a column of a table: one that is there, or one that is to be
// made.
type Column struct {
	Name string

	// Kind says what the column holds, and with it the form in which its values
	// are given.
	Kind Kind

	// Declared is the type as statements and messages spell it.
	Declared string

	// Precision and Scale are those of a Decimal, 0 where the precision is not
	// known; Scale is also the digits of a second's fraction. Length is the
	// greatest length of a text, of bytes and of bits; 0 where it is not known.
	Precision, Scale, Length int

	// Members are those of an Enum or a Set.
	Members []string

	// Elem describes the elements of an Array.
	Elem *Column

	// Nullable says that the column lets NULL in, and HasDefault that it need
	// not be written.
	Nullable, HasDefault bool

	// Generated says that the database computes the column, which is then never
	// written.
	Generated bool

	// Fixed says that the column has a value when its row is inserted, which
	// nobody may change: GENERATED ALWAYS AS IDENTITY.
	Fixed bool

	// Key says that the column is one of the primary key, or of another unique
	// index.
	Key bool

	literal string // the default that CREATE TABLE gives it
}

// Op is what a statement does to rows.
type Op uint8

const (
	Insert Op = iota // adds rows; one that is there is an error
	Upsert           // adds rows, or changes those whose key is there
	Update           // changes rows whose key is there, and no others
	Delete           // removes the rows of the keys
)

// String gives the operation's name, such as "upsert".
func (o Op) String() string { return [...]string{"insert", "upsert", "update", "delete"}[o] }

// Write is something to be done to rows of a table.
type Write struct {
	Op    Op
	Table Table

	// Columns are those that have values, the key's first; of an Update the
	// key's last, and of a Delete the key's alone.
	Columns []Column

	// Keys is how many of Columns are the key; 0 for an Insert without one.
	Keys int

	// Syntax is the dialect's own, without the quotes where they are not wanted.
	Syntax Syntax
}

// IsKey says whether the column of the index is the key's.
func (w Write) IsKey(i int) bool {
	if w.Op == Update {
		return i >= len(w.Columns)-w.Keys
	}
	return i < w.Keys
}

// Key is the columns of the key, and Rest all others.
func (w Write) Key() []Column {
	if w.Op == Update {
		return w.Columns[len(w.Columns)-w.Keys:]
	}
	return w.Columns[:w.Keys]
}

// Rest is the columns that are not the key's.
func (w Write) Rest() []Column {
	if w.Op == Update {
		return w.Columns[:len(w.Columns)-w.Keys]
	}
	return w.Columns[w.Keys:]
}

// Fault is what an error of the database's is about.
type Fault struct {
	Kind FaultKind

	// Text says what is wrong, for people, and shows no value of a row.
	Text string
}

// FaultKind tells faults apart by what helps.
type FaultKind uint8

const (
	Unknown   FaultKind = iota // another try may help
	Passing                    // another try likely helps: a lock, a lost connection
	BadRow                     // a row's values are not taken
	BadTable                   // a table or column is missing or different
	Forbidden                  // the user may not
	ReadOnly                   // the server takes no changes, as a standby
)
