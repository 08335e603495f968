package script

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// translator writes a script in the notation of the expression library, token by
// token. What the notation does not have becomes a word that it has and scripts
// do not: ==~ is matches, =~ is contains.
type translator struct {
	text     string
	at       int
	language Language
	out      strings.Builder
	last     string // the token before
}

// maxScript bounds scripts, and with them how deep their parts lie in each other.
const maxScript = 16 << 10

func translate(text string, language Language) (string, error) {
	if len(text) > maxScript {
		return "", fmt.Errorf("has %d bytes; a script has %d at most", len(text), maxScript)
	}
	t := &translator{text: text, language: language}
	if t.statement(); strings.TrimSpace(t.text) == "" {
		return "", fmt.Errorf("is empty")
	}
	for {
		t.space()
		if t.at >= len(t.text) {
			return t.out.String(), nil
		}
		if err := t.token(); err != nil {
			return "", err
		}
	}
}

// statement takes a return and semicolons away, as of a script of one statement.
func (t *translator) statement() {
	t.text = strings.TrimRightFunc(t.text, func(r rune) bool { return r == ';' || unicode.IsSpace(r) })
	if rest, ok := strings.CutPrefix(strings.TrimSpace(t.text), "return"); ok && (rest == "" || !isLetter(rune(rest[0]))) {
		t.text = rest
	}
}

