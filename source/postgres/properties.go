package postgres

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/internal/inbox"
	"github.com/tailrace-io/tailrace/source/signal"
)

// FromProperties makes a source of the properties of Debezium's connector for
// PostgreSQL, io.debezium.connector.postgresql.PostgresConnector.
// channels make those channels of signals that have packages of their own, such
// as source/signal/kafka.
func FromProperties(p *property.Set, channels ...func(*property.Set) signal.Channel) source.Source {
	p = p.Sub("").Use(Properties())
	s := Source{
		Addr:       net.JoinHostPort(p.String("database.hostname"), strconv.Itoa(p.Int("database.port"))),
		User:       p.String("database.user"),
		Password:   p.Password("database.password"),
		Database:   p.String("database.dbname"),
		Encryption: Encryption(p.Enum("database.sslmode")),

		TopicPrefix:   p.String("topic.prefix"),
		Slot:          p.String("slot.name"),
		DropSlot:      p.Bool("slot.drop.on.stop"),
		SlotWait:      p.Millis("slot.retry.delay.ms") * time.Duration(max(1, p.Int("slot.max.retries"))),
		Publication:   p.String("publication.name"),
		Autocreate:    Autocreate(p.Enum("publication.autocreate.mode")),
		PartitionRoot: p.Bool("publish.via.partition.root"),

		FailoverSlot:      p.Bool("slot.failover"),
		HoldSlot:          holdsSlot(p),
		StatusInterval:    p.Millis("status.update.interval.ms"),
		XminInterval:      p.Millis("xmin.fetch.interval.ms"),
		Mismatch:          mismatch(p),
		ReplicaIdentities: replicaIdentities(p),

		Schemas:        filter(p, "schema.include.list", "schema.exclude.list"),
		Tables:         filter(p, "table.include.list", "table.exclude.list"),
		Columns:        filter(p, "column.include.list", "column.exclude.list"),
		Messages:       filter(p, "message.prefix.include.list", "message.prefix.exclude.list"),
		Snapshot:       snapshotMode(p),
		SnapshotOrder:  snapshotOrder(p),
		SnapshotTables: envelope.ExprsOf(p, "snapshot.include.collection.list"),

		SnapshotDelay:  p.Millis("snapshot.delay.ms"),
		StreamingDelay: p.Millis("streaming.delay.ms"),

		InitialStatements: envelope.StatementsOf(p, "database.initial.statements"),

		Decimals:     DecimalMode(p.Enum("decimal.handling.mode")),
		Times:        TimeMode(p.Enum("time.precision.mode")),
		Binaries:     BinaryMode(p.Enum("binary.handling.mode")),
		Intervals:    IntervalMode(p.Enum("interval.handling.mode")),
		Hstores:      HstoreMode(p.Enum("hstore.handling.mode")),
		MoneyScale:   p.Int("money.fraction.digits"),
		UnknownTypes: p.Bool("include.unknown.datatypes"),
		SystemTables: !p.Bool("table.ignore.builtin"),

		NoTombstones:     !p.Bool("tombstones.on.delete"),
		Skip:             envelope.SkippedOf(p),
		NoContextHeaders: !p.Bool("extended.headers.enabled"),
		BatchRows:        p.Int("max.batch.size"),
		Log:              p.Log(),
	}
	if s.MoneyScale == 0 {
		s.MoneyScale = -1
	}
	s.TLS = certificates(p)
	streamParams(p, &s)
	s.eventProperties(p)
	s.SnapshotQueries, s.SnapshotThreads = snapshotQueries(p), p.Int("snapshot.max.threads")
	s.signalProperties(p, channels)
	return s
}

// mismatch has Debezium's default, which checks nothing, stop where changes are
// missing.
func mismatch(p *property.Set) Mismatch {
	if word := p.Enum("offset.mismatch.strategy"); word != "no_validation" {
		return Mismatch(word)
	}
	return MismatchStop
}

// holdsSlot reads lsn.flush.mode, or what it was called before.
func holdsSlot(p *property.Set) bool {
	mode, before := p.Enum("lsn.flush.mode"), p.Bool("flush.lsn.source")
	if p.Has("lsn.flush.mode") {
		return mode == "manual"
	}
	return !before
}

