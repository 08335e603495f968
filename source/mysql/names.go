package mysql

import "github.com/tailrace-io/tailrace/source/internal/envelope"

// NameMode is how names of schemas or fields are made to fit Avro, as
// Debezium's schema.name.adjustment.mode and field.name.adjustment.mode spell
// it.
type NameMode string

const (
	NameAsIs        NameMode = "none"         // as the server has them. The default
	NameAvro        NameMode = "avro"         // an underscore for each character that Avro does not have in names
	NameAvroUnicode NameMode = "avro_unicode" // _u and hexadecimal digits for each of them, and for underscores
)

func (m NameMode) schema(name string) string { return envelope.Names(m).Schema(name) }

func (m NameMode) field(name string) string { return envelope.Names(m).Field(name) }

// topicOf names the topic of a table.
func (s *Source) topicOf(id tableID) string {
	return envelope.TopicName(s.TopicPrefix + s.TopicDelimiter + id.db + s.TopicDelimiter + id.name)
}
