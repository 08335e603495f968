package inbox

import (
	"slices"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/source/signal"
)

// Properties are those of signals, incremental snapshots and notifications,
// which Debezium's connectors share.
func Properties() property.Table {
	return property.Table{
		{Key: "signal.enabled.channels", Type: property.List, Default: "source", Values: []string{"source", "kafka", "file", "jmx", "in-process"},
			Doc: "The channels of signals: `source`, the table signal.data.collection; `kafka`; `file`. `jmx` and `in-process` are matters of Java, and are left out."},
		{Key: "signal.data.collection", Doc: "The table of signals, which is captured whatever else is: `database.table`, or `schema.table` in PostgreSQL."},
		{Key: "signal.poll.interval.ms", Type: property.Millis, Default: "5000", Check: property.AtLeast(1), Doc: "How often the file of signals is looked for. Other signals are followed as they come."},
		{Key: "signal.file", Default: "file-signals.txt", Doc: "The file of signals: a JSON object with id, type and data on each line. It is taken away once it is read."},
		{Key: "signal.kafka.topic", Doc: "The topic of signals; without it topic.prefix and `-signal`. The key of a signal's record is topic.prefix, the value a JSON object with id, type and data."},
		{Key: "signal.kafka.bootstrap.servers", Type: property.List, Doc: "The brokers of the topic of signals."},
		{Key: "signal.kafka.groupId", Ignored: "the place in the topic is kept in the source's offsets", Doc: "The consumer group."},
		{Key: "signal.kafka.poll.timeout.ms", Ignored: "signals are followed as they come", Doc: "How long a poll waits."},
		{Key: "signal.consumer.*", Doc: "How to connect to the brokers of signals, as the Java clients' properties: `signal.consumer.security.protocol` and so on."},
		{Key: "signal.emit.failure.max.retries", Ignored: "the engine tries again by its own policy", Doc: "Tries."},
		{Key: "signal.emit.failure.backoff.ms", Ignored: "the engine tries again by its own policy", Doc: "The pause between tries."},
		{Key: "incremental.snapshot.chunk.size", Type: property.Int, Default: "1024", Check: property.AtLeast(1), Doc: "How many rows an incremental snapshot reads at a time."},
		{Key: "incremental.snapshot.watermarking.strategy", Type: property.Enum, Default: "insert_insert", Values: []string{"insert_insert", "insert_delete"},
			Doc: "How the windows of an incremental snapshot are marked in the table of signals."},
		{Key: "incremental.snapshot.allow.schema.changes", Ignored: "a chunk is read again where its table has changed", Doc: "Whether tables may change meanwhile."},
		{Key: "read.only", Type: property.Bool, Default: "false", Doc: "Whether nothing may be written to the table of signals, so that windows are marked without it."},
		{Key: "notification.enabled.channels", Type: property.List, Values: []string{"sink", "log", "jmx"},
			Doc: "Where notifications of snapshots go: `sink`, the topic notification.sink.topic.name; `log`. `jmx` is a matter of Java, and is left out."},
		{Key: "notification.sink.topic.name", Doc: "The topic of notifications."},
	}
}

// Settings are the values of Properties.
type Settings struct {
	Channels          []signal.Channel
	Table             string
	ReadOnly          bool
	ChunkRows         int
	Watermarks        string
	NotificationTopic string
	Notify            func(signal.Notification) // writes notifications to the log; nil where they do not go there
}

// FromProperties reads the values, of a set that uses Properties. more make the
// channels that need a package of their own, as kafka's does; they give nil
// where the properties ask for none.
func FromProperties(p *property.Set, more ...func(*property.Set) signal.Channel) Settings {
	s := Settings{ReadOnly: p.Bool("read.only"), ChunkRows: p.Int("incremental.snapshot.chunk.size"), Watermarks: p.Enum("incremental.snapshot.watermarking.strategy")}
	enabled := p.List("signal.enabled.channels")
	s.Table = p.String("signal.data.collection")
	if s.Table != "" && !slices.Contains(enabled, "source") {
		p.Notef("signal.data.collection", "marks the windows of incremental snapshots; signals in it are followed too, though signal.enabled.channels does not have source")
	}
	if slices.Contains(enabled, "file") {
		s.Channels = append(s.Channels, signal.File{Path: p.String("signal.file"), Poll: p.Millis("signal.poll.interval.ms")})
	}
	for _, make := range more {
		if c := make(p); c != nil {
			s.Channels = append(s.Channels, c)
		}
	}
	if slices.Contains(enabled, "kafka") && !slices.ContainsFunc(s.Channels, func(c signal.Channel) bool { return c.Name() == "kafka" }) {
		p.Errorf("signal.enabled.channels", "has kafka, which this program was not built with: give FromProperties the FromProperties of source/signal/kafka")
	}
	told := p.List("notification.enabled.channels")
	if log := p.Log(); slices.Contains(told, "log") && log != nil {
		s.Notify = func(n signal.Notification) {
			log.Info("notification", "id", n.ID, "aggregate_type", string(n.Aggregate), "type", string(n.Status), "data_collections", n.Data["data_collections"],
				"scanned_collection", n.Data["scanned_collection"], "status", n.Data["status"], "total_rows_scanned", n.Data["total_rows_scanned"])
		}
	}
	if slices.Contains(told, "sink") {
		if s.NotificationTopic = p.String("notification.sink.topic.name"); s.NotificationTopic == "" {
			p.Errorf("notification.sink.topic.name", "is required where notification.enabled.channels has sink: the topic of notifications")
		}
	}
	return s
}
