package mysql

import (
	"context"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/offset"
)

// Histories are the kinds of schema histories that properties may ask for, by
// the names of Debezium's classes without their packages: KafkaSchemaHistory.
// MemorySchemaHistory and FileSchemaHistory are there without being named.
type Histories map[string]func(*property.Set) History

// History is a schema history that properties ask for.
type History struct {
	// Store keeps ours: see Source.SchemaHistory.
	Store offset.Store

	// Debezium reads Debezium's: see Source.DebeziumHistory. Nil is for none.
	Debezium func(ctx context.Context, record func(text []byte) error) error
}

// HistoryProperties begin the properties of a schema history.
const HistoryProperties = "schema.history.internal."

func historyProperties() property.Table {
	t := property.Table{
		{Key: "schema.history.internal", Doc: "Where the definitions of captured tables are kept by place in the log: MemorySchemaHistory, FileSchemaHistory, KafkaSchemaHistory or JdbcSchemaHistory, " +
			"with or without a package. Without it, and without a property of one of them, MemorySchemaHistory. What Debezium itself has kept there is read once."},
	}
	for _, key := range []string{"file.filename", "kafka.topic", "kafka.bootstrap.servers"} {
		typ := property.String
		if key == "kafka.bootstrap.servers" {
			typ = property.List
		}
		t = append(t, property.Property{Key: HistoryProperties + key, Type: typ, Doc: historyDocs[key]})
	}
	for _, key := range []string{"kafka.recovery.poll.interval.ms", "kafka.recovery.attempts", "kafka.query.timeout.ms", "kafka.create.timeout.ms", "kafka.buffer.batch.size"} {
		t = append(t, property.Property{Key: HistoryProperties + key, Ignored: "the history is short, and read as a whole", Doc: "the history is short, and read as a whole"})
	}
	t = append(t, property.Property{Key: HistoryProperties + "consumer.*", Doc: "Properties of the client of Kafka: `security.protocol`, `sasl.*`, `ssl.*` and `client.id`."},
		property.Property{Key: HistoryProperties + "producer.*", Ignored: "the properties of the consumer are taken for all clients", Doc: "the properties of the consumer are taken for all clients"})
	return t
}

var historyDocs = map[string]string{
	"file.filename":           "The file in which Debezium kept its history. Ours is kept in the file of that name with .tables behind it.",
	"kafka.topic":             "The topic in which Debezium kept its history. Ours is kept in the compacted topic of that name with .tables behind it.",
	"kafka.bootstrap.servers": "The brokers of the topic.",
}

// historyProperties takes the values of the schema history's properties.
func (s *Source) historyProperties(p *property.Set, histories Histories) {
	const key = "schema.history.internal"
	class := p.String(key)
	class = strings.Replace(class, "DatabaseHistory", "SchemaHistory", 1) // as it was called in Debezium 1
	class = class[strings.LastIndexByte(class, '.')+1:]
	if class == "" {
		class = "MemorySchemaHistory"
		if p.Has(HistoryProperties + "file.filename") {
			class = "FileSchemaHistory"
		} else if p.Has(HistoryProperties + "kafka.topic") {
			class = "KafkaSchemaHistory"
		}
	}
	switch file := p.String(HistoryProperties + "file.filename"); {
	case class == "MemorySchemaHistory":
		s.SchemaHistory = new(offset.Memory)
	case class == "FileSchemaHistory" && file == "":
		p.Errorf(HistoryProperties+"file.filename", "is required with FileSchemaHistory: name the file")
	case class == "FileSchemaHistory":
		s.SchemaHistory, s.DebeziumHistory = offset.File(file+".tables"), DebeziumHistoryFile(file)
	case histories[class] != nil:
		h := histories[class](p)
		s.SchemaHistory, s.DebeziumHistory = h.Store, h.Debezium
	default:
		known := []string{"FileSchemaHistory", "MemorySchemaHistory"}
		for name := range histories {
			known = append(known, name)
		}
		slices.Sort(known)
		p.Errorf(key, "%q is none of %s", class, strings.Join(known, ", "))
	}
}
