package script

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
)

// The values of a script are nil, bool, string, float64, integer, decimal,
// list ([]any), and what the types below hold.

// integer is a whole number of one of Java's types, of which List.contains tells
// one from another.
type integer struct {
	n int64
	t tailrace.Type
}

// decimal is a BigDecimal, with its text.
type decimal struct {
	rat  *big.Rat
	text string
}

// object is a value that has members: a struct, a map, or one that scripts can
// only compare.
type object struct {
	schema *tailrace.Schema
	value  tailrace.Value
}

// headers are those of the record.
type headers []tailrace.Header

// header is one of them.
type header struct{ tailrace.Header }

// schemaField is a field of a schema.
type schemaField tailrace.Field

func schemaOrNil(s *tailrace.Schema) any {
	if s == nil {
		return nil
	}
	return s
}

// wrap gives the script's value of a record's.
func wrap(s *tailrace.Schema, v tailrace.Value) any {
	switch v.Type() {
	case tailrace.TypeNull:
		return nil
	case tailrace.TypeBoolean:
		return v.Bool()
	case tailrace.TypeString:
		return v.Text()
	case tailrace.TypeFloat32, tailrace.TypeFloat64:
		return v.Float()
	case tailrace.TypeInt8, tailrace.TypeInt16, tailrace.TypeInt32, tailrace.TypeInt64:
		if s != nil && (s.Name() == tailrace.DateName || s.Name() == tailrace.TimeName || s.Name() == tailrace.TimestampName) {
			return object{s, v} // a java.util.Date
		}
		return integer{v.Int(), v.Type()}
	case tailrace.TypeBytes:
		if s != nil && s.Name() == tailrace.DecimalName {
			return wrapDecimal(s, v)
		}
	case tailrace.TypeArray:
		out := make([]any, len(v.Elems()))
		for i, e := range v.Elems() {
			var elem *tailrace.Schema
			if s != nil {
				elem = s.Elem()
			}
			out[i] = wrap(elem, e)
		}
		return out
	}
	return object{s, v}
}

func wrapDecimal(s *tailrace.Schema, v tailrace.Value) any {
	scale, err := tailrace.Scale(s)
	if err != nil || scale < -1000 || scale > 10000 {
		return object{s, v}
	}
	rat := new(big.Rat).SetInt(tailrace.Unscaled(v.Bytes()))
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(scale, -scale))), nil)
	if scale >= 0 {
		rat.Quo(rat, new(big.Rat).SetInt(power))
	} else {
		rat.Mul(rat, new(big.Rat).SetInt(power))
	}
	text, err := converter.String{}.Append(nil, "", s, v)
	if err != nil {
		return object{s, v}
	}
	return decimal{rat, string(text)}
}

// typeName names the type of a value for people.
func typeName(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "text"
	case integer, float64, decimal:
		return "a number"
	case []any:
		return "a list"
	case found:
		return "a matcher"
	case *tailrace.Schema:
		return "a schema"
	case schemaField:
		return "a field of a schema"
	case object:
		return "a value of the type " + v.value.Type().String()
	}
	return "headers"
}

// truth is what a value is as a condition.
func (c compiler) truth(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case found:
		return bool(v)
	case string:
		return v != ""
	case integer:
		return v.n != 0
	case float64:
		return v != 0 && v == v
	case decimal:
		return c.language == JavaScript || v.rat.Sign() != 0
	case []any:
		return c.language == JavaScript || len(v) > 0
	case headers:
		return c.language == JavaScript || len(v) > 0
	case object:
		return c.language == JavaScript || v.value.Type() != tailrace.TypeMap || len(v.value.Entries()) > 0
	}
	return true
}

func isNumber(v any) bool {
	switch v.(type) {
	case integer, float64, decimal:
		return true
	}
	return false
}

