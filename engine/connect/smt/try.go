package smt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// Try applies a transform or a predicate to a record, to see what it does before
// it is deployed. All of that is said by a line of JSON,
//
//	{"transform": {"type": CLASS, option: value …}, "record": RECORD}
//	{"predicate": {"type": CLASS, option: value …}, "record": RECORD}
//
// and so is the answer: {"record": RECORD}, with null for a record that is
// dropped, {"test": BOOLEAN}, or {"error": TEXT}. A record has the form
//
//	{"topic": …, "partition": …, "timestamp": …, "key": DATA, "value": DATA, "headers": [{"key": …, "schema": …, "payload": …}]}
//
// where DATA is null or {"schema": …, "payload": …} as JsonConverter writes it.
// Numbers without a schema are whole when their value is: 1.0 is an int64, and
// 1.5 a float64. "sink": true on the line gives the record an offset, which "offset" says, as
// those have that are read from Kafka. Other members are ignored.
func Try(line []byte) []byte {
	answer, err := try(line)
	if err != nil {
		answer = map[string]any{"error": err.Error()}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(answer); err != nil {
		return fmt.Appendf(nil, `{"error":%q}`, err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

type trial struct {
	Transform map[string]any `json:"transform"`
	Predicate map[string]any `json:"predicate"`
	Sink      bool           `json:"sink"`
	Record    recordText     `json:"record"`
}

type recordText struct {
	Topic     string          `json:"topic"`
	Partition *int32          `json:"partition"`
	Offset    *int64          `json:"offset,omitempty"`
	Timestamp *int64          `json:"timestamp"`
	Key       json.RawMessage `json:"key"`
	Value     json.RawMessage `json:"value"`
	Headers   []headerText    `json:"headers"`
}

type headerText struct {
	Key string `json:"key"`
	dataText
}

type dataText struct {
	Schema  json.RawMessage `json:"schema"`
	Payload json.RawMessage `json:"payload"`
}

func try(line []byte) (any, error) {
	var c trial
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&c); err != nil {
		return nil, fmt.Errorf("the line is not of the form {\"transform\": {…}, \"record\": {…}}: %w", err)
	}
	data := recordData{converter.NewJSON(converter.JSONConfig{Schemas: true, KeepNulls: true})}
	r, err := data.read(&c.Record, c.Sink)
	if err != nil {
		return nil, err
	}
	switch {
	case c.Transform != nil:
		t, err := configured(c.Transform, Transforms())
		if err != nil {
			return nil, err
		}
		keep, err := t.Apply(&r)
		if err != nil || !keep {
			return map[string]any{"record": nil}, err
		}
		text, err := data.write(&r)
		return map[string]any{"record": text}, err
	case c.Predicate != nil:
		p, err := configured(c.Predicate, Predicates())
		if err != nil {
			return nil, err
		}
		holds, err := p.Test(&r)
		return map[string]any{"test": holds}, err
	}
	return nil, errors.New(`the line has neither "transform" nor "predicate"`)
}

// configured makes a transform or a predicate of its options.
func configured[T any](options map[string]any, registry map[string]func(*property.Set) T) (made T, err error) {
	config := make(map[string]string, len(options))
	for k, v := range options {
		config[k] = fmt.Sprint(v)
		if v == nil {
			config[k] = "null"
		}
	}
	p := property.New(config).Use(property.Table{{Key: "type", Required: true, Doc: "The name of the class."}})
	from, ok := registry[p.String("type")]
	if !ok {
		var known []string
		for class := range registry {
			known = append(known, class)
		}
		return made, fmt.Errorf("type: there is no %s%s", p.String("type"), property.DidYouMean(p.String("type"), known))
	}
	made = from(p)
	return made, p.Err()
}

// recordData reads and writes records with their schemas.
type recordData struct{ converter *converter.JSON }

func (d recordData) read(t *recordText, sink bool) (r tailrace.Record, err error) {
	r.Topic = t.Topic
	if t.Partition != nil || sink {
		r.Partition = tailrace.Some(valueOf(t.Partition))
	}
	if sink {
		r.Offset = tailrace.Some(valueOf(t.Offset))
	}
	if t.Timestamp != nil {
		r.Time = time.UnixMilli(*t.Timestamp)
	}
	if r.KeySchema, r.Key, err = d.readText(t.Topic, t.Key); err != nil {
		return r, fmt.Errorf("the key: %w", err)
	}
	if r.ValueSchema, r.Value, err = d.readText(t.Topic, t.Value); err != nil {
		return r, fmt.Errorf("the value: %w", err)
	}
	for _, h := range t.Headers {
		header := tailrace.Header{Key: h.Key}
		if header.Schema, header.Value, err = d.readData(t.Topic, h.dataText); err != nil {
			return r, fmt.Errorf("the header %s: %w", h.Key, err)
		}
		r.Headers = append(r.Headers, header)
	}
	return r, nil
}

func valueOf[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func (d recordData) readText(topic string, text json.RawMessage) (*tailrace.Schema, tailrace.Value, error) {
	if text == nil || string(text) == "null" {
		return nil, tailrace.Value{}, nil
	}
	var data dataText
	if err := json.Unmarshal(text, &data); err != nil {
		return nil, tailrace.Value{}, err
	}
	return d.readData(topic, data)
}

func (d recordData) readData(topic string, data dataText) (*tailrace.Schema, tailrace.Value, error) {
	data.Payload = wholeNumbersOf(data.Payload)
	text, err := json.Marshal(data)
	if err != nil {
		return nil, tailrace.Value{}, err
	}
	return d.converter.Decode(topic, text)
}

// fraction is a number of JSON with a point or an exponent.
var fraction = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)`)

// wholeNumbersOf writes the numbers of a text whose digits, but for zeros at
// their end, stop at the point without it: 1.0 and 10e-1 as 1.
func wholeNumbersOf(text json.RawMessage) json.RawMessage {
	return fraction.ReplaceAllFunc(text, func(number []byte) []byte {
		mantissa, exponent, _ := strings.Cut(strings.ToLower(string(number)), "e")
		shift, err := strconv.Atoi("0" + strings.TrimPrefix(exponent, "+"))
		if strings.HasPrefix(exponent, "-") {
			shift, err = strconv.Atoi(exponent)
		}
		whole, digits, _ := strings.Cut(mantissa, ".")
		sign := ""
		if after, ok := strings.CutPrefix(whole, "-"); ok {
			sign, whole = "-", after
		}
		shift -= len(digits)
		digits = strings.TrimLeft(whole+digits, "0")
		bare := strings.TrimRight(digits, "0")
		switch {
		case number[0] == '"' || err != nil:
			return number
		case bare == "":
			return []byte("0")
		case shift+len(digits)-len(bare) != 0:
			return number
		}
		return []byte(sign + bare)
	})
}

func (d recordData) write(r *tailrace.Record) (t recordText, err error) {
	t.Topic = r.Topic
	if r.Partition.Valid {
		t.Partition = &r.Partition.V
	}
	if !r.Time.IsZero() {
		at := r.Time.UnixMilli()
		t.Timestamp = &at
	}
	if t.Key, err = d.converter.Append([]byte{}, r.Topic, r.KeySchema, r.Key); err != nil {
		return t, fmt.Errorf("the key: %w", err)
	}
	if t.Value, err = d.converter.Append([]byte{}, r.Topic, r.ValueSchema, r.Value); err != nil {
		return t, fmt.Errorf("the value: %w", err)
	}
	t.Headers = []headerText{}
	for _, h := range r.Headers {
		text, err := d.converter.Append([]byte{}, r.Topic, h.Schema, h.Value)
		if err != nil {
			return t, fmt.Errorf("the header %s: %w", h.Key, err)
		}
		header := headerText{Key: h.Key}
		if text != nil {
			if err := json.Unmarshal(text, &header.dataText); err != nil {
				return t, err
			}
		}
		t.Headers = append(t.Headers, header)
	}
	return t, nil
}
