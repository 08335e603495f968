package jdbc

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// Why properties of the originals have no meaning here.
const (
	engineRetries = "the engine retries as its errors.retry properties say"
	firstTry      = "the first connection is tried once, for what is wrong then is most likely the configuration; one that is lost later is opened again as max.retries says"
	retriesDoc    = "How often a batch is given to the database again after it was not taken, such as for want of a connection, where this or "
	retriesElse   = " is set. Without them `errors.max.retries` and `errors.retry.timeout` say it. What can never succeed is tried once."
	retryDelayDoc = "How long to wait before each try, of which up to a half is left out at random."
	onePool       = "there are as many connections as write.connections says"
	noJava        = "it is a matter of Java"
	goodDates     = "dates are those of the records; Java's old calendar shifts those before 1582"
	anyTable      = "whatever has the name is written to"
)

// Properties is the table of the properties of Confluent's JDBC sink connector,
// io.confluent.connect.jdbc.JdbcSinkConnector.
func Properties() property.Table {
	return slices.Concat(sharedProperties(), property.Table{
		{Key: "connection.user", Doc: "The user, where the URL does not name one."},
		{Key: "pk.mode", Type: property.Enum, Default: "none", Values: []string{"none", "kafka", "record_key", "record_value", "record_header"}, Doc: "What the key columns are taken from."},
		{Key: "pk.fields", Type: property.List, Doc: "The names of the key columns. By default all fields of the key or value are, and for kafka `__connect_topic`, `__connect_partition` and `__connect_offset`."},
		{Key: "fields.whitelist", Type: property.List, Doc: "The fields that are written beside the key's. By default all are."},
		{Key: "table.name.format", Default: "${topic}", Check: checkFormat, Doc: "The table's name, in which `${topic}` stands for the topic. Dots separate schema and table, those of the topic too."},
		{Key: "auto.create", Type: property.Bool, Default: "false", Doc: "Whether missing tables are made."},
		{Key: "auto.evolve", Type: property.Bool, Default: "false", Doc: "Whether missing columns are added that may be NULL or have a default."},
		{Key: "quote.sql.identifiers", Type: property.Enum, Default: "ALWAYS", Values: []string{"ALWAYS", "NEVER"}, Doc: "Whether names are quoted."},
		{Key: "db.timezone", Default: "UTC", Check: checkZone, Doc: "The zone of columns without one."},
		{Key: "date.timezone", Type: property.Enum, Default: "DB_TIMEZONE", Values: []string{"DB_TIMEZONE", "UTC"}, Ignored: goodDates, Doc: goodDates},
		{Key: "date.calendar.system", Ignored: goodDates, Doc: goodDates},
		{Key: "replace.null.with.default", Type: property.Bool, Default: "true", Doc: "Whether a field's default takes the place of a null."},
		{Key: "batch.size", Type: property.Int, Default: "3000", Check: property.AtLeast(1), Doc: "The greatest number of rows in a statement."},
		{Key: "max.retries", Type: property.Int, Default: "10", Check: property.AtLeast(0), Doc: retriesDoc + "`retry.backoff.ms`" + retriesElse},
		{Key: "retry.backoff.ms", Type: property.Millis, Default: "3000", Check: property.AtLeast(1), Doc: retryDelayDoc},
		{Key: "connection.attempts", Ignored: firstTry, Doc: firstTry},
		{Key: "connection.backoff.ms", Ignored: firstTry, Doc: firstTry},
		{Key: "jdbc.credentials.provider.*", Ignored: noJava, Doc: noJava},
		{Key: "table.types", Type: property.List, Ignored: anyTable, Doc: anyTable},
		{Key: "trim.sensitive.log", Ignored: "values are never logged", Doc: "Values are never logged."},
		{Key: "mssql.use.merge.holdlock", Ignored: "it is a matter of SQL Server", Doc: "It is a matter of SQL Server."},
		{Key: "timestamp.fields.list", Type: property.List, Doc: "Fields of whole numbers that count from 1970 on, and of texts in ISO 8601, which become timestamps."},
		{Key: "timestamp.precision.mode", Type: property.Enum, Default: "microseconds", Values: []string{"microseconds", "nanoseconds"}, Doc: "What the numbers of timestamp.fields.list count."},
		{Key: "string.output.value.column.name", Default: "record_value", Check: checkColumn, Doc: "The column of values that are texts and no structs, such as those of StringConverter."},
	})
}

