package property

import (
	"encoding/hex"
	"strings"
)

// Unavailable gives the text that stands for a column which the log did not
// carry, of a whole configuration. It is Debezium's connectors that have the property; here it is the
// converters' matter.
func Unavailable(p *Set) string {
	const key = "unavailable.value.placeholder"
	if !p.Has(key) {
		return ""
	}
	text := p.Use(Table{{Key: key, Doc: "What stands for a column that the log did not carry."}}).String(key)
	if digits, ok := strings.CutPrefix(text, "hex:"); ok {
		b, err := hex.DecodeString(digits)
		if err != nil {
			p.Errorf(key, "%q must have hexadecimal digits behind hex:", text)
		}
		return string(b)
	}
	return text
}
