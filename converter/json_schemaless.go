package converter

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/tailrace-io/tailrace"
)

// appendAny writes a value that no schema describes.
func (j *JSON) appendAny(dst []byte, v tailrace.Value, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, errDeep
	}
	switch v.Type() {
	case tailrace.TypeNull:
		return append(dst, "null"...), nil
	case tailrace.TypeUnchanged:
		return appendQuoted(dst, []byte(j.config.Unavailable)), nil
	case tailrace.TypeFloat32:
		return appendJSONFloat(dst, v.Float(), 32), nil
	case tailrace.TypeFloat64:
		return appendJSONFloat(dst, v.Float(), 64), nil
	case tailrace.TypeBoolean:
		return strconv.AppendBool(dst, v.Bool()), nil
	case tailrace.TypeString:
		return appendQuoted(dst, v.Bytes()), nil
	case tailrace.TypeBytes:
		return appendBase64(dst, v.Bytes()), nil
	case tailrace.TypeArray:
		return j.appendAnyArray(dst, v.Elems(), depth)
	case tailrace.TypeMap:
		return j.appendAnyMap(dst, v.Entries(), depth)
	case tailrace.TypeStruct:
		return dst, errors.New("a struct without a schema, which alone knows its fields' names")
	}
	return appendInt(dst, v.Int()), nil
}

func (j *JSON) appendAnyArray(dst []byte, vs []tailrace.Value, depth int) (_ []byte, err error) {
	dst = append(dst, '[')
	for i := range vs {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = j.appendAny(dst, vs[i], depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// appendAnyMap writes an object where all keys are strings, and pairs otherwise.
func (j *JSON) appendAnyMap(dst []byte, kvs []tailrace.Value, depth int) (_ []byte, err error) {
	opening, between, closing := "", ":", ""
	begin, end := byte('{'), byte('}')
	for i := 0; i < len(kvs); i += 2 {
		if kvs[i].Type() != tailrace.TypeString {
			opening, between, closing, begin, end = "[", ",", "]", '[', ']'
			break
		}
	}
	dst = append(dst, begin)
	for i := 0; i < len(kvs); i += 2 {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, opening...)
		if dst, err = j.appendAny(dst, kvs[i], depth+2); err != nil {
			return dst, err
		}
		dst = append(dst, between...)
		if dst, err = j.appendAny(dst, kvs[i+1], depth+2); err != nil {
			return dst, err
		}
		dst = append(dst, closing...)
	}
	return append(dst, end), nil
}

// any reads a value that no schema describes.
func (j *JSON) any(r *jsonReader) (v tailrace.Value, err error) {
	switch c := r.peek(); {
	case c == '"':
		s, err := r.text()
		if string(s) == j.config.Unavailable {
			return tailrace.Unchanged(), err
		}
		return textValue(s), err
	case c == '{':
		return j.anyObject(r)
	case c == '[':
		return j.anyArray(r)
	case c == '-' || c >= '0' && c <= '9':
		return anyNumber(r)
	case r.take("null"):
		return v, nil
	case r.take("true"):
		return tailrace.Boolean(true), nil
	case r.take("false"):
		return tailrace.Boolean(false), nil
	}
	return v, r.unexpected("a value")
}

func anyNumber(r *jsonReader) (v tailrace.Value, err error) {
	at := r.i
	text, whole, err := r.number()
	if err != nil {
		return v, err
	}
	if whole {
		i, ok := parseWhole(text, true)
		if !ok {
			r.i = at
			return v, r.fail("a whole number that is no int64")
		}
		return tailrace.Int64(i), nil
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		r.i = at
		return v, r.fail("a number too large for float64")
	}
	return tailrace.Float64(f), nil
}

func (j *JSON) anyArray(r *jsonReader) (v tailrace.Value, err error) {
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
		e, err := j.any(r)
		if err != nil {
			return v, err
		}
		vs = append(vs, e)
	}
}

func (j *JSON) anyObject(r *jsonReader) (v tailrace.Value, err error) {
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
		e, err := j.any(r)
		if err != nil {
			return v, err
		}
		m.put(name, textValue(name), e)
	}
}

// entries gathers a map, in which the last value of a key stays.
type entries struct {
	kvs   []tailrace.Value
	index map[string]int // from manyEntries on
}

const manyEntries = 32

// put sets the value of a key, which id identifies.
func (m *entries) put(id []byte, key, v tailrace.Value) {
	if m.index == nil && len(m.kvs) < 2*manyEntries && key.Type() == tailrace.TypeString {
		for i := 0; i < len(m.kvs); i += 2 {
			if bytes.Equal(m.kvs[i].Bytes(), id) {
				m.kvs[i+1] = v
				return
			}
		}
		if m.kvs == nil {
			m.kvs = make([]tailrace.Value, 0, 16)
		}
		m.kvs = append(m.kvs, key, v)
		return
	}
	if m.index == nil {
		m.index = make(map[string]int)
		for i := 0; i < len(m.kvs); i += 2 {
			m.index[m.kvs[i].Text()] = i
		}
	}
	if i, ok := m.index[string(id)]; ok {
		m.kvs[i+1] = v
		return
	}
	m.index[string(id)] = len(m.kvs)
	m.kvs = append(m.kvs, key, v)
}
