package property

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Replacement translates the replacement that Java's Matcher.replaceFirst takes
// for an expression into a template of Go's Regexp.Expand: $1 and ${name} are
// groups, and a backslash makes the letter behind it an ordinary one.
func Replacement(re *regexp.Regexp, java string) (template string, err error) {
	var out strings.Builder
	for i := 0; i < len(java); i++ {
		switch c := java[i]; {
		case c == '\\' && i+1 == len(java):
			return "", errors.New(`ends in a single \`)
		case c == '\\':
			i++
			if java[i] == '$' {
				out.WriteByte('$')
			}
			out.WriteByte(java[i])
		case c == '$':
			group, n, err := group(re, java[i+1:])
			if err != nil {
				return "", err
			}
			out.WriteString("${" + group + "}")
			i += n
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), nil
}

// group reads the reference to a group behind a $.
func group(re *regexp.Regexp, rest string) (name string, n int, err error) {
	if strings.HasPrefix(rest, "{") {
		end := strings.IndexByte(rest, '}')
		if end < 0 {
			return "", 0, errors.New("has a ${ without its }")
		}
		if name = rest[1:end]; name == "" || !slices.Contains(re.SubexpNames(), name) {
			return "", 0, fmt.Errorf("refers to the group %q, which the expression does not have", name)
		}
		return name, end + 1, nil
	}
	number := 0
	for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
		next := number*10 + int(rest[n]-'0')
		if n > 0 && next > re.NumSubexp() {
			break // to Java the digit is text then
		}
		number = next
		n++
	}
	if n == 0 {
		return "", 0, errors.New(`has a $ that no group follows; an ordinary $ is \$`)
	}
	if number > re.NumSubexp() {
		return "", 0, fmt.Errorf("refers to the group %d, and the expression has %d", number, re.NumSubexp())
	}
	return fmt.Sprint(number), n, nil
}
