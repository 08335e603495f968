package converter

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// read reads a value of the node's schema.
func (n *jsonNode) read(r *jsonReader) (v tailrace.Value, err error) {
	c := r.peek()
	if n.unknown != "" && n.unknown != "null" && r.take(n.unknown) {
		return tailrace.Unchanged(), nil
	}
	if c == 'n' && r.take("null") {
		v, ok := n.absent()
		if !ok {
			r.i -= len("null")
			return v, r.unexpected(n.typ.String())
		}
		return v, nil
	}
	switch n.op {
	case opInt, opTimeOfDay:
		return n.readInt(r)
	case opString:
		if c != '"' {
			return v, r.unexpected("a string")
		}
		s, err := r.text()
		return textValue(s), err
	case opStruct:
		return n.readStruct(r)
	case opFloat32, opFloat64:
		return n.readFloat(r)
	case opBoolean:
		switch {
		case r.take("true"):
			return tailrace.Boolean(true), nil
		case r.take("false"):
			return tailrace.Boolean(false), nil
		}
		return v, r.unexpected("a boolean")
	case opBytes:
		b, err := r.base64()
		return tailrace.Bytes(b), err
	case opArray:
		return n.readArray(r)
	case opObject:
		return n.readObject(r)
	case opPairs:
		return n.readPairs(r)
	}
	return n.readDecimal(r)
}

// absent is what a null, or a member that is missing, stands for.
func (n *jsonNode) absent() (v tailrace.Value, ok bool) {
	return n.instead, n.null != ""
}

func (n *jsonNode) readInt(r *jsonReader) (v tailrace.Value, err error) {
	c := r.peek()
	if c != '-' && (c < '0' || c > '9') {
		return v, r.unexpected("a whole number")
	}
	at := r.i
	i, ok := r.short()
	if !ok {
		text, whole, err := r.number()
		if err != nil {
			return v, err
		}
		i, ok = parseWhole(text, whole)
	}
	bits := 8 << (n.typ - tailrace.TypeInt8)
	if !ok || i<<(64-bits)>>(64-bits) != i {
		r.i = at
		return v, r.fail("a number that is no %s", n.typ)
	}
	if n.op == opTimeOfDay && (i < 0 || i > millisPerDay) {
		r.i = at
		return v, r.fail("a %s outside of a day, which it cannot be", tailrace.TimeName)
	}
	return tailrace.Integer(n.typ, i), nil
}

// parseWhole gives a number that has no fraction, even where it is written with
// one, as 1.0 is.
func parseWhole(text []byte, whole bool) (int64, bool) {
	if !whole {
		n, ok := parseDecimal(text, 0)
		return n.Int64(), ok && n.IsInt64()
	}
	i, err := strconv.ParseInt(string(text), 10, 64)
	return i, err == nil
}

func (n *jsonNode) readFloat(r *jsonReader) (v tailrace.Value, err error) {
	value, bits := tailrace.Float64, 64
	if n.op == opFloat32 {
		value, bits = func(f float64) tailrace.Value { return tailrace.Float32(float32(f)) }, 32
	}
	switch c := r.peek(); {
	case c == '-' || c >= '0' && c <= '9':
	case r.take(`"NaN"`):
		return value(math.NaN()), nil
	case r.take(`"Infinity"`):
		return value(math.Inf(1)), nil
	case r.take(`"-Infinity"`):
		return value(math.Inf(-1)), nil
	default:
		return v, r.unexpected("a number")
	}
	at := r.i
	text, _, err := r.number()
	if err != nil {
		return v, err
	}
	f, err := strconv.ParseFloat(string(text), bits)
	if err != nil {
		r.i = at
		return v, r.fail("a number too large for %s", n.typ)
	}
	return value(f), nil
}

// readDecimal reads a decimal in either form.
func (n *jsonNode) readDecimal(r *jsonReader) (v tailrace.Value, err error) {
	c, at := r.peek(), r.i
	if c == '"' {
		b, err := r.base64()
		if err != nil {
			return v, err
		}
		if b, err = minimalUnscaled(b); err != nil {
			r.i = at
			return v, r.fail("%w", err)
		}
		return tailrace.Bytes(b), nil
	}
	if c != '-' && (c < '0' || c > '9') {
		return v, r.unexpected("a number or a string of base64")
	}
	text, _, err := r.number()
	if err != nil {
		return v, err
	}
	unscaled, ok := parseDecimal(text, n.scale)
	if !ok {
		r.i = at
		return v, r.fail("a number that is no decimal of scale %d", n.scale)
	}
	return tailrace.Decimal(unscaled), nil
}

func (n *jsonNode) readStruct(r *jsonReader) (v tailrace.Value, err error) {
	if r.peek() != '{' {
		return v, r.unexpected("an object")
	}
	vs := make([]tailrace.Value, len(n.fields))
	if err := r.enter(); err != nil {
		return v, err
	}
	next := 0 // the field that is likely to come
	for first := true; ; first = false {
		if next < len(vs) && r.takeField(n.fields[next].prefix) {
			// The name stands there as Append writes it.
		} else if i, ok, err := n.readName(r, first, next); err != nil {
			return v, err
		} else if !ok {
			break
		} else if i < 0 {
			if err := r.skip(); err != nil {
				return v, err
			}
			continue
		} else {
			next = i
		}
		if vs[next], err = n.fields[next].node.read(r); err != nil {
			return v, fmt.Errorf("field %s: %w", n.fields[next].name, err)
		}
		next++
	}
	for i, f := range n.fields {
		if !vs[i].IsNull() {
			continue
		}
		if v, ok := f.node.absent(); ok {
			vs[i] = v
			continue
		}
		return v, r.fail("the field %s, which is required, is missing", f.name)
	}
	return tailrace.StructOf(vs), nil
}

