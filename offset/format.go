package offset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// engine is a member of the file: a name and its offsets.
type engine struct {
	name    string
	offsets []tailrace.Offset
}

// appendFile appends the text of a file. Partitions and positions are a line
// each, byte by byte as they were given.
func appendFile(dst []byte, engines []engine) []byte {
	dst = append(dst, '{')
	for i, e := range engines {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, "\n  "...)
		dst = appendString(dst, e.name)
		dst = append(dst, ": ["...)
		for j, o := range e.offsets {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, "\n    {\n      \"partition\": "...)
			dst = append(dst, oneLine(o.Partition)...)
			dst = append(dst, ",\n      \"position\": "...)
			dst = append(dst, oneLine(o.Position)...)
			dst = append(dst, "\n    }"...)
		}
		dst = append(dst, "\n  ]"...)
	}
	return append(dst, "\n}\n"...)
}

// appendString appends a text as JSON, with <, > and & as they are.
func appendString(dst []byte, s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // not of a string
	}
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

// oneLine is a JSON text as it is, or without white space where an editor has
// spread it over lines.
func oneLine(text string) string {
	if strings.ContainsAny(text, "\r\n") {
		return compact(text)
	}
	return strings.Trim(text, " \t")
}

// parse reads the text of a file. Its errors say where.
func parse(data []byte) ([]engine, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("it is empty")
	}
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		if at, ok := errors.AsType[*json.SyntaxError](err); ok {
			return nil, fmt.Errorf("it is damaged at byte %d of %d: %w", at.Offset, len(data), err)
		}
		return nil, fmt.Errorf("it is damaged: %w", err)
	}
	d := decoder{json.NewDecoder(bytes.NewReader(data))}
	var engines []engine
	err := d.object(func(name string) error {
		e := engine{name: name}
		seen := make(map[string]bool)
		err := d.array(func() error {
			o, err := d.offset()
			if err != nil {
				return err
			}
			partition := compact(o.Partition)
			if seen[partition] {
				return d.errorf("the partition %s of %q is there twice", o.Partition, name)
			}
			seen[partition] = true
			e.offsets = append(e.offsets, o)
			return nil
		})
		engines = append(engines, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("it is no file of offsets: %w", err)
	}
	return engines, nil
}

// decoder walks through JSON that is known to be valid.
type decoder struct{ *json.Decoder }

func (d decoder) errorf(format string, args ...any) error {
	return fmt.Errorf("before byte %d "+format, append([]any{d.InputOffset()}, args...)...)
}

// object calls member for each member's name; it reads the value.
func (d decoder) object(member func(name string) error) error {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return d.errorf("there should be an object")
	}
	seen := make(map[string]bool)
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if seen[name] {
			return d.errorf("the member %q is there twice", name)
		}
		seen[name] = true
		if err := member(name); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// array calls element for each element, which reads it.
func (d decoder) array(element func() error) error {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return d.errorf("there should be a list of offsets")
	}
	for d.More() {
		if err := element(); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func (d decoder) offset() (o tailrace.Offset, err error) {
	err = d.object(func(name string) error {
		into := &o.Partition
		switch name {
		case "partition":
		case "position":
			into = &o.Position
		default:
			return d.errorf("there is a member %q, which this version does not know", name)
		}
		var text json.RawMessage
		if err := d.Decode(&text); err != nil {
			return err
		}
		if text[0] != '{' {
			return d.errorf("the member %q should be an object", name)
		}
		*into = oneLine(string(text))
		return nil
	})
	if err == nil && (o.Partition == "" || o.Position == "") {
		err = d.errorf("an offset lacks its partition or its position")
	}
	return o, err
}
