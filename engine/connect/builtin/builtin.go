// Package builtin has the registry of everything that tailrace brings, under
// the names of the Java classes in whose place it stands. Whoever imports it
// links all the drivers; a program that wants fewer writes down a registry of
// its own.
package builtin

import (
	"os"
	"slices"

	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/converter/avro"
	"github.com/tailrace-io/tailrace/converter/cloudevents"
	"github.com/tailrace-io/tailrace/converter/jsonschema"
	"github.com/tailrace-io/tailrace/converter/protobuf"
	"github.com/tailrace-io/tailrace/engine/connect"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/engine/connect/smt"
	"github.com/tailrace-io/tailrace/offset"
	offsets "github.com/tailrace-io/tailrace/offset/kafka"
	"github.com/tailrace-io/tailrace/sink"
	sinkfile "github.com/tailrace-io/tailrace/sink/file"
	"github.com/tailrace-io/tailrace/sink/kafka"
	"github.com/tailrace-io/tailrace/source"
	sourcefile "github.com/tailrace-io/tailrace/source/file"
	"github.com/tailrace-io/tailrace/source/jdbc"
	mysqljdbc "github.com/tailrace-io/tailrace/source/jdbc/mysql"
	postgresjdbc "github.com/tailrace-io/tailrace/source/jdbc/postgres"
	"github.com/tailrace-io/tailrace/source/jdbc/sqlite"
	sourcekafka "github.com/tailrace-io/tailrace/source/kafka"
	"github.com/tailrace-io/tailrace/source/mysql"
	"github.com/tailrace-io/tailrace/source/postgres"
	signals "github.com/tailrace-io/tailrace/source/signal/kafka"
)

const (
	jsonClass   = "org.apache.kafka.connect.json.JsonConverter"
	stringClass = "org.apache.kafka.connect.storage.StringConverter"
)

// Registry gives a registry that the caller may add to.
func Registry() connect.Registry {
	return connect.Registry{
		Sources: map[string]func(*property.Set) source.Source{
			"io.confluent.connect.jdbc.JdbcSourceConnector":           jdbcSource,
			"io.debezium.connector.mariadb.MariaDbConnector":          mariadbSource,
			"io.debezium.connector.mysql.MySqlConnector":              mysqlSource,
			"org.apache.kafka.connect.file.FileStreamSourceConnector": fileSource,
			"io.debezium.connector.postgresql.PostgresConnector":      postgresSource,
		},
		Sinks: map[string]func(*property.Set) sink.Sink{
			"io.confluent.connect.jdbc.JdbcSinkConnector":           confluentJDBCSink,
			"io.debezium.connector.jdbc.JdbcSinkConnector":          debeziumJDBCSink,
			"org.apache.kafka.connect.file.FileStreamSinkConnector": fileSink,
		},
		Converters: converters(),
		Transforms: smt.Transforms(),
		Predicates: smt.Predicates(),
		Offsets: map[string]func(*property.Set) offset.Store{
			"org.apache.kafka.connect.storage.FileOffsetBackingStore":   file,
			"org.apache.kafka.connect.storage.MemoryOffsetBackingStore": memory,
			"io.debezium.storage.jdbc.offset.JdbcOffsetBackingStore":    sqlOffsets,
			"org.apache.kafka.connect.storage.KafkaOffsetBackingStore":  func(p *property.Set) offset.Store { return offsets.FromProperties(p) },
		},
		Producer:    producer,
		Consumer:    func(p *property.Set) source.Source { return sourcekafka.FromProperties(p) },
		DeadLetters: deadLetters,
	}
}

// producer makes the sink of a source connector, and the one that is
// transactional where that is required.
func producer(p *property.Set) sink.Sink {
	if p.Sub("").Use(kafka.ExactlyOnceProperties()).Enum("exactly.once.support") == "required" {
		return kafka.ExactlyOnceFromProperties(p)
	}
	return kafka.FromProperties(p)
}

