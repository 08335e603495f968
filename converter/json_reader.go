package converter

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"github.com/tailrace-io/tailrace"
)

// maxNumber bounds the length of a number's text, as Jackson bounds it.
const maxNumber = 1000

// jsonReader goes through JSON text from byte i on. It takes what RFC 8259
// allows, and numbers with leading zeros, which JsonConverter takes since 4.3.
type jsonReader struct {
	data  []byte
	i     int
	depth int
}

// fail makes the error for what stands at the reader's place, or was there.
func (r *jsonReader) fail(format string, args ...any) error {
	return fmt.Errorf("byte %d: %w", r.i, fmt.Errorf(format, args...))
}

// peek skips white space and gives the byte behind it; 0 at the end.
func (r *jsonReader) peek() byte {
	for r.i < len(r.data) {
		switch c := r.data[r.i]; c {
		case ' ', '\t', '\n', '\r':
			r.i++
		default:
			return c
		}
	}
	return 0
}

// unexpected makes the error for what stands where wanted should.
func (r *jsonReader) unexpected(wanted string) error {
	if r.i >= len(r.data) {
		return r.fail("the text ends where %s should be", wanted)
	}
	found := ""
	switch c := r.data[r.i]; {
	case c == '"':
		found = "a string"
	case c == '{':
		found = "an object"
	case c == '[':
		found = "an array"
	case c == '-' || c >= '0' && c <= '9':
		found = "a number"
	case r.at("null"):
		found = "null"
	case r.at("true") || r.at("false"):
		found = "a boolean"
	default:
		found = strconv.QuoteRune(rune(c))
	}
	return r.fail("%s where %s should be", found, wanted)
}

// at says whether the literal stands at the reader's place.
func (r *jsonReader) at(literal string) bool {
	return len(r.data)-r.i >= len(literal) && string(r.data[r.i:r.i+len(literal)]) == literal
}

// take moves behind the literal if it is there.
func (r *jsonReader) take(literal string) bool {
	if r.at(literal) {
		r.i += len(literal)
		return true
	}
	return false
}

// end checks that only white space is left.
func (r *jsonReader) end() error {
	if r.peek(); r.i < len(r.data) {
		return r.unexpected("the end")
	}
	return nil
}

// enter moves into an array or an object.
func (r *jsonReader) enter() error {
	if r.depth++; r.depth > maxDepth {
		return r.fail("%w", errDeep)
	}
	r.i++
	return nil
}

// takeField moves behind a field's name and colon if they stand right at the
// reader's place: behind the brace that it has entered, or before a comma.
func (r *jsonReader) takeField(prefix string) bool {
	if prefix[0] == '{' {
		prefix = prefix[1:]
		if r.data[r.i-1] != '{' {
			return false
		}
	}
	return r.take(prefix)
}

// more says whether another element or member follows. It moves behind the
// comma before it or, where there is none, behind the closing byte.
func (r *jsonReader) more(first bool, closing byte) (bool, error) {
	switch c := r.peek(); {
	case c == closing && c != 0:
		r.i++
		r.depth--
		return false, nil
	case first:
		return true, nil
	case c == ',':
		r.i++
		return true, nil
	}
	return false, r.unexpected("a comma or " + strconv.QuoteRune(rune(closing)))
}

// member reads an object's next name and the colon behind it; ok is false at
// the object's end.
func (r *jsonReader) member(first bool) (name []byte, ok bool, err error) {
	if ok, err = r.more(first, '}'); !ok {
		return nil, false, err
	}
	if r.peek() != '"' {
		return nil, false, r.unexpected("a member's name")
	}
	if name, err = r.text(); err != nil {
		return nil, false, err
	}
	if r.peek() != ':' {
		return nil, false, r.unexpected("a colon")
	}
	r.i++
	return name, true, nil
}

// text reads a string, whose opening quote stands at the reader's place. The
// result is part of the data unless the string has escapes.
func (r *jsonReader) text() ([]byte, error) {
	r.i++
	start := r.i
	var out []byte
	for {
		r.i += plain(r.data[r.i:])
		if r.i >= len(r.data) {
			return nil, r.fail("the text ends within a string")
		}
		switch c := r.data[r.i]; {
		case c == '"':
			s := r.data[start:r.i:r.i]
			if out != nil {
				s = append(out, s...)
			}
			r.i++
			return s, nil
		case c == '\\':
			if out == nil {
				out = make([]byte, 0, 2*(r.i-start)+64)
			}
			out = append(out, r.data[start:r.i]...)
			var err error
			if out, err = r.escape(out); err != nil {
				return nil, err
			}
			start = r.i
		case c < ' ':
			return nil, r.fail("the control character %U in a string, which must be escaped", c)
		default:
			c, size := utf8.DecodeRune(r.data[r.i:])
			if c == utf8.RuneError && size == 1 {
				return nil, r.fail("a string that is not UTF-8")
			}
			r.i += size
		}
	}
}

