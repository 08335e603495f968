// Package postgres reads changes from PostgreSQL 13 and newer as Debezium's
// connector does: first a snapshot of the tables that are there, then every
// change from the write-ahead log by logical replication, in the form of
// Debezium's change event envelope.
//
// The server needs wal_level=logical and a free replication slot, and the user
// the attribute REPLICATION, SELECT on the captured tables, and the right to
// create a publication where there is none yet. Open lists whatever is missing
// with the statement that mends it. A standby of PostgreSQL 16 or newer can be
// read too, where its primary has the publication.
package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/internal/inbox"
	"github.com/tailrace-io/tailrace/source/signal"
)

// Source says which database to read, and how. The zero value of every field
// but User, Database and TopicPrefix is the default that its comment names.
type Source struct {
	// Addr is the server's host:port, or the directory of its socket. "" means
	// localhost:5432; a host without a port has 5432.
	Addr string

	User     string
	Password string // "" means that of ~/.pgpass or PGPASSFILE
	Database string

	// Service is a section of ~/.pg_service.conf, or of the file that
	// PGSERVICEFILE names, which says what Addr, User, Password and Database leave
	// open. "" means none.
	Service string

	// Encryption is how much TLS protects the connections. "" means Prefer.
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
	// HeartbeatPrefix, TopicDelimiter and TopicPrefix. 0 means none; offsets and
	// the slot go on without them. HeartbeatPrefix "" means
	// __debezium-heartbeat. HeartbeatQuery is a statement that is run with each,
	// such as an update of a table that is captured; the user needs the rights
	// for it.
	Heartbeat       time.Duration
	HeartbeatPrefix string
	HeartbeatQuery  string

	// InitialStatements are run on each new connection but that of the log.
	InitialStatements []string

	// Slot is the replication slot, which is made where it is not there. ""
	// means debezium.
	Slot string

	// DropSlot drops the slot when a Reader is closed. Whatever changes until
	// the next one is opened is lost to it.
	DropSlot bool

	// SlotWait is how long Open waits for a slot that another connection still
	// uses. 0 means one minute.
	SlotWait time.Duration

	// FailoverSlot lets standbys keep a copy of the slot, which goes on there
	// when they are promoted. It needs PostgreSQL 17. A slot that is there is
	// changed to one that does or does not.
	FailoverSlot bool

	// HoldSlot leaves it to somebody else to say how far the slot may forget the
	// log, which the server keeps until then. Without it that are the changes that
	// are durable.
	HoldSlot bool

	// StatusInterval is how often the server is told that the log is still read,
	// though there is nothing new. 0 means 10 seconds; it must be well below the
	// server's wal_sender_timeout.
	StatusInterval time.Duration

	// XminInterval is how often the source block's field xmin is asked for: the
	// oldest transaction whose rows the slot has the server keep. 0 means never,
	// and that the field is null.
	XminInterval time.Duration

	// Mismatch says where to go on when the slot is not where the stored offset
	// is. "" means MismatchStop.
	Mismatch Mismatch

	// Streaming says whether the server sends transactions before their end,
	// where they do not fit its logical_decoding_work_mem: they are then here
	// when they are committed, rather than on their way. "" means StreamingOff.
	Streaming Streaming

	// StreamMemory is how many bytes of such transactions are kept in memory
	// until they are committed; more of them go to files in StreamDir, which end
	// with the Reader. 0 means 16 MiB, and "" the system's directory for
	// temporary files.
	StreamMemory int
	StreamDir    string

	// Binary has the server send values in the binary form of their types, where
	// these have one, rather than as text. They become the same here. It saves the
	// server the making of text, and costs us the same; it needs PostgreSQL 14.
	// Columns of types that are not PostgreSQL's own and whose form is not known
	// are then an error of their row.
	Binary bool

	// Origin says whether changes are read that the server itself has from
	// another one. "" means OriginAny.
	Origin Origin

	// ReplicaIdentities are set before anything is read, for captured tables
	// that have another one. The user has to own the tables.
	ReplicaIdentities []ReplicaIdentity

	// Publication says which tables' changes the server sends. "" means
	// dbz_publication.
	Publication string

	// Autocreate says what the publication is made of where there is none. ""
	// means PublicationAllTables.
	Autocreate Autocreate

	// PartitionRoot makes the publication so that the changes of partitions come
	// under the name of the partitioned table.
	PartitionRoot bool

	// Schemas, Tables and Columns choose what is captured, by names such as
	// public, public.orders and public.orders.note. The zero value chooses all
	// but the system's. Key columns stay in keys whatever is chosen.
	Schemas, Tables, Columns Filter

	// KeyColumns gives tables other keys than their own.
	KeyColumns []KeyColumns

	// MaxTables is how many tables may be captured; more are an error when the
	// Reader is opened or, with MaxTablesWarns, a warning. 0 means any number.
	MaxTables      int
	MaxTablesWarns bool

	// Masks hide values of text columns; the first that matches a column counts.
	Masks []Mask

	// SourceTypeColumns are expressions for columns, such as public.orders.note,
	// whose schemas say what the column is to the server, in the parameters
	// __debezium.source.column.type, .length, .scale and .name. SourceTypes are
	// ones for types, such as public.orders.VARCHAR.
	SourceTypeColumns, SourceTypes []string

	// SystemTables captures the tables of information_schema and of schemas whose
	// names begin with pg_ too, where the publication has them.
	SystemTables bool

	// Messages chooses logical messages by their prefixes.
	Messages Filter

	// Snapshot says which rows are read before the log. "" means Initial.
	Snapshot SnapshotMode

	// SnapshotTables, where it is not empty, are those of the captured tables
	// whose rows are read, as expressions for names such as public.orders.
	SnapshotTables []string

	// SnapshotThreads is how many connections read rows side by side, from one
	// view of the tables, which are cut into chunks by their pages. The rows of a
	// table come in the order of its pages all the same. 0 means 1.
	SnapshotThreads int

	// SnapshotOrder is the order of the tables. "" means by name or, where Tables
	// has several expressions, by the first that matches.
	SnapshotOrder SnapshotOrder

	// SnapshotQueries are the statements that a snapshot reads tables by, in the
	// place of all their rows: of a name such as public.orders the SELECT, which
	// gives all columns that are captured.
	SnapshotQueries map[string]string

	// SnapshotDelay is how long to wait before a snapshot, and StreamingDelay how
	// long to wait behind one before the log is read. 0 means not at all.
	SnapshotDelay, StreamingDelay time.Duration

	// Signals are channels by which the source is told, while it reads the log,
	// to read rows of tables. SignalTable is a table for the same, such as
	// public.debezium_signal, with the columns id, type and data, which the
	// publication has to have; the source itself marks in it where in the log the
	// chunks of an incremental snapshot belong, for which the user needs the right
	// to write to it. Without one the marks are places of the log, and nothing is
	// written to the database.
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

	// Decimals, Times, Binaries, Intervals and Hstores are how values of these
	// types are represented. "" means DecimalPrecise, TimeAdaptive, BinaryBytes,
	// IntervalNumeric and HstoreJSON.
	Decimals  DecimalMode
	Times     TimeMode
	Binaries  BinaryMode
	Intervals IntervalMode
	Hstores   HstoreMode

	// MoneyScale is how many digits MONEY has behind the point. 0 means 2; -1
	// means none.
	MoneyScale int

	// UnknownTypes has values of types that are not known, which are otherwise
	// left out, as the bytes of PostgreSQL's text.
	UnknownTypes bool

	// NoTombstones leaves out the record with a null value that otherwise
	// follows each delete, for compacted topics to forget the key.
	NoTombstones bool

	// Skip are the operations that are left out. Nil means OpTruncate alone; an
	// empty slice that is not nil leaves nothing out.
	Skip []tailrace.Op

	// SkipUnchanged leaves out updates that change none of the columns that
	// values have, of tables with REPLICA IDENTITY FULL.
	SkipUnchanged bool

	// Reselect has columns read anew that the log did not carry, or that are
	// null. Nil has none.
	Reselect *Reselect

	// NoContextHeaders leaves out the headers __debezium.context.*, which
	// otherwise say of each record where it came from.
	NoContextHeaders bool

	// BatchRows is how many records a batch holds at most, a few more where one
	// change makes several. 0 means 2048.
	BatchRows int

	// Progress gets how far a snapshot has come, about once a second and at its
	// end. It is called by Read, so it is quick.
	Progress func(source.Progress)

	// Log gets what a person may want to know of the snapshot and of changed
	// tables; never values of rows. Nil logs nothing.
	Log *slog.Logger
}

