// Package builtin has the registry of everything that tailrace brings, under
// the names of the Java classes in whose place it stands. Whoever imports it
// links all the drivers; a program that wants fewer writes down a registry of
// its own.
package builtin

import (
	"github.com/tailrace-io/tailrace/converter"
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
			"io.debezium.connector.mariadb.MariaDbConnector":          mysql.FromMariaDBProperties,
			"io.debezium.connector.mysql.MySqlConnector":              mysql.FromProperties,
			"org.apache.kafka.connect.file.FileStreamSourceConnector": func(p *property.Set) source.Source { return sourcefile.FromProperties(p) },
			"io.debezium.connector.postgresql.PostgresConnector":      postgres.FromProperties,
		},
		Sinks: map[string]func(*property.Set) sink.Sink{
			"io.confluent.connect.jdbc.JdbcSinkConnector":           confluentJDBCSink,
			"io.debezium.connector.jdbc.JdbcSinkConnector":          debeziumJDBCSink,
			"org.apache.kafka.connect.file.FileStreamSinkConnector": func(p *property.Set) sink.Sink { return sinkfile.FromProperties(p) },
		},
		Converters: map[string]func(*property.Set) converter.Converter{
			jsonClass:   json,
			stringClass: text,
			"org.apache.kafka.connect.storage.SimpleHeaderConverter": plain(simpleHeader{}),
			"org.apache.kafka.connect.converters.BooleanConverter":   plain(converter.Boolean{}),
			"org.apache.kafka.connect.converters.ByteArrayConverter": plain(converter.Bytes{}),
			"org.apache.kafka.connect.converters.DoubleConverter":    plain(converter.Float64{}),
			"org.apache.kafka.connect.converters.FloatConverter":     plain(converter.Float32{}),
			"org.apache.kafka.connect.converters.IntegerConverter":   plain(converter.Int32{}),
			"org.apache.kafka.connect.converters.LongConverter":      plain(converter.Int64{}),
			"org.apache.kafka.connect.converters.ShortConverter":     plain(converter.Int16{}),
		},
		Transforms: smt.Transforms(),
		Predicates: smt.Predicates(),
		Offsets: map[string]func(*property.Set) offset.Store{
			"org.apache.kafka.connect.storage.FileOffsetBackingStore":   file,
			"org.apache.kafka.connect.storage.MemoryOffsetBackingStore": memory,
			"org.apache.kafka.connect.storage.KafkaOffsetBackingStore":  func(p *property.Set) offset.Store { return offsets.FromProperties(p) },
		},
		Producer: producer,
		Consumer: func(p *property.Set) source.Source { return sourcekafka.FromProperties(p) },
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

func jdbcSource(p *property.Set) source.Source {
	return jdbc.FromProperties(p, mysqljdbc.Dialect{}, mysqljdbc.MariaDB{}, postgresjdbc.Dialect{}, sqlite.Dialect{})
}
