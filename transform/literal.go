package transform

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// ParseLiteral gives the schema and the value that Connect makes of a text:
// null, booleans, the smallest of the whole numbers' types, float32, or float64
// where that is too small, decimals for greater numbers; a Connect Date, Time or
// Timestamp of a text such as 2006-01-02T15:04:05.000Z; arrays in brackets and
// maps in braces, as JSON writes them, when their elements have a common type,
// of which null is none. All else is a string, quotes included. An array or map
// of nothing, or of nulls, has no schema.
//
// It fails where Connect makes a value that its schema does not allow.
func ParseLiteral(text string) (*tailrace.Schema, tailrace.Value, error) {
	if text == "" {
		return tailrace.StringSchema, tailrace.String(text), nil
	}
	p := literalParser{text: text}
	l, err := p.parse(false, 0)
	switch {
	case errors.Is(err, errNoLiteral):
		return tailrace.StringSchema, tailrace.String(text), nil
	case err != nil:
		return nil, tailrace.Value{}, fmt.Errorf("the literal %s: %w", text, err)
	}
	return l.schema, l.value, nil
}

// errNoLiteral says of a text that it is none but a string.
var errNoLiteral = errors.New("no literal")

// literal is a part of a text. Its schema is nil for null, and for arrays and
// maps without a common type.
type literal struct {
	schema *tailrace.Schema
	value  tailrace.Value
	millis int64 // of a date, time or timestamp
}

// literalParser cuts the text into tokens: a delimiter each, and what stands
// between them. A backslash takes its meaning from a delimiter and stays.
type literalParser struct {
	text   string
	at     int
	peeked string // the token before at, if it is still to be taken
}

func (p *literalParser) mark() int { return p.at - len(p.peeked) }

func (p *literalParser) rewind(to int) { p.at, p.peeked = to, "" }

func (p *literalParser) more() bool { return p.peeked != "" || p.at < len(p.text) }

func (p *literalParser) next() string {
	token := p.peeked
	if token == "" {
		token = p.scan()
	}
	p.peeked = ""
	return token
}

func (p *literalParser) scan() string {
	start, escaped := p.at, false
	for ; p.at < len(p.text); p.at++ {
		c := p.text[p.at]
		switch {
		case c == '\\':
			escaped = !escaped
		case !escaped && strings.IndexByte(`:,{}[]"`, c) >= 0:
			if p.at == start {
				p.at++
			}
			return p.text[start:p.at]
		default:
			escaped = false
		}
	}
	return p.text[start:]
}

// take takes the token if it is the next one that is not blank.
func (p *literalParser) take(token string) bool {
	if p.peeked == "" {
		p.peeked = p.scan()
	}
	for strings.TrimSpace(p.peeked) == "" && p.at < len(p.text) {
		p.peeked = p.scan()
	}
	if strings.TrimSpace(p.peeked) != token {
		return false
	}
	p.peeked = ""
	return true
}

// word takes the token, which must be the only one unless it is embedded.
func (p *literalParser) word(token string, embedded bool) bool {
	start := p.mark()
	if p.take(token) && (embedded || !p.more()) {
		return true
	}
	p.rewind(start)
	return false
}

func (p *literalParser) parse(embedded bool, depth int) (l literal, err error) {
	switch {
	case !p.more():
		return l, nil
	case depth > maxNested:
		return l, errNoLiteral
	case embedded && p.take(`"`):
		return p.quoted()
	case p.word("null", embedded):
		return l, nil
	case p.word("true", embedded):
		return literal{schema: tailrace.BooleanSchema, value: tailrace.Boolean(true)}, nil
	case p.word("false", embedded):
		return literal{schema: tailrace.BooleanSchema, value: tailrace.Boolean(false)}, nil
	case p.take("["):
		return p.array(depth + 1)
	case p.take("{"):
		return p.object(depth + 1)
	}
	token := p.next()
	if strings.TrimSpace(token) == "" {
		return literal{schema: tailrace.StringSchema, value: tailrace.String(token)}, nil
	}
	return p.scalar(strings.TrimSpace(token))
}

