// Package recorded compares converters with what the Java classes in whose place
// they stand made of the same data: lines of JSON in a package's testdata, each
// a conversion with its answer.
//
// The answers are those of ConverterOracle.java, which lies beside this file. It
// runs with the jars of Kafka Connect, Debezium and Confluent's converters on its
// class path; -record asks it anew, by the command that $TAILRACE_CONVERTERS
// names.
package recorded

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
)

var record = flag.Bool("record", false, "ask the real converters anew: the command that $TAILRACE_CONVERTERS names takes lines and answers each with a line")

// Case is a conversion: of data, or of bytes.
type Case struct {
	Name   string            `json:"name"`
	Class  string            `json:"class"`
	Config map[string]string `json:"config,omitempty"`
	Topic  string            `json:"topic,omitempty"` // "t" where it is empty
	Key    bool              `json:"key,omitempty"`

	// Data is what is written, in the form of JSON with schemas.
	Data json.RawMessage `json:"data,omitempty"`

	// Headers are those of the record, each the text that goes over the wire.
	Headers map[string]json.RawMessage `json:"headers,omitempty"`

	// Read are bytes in hexadecimal digits, and Schema and Type what the
	// registry has under the id 1.
	Read   *string `json:"read,omitempty"`
	Schema string  `json:"schema,omitempty"`
	Type   string  `json:"type,omitempty"`

	Want Answer `json:"want"`

	// Ours says what is meant to be different here, in words; the answers are
	// not compared then.
	Ours string `json:"ours,omitempty"`
}

// Answer is what the class made of it.
type Answer struct {
	Bytes   *string `json:"bytes,omitempty"` // hexadecimal digits
	Subject string  `json:"subject,omitempty"`
	Schema  string  `json:"schema,omitempty"`

	// Schemas are those of every subject, where there are several.
	Schemas map[string]string `json:"schemas,omitempty"`

	Back  json.RawMessage `json:"back,omitempty"` // what is read of the bytes
	Error string          `json:"error,omitempty"`

	BackError string `json:"backError,omitempty"`
}

// Run runs a test for each line of a file.
func Run(t *testing.T, file string, least int, check func(t *testing.T, c *Case)) {
	t.Helper()
	cases := load(t, file)
	if *record {
		ask(t, cases)
		store(t, file, cases)
	}
	if len(cases) < least {
		t.Errorf("%s has %d cases, and should have %d", file, len(cases), least)
	}
	for _, c := range cases {
		if c.Topic == "" {
			c.Topic = "t"
		}
		t.Run(c.Name, func(t *testing.T) { check(t, c) })
	}
}

func load(t *testing.T, file string) (cases []*Case) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		c := &Case{}
		if err := json.Unmarshal(lines.Bytes(), c); err != nil {
			t.Fatalf("%s: %v: %s", file, err, lines.Bytes())
		}
		cases = append(cases, c)
	}
	return cases
}

func ask(t *testing.T, cases []*Case) {
	t.Helper()
	var in bytes.Buffer
	for _, c := range cases {
		c.Want = Answer{}
		line, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(line, '\n'))
	}
	argv := strings.Fields(os.Getenv("TAILRACE_CONVERTERS"))
	if len(argv) == 0 {
		t.Fatal("TAILRACE_CONVERTERS does not name the command to ask")
	}
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stderr = &in, t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	answers := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if len(answers) != len(cases) {
		t.Fatalf("%d answers to %d lines", len(answers), len(cases))
	}
	for i, c := range cases {
		if err := json.Unmarshal(answers[i], &c.Want); err != nil {
			t.Fatalf("%s: %v", answers[i], err)
		}
	}
}

func store(t *testing.T, file string, cases []*Case) {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	for _, c := range cases {
		if err := e.Encode(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// plain is the form in which cases have data.
var plain = converter.JSONConfig{Schemas: true, KeepNulls: true}

// Parse gives the data of a text.
func Parse(t *testing.T, text json.RawMessage) (*tailrace.Schema, tailrace.Value) {
	t.Helper()
	s, v, err := converter.NewJSON(plain).Decode("t", text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return s, v
}

// Text gives data as a text whose maps and parameters are in order, for
// comparison.
func Text(t *testing.T, s *tailrace.Schema, v tailrace.Value) string {
	t.Helper()
	b, err := converter.NewJSON(plain).Append([]byte{}, "t", s, v)
	if err != nil {
		t.Fatal(err)
	}
	return Canonical(t, b)
}

// Canonical gives a text of JSON with the members of objects in order, and
// arrays of pairs, as which maps are written, too.
func Canonical(t *testing.T, text []byte) string {
	t.Helper()
	if len(text) == 0 {
		return "null"
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	out, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// String says what the case is about, for messages.
func (c *Case) String() string { return fmt.Sprintf("%s %s %v", c.Class, c.Name, c.Config) }
