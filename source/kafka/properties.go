package kafka

import (
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/kafkawire"
)

// Properties is the table of the Java consumer's properties. Connect has them
// under "consumer.override." in a connector's configuration and under
// "consumer." in a worker's.
func Properties() property.Table {
	return slices.Concat(kafkawire.ConnectionProperties(), readingProperties(), ignoredProperties())
}

// TopicProperties is the table of those by which Connect's sink connectors name
// their topics.
func TopicProperties() property.Table {
	return property.Table{
		{Key: "name", Doc: "The name of the connector; its group is connect- and the name."},
		{Key: "topics", Type: property.List, Doc: "The names of the topics."},
		{Key: "topics.regex", Doc: "A regular expression that the whole names of the topics match, in the place of topics."},
	}
}

func readingProperties() property.Table {
	return property.Table{
		{Key: "group.id", Doc: "The consumer group; without it connect- and the connector's name."},
		{Key: "auto.offset.reset", Type: property.Enum, Default: "earliest", Values: []string{"earliest", "latest"}, Later: []string{"none"},
			Doc: "Where partitions begin of which no offset is known. An offset that is there no longer is an error, and never a reason to begin elsewhere."},
		{Key: "isolation.level", Type: property.Enum, Default: "read_committed", Values: []string{"read_committed", "read_uncommitted"},
			Doc: "Whether to leave out records of transactions that were aborted or are not decided. The Java consumer's default is read_uncommitted."},
		{Key: "fetch.max.bytes", Type: property.Int, Default: "8388608", Check: property.AtLeast(1), Doc: "How much is fetched from a broker at once at most. The Java consumer's default is 52428800."},
		{Key: "max.partition.fetch.bytes", Type: property.Int, Default: "1048576", Check: property.AtLeast(1), Doc: "How much of it is of one partition at most."},
		{Key: "fetch.max.wait.ms", Type: property.Millis, Default: "500", Check: property.AtLeast(1), Doc: "How long a broker waits for a first record."},
		{Key: "session.timeout.ms", Type: property.Millis, Default: "45000", Check: property.AtLeast(1), Doc: "After what silence the group takes a member's partitions away."},
		{Key: "heartbeat.interval.ms", Type: property.Millis, Default: "3000", Check: property.AtLeast(1), Doc: "How often a member speaks; it must be less than session.timeout.ms."},
		{Key: "rebalance.timeout.ms", Type: property.Millis, Default: "60000", Check: property.AtLeast(1), Doc: "How long the members have to come together when the group changes."},
		{Key: "request.timeout.ms", Type: property.Millis, Default: "15000", Check: property.AtLeast(1), Doc: "How long a broker may take to answer. The Java consumer's default is 30000."},
		{Key: "socket.connection.setup.timeout.ms", Type: property.Millis, Default: "10000", Check: property.AtLeast(1), Doc: "How long connecting may take, encryption and authentication included."},
		{Key: "metadata.max.age.ms", Type: property.Millis, Check: property.AtLeast(1), Doc: "After what time topics and partitions are looked up anew; 5 minutes without it, or 10 seconds with topics.regex."},
	}
}

func ignoredProperties() (t property.Table) {
	add := func(why string, keys ...string) {
		for _, k := range keys {
			t = append(t, property.Property{Key: k, Ignored: why, Doc: why})
		}
	}
	add("records come as soon as they are there, in batches as they are fetched", "fetch.min.bytes", "max.poll.records")
	add("a member lives for as long as its engine", "max.poll.interval.ms")
	add("offsets are committed when records are written", "enable.auto.commit", "auto.commit.interval.ms")
	add("partitions are spread in ranges", "partition.assignment.strategy", "group.protocol", "group.remote.assignor")
	add("the sums of batches are always checked", "check.crcs")
	add("no topic is made by reading it", "allow.auto.create.topics")
	add("topics of the brokers' own match no expression", "exclude.internal.topics")
	add("members are told apart by the brokers", "group.instance.id", "client.rack")
	add("converters read the bytes", "key.deserializer", "value.deserializer")
	add(kafkawire.GoOS, "client.dns.lookup", "send.buffer.bytes", "receive.buffer.bytes", "reconnect.backoff.ms", "reconnect.backoff.max.ms", "retry.backoff.ms", "retry.backoff.max.ms",
		"connections.max.idle.ms", "socket.connection.setup.timeout.max.ms", "metadata.recovery.strategy", "metadata.recovery.rebootstrap.trigger.ms", "default.api.timeout.ms")
	add(kafkawire.NoJava, "metric.reporters", "metrics.*", "enable.metrics.push", "security.providers", "interceptor.classes", "auto.include.jmx.reporter")
	return t
}

// FromProperties reads the source that the configuration of a Connect worker and
// a sink connector describes: the topics, the consumer's properties under
// "consumer.override.", then "consumer.", and without a prefix those that tell
// how to connect. What is wrong is left in p.
func FromProperties(p *property.Set) Source {
	own := p.Sub("").Use(TopicProperties())
	r := kafkawire.Properties{
		Own:  p.Sub("consumer.override.").Else("consumer.").Use(Properties()),
		Flat: p.Sub("").Use(kafkawire.ConnectionProperties()), Common: kafkawire.ConnectionProperties(),
	}
	to := r.Settings()
	s := Source{
		Brokers: to.Brokers, TLS: to.TLS, SASL: to.SASL, ClientID: to.ClientID,
		Topics:            own.List("topics"),
		Await:             true, // as Connect's consumers do
		Group:             r.Own.String("group.id"),
		Uncommitted:       r.Own.Enum("isolation.level") == "read_uncommitted",
		MaxBytes:          r.Own.Int("fetch.max.bytes"),
		MaxPartitionBytes: r.Own.Int("max.partition.fetch.bytes"),
		MaxWait:           r.Millis("fetch.max.wait.ms"),
		SessionTimeout:    r.Millis("session.timeout.ms"),
		HeartbeatInterval: r.Millis("heartbeat.interval.ms"),
		RebalanceTimeout:  r.Millis("rebalance.timeout.ms"),
		RequestTimeout:    r.Millis("request.timeout.ms"),
		ConnectTimeout:    r.Millis("socket.connection.setup.timeout.ms"),
		MetadataMaxAge:    r.Millis("metadata.max.age.ms"),
	}
	if s.Group == "" {
		s.Group = "connect-" + own.String("name")
	}
	if r.Own.Enum("auto.offset.reset") == "latest" {
		s.Start = Latest
	}
	text := own.String("topics.regex")
	switch {
	case text == "" && len(s.Topics) == 0:
		own.Errorf("topics", "is required and missing, as is topics.regex: the topics to read")
	case text != "" && len(s.Topics) > 0:
		own.Errorf("topics.regex", "is set along with topics: take one of them")
	case text != "":
		re, err := property.CompileJava(strings.TrimSpace(text), property.Anchored)
		if err != nil {
			own.Errorf("topics.regex", "%w", err)
		}
		s.TopicsRegexp = re
	}
	if s.HeartbeatInterval >= s.SessionTimeout {
		r.Own.Errorf("heartbeat.interval.ms", "must be less than session.timeout.ms")
	}
	return s
}
