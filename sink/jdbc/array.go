package jdbc

import "strconv"

// appendElement appends an argument to the text of a PostgreSQL array, and a
// comma.
func appendElement(dst []byte, arg any) []byte {
	switch v := arg.(type) {
	case nil:
		return append(dst, "NULL,"...)
	case int64:
		dst = strconv.AppendInt(dst, v, 10)
	case float64:
		dst = strconv.AppendFloat(dst, v, 'g', -1, 64)
	case bool:
		dst = strconv.AppendBool(dst, v)
	case []byte:
		const hex = "0123456789abcdef"
		dst = append(dst, `"\\x`...)
		for _, c := range v {
			dst = append(dst, hex[c>>4], hex[c&15])
		}
		dst = append(dst, '"')
	case string:
		dst = append(dst, '"')
		from := 0
		for i := 0; i < len(v); i++ {
			if v[i] == '"' || v[i] == '\\' {
				dst = append(append(dst, v[from:i]...), '\\')
				from = i
			}
		}
		dst = append(append(dst, v[from:]...), '"')
	}
	return append(dst, ',')
}

// closeArray ends the text of an array that begins with {.
func closeArray(dst []byte) string {
	if len(dst) == 1 {
		return "{}"
	}
	dst[len(dst)-1] = '}'
	return string(dst)
}
