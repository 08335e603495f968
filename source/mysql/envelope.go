package mysql

import (
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
)

// The places of the source block's fields.
const (
	sourceVersion = iota
	sourceConnector
	sourceName
	sourceMillis
	sourceSnapshot
	sourceDB
	sourceSequence
	sourceMicros
	sourceNanos
	sourceTable
	sourceServerID
	sourceGTID
	sourceFile
	sourcePos
	sourceRow
	sourceThread
	sourceQuery
	sourceFields
)

// newSourceSchema is the schema of the connector's source block.
func newSourceSchema(f Flavor) *tailrace.Schema {
	return tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector."+string(f)+".Source").Version(1).
		Field("version", tailrace.StringSchema).
		Field("connector", tailrace.StringSchema).
		Field("name", tailrace.StringSchema).
		Field("ts_ms", tailrace.Int64Schema).
		Field("snapshot", envelope.MarkSchema()).
		Field("db", tailrace.StringSchema).
		Field("sequence", tailrace.OptionalStringSchema).
		Field("ts_us", tailrace.OptionalInt64Schema).
		Field("ts_ns", tailrace.OptionalInt64Schema).
		Field("table", tailrace.OptionalStringSchema).
		Field("server_id", tailrace.Int64Schema).
		Field("gtid", tailrace.OptionalStringSchema).
		Field("file", tailrace.StringSchema).
		Field("pos", tailrace.Int64Schema).
		Field("row", tailrace.Int32Schema).
		Field("thread", tailrace.OptionalInt64Schema).
		Field("query", tailrace.OptionalStringSchema).
		MustBuild()
}

// writer makes records and gathers them into a batch. What is the same for all
// records of a run, a transaction or an event is made once and copied.
type writer struct {
	slab    tailrace.Slab
	records []tailrace.Record
	last    int // how many records the batch before had

	source  [sourceFields]tailrace.Value
	headers []tailrace.Header

	// The moment of processing, which is that of the batch's first record.
	millis, micros, nanos tailrace.Value

	// When the changes that follow took effect, and when the newest of the batch
	// did: microseconds since 1970-01-01.
	happened, newest int64

	noTombstones bool

	transactions string // the topic of what is told of transactions; "" where nothing is
	transaction  envelope.TransactionCount
}

func newWriter(s *Source) *writer {
	w := &writer{noTombstones: s.NoTombstones}
	if s.TransactionMetadata {
		w.transactions = envelope.TopicName(s.TopicPrefix + s.TopicDelimiter + s.TransactionTopic)
	}
	w.source[sourceVersion] = tailrace.String(envelope.Version)
	w.source[sourceConnector] = tailrace.String(string(s.Flavor))
	w.source[sourceName] = tailrace.String(s.TopicPrefix)
	w.source[sourceServerID] = tailrace.Int64(0)
	w.source[sourceRow] = tailrace.Int32(0)
	w.source[sourceSnapshot] = tailrace.String("false")
	if !s.NoContextHeaders {
		w.headers = envelope.ContextHeaders(string(s.Flavor), s.TopicPrefix)
	}
	return w
}

// stamp sets when the changes that follow took effect.
func (w *writer) stamp(micros int64) {
	w.happened = micros
	w.source[sourceMillis] = tailrace.Int64(floorDiv(micros, 1000))
	w.source[sourceMicros] = tailrace.Int64(micros)
	w.source[sourceNanos] = tailrace.Int64(micros * 1000)
}

// place sets where in the log the changes that follow are.
func (w *writer) place(file tailrace.Value, pos uint64) {
	w.source[sourceFile], w.source[sourcePos] = file, tailrace.Int64(int64(pos))
}

// begin makes room for a batch, if there is none under way.
func (w *writer) begin() {
	if w.records == nil {
		now := time.Now()
		w.millis, w.micros, w.nanos = tailrace.Int64(now.UnixMilli()), tailrace.Int64(now.UnixMicro()), tailrace.Int64(now.UnixNano())
		w.records = make([]tailrace.Record, 0, w.last+4)
	}
}

// size is how many bytes the batch holds on to.
func (w *writer) size() int {
	return w.slab.Size() + len(w.records)*recordSize
}

// full says whether the batch has as much as one may have.
func (w *writer) full(s *Source) bool {
	return len(w.records) >= s.BatchRows || w.size() >= batchBytes
}

const batchBytes = 256 << 10

const recordSize = 160 // of a tailrace.Record, about

// batch gives what was gathered and begins anew, with another slab: a chunk of
// values that two batches shared would keep the first alive as long as the
// second, and so one after the other for ever.
func (w *writer) batch(offsets ...tailrace.Offset) tailrace.Batch {
	b := tailrace.Batch{Records: w.records, Offsets: offsets, Size: w.size()}
	if w.newest != 0 {
		b.Time = time.UnixMicro(w.newest)
	}
	w.last, w.records, w.newest, w.slab = len(w.records), nil, 0, tailrace.Slab{}
	return b
}

// The operations as values.
var (
	opRead     = tailrace.String(string(tailrace.OpRead))
	opCreate   = tailrace.String(string(tailrace.OpCreate))
	opUpdate   = tailrace.String(string(tailrace.OpUpdate))
	opDelete   = tailrace.String(string(tailrace.OpDelete))
	opTruncate = tailrace.String(string(tailrace.OpTruncate))
)

// block makes the source block of one record, or of several that share it.
func (w *writer) block() []tailrace.Value {
	block := w.slab.Values(sourceFields)
	copy(block, w.source[:])
	return block
}

// add adds the record of a change. before and after are null or the row.
func (w *writer) add(t *table, op, key, before, after tailrace.Value, block []tailrace.Value, headers []tailrace.Header) {
	values := w.slab.Values(envelope.Fields)
	values[envelope.Before], values[envelope.After] = before, after
	values[envelope.Source] = tailrace.StructOf(block)
	values[envelope.Transaction] = w.transaction.Next(&w.slab, t.fullName)
	values[envelope.Op] = op
	values[envelope.Millis], values[envelope.Micros], values[envelope.Nanos] = w.millis, w.micros, w.nanos
	r := tailrace.Record{Topic: t.topic, ValueSchema: t.schema, Value: tailrace.StructOf(values), Headers: headers}
	if !key.IsNull() { // it is of a truncate, and of a table without a key
		r.KeySchema, r.Key = t.keySchema, key
	}
	w.records = append(w.records, r)
	w.newest = max(w.newest, w.happened)
}

// tombstone adds the record that follows a delete, also where the table has no
// key.
func (w *writer) tombstone(t *table, key tailrace.Value, headers []tailrace.Header) {
	if !w.noTombstones {
		w.records = append(w.records, tailrace.Record{Topic: t.topic, KeySchema: t.keySchema, Key: key, Headers: headers})
	}
}
