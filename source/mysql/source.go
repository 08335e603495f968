// Package mysql reads changes from MySQL 8.0 and newer, and from MariaDB, as
// Debezium's connectors do: first a consistent snapshot of the tables that are
// there, then every change from the binary log, in the form of Debezium's
// change event envelope.
//
// The server has to write a binary log with full rows (log_bin, which is on by
// default since 8.0, binlog_format=ROW, binlog_row_image=FULL), and the user
// needs the privileges SELECT, REPLICATION SLAVE and REPLICATION CLIENT, and
// RELOAD or LOCK TABLES for the snapshot. Open lists whatever is missing with
// the statement that mends it.
package mysql

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/internal/inbox"
	"github.com/tailrace-io/tailrace/source/signal"
)

// Source says which server to read, and how. The zero value of every field but
// User and TopicPrefix is the default that its comment names.
type Source struct {
	// Addr is the server's host:port, or the path of its socket. "" means
	// localhost:3306; a host without a port has 3306.
	Addr string

	// User logs in with Password by the plugin that the server has for it:
	// mysql_native_password, caching_sha2_password, sha256_password or, of
	// MariaDB, ed25519 or parsec.
	User     string
	Password string

	// Flavor says which kind of server it is. "" means MySQL.
	Flavor Flavor

	// Encryption is how much TLS protects the connections. "" means Preferred.
	Encryption Encryption

	// TLS has the certificates and the names that connections are checked
	// with. Nil means the system's.
	TLS *tls.Config

	// ConnectTimeout bounds how long one connection takes to make. 0 means 30
	// seconds.
	ConnectTimeout time.Duration

	// TopicPrefix is the logical name of the server, which topics, schemas and
	// offsets begin with. It is required, and must not change once there are
	// offsets.
	TopicPrefix string

	// TopicDelimiter stands between the parts of topics' names. "" means a dot.
	TopicDelimiter string

	// TopicNaming names the topics of tables otherwise. Nil names them by the
	// tables' names.
	TopicNaming *TopicNaming

	// SchemaNames and FieldNames are how the names of schemas and of fields are
	// made to fit Avro. "" means NameAsIs.
	SchemaNames, FieldNames NameMode

	// TransactionMetadata gives each change its place in its transaction, and
	// writes the beginning and the end of every transaction, with how many
	// changes of which tables it had, to the topic TransactionTopic, to which
	// TopicPrefix and TopicDelimiter are put in front. "" means transaction.
	TransactionMetadata bool
	TransactionTopic    string

	// Heartbeat is how long after a heartbeat the next one is written, while the
	// log is read, whether or not anything was changed: a record to the topic
	// HeartbeatPrefix, TopicDelimiter and TopicPrefix, so that offsets go on. 0
	// means none. HeartbeatPrefix "" means __debezium-heartbeat. HeartbeatQuery
	// is a statement that is run with each, such as an update of a table that is
	// captured; the user needs the privileges for it.
	Heartbeat       time.Duration
	HeartbeatPrefix string
	HeartbeatQuery  string

	// ServerID is the identity among the server's replicas that the binary log
	// is read under; no two may have the same. 0 means one drawn at random from
	// the upper half of the range.
	ServerID uint32

	// Databases, Tables and Columns choose what is captured, by names such as
	// shop, shop.orders and shop.orders.note. The zero value chooses all but
	// the system databases. Key columns stay in keys whatever is chosen.
	Databases, Tables, Columns Filter

	// KeyColumns gives tables other keys than their own.
	KeyColumns []KeyColumns

	// Masks hide values of text columns; the first that matches a column counts.
	Masks []Mask

	// SourceTypeColumns are expressions for columns, such as shop.orders.note,
	// whose schemas say what the column is to the server, in the parameters
	// __debezium.source.column.type, .length, .scale and .name. SourceTypes are
	// ones for types, such as shop.orders.VARCHAR.
	SourceTypeColumns, SourceTypes []string

	// SchemaHistory keeps the definitions that the captured tables had by where in
	// the log they were made, one entry a table, under the name TopicPrefix and
	// .schema-history. It has to be a store of its own, or one that other engines
	// use under other names. With it, rows that were logged before a table was
	// altered are read right, whatever the catalog says by then. Nil keeps
	// nothing: then the table map of the log has to tell, which with
	// binlog_row_metadata=MINIMAL has no names of columns.
	SchemaHistory offset.Store

	// DebeziumHistory, where it is not nil, gives the records of the schema history
	// that a Debezium connector has written, in their order, as JSON texts. It is
	// read when the source goes on from an offset and SchemaHistory has nothing
	// yet.
	DebeziumHistory func(ctx context.Context, record func(text []byte) error) error

	// SchemaChanges writes the statements that define captured tables, and what
	// became of the tables, to the topic that TopicPrefix names.
	SchemaChanges bool

	// SchemaChangeScope says of which tables SchemaChanges tells. "" means
	// ScopeCapturedTables. Of the definitions of all tables that it tells of the
	// source keeps track, in SchemaHistory too.
	SchemaChangeScope SchemaChangeScope

	// SchemaComments has SchemaChanges tell the comments of tables and columns,
	// and the schemas of fields have those of their columns.
	SchemaComments bool

	// GTIDSources chooses transactions by the UUIDs of the servers that they were
	// first committed on. Rows of the others are left out, unless GTIDAllRows is
	// set, and where the source goes on from an offset it does not ask for them. The
	// zero value chooses all. MariaDB's GTIDs have no UUIDs.
	GTIDSources Filter
	GTIDAllRows bool

	// MaxTables is how many tables may be captured; more are an error when the
	// Reader is opened or, with MaxTablesWarns, a warning. 0 means any number.
	MaxTables      int
	MaxTablesWarns bool

	// InitialStatements are run on each new connection but that of the log.
	InitialStatements []string

	// SystemTables captures the tables of the databases mysql, sys,
	// information_schema and performance_schema too.
	SystemTables bool

	// Snapshot says which rows are read before the log. "" means Initial.
	Snapshot SnapshotMode

	// SnapshotTables, where it is not empty, are those of the captured tables
	// whose rows are read, as expressions for names such as shop.orders.
	SnapshotTables []string

	// SnapshotLocking says how a snapshot is kept consistent with the log. ""
	// means LockMinimal.
	SnapshotLocking SnapshotLocking

	// SnapshotLockTimeout bounds how long a snapshot waits for its locks. 0
	// means 10 seconds.
	SnapshotLockTimeout time.Duration

	// SnapshotSteps say what SnapshotConfigured does.
	SnapshotSteps SnapshotSteps

	// SnapshotThreads is how many connections read rows side by side, from one
	// view of the tables, which are cut into chunks by their keys. The rows of a
	// table come in the order of its key all the same. 0 means 1.
	SnapshotThreads int

	// SnapshotOrder is the order of the tables. "" means by name or, where Tables
	// has several expressions, by the first that matches.
	SnapshotOrder SnapshotOrder

	// SnapshotSelects are statements that read the rows of tables, which are
	// named as shop.orders, in the place of all their rows. They have to give
	// all captured columns under their names.
	SnapshotSelects map[string]string

	// SnapshotDelay is how long Open waits before a snapshot begins, and
	// StreamingDelay how long Read waits behind one before it reads the log.
	SnapshotDelay, StreamingDelay time.Duration

	// Progress gets how far a snapshot has come, about once a second and at its
	// end. It is called by Read, so it is quick.
	Progress func(source.Progress)

	// Signals are channels by which the source is told, while it reads the log,
	// to read rows of tables. SignalTable is a table for the same, such as
	// shop.debezium_signal, with the columns id, type and data; the source
	// itself marks in it where in the log the chunks of an incremental snapshot
	// belong, for which the user needs the privilege to write to it. Without one
	// the marks are GTIDs, or the positions of MariaDB's consistent snapshots,
	// and nothing is written to the server.
	Signals     []signal.Channel
	SignalTable string

	// ReadOnly never writes to SignalTable.
	ReadOnly bool

	// Watermarks is how SignalTable is written to. "" means InsertInsert.
	Watermarks Watermarks

	// ChunkRows is how many rows of a table an incremental snapshot reads at a
	// time. 0 means 1024.
	ChunkRows int

	// Notify gets what there is to tell of snapshots. It is called by Read, so
	// it is quick. NotificationTopic is a topic to which the same is written; ""
	// means none.
	Notify            func(signal.Notification)
	NotificationTopic string

	// Decimals, Times, Binaries and UnsignedBigints are how values of these
	// types are represented. "" means DecimalPrecise, TimeAdaptiveMicroseconds,
	// BinaryBytes and UnsignedBigintLong.
	Decimals        DecimalMode
	Times           TimeMode
	Binaries        BinaryMode
	UnsignedBigints UnsignedBigintMode

	// Conversions give values of columns other types than the columns' own.
	Conversions []Conversion

	// NoTombstones leaves out the record with a null value that otherwise
	// follows each delete, for compacted topics to forget the key.
	NoTombstones bool

	// Skip are the operations that are left out. Nil means OpTruncate alone; an
	// empty slice that is not nil leaves nothing out. An update that changes a
	// row's key, and so gives a delete and a create, is one of OpUpdate.
	Skip []tailrace.Op

	// SkipUnchanged leaves out updates that change none of the columns that
	// values have.
	SkipUnchanged bool

	// IncludeQuery puts the text of the statement into the source block, where
	// the server logs it (binlog_rows_query_log_events, or MariaDB's
	// binlog_annotate_row_events).
	IncludeQuery bool

	// Reselect has columns read anew that the log did not carry, or that are
	// null. Nil has none.
	Reselect *Reselect

	// NoContextHeaders leaves out the headers __debezium.context.*, which
	// otherwise say of each record where it came from.
	NoContextHeaders bool

	// BatchRows is how many records a batch holds at most. 0 means 2048.
	BatchRows int

	// Log gets what a person may want to know of the snapshot and of changed
	// tables; never values of rows. Nil logs nothing.
	Log *slog.Logger
}