func isLetter(r rune) bool { return r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// space skips blanks and comments.
func (t *translator) space() {
	for t.at < len(t.text) {
		rest := t.text[t.at:]
		r, n := utf8.DecodeRuneInString(rest)
		switch {
		case unicode.IsSpace(r):
			t.at += n
		case strings.HasPrefix(rest, "//"):
			if n = strings.IndexByte(rest, '\n'); n < 0 {
				n = len(rest)
			}
			t.at += n
		case strings.HasPrefix(rest, "/*") && strings.Contains(rest, "*/"):
			t.at += strings.Index(rest, "*/") + 2
		default:
			return
		}
	}
}

// operand says whether an operand stands before, so that a slash divides.
func (t *translator) operand() bool {
	if t.last == "" {
		return false
	}
	r, _ := utf8.DecodeLastRuneInString(t.last)
	word := slices.Contains([]string{"in", "not in", "matches", "contains"}, t.last)
	return isLetter(r) && !word || strings.ContainsRune(`)]"`, r)
}

func (t *translator) emit(token string, n int) {
	t.out.WriteString(" " + token)
	t.last = token
	t.at += n
}

func (t *translator) token() error {
	rest := t.text[t.at:]
	r, _ := utf8.DecodeRuneInString(rest)
	switch {
	case r == '\'' || r == '"':
		return t.quoted(rest)
	case r == '/' && !t.operand() && t.language == Groovy:
		return t.slashy(rest)
	case r >= '0' && r <= '9':
		return t.number(rest)
	case isLetter(r):
		return t.word(rest)
	}
	return t.operator(rest)
}

// operators are those of scripts, longest first, and what they become.
var operators = [][2]string{
	{"===", "=="}, {"!==", "!="}, {"==~", "matches"}, {"<=>", ""}, {">>>", ""}, {"...", ""}, {"..<", ""}, {"?.", "?."}, {"?:", "?:"}, {"??", "??"}, {"&&", "&&"}, {"||", "||"},
	{"==", "=="}, {"!=", "!="}, {"<=", "<="}, {">=", ">="}, {"=~", "contains"}, {"->", ""}, {"=>", ""}, {"**", "**"}, {"++", ""}, {"--", ""}, {"<<", ""}, {">>", ""}, {"..", ""},
	{"*.", ""}, {".&", ""}, {"::", ""}, {"+=", ""}, {"-=", ""},
	{"<", "<"}, {">", ">"}, {"!", "!"}, {"+", "+"}, {"-", "-"}, {"*", "*"}, {"/", "/"}, {"%", "%"}, {"(", "("}, {")", ")"}, {"[", "["}, {"]", "]"}, {".", "."}, {",", ","}, {"?", "?"}, {":", ":"},
}

// javaScriptOnly and groovyOnly are operators that the other does not have.
var (
	javaScriptOnly = []string{"===", "!==", "??"}
	groovyOnly     = []string{"==~", "=~", "?:"}
)

func (t *translator) operator(rest string) error {
	for _, o := range operators {
		if !strings.HasPrefix(rest, o[0]) {
			continue
		}
		foreign := javaScriptOnly
		if t.language == JavaScript {
			foreign = groovyOnly
		}
		if o[1] == "" || slices.Contains(foreign, o[0]) {
			return fmt.Errorf("has the operator %s, which cannot be run here", o[0])
		}
		if o[0] == "!" && t.language == Groovy && strings.HasPrefix(rest, "!in ") {
			t.emit("not in", len("!in"))
			return nil
		}
		t.emit(o[1], len(o[0]))
		return nil
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return fmt.Errorf("has %q, which cannot be run here; scripts are single expressions", r)
}

// quoted reads a string.
func (t *translator) quoted(rest string) error {
	quote := rest[:1]
	if strings.HasPrefix(rest, quote+quote+quote) && t.language == Groovy {
		quote = rest[:3]
	}
	var s strings.Builder
	for i := len(quote); i < len(rest); {
		switch c := rest[i]; {
		case strings.HasPrefix(rest[i:], quote):
			t.emit(strconv.Quote(s.String()), i+len(quote))
			return nil
		case c == '\\':
			n, err := unescape(&s, rest[i:])
			if err != nil {
				return err
			}
			i += n
		case c == '$' && quote[0] == '"' && t.language == Groovy && i+1 < len(rest) && (rest[i+1] == '{' || isLetter(rune(rest[i+1]))):
			return fmt.Errorf("has ${…} in a text, which gives a GString and no String; put texts together with +")
		default:
			s.WriteByte(c)
			i++
		}
	}
	return fmt.Errorf("has a text without its closing %s", quote)
}

// unescape reads what a backslash begins, and gives how long it is.
func unescape(to *strings.Builder, rest string) (int, error) {
	if len(rest) < 2 {
		return 0, fmt.Errorf(`ends in a single \`)
	}
	if i := strings.IndexByte(`nrtbf\'"$0`, rest[1]); i >= 0 {
		to.WriteByte("\n\r\t\b\f\\'\"$\x00"[i])
		return 2, nil
	}
	if rest[1] == 'u' && len(rest) >= 6 {
		if n, err := strconv.ParseUint(rest[2:6], 16, 16); err == nil {
			to.WriteRune(rune(n))
			return 6, nil
		}
	}
	return 0, fmt.Errorf("has %s in a text, which means nothing", rest[:2])
}

// slashy reads Groovy's /text/, in which a backslash is one but before a slash.
func (t *translator) slashy(rest string) error {
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[i] == '\\' && i+1 < len(rest) && rest[i+1] == '/':
			i++
		case rest[i] == '/':
			t.emit(strconv.Quote(strings.ReplaceAll(rest[1:i], `\/`, "/")), i+1)
			return nil
		}
	}
	return fmt.Errorf("has a text without its closing /")
}

// number reads a literal. What the notation would round or make another type of
// is handed to a function as text.
func (t *translator) number(rest string) error {
	n := 0
	decimal := false
	for n < len(rest) {
		c := rest[n]
		point := c == '.' && n+1 < len(rest) && rest[n+1] >= '0' && rest[n+1] <= '9' && !decimal
		exponent := (c == 'e' || c == 'E') && n+1 < len(rest) && strings.IndexByte("+-0123456789", rest[n+1]) >= 0
		if c >= '0' && c <= '9' || c == '_' {
			n++
		} else if point || exponent {
			decimal = true
			n += 2
		} else {
			break
		}
	}
	digits := strings.ReplaceAll(rest[:n], "_", "")
	suffix := ""
	if n < len(rest) && isLetter(rune(rest[n])) {
		suffix = strings.ToLower(rest[n : n+1])
		if t.language == JavaScript || !strings.Contains("lgidf", suffix) || n+1 < len(rest) && isLetter(rune(rest[n+1])) {
			return fmt.Errorf("has the number %s…, which cannot be read here", rest[:n+1])
		}
		n++
	}
	small, err := strconv.ParseInt(digits, 10, 32)
	switch {
	case t.language == JavaScript || suffix == "d" || suffix == "f":
		t.emit(fmt.Sprintf("%s(%q)", doubleFunc, digits), n)
	case decimal || suffix == "g":
		t.emit(fmt.Sprintf("%s(%q)", decimalFunc, digits), n)
	case err != nil || suffix == "l":
		if _, err := strconv.ParseInt(digits, 10, 64); err != nil {
			return fmt.Errorf("has the number %s, which has more than 64 bits", digits)
		}
		t.emit(fmt.Sprintf("%s(%q)", longFunc, digits), n)
	default:
		t.emit(strconv.FormatInt(small, 10), n)
	}
	t.last = "0"
	return nil
}

// What the translator writes for numbers of other types than int.
const (
	doubleFunc  = "__double"
	decimalFunc = "__decimal"
	longFunc    = "__long"
)

// word reads a name or a keyword.
func (t *translator) word(rest string) error {
	n := strings.IndexFunc(rest, func(r rune) bool { return !isLetter(r) })
	if n < 0 {
		n = len(rest)
	}
	word := rest[:n]
	if t.last == "." || t.last == "?." {
		t.emit(word, n)
		return nil
	}
	switch word {
	case "null":
		t.emit("nil", n)
		return nil
	case "undefined":
		if t.language == JavaScript {
			t.emit("nil", n)
			return nil
		}
	case "true", "false", "in":
		t.emit(word, n)
		return nil
	case "key", "value", "keySchema", "valueSchema", "topic", "header":
		t.emit(word, n)
		return nil
	}
	if strings.HasPrefix(word, "__") {
		return fmt.Errorf("names %s, which is none of key, value, keySchema, valueSchema, topic and header", word)
	}
	switch word {
	case "def", "var", "let", "const", "if", "else", "for", "while", "switch", "try", "throw", "return", "new", "instanceof", "as", "function", "import", "class", "assert", "typeof", "delete":
		return fmt.Errorf("has %s, which cannot be run here; scripts are single expressions", word)
	}
	return fmt.Errorf("names %s, which is none of key, value, keySchema, valueSchema, topic and header", word)
}