func sharedProperties() property.Table {
	return property.Table{
		{Key: "connection.url", Required: true, Doc: "Where the database is: a URL in the form of Java's drivers, such as jdbc:postgresql://localhost/shop, or of Go's."},
		{Key: "connection.password", Type: property.Password, Doc: "The user's password."},
		{Key: "dialect.name", Doc: "The kind of the database, such as PostgreSqlDatabaseDialect or PostgreSql. By default it goes by the URL."},
		{Key: "insert.mode", Type: property.Enum, Default: "insert", Values: []string{"insert", "upsert", "update"}, Doc: "How rows are written: by insert, upsert or update."},
		{Key: "delete.enabled", Type: property.Bool, Default: "false", Doc: "Whether deletes, and records without a value, remove rows."},
		{Key: "write.connections", Type: property.Int, Check: property.AtLeast(1), Doc: "Over how many connections the rows of a large batch are spread with insert.mode upsert and update, each in a transaction of its own. By default it is tasks.max. With exactly.once.table it has to be 1."},
		{Key: "tasks.max", Type: property.Int, Default: "1", Check: property.AtLeast(1), Doc: "What write.connections is by itself, but with exactly.once.table."},
		{Key: "exactly.once.table", Doc: "A table of the database to keep offsets in, in the same transaction as the rows, so that each record takes effect exactly once. It is made if it is missing. Without it delivery is at least once."},
	}
}

// The naming strategies that Debezium ships.
const (
	sinkNaming  = "io.debezium.sink.naming."
	jdbcNaming  = "io.debezium.connector.jdbc.naming."
	passthrough = sinkNaming + "PassthroughCollectionNamingStrategy"
)

func collectionStrategies() []string {
	return []string{sinkNaming + "DefaultCollectionNamingStrategy", jdbcNaming + "DefaultTableNamingStrategy", passthrough}
}

