package kafka

import (
	"regexp"
	"slices"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/kafkawire"
)

// Why properties of the Java producer have no meaning here.
const (
	asGiven   = "the engine's batches are sent as they come, in batches as large as the topics take"
	inOrder   = "there is one request at a time for a partition, and what is tried again is written once"
	noWaiting = "nothing is buffered beyond the engine's queue"
)

// Properties is the table of the Java producer's properties. Connect has them
// under "producer.override." in a connector's configuration and under
// "producer." in a worker's.
func Properties() property.Table {
	return slices.Concat(kafkawire.ConnectionProperties(), sendingProperties(), ignoredProperties())
}

func sendingProperties() property.Table {
	return property.Table{
		{Key: "acks", Type: property.Enum, Default: "all", Values: []string{"all", "-1", "1", "0"}, Doc: "How many replicas have a record when it counts as written: all, whatever is asked for."},
		{Key: "compression.type", Type: property.Enum, Default: "none", Values: compressionNames[:], Doc: "How batches are compressed."},
		{Key: "max.request.size", Type: property.Int, Default: "16777216", Check: property.AtLeast(1), Doc: "The greatest size of a request, and of a record before compression, in bytes. The Java producer's default is 1048576."},
		{Key: "delivery.timeout.ms", Type: property.Millis, Default: "30000", Check: property.AtLeast(1), Doc: "For how long a write is tried again before the engine's own retries. The Java producer's default is 120000."},
		{Key: "request.timeout.ms", Type: property.Millis, Default: "15000", Check: property.AtLeast(1), Doc: "How long a broker may take to answer. The Java producer's default is 30000."},
		{Key: "socket.connection.setup.timeout.ms", Type: property.Millis, Default: "10000", Check: property.AtLeast(1), Doc: "How long connecting may take, encryption and authentication included."},
		{Key: "transaction.timeout.ms", Type: property.Millis, Default: "60000", Check: property.AtLeast(1), Doc: "After what time the brokers abort a transaction whose writer is silent; it must be longer than delivery.timeout.ms. It counts with exactly.once.support=required."},
		{Key: "metadata.max.age.ms", Type: property.Millis, Default: "300000", Check: property.AtLeast(1), Doc: "After what time the topics' partitions are looked up anew."},
	}
}

func ignoredProperties() (t property.Table) {
	add := func(why string, keys ...string) {
		for _, k := range keys {
			t = append(t, property.Property{Key: k, Ignored: why, Doc: why})
		}
	}
	add(asGiven, "batch.size", "linger.ms", "compression.gzip.level", "compression.lz4.level", "compression.zstd.level")
	add(noWaiting, "buffer.memory", "max.block.ms")
	add(inOrder, "enable.idempotence", "max.in.flight.requests.per.connection", "retries", "retry.backoff.ms", "retry.backoff.max.ms")
	add(kafkawire.GoOS, "client.dns.lookup", "send.buffer.bytes", "receive.buffer.bytes", "reconnect.backoff.ms", "reconnect.backoff.max.ms",
		"connections.max.idle.ms", "socket.connection.setup.timeout.max.ms", "metadata.max.idle.ms", "metadata.recovery.strategy", "metadata.recovery.rebootstrap.trigger.ms")
	add(kafkawire.NoJava, "metric.reporters", "metrics.*", "enable.metrics.push", "security.providers", "interceptor.classes", "auto.include.jmx.reporter")
	add("converters make the bytes", "key.serializer", "value.serializer")
	add("the partition goes by the key, as by the Java producer's default", "partitioner.class", "partitioner.adaptive.partitioning.enable", "partitioner.availability.timeout.ms")
	add("the transactional id is the engine's name behind a prefix", "transactional.id", "transaction.two.phase.commit.enable")
	t = append(t, property.Property{Key: "partitioner.ignore.keys", Type: property.Bool, Default: "false", Unsupported: "partitions that do not go by the key",
		Doc: "Partitions that do not go by the key."})
	return t
}

