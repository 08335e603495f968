package connect

import (
	"errors"
	"strconv"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// Properties are those of the engine itself, whatever it connects.
func Properties() property.Table {
	return append(property.Table{
		{Key: "name", Required: true, Doc: "The name of the engine. Its offsets are stored under that name."},
		{Key: "connector.class", Required: true, Doc: "The connector: the name of its Java class, or an alias of that."},
		{Key: "tasks.max", Type: property.Int, Default: "1", Check: property.AtLeast(1), Doc: "The greatest number of tasks. One engine does the work of all."},
		{Key: "bootstrap.servers", Doc: "The brokers, as host:port with commas between them, when a source's changes go to Kafka, or a sink's records come from there."},

		{Key: "key.converter", Doc: "The class that turns keys into bytes; JsonConverter without any. Its options begin with `key.converter.`, or with `converter.` for all converters."},
		{Key: "value.converter", Doc: "The class that turns values into bytes; JsonConverter without any. Its options begin with `value.converter.`, or with `converter.`."},
		{Key: "header.converter", Doc: "The class that turns headers into bytes; SimpleHeaderConverter to Kafka, otherwise JsonConverter. Its options begin with `header.converter.`, or with `converter.`."},
		{Key: "transforms", Type: property.List, Doc: "The names of the transforms, in their order. Each has a class, `transforms.<name>.type`, and options that begin with `transforms.<name>.`, of which `predicate` and `negate` choose the records."},
		{Key: "predicates", Type: property.List, Doc: "The names of the predicates. Each has a class, `predicates.<name>.type`, and options that begin with `predicates.<name>.`."},

		{Key: "offset.storage", Default: "org.apache.kafka.connect.storage.FileOffsetBackingStore", Doc: "The class that keeps offsets; KafkaOffsetBackingStore where there is offset.storage.topic and no offset.storage.file.filename. Its options begin with `offset.storage.`."},
		{Key: "offset.flush.interval.ms", Type: property.Millis, Default: "60000", Check: property.AtLeast(0), Doc: "How long delivered records wait for their offsets to be stored; 0 stores them after each batch."},
		{Key: "offset.commit.policy", Default: "io.debezium.engine.spi.OffsetCommitPolicy$PeriodicCommitOffsetPolicy", Check: commitPolicy,
			Doc: "When offsets are stored: PeriodicCommitOffsetPolicy, by the interval, or AlwaysCommitOffsetPolicy, after each batch."},

		{Key: "errors.max.retries", Type: property.Int, Default: "-1", Check: property.AtLeast(-1), Doc: "How often a failing step is tried again at most; -1 sets no bound."},
		{Key: "errors.retry.timeout", Type: property.Millis, Check: property.AtLeast(-1), Doc: "For how many milliseconds a failing step is tried again; 0 means not at all, -1 for ever. Without it errors.max.retries decides alone."},
		{Key: "errors.retry.delay.initial.ms", Type: property.Millis, Default: "300", Check: property.AtLeast(1), Doc: "How long to wait before the first try again; each further wait is twice as long."},
		{Key: "errors.retry.delay.max.ms", Type: property.Millis, Default: "10000", Check: property.AtLeast(1), Doc: "What that wait grows to."},
		{Key: "errors.tolerance", Type: property.Enum, Default: "none", Values: []string{"none", "all"},
			Doc: "What happens to a record that cannot be transformed, converted or written: the engine stops (none), or leaves it out (all), or sets it aside, when there is a topic for dead letters."},
		{Key: "errors.deadletterqueue.topic.name", Doc: "The topic that records which stay in the way are set aside in, with errors.tolerance=all."},
		{Key: "errors.deadletterqueue.context.headers.enable", Type: property.Bool, Default: "false", Doc: "Whether dead letters have headers that say where each comes from and what was wrong with it."},
		{Key: "errors.deadletterqueue.topic.replication.factor", Type: property.Int, Default: "3", Check: property.AtLeast(1), Doc: "On how many brokers the topic of dead letters is kept, where it has to be made."},

		{Key: "exactly.once.support", Type: property.Enum, Default: "requested", Values: []string{"requested", "required"}, Doc: "Whether to write records to Kafka exactly once (required): together with their offsets, in transactions."},
		{Key: "offsets.storage.topic", Doc: "The topic that keeps the offsets of this connector, with exactly.once.support=required; that of offset.storage.topic without it."},

		{Key: "record.processing.threads", Check: threads, Doc: "How many goroutines transform and convert; one a processor without it, and with AVAILABLE_CORES."},
		{Key: "record.processing.shutdown.timeout.ms", Type: property.Millis, Check: property.AtLeast(1), Doc: "How long what was read may take to be written when the engine stops; 10 seconds without it."},
		{Key: "task.shutdown.graceful.timeout.ms", Type: property.Millis, Check: property.AtLeast(1), Doc: "The same, as a Connect worker calls it. The longer one holds."},
	}, ignored()...)
}

// ignored are the keys of a JVM, or of a worker's inside.
func ignored() property.Table {
	const (
		jvm    = "there is no JVM"
		worker = "there is no Connect worker"
	)
	var t property.Table
	add := func(why string, keys ...string) {
		for _, key := range keys {
			t = append(t, property.Property{Key: key, Ignored: why, Doc: why})
		}
	}
	add(jvm, "plugin.path", "plugin.discovery", "metric.reporters", "metrics.*", "executor.shutdown.timeout.ms", "task.management.timeout.ms",
		"connector.plugin.version", "debezium.embedded.shutdown.pause.before.interrupt.ms")
	add(worker, "connector.client.config.override.policy", "config.action.reload", "tasks.max.enforce", "topic.tracking.enable", "topic.tracking.allow.reset",
		"group.id", "config.storage.*", "status.storage.*", "rest.*", "listeners", "listeners.*", "access.control.*", "admin.listeners", "admin.listeners.*")
	add("records and offsets go together as the sink does it", "transaction.boundary", "transaction.boundary.interval.ms", "exactly.once.source.support")
	add("the engine waits for the store to answer", "offset.flush.timeout.ms")
	add("records always arrive in their order", "record.processing.order", "record.processing.with.serial.consumer")
	add("errors.retry.delay.initial.ms says how long to wait", "retriable.restart.connector.wait.ms")
	add("what is left out or set aside is always logged, with the topic, the partition and the offset", "errors.log.enable")
	add("values of records are never logged", "errors.log.include.messages")
	return t
}

// unusedClients are the keys of the Kafka clients that there are not: the ones
// that write, and the ones that read.
func unusedClients(producer, consumer bool) property.Table {
	t := property.Table{{Key: "admin.*", Ignored: "the client that writes creates topics", Doc: "Options of Kafka's admin client."}}
	if !producer {
		t = append(t, property.Property{Key: "producer.*", Ignored: "nothing is written to Kafka", Doc: "Options of Kafka's producer."},
			property.Property{Key: "topic.creation.*", Ignored: "nothing is written to Kafka", Doc: "How topics are created."})
	}
	if !consumer {
		t = append(t, property.Property{Key: "consumer.*", Ignored: "nothing is read from Kafka", Doc: "Options of Kafka's consumer."})
	}
	return t
}

func commitPolicy(value string) error {
	switch value {
	case "io.debezium.engine.spi.OffsetCommitPolicy$PeriodicCommitOffsetPolicy", "io.debezium.engine.spi.OffsetCommitPolicy$AlwaysCommitOffsetPolicy",
		"PeriodicCommitOffsetPolicy", "AlwaysCommitOffsetPolicy":
		return nil
	}
	return errors.New("be PeriodicCommitOffsetPolicy or AlwaysCommitOffsetPolicy")
}

func threads(value string) error {
	if _, err := strconv.Atoi(value); err != nil && value != "AVAILABLE_CORES" {
		return errors.New("be a number or AVAILABLE_CORES")
	}
	return nil
}

// typeProperty is the class of a transform or a predicate.
func typeProperty(what string) property.Property {
	return property.Property{Key: "type", Required: true, Doc: "The class of the " + what + "."}
}

func transformProperties() property.Table {
	return property.Table{
		typeProperty("transform"),
		{Key: "predicate", Doc: "The name of the predicate that chooses the records."},
		{Key: "negate", Type: property.Bool, Default: "false", Doc: "Whether the transform is for the other records."},
	}
}

// converterProperties are those that every converter has.
func converterProperties() property.Table {
	return property.Table{
		{Key: "class", Doc: "The class, where the key that has this prefix for a name is not there."},
		{Key: "type", Ignored: "the key says what the converter is for", Doc: "What the converter is for."},
		{Key: "converter.type", Ignored: "the key says what the converter is for", Doc: "What the converter is for."},
		{Key: "plugin.version", Ignored: "there is no JVM", Doc: "The version of the class."},
	}
}