// replicaIdentities reads elements such as public.orders:FULL.
func replicaIdentities(p *property.Set) []ReplicaIdentity {
	const key = "replica.identity.autoset.values"
	var out []ReplicaIdentity
	for _, element := range p.List(key) {
		at := strings.LastIndexByte(element, ':')
		if at < 0 {
			p.Errorf(key, "has the element %q, which is not of the form schema.table:IDENTITY", element)
			continue
		}
		out = append(out, ReplicaIdentity{Table: element[:at], Identity: element[at+1:]})
	}
	if _, err := compileIdentities(out); err != nil {
		p.Errorf(key, "cannot be used: %w", err)
	}
	return out
}

// streamParams reads what PostgreSQL is asked for when a stream begins, such as
// streaming=on;origin=none.
func streamParams(p *property.Set, s *Source) {
	const key = "slot.stream.params"
	for element := range strings.SplitSeq(p.String(key), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(element), "=")
		switch value = strings.TrimSpace(value); strings.TrimSpace(name) {
		case "":
		case "streaming":
			if s.Streaming = Streaming(value); value == "true" || value == "false" {
				s.Streaming = map[string]Streaming{"true": StreamingOn, "false": StreamingOff}[value]
			}
			if err := oneOf("streaming", s.Streaming, StreamingOff, StreamingOn, StreamingParallel); err != nil {
				p.Errorf(key, "is not right: %w", err)
			}
		case "origin":
			if s.Origin = Origin(value); value != "" {
				if err := oneOf("origin", s.Origin, OriginAny, OriginNone); err != nil {
					p.Errorf(key, "is not right: %w", err)
				}
			}
		case "binary":
			switch value {
			case "true", "on", "false", "off":
				s.Binary = value == "true" || value == "on"
			default:
				p.Errorf(key, "is not right: binary is %q: it must be one of true, false", value)
			}
		case "proto_version", "messages", "publication_names":
			// These are as the server and the other properties have them.
		default:
			p.Errorf(key, "has the parameter %q: there are streaming, origin and binary", name)
		}
	}
}