// Flavor is a kind of server.
type Flavor string

const (
	MySQL   Flavor = "mysql"   // MySQL, Percona Server, Aurora
	MariaDB Flavor = "mariadb" // MariaDB
)

// Encryption is how much TLS protects connections, as Debezium's
// database.ssl.mode and MySQL's --ssl-mode spell it.
type Encryption string

const (
	EncryptionPreferred      Encryption = "preferred"       // TLS where the server offers it; nothing is verified. The default
	EncryptionDisabled       Encryption = "disabled"        // no TLS
	EncryptionRequired       Encryption = "required"        // TLS; nothing is verified
	EncryptionVerifyCA       Encryption = "verify_ca"       // TLS; the certificate's authority is verified
	EncryptionVerifyIdentity Encryption = "verify_identity" // TLS; the authority and the host's name are verified
)

// SnapshotMode says which rows are read before the log, as Debezium's
// snapshot.mode spells it.
type SnapshotMode string

const (
	SnapshotInitial     SnapshotMode = "initial"      // all rows where there is no offset yet, then the log. The default
	SnapshotAlways      SnapshotMode = "always"       // all rows at every start of a Reader, then the log
	SnapshotInitialOnly SnapshotMode = "initial_only" // all rows where there is no offset yet, then the end
	SnapshotNoData      SnapshotMode = "no_data"      // no rows: the log from where it is when there is no offset yet
	SnapshotNever       SnapshotMode = "never"        // no rows: the log from its first event that the server still has
	SnapshotRecovery    SnapshotMode = "recovery"     // no rows: the log from the offset, which there has to be
	SnapshotWhenNeeded  SnapshotMode = "when_needed"  // as SnapshotInitial, and again where the server no longer has the offset

	SnapshotConfigured SnapshotMode = "configuration_based" // as SnapshotSteps say
)

