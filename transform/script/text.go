package script

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/tailrace-io/tailrace"
)

// textMethod calls a method of text. Places count UTF-16 units.
func textMethod(s, name string, args []any) (any, error) {
	switch name {
	case "length", "size":
		return integer{int64(units(s)), tailrace.TypeInt32}, nil
	case "isEmpty":
		return s == "", nil
	case "isBlank":
		return strings.TrimFunc(s, unicode.IsSpace) == "", nil
	case "toLowerCase":
		return strings.ToLower(s), nil
	case "toUpperCase":
		return strings.ToUpper(s), nil
	case "trim":
		return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' }), nil
	case "toInteger", "toLong":
		return parseWhole(strings.TrimSpace(s), name)
	case "substring":
		return substring(s, args)
	}
	texts := make([]string, len(args))
	for i, a := range args {
		t, ok := a.(string)
		if !ok {
			if name == "equalsIgnoreCase" && a == nil {
				return false, nil
			}
			return nil, fmt.Errorf("the method %s of text takes text and not %s", name, typeName(a))
		}
		texts[i] = t
	}
	switch name {
	case "startsWith":
		return strings.HasPrefix(s, texts[0]), nil
	case "endsWith":
		return strings.HasSuffix(s, texts[0]), nil
	case "contains", "includes":
		return strings.Contains(s, texts[0]), nil
	case "equalsIgnoreCase":
		return strings.EqualFold(s, texts[0]), nil
	case "concat":
		return s + texts[0], nil
	case "replace":
		return strings.ReplaceAll(s, texts[0], texts[1]), nil
	case "indexOf":
		return index(s, strings.Index(s, texts[0])), nil
	case "lastIndexOf":
		return index(s, strings.LastIndex(s, texts[0])), nil
	}
	return nil, fmt.Errorf("text has no method %s here", name)
}

// units is how long text is in UTF-16.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

func index(s string, at int) any {
	if at > 0 {
		at = units(s[:at])
	}
	return integer{int64(at), tailrace.TypeInt32}
}

func parseWhole(s, name string) (any, error) {
	t, bits := tailrace.TypeInt32, 32
	if name == "toLong" {
		t, bits = tailrace.TypeInt64, 64
	}
	n, err := strconv.ParseInt(s, 10, bits)
	if err != nil {
		return nil, fmt.Errorf("the text is no whole number of %d bits", bits)
	}
	return integer{n, t}, nil
}

func substring(s string, args []any) (any, error) {
	u := utf16.Encode([]rune(s))
	from, to := 0, len(u)
	for i, at := range []*int{&from, &to} {
		if i >= len(args) {
			break
		}
		n, ok := args[i].(integer)
		if !ok || n.n < 0 || n.n > int64(len(u)) {
			return nil, fmt.Errorf("substring: there is no such place in the text")
		}
		*at = int(n.n)
	}
	if from > to {
		return nil, fmt.Errorf("substring: the end is before the beginning")
	}
	return string(utf16.Decode(u[from:to])), nil
}