// fileSource reads the standard input where there is no file, as Kafka's
// connector does.
func fileSource(p *property.Set) source.Source {
	s := sourcefile.FromProperties(p)
	if s.Path == "" {
		s.Input = sourcefile.NewStream(os.Stdin)
	}
	return s
}

// fileSink writes to the standard output where there is no file.
func fileSink(p *property.Set) sink.Sink {
	s := sinkfile.FromProperties(p)
	if s.Path == "" {
		s.Output = os.Stdout
	}
	return s
}

// deadLetters makes the sink of dead letters, whose topic is made with one
// partition where it is not there, as a Connect worker makes it.
func deadLetters(p *property.Set) sink.Sink {
	own := p.Sub("").Use(deadLetterProperties())
	s := kafka.FromProperties(p)
	s.Expect = []string{own.String("errors.deadletterqueue.topic.name")}
	s.TopicCreation = kafka.TopicCreation{Enable: true, TopicSettings: kafka.TopicSettings{
		Partitions: 1, ReplicationFactor: own.Int("errors.deadletterqueue.topic.replication.factor"),
	}}
	return s
}

// deadLetterProperties are those of the engine's table that their sink goes by.
func deadLetterProperties() property.Table {
	return slices.DeleteFunc(connect.Properties(), func(p property.Property) bool {
		return p.Key != "errors.deadletterqueue.topic.name" && p.Key != "errors.deadletterqueue.topic.replication.factor"
	})
}

func mysqlSource(p *property.Set) source.Source {
	return mysql.FromProperties(p, histories(), signals.FromProperties)
}

func mariadbSource(p *property.Set) source.Source {
	return mysql.FromMariaDBProperties(p, histories(), signals.FromProperties)
}

func postgresSource(p *property.Set) source.Source {
	return postgres.FromProperties(p, signals.FromProperties)
}

func jdbcSource(p *property.Set) source.Source {
	return jdbc.FromProperties(p, mysqljdbc.Dialect{}, mysqljdbc.MariaDB{}, postgresjdbc.Dialect{}, sqlite.Dialect{})
}

func cloudEvents(p *property.Set) converter.Converter {
	return cloudevents.FromProperties(p, jsonConfig)
}

// converters are all that there are.
func converters() map[string]func(*property.Set) converter.Converter {
	return map[string]func(*property.Set) converter.Converter{
		jsonClass:   json,
		stringClass: text,
		"io.debezium.converters.BinaryDataConverter":             binary,
		"io.debezium.converters.ByteBufferConverter":             binary, // its name before Debezium 3
		"io.debezium.converters.CloudEventsConverter":            cloudEvents,
		"io.confluent.connect.avro.AvroConverter":                func(p *property.Set) converter.Converter { return avro.FromProperties(p) },
		"io.confluent.connect.json.JsonSchemaConverter":          func(p *property.Set) converter.Converter { return jsonschema.FromProperties(p) },
		"io.confluent.connect.protobuf.ProtobufConverter":        func(p *property.Set) converter.Converter { return protobuf.FromProperties(p) },
		"org.apache.kafka.connect.storage.SimpleHeaderConverter": plain(converter.SimpleHeader{}),
		"org.apache.kafka.connect.converters.BooleanConverter":   plain(converter.Boolean{}),
		"org.apache.kafka.connect.converters.ByteArrayConverter": plain(converter.Bytes{}),
		"org.apache.kafka.connect.converters.DoubleConverter":    plain(converter.Float64{}),
		"org.apache.kafka.connect.converters.FloatConverter":     plain(converter.Float32{}),
		"org.apache.kafka.connect.converters.IntegerConverter":   plain(converter.Int32{}),
		"org.apache.kafka.connect.converters.LongConverter":      plain(converter.Int64{}),
		"org.apache.kafka.connect.converters.ShortConverter":     plain(converter.Int16{}),
	}
}
