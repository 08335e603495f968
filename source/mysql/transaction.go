package mysql

import (
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

// transaction counts the changes of the transaction that is being read, and
// tells of its beginning and its end.
type transaction struct {
	topic  string
	id     tailrace.Value // null outside of a transaction
	total  int64
	tables []tableCount // in the order of their first change
	at     map[tableID]int
}

// tableCount is how many changes of a table there were.
type tableCount struct {
	name  string
	count int64
}

// The schemas of what is told of transactions.
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
)

// newTransaction is nil where nothing is to be told of transactions.
func newTransaction(s *Source) *transaction {
	if !s.TransactionMetadata {
		return nil
	}
	return &transaction{topic: topicName(s.TopicPrefix + s.TopicDelimiter + s.TransactionTopic), at: map[tableID]int{}}
}

// next counts a change and gives its place in the transaction; null outside of
// one.
func (t *transaction) next(slab *tailrace.Slab, id tableID) tailrace.Value {
	if t.id.IsNull() {
		return tailrace.Value{}
	}
	at, ok := t.at[id]
	if !ok {
		at = len(t.tables)
		t.at[id] = at
		t.tables = append(t.tables, tableCount{name: id.String()})
	}
	t.total++
	t.tables[at].count++
	block := slab.Values(3)
	block[0], block[1], block[2] = t.id, tailrace.Int64(t.total), tailrace.Int64(t.tables[at].count)
	return tailrace.StructOf(block)
}

// forget is the end of what is being counted.
func (t *transaction) forget() {
	t.id, t.total, t.tables = tailrace.Value{}, 0, t.tables[:0]
	clear(t.at)
}

// restore goes on counting where an earlier stream was, within a transaction.
func (t *transaction) restore(counts []tableCount) {
	for _, c := range counts {
		db, name, _ := strings.Cut(c.name, ".")
		t.at[tableID{db, name}] = len(t.tables)
		t.tables = append(t.tables, c)
		t.total += c.count
	}
}

// tellBegin adds the record of a transaction's beginning, if there is to be one
// and an earlier stream has not given it already.
func (s *stream) tellBegin(w *writer, ev *binlog.Event) {
	t := w.transaction
	if t == nil {
		return
	}
	t.forget()
	if t.id = w.source[sourceGTID]; t.id.IsNull() {
		t.id = tailrace.String(fmt.Sprintf("file=%s,pos=%d", ev.File, s.pos.Pos))
	} else {
		t.id = tailrace.String(strings.Clone(t.id.Text())) // it outlives the batch
	}
	if s.resuming {
		t.restore(s.skip.counts)
		return
	}
	w.tell("BEGIN", tailrace.Value{}, tailrace.Value{}, s.eventMillis(ev))
}

// tellEnd adds the record of a transaction's end.
func (s *stream) tellEnd(w *writer, ev *binlog.Event) {
	t := w.transaction
	if t == nil || t.id.IsNull() {
		return
	}
	w.begin()
	elems := w.slab.Values(len(t.tables))
	for i, c := range t.tables {
		fields := w.slab.Values(2)
		fields[0], fields[1] = tailrace.String(c.name), tailrace.Int64(c.count)
		elems[i] = tailrace.StructOf(fields)
	}
	w.tell("END", tailrace.Int64(t.total), tailrace.Array(elems), s.eventMillis(ev))
	t.forget()
}

// eventMillis is when an event of the log happened.
func (s *stream) eventMillis(ev *binlog.Event) int64 {
	if s.commit != 0 {
		return floorDiv(s.commit, 1000)
	}
	return int64(ev.Time) * 1000
}

// tell adds a record to the topic of transactions.
func (w *writer) tell(status string, count, tables tailrace.Value, millis int64) {
	w.begin()
	t := w.transaction
	key, value := w.slab.Values(1), w.slab.Values(5)
	key[0] = t.id
	value[0], value[1], value[2], value[3], value[4] = tailrace.String(status), t.id, count, tables, tailrace.Int64(millis)
	w.records = append(w.records, tailrace.Record{Topic: t.topic, KeySchema: transactionKeySchema, Key: tailrace.StructOf(key),
		ValueSchema: transactionSchema, Value: tailrace.StructOf(value)})
}
