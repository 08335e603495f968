package postgres_test

import (
	"testing"

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
		"lsn.flush.mode": "connector", "heartbeat.interval.ms": "0",
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
