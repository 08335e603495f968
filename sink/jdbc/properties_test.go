package jdbc_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/sink/jdbc/mysql"
	"github.com/tailrace-io/tailrace/sink/jdbc/postgres"
	"github.com/tailrace-io/tailrace/sink/jdbc/sqlite"
)

var dialects = []jdbc.Dialect{sqlite.Dialect{}, postgres.Dialect{}, mysql.Dialect{}, mysql.Dialect{MariaDB: true}}

func TestThePropertyTablesAreSound(t *testing.T) {
	require.NoError(t, jdbc.Properties().Verify())
	require.NoError(t, jdbc.DebeziumProperties().Verify())
}

func TestConfluentsPropertiesAreRead(t *testing.T) {
	p := property.New(map[string]string{
		"connection.url": "jdbc:mysql://db:3307/shop?rewriteBatchedStatements=true", "connection.user": "u", "connection.password": "p",
		"insert.mode": "upsert", "pk.mode": "record_key", "pk.fields": "id, tenant", "delete.enabled": "true", "fields.whitelist": "a,b",
		"timestamp.fields.list": "at", "timestamp.precision.mode": "nanoseconds", "table.name.format": "kafka_${topic}", "auto.create": "true", "auto.evolve": "true", "quote.sql.identifiers": "never",
		"db.timezone": "Europe/Berlin", "batch.size": "100", "max.retries": "3", "exactly.once.table": "offsets",
	})
	s := jdbc.FromProperties(p, dialects...)
	require.NoError(t, p.Err())
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	assert.Equal(t, jdbc.Sink{
		URL: "jdbc:mysql://db:3307/shop?rewriteBatchedStatements=true", User: "u", Password: "p", Dialect: mysql.Dialect{},
		InsertMode: jdbc.InsertUpsert, PKMode: jdbc.KeyRecordKey, PKFields: []string{"id", "tenant"}, Deletes: true, Fields: []string{"a", "b"},
		TimestampFields: []string{"at"}, NanoTimestamps: true, StringColumn: "record_value",
		TableFormat: "kafka_${topic}", QualifiedTopics: true, AutoCreate: true, AutoEvolve: true, Unquoted: true, NullDefaults: true,
		Location: berlin, BatchRows: 100, OffsetTable: "offsets", Connections: 1,
	}, s)
	assert.Empty(t, p.Notes())
}

func TestDebeziumsPropertiesAreRead(t *testing.T) {
	p := property.New(map[string]string{
		"connection.url": "jdbc:postgresql://localhost/shop", "connection.username": "u", "connection.password": "p",
		"insert.mode": "upsert", "primary.key.mode": "record_key", "delete.enabled": "true", "truncate.enabled": "true",
		"schema.evolution": "basic", "collection.name.format": "${source.table}", "hibernate.c3p0.idle_test_period": "300",
		"field.exclude.list": "secret, orders:note", "write.connections": "4",
	})
	s := jdbc.FromDebeziumProperties(p, dialects...)
	require.NoError(t, p.Err())
	assert.Equal(t, jdbc.Sink{
		URL: "jdbc:postgresql://localhost/shop", User: "u", Password: "p", Dialect: postgres.Dialect{},
		InsertMode: jdbc.InsertUpsert, PKMode: jdbc.KeyRecordKey, Deletes: true, Truncates: true, TableFormat: "${source.table}",
		AutoCreate: true, AutoEvolve: true, Unquoted: true, Location: time.UTC, BatchRows: 500, Connections: 4,
		PKFields: s.PKFields, Fields: s.Fields, ExceptFields: []string{"secret", "orders:note"},
	}, s)
	assert.Empty(t, s.PKFields)
}

func TestTheTasksOfAConnectorAreConnections(t *testing.T) {
	for _, c := range []struct {
		config map[string]string
		want   int
	}{
		{map[string]string{"insert.mode": "upsert", "tasks.max": "3"}, 3},
		{map[string]string{"insert.mode": "update", "tasks.max": "3", "write.connections": "2"}, 2},
		{map[string]string{"insert.mode": "insert", "tasks.max": "3"}, 1}, // whose order is that of all rows
		{map[string]string{"insert.mode": "upsert", "tasks.max": "3", "exactly.once.table": "offsets"}, 1},
		{map[string]string{"insert.mode": "upsert"}, 1},
	} {
		c.config["connection.url"], c.config["pk.mode"] = "jdbc:sqlite:x", "record_key"
		p := property.New(c.config)
		s := jdbc.FromProperties(p, dialects...)
		require.NoError(t, p.Err())
		assert.Equal(t, c.want, s.Connections, c.config)
		assert.Equal(t, c.want, s.Tasks(), c.config)
	}
}

