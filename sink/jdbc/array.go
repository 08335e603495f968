package jdbc

import (
	"encoding/hex"
	"strconv"

	"github.com/tailrace-io/tailrace"
)

// appendElement appends an argument to the text of a PostgreSQL array, and a
// comma.
func appendElement(dst []byte, v tailrace.Value) []byte {
	switch v.Type() {
	case tailrace.TypeNull:
		return append(dst, "NULL,"...)
	case tailrace.TypeFloat32:
		dst = strconv.AppendFloat(dst, v.Float(), 'g', -1, 32)
	case tailrace.TypeFloat64:
		dst = strconv.AppendFloat(dst, v.Float(), 'g', -1, 64)
	case tailrace.TypeBoolean:
		dst = strconv.AppendBool(dst, v.Bool())
	case tailrace.TypeBytes:
		dst = hex.AppendEncode(append(dst, `"\\x`...), v.Bytes())
		dst = append(dst, '"')
	case tailrace.TypeString:
		text, from := v.Text(), 0
		dst = append(dst, '"')
		for i := 0; i < len(text); i++ {
			if text[i] == '"' || text[i] == '\\' {
				dst = append(append(dst, text[from:i]...), '\\')
				from = i
			}
		}
		dst = append(append(dst, text[from:]...), '"')
	default:
		dst = strconv.AppendInt(dst, v.Int(), 10)
	}
	return append(dst, ',')
}

// closeArray ends the text of an array that begins with {.
func closeArray(dst []byte) []byte {
	if len(dst) == 1 {
		return append(dst, '}')
	}
	dst[len(dst)-1] = '}'
	return dst
}
