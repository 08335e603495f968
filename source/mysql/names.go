package mysql

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// NameMode is how names of schemas or fields are made to fit Avro, as
// Debezium's schema.name.adjustment.mode and field.name.adjustment.mode spell
// it.
type NameMode string

const (
	NameAsIs        NameMode = "none"         // as the server has them. The default
	NameAvro        NameMode = "avro"         // an underscore for each character that Avro does not have in names
	NameAvroUnicode NameMode = "avro_unicode" // _u and four hexadecimal digits for each of them, and for underscores
)

// schema adjusts the name of a schema, which may have dots within.
func (m NameMode) schema(name string) string { return m.adjust(name, true) }

// field adjusts the name of a field. One that begins with a digit gets an
// underscore in front of it.
func (m NameMode) field(name string) string {
	adjusted := m.adjust(name, false)
	if m == NameAvro && adjusted != "" && adjusted[0] >= '0' && adjusted[0] <= '9' {
		return "_" + adjusted
	}
	return adjusted
}

func (m NameMode) adjust(name string, dots bool) string {
	if m == NameAsIs || m == "" {
		return name
	}
	var out strings.Builder
	for i, unit := range utf16.Encode([]rune(name)) {
		letter := unit >= 'a' && unit <= 'z' || unit >= 'A' && unit <= 'Z' || unit == '_' && m == NameAvro
		digit := unit >= '0' && unit <= '9'
		switch {
		case letter, digit && (i > 0 || m == NameAvro && !dots), unit == '.' && dots:
			out.WriteByte(byte(unit))
		case m == NameAvroUnicode:
			fmt.Fprintf(&out, "_u%04x", unit)
		default:
			out.WriteByte('_')
		}
	}
	return out.String()
}

// topicOf names the topic of a table.
func (s *Source) topicOf(id tableID) string {
	return topicName(s.TopicPrefix + s.TopicDelimiter + id.db + s.TopicDelimiter + id.name)
}
