// Package avroname makes names fit Avro, as Debezium's connectors and converters
// do it.
package avroname

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// Mode is how names of schemas or fields are made to fit Avro: none, avro or
// avro_unicode. "" is as none.
type Mode string

// The modes but for none.
const (
	Underscores Mode = "avro"
	Unicode     Mode = "avro_unicode"
)

// Schema adjusts the name of a schema, which may have dots within.
func (m Mode) Schema(name string) string { return m.adjust(name, true) }

// Field adjusts the name of a field.
func (m Mode) Field(name string) string { return m.adjust(name, false) }

// adjust goes by Java's characters. A digit at the beginning is not replaced by
// avro but gets an underscore in front of it.
func (m Mode) adjust(name string, dots bool) string {
	if m == "none" || m == "" {
		return name
	}
	var out strings.Builder
	for i, unit := range utf16.Encode([]rune(name)) {
		letter := unit >= 'a' && unit <= 'z' || unit >= 'A' && unit <= 'Z' || unit == '_' && m == Underscores
		digit := unit >= '0' && unit <= '9'
		switch {
		case letter, digit && i > 0, unit == '.' && dots && i > 0:
			out.WriteByte(byte(unit))
		case m == Underscores && digit:
			out.WriteString("_" + string(rune(unit)))
		case m == Underscores:
			out.WriteByte('_')
		case unit <= 0xff:
			fmt.Fprintf(&out, "_u00%x", unit)
		default:
			fmt.Fprintf(&out, "_u%x", unit)
		}
	}
	return out.String()
}
