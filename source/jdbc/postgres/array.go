package postgres

import (
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/jdbc"
)

// describeArray completes a column of arrays by the name of the elements' type.
// Elements that are told from their text have that type, all others are text.
func describeArray(c *jdbc.Column, kind string, modifier int, loc *time.Location) {
	e := jdbc.Column{Name: c.Name, Declared: kind, Nullable: true}
	describe(&e, kind, modifier, loc)
	switch {
	case kind == "timestamptz", kind != "char" && kind != "citext" && e.Select != "":
		e = jdbc.Column{Name: c.Name, Declared: kind, Nullable: true, Type: jdbc.Text}
	case kind == "bytea":
		e.Decode = hexadecimal
	case kind == "date":
		e.Decode = nil
	}
	between := byte(',')
	if kind == "box" {
		between = ';'
	}
	c.Type, c.Elem = jdbc.Array, &e
	c.Elements = func(src any) ([]any, error) {
		text, ok := src.(string)
		if !ok {
			return nil, errNoArray
		}
		return elements(text, between)
	}
}

var errNoArray = errors.New("holds something that is no array")

// elements takes the text of an array apart: nil for NULL, else a string. Those
// of several dimensions come one after the other.
func elements(text string, between byte) (out []any, err error) {
	if strings.HasPrefix(text, "[") { // bounds, as in [0:1]={1,2}
		_, text, _ = strings.Cut(text, "=")
	}
	depth := 0
	for at := 0; at < len(text); {
		switch c := text[at]; {
		case c == '{':
			depth, at = depth+1, at+1
		case depth == 0:
			return nil, errNoArray
		case c == '}':
			if depth, at = depth-1, at+1; depth == 0 {
				if at < len(text) {
					return nil, errNoArray
				}
				return out, nil
			}
		case c == between:
			at++
		case c == '"':
			element, n, ok := quotedElement(text[at:])
			if !ok {
				return nil, errNoArray
			}
			out, at = append(out, element), at+n
		default:
			n := strings.IndexAny(text[at:], string(between)+"}")
			if n < 0 {
				return nil, errNoArray
			}
			if element := text[at : at+n]; element == "NULL" {
				out = append(out, nil)
			} else {
				out = append(out, element)
			}
			at += n
		}
	}
	return nil, errNoArray
}

// quotedElement reads an element in quotes, in which backslashes stand before
// quotes and backslashes, and says how long it is with them.
func quotedElement(text string) (element string, n int, ok bool) {
	var out []byte
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return string(out), i + 1, true
		case '\\':
			if i++; i == len(text) {
				return "", 0, false
			}
		}
		out = append(out, text[i])
	}
	return "", 0, false
}

// hexadecimal reads bytes as PostgreSQL writes them in text.
func hexadecimal(slab *tailrace.Slab, src any) (tailrace.Value, error) {
	text, _ := src.(string)
	digits, ok := strings.CutPrefix(text, `\x`)
	b, err := hex.DecodeString(digits)
	if err != nil || !ok {
		return tailrace.Value{}, errors.New("holds something that is no bytes in hexadecimal")
	}
	return slab.CopyBytes(b), nil
}
