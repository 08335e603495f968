package mysql_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/source/mysql"
)

func TestPropertiesSayWhatBecomesOfEvents(t *testing.T) {
	p := property.New(with(map[string]string{
		"topic.delimiter": "_", "schema.name.adjustment.mode": "avro", "field.name.adjustment.mode": "avro_unicode",
		"provide.transaction.metadata": "true", "topic.transaction": "moves",
		"heartbeat.interval.ms": "5000", "topic.heartbeat.prefix": "beat", "heartbeat.action.query": "DO 1",
		"message.key.columns": `(.*)\.a:x, y; shop.b:z;`, "skip.messages.without.change": "true",
		"column.mask.with.0.chars": "shop.a.m", "column.truncate.to.7.chars": "shop.a.t",
		"column.mask.hash.SHA-256.with.salt.s.a": "shop.a.h", "column.mask.hash.v2.MD5.with.salt.": "shop.a.i",
		"column.propagate.source.type": "shop.*", "datatype.propagate.source.type": `.*\.INT`,
	}))
	src := mysql.FromProperties(p, nil).(mysql.Source)
	require.NoError(t, p.Err())
	none, seven := 0, 7
	assert.Equal(t, []mysql.Mask{
		{Columns: []string{"shop.a.t"}, Truncate: &seven}, {Columns: []string{"shop.a.m"}, Stars: &none},
		{Columns: []string{"shop.a.h"}, Hash: "SHA-256", Salt: "s.a"}, {Columns: []string{"shop.a.i"}, Hash: "MD5", Plain: true},
	}, src.Masks)
	assert.Equal(t, []mysql.KeyColumns{{Table: `(.*)\.a`, Columns: []string{"x", "y"}}, {Table: "shop.b", Columns: []string{"z"}}}, src.KeyColumns)
	assert.Equal(t, []any{"_", mysql.NameAvro, mysql.NameAvroUnicode, true, "moves", 5 * time.Second, "beat", "DO 1", true},
		[]any{src.TopicDelimiter, src.SchemaNames, src.FieldNames, src.TransactionMetadata, src.TransactionTopic, src.Heartbeat, src.HeartbeatPrefix, src.HeartbeatQuery, src.SkipUnchanged})
	assert.Equal(t, [][]string{{"shop.*"}, {`.*\.INT`}}, [][]string{src.SourceTypeColumns, src.SourceTypes})
}

func TestAMaskThatIsNoneIsAnErrorThatNamesItsProperty(t *testing.T) {
	p := property.New(with(map[string]string{
		"column.mask.with.many.chars": "a.b.c", "column.mask.hash.CRC32.with.salt.x": "a.b.c", "column.mask.hash.MD5": "a.b.c", "message.key.columns": "a.b",
	}))
	mysql.FromProperties(p, nil)
	var errs property.Errors
	require.ErrorAs(t, p.Err(), &errs)
	var keys []string
	for _, e := range errs {
		keys = append(keys, e.Key)
	}
	assert.Equal(t, []string{"column.mask.hash.CRC32.with.salt.x", "column.mask.hash.MD5", "column.mask.with.many.chars", "message.key.columns"}, keys)
}
