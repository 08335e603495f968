package mysql

import (
	"crypto/tls"
	"net"
	"strconv"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/internal/inbox"
	"github.com/tailrace-io/tailrace/source/signal"
)

// FromProperties makes a source of the properties of Debezium's connector for
// MySQL, io.debezium.connector.mysql.MySqlConnector.
// channels make those channels of signals that have packages of their own, such
// as source/signal/kafka.
func FromProperties(p *property.Set, histories Histories, channels ...func(*property.Set) signal.Channel) source.Source {
	return fromProperties(p, MySQL, histories, channels)
}

// FromMariaDBProperties makes a source of the properties of Debezium's
// connector for MariaDB, io.debezium.connector.mariadb.MariaDbConnector.
// channels are as in FromProperties.
func FromMariaDBProperties(p *property.Set, histories Histories, channels ...func(*property.Set) signal.Channel) source.Source {
	return fromProperties(p, MariaDB, histories, channels)
}

func fromProperties(p *property.Set, flavor Flavor, histories Histories, channels []func(*property.Set) signal.Channel) Source {
	p = p.Sub("").Use(Properties())
	s := Source{
		Flavor:         flavor,
		Addr:           net.JoinHostPort(p.String("database.hostname"), strconv.Itoa(p.Int("database.port"))),
		User:           p.String("database.user"),
		Password:       p.Password("database.password"),
		Encryption:     Encryption(p.Enum("database.ssl.mode")),
		ConnectTimeout: p.Millis("connect.timeout.ms"),
		TopicPrefix:    p.String("topic.prefix"),
		ServerID:       uint32(p.Int64("database.server.id")),

		SystemTables: !p.Bool("table.ignore.builtin"),

		Decimals:        DecimalMode(p.Enum("decimal.handling.mode")),
		Times:           TimeMode(p.Enum("time.precision.mode")),
		Binaries:        BinaryMode(p.Enum("binary.handling.mode")),
		UnsignedBigints: UnsignedBigintMode(p.Enum("bigint.unsigned.handling.mode")),

		NoTombstones:     !p.Bool("tombstones.on.delete"),
		Skip:             envelope.SkippedOf(p),
		IncludeQuery:     p.Bool("include.query"),
		SchemaChanges:    p.Bool("include.schema.changes"),
		NoContextHeaders: !p.Bool("extended.headers.enabled"),
		BatchRows:        p.Int("max.batch.size"),
		Log:              p.Log(),
	}
	s.eventProperties(p)
	s.historyProperties(p, histories)
	s.snapshotProperties(p)
	s.signalProperties(p, channels)
	s.Databases = filter(p, "database.include.list", "database.exclude.list")
	s.Tables = filter(p, "table.include.list", "table.exclude.list")
	s.Columns = filter(p, "column.include.list", "column.exclude.list")
	s.GTIDSources, s.GTIDAllRows = filter(p, "gtid.source.includes", "gtid.source.excludes"), !p.Bool("gtid.source.filter.dml.events")
	if s.Encryption == EncryptionVerifyCA || s.Encryption == EncryptionVerifyIdentity {
		s.TLS = &tls.Config{} // the system's authorities
	}
	return s
}

func filter(p *property.Set, include, exclude string) (f Filter) {
	f.Include, f.Exclude = envelope.FilterOf(p, include, exclude)
	return f
}

// Properties are those of Debezium's connectors for MySQL and MariaDB.
func Properties() property.Table {
	var t property.Table
	for _, part := range []property.Table{
		connectionProperties(), selectionProperties(), valueProperties(), converterProperties(), snapshotProperties(), inbox.Properties(), eventProperties(), envelope.Properties("database.table"), historyProperties(),
		envelope.TopicProperties("Default"), envelope.GuardrailProperties(), ignoredProperties(), laterProperties(),
	} {
		t = append(t, part...)
	}
	return withOldNames(t)
}