// SnapshotSteps are the parts of a snapshot, for SnapshotConfigured.
type SnapshotSteps struct {
	Data        bool // read all rows, at every start of a Reader
	Stream      bool // read the log, and do not end
	OnDataError bool // read all rows where the server no longer has the offset
}

// steps are what a Reader does.
type steps struct {
	none     bool // nothing is left to do
	missing  bool // nothing can be done without an offset
	snapshot bool // read rows
	tip      bool // read the log from where it ends
	oldest   bool // read the log from where it begins
}

// steps says what a Reader does: stored says that there is an offset to read the
// log on from, within that there is one within a snapshot.
func (s *Source) steps(stored, within bool) steps {
	if within && s.Snapshot != SnapshotNever && s.Snapshot != SnapshotNoData && s.Snapshot != SnapshotRecovery {
		return steps{snapshot: true}
	}
	switch s.Snapshot {
	case SnapshotAlways:
		return steps{snapshot: true}
	case SnapshotInitialOnly:
		return steps{none: stored, snapshot: !stored}
	case SnapshotNoData:
		return steps{tip: !stored}
	case SnapshotNever:
		return steps{oldest: !stored}
	case SnapshotRecovery:
		return steps{missing: !stored}
	case SnapshotConfigured:
		return steps{snapshot: s.SnapshotSteps.Data, tip: !stored, none: !s.SnapshotSteps.Data && !s.SnapshotSteps.Stream}
	}
	return steps{snapshot: !stored}
}

