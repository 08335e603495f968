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

// TopicNaming names the topics of tables otherwise than by TopicPrefix, database
// and name with TopicDelimiter between them.
type TopicNaming struct {
	// Unicode writes each character that topics do not have in their names, and
	// underscores, as _u and four hexadecimal digits, rather than as an underscore.
	Unicode bool

	// Regex is an expression, in Java's form; a name that it matches as a whole
	// becomes Replacement, in which $1 is its first group. Both are "" for none.
	Regex, Replacement string

	// With Regex keys have a field more, which says of which table they are,
	// because several may have one topic, unless NoKeyField is set. KeyField names
	// it; "" means __dbz__physicalTableIdentifier. Its value is what the topic would
	// be called without Regex or, where KeyRegex matches that, KeyReplacement.
	NoKeyField               bool
	KeyField                 string
	KeyRegex, KeyReplacement string
}
