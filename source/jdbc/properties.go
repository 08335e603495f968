package jdbc

import (
	"database/sql"
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
		{Key: "transaction.isolation.mode", Type: property.Enum, Default: "DEFAULT",
			Values: []string{"DEFAULT", "READ_UNCOMMITTED", "READ_COMMITTED", "REPEATABLE_READ", "SERIALIZABLE"}, Later: []string{"SQL_SERVER_SNAPSHOT"},
			Doc: "The isolation level at which queries run; the database's own by default."},
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
		{Key: "incrementing.column.mapping", Type: property.List, Check: checkMapping, Doc: "The incrementing column for each of several tables, as `expression:column` with commas between them; exactly one expression has to match a table."},
		{Key: "timestamp.columns.mapping", Type: property.List, Check: checkMapping, Doc: "The timestamp columns for each of several tables, as `expression:[column|column]` with commas between them; exactly one expression has to match a table."},
		{Key: "timestamp.granularity", Type: property.Enum, Default: string(Logical), Values: granularities,
			Doc: "What timestamp columns become: Connect's Timestamp, Debezium's MicroTimestamp (micros), or microseconds or nanoseconds since 1970 or text such as 2026-01-31T15:04:05.000123."},
		{Key: "query", Doc: "A query in the place of tables. But in mode bulk it is asked as `SELECT … FROM (query) WHERE …`."},
		{Key: "query.masked", Type: property.Password, Doc: "The same, for a query that has something secret in it."},
		{Key: "query.suffix", Doc: "A text behind all queries, such as `LIMIT 1000`."},
		{Key: "quote.sql.identifiers", Type: property.Enum, Default: "ALWAYS", Values: []string{"ALWAYS", "NEVER"},
			Doc: "Names are quoted in queries in either setting: they are spelt as the database spells them, so that quotes change nothing."},
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
		{Key: "schema.pattern", Doc: "A pattern, with % and _, for the schemas whose tables are read, where the database has schemas. By default all are."},
		{Key: "catalog.pattern", Doc: "A pattern, with % and _, for the catalogues whose tables are read; what MySQL calls a database is one. By default it is the one that the URL names."},
		{Key: "poll.interval.ms", Type: property.Millis, Default: "5000", Check: property.AtLeast(0), Doc: "The time between two rounds over the tables."},
		{Key: "batch.max.rows", Type: property.Int, Default: "1000", Check: property.AtLeast(1), Doc: "The greatest number of rows in a batch."},
		{Key: "table.poll.interval.ms", Type: property.Millis, Default: "60000", Check: property.AtLeast(0), Doc: "The time between two looks for tables that have come or gone."},
		{Key: "tasks.max", Type: property.Int, Default: "1", Check: property.AtLeast(1), Doc: "How many tables are read side by side, over a connection each."},
		{Key: "tailrace.keys", Type: property.Bool, Default: "false", Doc: "Whether records have a key, a struct of the columns of the primary key. Confluent's connector never gives one."},
		{Key: "tailrace.envelope", Type: property.Bool, Default: "false", Doc: "Whether rows are in Debezium's change envelope: the op is c in mode incrementing and otherwise r, and there is no before."},
		{Key: "tailrace.deletes.directory", Doc: "A directory for the keys of all rows that were read, by which deletes are found and become records without a value. It sets tailrace.keys. Without it none are found."},
		{Key: "tailrace.deletes.interval.ms", Type: property.Millis, Default: "60000", Check: property.AtLeast(1), Doc: "The time between two comparisons with the keys of the tables."},
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
		IncrementingFor:    mapping(p.List("incrementing.column.mapping")),
		TimestampsFor:      mapping(p.List("timestamp.columns.mapping")),
		Granularity:        Granularity(p.Enum("timestamp.granularity")),
		Query:              p.String("query") + strings.TrimSpace(p.Password("query.masked")),
		QuerySuffix:        p.String("query.suffix"),
		Catalog:            p.String("catalog.pattern"),
		Schema:             p.String("schema.pattern"),
		Isolation:          isolations[p.Enum("transaction.isolation.mode")],
		TablePoll:          max(p.Millis("table.poll.interval.ms"), time.Nanosecond),
		Readers:            p.Int("tasks.max"),
		Keys:               p.Bool("tailrace.keys"),
		Envelope:           p.Bool("tailrace.envelope"),
		DeletesDir:         p.String("tailrace.deletes.directory"),
		DeletesInterval:    p.Millis("tailrace.deletes.interval.ms"),
		TopicPrefix:        p.String("topic.prefix"),
		BatchRows:          p.Int("batch.max.rows"),
		PollInterval:       max(p.Millis("poll.interval.ms"), time.Nanosecond), // 0 stands for the default
		Log:                p.Log(),
	}
	if p.Has("query") && p.Has("query.masked") {
		p.Errorf("query.masked", "and query exclude each other")
	}
	for _, kind := range p.List("table.types") {
		if s.Query != "" && !p.Has("table.types") {
			break // the default
		}
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
	for _, err := range s.checkColumns() {
		p.Errorf("timestamp.column.name", "%w", err)
	}
	for _, err := range s.checkQuery() {
		p.Errorf("query", "%w", err)
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
		if !ok && !strings.Contains(url, "://") {
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

var isolations = map[string]sql.IsolationLevel{
	"READ_UNCOMMITTED": sql.LevelReadUncommitted, "READ_COMMITTED": sql.LevelReadCommitted,
	"REPEATABLE_READ": sql.LevelRepeatableRead, "SERIALIZABLE": sql.LevelSerializable,
}

func checkMapping(list string) error {
	for rule := range strings.SplitSeq(list, ",") {
		tables, columns, ok := cutLast(strings.TrimSpace(rule), ":")
		if _, err := property.CompileJava(tables); err != nil || !ok || tables == "" || strings.Trim(columns, "[]") == "" {
			return fmt.Errorf("be rules such as orders.*:id or orders.*:[updated|created] with commas between them; %q is none", rule)
		}
	}
	return nil
}

func mapping(list []string) (rules []ColumnsFor) {
	for _, rule := range list {
		tables, columns, _ := cutLast(rule, ":")
		if re, err := property.CompileJava(tables); err == nil {
			rules = append(rules, ColumnsFor{Tables: re.String(), Columns: strings.Split(strings.Trim(columns, "[]"), "|")})
		}
	}
	return rules
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
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
