package envelope

import (
	"github.com/tailrace-io/tailrace"
)

// The schemas of what is told of transactions and of heartbeats.
var (
	transactionKeySchema = tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.common.TransactionMetadataKey").Version(1).
				Field("id", tailrace.StringSchema).MustBuild()
	transactionSchema = tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.common.TransactionMetadataValue").Version(1).
				Field("status", tailrace.StringSchema).
				Field("id", tailrace.StringSchema).
				Field("event_count", tailrace.OptionalInt64Schema).
				Field("data_collections", tailrace.NewSchema(tailrace.TypeArray).Optional().
					Elem(tailrace.NewSchema(tailrace.TypeStruct).Name("event.collection").Version(1).Optional().
						Field("data_collection", tailrace.StringSchema).
						Field("event_count", tailrace.Int64Schema).MustBuild()).MustBuild()).
				Field("ts_ms", tailrace.Int64Schema).MustBuild()

	heartbeatKeySchema = tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.common.ServerNameKey").Version(1).
				Field("serverName", tailrace.StringSchema).MustBuild()
	heartbeatSchema = tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.common.Heartbeat").Version(1).
			Field("ts_ms", tailrace.Int64Schema).MustBuild()
)

// TransactionCount counts the changes of the transaction that is being read.
type TransactionCount struct {
	id     string // "" outside of a transaction
	total  int64
	tables []TableCount // in the order of their first change
	at     map[string]int
}

// TableCount is how many changes of a table there were.
type TableCount struct {
	Name  string
	Count int64
}

// Begin begins a transaction; with the id "" what follows is in none.
func (t *TransactionCount) Begin(id string) {
	t.id, t.total, t.tables = id, 0, t.tables[:0]
	if t.at == nil {
		t.at = map[string]int{}
	}
	clear(t.at)
}

// In says whether there is a transaction.
func (t *TransactionCount) In() bool { return t.id != "" }

// ID is the transaction's name; "" outside of one.
func (t *TransactionCount) ID() string { return t.id }

// Counts are those of the transaction's tables so far, in the order of their
// first change. They are good until the next change is counted.
func (t *TransactionCount) Counts() []TableCount { return t.tables }

// Restore goes on counting where an earlier stream was, within the transaction
// that was begun.
func (t *TransactionCount) Restore(counts []TableCount) {
	for _, c := range counts {
		t.at[c.Name] = len(t.tables)
		t.tables = append(t.tables, c)
		t.total += c.Count
	}
}

// Next counts a change of a table and gives its block transaction; null outside
// of a transaction.
func (t *TransactionCount) Next(slab *tailrace.Slab, table string) tailrace.Value {
	if t.id == "" {
		return tailrace.Value{}
	}
	at, ok := t.at[table]
	if !ok {
		at = len(t.tables)
		t.at[table] = at
		t.tables = append(t.tables, TableCount{Name: table})
	}
	t.total++
	t.tables[at].Count++
	block := slab.Values(3)
	block[0], block[1], block[2] = tailrace.String(t.id), tailrace.Int64(t.total), tailrace.Int64(t.tables[at].Count)
	return tailrace.StructOf(block)
}

// Began is the record of the transaction's beginning.
func (t *TransactionCount) Began(slab *tailrace.Slab, topic string, millis int64) tailrace.Record {
	return t.told(slab, topic, "BEGIN", tailrace.Value{}, tailrace.Value{}, millis)
}

// Ended is the record of the transaction's end, which names the tables in the
// order of their first change.
func (t *TransactionCount) Ended(slab *tailrace.Slab, topic string, millis int64) tailrace.Record {
	elems := slab.Values(len(t.tables))
	for i, c := range t.tables {
		fields := slab.Values(2)
		fields[0], fields[1] = tailrace.String(c.Name), tailrace.Int64(c.Count)
		elems[i] = tailrace.StructOf(fields)
	}
	return t.told(slab, topic, "END", tailrace.Int64(t.total), tailrace.Array(elems), millis)
}

func (t *TransactionCount) told(slab *tailrace.Slab, topic, status string, count, tables tailrace.Value, millis int64) tailrace.Record {
	id := tailrace.String(t.id)
	key, value := slab.Values(1), slab.Values(5)
	key[0] = id
	value[0], value[1], value[2], value[3], value[4] = tailrace.String(status), id, count, tables, tailrace.Int64(millis)
	return tailrace.Record{Topic: topic, KeySchema: transactionKeySchema, Key: tailrace.StructOf(key),
		ValueSchema: transactionSchema, Value: tailrace.StructOf(value)}
}

// Heartbeat is the record of one.
func Heartbeat(slab *tailrace.Slab, topic, server string, millis tailrace.Value) tailrace.Record {
	key, value := slab.Values(1), slab.Values(1)
	key[0], value[0] = tailrace.String(server), millis
	return tailrace.Record{Topic: topic, KeySchema: heartbeatKeySchema, Key: tailrace.StructOf(key),
		ValueSchema: heartbeatSchema, Value: tailrace.StructOf(value)}
}