// withDefaults gives the source with every default written out.
func (s Source) withDefaults() Source {
	s.Addr = completeAddr(s.Addr)
	or(&s.Encryption, EncryptionPrefer)
	or(&s.ConnectTimeout, 30*time.Second)
	or(&s.Slot, "debezium")
	or(&s.SlotWait, time.Minute)
	or(&s.StatusInterval, 10*time.Second)
	or(&s.Mismatch, MismatchStop)
	or(&s.Streaming, StreamingOff)
	or(&s.StreamMemory, 16<<20)
	or(&s.Origin, OriginAny)
	or(&s.Publication, "dbz_publication")
	or(&s.Autocreate, PublicationAllTables)
	or(&s.Snapshot, SnapshotInitial)
	or(&s.SnapshotThreads, 1)
	or(&s.Decimals, DecimalPrecise)
	or(&s.Times, TimeAdaptive)
	or(&s.Binaries, BinaryBytes)
	or(&s.Intervals, IntervalNumeric)
	or(&s.Hstores, HstoreJSON)
	or(&s.MoneyScale, 2)
	or(&s.TopicDelimiter, ".")
	or(&s.SchemaNames, NameAsIs)
	or(&s.FieldNames, NameAsIs)
	or(&s.TransactionTopic, "transaction")
	or(&s.HeartbeatPrefix, "__debezium-heartbeat")
	or(&s.BatchRows, 2048)
	or(&s.Watermarks, InsertInsert)
	or(&s.ChunkRows, 1024)
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
		return "localhost:5432"
	case strings.HasPrefix(addr, "/"):
		return addr
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return net.JoinHostPort(strings.Trim(addr, "[]"), "5432")
	}
	return addr
}

