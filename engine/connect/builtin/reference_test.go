package builtin

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/converter/avro"
	"github.com/tailrace-io/tailrace/converter/cloudevents"
	"github.com/tailrace-io/tailrace/converter/jsonschema"
	"github.com/tailrace-io/tailrace/converter/protobuf"
	"github.com/tailrace-io/tailrace/converter/registry"
	"github.com/tailrace-io/tailrace/engine/connect"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	offsetsjdbc "github.com/tailrace-io/tailrace/offset/jdbc"
	offsets "github.com/tailrace-io/tailrace/offset/kafka"
	sinkfile "github.com/tailrace-io/tailrace/sink/file"
	sinkjdbc "github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/sink/kafka"
	sourcefile "github.com/tailrace-io/tailrace/source/file"
	"github.com/tailrace-io/tailrace/source/jdbc"
	sourcekafka "github.com/tailrace-io/tailrace/source/kafka"
	"github.com/tailrace-io/tailrace/source/mysql"
	"github.com/tailrace-io/tailrace/source/postgres"
)

var update = flag.Bool("update", false, "write the pages of reference anew")

type section struct {
	title string
	table property.Table
}

// pages are the pages of reference that are made from the tables.
func pages() map[string][]section {
	return map[string][]section{
		"file": {
			{"org.apache.kafka.connect.file.FileStreamSourceConnector", sourcefile.Properties()},
			{"org.apache.kafka.connect.file.FileStreamSinkConnector", sinkfile.Properties()},
		},
		"jdbc-source": {{"io.confluent.connect.jdbc.JdbcSourceConnector", jdbc.Properties()}},
		"jdbc-sink": {
			{"io.confluent.connect.jdbc.JdbcSinkConnector", sinkjdbc.Properties()},
			{"io.debezium.connector.jdbc.JdbcSinkConnector", sinkjdbc.DebeziumProperties()},
		},
		"kafka-sink": {
			{"The producer's, behind `producer.override.`, `producer.` or nothing", kafka.Properties()},
			{"Topics that are not there", kafka.TopicCreationProperties()},
			{"Exactly once", kafka.ExactlyOnceProperties()},
		},
		"kafka-source": {
			{"The consumer's, behind `consumer.override.` or `consumer.`; how to connect behind nothing, too", sourcekafka.Properties()},
			{"Topics", sourcekafka.TopicProperties()},
		},
		"postgres": {{"io.debezium.connector.postgresql.PostgresConnector", postgres.Properties()}},
		"mysql": {{"io.debezium.connector.mysql.MySqlConnector and io.debezium.connector.mariadb.MariaDbConnector", mysql.Properties()},
			{"JdbcSchemaHistory, behind `schema.history.internal.`", sqlHistoryProperties()}},
		"engine": {
			{"Engine", connect.Properties()},
			{"A worker's, for all its connectors", connect.WorkerProperties()},
			{"FileOffsetBackingStore, behind `offset.storage.`", offsetProperties(true)},
			{"KafkaOffsetBackingStore, behind `offset.storage.`", offsets.Properties()},
			{"JdbcOffsetBackingStore, behind `offset.storage.`", offsetsjdbc.Properties()},
			{"JsonConverter, behind `key.converter.`, `value.converter.`, `header.converter.` or `converter.`", jsonProperties()},
			{"StringConverter, likewise", stringProperties()},
			{"BinaryDataConverter, likewise", binaryProperties()},
			{"CloudEventsConverter, likewise", cloudevents.Properties()},
		},
		"schema-registry": {
			{"io.confluent.connect.avro.AvroConverter, behind `key.converter.`, `value.converter.` or `converter.`", avro.Properties()},
			{"io.confluent.connect.json.JsonSchemaConverter, likewise", jsonschema.Properties()},
			{"io.confluent.connect.protobuf.ProtobufConverter, likewise", protobuf.Properties()},
			{"The registry, of any of these converters", registry.Properties()},
		},
		"transforms": transforms(),
	}
}

func TestTheTablesAreSound(t *testing.T) {
	for name, sections := range pages() {
		for _, s := range sections {
			require.NoError(t, s.table.Verify(), "%s: %s", name, s.title)
		}
	}
}

func TestThePagesOfReferenceAreThoseOfTheTables(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "docs", "properties")
	for name, sections := range pages() {
		page := []byte("<!-- Made from the tables in the code by: go test ./engine/connect/builtin -update -->\n\n# Properties: " + name + "\n")
		for _, s := range sections {
			page = s.table.AppendMarkdown(fmt.Appendf(page, "\n## %s\n\n", s.title))
		}
		file := filepath.Join(dir, name+".md")
		if *update {
			require.NoError(t, os.MkdirAll(dir, 0o755))
			require.NoError(t, os.WriteFile(file, page, 0o644))
		}
		have, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, string(page), string(have), "%s is old; go test ./engine/connect/builtin -update writes it anew", file)
	}
}