// readName reads a member's name and gives the field of that name: -1 for none.
// It is likely the next one.
func (n *jsonNode) readName(r *jsonReader, first bool, next int) (i int, ok bool, err error) {
	name, ok, err := r.member(first)
	if !ok {
		return 0, false, err
	}
	if next < len(n.fields) && n.fields[next].name == string(name) {
		return next, true, nil
	}
	f, ok := n.schema.Field(textValue(name).Text())
	if !ok {
		return -1, true, nil
	}
	return f.Index, true, nil
}

func (n *jsonNode) readArray(r *jsonReader) (v tailrace.Value, err error) {
	if r.peek() != '[' {
		return v, r.unexpected("an array")
	}
	if err := r.enter(); err != nil {
		return v, err
	}
	var vs []tailrace.Value
	for {
		ok, err := r.more(len(vs) == 0, ']')
		if err != nil {
			return v, err
		}
		if !ok {
			return tailrace.Array(vs), nil
		}
		e, err := n.elem.read(r)
		if err != nil {
			return v, fmt.Errorf("element %d: %w", len(vs), err)
		}
		vs = append(vs, e)
	}
}

func (n *jsonNode) readObject(r *jsonReader) (v tailrace.Value, err error) {
	if r.peek() != '{' {
		return v, r.unexpected("an object")
	}
	if err := r.enter(); err != nil {
		return v, err
	}
	var m entries
	for first := true; ; first = false {
		name, ok, err := r.member(first)
		if err != nil {
			return v, err
		}
		if !ok {
			return tailrace.Map(m.kvs), nil
		}
		e, err := n.elem.read(r)
		if err != nil {
			return v, fmt.Errorf("value %d of a map: %w", len(m.kvs)/2, err)
		}
		m.put(name, textValue(name), e)
	}
}

func (n *jsonNode) readPairs(r *jsonReader) (v tailrace.Value, err error) {
	if r.peek() != '[' {
		return v, r.unexpected("an array of pairs")
	}
	if err := r.enter(); err != nil {
		return v, err
	}
	var m entries
	for first := true; ; first = false {
		ok, err := r.more(first, ']')
		if err != nil {
			return v, err
		}
		if !ok {
			return tailrace.Map(m.kvs), nil
		}
		if err := n.readPair(r, &m); err != nil {
			return v, fmt.Errorf("pair %d of a map: %w", len(m.kvs)/2, err)
		}
	}
}

func (n *jsonNode) readPair(r *jsonReader, m *entries) (err error) {
	if r.peek() != '[' {
		return r.unexpected("a pair of key and value")
	}
	if err := r.enter(); err != nil {
		return err
	}
	var pair [2]tailrace.Value
	for i, node := range [...]*jsonNode{n.key, n.elem} {
		ok, err := r.more(i == 0, ']')
		if err != nil {
			return err
		}
		if !ok {
			return r.fail("a pair of %d elements", i)
		}
		if pair[i], err = node.read(r); err != nil {
			return err
		}
	}
	if ok, err := r.more(false, ']'); ok || err != nil {
		return r.unexpected("the end of a pair of key and value")
	}
	id, err := n.key.append(nil, pair[0])
	m.put(id, pair[0], pair[1])
	return err
}

// maxDecimal bounds the digits that a number such as 1e999999999 may need.
const maxDecimal = 10_000

// parseDecimal gives the number times ten to the power of scale; ok says
// whether that is a whole number, and not of absurd length.
func parseDecimal(text []byte, scale int) (unscaled *big.Int, ok bool) {
	mantissa, exponent := text, 0
	if e := bytes.IndexAny(text, "eE"); e >= 0 {
		mantissa = text[:e]
		var err error
		if exponent, err = strconv.Atoi(string(text[e+1:])); err != nil || exponent > 2*maxDecimal {
			exponent = 2 * maxDecimal // as good as any that is too large
		}
	}
	digits, power := make([]byte, 0, len(mantissa)), scale+exponent
	for i, c := range mantissa {
		if c >= '0' && c <= '9' {
			digits = append(digits, c)
		} else if c == '.' {
			power -= len(mantissa) - i - 1
		}
	}
	digits = bytes.TrimLeft(digits, "0")
	if len(digits) == 0 {
		return new(big.Int), true
	}
	trimmed := bytes.TrimRight(digits, "0")
	power += len(digits) - len(trimmed)
	if power < 0 || len(trimmed)+power > maxDecimal {
		return new(big.Int), false
	}
	unscaled, ok = new(big.Int).SetString(string(trimmed)+strings.Repeat("0", power), 10)
	if text[0] == '-' {
		unscaled.Neg(unscaled)
	}
	return unscaled, ok
}
