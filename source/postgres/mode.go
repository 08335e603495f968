package postgres

// Encryption is how much TLS protects connections, as PostgreSQL's sslmode
// spells it.
type Encryption string

const (
	EncryptionPrefer     Encryption = "prefer"      // TLS where the server offers it; nothing is verified. The default
	EncryptionDisable    Encryption = "disable"     // no TLS
	EncryptionAllow      Encryption = "allow"       // TLS where the server insists; nothing is verified
	EncryptionRequire    Encryption = "require"     // TLS; nothing is verified
	EncryptionVerifyCA   Encryption = "verify-ca"   // TLS; the certificate's authority is verified
	EncryptionVerifyFull Encryption = "verify-full" // TLS; the authority and the host's name are verified
)

// SnapshotMode says which rows are read before the log, as Debezium's
// snapshot.mode spells it.
type SnapshotMode string

const (
	SnapshotInitial     SnapshotMode = "initial"      // all rows where there is no offset yet, then the log. The default
	SnapshotAlways      SnapshotMode = "always"       // all rows at every start of a Reader, then the log
	SnapshotInitialOnly SnapshotMode = "initial_only" // all rows where there is no offset yet, then the end
	SnapshotNoData      SnapshotMode = "no_data"      // no rows: the log from where the slot is when there is no offset yet
	SnapshotWhenNeeded  SnapshotMode = "when_needed"  // as SnapshotInitial, and again where the server no longer has the offset
)

// Autocreate says what a publication is made of, as Debezium's
// publication.autocreate.mode spells it.
type Autocreate string

const (
	PublicationAllTables Autocreate = "all_tables" // all tables, which needs a superuser. The default
	PublicationFiltered  Autocreate = "filtered"   // the captured tables; one that is there is changed to them
	PublicationNoTables  Autocreate = "no_tables"  // none: a person adds them
	PublicationDisabled  Autocreate = "disabled"   // it is not made: a person has to
)

// Mismatch says where to go on when the slot and the stored offset differ, as
// Debezium's offset.mismatch.strategy spells it.
type Mismatch string

const (
	MismatchStop         Mismatch = "trust_offset"      // at the offset; that the slot is beyond it is an error. The default
	MismatchTrustSlot    Mismatch = "trust_slot"        // at the slot: what lies between may be missed, or come again
	MismatchTrustGreater Mismatch = "trust_greater_lsn" // at the later of both: what lies between may be missed
)

// Streaming says whether transactions come before their end, as PostgreSQL's
// option streaming spells it.
type Streaming string

const (
	StreamingOff      Streaming = "off"      // they come when they are committed. The default
	StreamingOn       Streaming = "on"       // the large ones come before; from PostgreSQL 14 on
	StreamingParallel Streaming = "parallel" // as StreamingOn, with more said of those that are given up; from PostgreSQL 16 on
)

// Origin says which changes are read, as PostgreSQL's option origin spells it.
type Origin string

const (
	OriginAny  Origin = "any"  // all. The default
	OriginNone Origin = "none" // those that were made on the server itself; from PostgreSQL 16 on
)

// ReplicaIdentity says what the log has of the old rows of tables.
type ReplicaIdentity struct {
	// Table is an expression that has to match a name such as public.orders as a
	// whole; the first of the list that matches counts.
	Table string

	// Identity is DEFAULT, FULL, NOTHING or the name of an index behind INDEX, as
	// in INDEX orders_number.
	Identity string
}

// DecimalMode is how NUMERIC and MONEY are represented, as Debezium's
// decimal.handling.mode spells it.
type DecimalMode string

const (
	DecimalPrecise DecimalMode = "precise" // Connect's Decimal, or VariableScaleDecimal. The default
	DecimalDouble  DecimalMode = "double"  // float64, which may lose digits
	DecimalString  DecimalMode = "string"  // text such as 12.50
)

// TimeMode is how dates and times are represented, as Debezium's
// time.precision.mode spells it.
type TimeMode string

const (
	TimeAdaptive             TimeMode = "adaptive"                   // by the column's precision. The default
	TimeAdaptiveMicroseconds TimeMode = "adaptive_time_microseconds" // by the column's precision; TIME as MicroTime
	TimeConnect              TimeMode = "connect"                    // Connect's Date, Time and Timestamp, to the millisecond
	TimeISO                  TimeMode = "isostring"                  // text in ISO 8601
	TimeMicroseconds         TimeMode = "microseconds"               // MicroTime and MicroTimestamp
	TimeNanoseconds          TimeMode = "nanoseconds"                // NanoTime and NanoTimestamp; a TIMESTAMP before 1677-09-21 or after 2262-04-11 is an error
)

// BinaryMode is how BYTEA is represented, as Debezium's binary.handling.mode
// spells it.
type BinaryMode string

const (
	BinaryBytes         BinaryMode = "bytes"           // bytes. The default
	BinaryBase64        BinaryMode = "base64"          // text in base64
	BinaryBase64URLSafe BinaryMode = "base64-url-safe" // text in base64 for URLs
	BinaryHex           BinaryMode = "hex"             // text in hexadecimal digits
)

// IntervalMode is how INTERVAL is represented, as Debezium's
// interval.handling.mode spells it.
type IntervalMode string

const (
	IntervalNumeric IntervalMode = "numeric" // microseconds, a month of 30.4375 days. The default
	IntervalString  IntervalMode = "string"  // text such as P1Y2M3DT4H5M6.78S
)

// HstoreMode is how HSTORE is represented, as Debezium's hstore.handling.mode
// spells it.
type HstoreMode string

const (
	HstoreJSON HstoreMode = "json" // a JSON object. The default
	HstoreMap  HstoreMode = "map"  // a map of texts
)

// SnapshotOrder is the order in which tables are read, as Debezium's
// snapshot.tables.order.by.row.count spells it.
type SnapshotOrder string

const (
	OrderAscending  SnapshotOrder = "ascending"  // by the number of rows that the server estimates
	OrderDescending SnapshotOrder = "descending" // by that number, the largest table first
)