// certificates reads the files that the properties name.
func certificates(p *property.Set) *tls.Config {
	config := &tls.Config{}
	if file := p.String("database.sslrootcert"); file != "" {
		pem, err := os.ReadFile(file)
		config.RootCAs = x509.NewCertPool()
		if err != nil {
			p.Errorf("database.sslrootcert", "cannot be read: %w", err)
		} else if !config.RootCAs.AppendCertsFromPEM(pem) {
			p.Errorf("database.sslrootcert", "names the file %q, which has no certificate in PEM", file)
		}
	}
	cert, key := p.String("database.sslcert"), p.String("database.sslkey")
	switch {
	case cert == "" && key == "":
	case cert == "" || key == "":
		p.Errorf("database.sslcert", "is of use together with database.sslkey alone")
	default:
		pair, err := keyPair(cert, key, p.Password("database.sslpassword"))
		if err != nil {
			p.Errorf("database.sslcert", "cannot be used with database.sslkey: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config
}

// keyPair reads a certificate and its key, which is in PEM, with a password or
// without, or in the DER of PKCS 8 that PostgreSQL's JDBC driver wants.
func keyPair(cert, key, password string) (tls.Certificate, error) {
	raw, err := os.ReadFile(key)
	if err != nil {
		return tls.Certificate{}, err
	}
	if block, _ := pem.Decode(raw); block == nil {
		if _, err := x509.ParsePKCS8PrivateKey(raw); err != nil {
			return tls.Certificate{}, fmt.Errorf("the key in %s is neither PEM nor the DER of PKCS 8 without a password: %w", key, err)
		}
		text, err := os.ReadFile(cert)
		if err != nil {
			return tls.Certificate{}, err
		}
		return tls.X509KeyPair(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
	}
	config, err := pgconn.ParseConfig("host=localhost user=nobody sslmode=require" +
		setting("sslcert", cert) + setting("sslkey", key) + setting("sslpassword", password))
	if err != nil {
		return tls.Certificate{}, err
	}
	return config.TLSConfig.Certificates[0], nil
}

func filter(p *property.Set, include, exclude string) Filter {
	in, out := envelope.FilterOf(p, include, exclude)
	return Filter{Include: in, Exclude: out}
}

// eventProperties takes the values of the properties of events.
func (s *Source) eventProperties(p *property.Set) {
	s.TopicDelimiter = p.String("topic.delimiter")
	s.TopicNaming = (*TopicNaming)(envelope.TopicNamingOf(p))
	limit := envelope.GuardrailOf(p)
	s.MaxTables, s.MaxTablesWarns = limit.Max, limit.Warn
	s.SchemaNames, s.FieldNames = NameMode(p.Enum("schema.name.adjustment.mode")), NameMode(p.Enum("field.name.adjustment.mode"))
	s.TransactionMetadata, s.TransactionTopic = p.Bool("provide.transaction.metadata"), p.String("topic.transaction")
	s.Heartbeat, s.HeartbeatPrefix, s.HeartbeatQuery = p.Millis("heartbeat.interval.ms"), p.String("topic.heartbeat.prefix"), p.String("heartbeat.action.query")
	s.Reselect = (*Reselect)(envelope.ReselectOf(p))
	s.SkipUnchanged = p.Bool("skip.messages.without.change")
	for _, k := range envelope.KeyColumnsOf(p, "schema.table") {
		s.KeyColumns = append(s.KeyColumns, KeyColumns(k))
	}
	for _, m := range envelope.MasksOf(p) {
		s.Masks = append(s.Masks, Mask(m))
	}
	s.SourceTypeColumns, s.SourceTypes = envelope.ExprsOf(p, "column.propagate.source.type"), envelope.ExprsOf(p, "datatype.propagate.source.type")
}

// Properties are those of Debezium's connector for PostgreSQL.
func Properties() property.Table {
	var t property.Table
	for _, part := range []property.Table{
		connectionProperties(), slotProperties(), selectionProperties(), valueProperties(), snapshotProperties(), inbox.Properties(), recordProperties(), envelope.Properties("schema.table"),
		envelope.TopicProperties("Schema"), envelope.GuardrailProperties(),
		ignoredProperties(), laterProperties(),
	} {
		t = append(t, part...)
	}
	return withOldNames(t)
}

func connectionProperties() property.Table {
	return property.Table{
		{Key: "topic.prefix", Required: true, Doc: "The logical name of the server, which topics, schemas and offsets begin with."},
		{Key: "database.hostname", Required: true, Doc: "The server's host."},
		{Key: "database.port", Type: property.Int, Default: "5432", Check: property.Between(1, 65535), Doc: "The server's port."},
		{Key: "database.user", Required: true, Doc: "As whom to connect."},
		{Key: "database.password", Type: property.Password, Doc: "The user's password."},
		{Key: "database.dbname", Required: true, Doc: "The database that is read."},
		{Key: "database.sslmode", Type: property.Enum, Default: "prefer", Values: []string{"prefer", "disable", "allow", "require", "verify-ca", "verify-full"},
			Doc: "How much TLS protects the connections."},
		{Key: "database.sslrootcert", Doc: "A file with the authorities' certificates in PEM; the system's without it."},
		{Key: "database.sslcert", Doc: "A file with the client's certificate in PEM."},
		{Key: "database.sslkey", Doc: "A file with the client's key in PEM, or in the DER of PKCS 8."},
		{Key: "database.initial.statements", Doc: "Statements, with semicolons between them, that are run on each new connection but that of the log; `;;` is a semicolon in a statement."},
		{Key: "database.sslpassword", Type: property.Password, Doc: "The password of a key in PEM that has one."},
	}
}

func slotProperties() property.Table {
	return property.Table{
		{Key: "plugin.name", Type: property.Enum, Default: "pgoutput", Values: []string{"pgoutput", "decoderbufs"}, Doc: "The output plugin; pgoutput is used whichever is named."},
		{Key: "slot.name", Default: "debezium", Doc: "The replication slot, which is made where it is not there."},
		{Key: "slot.drop.on.stop", Type: property.Bool, Default: "false", Doc: "Whether the slot is dropped at the end."},
		{Key: "slot.max.retries", Type: property.Int, Default: "6", Check: property.AtLeast(0), Doc: "How many delays to wait for a slot that another connection still uses."},
		{Key: "slot.retry.delay.ms", Type: property.Millis, Default: "10000", Check: property.AtLeast(1), Doc: "The delay that slot.max.retries counts."},
		{Key: "publication.name", Default: "dbz_publication", Doc: "The publication, which says whose changes the server sends."},
		{Key: "publication.autocreate.mode", Type: property.Enum, Default: "all_tables", Values: []string{"all_tables", "disabled", "filtered", "no_tables"},
			Doc: "What the publication is made of where there is none."},
		{Key: "slot.failover", Type: property.Bool, Default: "false", Doc: "Whether standbys keep a copy of the slot, which goes on when they are promoted. It needs PostgreSQL 17."},
		{Key: "lsn.flush.mode", Type: property.Enum, Default: "connector", Values: []string{"connector", "connector_and_driver", "manual"},
			Doc: "Who says how far the slot may forget the log: the connector, of what is durable, also where nothing was captured; or, with manual, somebody else."},
		{Key: "flush.lsn.source", Type: property.Bool, Default: "true", Doc: "What lsn.flush.mode was called before: false is as manual."},
		{Key: "status.update.interval.ms", Type: property.Millis, Default: "10000", Check: property.AtLeast(1), Doc: "How often the server is told that the log is still read, though there is nothing new."},
		{Key: "xmin.fetch.interval.ms", Type: property.Millis, Default: "0", Check: property.AtLeast(0), Doc: "How often the source block's field xmin is asked for, the oldest transaction whose rows the slot has the server keep; 0 for never."},
		{Key: "slot.stream.params", Doc: "What the server is asked for when the stream begins, as streaming=on;origin=none. streaming (off, on, parallel) has transactions sent before their end, " +
			"origin (any, none) leaves out those that the server itself has from another one, binary (true, false) has it send values in the binary form of their types."},
		{Key: "offset.mismatch.strategy", Type: property.Enum, Default: "no_validation", Values: []string{"no_validation", "trust_offset", "trust_slot", "trust_greater_lsn"},
			Doc: "Where to go on when the slot is not where the stored offset is: at the offset, where a slot beyond it is an error; at the slot; or at the later of both. no_validation is as trust_offset: nothing is missed without a word."},
		{Key: "replica.identity.autoset.values", Type: property.List, Doc: "The replica identities that captured tables get, as schema.table:IDENTITY with DEFAULT, FULL, NOTHING or INDEX and an index; the table is a regular expression."},
		{Key: "publish.via.partition.root", Type: property.Bool, Default: "false", Doc: "Whether the changes of partitions come under the name of the partitioned table."},
	}
}

func selectionProperties() property.Table {
	list := func(key, doc string) property.Property {
		return property.Property{Key: key, Type: property.Regexps, Doc: doc}
	}
	return property.Table{
		list("schema.include.list", "The schemas that are captured."),
		list("schema.exclude.list", "The schemas that are not captured."),
		list("table.include.list", "The tables that are captured, as schema.table."),
		list("table.exclude.list", "The tables that are not captured, as schema.table."),
		list("column.include.list", "The columns that values have, as schema.table.column."),
		list("column.exclude.list", "The columns that values do not have, as schema.table.column."),
		list("message.prefix.include.list", "The prefixes of the logical messages that are captured."),
		list("message.prefix.exclude.list", "The prefixes of the logical messages that are not captured."),
		list("snapshot.include.collection.list", "Those of the captured tables whose rows a snapshot reads; all without it."),
		{Key: "table.ignore.builtin", Type: property.Bool, Default: "true", Doc: "Whether to leave out information_schema and the schemas whose names begin with pg_."},
		{Key: "snapshot.mode", Type: property.Enum, Default: "initial", Values: []string{"initial", "always", "initial_only", "no_data", "when_needed", "configuration_based"},
			Later: []string{"custom"}, Doc: "Which rows are read before the log."},
	}
}

func valueProperties() property.Table {
	return property.Table{
		{Key: "decimal.handling.mode", Type: property.Enum, Default: "precise", Values: []string{"precise", "double", "string"}, Doc: "How NUMERIC and MONEY are represented."},
		{Key: "binary.handling.mode", Type: property.Enum, Default: "bytes", Values: []string{"bytes", "base64", "base64-url-safe", "hex"}, Doc: "How BYTEA is represented."},
		{Key: "time.precision.mode", Type: property.Enum, Default: "adaptive", Values: []string{"adaptive", "adaptive_time_microseconds", "connect", "isostring", "microseconds", "nanoseconds"},
			Later: []string{"structured"}, Doc: "How dates and times are represented."},
		{Key: "interval.handling.mode", Type: property.Enum, Default: "numeric", Values: []string{"numeric", "string"}, Doc: "How INTERVAL is represented."},
		{Key: "hstore.handling.mode", Type: property.Enum, Default: "json", Values: []string{"json", "map"}, Doc: "How HSTORE is represented."},
		{Key: "money.fraction.digits", Type: property.Int, Default: "2", Check: property.Between(0, 18), Doc: "How many digits MONEY has behind the point."},
		{Key: "include.unknown.datatypes", Type: property.Bool, Default: "false", Doc: "Whether values of unknown types are there, as bytes."},
	}
}

func recordProperties() property.Table {
	return property.Table{
		{Key: "tombstones.on.delete", Type: property.Bool, Default: "true", Doc: "Whether a record with a null value follows each delete."},
		{Key: "skipped.operations", Type: property.List, Default: "t", Values: []string{"c", "u", "d", "t", "none"}, Doc: "The operations that are left out; none leaves out nothing."},
		{Key: "extended.headers.enabled", Type: property.Bool, Default: "true", Doc: "Whether records have the headers `__debezium.context.*`."},
		{Key: "unavailable.value.placeholder", Default: "__debezium_unavailable_value",
			Doc: "What a converter to JSON writes for a value that the log did not carry, such as an untouched TOAST value; `hex:` and digits stand for bytes."},
		envelope.PostProcessors("schema.table"),
		{Key: "max.batch.size", Type: property.Int, Default: "2048", Check: property.AtLeast(1), Doc: "How many records are read at a time at most."},
	}
}

// ignoredProperties are matters of a JVM, or of how Debezium is made.
func ignoredProperties() property.Table {
	var t property.Table
	add := func(why string, keys ...string) {
		for _, key := range keys {
			t = append(t, property.Property{Key: key, Ignored: why, Doc: why})
		}
	}
	add("there is no JDBC driver", "driver.*", "database.query.timeout.ms", "query.fetch.size", "snapshot.fetch.size", "connection.validation.timeout.ms",
		"database.connection.factory.class", "database.sslfactory")
	add("there is no JVM", "custom.metric.tags", "statistics.metrics.enabled", "openlineage.integration.*", "executor.shutdown.timeout.ms", "custom.retriable.exception")
	add("the engine's queue is bounded by itself", "max.queue.size", "max.queue.size.in.bytes", "queue.provider.type")
	add("changes are read as they come", "poll.interval.ms", "poll.dispatch.interval.ms")
	add("the snapshot is that of the slot, without locks", "snapshot.isolation.mode", "snapshot.locking.mode", "snapshot.lock.timeout.ms")
	add("the slot is told without waiting for an answer", "lsn.flush.timeout.ms", "lsn.flush.timeout.action")
	add("a slot is made when the transactions that are running have ended, however long that takes", "internal.create.slot.command.timeout", "create.slot.command.timeout")
	add("connections are always kept alive", "database.tcpKeepAlive")
	add("tables' definitions are followed as the log tells of them", "schema.refresh.mode")
	add("there are no schema change events", "include.schema.changes", "include.schema.comments", "schema.history.*")
	add("the source block has one form", "source.struct.version", "sourceinfo.struct.maker")
	add("the engine tries again, by its own policy", "retriable.restart.connector.wait.ms")
	add("it is a matter of how Debezium is made", "internal.log.position.check.enable", "internal.advanced.metrics.enable", "internal.legacy.snapshot.max.threads", "internal.snapshot.scan.all.columns.force")
	add("failures stop the engine, by its own policy", "event.processing.failure.handling.mode", "event.converting.failure.handling.mode")
	add("there are no names to sanitize", "custom.sanitize.pattern", "topic.cache.size")
	return t
}

// laterProperties are those whose effect comes with later versions: an error
// when they ask for it.
func laterProperties() property.Table {
	var t property.Table
	add := func(what string, keysAndDefaults ...string) {
		for i := 0; i < len(keysAndDefaults); i += 2 {
			t = append(t, property.Property{Key: keysAndDefaults[i], Default: keysAndDefaults[i+1], Unsupported: what, Doc: "Not supported yet."})
		}
	}
	add("custom converters", "converters", "")
	add("statements of one's own", "snapshot.query.mode", "select_all",
		"snapshot.query.mode.custom.name", "")
	add("snapshots of one's own", "snapshot.mode.custom.name", "", "snapshot.locking.mode.custom.name", "")
	add("the topic of heartbeats begins with topic.heartbeat.prefix", "topic.heartbeat.name", "")
	add("another form of transaction metadata", "transaction.metadata.factory", "")
	return t
}