func toFloat(v any) float64 {
	switch v := v.(type) {
	case integer:
		return float64(v.n)
	case float64:
		return v
	case decimal:
		f, _ := v.rat.Float64()
		return f
	}
	return math.NaN()
}

func toRat(v any) *big.Rat {
	switch v := v.(type) {
	case integer:
		return new(big.Rat).SetInt64(v.n)
	case decimal:
		return v.rat
	}
	return nil
}

// compareNumbers gives -1, 0 or 1; ok is false for NaN.
func compareNumbers(a, b any) (order int, ok bool) {
	x, isX := a.(integer)
	y, isY := b.(integer)
	if isX && isY {
		switch {
		case x.n < y.n:
			return -1, true
		case x.n > y.n:
			return 1, true
		}
		return 0, true
	}
	if p, q := toRat(a), toRat(b); p != nil && q != nil {
		return p.Cmp(q), true
	}
	f, g := toFloat(a), toFloat(b)
	switch {
	case f < g:
		return -1, true
	case f > g:
		return 1, true
	}
	return 0, f == g
}

// equal is ==.
func (c compiler) equal(a, b any) bool {
	if c.language == JavaScript {
		a, b = loosen(a, b)
	}
	if isNumber(a) && isNumber(b) {
		order, ok := compareNumbers(a, b)
		return ok && order == 0
	}
	return same(a, b, c.equal)
}

// loosen makes a number of the text that JavaScript compares with one.
func loosen(a, b any) (any, any) {
	number := func(v any) any {
		switch v := v.(type) {
		case string:
			if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil {
				return f
			}
			return math.NaN()
		case bool:
			if v {
				return 1.0
			}
			return 0.0
		}
		return v
	}
	if isNumber(a) {
		return a, number(b)
	}
	if isNumber(b) {
		return number(a), b
	}
	return a, b
}

// same compares values that are not both numbers; those in lists with elem.
func same(a, b any, elem func(a, b any) bool) bool {
	switch a := a.(type) {
	case []any:
		l, ok := b.([]any)
		if !ok || len(a) != len(l) {
			return false
		}
		for i := range a {
			if !elem(a[i], l[i]) {
				return false
			}
		}
		return true
	case object:
		o, ok := b.(object)
		return ok && a.value.Equal(o.value) && a.schema.Equal(o.schema)
	case schemaField:
		f, ok := b.(schemaField)
		return ok && a.Name == f.Name && a.Index == f.Index && a.Schema.Equal(f.Schema)
	case *tailrace.Schema:
		s, ok := b.(*tailrace.Schema)
		return ok && a.Equal(s)
	case headers, header:
		return false
	case nil, bool, string, found:
		return a == b
	}
	return false
}

// isIn is Groovy's in: whether a list contains the value as Java has it, where
// 1 is not 1L, or another value equals it.
func isIn(a, b any) (any, error) {
	switch b := b.(type) {
	case []any:
		return contains(b, a), nil
	case string, bool:
		return a == b, nil
	case nil:
		return a == nil, nil
	}
	return nil, fmt.Errorf("nothing is in %s here; use a list", typeName(b))
}

func contains(list []any, v any) bool {
	for _, e := range list {
		if identical(e, v) {
			return true
		}
	}
	return false
}

// identical is Java's equals.
func identical(a, b any) bool {
	switch a := a.(type) {
	case integer:
		return a == b
	case float64:
		f, ok := b.(float64)
		return ok && (a == f || a != a && f != f)
	case decimal:
		d, ok := b.(decimal)
		return ok && a.text == d.text
	}
	return same(a, b, identical)
}

