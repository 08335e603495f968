// Package names makes names ones of letters, digits and underscores, as
// Confluent's converters do for Avro and for Protobuf.
package names

import "strings"

// Escape writes what is not allowed as in a URL, with an underscore for the
// percent. What a name begins with is the caller's matter.
func Escape(name string) string {
	ok := true
	for i := 0; i < len(name) && ok; i++ {
		ok = Allowed(name[i])
	}
	if ok {
		return name
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case Allowed(c):
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

// Allowed says whether a name may have the character.
func Allowed(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_'
}
