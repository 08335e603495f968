// Package jdbc reads changes out of any SQL database by asking it again and
// again which rows are new, as Confluent's JDBC source connector does, whose
// queries, offsets and schemas it keeps. It sees no deletes and, of several
// updates between two polls, the last; where a database has a log to follow, a
// log-based source sees more.
//
// What differs between databases is a Dialect, in a package of its own such as
// source/jdbc/sqlite, so that an application links the drivers that it names
// and no others:
//
//	jdbc.Source{
//		URL: "jdbc:sqlite:shop.db", Dialect: sqlite.Dialect{},
//		Mode: jdbc.TimestampIncrementing, IncrementingColumn: "id", TimestampColumns: []string{"updated_at"},
//	}
package jdbc

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
)

// Mode says how new rows are told from old ones.
type Mode string

const (
	// Bulk reads each table anew at each poll. It keeps no offsets.
	Bulk Mode = "bulk"

	// Incrementing reads the rows whose incrementing column is above the
	// greatest seen so far. It sees inserts alone.
	Incrementing Mode = "incrementing"

	// Timestamp reads the rows whose timestamp is later than the latest seen so
	// far: inserts and updates. A crash in the midst of rows that share a
	// timestamp gives those rows again.
	Timestamp Mode = "timestamp"

	// TimestampIncrementing reads by both columns, so that each update has a
	// place of its own in the order.
	TimestampIncrementing Mode = "timestamp+incrementing"
)

func (m Mode) incrementing() bool { return m == Incrementing || m == TimestampIncrementing }
func (m Mode) timestamp() bool    { return m == Timestamp || m == TimestampIncrementing }

// Source polls the tables of a database. The zero value of every field but
// Mode, Dialect and URL (or DB) is a default that suits most uses. The name in
// parentheses is the property of Confluent's connector.
type Source struct {
	// URL says where the database is, in the form of Java's drivers
	// (jdbc:sqlite:shop.db) or of Go's (connection.url).
	URL string

	// User and Password, where URL does not have them (connection.user,
	// connection.password).
	User, Password string

	// DB is an open database to use in the place of URL. It is not closed. A
	// connection of it stays in use for as long as a query has rows left, so a
	// pool of a single connection should not be shared.
	DB *sql.DB

	// Dialect is the kind of the database (dialect.name).
	Dialect Dialect

	// Mode says how new rows are found (mode). It must be set.
	Mode Mode

	// IncrementingColumn is the column that only grows, a whole number. Empty,
	// it is the table's auto-increment column (incrementing.column.name).
	IncrementingColumn string

	// TimestampColumns are set to the time of the change by each insert and
	// update. Of several the first that is not NULL counts
	// (timestamp.column.name).
	TimestampColumns []string

	// AllowNull reads tables whose incrementing or timestamp columns may be
	// NULL, too: rows where they are, are never seen. By default such a table
	// is an error (validate.non.null=false).
	AllowNull bool

	// StartAt leaves out rows that are older, and in mode timestamp those that
	// are not younger, when there is no stored offset. The zero Time stands for
	// 1970-01-01 UTC (timestamp.initial).
	StartAt time.Time

	// StartNow is StartAt with the moment of the first opening, by the
	// database's clock (timestamp.initial=-1).
	StartNow bool

	// Delay holds rows back until their timestamp is that old, so that a
	// transaction which took its timestamp early and commits late is still seen
	// (timestamp.delay.interval.ms, 0).
	Delay time.Duration

	// Location is the zone of timestamps that do not name theirs. Nil means UTC
	// (db.timezone).
	Location *time.Location

	// Tables are the names of the tables to read, qualified or not; empty means
	// all (table.whitelist). ExcludeTables leaves tables out (table.blacklist).
	Tables, ExcludeTables []string

	// Include are regular expressions, one of which must match a table's
	// qualified name as a whole, and Exclude such of which none may
	// (table.include.list, table.exclude.list).
	Include, Exclude []string

	// TableTypes are the kinds of tables, such as TABLE and VIEW. Empty means
	// TABLE (table.types).
	TableTypes []string

	// TopicPrefix stands before the table's name in the topic (topic.prefix).
	TopicPrefix string

	// PollInterval is the time between the end of one round over the tables and
	// the beginning of the next. 0 means 5 s (poll.interval.ms).
	PollInterval time.Duration

	// BatchRows is the greatest number of rows in a batch. 0 means 1000
	// (batch.max.rows).
	BatchRows int

	// Numeric says what NUMERIC columns become (numeric.mapping).
	Numeric NumericMapping

	// Log gets what is worth knowing and no error, such as a column left out
	// because its type has no counterpart. Values of rows are never logged. Nil
	// logs nothing.
	Log *slog.Logger
}

