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

// Field adjusts the name of a field. One that begins with a digit gets an
// underscore in front of it.
func (n Names) Field(name string) string {
	adjusted := n.adjust(name, false)
	if n == "avro" && adjusted != "" && adjusted[0] >= '0' && adjusted[0] <= '9' {
		return "_" + adjusted
	}
	return adjusted
}

func (n Names) adjust(name string, dots bool) string {
	if n == "none" || n == "" {
		return name
	}
	var out strings.Builder
	for i, unit := range utf16.Encode([]rune(name)) {
		letter := unit >= 'a' && unit <= 'z' || unit >= 'A' && unit <= 'Z' || unit == '_' && n == "avro"
		digit := unit >= '0' && unit <= '9'
		switch {
		case letter, digit && (i > 0 || n == "avro" && !dots), unit == '.' && dots:
			out.WriteByte(byte(unit))
		case n == "avro_unicode":
			fmt.Fprintf(&out, "_u%04x", unit)
		default:
			out.WriteByte('_')
		}
	}
	return out.String()
}