// TopicCreationProperties is the table of those by which Connect makes the
// topics of source connectors.
func TopicCreationProperties() property.Table {
	const name, defaults = "topic.creation.<group>.", "topic.creation.default."
	return property.Table{
		{Key: "topic.creation.enable", Type: property.Bool, Default: "true", Doc: "Whether missing topics are made, provided that topic.creation.default.partitions or .replication.factor is there. Otherwise they are left to the brokers."},
		{Key: "topic.creation.groups", Type: property.List, Doc: "The names of groups of topics that have settings of their own, in the order in which they are tried."},
		{Key: defaults + "partitions", Type: property.Int, Check: property.AtLeast(-1), Doc: "How many partitions a new topic has; -1 for the brokers' default."},
		{Key: defaults + "replication.factor", Type: property.Int, Check: property.AtLeast(-1), Doc: "On how many brokers a new topic is kept; -1 for the brokers' default."},
		{Key: name + "partitions", Type: property.Int, Check: property.AtLeast(-1), Doc: "The same for topics of a group."},
		{Key: name + "replication.factor", Type: property.Int, Check: property.AtLeast(-1), Doc: "The same for topics of a group."},
		{Key: name + "include", Type: property.List, Doc: "Regular expressions one of which must match the whole name of a group's topics."},
		{Key: name + "exclude", Type: property.List, Doc: "Regular expressions for topics to leave out of the group."},
		{Key: name + "*", Doc: "A property of new topics, such as cleanup.policy."},
	}
}

// ExactlyOnceProperties is the table of those by which Connect writes the changes
// of a source connector exactly once.
func ExactlyOnceProperties() property.Table {
	return property.Table{
		{Key: "exactly.once.support", Type: property.Enum, Default: "requested", Values: []string{"requested", "required"}, Doc: "With required, records and offsets are written in one transaction."},
		{Key: "offsets.storage.topic", Doc: "The topic that keeps the offsets of this connector; that of offset.storage.topic without it."},
		{Key: "offset.storage.topic", Doc: "The topic that keeps the offsets of a worker's connectors. It is made where it is not there."},
		{Key: "offset.storage.partitions", Type: property.Int, Default: "25", Check: property.AtLeast(-1), Doc: "How many partitions a new topic of offsets has; -1 for the brokers' default."},
		{Key: "offset.storage.replication.factor", Type: property.Int, Default: "-1", Check: property.AtLeast(-1), Doc: "On how many brokers a new topic of offsets is kept; -1 for the brokers' default. Connect's default is 3."},
	}
}

// ExactlyOnceFromProperties reads the sink of exactly.once.support=required, in
// which the source's offsets live beside its records.
func ExactlyOnceFromProperties(p *property.Set) ExactlyOnce {
	own := p.Sub("").Use(ExactlyOnceProperties())
	s := ExactlyOnce{
		Sink:         FromProperties(p),
		OffsetsTopic: own.String("offsets.storage.topic"),
		OffsetsTopicSettings: TopicSettings{
			Partitions: own.Int("offset.storage.partitions"), ReplicationFactor: own.Int("offset.storage.replication.factor"),
		},
		TransactionTimeout: clientProperties(p).Millis("transaction.timeout.ms"),
	}
	if s.OffsetsTopic == "" {
		s.OffsetsTopic = own.String("offset.storage.topic")
	}
	if s.OffsetsTopic == "" {
		own.Errorf("offsets.storage.topic", "is required and missing, as is offset.storage.topic: with exactly.once.support=required the offsets are kept in a topic")
	}
	if s.TransactionTimeout <= s.DeliveryTimeout {
		own.Errorf("exactly.once.support", "transaction.timeout.ms, %d, must be longer than delivery.timeout.ms, %d", s.TransactionTimeout.Milliseconds(), s.DeliveryTimeout.Milliseconds())
	}
	return s
}

