package property

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Parse reads a .properties text exactly as java.util.Properties.load does:
// comments, continued lines, escapes, and "=", ":" or a blank behind the key;
// of a key that is there twice the last value counts. The text is UTF-8; one
// that is not valid UTF-8 is ISO 8859-1, which Java's older tools write.
func Parse(text []byte) (map[string]string, error) {
	in := string(text)
	if !utf8.Valid(text) {
		latin := make([]rune, len(text))
		for i, b := range text {
			latin[i] = rune(b)
		}
		in = string(latin)
	}
	out := make(map[string]string)
	lines := lineReader{in: in}
	for lines.next() {
		key, value := splitLine(lines.line)
		k, err := unescape(key)
		if err != nil {
			return nil, fmt.Errorf("line %d: the key %q: %w", lines.number, key, err)
		}
		if out[k], err = unescape(value); err != nil {
			return nil, fmt.Errorf("line %d: the value of %s: %w", lines.number, k, err)
		}
	}
	return out, nil
}

// lineReader gives the logical lines: without comments and empty lines, and
// with continued lines joined.
type lineReader struct {
	in     string
	at     int
	line   string
	number int // of the line in the text on which the logical line ends
}

func (r *lineReader) next() bool {
	var line strings.Builder
	continued := false
	for r.at < len(r.in) {
		natural := r.natural()
		text := strings.TrimLeft(natural, " \t\f")
		if line.Len() == 0 && (text == "" || text[0] == '#' || text[0] == '!') {
			continued = false
			continue
		}
		backslashes := len(text) - len(strings.TrimRight(text, `\`))
		if continued = backslashes%2 == 1; continued {
			text = text[:len(text)-1]
		}
		line.WriteString(text)
		if !continued && line.Len() > 0 {
			break
		}
	}
	r.line = line.String()
	// To Java a text has an empty key at its end where a lone backslash stands
	// there, unless a line end of two characters follows.
	return r.line != "" || continued && !strings.HasSuffix(r.in, "\r\n")
}

// natural gives the next line of the text, whatever ends it.
func (r *lineReader) natural() string {
	r.number++
	rest := r.in[r.at:]
	end := strings.IndexAny(rest, "\r\n")
	if end < 0 {
		r.at = len(r.in)
		return rest
	}
	r.at += end + 1
	if strings.HasPrefix(rest[end:], "\r\n") {
		r.at++
	}
	return rest[:end]
}

// splitLine parts a logical line behind the key.
func splitLine(line string) (key, value string) {
	const blanks = " \t\f"
	end := 0
	for end < len(line) && !strings.ContainsRune("=:"+blanks, rune(line[end])) {
		if line[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(line) {
		return line, ""
	}
	value = strings.TrimLeft(line[end:], blanks)
	if value != "" && (value[0] == '=' || value[0] == ':') {
		value = strings.TrimLeft(value[1:], blanks)
	}
	return line[:end], value
}

var errEscape = errors.New(`\u is not followed by four hexadecimal digits`)

func unescape(text string) (string, error) {
	if !strings.Contains(text, `\`) {
		return text, nil
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			if text[i] != '\\' {
				out.WriteByte(text[i])
			}
			continue
		}
		i++
		switch c := text[i]; c {
		case 't':
			out.WriteByte('\t')
		case 'n':
			out.WriteByte('\n')
		case 'r':
			out.WriteByte('\r')
		case 'f':
			out.WriteByte('\f')
		case 'u':
			units, end, err := codeUnits(text, i-1)
			if err != nil {
				return "", err
			}
			out.WriteString(string(utf16.Decode(units)))
			i = end - 1
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), nil
}

// codeUnits reads the \uXXXX from i on, all that follow each other: two may be
// the halves of one letter.
func codeUnits(text string, i int) (units []uint16, end int, err error) {
	for strings.HasPrefix(text[i:], `\u`) {
		if len(text) < i+6 || !isHex(text[i+2:i+6]) {
			return nil, 0, errEscape
		}
		var n uint16
		for _, c := range []byte(text[i+2 : i+6]) {
			n = n<<4 | uint16(hexDigit(c))
		}
		units, i = append(units, n), i+6
	}
	return units, i, nil
}

func hexDigit(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

// Append appends the configuration as a .properties text, sorted by key, which
// Parse and Java read as the same again.
func Append(dst []byte, config map[string]string) []byte {
	for _, k := range slices.Sorted(maps.Keys(config)) {
		dst = appendEscaped(dst, k, true)
		dst = append(dst, '=')
		dst = appendEscaped(dst, config[k], false)
		dst = append(dst, '\n')
	}
	return dst
}

func appendEscaped(dst []byte, text string, key bool) []byte {
	for i, r := range text {
		switch {
		case r == ' ' && (key || i == 0):
			dst = append(dst, `\ `...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\f':
			dst = append(dst, `\f`...)
		case r == '\\', r < utf8.RuneSelf && key && strings.ContainsRune("=:#!", r):
			dst = append(dst, '\\', byte(r))
		case r < ' ' || r > '~':
			for _, u := range utf16.Encode([]rune{r}) {
				dst = fmt.Appendf(dst, `\u%04x`, u)
			}
		default:
			dst = append(dst, byte(r))
		}
	}
	return dst
}
