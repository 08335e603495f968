package jdbc

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// Properties is the table of the properties of Confluent's JDBC source
// connector, io.confluent.connect.jdbc.JdbcSourceConnector.
func Properties() property.Table {
	return slices.Concat(connectionProperties(), modeProperties(), tableProperties(), workerProperties())
}

// Why properties of the original have no meaning here.
const (
	engineRetries = "the engine retries as its errors.retry properties say"
	engineQueue   = "rows are handed over as they come, bounded by the engine's queue"
	tablesFirst   = "tables are found before reading starts, however long it takes"
	noJava        = "a credentials provider is a Java class; give user and password, for example by ${env:NAME}"
)

func connectionProperties() property.Table {
	return property.Table{
		{Key: "connection.url", Required: true, Doc: "Where the database is: a URL in the form of Java's drivers, such as jdbc:sqlite:shop.db, or of Go's."},
		{Key: "connection.user", Doc: "The user, where the URL does not name one."},
		{Key: "connection.password", Type: property.Password, Doc: "The user's password."},
		{Key: "dialect.name", Doc: "The kind of the database, such as SqliteDatabaseDialect or Sqlite. By default it goes by the URL."},
		{Key: "connection.attempts", Type: property.Int, Default: "3", Check: property.AtLeast(1), Ignored: engineRetries, Doc: engineRetries},
		{Key: "connection.backoff.ms", Type: property.Millis, Default: "10000", Ignored: engineRetries, Doc: engineRetries},
		{Key: "jdbc.credentials.provider.*", Ignored: noJava, Doc: noJava},
		{Key: "transaction.isolation.mode", Default: "DEFAULT", Unsupported: "queries run at the database's own isolation level", Doc: "Queries run at the database's own isolation level."},
	}
}

func modeProperties() property.Table {
	return property.Table{
		{Key: "mode", Type: property.Enum, Required: true, Values: []string{string(Bulk), string(Incrementing), string(Timestamp), string(TimestampIncrementing)},
			Doc: "How new rows are told from old ones."},
		{Key: "incrementing.column.name", Doc: "The column that only grows. By default the table's auto-increment column."},
		{Key: "timestamp.column.name", Type: property.List, Doc: "The columns with the time of a row's last change. Of several the first that is not NULL counts."},
		{Key: "validate.non.null", Type: property.Bool, Default: "true", Doc: "Whether it is an error that the incrementing or all timestamp columns may be NULL."},
		{Key: "timestamp.initial", Type: property.Int64, Doc: "Where reading starts without a stored offset, in milliseconds since 1970; -1 is the moment of the first start. By default all rows are read."},
		{Key: "timestamp.delay.interval.ms", Type: property.Millis, Default: "0", Check: property.AtLeast(0), Doc: "How old a row's timestamp has to be before the row is read, so that transactions that commit late are seen."},
		{Key: "db.timezone", Default: "UTC", Check: checkZone, Doc: "The zone of timestamps that do not name theirs."},
		{Key: "numeric.mapping", Type: property.Enum, Values: []string{string(NumericNone), string(NumericBestFit), string(NumericBestFitEagerDouble), string(NumericPrecisionOnly)},
			Doc: "What NUMERIC columns become: Decimal (none, the default), or integers and FLOAT64 where they fit."},
		{Key: "numeric.precision.mapping", Type: property.Bool, Default: "false", Doc: "The older spelling of numeric.mapping=precision_only."},
		{Key: "incrementing.column.mapping", Unsupported: "an incrementing column for each of several tables; run a connector a column", Doc: "An incrementing column for each of several tables."},
		{Key: "timestamp.columns.mapping", Unsupported: "timestamp columns for each of several tables; run a connector for each", Doc: "Timestamp columns for each of several tables."},
		{Key: "timestamp.granularity", Type: property.Enum, Default: "connect_logical", Values: []string{"connect_logical"},
			Later: []string{"micros_long", "micros_string", "micros_iso_datetime_string", "nanos_long", "nanos_string", "nanos_iso_datetime_string"},
			Doc:   "What timestamp columns become: Connect's Timestamp."},
		{Key: "query", Unsupported: "a query in the place of tables; make a view of it and set table.types to VIEW", Doc: "A query in the place of tables."},
		{Key: "query.masked", Type: property.Password, Unsupported: "a query in the place of tables; make a view of it and set table.types to VIEW", Doc: "A query in the place of tables."},
		{Key: "query.suffix", Unsupported: "a text behind the queries", Doc: "A text behind the queries."},
		{Key: "quote.sql.identifiers", Type: property.Enum, Default: "ALWAYS", Values: []string{"ALWAYS"}, Later: []string{"NEVER"}, Doc: "Names are quoted in queries."},
	}
}

