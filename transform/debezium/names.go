package debezium

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// NameMode is how names are made to fit Avro, which has letters, digits and
// underscores in names and dots between them.
type NameMode uint8

const (
	NamesAsTheyAre   NameMode = iota // "none"
	NamesAvro                        // an underscore for every other character: "avro"
	NamesAvroUnicode                 // _u and hexadecimal digits for each of them, and for underscores: "avro_unicode"
)

func (m NameMode) check(errs *optionErrors, option string) {
	if m > NamesAvroUnicode {
		errs.add(option, "%d is none of the modes", m)
	}
}

// schema adjusts the name of a schema, field that of a field, which has no dots.
func (m NameMode) schema(name string) string { return m.adjust(name, true) }

func (m NameMode) field(name string) string { return m.adjust(name, false) }

func (m NameMode) adjust(name string, dots bool) string {
	if m == NamesAsTheyAre {
		return name
	}
	var out strings.Builder
	for i, unit := range utf16.Encode([]rune(name)) {
		letter := unit >= 'a' && unit <= 'z' || unit >= 'A' && unit <= 'Z' || unit == '_' && m == NamesAvro
		digit := unit >= '0' && unit <= '9'
		switch {
		case letter, digit && i > 0, unit == '.' && dots && i > 0:
			out.WriteByte(byte(unit))
		case m == NamesAvro && digit:
			out.WriteString("_" + string(rune(unit)))
		case m == NamesAvro:
			out.WriteByte('_')
		case unit <= 0xff:
			fmt.Fprintf(&out, "_u00%x", unit)
		default:
			fmt.Fprintf(&out, "_u%x", unit)
		}
	}
	return out.String()
}