// scalar reads a number or a time.
func (p *literalParser) scalar(token string) (literal, error) {
	token = asciiDigits(token)
	digit := token[0] >= '0' && token[0] <= '9'
	if digit {
		// The colons of a time are tokens, too.
		start := p.mark()
		n := 0
		for n < 4 && p.more() {
			p.next()
			n++
		}
		if n == 4 {
			if l, ok, err := temporal(token + p.text[start:p.at]); ok || err != nil {
				return l, err
			}
		}
		p.rewind(start)
		if l, ok, err := temporal(token); ok || err != nil {
			return l, err
		}
	}
	if digit || token[0] == '+' || token[0] == '-' {
		if d, ok := parseDecimal(token); ok {
			return d.literal()
		}
	}
	return literal{}, errNoLiteral
}

// quoted reads up to the next quote.
func (p *literalParser) quoted() (literal, error) {
	var out strings.Builder
	for p.more() && !p.take(`"`) {
		out.WriteString(p.next())
	}
	if l, ok, err := temporal(out.String()); ok || err != nil {
		return l, err
	}
	return literal{schema: tailrace.StringSchema, value: tailrace.String(out.String())}, nil
}

// temporal reads a time by how long its text is.
func temporal(text string) (l literal, ok bool, err error) {
	text = strings.ReplaceAll(text, `\:`, ":")
	pattern, name := "", ""
	switch len(text) {
	case 10:
		pattern, name = "yyyy-MM-dd", tailrace.DateName
	case 13:
		pattern, name = "HH:mm:ss.SSS'Z'", tailrace.TimeName
	case 24:
		pattern, name = "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", tailrace.TimestampName
	default:
		return l, false, nil
	}
	format, err := parseDateFormat(pattern)
	if err != nil {
		return l, false, err
	}
	millis, err := format.parse(text)
	if err != nil {
		return l, false, nil
	}
	l, err = timeLiteral(tailrace.Semantic(name).MustBuild(), millis)
	return l, err == nil, err
}

func timeLiteral(s *tailrace.Schema, millis int64) (literal, error) {
	l := literal{schema: s, millis: millis, value: tailrace.Int64(millis)}
	day := floorDiv(millis, millisPerDay)
	switch s.Name() {
	case tailrace.DateName:
		if day*millisPerDay != millis {
			return l, errors.New("a time among dates")
		}
		l.value = tailrace.Int32(int32(day))
	case tailrace.TimeName:
		if millis < 0 || millis > millisPerDay {
			return l, errors.New("a time that lies in no day")
		}
		l.value = tailrace.Int32(int32(millis))
	}
	return l, nil
}

// literal is the number in the smallest type that has room for it. Those with
// digits behind the point lose some.
func (d decimal) literal() (l literal, err error) {
	if d.integral() && (d.unscaled.Sign() == 0 || d.scale > -20) {
		if n := d.truncated(); n.IsInt64() {
			return intLiteral(n.Int64()), nil
		}
	}
	if f := d.float(32); d.scale != 0 && f-f == 0 {
		return literal{schema: tailrace.Float32Schema, value: tailrace.Float32(float32(f))}, nil
	}
	if f := d.float(64); d.scale != 0 && f-f == 0 {
		return literal{schema: tailrace.Float64Schema, value: tailrace.Float64(f)}, nil
	}
	l.schema, err = tailrace.DecimalSchema(d.scale).Build()
	l.value = tailrace.Decimal(d.unscaled)
	return l, err
}

func intLiteral(n int64) literal {
	for _, s := range []*tailrace.Schema{tailrace.Int8Schema, tailrace.Int16Schema, tailrace.Int32Schema} {
		if v := narrow(s.Type(), n); v.Int() == n {
			return literal{schema: s, value: v}
		}
	}
	return literal{schema: tailrace.Int64Schema, value: tailrace.Int64(n)}
}