func TestTheNamingStrategiesThatDebeziumShipsAreTaken(t *testing.T) {
	for _, c := range []struct {
		key, value, says string
		qualified        bool
	}{
		{"collection.naming.strategy", "io.debezium.sink.naming.DefaultCollectionNamingStrategy", "", false},
		{"collection.naming.strategy", "io.debezium.sink.naming.PassthroughCollectionNamingStrategy", "", true},
		{"table.naming.strategy", "io.debezium.connector.jdbc.naming.DefaultTableNamingStrategy", "", false},
		{"column.naming.strategy", "io.debezium.connector.jdbc.naming.DefaultColumnNamingStrategy", "", false},
		{"column.naming.strategy", "io.debezium.sink.naming.DefaultColumnNamingStrategy", "", false},
		{"collection.naming.strategy", "com.example.OurNames", "PassthroughCollectionNamingStrategy", false},
		{"column.naming.strategy", "com.example.OurNames", "DefaultColumnNamingStrategy", false},
	} {
		p := property.New(map[string]string{"connection.url": "jdbc:sqlite:x", c.key: c.value})
		s := jdbc.FromDebeziumProperties(p, dialects...)
		assert.Equal(t, c.qualified, s.QualifiedTopics)
		if c.says == "" {
			require.NoError(t, p.Err())
			continue
		}
		assert.ErrorContains(t, p.Err(), c.key)
		assert.ErrorContains(t, p.Err(), c.says)
	}
}

func TestPropertiesThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		config map[string]string
		says   string
	}{
		{map[string]string{}, "connection.url: is required"},
		{map[string]string{"connection.url": "jdbc:oracle:thin:@x"}, "oracle"},
		{map[string]string{"connection.url": "jdbc:sqlite:x", "insert.mode": "upsert"}, "pk.mode: has to be set"},
		{map[string]string{"connection.url": "jdbc:sqlite:x", "insert.mode": "merge"}, "insert.mode"},
		{map[string]string{"connection.url": "jdbc:sqlite:x", "table.name.format": "${tabel}"}, "${tabel}"},
		{map[string]string{"connection.url": "jdbc:sqlite:x", "pk.mod": "none"}, "pk.mode"},
		{map[string]string{"connection.url": "jdbc:sqlite:x", "db.timezone": "Mars"}, "time zone"},
		{map[string]string{"connection.url": "jdbc:sqlite:x", "timestamp.precision.mode": "millis"}, "timestamp.precision.mode"},
		{map[string]string{"connection.url": "jdbc:sqlite:x", "string.output.value.column.name": ""}, "must be a column's name"},
		{map[string]string{"connection.url": "jdbc:sqlite:x", "write.connections": "2", "exactly.once.table": "o"}, "has to be 1"},
	} {
		p := property.New(c.config)
		jdbc.FromProperties(p, dialects...)
		assert.ErrorContains(t, p.Err(), c.says)
	}
}

// Each form of URL opens, and what is wrong with one does not show its password.
func TestURLs(t *testing.T) {
	for url, dialect := range map[string]jdbc.Dialect{
		"jdbc:mysql://db/shop?user=u&password=p&useSSL=false":       mysql.Dialect{},
		"jdbc:mariadb://db:3307/shop":                               mysql.Dialect{MariaDB: true},
		"mysql://u:p@db/shop":                                       mysql.Dialect{},
		"u:p@tcp(db:3306)/shop?parseTime=true":                      mysql.Dialect{},
		"jdbc:postgresql://db/shop?user=u&currentSchema=x&ssl=true": postgres.Dialect{},
		"jdbc:postgresql:shop":                                      postgres.Dialect{},
		"host=db user=u dbname=shop":                                postgres.Dialect{},
		"postgres://u:p@db/shop?sslmode=disable":                    postgres.Dialect{},
		"jdbc:sqlite:/tmp/a b.db?busy_timeout=100":                  sqlite.Dialect{},
		"relative.db": sqlite.Dialect{},
	} {
		db, err := dialect.Open(url, "", "")
		if assert.NoError(t, err, url) {
			require.NoError(t, db.Close())
		}
	}
	for url, dialect := range map[string]jdbc.Dialect{
		"jdbc:mysql://u:hunter2@db/shop?wrong=1":             mysql.Dialect{},
		"u:hunter2@wrong(db/shop":                            mysql.Dialect{},
		"jdbc:mysql://u:hunter2@a,b/shop":                    mysql.Dialect{},
		"jdbc:postgresql://db/shop?password=hunter2&wrong=1": postgres.Dialect{},
		"postgres://u:hunter2@db:port/shop":                  postgres.Dialect{},
		"mysql://u:hunter2@db/shop":                          postgres.Dialect{},
		"jdbc:postgresql://u:hunter2@db/shop":                sqlite.Dialect{},
		"":                                                   sqlite.Dialect{},
	} {
		_, err := dialect.Open(url, "", "")
		if assert.Error(t, err, url) {
			assert.NotContains(t, err.Error(), "hunter2")
		}
	}
}

func FuzzURLs(f *testing.F) {
	for _, url := range []string{"jdbc:mysql://u:p@db/shop?a=b", "u:p@tcp(db)/x", "jdbc:postgresql:shop", "jdbc:sqlite:a?b", "postgres://%zz"} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		for _, d := range dialects {
			if db, err := d.Open(url, "", ""); err == nil {
				_ = db.Close()
			}
		}
	})
}
