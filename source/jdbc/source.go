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
	// is an error (validate.non.null=false). A Query is not checked.
	AllowNull bool

	// IncrementingFor and TimestampsFor name those columns for some tables each,
	// in the place of IncrementingColumn and TimestampColumns: exactly one rule
	// has to match a table (incrementing.column.mapping,
	// timestamp.columns.mapping).
	IncrementingFor, TimestampsFor []ColumnsFor

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

	// Query is a query to read the answers of in the place of tables. Its records
	// go to the topic TopicPrefix. But in mode bulk it stands as a table in the
	// queries that are asked, SELECT … FROM (Query) WHERE …, so it may have a WHERE
	// of its own, and has to give the columns that the mode goes by (query).
	Query string

	// QuerySuffix is put behind all queries, such as LIMIT 1000 (query.suffix).
	QuerySuffix string

	// Catalog and Schema are patterns with % and _ for the catalogue (which is
	// what MySQL calls a database) and the schema of tables. Without a Catalog
	// it is the one that the URL names (catalog.pattern, schema.pattern).
	Catalog, Schema string

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

	// TablePoll is the time between two looks for tables that have come or gone.
	// 0 means a minute, a negative time never. A table that has gone is an error
	// if Tables names it; others are left out from then on
	// (table.poll.interval.ms).
	TablePoll time.Duration

	// Readers is how many tables are read side by side at most, over a connection
	// each: a table is always one reader's. 0 means 1. A Query has one (tasks.max).
	Readers int

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

	// Granularity says what timestamps become (timestamp.granularity).
	Granularity Granularity

	// Keys gives records a key, a struct of the columns of the table's primary
	// key. Confluent's connector never has one. Tables without a primary key have
	// none here either (tailrace.keys).
	Keys bool

	// Envelope puts rows into Debezium's change envelope: op is c in mode
	// incrementing, which sees inserts alone, and otherwise r; there is no before.
	// Sinks that take Debezium's changes take these (tailrace.envelope).
	Envelope bool

	// DeletesDir is a directory for the keys of all rows that were given, a file a
	// table, by which deletes are found: every DeletesInterval the tables' keys are
	// read and compared. A row that is gone becomes a record without a value, and
	// in an Envelope one with the op d before that. Keys are set with it, and kept
	// in memory too. "" finds no deletes (tailrace.deletes.directory).
	DeletesDir string

	// DeletesInterval is the time between two such comparisons. 0 means a minute
	// (tailrace.deletes.interval.ms).
	DeletesInterval time.Duration

	// Isolation is the level at which transactions with the queries run. The
	// default is the database's own (transaction.isolation.mode).
	Isolation sql.IsolationLevel

	// Log gets what is worth knowing and no error, such as a column left out
	// because its type has no counterpart. Values of rows are never logged. Nil
	// logs nothing.
	Log *slog.Logger
}

// ColumnsFor names the columns that a mode goes by for some tables.
type ColumnsFor struct {
	Tables  string // a regular expression that matches the qualified names as a whole
	Columns []string
}

const (
	defaultPollInterval = 5 * time.Second
	defaultTablePoll    = time.Minute
	defaultBatchRows    = 1000

	defaultDeletesInterval = time.Minute
)

