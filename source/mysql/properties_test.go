package mysql_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/source/mysql"
)

func TestTheTableOfPropertiesIsSound(t *testing.T) {
	require.NoError(t, mysql.Properties().Verify())
}

func required() map[string]string {
	return map[string]string{"topic.prefix": "srv", "database.hostname": "db", "database.user": "cdc", "database.password": " secret "}
}

func with(more map[string]string) map[string]string {
	properties := required()
	for key, value := range more {
		properties[key] = value
	}
	return properties
}

func TestPropertiesBecomeASource(t *testing.T) {
	p := property.New(with(map[string]string{
		"database.port": "3307", "database.server.id": "4000000000", "database.ssl.mode": "REQUIRED", "connect.timeout.ms": "5000",
		"database.include.list": `shop, crm_\d+`, "table.exclude.list": `shop\.tmp.*`, "column.exclude.list": "shop.orders.note",
		"snapshot.mode": "no_data", "snapshot.locking.mode": "none", "decimal.handling.mode": "string", "time.precision.mode": "connect",
		"binary.handling.mode": "hex", "bigint.unsigned.handling.mode": "precise", "tombstones.on.delete": "false", "skipped.operations": "c,d",
		"include.query": "true", "extended.headers.enabled": "false", "max.batch.size": "100",
	}))
	src := mysql.FromProperties(p, nil)
	require.NoError(t, p.Err())
	assert.Equal(t, mysql.Source{
		Flavor: mysql.MySQL, Addr: "db:3307", User: "cdc", Password: " secret ", Encryption: mysql.EncryptionRequired, ConnectTimeout: 5 * time.Second,
		TopicPrefix: "srv", ServerID: 4000000000, Databases: mysql.Include("shop", `crm_\d+`), Tables: mysql.Exclude(`shop\.tmp.*`),
		Columns: mysql.Exclude("shop.orders.note"), Snapshot: mysql.SnapshotNoData, SnapshotLocking: mysql.LockNone, SnapshotLockTimeout: 10 * time.Second,
		Decimals: mysql.DecimalString, Times: mysql.TimeConnect, Binaries: mysql.BinaryHex, UnsignedBigints: mysql.UnsignedBigintPrecise,
		TopicDelimiter: ".", SchemaNames: mysql.NameAsIs, FieldNames: mysql.NameAsIs, TransactionTopic: "transaction", HeartbeatPrefix: "__debezium-heartbeat",
		NoTombstones: true, Skip: []tailrace.Op{"c", "d"}, IncludeQuery: true, NoContextHeaders: true, BatchRows: 100,
		SchemaHistory: new(offset.Memory), SchemaChanges: true, SchemaChangeScope: mysql.ScopeAll,
		SnapshotThreads: 1, ChunkRows: 1024, Watermarks: mysql.InsertInsert,
	}, src)
}

func TestPropertiesWithoutMeaningHereAreTakenAndSaid(t *testing.T) {
	p := property.New(with(map[string]string{"database.jdbc.driver": "x", "schema.history.internal.skip.unparseable.ddl": "true", "max.queue.size": "9", "include.schema.changes": "false"}))
	mysql.FromProperties(p, nil)
	require.NoError(t, p.Err())
	assert.Len(t, p.Notes(), 3)
}

func TestPropertiesThatAreNotSupportedYetAreErrorsUnlessTheyAskForNothing(t *testing.T) {
	p := property.New(with(map[string]string{
		"heartbeat.interval.ms": "0", "gtid.ignore.on.recovery": "true", "time.precision.mode": "structured",
		"snapshot.mode": "custom", "transaction.metadata.factory": "a.Factory",
	}))
	mysql.FromProperties(p, nil)
	var errs property.Errors
	require.ErrorAs(t, p.Err(), &errs)
	var keys []string
	for _, e := range errs {
		keys = append(keys, e.Key)
	}
	assert.Equal(t, []string{"gtid.ignore.on.recovery", "snapshot.mode", "time.precision.mode", "transaction.metadata.factory"}, keys)
}

func TestConfigurationsOfDebezium1AreTakenWithOneNoteAName(t *testing.T) {
	p := property.New(map[string]string{
		"database.hostname": "db", "database.user": "cdc", "database.server.name": "srv", "database.whitelist": "shop", "table.whitelist": `shop\.orders`,
		"database.history":                         "io.debezium.relational.history.KafkaDatabaseHistory",
		"database.history.kafka.bootstrap.servers": "kafka:9092", "database.history.kafka.topic": "history.srv",
		"database.serverTimezone": "UTC", "snapshot.mode": "schema_only",
	})
	src := mysql.FromProperties(p, mysql.Histories{"KafkaSchemaHistory": func(p *property.Set) mysql.History {
		assert.Equal(t, "history.srv", p.String("schema.history.internal.kafka.topic"))
		return mysql.History{}
	}}).(mysql.Source)
	require.NoError(t, p.Err())
	assert.Equal(t, "srv", src.TopicPrefix)
	assert.Equal(t, mysql.Include("shop"), src.Databases)
	assert.Equal(t, mysql.SnapshotNoData, src.Snapshot)
	notes := strings.Join(p.Notes(), "\n")
	for _, name := range []string{"database.server.name", "database.whitelist", "table.whitelist", "database.history", "database.history.kafka.bootstrap.servers",
		"database.history.kafka.topic", "database.serverTimezone"} {
		assert.Equal(t, 1, strings.Count("\n"+notes, "\n"+name+" "), "notes of %s in\n%s", name, notes)
	}
}

func TestIncludeAndExcludeTogetherAreAnError(t *testing.T) {
	p := property.New(with(map[string]string{"table.include.list": "a.b", "table.exclude.list": "a.c"}))
	mysql.FromProperties(p, nil)
	assert.ErrorContains(t, p.Err(), "table.exclude.list: cannot be set together with table.include.list")
}

func TestEveryDefaultIsThatOfASource(t *testing.T) {
	p := property.New(required())
	src := mysql.FromMariaDBProperties(p, nil).(mysql.Source)
	require.NoError(t, p.Err())
	assert.Equal(t, mysql.MariaDB, src.Flavor)
	assert.Equal(t, "db:3306", src.Addr)
	assert.Equal(t, []tailrace.Op{tailrace.OpTruncate}, src.Skip)
	assert.False(t, src.NoTombstones || src.NoContextHeaders || src.SystemTables || src.IncludeQuery)
}

func TestEveryPropertyIsNamedOnce(t *testing.T) {
	text, err := os.ReadFile("properties.go")
	require.NoError(t, err)
	for _, key := range regexp.MustCompile(`p\.(?:String|Int|Bool|Enum|Millis|List|Int64|Password)\("([^"]+)"\)`).FindAllStringSubmatch(string(text), -1) {
		assert.True(t, known(key[1]), "%s is read and not in the table", key[1])
	}
}

func known(key string) bool {
	for _, p := range mysql.Properties() {
		if p.Key == key {
			return true
		}
	}
	return false
}
