package connect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// Worker is the configuration of a Connect worker, which all connectors share
// that run in it: the brokers, the converters, the store of offsets.
type Worker struct {
	registry Registry
	config   map[string]string // as it was written, without what has no effect
}

// Worker reads a worker's configuration, such as connect-standalone.properties.
// Notes are what should be logged of it. The error, a property.Errors, names
// everything that is wrong with it; what is wrong with the options of a
// converter or of a client is an error of the connectors that use it.
func (r Registry) Worker(config map[string]string) (w Worker, notes []string, err error) {
	p := property.New(config).Use(WorkerProperties())
	if !p.Has("offset.storage.file.filename") && !p.Has("offset.storage.topic") {
		p.Errorf("offset.storage.file.filename", "is required and missing, as is offset.storage.topic: where the offsets of source connectors are kept")
	}
	if err := p.Err(); err != nil {
		return Worker{}, p.Notes(), err
	}
	w = Worker{registry: r, config: maps.Clone(config)}
	for _, ignored := range WorkerProperties() {
		if ignored.Ignored == "" {
			continue
		}
		delete(w.config, ignored.Key)
		for _, m := range p.Matches(ignored.Key) {
			delete(w.config, m.Key)
		}
	}
	if !p.Has("bootstrap.servers") {
		w.config["bootstrap.servers"] = "localhost:9092"
	}
	return w, p.Notes(), nil
}

// Config makes the configuration of a connector's engine, as Registry.Config
// does. What the connector leaves out it has of the worker: a converter with all
// its options, and what the Kafka clients need to know. Options of a converter
// whose class the connector does not name have no effect, and neither have
// properties that are a worker's alone, as in Connect; the notes say so.
func (w Worker) Config(connector map[string]string) (cfg engine.Config, notes []string, err error) {
	config := maps.Clone(w.config)
	for _, converter := range []string{"key.converter", "value.converter", "header.converter"} {
		if connector[converter] != "" {
			maps.DeleteFunc(config, func(key, _ string) bool { return key == converter || strings.HasPrefix(key, converter+".") })
		}
	}
	for _, key := range slices.Sorted(maps.Keys(connector)) {
		switch converter, ok := converterOption(key); {
		case ok && connector[converter] == "":
			notes = append(notes, key+" has no effect: the connector names no "+converter+", so that it has the worker's, with the worker's options")
		case ofWorkerAlone(key):
			notes = append(notes, key+" has no effect: it is the worker's to say")
		default:
			config[key] = connector[key]
		}
	}
	cfg, more, err := w.registry.Config(config)
	return cfg, append(notes, more...), err
}

// converterOption says whether a key is an option of a converter, and names the
// key of its class.
func converterOption(key string) (converter string, ok bool) {
	for _, converter := range []string{"key.converter", "value.converter", "header.converter"} {
		if strings.HasPrefix(key, converter+".") {
			return converter, true
		}
	}
	return "", false
}

// ofWorkerAlone says whether Connect takes a key from a worker and not from a
// connector.
func ofWorkerAlone(key string) bool {
	return key == "bootstrap.servers" || key == "topic.creation.enable" || key == "plugin.path" ||
		strings.HasPrefix(key, "config.providers") || strings.HasPrefix(key, "offset.storage.") || strings.HasPrefix(key, "offset.flush.") ||
		strings.HasPrefix(key, "producer.") && !strings.HasPrefix(key, "producer.override.") ||
		strings.HasPrefix(key, "consumer.") && !strings.HasPrefix(key, "consumer.override.") ||
		strings.HasPrefix(key, "admin.") && !strings.HasPrefix(key, "admin.override.")
}

// ParseConnector reads the configuration of a connector as connect-standalone
// takes it, whatever its file is called: a JSON object, flat or with name and
// config, or properties.
func ParseConnector(text []byte) (map[string]string, error) {
	if start := bytes.TrimSpace(text); !bytes.HasPrefix(start, []byte("{")) && !bytes.HasPrefix(start, []byte("[")) {
		return property.Parse(text)
	}
	config, err := property.ParseJSON(text)
	if err != nil {
		return nil, err
	}
	var request struct {
		Config json.RawMessage `json:"config"`
		State  *string         `json:"initial_state"`
	}
	if err := json.Unmarshal(text, &request); err == nil && request.Config != nil && request.State != nil && !strings.EqualFold(*request.State, "RUNNING") {
		return nil, fmt.Errorf("initial_state: %q: a connector that is given here runs; leave the connector out, or its initial_state", *request.State)
	}
	return config, nil
}

