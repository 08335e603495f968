package avro

import (
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter/internal/names"
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
// is not allowed is escaped, and an x precedes digits.
func scrub(name string) string {
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		return "x" + names.Escape(name)
	}
	return names.Escape(name)
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
