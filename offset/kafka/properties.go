package kafka

import (
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/kafkawire"
	sink "github.com/tailrace-io/tailrace/sink/kafka"
)

// Properties is the table of the store's properties, behind "offset.storage.".
func Properties() property.Table {
	return property.Table{
		{Key: "topic", Required: true, Doc: "The compacted topic that offsets are kept in. It is made where it is not there."},
		{Key: "partitions", Type: property.Int, Default: "25", Check: property.AtLeast(-1), Doc: "How many partitions a new topic has; -1 for the brokers' default."},
		{Key: "replication.factor", Type: property.Int, Default: "-1", Check: property.AtLeast(-1), Doc: "On how many brokers a new topic is kept; -1 for the brokers' default. Connect's default is 3."},
		{Key: "file.filename", Ignored: "the offsets are not kept in a file", Doc: "The file that offsets are kept in."},
	}
}

// FromProperties reads the store that the configuration of a Connect worker, or
// of Debezium's engine, describes: its own properties behind the prefix of p,
// those of the connection without one. What is wrong is left in p.
func FromProperties(p *property.Set) *Store {
	p.Use(Properties())
	flat := p.Root().Use(kafkawire.ConnectionProperties())
	r := kafkawire.Properties{Own: flat, Flat: flat, Common: kafkawire.ConnectionProperties()}
	to := r.Settings()
	return &Store{
		Brokers: to.Brokers, TLS: to.TLS, SASL: to.SASL, ClientID: to.ClientID,
		Topic:         p.String("topic"),
		TopicSettings: sink.TopicSettings{Partitions: p.Int("partitions"), ReplicationFactor: p.Int("replication.factor")},
	}
}
