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
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/converter/registry"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/memoryregistry"
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

// RunWrites runs a test for each line of a file of data that is written by a
// schema which is JSON itself: the bytes, the schema and what is read of the
// bytes are those of the class.
func RunWrites[C converter.Converter](t *testing.T, file string, least int, configured func(*property.Set) C) {
	t.Helper()
	Run(t, file, least, func(t *testing.T, c *Case) {
		server, p := c.Configuration(t)
		made := configured(p)
		schema, v := Parse(t, c.Data)
		got, err := made.Append([]byte{}, c.Topic, schema, v)
		switch {
		case c.Ours != "":
			return
		case c.Want.Error != "":
			if err == nil {
				t.Fatalf("there is no error; %s: %s", c.Class, c.Want.Error)
			}
			return
		case err != nil:
			t.Fatal(err)
		case c.Want.Bytes == nil:
			if got != nil {
				t.Fatalf("the bytes are %x, and should be none", got)
			}
			return
		}
		want, have := Canonical(t, []byte(c.Want.Schema)), Canonical(t, []byte(server.Latest(c.Want.Subject)))
		if have != want {
			t.Fatalf("the schema is\n%s\nand should be\n%s", have, want)
		}
		c.CheckBytes(t, made, got)
	})
}

// RunReads runs a test for each line of a file of bytes that are read by a schema
// of the registry: what is read is what the class reads.
func RunReads[C converter.Converter](t *testing.T, file string, least int, configured func(*property.Set) C) {
	t.Helper()
	Run(t, file, least, func(t *testing.T, c *Case) {
		server, p := c.Configuration(t)
		server.Put(t, c.Topic+"-value", registry.Schema{Type: registry.Type(c.Type), Text: c.Schema})
		data, err := hex.DecodeString(*c.Read)
		if err != nil {
			t.Fatal(err)
		}
		schema, v, err := configured(p).Decode(c.Topic, data)
		if c.Ours == "error" || c.Ours == "" && c.Want.Error != "" {
			if err == nil {
				t.Fatalf("there is no error; %s: %s", c.Class, c.Want.Error)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if c.Ours == "" {
			c.checkBack(t, schema, v)
		}
		if err := schema.Validate(v); err != nil {
			t.Fatal(err)
		}
	})
}

// Configuration starts a registry for the case, and gives the part of a
// configuration that the case's converter is made of. As with the classes, a
// property that the converter does not know is no error.
func (c *Case) Configuration(t *testing.T) (*memoryregistry.Server, *property.Set) {
	t.Helper()
	server, _ := memoryregistry.Start(t)
	part := "value.converter."
	if c.Key {
		part = "key.converter."
	}
	config := map[string]string{part + "schema.registry.url": server.URL}
	for key, v := range c.Config {
		config[part+key] = v
	}
	return server, property.New(config).Sub(part)
}

// CheckBytes compares what a converter wrote, and what it reads of that.
func (c *Case) CheckBytes(t *testing.T, made converter.Converter, got []byte) {
	t.Helper()
	if text := hex.EncodeToString(got); text != *c.Want.Bytes {
		t.Errorf("the bytes are %s, and should be %s", text, *c.Want.Bytes)
	}
	schema, v, err := made.Decode(c.Topic, got)
	if c.Want.BackError != "" {
		if err == nil {
			t.Fatalf("there is no error in what is read; %s: %s", c.Class, c.Want.BackError)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	c.checkBack(t, schema, v)
	if err := schema.Validate(v); err != nil {
		t.Fatal(err)
	}
}

func (c *Case) checkBack(t *testing.T, schema *tailrace.Schema, v tailrace.Value) {
	t.Helper()
	if want, have := Canonical(t, c.Want.Back), Text(t, schema, v); have != want {
		t.Fatalf("what is read is\n%s\nand should be\n%s", have, want)
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
