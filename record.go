package tailrace

import "time"

// Record is one message on its way from a source to a sink: what Kafka Connect
// calls a source record or a sink record. It is a plain value that lives in a
// []Record; it carries no closures, channels or contexts.
//
// Between a source and the converters Key and Value are typed and described by
// their schemas. Behind the converters both are Bytes (or Null) without a
// schema: what goes over the wire.
type Record struct {
	// Topic names the stream that the record belongs to, as Kafka spells it.
	Topic string

	// Partition is the partition of Topic. Unset, the sink chooses, by key.
	Partition Null[int32]

	// Offset is the record's place in its partition. Only sources that read a
	// numbered log, such as Kafka, set it.
	Offset Null[int64]

	// KeySchema describes Key; nil where Key is schemaless, or null.
	KeySchema *Schema
	Key       Value

	// ValueSchema describes Value; nil where Value is schemaless, or null. A
	// record with a key and a null Value without a schema is a tombstone.
	ValueSchema *Schema
	Value       Value

	Headers []Header

	// Time is the record's timestamp, with a resolution of a millisecond. The
	// zero Time leaves it to the sink.
	Time time.Time
}

// Header is a named value that travels beside a record. One name may occur
// more than once; the order counts.
type Header struct {
	Key    string
	Schema *Schema
	Value  Value
}

// IsTombstone says whether the record has a null value, which tells a compacted
// topic to forget the key.
func (r *Record) IsTombstone() bool { return r.Value.IsNull() }

// KeyStruct gives the key as a struct; its zero value when it is none.
func (r *Record) KeyStruct() Struct { return AsStruct(r.KeySchema, r.Key) }

// ValueStruct gives the value as a struct; its zero value when it is none.
func (r *Record) ValueStruct() Struct { return AsStruct(r.ValueSchema, r.Value) }

// Null is a T that may be absent, in the manner of database/sql's. The zero
// value is absent.
type Null[T any] struct {
	V     T
	Valid bool
}

// Some is a present Null.
func Some[T any](v T) Null[T] { return Null[T]{V: v, Valid: true} }

// Batch is what a source hands over at a time: records, and the offsets from
// which to resume once all of them are durable. A batch may hold no records and
// carry offsets alone, when the source moved on without a change of interest.
type Batch struct {
	Records []Record

	// Offsets has at most one element a source partition.
	Offsets []Offset

	// Size is about how many bytes of memory the batch holds on to. With 0 the
	// engine measures the records itself, which costs a walk over them.
	Size int

	// Time is when the newest change of the batch happened, by the source's
	// clock; zero where the source does not know. Lag is measured from it.
	Time time.Time

	// Release, where it is set, lets the source use the memory of the records and
	// of what they refer to for a later batch. Who has the batch calls it once,
	// when nothing refers to them any more, or leaves them to the collector.
	Release func()
}

// Offset says how far a source partition has been read. Both members are JSON
// objects in the form that Kafka Connect and Debezium keep them in, such as
// {"server":"inventory"} and {"file":"binlog.000003","pos":1547}: people can
// read them, and the offsets of a running connector can be brought along.
type Offset struct {
	Partition string `json:"partition"`
	Position  string `json:"position"`
}

// MergeOffsets gives the offsets of base with those of newer put over them, one
// a partition. The order of base is kept; partitions that it lacks come after.
// Neither argument is changed.
func MergeOffsets(base, newer []Offset) []Offset {
	out := make([]Offset, len(base), len(base)+len(newer))
	copy(out, base)
next:
	for _, o := range newer {
		for i := range out {
			if out[i].Partition == o.Partition {
				out[i].Position = o.Position
				continue next
			}
		}
		out = append(out, o)
	}
	return out
}
