package debezium

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"

	"github.com/tailrace-io/tailrace"
)

// jsonNode is a JSON value whose object's members keep their order.
type jsonNode struct {
	kind  jsonKind
	text  string // of a string
	value tailrace.Value
	names []string   // of an object
	elems []jsonNode // of an object or an array
}

type jsonKind uint8

const (
	jsonNull jsonKind = iota
	jsonText
	jsonBool
	jsonNumber
	jsonArray
	jsonObject
)

// maxJSONDepth bounds how deep arrays and objects lie in each other.
const maxJSONDepth = 1000

// parseJSON reads the value that the text begins with. It is an object or an
// array.
func parseJSON(text []byte) (n jsonNode, err error) {
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return n, errors.New("the text is no JSON object or array")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if n, err = parseNode(d, 0); err != nil {
		return n, fmt.Errorf("the text is no JSON: byte %d", d.InputOffset())
	}
	return n, nil
}

func parseNode(d *json.Decoder, depth int) (n jsonNode, err error) {
	token, err := d.Token()
	if err != nil {
		return n, err
	}
	switch t := token.(type) {
	case string:
		return jsonNode{kind: jsonText, text: t, value: tailrace.String(t)}, nil
	case bool:
		return jsonNode{kind: jsonBool, value: tailrace.Boolean(t)}, nil
	case json.Number:
		return jsonNode{kind: jsonNumber, value: numberValue(t.String())}, nil
	case json.Delim:
		if depth >= maxJSONDepth {
			return n, errors.New("too deep")
		}
		if t == '[' {
			n.kind = jsonArray
		} else {
			n.kind = jsonObject
		}
		for d.More() {
			name := ""
			if t == '{' {
				token, err := d.Token()
				if err != nil {
					return n, err
				}
				name = token.(string)
			}
			elem, err := parseNode(d, depth+1)
			if err != nil {
				return n, err
			}
			n.add(name, elem)
		}
		_, err = d.Token()
		return n, err
	}
	return n, nil
}

// add adds an element. The last one of a name stays, in the place of the first.
func (n *jsonNode) add(name string, elem jsonNode) {
	if n.kind == jsonObject {
		for i := range n.names {
			if n.names[i] == name {
				n.elems[i] = elem
				return
			}
		}
		n.names = append(n.names, name)
	}
	n.elems = append(n.elems, elem)
}

// numberValue is an int32 or int64 of whole numbers with that much room, and a
// float64 of those with a point or an exponent. Whole numbers beyond are null.
func numberValue(text string) tailrace.Value {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		if i == int64(int32(i)) {
			return tailrace.Int32(int32(i))
		}
		return tailrace.Int64(i)
	}
	if !bytes.ContainsAny([]byte(text), ".eE") {
		return tailrace.Value{}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(f, 0) {
		return tailrace.Value{}
	}
	return tailrace.Float64(f)
}

// jsonSchemas makes schemas of JSON and keeps them, so that JSON of one shape
// has one schema.
type jsonSchemas struct {
	// keepNulls makes optional bytes of null, which otherwise is left out.
	keepNulls bool
	names     NameMode // of fields

	mu    sync.Mutex
	known map[string]*tailrace.Schema
}

// maxShapes bounds how many shapes are kept.
const maxShapes = 1024

var errNoSchema = errors.New("an array of JSON has nulls alone")

// of gives the schema of JSON whose name begins with key; nil for null, and for
// an array of nothing.
func (j *jsonSchemas) of(key string, n *jsonNode) (*tailrace.Schema, error) {
	s, err := j.make(key, n)
	if err != nil || s == nil {
		return s, err
	}
	shape := string(appendShape(nil, s))
	j.mu.Lock()
	defer j.mu.Unlock()
	if known := j.known[shape]; known != nil {
		return known, nil
	}
	if j.known == nil || len(j.known) >= maxShapes {
		j.known = make(map[string]*tailrace.Schema)
	}
	j.known[shape] = s
	return s, nil
}

// appendShape writes what tells apart the schemas that are made here.
func appendShape(dst []byte, s *tailrace.Schema) []byte {
	dst = append(dst, byte(s.Type()))
	dst = strconv.AppendBool(dst, s.Optional())
	dst = strconv.AppendQuote(dst, s.Name())
	if s.Elem() != nil {
		return appendShape(dst, s.Elem())
	}
	for _, f := range s.Fields() {
		dst = appendShape(strconv.AppendQuote(dst, f.Name), f.Schema)
	}
	return append(dst, ';')
}

