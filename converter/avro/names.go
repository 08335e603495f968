package avro

import (
	"strings"

	"github.com/tailrace-io/tailrace"
)

// What Confluent's converter calls things in the schemas that it writes.
const (
	namespace       = "io.confluent.connect.avro"
	defaultName     = namespace + ".ConnectDefault"
	mapEntryName    = "MapEntry"
	unionName       = namespace + ".Union"
	enumParameter   = namespace + ".Enum"
	anythingName    = namespace + ".Anything"
	recordDoc       = namespace + ".record.doc"
	fieldDoc        = namespace + ".field.doc."
	enumDoc         = namespace + ".enum.doc."
	enumDefault     = namespace + ".enum.default."
	fieldDefault    = namespace + ".field.default"
	internalType    = "connect.internal.type"
	connectRecord   = "connect.record.doc"
	connectEnumDoc  = "connect.enum.doc"
	fixedSize       = "connect.fixed.size"
	precisionParam  = "connect.decimal.precision"
	maxPrecision    = 64 // where a schema does not say it
	parameterPrefix = "avro"
)

// scrubFull makes a full name one that Avro allows, part by part.
func scrubFull(name string) string {
	parts := strings.Split(name, ".")
	for i := range parts {
		parts[i] = scrub(parts[i])
	}
	return strings.Join(parts, ".")
}

// scrub makes a name one that Avro allows, as Confluent's converter does: what
// is not allowed is written as in a URL, with an underscore for the percent.
func scrub(name string) string {
	ok := name == "" || name[0] < '0' || name[0] > '9'
	for i := 0; i < len(name) && ok; i++ {
		ok = plain(name[i])
	}
	if ok {
		return name
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	if name[0] >= '0' && name[0] <= '9' {
		b.WriteByte('x')
	}
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case plain(c):
			b.WriteByte(c)
		case strings.IndexByte(" -.*", c) >= 0: // which a URL has as they are, or as one character
			b.WriteByte('_')
		default:
			b.WriteByte('_')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}

func plain(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_'
}

func isUnion(s *tailrace.Schema) bool {
	return s.Type() == tailrace.TypeStruct && s.Name() == unionName
}

func isFixed(s *tailrace.Schema) bool {
	_, ok := s.Parameter(fixedSize)
	return ok && s.Type() == tailrace.TypeBytes && s.Name() != ""
}

func (c *Config) isEnum(s *tailrace.Schema) bool {
	_, ok := s.Parameter(enumParameter)
	return ok && c.Enhanced && s.Type() == tailrace.TypeString
}
