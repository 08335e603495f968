// Package converter turns typed keys and values into the bytes that go over the
// wire, and back, as Kafka Connect's converters do.
package converter

import "github.com/tailrace-io/tailrace"

// Converter turns typed data into bytes and back. It is fixed configuration
// with caches: any number of goroutines may use one.
type Converter interface {
	// Append appends the bytes of v, which schema describes, to dst, which is
	// not nil. The result is nil where v stands for no bytes at all, as a
	// tombstone does; otherwise it starts with dst, and is dst itself when v
	// has zero bytes. A nil schema says that v is schemaless. Append keeps
	// nothing of v.
	Append(dst []byte, topic string, schema *tailrace.Schema, v tailrace.Value) ([]byte, error)

	// Decode gives the data that the bytes stand for; nil bytes are null. The
	// value may refer to data, which must not change. Bytes that the format
	// does not allow are an error, never a panic.
	Decode(topic string, data []byte) (*tailrace.Schema, tailrace.Value, error)
}

// WithHeaders is a converter whose bytes depend on more than the data: on the
// headers of its record, too, from which an event of CloudEvents may have its
// attributes.
type WithHeaders interface {
	Converter

	// AppendWithHeaders is Append for the key or the value of a record that has
	// the headers. A header with a schema is typed; one without holds the bytes
	// that go over the wire. It keeps nothing of them.
	AppendWithHeaders(dst []byte, topic string, headers []tailrace.Header, schema *tailrace.Schema, v tailrace.Value) ([]byte, error)
}
