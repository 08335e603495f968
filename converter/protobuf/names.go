package protobuf

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter/internal/names"
)

// What Confluent's converter calls things.
const (
	namespace      = "io.confluent.connect.protobuf"
	defaultName    = "ConnectDefault"
	tagParameter   = namespace + ".Tag"
	typeParameter  = namespace + ".Type"
	enumParameter  = namespace + ".Enum"
	unionName      = namespace + ".Union"
	precisionParam = "connect.decimal.precision"
	connectType    = "connect.type" // of field_meta
	entrySuffix    = "Entry"
	keyName        = "key"
	valueName      = "value"
)

// The messages that stand for types of Connect.
const (
	decimalMessage   = "confluent.type.Decimal"
	dateMessage      = "google.type.Date"
	timeMessage      = "google.type.TimeOfDay"
	timestampMessage = "google.protobuf.Timestamp"
)

// fileOf gives the file that a message is imported from.
func fileOf(message string) string {
	switch message {
	case decimalMessage:
		return "confluent/type/decimal.proto"
	case dateMessage:
		return "google/type/date.proto"
	case timeMessage:
		return "google/type/timeofday.proto"
	case timestampMessage:
		return "google/protobuf/timestamp.proto"
	}
	return wrappersFile
}

// logical gives the message that stands for a logical type of Connect; "" for
// other types.
func logical(s *tailrace.Schema) string {
	switch s.Name() {
	case tailrace.DecimalName:
		return decimalMessage
	case tailrace.DateName:
		return dateMessage
	case tailrace.TimeName:
		return timeMessage
	case tailrace.TimestampName:
		return timestampMessage
	}
	return ""
}

func isUnion(s *tailrace.Schema) bool {
	return s.Type() == tailrace.TypeStruct && strings.HasPrefix(s.Name(), unionName+".")
}

func isEnum(s *tailrace.Schema) bool {
	_, ok := s.Parameter(enumParameter)
	return ok && (s.Type() == tailrace.TypeString || s.Type() == tailrace.TypeInt32)
}

// identifier checks a name, and makes it an allowed one where that is wanted.
func (c *Config) identifier(name string) (string, error) {
	if c.ScrubNames {
		name = scrub(name)
	}
	if name == "" {
		return "", errors.New("an empty name, which Protobuf does not allow")
	}
	for i := 0; i < len(name); i++ {
		if !names.Allowed(name[i]) || i == 0 && name[0] >= '0' && name[0] <= '9' {
			return "", fmt.Errorf("the name %q, which Protobuf does not allow: rename it, or have it changed by scrub.invalid.names=true (Config.ScrubNames)", name)
		}
	}
	return name, nil
}

// scrub makes a name one that Protobuf allows, as Confluent's converter does:
// what is not allowed is escaped, and an x precedes digits and underscores.
func scrub(name string) string {
	if name != "" && (name[0] == '_' || name[0] >= '0' && name[0] <= '9') {
		return "x" + names.Escape(name)
	}
	return names.Escape(name)
}

// entryName is what the message of a map's entries is called.
func entryName(field string) string {
	if !strings.Contains(field, "_") {
		return field + entrySuffix
	}
	var b strings.Builder
	for word := range strings.SplitSeq(field, "_") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + strings.ToLower(word[1:]))
		}
	}
	return b.String() + entrySuffix
}

// mapName is the other way round: of the full name of the entries' message.
func mapName(full string) string {
	at := strings.LastIndexByte(full, '.') + 1
	word, ok := strings.CutSuffix(full[at:], entrySuffix)
	if !ok {
		return full
	}
	var b strings.Builder
	b.WriteString(full[:at])
	for i, r := range word {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
