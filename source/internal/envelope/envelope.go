// Package envelope has what the change events of all sources share: Debezium's
// envelope, the headers that say where a record comes from, and the names of
// topics.
package envelope

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/tailrace-io/tailrace"
)

// Version is what the source block says of who made the event.
const Version = "0.1.0"

// The places of the envelope's fields.
const (
	Before = iota
	After
	Source
	Transaction
	Op
	Millis
	Micros
	Nanos
	Fields // how many there are
)

// Marks are the values of the source block's field snapshot.
const Marks = "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental"

// MarkSchema is the schema of the source block's field snapshot.
func MarkSchema() *tailrace.Schema {
	return tailrace.Semantic(tailrace.EnumName).Optional().Parameter("allowed", Marks).Default(tailrace.String("false")).MustBuild()
}

// TransactionSchema is the schema of the envelope's field transaction.
func TransactionSchema() *tailrace.Schema {
	return tailrace.NewSchema(tailrace.TypeStruct).Name("event.block").Version(1).Optional().
		Field("id", tailrace.StringSchema).
		Field("total_order", tailrace.Int64Schema).
		Field("data_collection_order", tailrace.Int64Schema).
		MustBuild()
}

// Schema is the schema of the changes of a table.
func Schema(name string, row, source *tailrace.Schema) (*tailrace.Schema, error) {
	return tailrace.NewSchema(tailrace.TypeStruct).Name(name).Version(2).
		Field("before", row).
		Field("after", row).
		Field("source", source).
		Field("transaction", TransactionSchema()).
		Field("op", tailrace.StringSchema).
		Field("ts_ms", tailrace.OptionalInt64Schema).
		Field("ts_us", tailrace.OptionalInt64Schema).
		Field("ts_ns", tailrace.OptionalInt64Schema).
		Build()
}

// ContextHeaders say of a record where it comes from. Nothing can be appended
// to the slice in place.
func ContextHeaders(connector, logicalName string) []tailrace.Header {
	header := func(name, value string) tailrace.Header {
		return tailrace.Header{Key: "__debezium.context." + name, Schema: tailrace.StringSchema, Value: tailrace.String(value)}
	}
	headers := []tailrace.Header{
		header("connectorLogicalName", logicalName),
		header("taskId", "0"),
		header("connectorName", connector),
		header("runId", newRunID(time.Now())),
	}
	return headers[:len(headers):len(headers)]
}

// newRunID is a UUID of version 7: a moment and random bits.
func newRunID(now time.Time) string {
	var b [16]byte
	rand.Read(b[:])
	random := binary.BigEndian.Uint16(b[6:])
	binary.BigEndian.PutUint64(b[:], uint64(now.UnixMilli())<<16|7<<12|uint64(random&0xfff))
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// NotInTopic says that the name of a topic cannot have the letter.
func NotInTopic(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '_' && r != '-'
}

// TopicName replaces what a topic's name cannot have, as Debezium does: each of
// Java's characters by an underscore.
func TopicName(name string) string {
	var out strings.Builder
	for _, r := range name {
		switch {
		case !NotInTopic(r):
			out.WriteRune(r)
		case utf16.RuneLen(r) == 2:
			out.WriteString("__")
		default:
			out.WriteByte('_')
		}
	}
	return out.String()
}