// DebeziumProperties is the table of the properties of Debezium's JDBC sink
// connector, io.debezium.connector.jdbc.JdbcSinkConnector.
func DebeziumProperties() property.Table {
	return slices.Concat(sharedProperties(), property.Table{
		{Key: "connection.username", Doc: "The user, where the URL does not name one."},
		{Key: "truncate.enabled", Type: property.Bool, Default: "false", Doc: "Whether a truncate empties the table."},
		{Key: "primary.key.mode", Type: property.Enum, Default: "none", Values: []string{"none", "kafka", "record_key", "record_value", "record_header"}, Doc: "What the key columns are taken from."},
		{Key: "primary.key.fields", Type: property.List, Doc: "The names of the key columns. By default all fields of the key, value or headers are, and for kafka `__connect_topic`, `__connect_partition` and `__connect_offset`."},
		{Key: "schema.evolution", Type: property.Enum, Default: "none", Values: []string{"none", "basic"}, Later: []string{"validate-only"}, Doc: "Whether missing tables are made, and columns added that may be NULL or have a default: basic."},
		{Key: "quote.identifiers", Type: property.Bool, Default: "false", Doc: "Whether names are quoted."},
		{Key: "collection.name.format", Default: "${topic}", Check: checkFormat, Doc: "The table's name: `${topic}` stands for the topic, with underscores for its dots, `${source.table}` and the like for fields of an envelope's source block."},
		{Key: "table.name.format", Check: checkFormat, Doc: "The older name of collection.name.format."},
		{Key: "field.include.list", Type: property.List, Doc: "The fields that are written beside the key's, as field or topic:field. By default all are."},
		{Key: "field.exclude.list", Type: property.List, Doc: "Fields that are not written, in the same form."},
		{Key: "batch.size", Type: property.Int, Default: "500", Check: property.AtLeast(1), Doc: "The greatest number of rows in a statement."},
		{Key: "use.reduction.buffer", Type: property.Bool, Default: "false", Ignored: "of several changes to a row in a batch, what they come to is always written", Doc: "Whether changes to a row are put together."},
		{Key: "keyed.message.batch.mode", Ignored: "of several changes to a row in a batch, what they come to is always written", Doc: "How changes to a row are put together."},
		{Key: "use.time.zone", Default: "UTC", Check: checkZone, Doc: "The zone of columns without one."},
		{Key: "database.time_zone", Check: checkZone, Doc: "The older name of use.time.zone."},
		{Key: "flush.max.retries", Type: property.Int, Default: "5", Check: property.AtLeast(0), Doc: retriesDoc + "`flush.retry.delay.ms`" + retriesElse},
		{Key: "flush.retry.delay.ms", Type: property.Millis, Default: "1000", Check: property.AtLeast(1), Doc: retryDelayDoc},
		{Key: "connection.restart.on.errors", Ignored: engineRetries, Doc: engineRetries},
		{Key: "connection.provider", Ignored: noJava, Doc: noJava},
		{Key: "connection.pool.*", Ignored: onePool, Doc: onePool},
		{Key: "hibernate.*", Ignored: noJava, Doc: noJava},
		{Key: "dialect.postgres.unnest.insert.enabled", Ignored: "rows are always written by unnest", Doc: "Whether rows are written by unnest."},
		{Key: "dialect.postgres.postgis.schema", Default: "public", Unsupported: "PostGIS in a schema of its own", Doc: "The schema of PostGIS."},
		{Key: "dialect.sqlserver.identity.insert", Ignored: "it is a matter of SQL Server", Doc: "It is a matter of SQL Server."},
		{Key: "dialect.starrocks.catalog.name", Ignored: "it is a matter of StarRocks", Doc: "It is a matter of StarRocks."},
		{Key: "collection.table.format", Default: "${table}", Unsupported: "a second format of names; use collection.name.format", Doc: "What a name that was made is put into."},
		{Key: "collection.naming.strategy", Type: property.Enum, Default: sinkNaming + "DefaultCollectionNamingStrategy", Values: collectionStrategies(), Doc: "Whether the dots of topics become underscores, as by default, or with `" + passthrough + "` separate schema and table. Other names, styles, prefixes and suffixes are made by the transform `io.debezium.connector.jdbc.transforms.CollectionNameTransformation`, or RegexRouter."},
		{Key: "table.naming.strategy", Type: property.Enum, Values: collectionStrategies(), Doc: "The older name of collection.naming.strategy."},
		{Key: "column.naming.strategy", Type: property.Enum, Default: sinkNaming + "DefaultColumnNamingStrategy", Values: []string{sinkNaming + "DefaultColumnNamingStrategy", jdbcNaming + "DefaultColumnNamingStrategy"}, Doc: "Columns have the names of fields. Other names are made by the transform `io.debezium.connector.jdbc.transforms.FieldNameTransformation`, or ReplaceField."},
		{Key: "cloudevents.schema.name.pattern", Unsupported: "CloudEvents", Doc: "The names of schemas that are CloudEvents."},
	})
}

// FromProperties reads the sink that the properties of Confluent's connector
// describe. The dialects are those to choose from, by dialect.name or by the
// URL. What is wrong is left in p.
func FromProperties(p *property.Set, dialects ...Dialect) Sink {
	p.Use(Properties())
	s := shared(p, dialects)
	s.User = p.String("connection.user")
	s.PKMode, s.PKFields = PKMode(p.Enum("pk.mode")), p.List("pk.fields")
	s.Fields = p.List("fields.whitelist")
	s.TimestampFields, s.NanoTimestamps = p.List("timestamp.fields.list"), p.Enum("timestamp.precision.mode") == "nanoseconds"
	s.TableFormat, s.QualifiedTopics = p.String("table.name.format"), true
	s.AutoCreate, s.AutoEvolve = p.Bool("auto.create"), p.Bool("auto.evolve")
	s.Unquoted = p.Enum("quote.sql.identifiers") == "NEVER"
	s.NullDefaults = p.Bool("replace.null.with.default")
	s.StringColumn = p.String("string.output.value.column.name")
	s.Location = zone(p.String("db.timezone"))
	s.keyed(p, "pk.mode")
	return s
}