var slotForm = regexp.MustCompile(`^[a-z0-9_]{1,63}$`)

// check says everything that is wrong with a source that has its defaults.
func (s *Source) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if s.User == "" {
		bad("User is empty: say as whom to connect to %s", s.Addr)
	}
	if s.Database == "" {
		bad("Database is empty: say which database of %s to read", s.Addr)
	}
	if s.TopicPrefix == "" {
		bad("TopicPrefix is empty: give the server a logical name, which topics and offsets begin with")
	} else if i := strings.IndexFunc(s.TopicPrefix, envelope.NotInTopic); i >= 0 {
		bad("TopicPrefix %q: topics have no %q in their names, only letters, digits, dots, underscores and hyphens", s.TopicPrefix, s.TopicPrefix[i:i+1])
	}
	if i := strings.IndexFunc(s.TopicDelimiter, envelope.NotInTopic); i >= 0 {
		bad("TopicDelimiter %q: topics have no %q in their names, only letters, digits, dots, underscores and hyphens", s.TopicDelimiter, s.TopicDelimiter[i:i+1])
	}
	if s.Heartbeat < 0 {
		bad("Heartbeat is negative")
	}
	if !slotForm.MatchString(s.Slot) {
		bad("Slot is %q: a slot's name has 1 to 63 lower-case letters, digits and underscores", s.Slot)
	}
	if s.ConnectTimeout < 0 || s.SlotWait < 0 || s.BatchRows < 0 || s.StreamMemory < 0 || s.MaxTables < 0 {
		bad("ConnectTimeout, SlotWait, BatchRows, StreamMemory or MaxTables is negative")
	}
	if s.StatusInterval < 0 || s.XminInterval < 0 || s.SnapshotDelay < 0 || s.StreamingDelay < 0 {
		bad("StatusInterval, XminInterval, SnapshotDelay or StreamingDelay is negative")
	}
	if s.SnapshotThreads < 0 || s.SnapshotThreads > 64 {
		bad("SnapshotThreads is %d: it must be between 1 and 64", s.SnapshotThreads)
	}
	if s.MoneyScale < -1 || s.MoneyScale > 18 {
		bad("MoneyScale is %d: it must be between -1 and 18", s.MoneyScale)
	}
	errs = append(errs,
		oneOf("Encryption", s.Encryption, EncryptionPrefer, EncryptionDisable, EncryptionAllow, EncryptionRequire, EncryptionVerifyCA, EncryptionVerifyFull),
		oneOf("Snapshot", s.Snapshot, SnapshotInitial, SnapshotAlways, SnapshotInitialOnly, SnapshotNoData, SnapshotWhenNeeded),
		oneOf("Mismatch", s.Mismatch, MismatchStop, MismatchTrustSlot, MismatchTrustGreater),
		oneOf("Streaming", s.Streaming, StreamingOff, StreamingOn, StreamingParallel),
		oneOf("Origin", s.Origin, OriginAny, OriginNone),
		oneOf("Autocreate", s.Autocreate, PublicationAllTables, PublicationFiltered, PublicationNoTables, PublicationDisabled),
		oneOf("Decimals", s.Decimals, DecimalPrecise, DecimalDouble, DecimalString),
		oneOf("Times", s.Times, TimeAdaptive, TimeAdaptiveMicroseconds, TimeConnect, TimeISO, TimeMicroseconds, TimeNanoseconds),
		oneOf("Binaries", s.Binaries, BinaryBytes, BinaryBase64, BinaryBase64URLSafe, BinaryHex),
		oneOf("Intervals", s.Intervals, IntervalNumeric, IntervalString),
		oneOf("SchemaNames", s.SchemaNames, NameAsIs, NameAvro, NameAvroUnicode),
		oneOf("FieldNames", s.FieldNames, NameAsIs, NameAvro, NameAvroUnicode),
		oneOf("Watermarks", s.Watermarks, InsertInsert, InsertDelete),
		inbox.Check(s.Signals),
		s.checkSignals(),
		oneOf("Hstores", s.Hstores, HstoreJSON, HstoreMap),
	)
	if s.SnapshotOrder != "" {
		errs = append(errs, oneOf("SnapshotOrder", s.SnapshotOrder, OrderAscending, OrderDescending))
	}
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

// Open connects, checks the server and the user's rights, makes what is missing
// of the slot and the publication, and reads on from the offsets, or begins as
// Snapshot says where there are none. Everything that is wrong with the
// configuration is in one error, and so is everything that is wrong with the
// server.
func (s Source) Open(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
	if err := s.serve(); err != nil {
		return nil, fmt.Errorf("postgres source: the configuration is not valid: %w", err)
	}
	s = s.withDefaults()
	captured, err := newSelection(&s)
	_, bad := compileIdentities(s.ReplicaIdentities)
	if err := errors.Join(s.check(), err, bad); err != nil {
		return nil, fmt.Errorf("postgres source: the configuration is not valid: %w", err)
	}
	r, err := open(ctx, &s, captured, from)
	if err != nil {
		if ended(ctx) {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("postgres source %s/%s: %w", s.Addr, s.Database, err)
	}
	return r, nil
}