func connectionProperties() property.Table {
	return property.Table{
		{Key: "topic.prefix", Required: true, Doc: "The logical name of the server, which topics, schemas and offsets begin with."},
		{Key: "database.hostname", Required: true, Doc: "The server's host."},
		{Key: "database.port", Type: property.Int, Default: "3306", Check: property.Between(1, 65535), Doc: "The server's port."},
		{Key: "database.user", Required: true, Doc: "As whom to connect."},
		{Key: "database.password", Type: property.Password, Doc: "The user's password."},
		{Key: "database.server.id", Type: property.Int64, Default: "0", Check: property.Between(0, 1<<32-1),
			Doc: "The identity among the server's replicas that the log is read under; without it one is drawn at random."},
		{Key: "database.ssl.mode", Type: property.Enum, Default: "preferred", Values: []string{"preferred", "disabled", "required", "verify_ca", "verify_identity"},
			Doc: "How much TLS protects the connections; certificates are verified by the system's authorities."},
		{Key: "database.initial.statements", Doc: "Statements, with semicolons between them, that are run on each new connection but that of the log; `;;` is a semicolon in a statement."},
		{Key: "connect.timeout.ms", Type: property.Millis, Default: "30000", Check: property.AtLeast(1), Doc: "How long a connection may take to make."},
	}
}

func selectionProperties() property.Table {
	list := func(key, doc string) property.Property {
		return property.Property{Key: key, Type: property.Regexps, Doc: doc}
	}
	return property.Table{
		list("database.include.list", "The databases that are captured."),
		list("database.exclude.list", "The databases that are not captured."),
		list("table.include.list", "The tables that are captured, as database.table."),
		list("table.exclude.list", "The tables that are not captured, as database.table."),
		list("column.include.list", "The columns that values have, as database.table.column."),
		list("column.exclude.list", "The columns that values do not have, as database.table.column."),
		list("snapshot.include.collection.list", "Those of the captured tables whose rows a snapshot reads; all without it."),
		list("gtid.source.includes", "The servers, by their UUIDs, of whose transactions rows are read."),
		list("gtid.source.excludes", "The servers, by their UUIDs, of whose transactions no rows are read."),
		{Key: "gtid.source.filter.dml.events", Type: property.Bool, Default: "true", Doc: "Whether rows of transactions of other servers are left out where they come anyway."},
		{Key: "table.ignore.builtin", Type: property.Bool, Default: "true", Doc: "Whether to leave out the server's own databases."},
	}
}

func valueProperties() property.Table {
	return property.Table{
		{Key: "decimal.handling.mode", Type: property.Enum, Default: "precise", Values: []string{"precise", "double", "string"}, Doc: "How DECIMAL and NUMERIC are represented."},
		{Key: "binary.handling.mode", Type: property.Enum, Default: "bytes", Values: []string{"bytes", "base64", "base64-url-safe", "hex"}, Doc: "How BINARY, VARBINARY and BLOB are represented."},
		{Key: "time.precision.mode", Type: property.Enum, Default: "adaptive_time_microseconds", Values: []string{"adaptive_time_microseconds", "connect", "isostring", "microseconds", "nanoseconds"},
			Later: []string{"adaptive", "structured"}, Doc: "How dates and times are represented."},
		{Key: "bigint.unsigned.handling.mode", Type: property.Enum, Default: "long", Values: []string{"long", "precise"}, Doc: "How BIGINT UNSIGNED is represented."},
	}
}