// WorkerProperties are those of a worker's configuration. The options of
// converters and of Kafka's clients are checked with the connectors that they
// are for.
func WorkerProperties() property.Table {
	t := property.Table{
		{Key: "bootstrap.servers", Default: "localhost:9092", Doc: "The brokers, as host:port with commas between them."},
		{Key: "offset.storage.file.filename", Doc: "The file that keeps the offsets of source connectors, as JSON; where Java has written it, its offsets are where to begin, and later ones are in a file of the same name with the suffix .json. The offsets of sink connectors are their consumer groups'."},
		{Key: "offset.storage.topic", Doc: "The topic that keeps them, in a distributed worker."},
		{Key: "offset.storage.*", Doc: "Properties of that topic."},
		{Key: "offset.flush.interval.ms", Type: property.Millis, Default: "60000", Check: property.AtLeast(0), Doc: "How long delivered records wait for their offsets to be stored."},
		{Key: "task.shutdown.graceful.timeout.ms", Type: property.Millis, Check: property.AtLeast(1), Doc: "How long what was read may take to be written when a connector stops; 10 seconds without it."},
		{Key: "topic.creation.enable", Type: property.Bool, Default: "true", Doc: "Whether the topics of source connectors are made as their topic.creation properties say."},
		{Key: "config.providers", Type: property.List, Doc: "The names of providers of values, which references such as ${file:PATH:KEY} name."},
		{Key: "config.providers.*", Doc: "Their classes and parameters."},
	}
	for _, part := range []string{"key", "value", "header"} {
		t = append(t, property.Property{Key: part + ".converter", Doc: "The class that turns the " + part + "s of connectors without one of their own into bytes, and back."},
			property.Property{Key: part + ".converter.*", Doc: "Its options."})
	}
	t = append(t, property.Table{
		{Key: "producer.*", Doc: "Options of the producer of source connectors, and of dead letters."},
		{Key: "consumer.*", Doc: "Options of the consumer of sink connectors."},
		{Key: "security.protocol", Doc: "Whether connections to the brokers are encrypted, and whether they are authenticated."},
		{Key: "ssl.*", Doc: "How they are encrypted."},
		{Key: "sasl.*", Doc: "How they are authenticated."},
		{Key: "client.id", Doc: "What the brokers call this program."},
	}...)
	return append(t, ignoredOfWorker()...)
}

func ignoredOfWorker() (t property.Table) {
	add := func(why string, keys ...string) {
		for _, key := range keys {
			t = append(t, property.Property{Key: key, Ignored: why, Doc: why})
		}
	}
	add("there is no JVM", "plugin.path", "plugin.discovery", "metric.reporters", "metrics.*", "auto.include.jmx.reporter", "security.providers")
	add("there is no REST API", "listeners", "listeners.*", "rest.*", "admin.listeners", "admin.listeners.*", "access.control.*", "response.http.headers.config")
	add("there is one worker", "group.id", "config.storage.*", "status.storage.*", "connect.protocol", "scheduled.rebalance.max.delay.ms", "inter.worker.*",
		"worker.sync.timeout.ms", "worker.unsync.backoff.ms", "heartbeat.interval.ms", "session.timeout.ms", "rebalance.timeout.ms")
	add("connectors may override all of their clients' options", "connector.client.config.override.policy")
	add("the engine waits for the store to answer", "offset.flush.timeout.ms")
	add("the topics of connectors are not kept account of", "topic.tracking.enable", "topic.tracking.allow.reset")
	add("exactly.once.support of a connector is enough", "exactly.once.source.support")
	add("the client that writes creates topics", "admin.*")
	add("converters of Connect's own data have no use here", "internal.key.converter", "internal.key.converter.*", "internal.value.converter", "internal.value.converter.*")
	add("the clients see to it", "client.dns.lookup", "send.buffer.bytes", "receive.buffer.bytes", "reconnect.backoff.ms", "reconnect.backoff.max.ms", "retry.backoff.ms",
		"retry.backoff.max.ms", "request.timeout.ms", "metadata.max.age.ms", "connections.max.idle.ms", "socket.connection.setup.timeout.ms",
		"socket.connection.setup.timeout.max.ms", "metadata.recovery.strategy", "metadata.recovery.rebootstrap.trigger.ms")
	return t
}
