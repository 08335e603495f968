package ddl

import (
	"strings"
	"unicode/utf8"
)

// kind is what a token is.
type kind uint8

const (
	end    kind = iota
	word        // a name without quotes, a keyword or a number
	quoted      // a name in backticks
	text        // a text in quotes
	sign        // one character
)

// token is a piece of a statement.
type token struct {
	kind     kind
	text     string // of a quoted name or a text what the quotes stand for
	from, to int    // where it is in the statement
	double   bool   // the quotes were double ones, which may hold a name
}

// is says whether the token is a keyword.
func (t token) is(keywords ...string) bool {
	if t.kind != word {
		return false
	}
	for _, k := range keywords {
		if strings.EqualFold(t.text, k) {
			return true
		}
	}
	return false
}

func (t token) isSign(c string) bool { return t.kind == sign && t.text == c }

// isName says whether the token can be the name of a table or a column.
func (t token) isName() bool { return t.kind == word || t.kind == quoted || t.kind == text && t.double }

// split takes a statement apart. Comments are left out; what comments for
// servers hold, as /*!80013 … */, is not.
func split(s string) []token {
	var out []token
	open := false // within a comment for servers
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v':
			i++
		case c == '#', strings.HasPrefix(s[i:], "--") && (i+2 == len(s) || s[i+2] <= ' '):
			i = lineEnd(s, i)
		case strings.HasPrefix(s[i:], "/*!"), strings.HasPrefix(s[i:], "/*M!"):
			i += strings.IndexByte(s[i:], '!') + 1
			for i < len(s) && s[i] >= '0' && s[i] <= '9' {
				i++
			}
			open = true
		case open && strings.HasPrefix(s[i:], "*/"):
			i, open = i+2, false
		case strings.HasPrefix(s[i:], "/*"):
			if n := strings.Index(s[i+2:], "*/"); n >= 0 {
				i += n + 4
			} else {
				i = len(s)
			}
		case c == '`' || c == '\'' || c == '"':
			t := token{kind: text, from: i, double: c == '"'}
			t.text, t.to = unquote(s, i)
			if c == '`' {
				t.kind = quoted
			}
			out, i = append(out, t), t.to
		case inWord(c):
			t := token{kind: word, from: i}
			for i < len(s) && (inWord(s[i]) || s[i] == '.' && isNumber(s[t.from:i]) && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9') {
				i++
			}
			t.text, t.to = s[t.from:i], i
			out = append(out, t)
		default:
			out = append(out, token{kind: sign, text: s[i : i+1], from: i, to: i + 1})
			i++
		}
	}
	return out
}

func lineEnd(s string, i int) int {
	if n := strings.IndexByte(s[i:], '\n'); n >= 0 {
		return i + n + 1
	}
	return len(s)
}

func inWord(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// unquote reads what begins with a quote at i, and says where it ends.
func unquote(s string, i int) (string, int) {
	q := s[i]
	var out strings.Builder
	for i++; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && q != '`' && i+1 < len(s):
			i++
			out.WriteString(unescape(s[i]))
		case c != q:
			out.WriteByte(c)
		case i+1 < len(s) && s[i+1] == q:
			out.WriteByte(q)
			i++
		default:
			return out.String(), i + 1
		}
	}
	return out.String(), len(s)
}

// unescape is what a backslash and a character stand for.
func unescape(c byte) string {
	switch c {
	case '0':
		return "\x00"
	case 'b':
		return "\b"
	case 'n':
		return "\n"
	case 'r':
		return "\r"
	case 't':
		return "\t"
	case 'Z':
		return "\x1a"
	case '%', '_':
		return "\\" + string(c)
	}
	return string([]byte{c})
}

// Trim is a statement without the comments around it, also those that servers
// execute, unless it is one.
func Trim(s string) string {
	from, to := -1, 0
	for i := 0; i < len(s); {
		begin := i
		switch c := s[i]; {
		case c <= ' ' || c == ';':
			i++
			continue
		case c == '#', strings.HasPrefix(s[i:], "--") && (i+2 == len(s) || s[i+2] <= ' '):
			i = lineEnd(s, i)
			continue
		case strings.HasPrefix(s[i:], "/*"):
			if n := strings.Index(s[i+2:], "*/"); n >= 0 {
				i += n + 4
			} else {
				i = len(s)
			}
			continue
		case c == '`' || c == '\'' || c == '"':
			_, i = unquote(s, i)
		default:
			i++
		}
		if to = i; from < 0 {
			from = begin
		}
	}
	if from < 0 {
		return strings.TrimSpace(s)
	}
	return s[from:to]
}