// escape reads an escape and appends what it stands for.
func (r *jsonReader) escape(dst []byte) ([]byte, error) {
	if r.i+1 >= len(r.data) {
		return nil, r.fail("the text ends within a string")
	}
	c := r.data[r.i+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return r.unicode(dst)
	default:
		return nil, r.fail("an escape that JSON does not have")
	}
	r.i += 2
	return append(dst, c), nil
}

func (r *jsonReader) unicode(dst []byte) ([]byte, error) {
	c, ok := r.hex4()
	if !ok {
		return nil, r.fail("an escape \\u without four hexadecimal digits")
	}
	if utf16.IsSurrogate(c) {
		at := r.i
		r.i += 6
		low, ok := r.hex4()
		if c = utf16.DecodeRune(c, low); !ok || c == utf8.RuneError {
			r.i = at
			return nil, r.fail("half a surrogate pair, which stands for no character")
		}
	}
	r.i += 6
	return utf8.AppendRune(dst, c), nil
}

// hex4 gives the number of an escape such as \u00e9 at the reader's place.
func (r *jsonReader) hex4() (c rune, ok bool) {
	if len(r.data)-r.i < 6 || r.data[r.i] != '\\' || r.data[r.i+1] != 'u' {
		return 0, false
	}
	for _, d := range r.data[r.i+2 : r.i+6] {
		switch {
		case d >= '0' && d <= '9':
			d -= '0'
		case d|0x20 >= 'a' && d|0x20 <= 'f':
			d = d | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		c = c<<4 | rune(d)
	}
	return c, true
}

// number reads a number's text. It is whole when it has neither a fraction nor
// an exponent.
func (r *jsonReader) number() (text []byte, whole bool, err error) {
	start := r.i
	if r.data[r.i] == '-' {
		r.i++
	}
	if err := r.digits(); err != nil {
		return nil, false, err
	}
	whole = true
	if r.take(".") {
		whole = false
		if err := r.digits(); err != nil {
			return nil, false, err
		}
	}
	if r.take("e") || r.take("E") {
		whole = false
		if !r.take("+") {
			r.take("-")
		}
		if err := r.digits(); err != nil {
			return nil, false, err
		}
	}
	if r.i-start > maxNumber {
		r.i = start
		return nil, false, r.fail("a number of more than %d characters", maxNumber)
	}
	return r.data[start:r.i], whole, nil
}

// short reads a whole number of up to 18 digits. Where it is none it leaves the
// reader where it is.
func (r *jsonReader) short() (n int64, ok bool) {
	i := r.i
	if i < len(r.data) && r.data[i] == '-' {
		i++
	}
	start := i
	for i < len(r.data) && r.data[i]-'0' < 10 {
		n = n*10 + int64(r.data[i]-'0')
		i++
	}
	if i == start || i-start > 18 || i < len(r.data) && (r.data[i] == '.' || r.data[i]|0x20 == 'e') {
		return 0, false
	}
	if start > r.i {
		n = -n
	}
	r.i = i
	return n, true
}

func (r *jsonReader) digits() error {
	start := r.i
	for r.i < len(r.data) && r.data[r.i]-'0' < 10 {
		r.i++
	}
	if r.i == start {
		return r.unexpected("a digit")
	}
	return nil
}

// base64 reads a string of base64.
func (r *jsonReader) base64() ([]byte, error) {
	if r.peek() != '"' {
		return nil, r.unexpected("a string of base64")
	}
	at := r.i
	text, err := r.text()
	if err != nil {
		return nil, err
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(out, text)
	if err != nil {
		r.i = at
		return nil, r.fail("a string that is not base64")
	}
	return out[:n:n], nil
}

// skip moves behind a value of any kind, which must be well-formed.
func (r *jsonReader) skip() (err error) {
	switch c := r.peek(); {
	case c == '"':
		_, err = r.text()
	case c == '-' || c >= '0' && c <= '9':
		_, _, err = r.number()
	case c == '{':
		if err = r.enter(); err != nil {
			return err
		}
		for first := true; ; first = false {
			if _, ok, err := r.member(first); !ok {
				return err
			}
			if err := r.skip(); err != nil {
				return err
			}
		}
	case c == '[':
		if err = r.enter(); err != nil {
			return err
		}
		for first := true; ; first = false {
			if ok, err := r.more(first, ']'); !ok {
				return err
			}
			if err := r.skip(); err != nil {
				return err
			}
		}
	case r.take("null") || r.take("true") || r.take("false"):
	default:
		err = r.unexpected("a value")
	}
	return err
}

// textValue is s as a value that refers to it.
func textValue(s []byte) tailrace.Value {
	return tailrace.String(unsafe.String(unsafe.SliceData(s), len(s)))
}
