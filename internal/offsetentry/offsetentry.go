// Package offsetentry has the form in which Kafka Connect's worker keeps offsets,
// in a topic, in a file and in a table: an entry a source partition, whose key
// is the JSON list of a name and the partition, and whose value is the position.
package offsetentry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// AppendRecords appends the records that keep offsets under a name.
func AppendRecords(dst []tailrace.Record, topic, name string, offsets []tailrace.Offset) ([]tailrace.Record, error) {
	for _, o := range offsets {
		partition, position := oneLine(o.Partition), oneLine(o.Position)
		if !IsObject(partition) {
			return dst, fmt.Errorf("the partition of an offset is no JSON object: %.100q", partition)
		}
		if !IsObject(position) {
			return dst, fmt.Errorf("the position of the partition %.100s is no JSON object: %.100q", partition, position)
		}
		key, err := prefix(name)
		if err != nil {
			return dst, err
		}
		key = append(append(key, partition...), ']')
		dst = append(dst, tailrace.Record{Topic: topic, Key: tailrace.Bytes(key), Value: tailrace.String(position)})
	}
	return dst, nil
}

// prefix is what the keys of a name begin with.
func prefix(name string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('[')
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(name); err != nil {
		return nil, fmt.Errorf("write the name %q as JSON: %w", name, err)
	}
	b.Truncate(b.Len() - 1) // the newline
	b.WriteByte(',')
	return b.Bytes(), nil
}

// oneLine is a JSON text as it is, or without white space where it is spread
// over lines.
func oneLine(text string) string {
	text = strings.Trim(text, " \t\r\n")
	if !strings.ContainsAny(text, "\r\n") {
		return text
	}
	var b bytes.Buffer
	if json.Compact(&b, []byte(text)) != nil {
		return text
	}
	return b.String()
}

// IsObject says whether a text is a JSON object.
func IsObject(text string) bool { return strings.HasPrefix(text, "{") && json.Valid([]byte(text)) }

var errForm = errors.New(`it is not of the form ["name",{…}]`)

// ParseKey takes the key of a record apart. The texts are as they stand there.
func ParseKey(key []byte) (name, partition string, err error) {
	var list []json.RawMessage
	if err := json.Unmarshal(key, &list); err != nil || len(list) != 2 || len(list[1]) == 0 || list[1][0] != '{' {
		return "", "", errForm
	}
	if err := json.Unmarshal(list[0], &name); err != nil {
		return "", "", errForm
	}
	return name, string(list[1]), nil
}

// Canonical is a key as it would be written anew: the same text for every
// spelling of the same key.
func Canonical(key []byte) (string, error) {
	name, partition, err := ParseKey(key)
	if err != nil {
		return "", err
	}
	out, err := prefix(name)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(partition)); err != nil {
		return "", errForm
	}
	return string(append(append(out, b.Bytes()...), ']')), nil
}
