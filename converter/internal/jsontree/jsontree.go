// Package jsontree reads and writes JSON whose members keep their order, as the
// texts of schemas need it.
package jsontree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kind is what a Node is.
type Kind uint8

// The kinds of JSON. A Node of the kind None is none at all, such as a member
// that is not there.
const (
	None Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// Node is a value of JSON.
type Node struct {
	Kind    Kind
	Text    string // of a string; a number as it was written; true or false
	Elems   []Node
	Members []Member
}

// Member is a member of an object.
type Member struct {
	Name string
	Node Node
}

// maxDepth bounds how deep a text may nest.
const maxDepth = 500

// Parse reads a text that is one value.
func Parse(text []byte) (Node, error) {
	if !utf8.Valid(text) {
		return Node{}, errors.New("the text is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	n, err := parse(d, 0)
	if err != nil {
		return Node{}, err
	}
	if d.More() {
		return Node{}, errors.New("there is more than one value")
	}
	if _, err := d.Token(); err == nil {
		return Node{}, errors.New("there is more than one value")
	}
	return n, nil
}

func parse(d *json.Decoder, depth int) (Node, error) {
	t, err := d.Token()
	if err != nil {
		return Node{}, err
	}
	switch t := t.(type) {
	case nil:
		return Node{Kind: Null}, nil
	case bool:
		return Of(t), nil
	case json.Number:
		return Node{Kind: Number, Text: t.String()}, nil
	case string:
		return Text(t), nil
	case json.Delim:
		if depth == maxDepth {
			return Node{}, fmt.Errorf("the text nests deeper than %d levels", maxDepth)
		}
		if t == '[' {
			return parseArray(d, depth)
		}
		return parseObject(d, depth)
	}
	return Node{}, fmt.Errorf("unexpected %v", t)
}

func parseArray(d *json.Decoder, depth int) (Node, error) {
	n := Node{Kind: Array}
	for d.More() {
		e, err := parse(d, depth+1)
		if err != nil {
			return Node{}, err
		}
		n.Elems = append(n.Elems, e)
	}
	_, err := d.Token()
	return n, err
}

func parseObject(d *json.Decoder, depth int) (Node, error) {
	n := Node{Kind: Object}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return Node{}, err
		}
		m := Member{Name: name.(string)}
		if m.Node, err = parse(d, depth+1); err != nil {
			return Node{}, err
		}
		n.Members = append(n.Members, m)
	}
	_, err := d.Token()
	return n, err
}

// Get gives a member of an object; a Node of the kind None without one. Of
// several of one name the last counts.
func (n Node) Get(name string) Node {
	for i := len(n.Members) - 1; i >= 0; i-- {
		if n.Members[i].Name == name {
			return n.Members[i].Node
		}
	}
	return Node{}
}

// Str gives the text of a string; "" for anything else.
func (n Node) Str() string {
	if n.Kind == String {
		return n.Text
	}
	return ""
}

// Int gives a whole number.
func (n Node) Int() (int64, bool) {
	if n.Kind != Number {
		return 0, false
	}
	i, err := strconv.ParseInt(n.Text, 10, 64)
	return i, err == nil
}

// Text is a string as a Node.
func Text(s string) Node { return Node{Kind: String, Text: s} }

// Int is a whole number as a Node.
func Int(i int64) Node { return Node{Kind: Number, Text: strconv.FormatInt(i, 10)} }

// Of is a boolean as a Node.
func Of(b bool) Node { return Node{Kind: Bool, Text: strconv.FormatBool(b)} }

// Set sets a member of an object, in the place of one of that name.
func (n *Node) Set(name string, v Node) {
	n.Kind = Object
	for i := range n.Members {
		if n.Members[i].Name == name {
			n.Members[i].Node = v
			return
		}
	}
	n.Members = append(n.Members, Member{name, v})
}

// Append appends the text of the value, without white space.
func (n Node) Append(dst []byte) []byte {
	switch n.Kind {
	case Bool, Number:
		return append(dst, n.Text...)
	case String:
		return AppendString(dst, n.Text)
	case Array:
		dst = append(dst, '[')
		for i, e := range n.Elems {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = e.Append(dst)
		}
		return append(dst, ']')
	case Object:
		dst = append(dst, '{')
		for i, m := range n.Members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(AppendString(dst, m.Name), ':')
			dst = m.Node.Append(dst)
		}
		return append(dst, '}')
	}
	return append(dst, "null"...)
}

// AppendString appends a string of JSON.
func AppendString(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= 0x20:
			dst = append(dst, c)
		case strings.IndexByte("\b\t\n\f\r", c) >= 0:
			dst = append(dst, '\\', "btn?fr"[c-'\b'])
		default:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(dst, '"')
}
