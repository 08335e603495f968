package postgres

import (
	"strconv"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
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
	sourceSchema
	sourceTable
	sourceXID
	sourceLSN
	sourceXmin
	sourceOrigin
	sourceOriginLSN
	sourceFields
)

// newSourceSchema is the schema of the connector's source block.
func newSourceSchema() *tailrace.Schema {
	return tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.postgresql.Source").Version(1).
		Field("version", tailrace.StringSchema).
		Field("connector", tailrace.StringSchema).
		Field("name", tailrace.StringSchema).
		Field("ts_ms", tailrace.Int64Schema).
		Field("snapshot", envelope.MarkSchema()).
		Field("db", tailrace.StringSchema).
		Field("sequence", tailrace.OptionalStringSchema).
		Field("ts_us", tailrace.OptionalInt64Schema).
		Field("ts_ns", tailrace.OptionalInt64Schema).
		Field("schema", tailrace.StringSchema).
		Field("table", tailrace.StringSchema).
		Field("txId", tailrace.OptionalInt64Schema).
		Field("lsn", tailrace.OptionalInt64Schema).
		Field("xmin", tailrace.OptionalInt64Schema).
		Field("origin", tailrace.OptionalStringSchema).
		Field("origin_lsn", tailrace.OptionalInt64Schema).
		MustBuild()
}

// writer makes records and gathers them into a batch. What is the same for all
// records of a run or a transaction is made once and copied.
type writer struct {
	*memory // of the batch that is under way
	used    chan *memory

	source  [sourceFields]tailrace.Value
	headers []tailrace.Header

	// The moment of processing, which is that of the batch's first record.
	millis, micros, nanos tailrace.Value

	newest int64 // when the newest of the batch's changes was committed, in microseconds since 1970-01-01; 0 for unknown

	first    pgoutput.LSN // where the transaction begins that was placed last
	sequence []byte       // how the field sequence begins for it

	noTombstones bool

	transactions string // the topic of what is told of transactions; "" where nothing is
	transaction  envelope.TransactionCount
}

func newWriter(s *Source) *writer {
	w := &writer{noTombstones: s.NoTombstones, used: make(chan *memory, usedMemories)}
	w.memory = w.newMemory()
	if s.TransactionMetadata {
		w.transactions = s.topic(s.TransactionTopic)
	}
	w.source[sourceVersion] = tailrace.String(envelope.Version)
	w.source[sourceConnector] = tailrace.String("postgresql")
	w.source[sourceName] = tailrace.String(s.TopicPrefix)
	w.source[sourceDB] = tailrace.String(s.Database)
	w.source[sourceSnapshot] = markFalse
	if !s.NoContextHeaders {
		w.headers = envelope.ContextHeaders("postgresql", s.TopicPrefix)
	}
	return w
}

// stamp sets when the changes that follow were committed.
func (w *writer) stamp(micros int64) {
	millis := micros / 1000
	if micros%1000 < 0 {
		millis--
	}
	w.source[sourceMillis] = tailrace.Int64(millis)
	w.source[sourceMicros] = tailrace.Int64(micros)
	w.source[sourceNanos] = tailrace.Int64(micros * 1000)
	w.newest = max(w.newest, micros)
}

// place sets where in the log the changes that follow are. first is where their
// transaction begins; 0 for none.
func (w *writer) place(first, lsn pgoutput.LSN) {
	if len(w.sequence) == 0 || first != w.first {
		w.first, w.sequence = first, append(w.sequence[:0], "[null"...)
		if first != 0 {
			w.sequence = append(strconv.AppendUint(append(w.sequence[:1], '"'), uint64(first), 10), '"')
		}
		w.sequence = append(w.sequence, `,"`...)
	}
	var buf [64]byte
	b := append(strconv.AppendUint(append(buf[:0], w.sequence...), uint64(lsn), 10), `"]`...)
	w.source[sourceSequence] = w.slab.CopyString(b)
	w.source[sourceLSN] = tailrace.Int64(int64(lsn))
}

// begin makes room for a batch, if there is none under way.
func (w *writer) begin() {
	if len(w.records) == 0 {
		now := time.Now()
		w.millis, w.micros, w.nanos = tailrace.Int64(now.UnixMilli()), tailrace.Int64(now.UnixMicro()), tailrace.Int64(now.UnixNano())
	}
}

// size is how many bytes the batch holds on to.
func (w *writer) size() int { return w.slab.Size() + len(w.records)*recordSize }

// full says whether the batch has as much as one may have.
func (w *writer) full(s *Source) bool {
	return len(w.records) >= s.BatchRows || w.size() >= batchBytes
}

// batchBytes is small: what is on its way are some eight batches, and the collector
// lets their memory become twice as much. More in one gains nothing.
const batchBytes = 1 << 20

const recordSize = 160 // of a tailrace.Record, about

