package postgres_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/source/postgres"
)

func TestTheTableOfPropertiesIsConsistent(t *testing.T) {
	require.NoError(t, postgres.Properties().Verify())
}

func TestPropertiesMakeTheSourceThatTheyDescribe(t *testing.T) {
	p := property.New(map[string]string{
		"topic.prefix": "srv", "database.hostname": "db", "database.user": "u", "database.password": "p", "database.dbname": "shop",
		"plugin.name": "pgoutput", "slot.name": "s1", "publication.autocreate.mode": "filtered", "table.include.list": "public.orders, public\\.a.*",
		"decimal.handling.mode": "string", "snapshot.mode": "no_data", "skipped.operations": "none", "money.fraction.digits": "0",
		"lsn.flush.mode": "connector", "heartbeat.interval.ms": "0", "poll.interval.ms": "500",
	})
	src := postgres.FromProperties(p).(postgres.Source)
	require.NoError(t, p.Err())
	assert.Equal(t, "db:5432", src.Addr)
	assert.Equal(t, "shop", src.Database)
	assert.Equal(t, "s1", src.Slot)
	assert.Equal(t, postgres.PublicationFiltered, src.Autocreate)
	assert.Equal(t, []string{"public.orders", `public\.a.*`}, src.Tables.Include)
	assert.Equal(t, postgres.DecimalString, src.Decimals)
	assert.Equal(t, postgres.SnapshotNoData, src.Snapshot)
	assert.Equal(t, -1, src.MoneyScale)
	assert.Empty(t, src.Skip)
	assert.NotNil(t, src.Skip)
	assert.Len(t, p.Notes(), 1)
}

func TestWhatIsNotSupportedYetIsSaid(t *testing.T) {
	p := property.New(map[string]string{
		"topic.prefix": "srv", "database.hostname": "db", "database.user": "u", "database.dbname": "shop",
		"converters": "mine", "slot.nam": "x", "time.precision.mode": "structured",
	})
	postgres.FromProperties(p)
	err := p.Err()
	assert.ErrorContains(t, err, "converters: is not supported yet: custom converters")
	assert.ErrorContains(t, err, "slot.nam: no such property")
	assert.ErrorContains(t, err, "time.precision.mode")
}

func TestPropertiesOfTheLogAndOfTopicsMakeTheSourceThatTheyDescribe(t *testing.T) {
	with := func(more map[string]string) *property.Set {
		config := map[string]string{"topic.prefix": "srv", "database.hostname": "db", "database.user": "u", "database.dbname": "shop"}
		maps.Copy(config, more)
		return property.New(config)
	}
	p := with(map[string]string{
		"lsn.flush.mode": "manual", "status.update.interval.ms": "2000", "xmin.fetch.interval.ms": "3000", "snapshot.delay.ms": "4000", "streaming.delay.ms": "5000",
		"database.initial.statements": "SET a = 'x;;y'; ;SELECT 1;", "guardrail.collections.max": "7", "guardrail.collections.limit.action": "fail",
		"topic.naming.strategy": "io.debezium.schema.SchemaRegexTopicNamingStrategy", "topic.regex": "(.*)_1", "topic.replacement": "$1", "topic.key.field.name": "which",
	})
	src := postgres.FromProperties(p).(postgres.Source)
	require.NoError(t, p.Err())
	assert.True(t, src.HoldSlot)
	assert.Equal(t, []time.Duration{2 * time.Second, 3 * time.Second, 4 * time.Second, 5 * time.Second},
		[]time.Duration{src.StatusInterval, src.XminInterval, src.SnapshotDelay, src.StreamingDelay})
	assert.Equal(t, []string{"SET a = 'x;y'", "SELECT 1"}, src.InitialStatements)
	assert.Equal(t, 7, src.MaxTables)
	assert.False(t, src.MaxTablesWarns)
	assert.Equal(t, &postgres.TopicNaming{Regex: "(.*)_1", Replacement: "$1", KeyField: "which"}, src.TopicNaming)

	p = with(map[string]string{"flush.lsn.source": "false", "topic.naming.strategy": "io.debezium.schema.SchemaUnicodeTopicNamingStrategy", "topic.regex": "x"})
	src = postgres.FromProperties(p).(postgres.Source)
	require.NoError(t, p.Err())
	assert.True(t, src.HoldSlot)
	assert.Equal(t, &postgres.TopicNaming{Unicode: true}, src.TopicNaming)
	assert.Len(t, p.Notes(), 1)

	p = with(map[string]string{"topic.naming.strategy": "io.debezium.schema.SchemaRegexTopicNamingStrategy", "topic.key.field.regex": "x"})
	postgres.FromProperties(p)
	assert.ErrorContains(t, p.Err(), "needs topic.regex and topic.replacement")
}