func eventProperties() property.Table {
	return property.Table{
		{Key: "tombstones.on.delete", Type: property.Bool, Default: "true", Doc: "Whether a record with a null value follows each delete."},
		{Key: "skipped.operations", Type: property.List, Default: "t", Values: []string{"c", "u", "d", "t", "none"}, Doc: "The operations that are left out; none leaves out nothing."},
		{Key: "include.query", Type: property.Bool, Default: "false", Doc: "Whether the source block has the text of the statement, where the server logs it."},
		{Key: "extended.headers.enabled", Type: property.Bool, Default: "true", Doc: "Whether records have the headers `__debezium.context.*`."},
		{Key: "include.schema.changes", Type: property.Bool, Default: "true", Doc: "Whether statements that define tables are written to the topic of the prefix."},
		{Key: "include.schema.comments", Type: property.Bool, Default: "false", Doc: "Whether the comments of tables and columns are written there."},
		{Key: HistoryProperties + "store.only.captured.tables.ddl", Type: property.Bool, Default: "false", Doc: "Whether only captured tables are told of there."},
		{Key: HistoryProperties + "store.only.captured.databases.ddl", Type: property.Bool, Default: "false", Doc: "Whether only the tables of captured databases are told of there."},
		envelope.PostProcessors("database.table"),
		{Key: "unavailable.value.placeholder", Default: "__debezium_unavailable_value",
			Doc: "What a converter to JSON writes for a value that the log did not carry (`binlog_row_image=NOBLOB` or `MINIMAL`); `hex:` and digits stand for bytes."},
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
	add("there is no JDBC driver", "database.jdbc.driver", "database.protocol", "driver.*", "database.query.timeout.ms", "query.fetch.size",
		"snapshot.fetch.size", "min.row.count.to.stream.results", "connection.validation.timeout.ms", "database.connectionTimeZone", "database.tinyInt1isBit")
	add("there is no JVM", "custom.metric.tags", "statistics.metrics.enabled", "openlineage.integration.*", "executor.shutdown.timeout.ms", "custom.retriable.exception")
	add("the engine's queue is bounded by itself", "max.queue.size", "max.queue.size.in.bytes", "queue.provider.type")
	add("changes are read as they come", "poll.interval.ms", "poll.dispatch.interval.ms")
	add("the engine itself connects anew", "connect.keep.alive", "connect.keep.alive.interval.ms", "use.nongraceful.disconnect")
	add("the server waits for a slow reader as long as it takes", "binlog.net.read.timeout", "binlog.net.write.timeout", "binlog.buffer.size")
	add("snapshots need no connection that is kept alive", "database.server.id.offset")
	add("a statement that is not understood stops nothing", "ddl.parser.type", "resolve.create.table.like.schema", "enable.time.adjuster", "schema.history.internal.skip.unparseable.ddl")
	add("only what captured tables need is kept", "schema.history.internal.ddl.filter", "schema.history.internal.prefer.ddl", "schema.history.internal.memory.optimization", "schema.history.internal.name", "schema.history.internal.connector.*")
	add("the source block has one form", "source.struct.version", "sourceinfo.struct.maker")
	add("the engine tries again, by its own policy", "retriable.restart.connector.wait.ms")
	add("it is a matter of how Debezium is made", "internal.log.position.check.enable", "internal.advanced.metrics.enable", "internal.legacy.snapshot.max.threads", "internal.snapshot.scan.all.columns.force")
	add("failures stop the engine, by its own policy", "event.processing.failure.handling.mode", "event.deserialization.failure.handling.mode",
		"inconsistent.schema.handling.mode", "event.converting.failure.handling.mode")
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
	add("the topic of heartbeats begins with topic.heartbeat.prefix", "topic.heartbeat.name", "")
	add("statements of one's own code", "snapshot.query.mode", "select_all", "snapshot.query.mode.custom.name", "", "snapshot.mode.custom.name", "",
		"snapshot.locking.mode.custom.name", "")
	add("another form of transaction metadata", "transaction.metadata.factory", "")
	add("stores of Java's keys; name the server's authority to the system", "database.ssl.keystore", "", "database.ssl.keystore.password", "",
		"database.ssl.truststore", "", "database.ssl.truststore.password", "")
	add("an offset without its GTIDs", "gtid.ignore.on.recovery", "false")
	return t
}
