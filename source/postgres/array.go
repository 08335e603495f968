package postgres

import (
	"strings"

	"github.com/tailrace-io/tailrace"
)

// array makes an array of its text, such as {1,NULL,"a b"}. More than one
// dimension becomes one, in the order of the text.
func array(elem decoder) decoder {
	return func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		if i := strings.IndexByte(view(text), '='); i >= 0 && text[0] == '[' {
			text = text[i+1:] // its bounds
		}
		var out []tailrace.Value
		err := eachElement(text, func(e []byte, null bool) (err error) {
			var v tailrace.Value
			if !null {
				v, err = elem(slab, e)
			}
			out = append(out, v)
			return err
		})
		return tailrace.Array(out), err
	}
}

// eachElement calls for each element of an array's text.
func eachElement(text []byte, element func(e []byte, null bool) error) error {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '{':
			depth++
		case '}':
			if depth--; depth < 0 || depth == 0 && i != len(text)-1 {
				return errForm
			}
		case ',', ' ':
		case '"':
			e, next, ok := quotedElement(text, i+1)
			if !ok || depth == 0 {
				return errForm
			}
			if err := element(e, false); err != nil {
				return err
			}
			i = next
		default:
			if depth == 0 {
				return errForm
			}
			end := i
			for end < len(text) && text[end] != ',' && text[end] != '}' {
				end++
			}
			if err := element(text[i:end], view(text[i:end]) == "NULL"); err != nil {
				return err
			}
			i = end - 1
		}
	}
	if depth != 0 || len(text) == 0 {
		return errForm
	}
	return nil
}

// quotedElement reads a text in quotes from behind the first of them; end is
// the place of the last.
func quotedElement(text []byte, at int) (e []byte, end int, ok bool) {
	for i := at; i < len(text); i++ {
		switch text[i] {
		case '"':
			if e == nil {
				return text[at:i], i, true
			}
			return e, i, true
		case '\\':
			if e == nil {
				e = append(make([]byte, 0, len(text)-at), text[at:i]...)
			}
			if i++; i == len(text) {
				return nil, 0, false
			}
			e = append(e, text[i])
		default:
			if e != nil {
				e = append(e, text[i])
			}
		}
	}
	return nil, 0, false
}