func (p *literalParser) array(depth int) (l literal, err error) {
	var elems []literal
	for p.more() {
		if p.take("]") {
			schema, vs, err := aligned(elems)
			if err != nil {
				return l, err
			}
			l.value = tailrace.Array(vs)
			if schema != nil {
				l.schema, err = tailrace.NewSchema(tailrace.TypeArray).Elem(schema).Build()
			}
			return l, err
		}
		if p.take(",") {
			return l, errNoLiteral
		}
		elem, err := p.parse(true, depth)
		if err != nil {
			return l, err
		}
		elems = append(elems, elem)
		end := p.mark()
		if p.take("]") {
			p.rewind(end)
		} else if !p.take(",") {
			return l, errNoLiteral
		}
	}
	return l, errNoLiteral
}

func (p *literalParser) object(depth int) (l literal, err error) {
	var keys, values []literal
	for p.more() {
		if p.take("}") {
			return objectLiteral(keys, values)
		}
		if p.take(",") {
			return l, errNoLiteral
		}
		key, err := p.parse(true, depth)
		if err != nil {
			return l, err
		}
		if key.value.IsNull() || !p.take(":") {
			return l, errNoLiteral
		}
		value, err := p.parse(true, depth)
		if err != nil {
			return l, err
		}
		keys, values = append(keys, key), append(values, value)
		p.take(",")
	}
	return l, errNoLiteral
}

func objectLiteral(keys, values []literal) (l literal, err error) {
	var kvs []tailrace.Value
	keySchema, ks, err := aligned(keys)
	if err != nil {
		return l, err
	}
	valueSchema, vs, err := aligned(values)
	if err != nil {
		return l, err
	}
next:
	for i := range ks {
		for j := 0; j < len(kvs); j += 2 {
			if kvs[j].Equal(ks[i]) {
				kvs[j+1] = vs[i]
				continue next
			}
		}
		kvs = append(kvs, ks[i], vs[i])
	}
	l.value = tailrace.Map(kvs)
	if keySchema != nil && valueSchema != nil {
		l.schema, err = tailrace.NewSchema(tailrace.TypeMap).Key(keySchema).Elem(valueSchema).Build()
	}
	return l, err
}

// aligned gives what the literals have in common, nil for nothing, and the
// values as such.
func aligned(ls []literal) (common *tailrace.Schema, vs []tailrace.Value, err error) {
	for _, l := range ls {
		if l.schema == nil {
			continue
		}
		if common == nil {
			common = l.schema
		} else if common = merged(common, l.schema); common == nil {
			break
		}
	}
	vs = make([]tailrace.Value, len(ls))
	for i, l := range ls {
		vs[i] = l.value
		switch {
		case common == nil && l.schema != nil && l.schema.Name() != "":
			return nil, nil, fmt.Errorf("%s among values of other types, where nothing says what it is", l.schema.Name())
		case common != nil:
			if vs[i], err = l.as(common); err != nil {
				return nil, nil, err
			}
		}
	}
	return common, vs, nil
}

// merged is the schema for values of both; nil for none. Types are in the order
// of their room.
func merged(a, b *tailrace.Schema) *tailrace.Schema {
	switch {
	case a.Type() == b.Type():
		return b
	case a.Type() > tailrace.TypeFloat64 || b.Type() > tailrace.TypeFloat64:
		return nil
	case a.Type() > b.Type():
		return a
	}
	return b
}

func (l literal) as(s *tailrace.Schema) (tailrace.Value, error) {
	times := l.schema != nil && formOf(l.schema) >= ConnectDate
	switch {
	case l.value.IsNull():
		return l.value, errNoLiteral
	case formOf(s) >= ConnectDate && s.Type() < tailrace.TypeFloat32:
		millis := l.millis
		if !times {
			if millis = l.value.Int(); s.Name() == tailrace.DateName {
				millis *= millisPerDay
			}
		}
		t, err := timeLiteral(s, millis)
		return t.value, err
	case times:
		return l.value, errNoLiteral
	case l.value.Type() == s.Type():
		if s.Type() >= tailrace.TypeBytes && !s.Equal(l.schema) {
			return l.value, fmt.Errorf("%s of different types in one array or map", s.Type())
		}
		return l.value, nil
	}
	return castValue(nil, l.value, s.Type())
}