func tableProperties() property.Table {
	return property.Table{
		{Key: "topic.prefix", Check: checkPrefix, Doc: "What stands before the table's name in the topic."},
		{Key: "table.whitelist", Type: property.List, Doc: "The names of the tables to read. By default all are."},
		{Key: "table.blacklist", Type: property.List, Doc: "The names of tables to leave out."},
		{Key: "table.include.list", Type: property.List, Check: checkExpressions, Doc: "Regular expressions one of which must match a table's qualified name as a whole."},
		{Key: "table.exclude.list", Type: property.List, Check: checkExpressions, Doc: "Regular expressions for tables to leave out of those."},
		{Key: "table.types", Type: property.List, Default: "TABLE", Doc: "The kinds of tables to read, such as TABLE and VIEW."},
		{Key: "schema.pattern", Unsupported: "a choice of database schemas; choose tables by table.include.list", Doc: "A choice of database schemas."},
		{Key: "catalog.pattern", Unsupported: "a choice of catalogues; choose tables by table.include.list", Doc: "A choice of catalogues."},
		{Key: "poll.interval.ms", Type: property.Millis, Default: "5000", Check: property.AtLeast(0), Doc: "The time between two rounds over the tables."},
		{Key: "batch.max.rows", Type: property.Int, Default: "1000", Check: property.AtLeast(1), Doc: "The greatest number of rows in a batch."},
		{Key: "table.poll.interval.ms", Type: property.Millis, Default: "60000", Unsupported: "looking for new tables while it runs; they are found at the next start", Doc: "Looking for new tables while it runs."},
		{Key: "date.calendar.system", Type: property.Enum, Values: []string{"PROLEPTIC_GREGORIAN", "LEGACY"}, Default: "LEGACY",
			Doc: "Dates are those that the database shows, in either setting; Java's old calendar shifts those before 1582."},
	}
}

func workerProperties() property.Table {
	return property.Table{
		{Key: "max.buffer.size", Ignored: engineQueue, Doc: engineQueue},
		{Key: "poll.linger.ms", Ignored: engineQueue, Doc: engineQueue},
		{Key: "query.retry.attempts", Ignored: engineRetries, Doc: engineRetries},
		{Key: "table.monitoring.startup.polling.limit.ms", Ignored: tablesFirst, Doc: tablesFirst},
	}
}

// FromProperties reads the source that the properties of Confluent's connector
// describe. The dialects are those to choose from, by dialect.name or by the
// URL. What is wrong is left in p.
func FromProperties(p *property.Set, dialects ...Dialect) Source {
	p.Use(Properties())
	s := Source{
		URL: p.String("connection.url"), User: p.String("connection.user"), Password: p.Password("connection.password"),
		Mode:               Mode(p.Enum("mode")),
		IncrementingColumn: p.String("incrementing.column.name"),
		TimestampColumns:   p.List("timestamp.column.name"),
		AllowNull:          !p.Bool("validate.non.null"),
		Delay:              p.Millis("timestamp.delay.interval.ms"),
		Numeric:            NumericMapping(p.Enum("numeric.mapping")),
		Tables:             p.List("table.whitelist"),
		ExcludeTables:      p.List("table.blacklist"),
		Include:            expressions(p.List("table.include.list")),
		Exclude:            expressions(p.List("table.exclude.list")),
		TopicPrefix:        p.String("topic.prefix"),
		BatchRows:          p.Int("batch.max.rows"),
		PollInterval:       max(p.Millis("poll.interval.ms"), time.Nanosecond), // 0 stands for the default
		Log:                p.Log(),
	}
	for _, kind := range p.List("table.types") {
		s.TableTypes = append(s.TableTypes, strings.ToUpper(kind))
	}
	if s.Numeric == "" && p.Bool("numeric.precision.mapping") {
		s.Numeric = NumericPrecisionOnly
	}
	if zone, err := time.LoadLocation(p.String("db.timezone")); err == nil {
		s.Location = zone
	}
	if p.Has("timestamp.initial") {
		switch ms := p.Int64("timestamp.initial"); ms {
		case -1:
			s.StartNow = true
		default:
			s.StartAt = time.UnixMilli(ms)
		}
	}
	s.Dialect = chooseDialect(p, s.URL, dialects)
	if s.Mode.timestamp() && len(s.TimestampColumns) == 0 {
		p.Errorf("timestamp.column.name", "is required by mode %s", s.Mode)
	}
	for _, err := range s.checkTables() {
		p.Errorf("table.include.list", "%w", err)
	}
	return s
}

// chooseDialect finds the dialect by its name or by the URL's kind.
func chooseDialect(p *property.Set, url string, dialects []Dialect) Dialect {
	key, want := "dialect.name", strings.TrimSuffix(p.String("dialect.name"), "DatabaseDialect")
	if want == "" {
		key = "connection.url"
		rest, ok := strings.CutPrefix(url, "jdbc:")
		if !ok {
			if len(dialects) == 1 {
				return dialects[0]
			}
			if url != "" {
				p.Errorf(key, "does not begin with jdbc:, so dialect.name has to say what kind of database it is")
			}
			return nil
		}
		want, _, _ = strings.Cut(rest, ":")
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

func checkZone(name string) error {
	if _, err := time.LoadLocation(name); err != nil || name == "" {
		return errors.New("be a time zone such as UTC or Europe/Berlin")
	}
	return nil
}

func checkPrefix(prefix string) error {
	if len(prefix) > 249 {
		return errors.New("have at most 249 characters, as topics do")
	}
	for _, c := range prefix {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._-", c)) {
			return fmt.Errorf("have nothing but letters, digits, dots, underscores and dashes; it has %q", c)
		}
	}
	return nil
}

func checkExpressions(list string) error {
	for e := range strings.SplitSeq(list, ",") {
		if _, err := property.CompileJava(strings.TrimSpace(e)); err != nil {
			return fmt.Errorf("be regular expressions: %w", err)
		}
	}
	return nil
}

// expressions rewrites Java's regular expressions as Go's.
func expressions(list []string) []string {
	var out []string
	for _, e := range list {
		if re, err := property.CompileJava(e); err == nil {
			out = append(out, re.String())
		}
	}
	return out
}
