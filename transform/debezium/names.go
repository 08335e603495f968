package debezium

import "github.com/tailrace-io/tailrace/internal/avroname"

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
func (m NameMode) schema(name string) string { return m.avro().Schema(name) }

func (m NameMode) field(name string) string { return m.avro().Field(name) }

func (m NameMode) avro() avroname.Mode {
	switch m {
	case NamesAvro:
		return avroname.Underscores
	case NamesAvroUnicode:
		return avroname.Unicode
	}
	return ""
}