func (j *jsonSchemas) make(key string, n *jsonNode) (*tailrace.Schema, error) {
	switch n.kind {
	case jsonText:
		return tailrace.OptionalStringSchema, nil
	case jsonBool:
		return tailrace.OptionalBooleanSchema, nil
	case jsonNumber:
		return numberSchema(n), nil
	case jsonArray:
		if len(n.elems) == 0 {
			return nil, nil
		}
		elem, err := j.elem(key, n)
		if err != nil {
			return nil, err
		}
		return tailrace.NewSchema(tailrace.TypeArray).Elem(elem).Optional().Build()
	case jsonObject:
		b := tailrace.NewSchema(tailrace.TypeStruct).Name(key).Optional()
		taken := make(map[string]bool, len(n.names))
		for i, name := range n.names {
			name = j.names.field(name)
			if name == "" {
				return nil, errors.New("JSON has a member without a name")
			}
			inner := name
			if key != "" {
				inner = key + "." + name
			}
			s, err := j.make(inner, &n.elems[i])
			if err != nil {
				return nil, err
			}
			if s != nil && !taken[name] {
				taken[name] = true
				b.Field(name, s)
			}
		}
		return b.Build()
	}
	if j.keepNulls {
		return tailrace.OptionalBytesSchema, nil
	}
	return nil, nil
}

func numberSchema(n *jsonNode) *tailrace.Schema {
	switch n.value.Type() {
	case tailrace.TypeInt32:
		return tailrace.OptionalInt32Schema
	case tailrace.TypeInt64:
		return tailrace.OptionalInt64Schema
	}
	return tailrace.OptionalFloat64Schema
}

// elem is the schema of an array's elements, which must all be of one kind.
// Objects have the fields of all of them.
func (j *jsonSchemas) elem(key string, n *jsonNode) (*tailrace.Schema, error) {
	sample := &jsonNode{}
	for i := range n.elems {
		e := &n.elems[i]
		switch {
		case e.kind == jsonNull:
			continue
		case sample.kind == jsonNull:
			sample = e
		case e.kind != sample.kind:
			return nil, errors.New("an array of JSON has elements of several kinds")
		}
		if e.kind == jsonNumber && numberSchema(e) != numberSchema(sample) {
			return nil, errors.New("an array of JSON has numbers of several types")
		}
	}
	if sample.kind != jsonObject {
		s, err := j.make("", sample)
		if err == nil && s == nil {
			err = errNoSchema
		}
		return s, err
	}
	var all *tailrace.Schema
	for i := range n.elems {
		if n.elems[i].kind != jsonObject {
			continue
		}
		s, err := j.make(key, &n.elems[i])
		if err != nil {
			return nil, err
		}
		if all, err = merge(all, s); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// merge gives a struct the fields of another, and those that were null their
// type. Unlike what it is made of, the schema is not optional.
func merge(a, b *tailrace.Schema) (*tailrace.Schema, error) {
	if a == nil || a.Equal(b) {
		return b, nil
	}
	out := tailrace.NewSchema(tailrace.TypeStruct).Name(a.Name())
	for _, f := range a.Fields() {
		other, ok := b.Field(f.Name)
		if ok && f.Schema.Type() == tailrace.TypeBytes && other.Schema.Type() != tailrace.TypeBytes {
			f = other
		}
		out.Field(f.Name, f.Schema)
	}
	for _, f := range b.Fields() {
		if _, ok := a.Field(f.Name); !ok {
			out.Field(f.Name, f.Schema)
		}
	}
	return out.Build()
}

// connect gives the value of JSON as one of the schema that was made of it.
func (j *jsonSchemas) connect(n *jsonNode, s *tailrace.Schema) (v tailrace.Value, err error) {
	switch n.kind {
	case jsonNull:
		return v, nil
	case jsonArray:
		if s.Type() != tailrace.TypeArray {
			return v, fmt.Errorf("JSON has an array where other JSON beside it has %s", s.Type())
		}
		vs := make([]tailrace.Value, len(n.elems))
		for i := range n.elems {
			if n.elems[i].kind == jsonNull && !s.Elem().Optional() {
				return v, errors.New("an array of JSON has null among objects of several kinds")
			}
			if vs[i], err = j.connect(&n.elems[i], s.Elem()); err != nil {
				return v, err
			}
		}
		return tailrace.Array(vs), nil
	case jsonObject:
		if s.Type() != tailrace.TypeStruct {
			return v, fmt.Errorf("JSON has an object where other JSON beside it has %s", s.Type())
		}
		vs := make([]tailrace.Value, len(s.Fields()))
		for i, name := range n.names {
			if f, ok := s.Field(j.names.field(name)); ok && vs[f.Index].IsNull() {
				if vs[f.Index], err = j.connect(&n.elems[i], f.Schema); err != nil {
					return v, err
				}
			}
		}
		return tailrace.StructOf(vs), nil
	case jsonNumber:
		if n.value.IsNull() {
			return v, errors.New("JSON has a whole number beyond 64 bits")
		}
	}
	if n.value.Type() != s.Type() {
		return v, fmt.Errorf("JSON has %s where other JSON beside it has %s", n.value.Type(), s.Type())
	}
	return n.value, nil
}
