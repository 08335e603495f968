package parity

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A difference is a value that is meant to be another than Debezium's, in
// differences.jsonl of a scenario; docs/differences.md says of each why. It
// counts for every event of the table in which Debezium has that value.
type difference struct {
	Table  string // after which the topic is named
	Column string
	In     string // snapshot or stream, for the rows there; default, optional and the like, for what the schema says; key, and key.optional and the like, for keys; column, for one that Debezium leaves out

	Debezium, Tailrace any

	ID any // of the row alone that is meant; nil for all of them

	// Rows are the values of a column that Debezium leaves out, by the row's id,
	// which in the stream is 10 more; Tailrace is its schema.
	Rows map[string]any

	used bool
}

// allow takes the differences that are meant out of what Debezium answered and
// out of what there is here. One that does not show is an error.
func allow(t *testing.T, dir, prefix string, want, have map[string][]string) {
	text, err := os.ReadFile(filepath.Join(dir, "differences.jsonl"))
	if os.IsNotExist(err) {
		return
	}
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		var d difference
		dec := json.NewDecoder(strings.NewReader(line))
		dec.UseNumber()
		require.NoError(t, dec.Decode(&d), "%s", line)
		topic := prefix + d.Table
		if d.In == "column" {
			for i, event := range have[topic] {
				have[topic][i] = d.without(t, event, true)
			}
			for i, event := range want[topic] {
				want[topic][i] = d.without(t, event, false) // where it has one, it is of no use
			}
		} else {
			for i, event := range want[topic] {
				want[topic][i] = d.applied(t, event)
			}
		}
		assert.True(t, d.used, "there is no such difference: %s", line)
	}
}

// without takes a column away and, if it is one of here, checks it.
func (d *difference) without(t *testing.T, text string, here bool) string {
	event := decoded(t, text).(map[string]any)
	value, _ := event["value"].(map[string]any)
	if value == nil {
		return text
	}
	for _, image := range value["schema"].(map[string]any)["fields"].([]any)[:2] {
		of := image.(map[string]any)
		of["fields"] = slices.DeleteFunc(of["fields"].([]any), func(field any) bool {
			f := field.(map[string]any)
			if f["field"] != d.Column {
				return false
			}
			if !here {
				return true
			}
			delete(f, "field")
			assert.Empty(t, compared("the schema of "+d.Column, d.Tailrace, f))
			d.used = true
			return true
		})
	}
	payload := value["payload"].(map[string]any)
	if row, _ := payload["after"].(map[string]any); row != nil && here {
		id, _ := row["id"].(json.Number).Int64()
		want, ok := d.Rows[fmt.Sprint(id%10)]
		if assert.True(t, ok, "the row %d of %s is not listed", id, d.Column) {
			assert.Empty(t, compared(fmt.Sprintf("%s of row %d", d.Column, id), want, row[d.Column]))
		}
	}
	for _, image := range []any{payload["before"], payload["after"]} {
		if row, _ := image.(map[string]any); row != nil {
			delete(row, d.Column)
		}
	}
	out, err := json.Marshal(event)
	require.NoError(t, err)
	return string(out)
}

func (d *difference) applied(t *testing.T, text string) string {
	event := decoded(t, text).(map[string]any)
	if d.inKey(event) {
		out, err := json.Marshal(event)
		require.NoError(t, err)
		return string(out)
	}
	value, _ := event["value"].(map[string]any)
	if value == nil {
		return text
	}
	payload, _ := value["payload"].(map[string]any)
	stage := "stream"
	if payload["op"] == "r" {
		stage = "snapshot"
	}
	switch d.In {
	case "default", "optional", "parameters", "items":
		d.inSchema(value["schema"])
	case stage:
		for _, image := range []any{payload["before"], payload["after"]} {
			if row, _ := image.(map[string]any); row != nil && (d.ID == nil || row["id"] == d.ID) && reflect.DeepEqual(row[d.Column], d.Debezium) {
				row[d.Column], d.used = d.Tailrace, true
			}
		}
	}
	out, err := json.Marshal(event)
	require.NoError(t, err)
	return string(out)
}

