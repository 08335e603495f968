package mysql_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
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
	In     string // snapshot, stream or default: the rows there, or the schema's default

	Debezium, Tailrace any

	used bool
}

// allow takes the differences that are meant out of what Debezium answered. One
// that Debezium does not show is an error.
func allow(t *testing.T, dir string, want map[string][]string) {
	text, err := os.ReadFile(filepath.Join(dir, "differences.jsonl"))
	if os.IsNotExist(err) {
		return
	}
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		var d difference
		require.NoError(t, json.Unmarshal([]byte(line), &d), "%s", line)
		topic := "srv.DATABASE." + d.Table
		for i, event := range want[topic] {
			want[topic][i] = d.applied(t, event)
		}
		assert.True(t, d.used, "Debezium does not differ so: %s", line)
	}
}

func (d *difference) applied(t *testing.T, text string) string {
	var event map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &event))
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
	case "default":
		d.inSchema(value["schema"])
	case stage:
		for _, image := range []any{payload["before"], payload["after"]} {
			if row, _ := image.(map[string]any); row != nil && reflect.DeepEqual(row[d.Column], d.Debezium) {
				row[d.Column], d.used = d.Tailrace, true
			}
		}
	}
	out, err := json.Marshal(event)
	require.NoError(t, err)
	return string(out)
}

// inSchema replaces the default of the column in a schema.
func (d *difference) inSchema(schema any) {
	of, _ := schema.(map[string]any)
	if of["field"] == d.Column && reflect.DeepEqual(of["default"], d.Debezium) {
		if of["default"], d.used = d.Tailrace, true; d.Tailrace == nil {
			delete(of, "default")
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
	var a, b any
	require.NoError(t, json.Unmarshal([]byte(want), &a))
	require.NoError(t, json.Unmarshal([]byte(have), &b))
	return compared("", a, b)
}

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
		if !ok || len(h) != len(w) {
			break
		}
		for i := range w {
			out = append(out, compared(fmt.Sprintf("%s[%s]", at, place(w[i], i)), w[i], h[i])...)
		}
		return out
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
