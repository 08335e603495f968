package postgres

import (
	"encoding/json"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// eachPair calls for each pair of an hstore's text, such as "a"=>"1", "b"=>NULL.
func eachPair(text []byte, pair func(key, value []byte, null bool)) error {
	for i := 0; i < len(text); {
		if text[i] != '"' {
			return errForm
		}
		key, end, ok := quotedElement(text, i+1)
		if !ok || !strings.HasPrefix(view(text[end+1:]), "=>") {
			return errForm
		}
		i = end + 3
		switch {
		case strings.HasPrefix(view(text[i:]), "NULL"):
			pair(key, nil, true)
			i += 4
		case i < len(text) && text[i] == '"':
			value, end, ok := quotedElement(text, i+1)
			if !ok {
				return errForm
			}
			pair(key, value, false)
			i = end + 1
		default:
			return errForm
		}
		for i < len(text) && (text[i] == ',' || text[i] == ' ') {
			i++
		}
	}
	return nil
}

func hstoreMap(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	var entries []tailrace.Value
	err := eachPair(text, func(key, value []byte, null bool) {
		v := tailrace.Value{}
		if !null {
			v = slab.CopyString(value)
		}
		entries = append(entries, slab.CopyString(key), v)
	})
	return tailrace.Map(entries), err
}

func hstoreJSON(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	out := []byte{'{'}
	quote := func(b []byte) {
		var buf strings.Builder
		e := json.NewEncoder(&buf)
		e.SetEscapeHTML(false)
		e.Encode(string(b)) // a text is always valid
		out = append(out, strings.TrimSuffix(buf.String(), "\n")...)
	}
	err := eachPair(text, func(key, value []byte, null bool) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		quote(key)
		out = append(out, ':')
		if null {
			out = append(out, "null"...)
		} else {
			quote(value)
		}
	})
	return slab.CopyString(append(out, '}')), err
}