// Open checks the configuration, connects, finds the tables and checks that
// they have what the mode needs. Its error has everything that is wrong.
func (s Source) Open(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
	if err := s.check(); err != nil {
		return nil, permanent(fmt.Errorf("jdbc source: the configuration is not valid: %w", err))
	}
	if s.Readers > 1 && s.Query == "" {
		return s.openParallel(ctx, from)
	}
	r, err := s.openShare(ctx, from, share{})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Tasks is how many tasks of a Connect connector the source does the work of.
func (s Source) Tasks() int { return max(s.Readers, 1) }

// openShare opens a reader of a share of the tables.
func (s Source) openShare(ctx context.Context, from []tailrace.Offset, of share) (*reader, error) {
	stored, err := readOffsets(from)
	if err != nil {
		return nil, permanent(fmt.Errorf("jdbc source: %w", err))
	}
	r := &reader{Source: s.withDefaults(), db: s.DB, stored: stored, share: of}
	if r.db == nil {
		if r.db, err = s.Dialect.Open(s.URL, s.User, s.Password); err != nil {
			return nil, permanent(fmt.Errorf("jdbc source: %w", err))
		}
		r.db.SetMaxOpenConns(1)
	}
	r.life, r.end = context.WithCancel(context.Background())
	if err := r.open(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (s Source) withDefaults() Source {
	if s.PollInterval == 0 {
		s.PollInterval = defaultPollInterval
	}
	if s.TablePoll == 0 {
		s.TablePoll = defaultTablePoll
	}
	if s.DeletesInterval == 0 {
		s.DeletesInterval = defaultDeletesInterval
	}
	s.Keys = s.Keys || s.DeletesDir != ""
	if s.BatchRows == 0 {
		s.BatchRows = defaultBatchRows
	}
	if s.Location == nil {
		s.Location = time.UTC
	}
	if len(s.TableTypes) == 0 {
		s.TableTypes = []string{"TABLE"}
	}
	s.Query = plainQuery(s.Query)
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
	if !s.Granularity.valid() {
		bad("there is no Granularity (timestamp.granularity) %q", s.Granularity)
	}
	errs = append(errs, s.checkColumns()...)
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
	if s.DeletesInterval < 0 {
		bad("DeletesInterval (tailrace.deletes.interval.ms) is negative")
	}
	if s.Readers < 0 {
		bad("Readers (tasks.max) is negative")
	}
	if s.BatchRows < 0 {
		bad("BatchRows (batch.max.rows) is negative")
	}
	if s.StartNow && !s.StartAt.IsZero() {
		bad("StartAt and StartNow (timestamp.initial) exclude each other")
	}
	errs = append(errs, s.checkTables()...)
	errs = append(errs, s.checkQuery()...)
	return errors.Join(errs...)
}

// checkColumns reports what is wrong with the columns that the mode goes by.
func (s Source) checkColumns() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if s.Mode.timestamp() && len(s.TimestampColumns)+len(s.TimestampsFor) == 0 {
		bad("TimestampColumns (timestamp.column.name) is empty: mode %s needs it", s.Mode)
	}
	if slices.Contains(s.TimestampColumns, "") {
		bad("TimestampColumns (timestamp.column.name) has an empty name")
	}
	if s.IncrementingColumn != "" && len(s.IncrementingFor) > 0 {
		bad("IncrementingColumn and IncrementingFor (incrementing.column.name, incrementing.column.mapping) exclude each other")
	}
	if len(s.TimestampColumns) > 0 && len(s.TimestampsFor) > 0 {
		bad("TimestampColumns and TimestampsFor (timestamp.column.name, timestamp.columns.mapping) exclude each other")
	}
	for _, c := range s.IncrementingFor {
		if _, err := wholeName(c.Tables); err != nil || len(c.Columns) != 1 || c.Columns[0] == "" {
			bad("IncrementingFor (incrementing.column.mapping) must have an expression for tables and one column each, as in orders:id")
		}
	}
	for _, c := range s.TimestampsFor {
		if _, err := wholeName(c.Tables); err != nil || len(c.Columns) == 0 || slices.Contains(c.Columns, "") {
			bad("TimestampsFor (timestamp.columns.mapping) must have an expression for tables and columns each, as in orders:[updated|created]")
		}
	}
	return errs
}

// limits finds the words of a suffix that leave rows out.
var limits = regexp.MustCompile(`(?i)\b(limit|fetch)\b`)

// checkQuery reports what is wrong with Query and QuerySuffix.
func (s Source) checkQuery() (errs []error) {
	if s.Mode == Timestamp && limits.MatchString(s.QuerySuffix) {
		errs = append(errs, errors.New("QuerySuffix (query.suffix) limits the rows, so that in mode timestamp those that share one would be lost: "+
			"choose mode timestamp+incrementing"))
	}
	if s.Query == "" {
		return errs
	}
	if len(s.Tables)+len(s.ExcludeTables)+len(s.Include)+len(s.Exclude)+len(s.TableTypes) > 0 || s.Catalog != "" || s.Schema != "" {
		errs = append(errs, errors.New("Query (query) takes the place of tables: leave out what chooses those (table.whitelist and so on)"))
	}
	if s.Keys {
		errs = append(errs, errors.New("Keys (tailrace.keys) are those of tables, which a Query (query) has not: let the transform ValueToKey make them"))
	}
	if s.DeletesDir != "" {
		errs = append(errs, errors.New("DeletesDir (tailrace.deletes.directory) goes by the keys of tables, which a Query (query) has not"))
	}
	if s.TopicPrefix == "" {
		errs = append(errs, errors.New("TopicPrefix (topic.prefix) is empty: it is the topic of a Query (query)"))
	}
	if len(s.IncrementingFor)+len(s.TimestampsFor) > 0 {
		errs = append(errs, errors.New("IncrementingFor and TimestampsFor (incrementing.column.mapping, timestamp.columns.mapping) go by tables, and there is a Query (query)"))
	}
	if s.Mode.incrementing() && s.IncrementingColumn == "" {
		errs = append(errs, errors.New("IncrementingColumn (incrementing.column.name) is empty: a Query (query) has no auto-increment column"))
	}
	return errs
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
