package converter

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tailrace-io/tailrace/converter/internal/dice"
	"github.com/tailrace-io/tailrace/converter/internal/orders"
)

// FuzzJSONDecode reads bytes of any kind: whatever is read has to be as its
// schema says, and what encoding/json would not read must not be read.
func FuzzJSONDecode(f *testing.F) {
	schema, v := orders.Change()
	for _, config := range []JSONConfig{{}, {Schemas: true}} {
		data, err := NewJSON(config).Append([]byte{}, "t", schema, v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, seed := range []string{
		`{"a":[1,-2.5e3,true,null,"\u00e9\ud83d\ude00"]}`, `007`, `{"schema":null,"payload":1}`,
		`{"schema":{"type":"map","keys":{"type":"int8"},"values":{"type":"float"}},"payload":[[1,"NaN"]]}`,
		`{"schema":{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"},"default":1.5},"payload":1e2}`,
		`{"schema":{"type":"struct","fields":[{"type":"array","items":{"type":"string"},"field":"a","default":["x"]}]},"payload":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		readers := []*JSON{NewJSON(JSONConfig{}), NewJSON(JSONConfig{Schemas: true}), NewJSON(JSONConfig{Schemas: true, Schema: schema})}
		before := bytes.Clone(data)
		for i, c := range readers {
			s, v, err := c.Decode("t", data)
			if err != nil {
				continue
			}
			if err := s.Validate(v); err != nil {
				t.Fatalf("reader %d: %v", i, err)
			}
			if i == 0 && !json.Valid(data) && !mayBeMore(data) && len(bytes.TrimSpace(data)) > 0 {
				t.Fatalf("%q is no JSON", data)
			}
			again, err := c.Append([]byte{}, "t", s, v)
			if err != nil {
				t.Fatalf("reader %d: what was read cannot be written: %v", i, err)
			}
			if _, w, err := c.Decode("t", again); i < 2 && (err != nil || !w.Equal(v)) && again != nil {
				t.Fatalf("reader %d: %q is read as %v and written as %q, which is read as %v: %v", i, data, v, again, w, err)
			}
		}
		if !bytes.Equal(before, data) {
			t.Fatal("the data has changed")
		}
	})
}

// mayBeMore says whether data may have what is taken beyond JSON: numbers such
// as 007, and a byte order mark.
func mayBeMore(data []byte) bool {
	return bytes.Contains(data, []byte("0")) || bytes.HasPrefix(data, []byte("\uFEFF"))
}

// FuzzJSONRoundTrip writes values of a schema that the bytes choose.
func FuzzJSONRoundTrip(f *testing.F) {
	f.Add([]byte("seed"), "text")
	f.Add([]byte{13, 3, 12, 11, 13, 2, 9, 10, 200, 100, 50, 25, 12, 6, 5, 4, 3, 2, 1}, "\u2028\n\"")
	f.Fuzz(func(t *testing.T, rolls []byte, text string) {
		converters := []*JSON{NewJSON(JSONConfig{Schemas: true}), NewJSON(JSONConfig{Schemas: true, NumericDecimals: true, KeepNulls: true})}
		text = strings.ToValidUTF8(text, "?")
		d := dice.New(rolls, text)
		schema := d.Schema()
		v := d.Value(schema)
		for _, c := range converters {
			data, err := c.Append([]byte{}, "t", schema, v)
			if err != nil {
				t.Fatal(err)
			}
			if !json.Valid(data) {
				t.Fatalf("%s is no JSON", data)
			}
			s, w, err := c.Decode("t", data)
			if err != nil {
				t.Fatalf("%s: %v", data, err)
			}
			if !s.Equal(schema) || !w.Equal(v) {
				t.Fatalf("%s is read as %v, and was %v", data, w, v)
			}
		}
	})
}

// FuzzStringEscape holds what is written and read against encoding/json.
func FuzzStringEscape(f *testing.F) {
	for _, seed := range []string{"", "plain", "quote \" and \\", "\x00\x1f\x7f\b\t\n\f\r", "12345678é", "😀", "\u2028", "\xff\xed\xa0\x80"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		data := appendQuoted([]byte{}, []byte(s))
		var got string
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatalf("%q is written as %s: %v", s, data, err)
		}
		if utf8.ValidString(s) && got != s {
			t.Fatalf("%q is written as %s, which is %q", s, data, got)
		}
		r := &jsonReader{data: data}
		back, err := r.text()
		if err != nil || string(back) != got || r.i != len(data) {
			t.Fatalf("%s is read as %q: %v", data, back, err)
		}
		quoted, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		r = &jsonReader{data: quoted}
		if back, err := r.text(); err != nil || utf8.ValidString(s) && string(back) != s {
			t.Fatalf("%s is read as %q: %v", quoted, back, err)
		}
	})
}
