package signal

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tailrace-io/tailrace"
)

// Notification tells how a snapshot is getting on, in Debezium's form.
type Notification struct {
	// ID is that of the signal that asked for the snapshot or, of an initial
	// snapshot, a random UUID.
	ID        string
	Aggregate Aggregate
	Status    Status

	// Data has more, by Debezium's names: connector_name, data_collections,
	// scanned_collection, total_rows_scanned, status …
	Data map[string]string
	Time time.Time
}

// Aggregate is what a notification is about.
type Aggregate string

const (
	InitialSnapshot     Aggregate = "Initial Snapshot"
	IncrementalSnapshot Aggregate = "Incremental Snapshot"

	// Rejected signals are told about where Debezium only writes to its log.
	Rejection Aggregate = "Signal"
)

// Status is what has come to pass.
type Status string

const (
	Started       Status = "STARTED"
	InProgress    Status = "IN_PROGRESS"
	TableComplete Status = "TABLE_SCAN_COMPLETED"
	Completed     Status = "COMPLETED"
	Aborted       Status = "ABORTED"
	Skipped       Status = "SKIPPED"
	Paused        Status = "PAUSED"
	Resumed       Status = "RESUMED"
	Rejected      Status = "REJECTED" // of a signal that cannot be followed; the datum reason says why
)

// TableStatus is the datum status of TableComplete.
type TableStatus string

const (
	TableEmpty    TableStatus = "EMPTY"
	TableNoKey    TableStatus = "NO_PRIMARY_KEY"
	TableSkipped  TableStatus = "SKIPPED"
	TableFailed   TableStatus = "SQL_EXCEPTION"
	TableRead     TableStatus = "SUCCEEDED"
	TableNotThere TableStatus = "UNKNOWN_SCHEMA"
)

var (
	notificationKeySchema = tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.common.NotificationKey").Version(1).
				Field("id", tailrace.StringSchema).MustBuild()
	notificationSchema = tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.common.Notification").Version(1).
				Field("id", tailrace.StringSchema).
				Field("type", tailrace.StringSchema).
				Field("aggregate_type", tailrace.StringSchema).
				Field("additional_data", tailrace.NewSchema(tailrace.TypeMap).Optional().Key(tailrace.StringSchema).Elem(tailrace.StringSchema).MustBuild()).
				Field("timestamp", tailrace.Int64Schema).MustBuild()
)

// Record is the notification as a record of a topic.
func (n *Notification) Record(topic string) tailrace.Record {
	entries := make([]tailrace.Value, 0, 2*len(n.Data))
	for _, name := range slices.Sorted(maps.Keys(n.Data)) {
		entries = append(entries, tailrace.String(name), tailrace.String(n.Data[name]))
	}
	value := []tailrace.Value{tailrace.String(n.ID), tailrace.String(string(n.Status)), tailrace.String(string(n.Aggregate)),
		tailrace.Map(entries), tailrace.Int64(n.Time.UnixMilli())}
	return tailrace.Record{Topic: topic,
		KeySchema: notificationKeySchema, Key: tailrace.StructOf([]tailrace.Value{tailrace.String(n.ID)}),
		ValueSchema: notificationSchema, Value: tailrace.StructOf(value)}
}

// NewID is a random UUID, as Debezium names what no signal has named.
func NewID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