// FromDebeziumProperties reads the sink that the properties of Debezium's
// connector describe, as FromProperties does.
func FromDebeziumProperties(p *property.Set, dialects ...Dialect) Sink {
	p.Use(DebeziumProperties())
	s := shared(p, dialects)
	s.User = p.String("connection.username")
	s.PKMode, s.PKFields = PKMode(p.Enum("primary.key.mode")), p.List("primary.key.fields")
	s.Fields, s.ExceptFields = p.List("field.include.list"), p.List("field.exclude.list")
	if len(s.Fields) > 0 && len(s.ExceptFields) > 0 {
		p.Errorf("field.exclude.list", "is set together with field.include.list: take one of them")
	}
	s.TableFormat = p.String("collection.name.format")
	if old := p.String("table.name.format"); old != "" && !p.Has("collection.name.format") {
		s.TableFormat = old
	}
	for _, key := range []string{"collection.naming.strategy", "table.naming.strategy"} {
		s.QualifiedTopics = s.QualifiedTopics || p.Enum(key) == passthrough
	}
	s.AutoCreate = p.Enum("schema.evolution") == "basic"
	s.AutoEvolve = s.AutoCreate
	s.Truncates = p.Bool("truncate.enabled")
	s.Unquoted = !p.Bool("quote.identifiers")
	s.Location = zone(p.String("use.time.zone"))
	if old := p.String("database.time_zone"); old != "" && !p.Has("use.time.zone") {
		s.Location = zone(old)
	}
	s.keyed(p, "primary.key.mode")
	return s
}

func shared(p *property.Set, dialects []Dialect) Sink {
	s := Sink{
		URL: p.String("connection.url"), Password: p.Password("connection.password"),
		InsertMode:  InsertMode(p.Enum("insert.mode")),
		Deletes:     p.Bool("delete.enabled"),
		BatchRows:   p.Int("batch.size"),
		OffsetTable: p.String("exactly.once.table"),
		Connections: 1,
		Log:         p.Log(),
	}
	switch {
	case p.Has("write.connections"):
		s.Connections = p.Int("write.connections")
	case s.OffsetTable == "" && s.InsertMode != InsertPlain:
		s.Connections = p.Int("tasks.max")
	}
	if s.OffsetTable != "" && s.Connections > 1 {
		p.Errorf("write.connections", "has to be 1 with exactly.once.table, whose offsets are in the transaction of all rows")
	}
	s.Dialect = chooseDialect(p, s.URL, dialects)
	return s
}

// keyed checks what the key is needed for.
func (s *Sink) keyed(p *property.Set, mode string) {
	switch {
	case s.PKMode == KeyNone && s.InsertMode != InsertPlain:
		p.Errorf(mode, "has to be set, such as to record_key: insert.mode=%s needs to know the rows' key", s.InsertMode)
	case s.Deletes && (s.PKMode == KeyNone || s.PKMode == KeyKafka):
		p.Errorf(mode, "has to be set, such as to record_key: delete.enabled needs to know the rows' key")
	case s.PKMode == KeyKafka && len(s.PKFields) != 0 && len(s.PKFields) != len(kafkaFields):
		p.Errorf(mode, "kafka needs three names of key columns, for topic, partition and offset, or none")
	}
}

// chooseDialect finds the dialect by its name or by the URL's kind.
func chooseDialect(p *property.Set, url string, dialects []Dialect) Dialect {
	key, want := "dialect.name", strings.TrimSuffix(p.String("dialect.name"), "DatabaseDialect")
	if want == "" {
		key = "connection.url"
		want, _, _ = strings.Cut(strings.TrimPrefix(url, "jdbc:"), ":")
		if !strings.HasPrefix(url, "jdbc:") && !strings.Contains(url, "://") {
			if len(dialects) == 1 {
				return dialects[0]
			}
			if url != "" {
				p.Errorf(key, "does not begin with jdbc: or the like, so dialect.name has to say what kind of database it is")
			}
			return nil
		}
		if want == "postgres" {
			want = "postgresql"
		}
	}
	var names []string
	for _, d := range dialects {
		if strings.EqualFold(d.Name(), want) {
			return d
		}
		names = append(names, d.Name())
	}
	p.Errorf(key, "names the database %s, for which there is no dialect%s; there is %s",
		want, property.DidYouMean(want, names), strings.Join(names, ", "))
	return nil
}

func zone(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil // which the check has said
	}
	return loc
}

func checkColumn(name string) error {
	if name == "" {
		return errors.New("must be a column's name")
	}
	return nil
}

func checkZone(name string) error {
	if _, err := time.LoadLocation(name); err != nil || name == "" {
		return errors.New("must be a time zone such as UTC or Europe/Berlin")
	}
	return nil
}
