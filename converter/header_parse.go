package converter

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/tailrace-io/tailrace"
)

// headerParser reads the text of a header by tokens: a delimiter, or all up to
// the next one. A backslash takes its meaning from a delimiter.
type headerParser struct {
	text     string
	at       int
	next     string // the token that was looked at, which ends at at
	looked   bool
	previous string
}

// typed is a value and its schema; nil where there is none.
type typed struct {
	schema *tailrace.Schema
	value  tailrace.Value
}

var errHeader = errors.New("the text is no array, map or value")

func (p *headerParser) mark() int { return p.at - len(p.next) }

func (p *headerParser) rewind(to int) { p.at, p.next, p.looked, p.previous = to, "", false, "" }

func (p *headerParser) more() bool { return p.looked || p.at < len(p.text) }

// token takes the next token.
func (p *headerParser) token() string {
	if !p.looked {
		p.next = p.scan()
	}
	p.previous = p.next
	p.next, p.looked = "", false
	return p.previous
}

func (p *headerParser) scan() string {
	start, escaped := p.at, false
	for ; p.at < len(p.text); p.at++ {
		switch p.text[p.at] {
		case '\\':
			escaped = !escaped
			continue
		case ':', ',', '{', '}', '[', ']', '"':
			if !escaped {
				if start == p.at {
					p.at++
				}
				return p.text[start:p.at]
			}
		}
		escaped = false
	}
	return p.text[start:]
}

// take takes the next token if it is the one wanted, white space left aside.
func (p *headerParser) take(want string) bool {
	if !p.looked {
		if !p.more() {
			return false
		}
		p.next, p.looked = p.scan(), true
	}
	for blank(p.next) && p.at < len(p.text) {
		p.next = p.scan()
	}
	if javaTrim(p.next) != want {
		return false
	}
	p.next, p.looked = "", false
	return true
}

func blank(s string) bool { return strings.TrimFunc(s, unicode.IsSpace) == "" }