// ordered is <, >, <= and >=. To Groovy null comes before everything.
func (c compiler) ordered(operator string, a, b any) (any, error) {
	if c.language == JavaScript {
		if a == nil || b == nil {
			a, b = numberOfNull(a), numberOfNull(b)
		}
		a, b = loosen(a, b)
	}
	order := 0
	if isNumber(a) != isNumber(b) {
		a, b = unitOf(a), unitOf(b)
	}
	switch {
	case isNumber(a) && isNumber(b):
		var ok bool
		if order, ok = compareNumbers(a, b); !ok {
			return false, nil
		}
	case a == nil || b == nil:
		if a == nil && b != nil {
			order = -1
		} else if b == nil && a != nil {
			order = 1
		}
	default:
		x, isX := a.(string)
		y, isY := b.(string)
		if !isX || !isY {
			return nil, fmt.Errorf("%s and %s cannot be compared by %s", typeName(a), typeName(b), operator)
		}
		order = compareText(x, y)
	}
	switch operator {
	case "<":
		return order < 0, nil
	case ">":
		return order > 0, nil
	case "<=":
		return order <= 0, nil
	}
	return order >= 0, nil
}

// unitOf makes a number of a single character, as which Groovy compares it with one.
func unitOf(v any) any {
	if s, ok := v.(string); ok && units(s) == 1 {
		return integer{int64([]rune(s)[0]), tailrace.TypeInt32}
	}
	return v
}

func numberOfNull(v any) any {
	if v == nil {
		return 0.0
	}
	return v
}

// compareText compares UTF-16 units, as Java and JavaScript do.
func compareText(a, b string) int {
	x, y := utf16.Encode([]rune(a)), utf16.Encode([]rune(b))
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return int(x[i]) - int(y[i])
		}
	}
	return len(x) - len(y)
}

// arithmetic is + - * / %. Whole numbers stay whole but for the quotient.
func arithmetic(operator string, a, b any) (any, error) {
	if !isNumber(a) || !isNumber(b) {
		return nil, fmt.Errorf("%s %s %s is no arithmetic", typeName(a), operator, typeName(b))
	}
	x, isX := a.(integer)
	y, isY := b.(integer)
	if isX && isY && operator != "/" {
		return whole(operator, x, y)
	}
	if p, q := toRat(a), toRat(b); p != nil && q != nil {
		return rational(operator, p, q)
	}
	f, g := toFloat(a), toFloat(b)
	switch operator {
	case "+":
		return f + g, nil
	case "-":
		return f - g, nil
	case "*":
		return f * g, nil
	case "/":
		return f / g, nil
	}
	return math.Mod(f, g), nil
}

func whole(operator string, x, y integer) (any, error) {
	t := max(x.t, y.t, tailrace.TypeInt32)
	n := int64(0)
	switch operator {
	case "+":
		n = x.n + y.n
	case "-":
		n = x.n - y.n
	case "*":
		n = x.n * y.n
	default:
		if y.n == 0 {
			return nil, errors.New("a number is divided by 0")
		}
		n = x.n % y.n
	}
	if t == tailrace.TypeInt32 {
		n = int64(int32(n))
	}
	return integer{n, t}, nil
}

func rational(operator string, p, q *big.Rat) (any, error) {
	out := new(big.Rat)
	switch operator {
	case "+":
		out.Add(p, q)
	case "-":
		out.Sub(p, q)
	case "*":
		out.Mul(p, q)
	case "/":
		if q.Sign() == 0 {
			return nil, errors.New("a number is divided by 0")
		}
		out.Quo(p, q)
	default:
		return nil, errors.New("% takes whole numbers or doubles here")
	}
	return decimal{rat: out}, nil
}

// concat puts text together.
func concat(a, b any) (any, error) {
	x, err := text(a)
	if err != nil {
		return nil, err
	}
	y, err := text(b)
	return x + y, err
}

// text is a value's toString.
func text(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "null", nil
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case integer:
		return strconv.FormatInt(v.n, 10), nil
	case float64:
		out, err := converter.String{}.Append(nil, "", nil, tailrace.Float64(v))
		return string(out), err
	case decimal:
		if v.text != "" {
			return v.text, nil
		}
	}
	return "", fmt.Errorf("%s has no text here", typeName(v))
}
