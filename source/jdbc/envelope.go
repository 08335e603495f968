package jdbc

import (
	"time"

	"github.com/tailrace-io/tailrace"
)

// version is what the source block of an envelope says of this source.
const version = "0.1.0"

// The fields of the source block.
const (
	sourceVersion = iota
	sourceConnector
	sourceName
	sourceTime
	sourceSnapshot
	sourceDatabase
	sourceSchema
	sourceTable
	sourceFields
)

// The fields of the envelope.
const (
	envelopeBefore = iota
	envelopeAfter
	envelopeSource
	envelopeOp
	envelopeTime
	envelopeFields
)

// envelopeSchema is the schema of Debezium's envelope around the rows of a
// table.
func envelopeSchema(topic string, row *tailrace.Schema) (*tailrace.Schema, error) {
	source := tailrace.NewSchema(tailrace.TypeStruct).Name("io.tailrace.connector.jdbc.Source").
		Field("version", tailrace.StringSchema).
		Field("connector", tailrace.StringSchema).
		Field("name", tailrace.StringSchema).
		Field("ts_ms", tailrace.Int64Schema).
		Field("snapshot", tailrace.OptionalStringSchema).
		Field("db", tailrace.StringSchema).
		Field("schema", tailrace.OptionalStringSchema).
		Field("table", tailrace.StringSchema).
		MustBuild()
	return tailrace.NewSchema(tailrace.TypeStruct).Name(topic+".Envelope").Version(2).
		Field("before", row).
		Field("after", row).
		Field("source", source).
		Field("op", tailrace.StringSchema).
		Field("ts_ms", tailrace.OptionalInt64Schema).
		Build()
}

// wrap puts a row into an envelope, or nothing where the row is gone.
func (r *reader) wrap(slab *tailrace.Slab, t *table, row tailrace.Value, op tailrace.Op, happened time.Time) tailrace.Value {
	now := time.Now()
	if happened.IsZero() {
		happened = now
	}
	source := slab.Values(sourceFields)
	source[sourceVersion], source[sourceConnector] = tailrace.String(version), tailrace.String("jdbc")
	source[sourceName], source[sourceTime] = tailrace.String(r.TopicPrefix), tailrace.Int64(happened.UnixMilli())
	source[sourceSnapshot], source[sourceDatabase] = tailrace.String("false"), tailrace.String(t.Catalog)
	if t.Schema != "" {
		source[sourceSchema] = tailrace.String(t.Schema)
	}
	source[sourceTable] = tailrace.String(t.Name)
	envelope := slab.Values(envelopeFields)
	envelope[envelopeAfter], envelope[envelopeSource] = row, tailrace.StructOf(source)
	envelope[envelopeOp], envelope[envelopeTime] = tailrace.String(string(op)), tailrace.Int64(now.UnixMilli())
	return tailrace.StructOf(envelope)
}

// op is what an envelope says of a row that was read: a create where the mode
// sees inserts alone, and otherwise a read, for it may be new or changed.
func (r *reader) op() tailrace.Op {
	if r.Mode == Incrementing {
		return tailrace.OpCreate
	}
	return tailrace.OpRead
}