// batch gives what was gathered and begins anew, with other memory.
func (w *writer) batch(offsets ...tailrace.Offset) tailrace.Batch {
	b := tailrace.Batch{Records: w.records, Offsets: offsets, Size: w.size()}
	if w.newest != 0 {
		b.Time, w.newest = time.UnixMicro(w.newest), 0
	}
	if len(w.records) == 0 { // of what was cut nothing came
		w.slab.Reset()
		return b
	}
	b.Release = w.release
	select {
	case w.memory = <-w.used:
	default:
		w.memory = w.newMemory()
	}
	return b
}

// The operations as values.
var (
	opRead     = tailrace.String(string(tailrace.OpRead))
	opCreate   = tailrace.String(string(tailrace.OpCreate))
	opUpdate   = tailrace.String(string(tailrace.OpUpdate))
	opDelete   = tailrace.String(string(tailrace.OpDelete))
	opTruncate = tailrace.String(string(tailrace.OpTruncate))
	opMessage  = tailrace.String(string(tailrace.OpMessage))
)

// The marks of the source block's field snapshot.
var (
	markTrue        = tailrace.String("true")
	markFirst       = tailrace.String("first")
	markFirstInData = tailrace.String("first_in_data_collection")
	markLastInData  = tailrace.String("last_in_data_collection")
	markLast        = tailrace.String("last")
	markFalse       = tailrace.String("false")
)

// block makes the source block of one record, or of several that share it.
func (w *writer) block() []tailrace.Value {
	return w.slab.CopyValues(w.source[:])
}

// add adds the record of a change. before and after are null or the row.
func (w *writer) add(t *table, op, key, before, after tailrace.Value, block []tailrace.Value, headers []tailrace.Header) {
	values := w.slab.RawValues(envelope.Fields)
	values[envelope.Before], values[envelope.After] = before, after
	values[envelope.Source] = tailrace.StructOf(block)
	values[envelope.Transaction] = w.transaction.Next(&w.slab, t.fullName)
	values[envelope.Op] = op
	values[envelope.Millis], values[envelope.Micros], values[envelope.Nanos] = w.millis, w.micros, w.nanos
	r := w.next()
	r.Topic, r.ValueSchema, r.Value, r.Headers = t.topic, t.schema, tailrace.StructOf(values), headers
	if r.KeySchema, r.Key = t.keySchema, key; key.IsNull() { // it is of a truncate, and of a table without a key
		r.KeySchema = nil
	}
}

// tombstone adds the record that follows a delete, also where the table has no
// key.
func (w *writer) tombstone(t *table, key tailrace.Value, headers []tailrace.Header) {
	if !w.noTombstones {
		w.records = append(w.records, tailrace.Record{Topic: t.topic, KeySchema: t.keySchema, Key: key, Headers: headers})
	}
}

// messages are the schemas of logical messages.
type messages struct {
	topic      string
	key, value *tailrace.Schema
	content    func(slab *tailrace.Slab, content []byte) tailrace.Value
}

func newMessages(s *Source, sourceSchema *tailrace.Schema) *messages {
	contentSchema := tailrace.OptionalStringSchema
	if s.Binaries == BinaryBytes {
		contentSchema = tailrace.OptionalBytesSchema
	}
	message := tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.postgresql.Message").Version(1).
		Field("prefix", tailrace.OptionalStringSchema).
		Field("content", contentSchema).
		MustBuild()
	return &messages{
		topic:   envelope.TopicName(s.TopicPrefix + ".message"), // whatever the delimiter is
		content: binaryForm(s.Binaries),
		key: tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.postgresql.MessageKey").Version(1).
			Field("prefix", tailrace.OptionalStringSchema).MustBuild(),
		value: tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.postgresql.MessageValue").Version(1).
			Field("op", tailrace.StringSchema).
			Field("ts_ms", tailrace.OptionalInt64Schema).
			Field("source", sourceSchema).
			Field("transaction", envelope.TransactionSchema()).
			Field("message", message).
			MustBuild(),
	}
}

// inMessages is what a transaction's end calls the logical messages among its
// tables.
const inMessages = "message"

// message adds the record of a logical message.
func (w *writer) message(m *messages, transactional bool, prefix, content []byte) {
	p := w.slab.CopyString(prefix)
	fields := w.slab.Values(2 + 1 + 5)
	body, key, value := fields[:2:2], fields[2:3:3], fields[3:]
	body[0], body[1] = p, m.content(&w.slab, content)
	key[0] = p
	value[0], value[1], value[2], value[4] = opMessage, w.millis, tailrace.StructOf(w.block()), tailrace.StructOf(body)
	if transactional {
		value[3] = w.transaction.Next(&w.slab, inMessages)
	}
	w.records = append(w.records, tailrace.Record{Topic: m.topic, KeySchema: m.key, Key: tailrace.StructOf(key),
		ValueSchema: m.value, Value: tailrace.StructOf(value)})
}