// javaTrim drops what Java's trim does.
func javaTrim(s string) string { return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' }) }

// literal takes a word that stands alone.
func (p *headerParser) literal(embedded bool, word string) bool {
	start := p.mark()
	if p.take(word) && (embedded || !p.more()) {
		return true
	}
	p.rewind(start)
	return false
}

func (p *headerParser) parse(embedded bool, depth int) (typed, error) {
	switch {
	case depth > maxDepth:
		return typed{}, errDeep
	case !p.more():
		return typed{}, nil
	case embedded && p.take(`"`):
		return p.quoted(), nil
	case p.literal(embedded, "null"):
		return typed{}, nil
	case p.literal(embedded, "true"):
		return typed{tailrace.BooleanSchema, tailrace.Boolean(true)}, nil
	case p.literal(embedded, "false"):
		return typed{tailrace.BooleanSchema, tailrace.Boolean(false)}, nil
	}
	start := p.mark()
	var got typed
	err := errHeader
	if p.take("[") {
		got, err = p.array(depth)
	} else if p.take("{") {
		got, err = p.object(depth)
	}
	if err == nil {
		return got, nil
	}
	p.rewind(start)
	token := p.token()
	switch {
	case blank(token) && !embedded: // of which Kafka's class keeps the white space alone
		return typed{tailrace.StringSchema, tailrace.String(p.text)}, nil
	case blank(token):
		return typed{tailrace.StringSchema, tailrace.String(token)}, nil
	}
	return p.simple(embedded, javaTrim(token))
}

// simple reads what is neither an array nor a map.
func (p *headerParser) simple(embedded bool, token string) (typed, error) {
	if token == "" { // control characters alone
		return typed{tailrace.StringSchema, tailrace.String(p.text)}, nil
	}
	if token[0] >= '0' && token[0] <= '9' {
		if got, ok := p.temporal(token); ok {
			return got, nil
		}
	}
	if strings.IndexByte("0123456789+-", token[0]) >= 0 {
		if got, ok := parseNumber(token); ok {
			return got, nil
		}
	}
	if embedded {
		return typed{}, errHeader
	}
	return typed{tailrace.StringSchema, tailrace.String(p.text)}, nil
}

func (p *headerParser) quoted() typed {
	var b strings.Builder
	for p.more() && !p.take(`"`) {
		b.WriteString(p.token())
	}
	if got, ok := parseTemporal(b.String()); ok {
		return got
	}
	return typed{tailrace.StringSchema, tailrace.String(b.String())}
}

func (p *headerParser) array(depth int) (typed, error) {
	var elems []typed
	for p.more() {
		if p.take("]") {
			vs, elem, err := align(elems)
			if err != nil {
				return typed{}, err
			}
			if elem == nil {
				return typed{value: tailrace.Array(vs)}, nil
			}
			return typed{tailrace.NewSchema(tailrace.TypeArray).Elem(elem).MustBuild(), tailrace.Array(vs)}, nil
		}
		if p.take(",") {
			return typed{}, errHeader
		}
		e, err := p.parse(true, depth+1)
		if err != nil {
			return typed{}, err
		}
		elems = append(elems, e)
		at := p.mark()
		if p.take("]") {
			p.rewind(at)
		} else if !p.take(",") {
			return typed{}, errHeader
		}
	}
	return typed{}, errHeader
}

func (p *headerParser) object(depth int) (typed, error) {
	var keys, values []typed
	for p.more() {
		if p.take("}") {
			return mapOf(keys, values)
		}
		if p.take(",") {
			return typed{}, errHeader
		}
		k, err := p.parse(true, depth+1)
		if err != nil || k.value.IsNull() || !p.take(":") {
			return typed{}, errHeader
		}
		v, err := p.parse(true, depth+1)
		if err != nil {
			return typed{}, err
		}
		p.take(",")
		same := func(other typed) bool { return other.value.Equal(k.value) }
		if i := slices.IndexFunc(keys, same); i >= 0 {
			values[i] = v
			continue
		}
		keys, values = append(keys, k), append(values, v)
	}
	return typed{}, errHeader
}

func mapOf(keys, values []typed) (typed, error) {
	ks, key, err := align(keys)
	if err != nil {
		return typed{}, err
	}
	vs, elem, err := align(values)
	if err != nil {
		return typed{}, err
	}
	var kvs []tailrace.Value
	for i := range ks {
		kvs = append(kvs, ks[i], vs[i])
	}
	if key == nil || elem == nil {
		return typed{value: tailrace.Map(kvs)}, nil
	}
	return typed{tailrace.NewSchema(tailrace.TypeMap).Key(key).Elem(elem).MustBuild(), tailrace.Map(kvs)}, nil
}

// align gives the values in the type that they have in common, and its schema;
// nil where they have none. As with Kafka's class, a null among values of a type
// is an error, which makes the whole a text.
func align(from []typed) (vs []tailrace.Value, common *tailrace.Schema, err error) {
	alike, nulls := true, false
	for _, f := range from {
		vs = append(vs, f.value)
		switch {
		case f.value.IsNull():
			nulls = true
		case f.schema == nil || !alike:
			alike = false
		case common == nil:
			common = f.schema
		default:
			common = widest(common, f.schema)
			alike = common != nil
		}
	}
	switch {
	case !alike || common == nil:
		return vs, nil, nil
	case nulls:
		return nil, nil, errHeader
	}
	for i, f := range from {
		vs[i] = widened(common.Type(), f.value)
	}
	return vs, common, nil
}

// widest gives the schema that has the values of both; nil without one.
func widest(a, b *tailrace.Schema) *tailrace.Schema {
	numbers := func(s *tailrace.Schema) bool {
		return s.Name() == "" && s.Type() >= tailrace.TypeInt8 && s.Type() <= tailrace.TypeFloat64
	}
	switch {
	case a.Equal(b):
		return a
	case numbers(a) && numbers(b) && a.Type() > b.Type():
		return a
	case numbers(a) && numbers(b):
		return b
	}
	return nil
}

func widened(t tailrace.Type, v tailrace.Value) tailrace.Value {
	number := v.Float()
	if v.Type() >= tailrace.TypeInt8 && v.Type() <= tailrace.TypeInt64 {
		number = float64(v.Int())
	}
	switch {
	case v.IsNull() || v.Type() == t:
		return v
	case t == tailrace.TypeFloat32:
		return tailrace.Float32(float32(number))
	case t == tailrace.TypeFloat64:
		return tailrace.Float64(number)
	}
	return tailrace.Integer(t, v.Int())
}

// temporal reads a date or a time, which may be of several tokens as they have
// colons.
func (p *headerParser) temporal(token string) (typed, bool) {
	start := p.mark()
	rest := start
	for range 4 {
		if !p.more() {
			p.rewind(start)
			return parseTemporal(token)
		}
		p.token()
	}
	if got, ok := parseTemporal(token + p.text[rest:p.at]); ok {
		return got, true
	}
	p.rewind(start)
	return parseTemporal(token)
}

func parseTemporal(text string) (typed, bool) {
	text = strings.ReplaceAll(text, `\:`, ":")
	layout, name := "", ""
	switch len(text) {
	case len("15:04:05.000Z"):
		layout, name = "15:04:05.000Z", tailrace.TimeName
	case len("2006-01-02T15:04:05.000Z"):
		layout, name = "2006-01-02T15:04:05.000Z", tailrace.TimestampName
	case len("2006-01-02"):
		layout, name = "2006-01-02", tailrace.DateName
	default:
		return typed{}, false
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		return typed{}, false
	}
	s := tailrace.Semantic(name).MustBuild()
	switch name {
	case tailrace.TimeName:
		midnight := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
		return typed{s, tailrace.Int32(int32(t.Sub(midnight).Milliseconds()))}, true
	case tailrace.DateName:
		return typed{s, tailrace.Int32(int32(t.Unix() / 86400))}, true
	}
	return typed{s, tailrace.Int64(t.UnixMilli())}, true
}

// maxDigits bounds the numbers that are worked out.
const maxDigits = 1000

// parseNumber reads a number as Java's BigDecimal does, in the smallest type.
func parseNumber(token string) (typed, bool) {
	unscaled, scale, ok := parseBigDecimal(token)
	if !ok {
		return typed{}, false
	}
	if n, ok := wholeNumber(unscaled, scale); ok && n.IsInt64() {
		i := n.Int64()
		for _, s := range []*tailrace.Schema{tailrace.Int8Schema, tailrace.Int16Schema, tailrace.Int32Schema, tailrace.Int64Schema} {
			if bits := 64 - 8<<(s.Type()-tailrace.TypeInt8); i<<bits>>bits == i {
				return typed{s, tailrace.Integer(s.Type(), i)}, true
			}
		}
	}
	if f, err := strconv.ParseFloat(token, 32); err == nil && scale != 0 {
		return typed{tailrace.Float32Schema, tailrace.Float32(float32(f))}, true
	}
	if f, err := strconv.ParseFloat(token, 64); err == nil && scale != 0 {
		return typed{tailrace.Float64Schema, tailrace.Float64(f)}, true
	}
	return typed{tailrace.DecimalSchema(scale).MustBuild(), tailrace.Decimal(unscaled)}, true
}

// wholeNumber gives the whole number of an int64's size.
func wholeNumber(unscaled *big.Int, scale int) (*big.Int, bool) {
	if unscaled.Sign() == 0 {
		return unscaled, true
	}
	digits := len(unscaled.Text(10)) - scale // before the point
	if digits > 20 || digits < 0 {
		return nil, false
	}
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(scale, -scale))), nil)
	if scale <= 0 {
		return power.Mul(unscaled, power), true
	}
	n, rest := new(big.Int).QuoRem(unscaled, power, new(big.Int))
	return n, rest.Sign() == 0
}

// parseBigDecimal reads digits with a point and an exponent.
func parseBigDecimal(token string) (unscaled *big.Int, scale int, ok bool) {
	mantissa, exponent := token, 0
	if i := strings.IndexAny(token, "eE"); i >= 0 {
		n, err := strconv.Atoi(token[i+1:])
		if err != nil || n > math.MaxInt16 || n < math.MinInt16 {
			return nil, 0, false
		}
		mantissa, exponent = token[:i], n
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	sign := strings.TrimLeft(digits, "+-")
	if len(digits)-len(sign) > 1 || sign == "" || len(sign) > maxDigits || strings.Trim(sign, "0123456789") != "" || strings.ContainsAny(fraction, "+-") {
		return nil, 0, false
	}
	unscaled, ok = new(big.Int).SetString(digits, 10)
	return unscaled, len(fraction) - exponent, ok
}
