package mysql_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/mysql"
	"github.com/tailrace-io/tailrace/source/signal"
)

func TestPropertiesNameDebeziumsConverters(t *testing.T) {
	p := property.New(with(map[string]string{
		"converters": "flags, numbers, old",
		"flags.type": "io.debezium.connector.mysql.converters.TinyIntOneToBooleanConverter", "flags.selector": "shop.a, shop.b",
		"numbers.type": "io.debezium.connector.binlog.converters.JdbcSinkDataTypesConverter", "numbers.selector.real": ".*price", "numbers.treat.real.as.double": "false",
		"numbers.selector.boolean": "shop.flag", "old.type": "io.debezium.connector.binlog.converters.TinyIntOneToBooleanConverter", "old.length.checker": "false",
	}))
	src := mysql.FromProperties(p, nil).(mysql.Source)
	require.NoError(t, p.Err())
	assert.Equal(t, []mysql.Conversion{
		{Columns: []string{"shop.a", "shop.b"}, To: mysql.ConvertFlag},
		{Columns: []string{"shop.flag"}, To: mysql.ConvertInt16}, {Columns: []string{".*price"}, To: mysql.ConvertFloat32},
		{To: mysql.ConvertFlag, AnyWidth: true},
	}, src.Conversions)
}

func TestAConverterOfOnesOwnIsRefusedByItsName(t *testing.T) {
	p := property.New(with(map[string]string{"converters": "mine", "mine.type": "com.example.MyConverter", "mine.anything": "1"}))
	mysql.FromProperties(p, nil)
	assert.ErrorContains(t, p.Err(), "mine.type: com.example.MyConverter: no such converter; there are TinyIntOneToBooleanConverter and JdbcSinkDataTypesConverter")
}

func TestAColumnThatCannotBeConvertedIsRefused(t *testing.T) {
	server := testserver.MySQL(t)
	db := server.Database(t)
	server.Exec(t, "CREATE TABLE "+db+".t (id INT PRIMARY KEY, d DATE)")
	src := over(server, db)
	src.Conversions = []mysql.Conversion{{Columns: []string{`.*\.d`}, To: mysql.ConvertFloat64}}
	_, err := src.Open(soon(t), nil)
	assert.ErrorContains(t, err, "column d: a date cannot be converted to float64: leave the column out of Conversions")
}

// A key whose values are converted no longer tells rows apart, which an
// incremental snapshot has to.
func TestIncrementalSnapshotsLoseNoRowOfATableWhoseKeyIsConverted(t *testing.T) {
	server := testserver.MySQL(t)
	db := server.Database(t)
	server.Exec(t, "USE "+db, "CREATE TABLE t (id TINYINT(1) PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)")
	src := over(server, db)
	var told notes
	var q signal.Queue
	src.Signals, src.Notify, src.ChunkRows, src.Conversions = []signal.Channel{&q}, told.add, 2, []mysql.Conversion{{To: mysql.ConvertFlag}}
	r := open(t, src, tip(t, src)...)
	q.Snapshot(signal.Snapshot{Tables: []string{db + ".t"}})
	records, _ := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	assert.Equal(t, []string{"{id: true, v: 1}", "{id: true, v: 2}", "{id: true, v: 3}", "{id: true, v: 4}", "{id: true, v: 5}"}, reads(records, "t"))
}
