package kafka

import (
	"slices"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/kafkawire"
	"github.com/tailrace-io/tailrace/source/kafka"
	"github.com/tailrace-io/tailrace/source/signal"
)

// FromProperties makes the channel that the properties of one of Debezium's
// connectors describe, signal.kafka.* and signal.consumer.*; nil where their
// signal.enabled.channels has no kafka. The set has to use those properties
// already.
func FromProperties(p *property.Set) signal.Channel {
	if !slices.Contains(p.List("signal.enabled.channels"), "kafka") {
		return nil
	}
	servers := property.Table{{Key: "bootstrap.servers", Type: property.List, Doc: "Some of the cluster's brokers, as host:port."}}
	r := kafkawire.Properties{
		Own:  p.Root().Sub("signal.consumer.").Use(kafkawire.ConnectionProperties()),
		Flat: p.Root().Sub("signal.kafka.").Use(servers), Common: servers,
	}
	to := r.Settings()
	c := Channel{Source: kafka.Source{Brokers: to.Brokers, TLS: to.TLS, SASL: to.SASL, ClientID: to.ClientID}, Key: p.String("topic.prefix")}
	topic := p.String("signal.kafka.topic")
	if topic == "" {
		topic = c.Key + "-signal"
	}
	c.Source.Topics = []string{topic}
	return c
}