// configured are the steps of a snapshot that is configured by them.
func (s *Source) configured() SnapshotSteps {
	if s.Snapshot != SnapshotConfigured {
		return SnapshotSteps{}
	}
	return s.SnapshotSteps
}

// SnapshotLocking says how a snapshot is kept consistent with the log, as
// Debezium's snapshot.locking.mode spells it.
type SnapshotLocking string

const (
	// LockMinimal blocks writes for the moment in which the position of the log
	// and the definitions of the tables are read: by a global read lock, which
	// needs the privilege RELOAD, or else by read locks of the captured tables.
	LockMinimal SnapshotLocking = "minimal"

	// LockNone takes no lock. Changes that are committed while the snapshot
	// begins may come twice: as a row of the snapshot and as a change. Tables
	// must not be altered meanwhile. It needs GTIDs.
	LockNone SnapshotLocking = "none"

	// LockMinimalPercona is LockMinimal with the lighter lock of Percona Server,
	// LOCK TABLES FOR BACKUP, which lets rows of InnoDB be written. Changes that
	// are committed while the snapshot begins may come twice.
	LockMinimalPercona SnapshotLocking = "minimal_percona"

	// LockExtended blocks writes until all rows have been read.
	LockExtended SnapshotLocking = "extended"
)

// SnapshotOrder is the order in which tables are read, as Debezium's
// snapshot.tables.order.by.row.count spells it.
type SnapshotOrder string

const (
	OrderAscending  SnapshotOrder = "ascending"  // by the number of rows that the server estimates
	OrderDescending SnapshotOrder = "descending" // by that number, the largest table first
)

// SchemaChangeScope is which tables schema changes are told of.
type SchemaChangeScope string

const (
	// ScopeCapturedTables is for captured tables, and for databases that are
	// captured. The default, and Debezium's
	// schema.history.internal.store.only.captured.tables.ddl.
	ScopeCapturedTables SchemaChangeScope = "captured_tables"

	// ScopeCapturedDatabases is for all tables of captured databases, and for
	// statements about these or run in them: Debezium's
	// schema.history.internal.store.only.captured.databases.ddl.
	ScopeCapturedDatabases SchemaChangeScope = "captured_databases"

	// ScopeAll is for all tables and databases of the server, and for statements
	// about other things than users, views and routines. Debezium's default.
	ScopeAll SchemaChangeScope = "all"
)

// DecimalMode is how DECIMAL and NUMERIC are represented, as Debezium's
// decimal.handling.mode spells it.
type DecimalMode string

const (
	DecimalPrecise DecimalMode = "precise" // Connect's Decimal. The default
	DecimalDouble  DecimalMode = "double"  // float64, which may lose digits
	DecimalString  DecimalMode = "string"  // text such as 12.50
)

// TimeMode is how dates and times are represented, as Debezium's
// time.precision.mode spells it.
type TimeMode string

const (
	TimeAdaptiveMicroseconds TimeMode = "adaptive_time_microseconds" // by the column's precision; TIME as MicroTime. The default
	TimeConnect              TimeMode = "connect"                    // Connect's Date, Time and Timestamp, to the millisecond
	TimeISO                  TimeMode = "isostring"                  // text in ISO 8601
	TimeMicroseconds         TimeMode = "microseconds"               // MicroTime and MicroTimestamp
	TimeNanoseconds          TimeMode = "nanoseconds"                // NanoTime and NanoTimestamp; a DATETIME before 1677-09-21 or after 2262-04-11 is an error
)