// clientProperties are where the producer's properties stand.
func clientProperties(p *property.Set) kafkawire.Properties {
	r := kafkawire.Properties{Own: p.Sub("producer.override.").Else("producer.").Use(Properties()), Flat: p.Sub("")}
	r.Common = Properties()
	if p.Has("topics") || p.Has("topics.regex") {
		r.Common = kafkawire.ConnectionProperties()
	}
	r.Flat.Use(r.Common)
	return r
}

// FromProperties reads the sink that the configuration of a Connect worker and a
// connector describes, or a file of the Java producer: the producer's properties
// under "producer.override.", then "producer.", then without a prefix, and those
// of topic.creation. Of a sink connector, whose dead letters the sink is for,
// those without a prefix are taken that tell how to connect; the others are the
// connector's own. What is wrong is left in p.
func FromProperties(p *property.Set) Sink {
	r := clientProperties(p)
	to := r.Settings()
	s := Sink{
		Brokers:         to.Brokers,
		TLS:             to.TLS,
		SASL:            to.SASL,
		ClientID:        to.ClientID,
		MaxRequestBytes: r.Of("max.request.size").Int("max.request.size"),
		ConnectTimeout:  r.Millis("socket.connection.setup.timeout.ms"),
		RequestTimeout:  r.Millis("request.timeout.ms"),
		DeliveryTimeout: r.Millis("delivery.timeout.ms"),
		MetadataMaxAge:  r.Millis("metadata.max.age.ms"),
		TopicCreation:   topicCreation(p.Sub("").Use(TopicCreationProperties())),
	}
	s.Compression = Compression(max(slices.Index(compressionNames[:], r.Of("compression.type").Enum("compression.type")), 0))
	if at := r.Of("acks"); at.Enum("acks") != "all" && at.Enum("acks") != "-1" {
		at.Notef("acks", "has no effect: records count as written when all in-sync replicas have them")
	}
	return s
}

func topicCreation(p *property.Set) TopicCreation {
	const prefix = "topic.creation."
	settings := func(group string) (s TopicSettings) {
		key := prefix + group + "."
		s.Partitions, s.ReplicationFactor = p.Int(key+"partitions"), p.Int(key+"replication.factor")
		for _, m := range p.Matches(prefix + "<group>.*") {
			if m.Args[0] != group || slices.Contains([]string{"partitions", "replication.factor", "include", "exclude"}, m.Args[1]) {
				continue
			}
			if s.Configs == nil {
				s.Configs = make(map[string]string)
			}
			s.Configs[m.Args[1]] = p.String(m.Key)
		}
		return s
	}
	t := TopicCreation{TopicSettings: settings("default")}
	t.Enable = p.Bool(prefix+"enable") && (p.Has(prefix+"default.partitions") || p.Has(prefix+"default.replication.factor"))
	groups := p.List(prefix + "groups")
	for _, group := range groups {
		include, exclude := prefix+group+".include", prefix+group+".exclude"
		if !p.Has(include) {
			p.Errorf(include, "is required and missing: regular expressions for the topics of the group")
		}
		t.Rules = append(t.Rules, TopicRule{
			Include: expressions(p, include), Exclude: expressions(p, exclude), TopicSettings: settings(group),
		})
	}
	for _, m := range p.Matches(prefix + "<group>.*") {
		if m.Args[0] != "default" && !slices.Contains(groups, m.Args[0]) {
			p.Notef(m.Key, "has no effect: topic.creation.groups does not name the group %s", m.Args[0])
		}
	}
	return t
}

func expressions(p *property.Set, key string) (out []*regexp.Regexp) {
	if !p.Has(key) {
		return nil
	}
	for _, text := range p.List(key) {
		re, err := property.CompileJava(text, property.Anchored)
		if err != nil {
			p.Errorf(key, "%w", err)
			continue
		}
		out = append(out, re)
	}
	return out
}
