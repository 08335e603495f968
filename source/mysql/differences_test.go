package mysql_test

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
	In     string // snapshot or stream, for the rows there; default or optional, for those of the schema

	Debezium, Tailrace any

	ID any // of the row alone that is meant; nil for all of them

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
		dec := json.NewDecoder(strings.NewReader(line))
		dec.UseNumber()
		require.NoError(t, dec.Decode(&d), "%s", line)
		topic := "srv.DATABASE." + d.Table
		for i, event := range want[topic] {
			want[topic][i] = d.applied(t, event)
		}
		assert.True(t, d.used, "Debezium does not differ so: %s", line)
	}
}

func (d *difference) applied(t *testing.T, text string) string {
	event := decoded(t, text).(map[string]any)
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
	case "default", "optional":
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
