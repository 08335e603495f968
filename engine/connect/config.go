package connect

import (
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/source"
)

// Config makes an engine's configuration out of that of a connector: what is
// given to Debezium's engine, what is posted to Connect's REST API, or either
// together with a worker's. Notes are what should be logged of it, such as keys
// that have no meaning outside a JVM. The error, a property.Errors, names
// everything that is wrong with the configuration.
//
// Without bootstrap.servers there is no Sink, as there is none in the
// configuration of Debezium's engine: the caller sets it. Without offset.storage
// there is no offset store, for Connect's connectors leave that to the worker.
// Keys and values are converted to JSON unless another converter is named; a
// caller who wants typed records clears Encode.
//
// Config opens nothing but the files that references in the configuration name.
func (r Registry) Config(config map[string]string) (cfg engine.Config, notes []string, err error) {
	p := property.New(config).LogTo(r.Log)
	b := &build{registry: r, all: p, own: p.Sub("").Use(Properties())}
	b.connector()
	b.exactlyOnce()
	b.predicates()
	b.transforms()
	b.converters()
	b.offsets()
	b.pace()
	b.retry()
	b.errors()
	b.cfg.Name, b.cfg.Log = b.own.String("name"), r.Log
	if err := p.Err(); err != nil {
		return engine.Config{}, p.Notes(), err
	}
	return b.cfg, p.Notes(), nil
}

// build is a configuration while it is made.
type build struct {
	registry Registry
	all      *property.Set // the configuration
	own      *property.Set // read by the table of this package
	cfg      engine.Config

	isSink     bool // the connector is a sink connector
	brokers    bool // the other end of the connector is Kafka
	predicated map[string]predicated
}

// connector makes the source and the sink.
func (b *build) connector() {
	b.brokers = b.own.String("bootstrap.servers") != ""
	type end struct {
		source func(*property.Set) source.Source
		sink   func(*property.Set) sink.Sink
	}
	known := make(map[string]end)
	for class, f := range b.registry.Sources {
		known[class] = end{source: f}
	}
	for class, f := range b.registry.Sinks {
		known[class] = end{sink: f}
	}
	found, ok := lookup(b.own, "connector.class", kind{"connector", "Connector"}, known)
	switch {
	case !ok:
		b.all.Take() // nobody knows whose the other keys are
	case found.source != nil:
		b.cfg.Source = found.source(b.all.Sub(""))
		if b.brokers && b.registry.Producer != nil {
			b.cfg.Sink = b.registry.Producer(b.all.Sub(""))
		}
	default:
		b.isSink = true
		b.cfg.Sink = found.sink(b.all.Sub(""))
		if b.brokers && b.registry.Consumer != nil {
			b.cfg.Source = b.registry.Consumer(b.all.Sub(""))
		}
	}
	b.own.Use(unusedClients(b.cfg.Sink != nil && !b.isSink, b.isSink && b.cfg.Source != nil))
	var connector any = b.cfg.Source
	if b.isSink {
		connector = b.cfg.Sink
	}
	tasks, has := connector.(interface{ Tasks() int })
	if n := b.own.Int("tasks.max"); n > 1 && (!has || tasks.Tasks() != n) {
		b.own.Notef("tasks.max", "has no effect: one engine does the work of all tasks")
	}
}

// converters makes those of the side that has bytes: behind a source connector,
// or before a sink connector.
func (b *build) converters() {
	c := &b.cfg.Encode
	if b.isSink {
		c = &b.cfg.Decode
	}
	c.Key = b.converter("key.converter", jsonConverter)
	c.Value = b.converter("value.converter", jsonConverter)
	if b.brokers {
		c.Header = b.converter("header.converter", simpleHeaderConverter)
	} else {
		c.Header = b.converter("header.converter", jsonConverter)
	}
}

const (
	jsonConverter         = "org.apache.kafka.connect.json.JsonConverter"
	simpleHeaderConverter = "org.apache.kafka.connect.storage.SimpleHeaderConverter"
)

// converter makes the converter that the key names, or the one of the class. As
// in Debezium's engine, its options are under "key.converter." and so on, and
// those that all converters share under "converter.".
func (b *build) converter(key, class string) converter.Converter {
	options := b.all.Sub(key + ".").Else("converter.").Use(converterProperties())
	from, ok := b.registry.Converters[class]
	switch {
	case b.own.Has(key):
		from, ok = lookup(b.own, key, kind{"converter", "Converter"}, b.registry.Converters)
	case options.Has("class"):
		from, ok = lookup(options, "class", kind{"converter", "Converter"}, b.registry.Converters)
	}
	if !ok {
		options.Take()
		return nil
	}
	return from(options)
}

const kafkaOffsets = "org.apache.kafka.connect.storage.KafkaOffsetBackingStore"

// ofWorker says whether offsets are kept as a distributed worker does, which
// names a topic and no class. The offsets of sink connectors are their groups'.
func (b *build) ofWorker() bool {
	const storage = "offset.storage"
	return b.brokers && !b.isSink && b.own.Has(storage+".topic") && !b.own.Has(storage) && !b.own.Has(storage+".file.filename")
}

// exactlyOnce refuses what cannot be kept.
func (b *build) exactlyOnce() {
	const key = "exactly.once.support"
	switch {
	case b.own.Enum(key) != "required":
	case b.isSink:
		b.own.Notef(key, "has no effect: it is about source connectors")
	case b.cfg.Sink == nil:
		b.own.Errorf(key, "is required, and nothing is written to Kafka: set bootstrap.servers, or leave it out")
	}
}

// offsets makes the store.
func (b *build) offsets() {
	const storage = "offset.storage"
	if from, ok := b.registry.Offsets[kafkaOffsets]; ok && b.ofWorker() {
		b.cfg.Offsets = from(b.all.Sub(storage + "."))
		return
	}
	if b.isSink && b.cfg.Source != nil && !b.own.Has(storage) {
		b.all.Sub(storage + ".").Take() // a worker's: the offsets of a sink connector are those of its group
		return
	}
	if !b.own.Has(storage) && !b.own.Has(storage+".file.filename") {
		b.all.Sub(storage + ".").Take()
		b.own.Notef(storage, "is not set: where the engine goes on after a restart is only known if the application sets an offset store")
		return
	}
	if from, ok := lookup(b.own, storage, kind{"offset store", "OffsetBackingStore"}, b.registry.Offsets); ok {
		b.cfg.Offsets = from(b.all.Sub(storage + "."))
	} else {
		b.all.Sub(storage + ".").Take()
	}
}

// pace sets how often offsets are stored, and how much is under way.
func (b *build) pace() {
	b.cfg.CommitInterval = b.own.Millis("offset.flush.interval.ms")
	policy := simpleName(b.own.String("offset.commit.policy"))
	if policy = policy[strings.LastIndexByte(policy, '$')+1:]; policy == "AlwaysCommitOffsetPolicy" {
		b.cfg.CommitInterval = 0
	}
	if b.cfg.CommitInterval == 0 {
		b.cfg.CommitInterval = -1
	}
	for _, key := range []string{"record.processing.shutdown.timeout.ms", "task.shutdown.graceful.timeout.ms"} {
		if b.own.Has(key) {
			b.cfg.DrainTimeout = max(b.cfg.DrainTimeout, b.own.Millis(key))
		}
	}
	if n, err := strconv.Atoi(b.own.String("record.processing.threads")); err == nil {
		b.cfg.Workers = max(n, 0)
	}
}
