// Package jdbc writes records to the tables of any SQL database, as Confluent's
// and Debezium's JDBC sink connectors do, whose settings it takes. Envelopes of
// changes and plain rows are written alike, with no transform between.
//
// What differs between databases is a Dialect, in a package of its own such as
// sink/jdbc/postgres, so that an application links the drivers that it names
// and no others. A table that mirrors another:
//
//	jdbc.Sink{
//		URL: "postgres://shop@localhost/shop", Dialect: postgres.Dialect{},
//		TableFormat: "${source.table}",
//		InsertMode: jdbc.InsertUpsert, PKMode: jdbc.KeyRecordKey,
//		Deletes: true, AutoCreate: true, AutoEvolve: true,
//		OffsetTable: "tailrace_offsets",
//	}
//
// Each batch is one transaction. With an OffsetTable the engine's offsets are
// rows in the same transaction, so each record takes effect exactly once.
// Without it a batch may be written again after a failure, which InsertUpsert
// makes no difference of.
package jdbc

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/sink"
)

// InsertMode says how rows are written.
type InsertMode string

const (
	InsertPlain  InsertMode = "insert" // a row that is there is an error
	InsertUpsert InsertMode = "upsert" // a row that is there is changed
	InsertUpdate InsertMode = "update" // rows that are not there are left out
)

// PKMode says what the key columns of a row are taken from.
type PKMode string

const (
	KeyNone         PKMode = "none"
	KeyKafka        PKMode = "kafka"         // topic, partition and offset of the record
	KeyRecordKey    PKMode = "record_key"    // the record's key
	KeyRecordValue  PKMode = "record_value"  // fields of the row
	KeyRecordHeader PKMode = "record_header" // headers
)

// Sink writes to the tables of a database. The zero value of every field but
// Dialect and URL (or DB) is a default. In parentheses stands the property of
// Confluent's connector, and of Debezium's where it is another.
type Sink struct {
	// URL says where the database is, in the form of Java's drivers
	// (jdbc:postgresql://localhost/shop) or of Go's (connection.url).
	URL string

	// User and Password, where URL does not have them (connection.user,
	// connection.username, connection.password).
	User, Password string

	// DB is an open database to use in the place of URL. It is not closed. Its
	// connections should be in UTC and, for MySQL, in strict mode, with
	// clientFoundRows.
	DB *sql.DB

	// Dialect is the kind of the database (dialect.name).
	Dialect Dialect

	// InsertMode is InsertPlain if empty (insert.mode).
	InsertMode InsertMode

	// PKMode is KeyNone if empty (pk.mode, primary.key.mode).
	PKMode PKMode

	// PKFields names the key columns. Empty, they are all fields of a key that
	// is a struct, or of the row; of KeyKafka __connect_topic,
	// __connect_partition and __connect_offset (pk.fields, primary.key.fields).
	PKFields []string

	// Fields are the row's fields that are written; empty means all. Those of
	// the key always are. "orders:total" is a field of the topic orders alone
	// (fields.whitelist, field.include.list).
	Fields []string

	// ExceptFields are fields that are not written, in the same form
	// (field.exclude.list).
	ExceptFields []string

	// TimestampFields are fields of whole numbers that count from 1970 on, and of
	// texts in ISO 8601, which become timestamps. The numbers are of microseconds,
	// or of nanoseconds with NanoTimestamps (timestamp.fields.list,
	// timestamp.precision.mode).
	TimestampFields []string
	NanoTimestamps  bool

	// TableFormat is the table's name: ${topic} stands for the record's topic,
	// with underscores for its dots, and ${source.db}, ${source.table} and so on
	// for fields of an envelope's source block. Dots in the rest, and in those
	// fields, separate schema and table. "" means ${topic} (table.name.format,
	// collection.name.format).
	TableFormat string

	// QualifiedTopics leaves the dots of topics, which then separate schema and
	// table, as with Confluent's connector.
	QualifiedTopics bool

	// AutoCreate makes missing tables, and AutoEvolve adds missing columns that
	// may be NULL or have a default (auto.create, auto.evolve,
	// schema.evolution=basic). Nothing is ever dropped, retyped or made a key.
	AutoCreate, AutoEvolve bool

	// Deletes removes rows on envelopes of deletes and on records without a
	// value. By default both are left out (delete.enabled).
	Deletes bool

	// Truncates empties a table on envelopes of truncates. By default they are
	// left out (truncate.enabled).
	Truncates bool

	// StringColumn is the column of values that are texts and no structs, the only
	// one of their rows beside the key's. "" refuses such values
	// (string.output.value.column.name).
	StringColumn string

	// NullDefaults writes a field's default in the place of a null
	// (replace.null.with.default).
	NullDefaults bool

	// BatchRows is the greatest number of rows in a statement. 0 means 3000
	// (batch.size).
	BatchRows int

	// Connections is over how many the rows of a large batch are spread in the
	// modes InsertUpsert and InsertUpdate, each with a transaction of its own;
	// what is done to a row keeps its order. Where one fails, the batch is written
	// again by one. 0 means 1; an OffsetTable needs that (write.connections,
	// tasks.max).
	Connections int

	// Unquoted leaves the quotes around names out (quote.sql.identifiers=NEVER,
	// quote.identifiers).
	Unquoted bool

	// Location is the zone of columns without one. Nil means UTC (db.timezone,
	// use.time.zone).
	Location *time.Location

	// OffsetTable is the table of the engine's offsets, which is made if it is
	// missing. "" leaves offsets to the engine's own store, and delivery at
	// least once.
	OffsetTable string

	// Log gets what is made and altered. Values of rows are never logged. Nil
	// logs nothing.
	Log *slog.Logger
}

