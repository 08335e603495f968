package jdbc

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
)

// Dialect is what has to be known of a kind of database to poll it. It is fixed
// configuration that any number of readers share. Its methods return errors as
// the database gave them; the reader says which table they were about.
type Dialect interface {
	// Name is the dialect's name in messages and in dialect.name, such as
	// "Sqlite".
	Name() string

	// Open makes a pool of connections for a URL in the form of Java's drivers
	// or of Go's. It connects to nothing yet. What is wrong with the URL is an
	// error that does not show passwords. A missing database is not created.
	Open(url, user, password string) (*sql.DB, error)

	// Tables lists the tables within the scope, without those that belong to
	// the database itself.
	Tables(ctx context.Context, db Queryer, in Scope) ([]Table, error)

	// Columns describes a table's columns in their order; none where there is
	// no such table.
	Columns(ctx context.Context, db Queryer, t Table, loc *time.Location) ([]Column, error)

	// Result describes the columns that a query answers with, by what the
	// driver knows of them.
	Result(types []*sql.ColumnType, loc *time.Location) []Column

	// Now is the database's clock.
	Now(ctx context.Context, db Queryer) (time.Time, error)

	// Syntax says how queries are written.
	Syntax() Syntax

	// Retryable says whether another try of what failed with the error may
	// succeed: a lock that is held, a lost connection.
	Retryable(err error) bool
}

// Scope is what tables are looked for in.
type Scope struct {
	// Types are the types of tables in upper case, such as TABLE and VIEW.
	Types []string

	// Catalog and Schema are patterns, in which % stands for any text and _ for
	// any letter, for those parts of a table's name that the database uses. An
	// empty Catalog means the one that the connection is in, an empty Schema
	// any.
	Catalog, Schema string
}

// Queryer is what a Dialect asks the database with: *sql.DB, *sql.Conn and
// *sql.Tx are.
type Queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Syntax says how a database wants its queries written.
type Syntax struct {
	// QuoteOpen and QuoteClose stand around names. A QuoteClose within a name
	// is doubled.
	QuoteOpen, QuoteClose string

	// Placeholder writes the argument with the number n, from 1; nil means "?".
	Placeholder func(n int) string
}

func (s Syntax) quote(name string) string {
	return s.QuoteOpen + strings.ReplaceAll(name, s.QuoteClose, s.QuoteClose+s.QuoteClose) + s.QuoteClose
}

func (s Syntax) table(t Table) string {
	var parts []string
	for _, p := range []string{t.Catalog, t.Schema, t.Name} {
		if p != "" {
			parts = append(parts, s.quote(p))
		}
	}
	return strings.Join(parts, ".")
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

// Column describes a column of a table.
type Column struct {
	Name string

	// Declared is the type as the database spells it, for messages.
	Declared string

	// Type, with what belongs to it, decides what the column becomes in a
	// record.
	Type      Type
	Precision int
	Scale     int
	Unsigned  bool // of TinyInt, SmallInt and Integer

	// Nullable says that the column is not declared NOT NULL, which makes the
	// field optional. NeverNull says that the database lets no NULL in all the
	// same.
	Nullable, NeverNull bool

	// AutoIncrement says that the database numbers rows by the column.
	AutoIncrement bool

	// Key is the column's place in the primary key, from 1; 0 where it is not
	// in it.
	Key int

	// Select is the expression that reads the column; "" means its name.
	Select string

	// Decode reads the column where the way of its Type does not fit; not of
	// columns of type Instant.
	Decode Decoder

	// Instant reads a column of type Instant where the driver gives neither a
	// time.Time that stands for the instant nor a text that ParseTime takes. An
	// absent time is null.
	Instant func(src any) (tailrace.Null[time.Time], error)

	// Elem describes the elements of an Array, which may be null, and Elements
	// takes apart what the driver gave for one: nil for a null, and else what
	// Elem reads. Its errors do not show the value.
	Elem     *Column
	Elements func(src any) ([]any, error)

	// Moment says how the column is compared as a timestamp. The zero Moment
	// means by itself, which only columns of type Instant can be.
	Moment Moment
}

// Moment is how a column is compared as a timestamp: an expression that is NULL
// where the column is, that the database orders by time, and whose values stand
// for an instant each.
type Moment struct {
	// Expr is the expression, such as the column's quoted name.
	Expr string

	// Bind gives what the expression has for an instant.
	Bind func(t time.Time) any

	// Arg writes the place of what Bind gives, where that needs more than its
	// placeholder, such as a type.
	Arg func(placeholder string) string

	// Tick is the least time between two values that differ, where it is known:
	// the resolution of the column.
	Tick time.Duration

	// Zoned says that the database keeps instants in the column, so that it
	// does not go by a Location. Such columns and others stand beside one
	// another only in UTC.
	Zoned bool

	// Scan gives the instant of what the driver gave for the expression.
	Scan func(src any) (time.Time, error)

	// Form says what values look like, for the message about one whose
	// expression is NULL although the column is not.
	Form string
}
