package kafka

import (
	"crypto/tls"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// Why properties of the Java producer have no meaning here.
const (
	asGiven   = "the engine's batches are sent as they come, in batches as large as the topics take"
	inOrder   = "there is one request at a time for a partition, and what is tried again is written once"
	noWaiting = "nothing is buffered beyond the engine's queue"
	noJava    = "it is a matter of Java"
	goOS      = "Go and the operating system see to it"
)

// Properties is the table of the Java producer's properties. Connect has them
// under "producer.override." in a connector's configuration and under
// "producer." in a worker's.
func Properties() property.Table {
	return slices.Concat(connectionProperties(), sendingProperties(), ignoredProperties())
}

func connectionProperties() property.Table {
	return property.Table{
		{Key: "bootstrap.servers", Type: property.List, Doc: "Some of the cluster's brokers, as host:port; the others are learnt from them."},
		{Key: "client.id", Default: "tailrace", Doc: "What the brokers' logs and quotas call this program."},
		{Key: "security.protocol", Type: property.Enum, Default: "PLAINTEXT", Values: []string{"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"},
			Doc: "Whether connections are encrypted, and whether they are authenticated."},
		{Key: "sasl.mechanism", Type: property.Enum, Default: "GSSAPI", Values: []string{"GSSAPI", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}, Later: []string{"OAUTHBEARER"},
			Doc: "How to authenticate. GSSAPI, the Java clients' default, is not supported yet where security.protocol asks for it."},
		{Key: "sasl.jaas.config", Type: property.Password, Doc: "User and password, as options of Java's PlainLoginModule or ScramLoginModule."},
		{Key: "ssl.truststore.type", Type: property.Enum, Default: "JKS", Values: []string{"PEM", "JKS"}, Later: []string{"PKCS12"},
			Doc: "The form of the trusted certificates: PEM. JKS, the Java clients' default, is not supported yet where there are such."},
		{Key: "ssl.truststore.location", Doc: "The file of the trusted certificates. By default those of the system are."},
		{Key: "ssl.truststore.certificates", Type: property.Password, Doc: "The trusted certificates themselves, in the form of PEM."},
		{Key: "ssl.keystore.type", Type: property.Enum, Default: "JKS", Values: []string{"PEM", "JKS"}, Later: []string{"PKCS12"},
			Doc: "The form of the client's own key and certificate: PEM. JKS, the Java clients' default, is not supported yet where there is such."},
		{Key: "ssl.keystore.location", Doc: "The file of the client's own key and certificate chain."},
		{Key: "ssl.keystore.key", Type: property.Password, Doc: "The client's own key itself, in the form of PEM."},
		{Key: "ssl.keystore.certificate.chain", Type: property.Password, Doc: "The client's own certificate chain itself, in the form of PEM."},
		{Key: "ssl.key.password", Type: property.Password, Unsupported: "keys that are encrypted; decrypt it by openssl pkey", Doc: "The password of the client's own key."},
		{Key: "ssl.truststore.password", Type: property.Password, Ignored: "PEM has no password", Doc: "The password of the trusted certificates."},
		{Key: "ssl.keystore.password", Type: property.Password, Ignored: "PEM has no password but that of the key", Doc: "The password of the client's own key store."},
		{Key: "ssl.endpoint.identification.algorithm", Default: "https", Doc: "Whether a broker's certificate must be for its host: https, or empty where it need not."},
		{Key: "ssl.*", Ignored: goOS, Doc: "Details of Java's encryption."},
		{Key: "sasl.*", Ignored: noJava, Doc: "Details of Java's authentication."},
	}
}

func sendingProperties() property.Table {
	return property.Table{
		{Key: "acks", Type: property.Enum, Default: "all", Values: []string{"all", "-1", "1", "0"}, Doc: "How many replicas have a record when it counts as written: all, whatever is asked for."},
		{Key: "compression.type", Type: property.Enum, Default: "none", Values: compressionNames[:], Doc: "How batches are compressed."},
		{Key: "max.request.size", Type: property.Int, Default: "16777216", Check: property.AtLeast(1), Doc: "The greatest size of a request, and of a record before compression, in bytes. The Java producer's default is 1048576."},
		{Key: "delivery.timeout.ms", Type: property.Millis, Default: "30000", Check: property.AtLeast(1), Doc: "For how long a write is tried again before the engine's own retries. The Java producer's default is 120000."},
		{Key: "request.timeout.ms", Type: property.Millis, Default: "15000", Check: property.AtLeast(1), Doc: "How long a broker may take to answer. The Java producer's default is 30000."},
		{Key: "socket.connection.setup.timeout.ms", Type: property.Millis, Default: "10000", Check: property.AtLeast(1), Doc: "How long connecting may take, encryption and authentication included."},
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
	add(goOS, "client.dns.lookup", "send.buffer.bytes", "receive.buffer.bytes", "reconnect.backoff.ms", "reconnect.backoff.max.ms",
		"connections.max.idle.ms", "socket.connection.setup.timeout.max.ms", "metadata.max.idle.ms", "metadata.recovery.strategy", "metadata.recovery.rebootstrap.trigger.ms")
	add(noJava, "metric.reporters", "metrics.*", "enable.metrics.push", "security.providers", "interceptor.classes", "auto.include.jmx.reporter")
	add("converters make the bytes", "key.serializer", "value.serializer")
	add("the partition goes by the key, as by the Java producer's default", "partitioner.class", "partitioner.adaptive.partitioning.enable", "partitioner.availability.timeout.ms")
	add("records go without a transaction", "transactional.id", "transaction.timeout.ms", "transaction.two.phase.commit.enable")
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

// FromProperties reads the sink that the configuration of a Connect worker and a
// connector describes, or a file of the Java producer: the producer's properties
// under "producer.override.", then "producer.", then without a prefix, and those
// of topic.creation. Of a sink connector, whose dead letters the sink is for,
// those without a prefix are taken that tell how to connect; the others are the
// connector's own. What is wrong is left in p.
func FromProperties(p *property.Set) Sink {
	r := reading{own: p.Sub("producer.override.").Else("producer.").Use(Properties()), flat: p.Sub("")}
	table := Properties()
	if p.Has("topics") || p.Has("topics.regex") {
		table = connectionProperties()
	}
	r.flat.Use(table)
	r.common = table
	s := Sink{
		Brokers:         brokers(r.of("bootstrap.servers").List("bootstrap.servers")),
		ClientID:        r.of("client.id").String("client.id"),
		MaxRequestBytes: r.of("max.request.size").Int("max.request.size"),
		ConnectTimeout:  r.millis("socket.connection.setup.timeout.ms"),
		RequestTimeout:  r.millis("request.timeout.ms"),
		DeliveryTimeout: r.millis("delivery.timeout.ms"),
		MetadataMaxAge:  r.millis("metadata.max.age.ms"),
		TopicCreation:   topicCreation(p.Sub("").Use(TopicCreationProperties())),
	}
	s.Compression = Compression(max(slices.Index(compressionNames[:], r.of("compression.type").Enum("compression.type")), 0))
	if at := r.of("acks"); at.Enum("acks") != "all" && at.Enum("acks") != "-1" {
		at.Notef("acks", "has no effect: records count as written when all in-sync replicas have them")
	}
	if len(s.Brokers) == 0 {
		p.Errorf("bootstrap.servers", "is required and missing: some of the cluster's brokers, as host:port")
	}
	protocol := r.of("security.protocol").Enum("security.protocol")
	if strings.HasSuffix(protocol, "SSL") {
		s.TLS = r.tls()
	}
	if strings.HasPrefix(protocol, "SASL") {
		s.SASL = r.sasl()
	}
	return s
}

// reading is the two parts of a configuration that the producer's properties
// are in.
type reading struct {
	own, flat *property.Set
	common    property.Table // what flat may have
}

// of gives the part that a key is to be taken from.
func (r reading) of(key string) *property.Set {
	if r.own.Has(key) || !slices.ContainsFunc(r.common, func(p property.Property) bool { return p.Key == key }) {
		return r.own
	}
	return r.flat
}

func (r reading) millis(key string) time.Duration { return r.of(key).Millis(key) }

// brokers leaves the protocols away that Java allows before an address.
func brokers(list []string) []string {
	for i, b := range list {
		if _, addr, ok := strings.Cut(b, "://"); ok {
			list[i] = addr
		}
	}
	return list
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

// tls reads the properties of encryption.
func (r reading) tls() *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if pem := r.pem("ssl.truststore", "ssl.truststore.certificates"); pem != nil {
		roots, err := certificates(pem)
		if err != nil {
			key := r.source("ssl.truststore.certificates", "ssl.truststore.location")
			r.of(key).Errorf(key, "%w", err)
		}
		config.RootCAs = roots
	}
	chain := r.pem("ssl.keystore", "ssl.keystore.certificate.chain")
	key := chain
	if r.of("ssl.keystore.key").Has("ssl.keystore.key") {
		key = []byte(r.of("ssl.keystore.key").Password("ssl.keystore.key"))
	}
	if chain != nil {
		own, err := tls.X509KeyPair(chain, key)
		if err != nil {
			name := r.source("ssl.keystore.certificate.chain", "ssl.keystore.location")
			r.of(name).Errorf(name, "has no certificate chain with the key to it: %w", err)
		}
		config.Certificates = []tls.Certificate{own}
	}
	if r.of("ssl.endpoint.identification.algorithm").String("ssl.endpoint.identification.algorithm") == "" {
		acceptAnyHost(config)
	}
	return config
}

// source gives the first of the keys that the configuration has.
func (r reading) source(keys ...string) string {
	for _, k := range keys {
		if r.of(k).Has(k) {
			return k
		}
	}
	return keys[0]
}
