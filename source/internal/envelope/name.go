package envelope

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// Names is how names of schemas or fields are made to fit Avro: none, avro or
// avro_unicode. "" is as none.
type Names string

// Schema adjusts the name of a schema, which may have dots within.
func (n Names) Schema(name string) string { return n.adjust(name, true) }

// Field adjusts the name of a field.
func (n Names) Field(name string) string { return n.adjust(name, false) }

// adjust goes by Java's characters. A digit at the beginning is not replaced by
// avro but gets an underscore in front of it.
func (n Names) adjust(name string, dots bool) string {
	if n == "none" || n == "" {
		return name
	}
	var out strings.Builder
	for i, unit := range utf16.Encode([]rune(name)) {
		letter := unit >= 'a' && unit <= 'z' || unit >= 'A' && unit <= 'Z' || unit == '_' && n == "avro"
		digit := unit >= '0' && unit <= '9'
		switch {
		case letter, digit && i > 0, unit == '.' && dots && i > 0:
			out.WriteByte(byte(unit))
		case n == "avro" && digit:
			out.WriteString("_" + string(rune(unit)))
		case n == "avro":
			out.WriteByte('_')
		case unit <= 0xff:
			fmt.Fprintf(&out, "_u00%x", unit)
		default:
			fmt.Fprintf(&out, "_u%x", unit)
		}
	}
	return out.String()
}
