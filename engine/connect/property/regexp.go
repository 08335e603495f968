package property

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Flag changes what CompileJava makes of an expression.
type Flag uint8

const (
	CaseInsensitive Flag = iota // as Java's Pattern.CASE_INSENSITIVE
	Anchored                    // the expression has to match a text as a whole, as Java's Matcher.matches
)

// CompileJava compiles a Java regular expression. Go's engine has no
// look-around, back references, possessive quantifiers and atomic groups, and
// Java's operations on character classes are not translated: an expression with
// any of these is an error that names it, as is one that both refuse. Letters
// beyond ASCII have a case, too, and \b knows ASCII alone; with Java it is the
// other way about.
func CompileJava(expr string, flags ...Flag) (*regexp.Regexp, error) {
	text, err := translate(expr)
	if err != nil {
		return nil, fmt.Errorf("the regular expression %q %w", expr, err)
	}
	prefix := ""
	for _, f := range flags {
		switch f {
		case CaseInsensitive:
			prefix += "(?i)"
		case Anchored:
			text = "^(?:" + text + ")$"
		}
	}
	re, err := regexp.Compile(prefix + text)
	if err != nil {
		return nil, fmt.Errorf("the regular expression %q is not valid: %s", expr, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re, nil
}

// translate rewrites what Go spells otherwise than Java, and refuses what it
// does not have or would take for something else.
func translate(expr string) (string, error) {
	if !utf8.ValidString(expr) {
		return "", errors.New("is not valid UTF-8")
	}
	var out strings.Builder
	names := map[string]bool{}
	inClass, classStart := false, 0
	for i := 0; i < len(expr); {
		rest := expr[i:]
		switch c := expr[i]; {
		case c == '\\':
			n, text, err := translateEscape(rest, inClass)
			if err != nil {
				return "", err
			}
			out.WriteString(text)
			i += n
			continue
		case inClass && c == ']' && i > classStart:
			inClass = false
		case inClass && c == '[':
			return "", errors.New("has a character class within a character class, which is not supported")
		case inClass && strings.HasPrefix(rest, "&&"):
			return "", errors.New("has an intersection of character classes (&&), which is not supported")
		case !inClass && c == '[':
			inClass, classStart = true, i+1
			if strings.HasPrefix(rest, "[^") {
				classStart++
			}
		case !inClass && c == '(':
			if err := refuseGroup(rest); err != nil {
				return "", err
			}
			if name, ok := groupName(rest); ok {
				if !javaName.MatchString(name) {
					return "", fmt.Errorf("has a group of the name %q, which must be of letters and digits of ASCII, a letter first", name)
				}
				if names[name] {
					return "", fmt.Errorf("has two groups of the name %s", name)
				}
				names[name] = true
			}
		case !inClass && c == '{' && !repetition.MatchString(rest):
			return "", errors.New(`has a { that begins no repetition such as {2} or {2,5}; an ordinary { is \{`)
		case !inClass && strings.IndexByte("*+?}", c) >= 0 && strings.HasPrefix(rest[1:], "+"):
			return "", fmt.Errorf("has the possessive quantifier %s, which is not supported; leave the second + out", rest[:2])
		}
		out.WriteByte(expr[i])
		i++
	}
	return out.String(), nil
}

var (
	javaName   = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9]*$`)
	repetition = regexp.MustCompile(`^\{[0-9]+(,[0-9]*)?\}`)
)

// groupName is that of the named group at the head of rest.
func groupName(rest string) (name string, ok bool) {
	name, ok = strings.CutPrefix(rest, "(?<")
	if !ok {
		return "", false
	}
	name, _, _ = strings.Cut(name, ">")
	return name, true
}

func refuseGroup(rest string) error {
	for _, g := range []struct{ open, name string }{
		{"(?=", "a look-ahead"}, {"(?!", "a negative look-ahead"},
		{"(?<=", "a look-behind"}, {"(?<!", "a negative look-behind"}, {"(?>", "an atomic group"},
	} {
		if strings.HasPrefix(rest, g.open) {
			return fmt.Errorf("has %s %s…), which is not supported", g.name, g.open)
		}
	}
	if !strings.HasPrefix(rest, "(?") {
		return nil
	}
	for i := 2; i < len(rest) && rest[i] != ':' && rest[i] != ')' && rest[i] != '<'; i++ {
		if strings.IndexByte("ims-", rest[i]) < 0 {
			return fmt.Errorf("has the flag (?%c), which is not supported; i, m and s are", rest[i])
		}
	}
	return nil
}

// translateEscape gives what the escape at the head of rest is to Go, and how
// long it is there.
func translateEscape(rest string, inClass bool) (n int, text string, err error) {
	if len(rest) == 1 {
		return 0, "", errors.New(`ends in a single \`)
	}
	switch c := rest[1]; c {
	case 'Q':
		n = len(rest)
		quoted := rest[2:]
		if end := strings.Index(quoted, `\E`); end >= 0 {
			quoted, n = quoted[:end], 2+end+2
		}
		return n, regexp.QuoteMeta(quoted), nil
	case 'u':
		if len(rest) < 6 || !isHex(rest[2:6]) {
			return 0, "", errors.New(`has a \u without four hexadecimal digits`)
		}
		return 6, `\x{` + rest[2:6] + `}`, nil
	case 's', 'S', 'h', 'H', 'v', 'V', 'R', 'e':
		return translateSpace(c, inClass)
	case 'p', 'P':
		return translateProperty(rest, inClass)
	case 'k', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return 0, "", fmt.Errorf(`has the back reference \%c, which is not supported`, c)
	case 'G', 'Z', 'X', 'N', 'c', '0':
		return 0, "", fmt.Errorf(`has \%c, which is not supported`, c)
	default:
		_, size := utf8.DecodeRuneInString(rest[1:])
		if size > 1 { // Java lets any letter but the ASCII ones be escaped.
			return 1 + size, rest[1 : 1+size], nil
		}
		return 2, rest[:2], nil
	}
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdefABCDEF") == "" }

// translateSpace is for the classes of white space, which are wider in Java, or
// unknown in Go.
func translateSpace(c byte, inClass bool) (int, string, error) {
	const (
		space      = `\t\n\x0b\f\r `
		horizontal = ` \t\x{a0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}`
		vertical   = `\n\x0b\f\r\x{85}\x{2028}\x{2029}`
	)
	set := map[byte]string{'s': space, 'S': space, 'h': horizontal, 'H': horizontal, 'v': vertical, 'V': vertical}[c]
	switch {
	case c == 'e':
		return 2, `\x1b`, nil
	case c == 'R' && !inClass:
		return 2, `(?:\r\n|[` + vertical + `])`, nil
	case c == 'R' || inClass && c < 'a':
		return 0, "", fmt.Errorf(`has \%c in a character class, which is not supported`, c)
	case inClass:
		return 2, set, nil
	case c < 'a':
		return 2, "[^" + set + "]", nil
	}
	return 2, "[" + set + "]", nil
}

// translateProperty is for \p{…}. Java's POSIX names are classes of ASCII.
func translateProperty(rest string, inClass bool) (int, string, error) {
	if len(rest) < 3 || rest[2] != '{' {
		return 2, rest[:2], nil
	}
	end := strings.IndexByte(rest, '}')
	if end < 0 {
		return 0, "", errors.New(`has a \p{ without its }`)
	}
	name := rest[3:end]
	posix := map[string]string{
		"Lower": "a-z", "Upper": "A-Z", "ASCII": `\x00-\x7f`, "Alpha": "a-zA-Z", "Digit": "0-9", "Alnum": "a-zA-Z0-9",
		"Punct": "!-/:-@\\[-`{-~", "Graph": "!-~", "Print": " -~", "Blank": ` \t`, "Cntrl": `\x00-\x1f\x7f`, "XDigit": "0-9a-fA-F",
		"Space": `\t\n\x0b\f\r `,
	}
	if set, ok := posix[name]; ok {
		switch {
		case inClass && rest[1] == 'P':
			return 0, "", fmt.Errorf("has %s in a character class, which is not supported", rest[:end+1])
		case inClass:
			return end + 1, set, nil
		case rest[1] == 'P':
			set = "^" + set
		}
		return end + 1, "[" + set + "]", nil
	}
	for _, p := range []string{"Is", "script=", "sc=", "general_category=", "gc="} {
		name = strings.TrimPrefix(name, p)
	}
	return end + 1, rest[:3] + name + "}", nil
}
