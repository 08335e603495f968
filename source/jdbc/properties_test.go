package jdbc_test

import (
	"database/sql"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/jdbc/sqlite"
)

func parse(config map[string]string) (jdbc.Source, *property.Set) {
	p := property.New(config)
	return jdbc.FromProperties(p, sqlite.Dialect{}), p
}

func TestTheTableOfPropertiesIsSound(t *testing.T) {
	require.NoError(t, jdbc.Properties().Verify())
}

// The configuration that tutorials show.
func TestTheConfigurationOfATutorialIsTaken(t *testing.T) {
	s, p := parse(map[string]string{
		"connection.url":             "jdbc:sqlite:test.db",
		"mode":                       "incrementing",
		"incrementing.column.name":   "id",
		"topic.prefix":               "test-sqlite-jdbc-",
		"query.retry.attempts":       "3",
		"connection.attempts":        "5",
		"transaction.isolation.mode": "DEFAULT",
		"table.poll.interval.ms":     "60000",
	})
	require.NoError(t, p.Err())
	assert.Equal(t, jdbc.Source{
		URL: "jdbc:sqlite:test.db", Dialect: sqlite.Dialect{}, Mode: jdbc.Incrementing, IncrementingColumn: "id",
		TopicPrefix: "test-sqlite-jdbc-", BatchRows: 1000, PollInterval: 5 * time.Second, Location: time.UTC, TableTypes: []string{"TABLE"},
		Granularity: jdbc.Logical, TablePoll: time.Minute, DeletesInterval: time.Minute, Readers: 1,
	}, s)
	assert.Len(t, p.Notes(), 2)
}

func TestEveryPropertyThatIsSupportedReachesTheSource(t *testing.T) {
	s, p := parse(map[string]string{
		"connection.url": "shop.db", "connection.user": "u", "connection.password": " p ", "dialect.name": "SqliteDatabaseDialect",
		"mode": "timestamp+incrementing", "timestamp.column.name": "updated, created", "validate.non.null": "false", "timestamp.initial": "1500",
		"timestamp.delay.interval.ms": "250", "db.timezone": "Europe/Berlin", "numeric.mapping": "best_fit",
		"table.include.list": "main\\.o.*, x", "table.exclude.list": "main\\.old", "table.types": "table,view",
		"poll.interval.ms": "100", "batch.max.rows": "7", "table.poll.interval.ms": "200", "timestamp.granularity": "NANOS_long",
		"incrementing.column.mapping": "main\\.orders:id, .*:number", "schema.pattern": "s%", "catalog.pattern": "c", "query.suffix": "LIMIT 7",
		"transaction.isolation.mode": "serializable", "tailrace.keys": "true", "quote.sql.identifiers": "NEVER",
	})
	require.NoError(t, p.Err())
	assert.Equal(t, " p ", s.Password)
	assert.Equal(t, []string{"updated", "created"}, s.TimestampColumns)
	assert.True(t, s.AllowNull)
	assert.Equal(t, time.UnixMilli(1500), s.StartAt)
	assert.Equal(t, 250*time.Millisecond, s.Delay)
	assert.Equal(t, "Europe/Berlin", s.Location.String())
	assert.Equal(t, jdbc.NumericBestFit, s.Numeric)
	assert.Equal(t, []string{"TABLE", "VIEW"}, s.TableTypes)
	assert.Regexp(t, regexp.MustCompile(s.Include[0]), "main.orders")
	assert.Equal(t, 100*time.Millisecond, s.PollInterval)
	assert.Equal(t, 7, s.BatchRows)
	assert.Equal(t, 200*time.Millisecond, s.TablePoll)
	assert.Equal(t, jdbc.NanosLong, s.Granularity)
	assert.Equal(t, []jdbc.ColumnsFor{{Tables: `main\.orders`, Columns: []string{"id"}}, {Tables: ".*", Columns: []string{"number"}}}, s.IncrementingFor)
	assert.Equal(t, []string{"c", "s%", "LIMIT 7"}, []string{s.Catalog, s.Schema, s.QuerySuffix})
	assert.Equal(t, sql.LevelSerializable, s.Isolation)
	assert.True(t, s.Keys)

	s, p = parse(map[string]string{"connection.url": "shop.db", "mode": "timestamp", "topic.prefix": "t", "query.masked": "SELECT 'x' ",
		"timestamp.column.name": "a"})
	require.NoError(t, p.Err())
	assert.Equal(t, "SELECT 'x'", s.Query)
	s, p = parse(map[string]string{"connection.url": "shop.db", "mode": "timestamp", "timestamp.columns.mapping": "a:[b|c],d:e"})
	require.NoError(t, p.Err())
	assert.Equal(t, []jdbc.ColumnsFor{{Tables: "a", Columns: []string{"b", "c"}}, {Tables: "d", Columns: []string{"e"}}}, s.TimestampsFor)

	s, p = parse(map[string]string{"connection.url": "shop.db", "mode": "bulk", "timestamp.initial": "-1", "numeric.precision.mapping": "true", "poll.interval.ms": "0"})
	require.NoError(t, p.Err())
	assert.True(t, s.StartNow)
	assert.Equal(t, jdbc.NumericPrecisionOnly, s.Numeric)
	assert.Less(t, s.PollInterval, time.Millisecond)
}

func TestWhatIsWrongWithPropertiesIsSaidAtOnce(t *testing.T) {
	_, p := parse(map[string]string{
		"connection.url": "jdbc:sqlit:x", "mode": "timestamp", "query": "SELECT 1", "timestamp.granularity": "pico",
		"quote.sql.identifiers": "sometimes", "incrementing.column.mapping": "id", "transaction.isolation.mode": "SQL_SERVER_SNAPSHOT", "topic.prefix": "a b", "db.timezone": "Mars", "table.include.list": "a(?=b)", "table.blacklist": "x",
		"batch.max.rows": "0", "incrementing.colum.name": "id", "schema.pattern": "s",
	})
	for _, part := range []string{
		"connection.url: names the database sqlit, for which there is no dialect; did you mean Sqlite?", "timestamp.column.name", "is empty: mode timestamp needs it", "incrementing.column.mapping", "transaction.isolation.mode",
		"query: Query (query) takes the place of tables", "timestamp.granularity", "quote.sql.identifiers", "topic.prefix", "db.timezone", "table.include.list",
		"batch.max.rows", "incrementing.column.name",
	} {
		assert.ErrorContains(t, p.Err(), part)
	}
	_, p = parse(map[string]string{})
	assert.ErrorContains(t, p.Err(), "connection.url: is required")
	assert.ErrorContains(t, p.Err(), "mode: is required")
}