// BinaryMode is how BINARY, VARBINARY and BLOB are represented, as Debezium's
// binary.handling.mode spells it.
type BinaryMode string

const (
	BinaryBytes         BinaryMode = "bytes"           // bytes. The default
	BinaryBase64        BinaryMode = "base64"          // text in base64
	BinaryBase64URLSafe BinaryMode = "base64-url-safe" // text in base64 for URLs
	BinaryHex           BinaryMode = "hex"             // text in hexadecimal digits
)

// UnsignedBigintMode is how BIGINT UNSIGNED is represented, as Debezium's
// bigint.unsigned.handling.mode spells it.
type UnsignedBigintMode string

const (
	UnsignedBigintLong    UnsignedBigintMode = "long"    // int64; from 2^63 on negative. The default
	UnsignedBigintPrecise UnsignedBigintMode = "precise" // Connect's Decimal of scale 0
)

// withDefaults gives the source with every default written out.
func (s Source) withDefaults() Source {
	s.Addr = completeAddr(s.Addr)
	or(&s.Flavor, MySQL)
	or(&s.Encryption, EncryptionPreferred)
	or(&s.ConnectTimeout, 30*time.Second)
	or(&s.Snapshot, SnapshotInitial)
	or(&s.SnapshotLocking, LockMinimal)
	or(&s.SnapshotLockTimeout, 10*time.Second)
	or(&s.SnapshotThreads, 1)
	or(&s.Watermarks, InsertInsert)
	or(&s.SchemaChangeScope, ScopeCapturedTables)
	or(&s.ChunkRows, 1024)
	or(&s.Decimals, DecimalPrecise)
	or(&s.Times, TimeAdaptiveMicroseconds)
	or(&s.Binaries, BinaryBytes)
	or(&s.UnsignedBigints, UnsignedBigintLong)
	or(&s.TopicDelimiter, ".")
	or(&s.SchemaNames, NameAsIs)
	or(&s.FieldNames, NameAsIs)
	or(&s.TransactionTopic, "transaction")
	or(&s.HeartbeatPrefix, "__debezium-heartbeat")
	or(&s.BatchRows, 2048)
	if s.ServerID == 0 {
		s.ServerID = 1<<31 + rand.Uint32N(1<<31-1)
	}
	if s.Skip == nil {
		s.Skip = []tailrace.Op{tailrace.OpTruncate}
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	return s
}

func or[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}

func completeAddr(addr string) string {
	switch {
	case addr == "":
		return "localhost:3306"
	case strings.Contains(addr, "/"):
		return addr
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return net.JoinHostPort(strings.Trim(addr, "[]"), "3306")
	}
	return addr
}

// check says everything that is wrong with a source that has its defaults.
func (s *Source) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if s.User == "" {
		bad("User is empty: say as whom to connect to %s", s.Addr)
	}
	if s.TopicPrefix == "" {
		bad("TopicPrefix is empty: give the server a logical name, which topics and offsets begin with")
	} else if i := strings.IndexFunc(s.TopicPrefix, envelope.NotInTopic); i >= 0 {
		bad("TopicPrefix %q: topics have no %q in their names, only letters, digits, dots, underscores and hyphens", s.TopicPrefix, s.TopicPrefix[i:i+1])
	}
	if i := strings.IndexFunc(s.TopicDelimiter, envelope.NotInTopic); i >= 0 {
		bad("TopicDelimiter %q: topics have no %q in their names, only letters, digits, dots, underscores and hyphens", s.TopicDelimiter, s.TopicDelimiter[i:i+1])
	}
	if s.Heartbeat < 0 || s.SnapshotDelay < 0 || s.StreamingDelay < 0 || s.MaxTables < 0 {
		bad("Heartbeat, SnapshotDelay, StreamingDelay or MaxTables is negative")
	}
	if s.SnapshotThreads < 0 || s.SnapshotThreads > 64 {
		bad("SnapshotThreads is %d: it must be between 1 and 64", s.SnapshotThreads)
	}
	if s.ChunkRows < 0 {
		bad("ChunkRows is negative")
	}
	if s.SignalTable != "" && !strings.Contains(s.SignalTable, ".") {
		bad("SignalTable is %q: name the table with its database, as in shop.debezium_signal", s.SignalTable)
	}
	if i := strings.IndexFunc(s.NotificationTopic, envelope.NotInTopic); i >= 0 {
		bad("NotificationTopic %q: topics have no %q in their names, only letters, digits, dots, underscores and hyphens", s.NotificationTopic, s.NotificationTopic[i:i+1])
	}
	for name, statement := range s.SnapshotSelects {
		if strings.TrimSpace(statement) == "" {
			bad("SnapshotSelects: the statement of %s is empty", name)
		}
	}
	if s.ConnectTimeout < 0 || s.SnapshotLockTimeout < 0 || s.BatchRows < 0 {
		bad("ConnectTimeout, SnapshotLockTimeout or BatchRows is negative")
	}
	errs = append(errs,
		oneOf("Flavor", s.Flavor, MySQL, MariaDB),
		oneOf("Encryption", s.Encryption, EncryptionPreferred, EncryptionDisabled, EncryptionRequired, EncryptionVerifyCA, EncryptionVerifyIdentity),
		oneOf("Snapshot", s.Snapshot, SnapshotInitial, SnapshotAlways, SnapshotInitialOnly, SnapshotNoData, SnapshotNever, SnapshotRecovery, SnapshotWhenNeeded, SnapshotConfigured),
		oneOf("SnapshotLocking", s.SnapshotLocking, LockMinimal, LockMinimalPercona, LockExtended, LockNone),
		oneOf("SnapshotOrder", s.SnapshotOrder, "", OrderAscending, OrderDescending),
		oneOf("SchemaChangeScope", s.SchemaChangeScope, ScopeCapturedTables, ScopeCapturedDatabases, ScopeAll),
		oneOf("Watermarks", s.Watermarks, InsertInsert, InsertDelete),
		inbox.Check(s.Signals),
		oneOf("Decimals", s.Decimals, DecimalPrecise, DecimalDouble, DecimalString),
		oneOf("Times", s.Times, TimeAdaptiveMicroseconds, TimeConnect, TimeISO, TimeMicroseconds, TimeNanoseconds),
		oneOf("Binaries", s.Binaries, BinaryBytes, BinaryBase64, BinaryBase64URLSafe, BinaryHex),
		oneOf("SchemaNames", s.SchemaNames, NameAsIs, NameAvro, NameAvroUnicode),
		oneOf("FieldNames", s.FieldNames, NameAsIs, NameAvro, NameAvroUnicode),
		oneOf("UnsignedBigints", s.UnsignedBigints, UnsignedBigintLong, UnsignedBigintPrecise),
	)
	for _, op := range s.Skip {
		errs = append(errs, oneOf("Skip", op, tailrace.OpCreate, tailrace.OpUpdate, tailrace.OpDelete, tailrace.OpTruncate))
	}
	return errors.Join(errs...)
}

// oneOf is the error of a field that has none of the values it may have.
func oneOf[T ~string](field string, value T, values ...T) error {
	names := make([]string, len(values))
	for i, v := range values {
		if v == value {
			return nil
		}
		names[i] = string(v)
	}
	return fmt.Errorf("%s is %q: it must be one of %s", field, value, strings.Join(names, ", "))
}

// Open connects, checks the server and the user's privileges, and reads on
// from the offsets, or begins as Snapshot says where there are none. Everything
// that is wrong with the configuration is in one error, and so is everything
// that is wrong with the server.
func (s Source) Open(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
	s = s.withDefaults()
	captured, err := newSelection(&s)
	if err := errors.Join(s.check(), err); err != nil {
		return nil, fmt.Errorf("mysql source: the configuration is not valid: %w", err)
	}
	r, err := open(ctx, &s, captured, from)
	if err != nil {
		if end := ended(ctx); end != nil {
			return nil, end
		}
		return nil, fmt.Errorf("mysql source %s: %w", s.Addr, err)
	}
	return r, nil
}