const (
	defaultPollInterval = 5 * time.Second
	defaultBatchRows    = 1000
)

// Open checks the configuration, connects, finds the tables and checks that
// they have what the mode needs. Its error has everything that is wrong.
func (s Source) Open(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
	if err := s.check(); err != nil {
		return nil, permanent(fmt.Errorf("jdbc source: the configuration is not valid: %w", err))
	}
	stored, err := readOffsets(from)
	if err != nil {
		return nil, permanent(fmt.Errorf("jdbc source: %w", err))
	}
	r := &reader{Source: s.withDefaults(), db: s.DB}
	if r.db == nil {
		if r.db, err = s.Dialect.Open(s.URL, s.User, s.Password); err != nil {
			return nil, permanent(fmt.Errorf("jdbc source: %w", err))
		}
		r.db.SetMaxOpenConns(1)
	}
	r.life, r.end = context.WithCancel(context.Background())
	if err := r.open(ctx, stored); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (s Source) withDefaults() Source {
	if s.PollInterval == 0 {
		s.PollInterval = defaultPollInterval
	}
	if s.BatchRows == 0 {
		s.BatchRows = defaultBatchRows
	}
	if s.Location == nil {
		s.Location = time.UTC
	}
	if len(s.TableTypes) == 0 {
		s.TableTypes = []string{"TABLE"}
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	return s
}

// check reports everything that is wrong with the configuration by itself.
func (s Source) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if s.Dialect == nil {
		bad("Dialect is nil: say what kind of database it is, such as sqlite.Dialect{}")
	}
	if (s.URL == "") == (s.DB == nil) {
		bad("say where the database is by one of URL (connection.url) and DB")
	}
	switch s.Mode {
	case Bulk, Incrementing, Timestamp, TimestampIncrementing:
	case "":
		bad("Mode (mode) is not set: choose %s, %s, %s or %s", Bulk, Incrementing, Timestamp, TimestampIncrementing)
	default:
		bad("there is no Mode (mode) %q: choose %s, %s, %s or %s", s.Mode, Bulk, Incrementing, Timestamp, TimestampIncrementing)
	}
	if s.Mode.timestamp() && len(s.TimestampColumns) == 0 {
		bad("TimestampColumns (timestamp.column.name) is empty: mode %s needs it", s.Mode)
	}
	if slices.Contains(s.TimestampColumns, "") {
		bad("TimestampColumns (timestamp.column.name) has an empty name")
	}
	if !s.Numeric.valid() {
		bad("there is no Numeric (numeric.mapping) %q: choose %s, %s, %s or %s", s.Numeric,
			NumericNone, NumericBestFit, NumericBestFitEagerDouble, NumericPrecisionOnly)
	}
	if s.Delay < 0 {
		bad("Delay (timestamp.delay.interval.ms) is negative")
	}
	if s.PollInterval < 0 {
		bad("PollInterval (poll.interval.ms) is negative")
	}
	if s.BatchRows < 0 {
		bad("BatchRows (batch.max.rows) is negative")
	}
	if s.StartNow && !s.StartAt.IsZero() {
		bad("StartAt and StartNow (timestamp.initial) exclude each other")
	}
	errs = append(errs, s.checkTables()...)
	return errors.Join(errs...)
}

func (s Source) checkTables() (errs []error) {
	if len(s.Tables) > 0 && len(s.ExcludeTables) > 0 {
		errs = append(errs, errors.New("Tables (table.whitelist) and ExcludeTables (table.blacklist) exclude each other"))
	}
	if len(s.Include)+len(s.Exclude) > 0 && len(s.Tables)+len(s.ExcludeTables) > 0 {
		errs = append(errs, errors.New("Tables and ExcludeTables (table.whitelist, table.blacklist) cannot be set beside Include and Exclude (table.include.list, table.exclude.list)"))
	}
	for _, list := range []struct {
		name  string
		exprs []string
	}{{"Include (table.include.list)", s.Include}, {"Exclude (table.exclude.list)", s.Exclude}} {
		for _, e := range list.exprs {
			if _, err := wholeName(e); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", list.name, err))
			}
		}
	}
	return errs
}

// wholeName compiles an expression that has to match a name as a whole.
func wholeName(expr string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(expr); err != nil {
		return nil, err
	}
	return regexp.Compile("^(?:" + expr + ")$")
}