// inKey replaces what keys, also those in headers, have of the column: a value
// where In is key, or what their schemas say where it is key.optional.
func (d *difference) inKey(event map[string]any) bool {
	about, ok := strings.CutPrefix(d.In, "key")
	if !ok {
		return false
	}
	keys := []any{event["key"]}
	headers, _ := event["headers"].([]any)
	for _, h := range headers {
		keys = append(keys, h.(map[string]any)["value"])
	}
	for _, k := range keys {
		key, _ := k.(map[string]any)
		if key == nil {
			continue
		}
		if about != "" {
			said := *d
			said.In = about[1:]
			said.inSchema(key["schema"])
			d.used = d.used || said.used
		} else if row, _ := key["payload"].(map[string]any); row != nil && reflect.DeepEqual(row[d.Column], d.Debezium) {
			row[d.Column], d.used = d.Tailrace, true
		}
	}
	return true
}

// inSchema replaces what a schema says of the column.
func (d *difference) inSchema(schema any) {
	of, _ := schema.(map[string]any)
	if of["field"] == d.Column && reflect.DeepEqual(of[d.In], d.Debezium) {
		if of[d.In], d.used = d.Tailrace, true; d.Tailrace == nil {
			delete(of, d.In)
		}
	}
	fields, _ := of["fields"].([]any)
	for _, field := range fields {
		d.inSchema(field)
	}
}

// compare names every place in which two events are not the same: an event is
// long, and its schema longer.
func compare(t *testing.T, want, have string) []string {
	return compared("", decoded(t, want), decoded(t, have))
}

// decoded keeps all digits of numbers.
func decoded(t *testing.T, text string) (v any) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	require.NoError(t, d.Decode(&v), "%s", text)
	return v
}

// sameNumber says whether both texts are one number. Of a float32 there may be
// more digits than are needed to tell it from its neighbours, which Java writes.
func sameNumber(want, have json.Number) bool {
	if isInteger(want) && isInteger(have) {
		return want == have
	}
	w, _ := want.Float64()
	h, _ := have.Float64()
	if w == h {
		return true
	}
	short, _ := strconv.ParseFloat(strconv.FormatFloat(h, 'g', -1, 32), 64)
	return short == h && float32(w) == float32(h)
}

func isInteger(n json.Number) bool { return !strings.ContainsAny(string(n), ".eE") }

func compared(at string, want, have any) (out []string) {
	switch w := want.(type) {
	case map[string]any:
		h, ok := have.(map[string]any)
		if !ok {
			break
		}
		both := maps.Clone(w)
		maps.Copy(both, h)
		for _, key := range slices.Sorted(maps.Keys(both)) {
			out = append(out, compared(at+"."+key, w[key], h[key])...)
		}
		return out
	case []any:
		h, ok := have.([]any)
		if ok && namedFields(w) && namedFields(h) && fieldNames(w) != fieldNames(h) {
			return []string{fmt.Sprintf("%s: Debezium has the fields %s, here they are %s", at, fieldNames(w), fieldNames(h))}
		}
		if !ok || len(h) != len(w) {
			break
		}
		for i := range w {
			out = append(out, compared(fmt.Sprintf("%s[%s]", at, place(w[i], i)), w[i], h[i])...)
		}
		return out
	case json.Number:
		if h, ok := have.(json.Number); ok && sameNumber(w, h) {
			return nil
		}
	}
	if !reflect.DeepEqual(want, have) {
		a, _ := json.Marshal(want)
		b, _ := json.Marshal(have)
		out = append(out, fmt.Sprintf("%s: Debezium has %s, here it is %s", at, a, b))
	}
	return out
}

// place is the name of a schema's field, or else the index.
func place(elem any, i int) string {
	if field, ok := elem.(map[string]any); ok && field["field"] != nil {
		return fmt.Sprint(field["field"])
	}
	return fmt.Sprint(i)
}

// namedFields says whether a list is that of a schema's fields.
func namedFields(list []any) bool {
	for _, elem := range list {
		if field, ok := elem.(map[string]any); !ok || field["field"] == nil {
			return false
		}
	}
	return true
}

func fieldNames(list []any) string {
	var names []string
	for i, elem := range list {
		names = append(names, place(elem, i))
	}
	return strings.Join(names, " ")
}