const defaultBatchRows = 3000

var kafkaFields = [...]string{"__connect_topic", "__connect_partition", "__connect_offset"}

var _ sink.Sink = Sink{}

// Open checks the configuration and connects. The Writer is a
// sink.Transactional where there is an OffsetTable. Tables are looked up as
// records come.
func (s Sink) Open(ctx context.Context) (sink.Writer, error) {
	if err := s.check(); err != nil {
		return nil, sink.Permanent(fmt.Errorf("jdbc sink: the configuration is not valid: %w", err))
	}
	s = s.withDefaults()
	w := &writer{Sink: s, db: s.DB, syntax: s.Dialect.Syntax(), forms: forms{s.Location, converter.NewJSON(converter.JSONConfig{NumericDecimals: true, KeepNulls: true})}}
	w.loader, _ = s.Dialect.(Loader)
	if s.StringColumn != "" {
		w.texts = tailrace.NewSchema(tailrace.TypeStruct).Field(s.StringColumn, tailrace.OptionalStringSchema).MustBuild()
	}
	if s.Unquoted {
		w.syntax.QuoteOpen, w.syntax.QuoteClose = "", ""
	}
	if w.db == nil {
		db, err := s.Dialect.Open(s.URL, s.User, s.Password)
		if err != nil {
			return nil, sink.Permanent(fmt.Errorf("jdbc sink: %w", err))
		}
		db.SetMaxOpenConns(max(1, s.Connections))
		w.db, w.owned = db, true
	}
	if err := w.connect(ctx); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	if s.OffsetTable == "" {
		return w, nil
	}
	return &transactional{writer: w, table: tableOf(s.OffsetTable)}, nil
}

// Tasks is how many tasks of a Connect connector the sink does the work of.
func (s Sink) Tasks() int { return max(s.Connections, 1) }

func (s Sink) withDefaults() Sink {
	if s.InsertMode == "" {
		s.InsertMode = InsertPlain
	}
	if s.PKMode == "" {
		s.PKMode = KeyNone
	}
	if s.PKMode == KeyKafka && len(s.PKFields) == 0 {
		s.PKFields = kafkaFields[:]
	}
	if s.TableFormat == "" {
		s.TableFormat = "${topic}"
	}
	if s.BatchRows == 0 {
		s.BatchRows = defaultBatchRows
	}
	if s.Location == nil {
		s.Location = time.UTC
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	return s
}

// check reports everything that is wrong with the configuration by itself.
func (s Sink) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if s.Dialect == nil {
		bad("Dialect is nil: say what kind of database it is, such as postgres.Dialect{}")
	}
	if (s.URL == "") == (s.DB == nil) {
		bad("say where the database is by one of URL (connection.url) and DB")
	}
	if !slices.Contains([]InsertMode{"", InsertPlain, InsertUpsert, InsertUpdate}, s.InsertMode) {
		bad("there is no InsertMode (insert.mode) %q: choose %s, %s or %s", s.InsertMode, InsertPlain, InsertUpsert, InsertUpdate)
	}
	keyed := s.PKMode != "" && s.PKMode != KeyNone
	switch s.PKMode {
	case "", KeyNone, KeyKafka, KeyRecordKey, KeyRecordValue, KeyRecordHeader:
	default:
		bad("there is no PKMode (pk.mode) %q: choose %s, %s, %s, %s or %s", s.PKMode, KeyNone, KeyKafka, KeyRecordKey, KeyRecordValue, KeyRecordHeader)
	}
	if !keyed && (s.InsertMode == InsertUpsert || s.InsertMode == InsertUpdate) {
		bad("InsertMode (insert.mode) %s needs to know the rows' key: set PKMode (pk.mode), such as to %s", s.InsertMode, KeyRecordKey)
	}
	if s.Deletes && (!keyed || s.PKMode == KeyKafka) {
		bad("Deletes (delete.enabled) needs to know the rows' key: set PKMode (pk.mode), such as to %s", KeyRecordKey)
	}
	if s.PKMode == KeyKafka && len(s.PKFields) != 0 && len(s.PKFields) != len(kafkaFields) {
		bad("PKFields (pk.fields) has %d names: PKMode %s needs three, for topic, partition and offset, or none", len(s.PKFields), KeyKafka)
	}
	if slices.Contains(slices.Concat(s.PKFields, s.Fields, s.ExceptFields, s.TimestampFields), "") {
		bad("PKFields, Fields, ExceptFields or TimestampFields (pk.fields, fields.whitelist, field.exclude.list, timestamp.fields.list) has an empty name")
	}
	if len(s.Fields) > 0 && len(s.ExceptFields) > 0 {
		bad("Fields and ExceptFields (field.include.list, field.exclude.list) are both set: take one of them")
	}
	if s.BatchRows < 0 {
		bad("BatchRows (batch.size) is negative")
	}
	if s.Connections < 0 || s.Connections > 1 && s.OffsetTable != "" {
		bad("Connections (write.connections) is %d: it must be 1 with an OffsetTable (exactly.once.table), and never negative", s.Connections)
	}
	if err := checkFormat(s.TableFormat); err != nil {
		bad("TableFormat (table.name.format): %w", err)
	}
	return errors.Join(errs...)
}
