// Package signal is how a running source is told to do something: to read the
// rows of tables while it goes on reading the log, to pause that, to stop it.
// Signals have Debezium's form and come by channels: from the application
// itself (Queue), from a file (File), from a Kafka topic (package
// source/signal/kafka), and from a table of the database, which the drivers
// read by themselves. What comes of it is told by Notifications.
package signal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Signal tells a source to do something.
type Signal struct {
	// ID names the signal in the notifications that follow from it. Without one
	// they have an identifier of their own.
	ID   string `json:"id,omitempty"`
	Type Type   `json:"type"`

	// Data is a JSON object whose form Type gives; nil stands for an empty one.
	Data json.RawMessage `json:"data,omitempty"`
}

// Type says what a signal asks for, as Debezium spells it.
type Type string

const (
	ExecuteSnapshot Type = "execute-snapshot" // read rows of tables; Data is a Snapshot
	StopSnapshot    Type = "stop-snapshot"    // stop reading them; Data is a Snapshot, whose Tables may be empty for all
	PauseSnapshot   Type = "pause-snapshot"   // pause an incremental snapshot
	ResumeSnapshot  Type = "resume-snapshot"  // go on with it
	Log             Type = "log"              // write a message to the log; Data is a Message
	SchemaChanges   Type = "schema-changes"   // schemas are given by hand, which a source that reads them itself has no use for

	// AddTables captures more tables from now on, and reads the rows that they
	// have by an incremental snapshot; Data is a Snapshot. Debezium has no such
	// signal.
	AddTables Type = "add-tables"
)

// Snapshot says which rows are to be read, as the data of a signal.
type Snapshot struct {
	// Kind says how. "" means Incremental.
	Kind Kind `json:"type,omitempty"`

	// Tables are regular expressions that match whole names such as shop.orders.
	// One that matches no captured table is taken as a name.
	Tables []string `json:"data-collections,omitempty"`

	// Conditions choose rows; the first that is for a table counts.
	Conditions []Condition `json:"additional-conditions,omitempty"`

	// SurrogateKey is the column by whose values chunks are cut, in the place of
	// the primary key. It should be unique, not null and indexed.
	SurrogateKey string `json:"surrogate-key,omitempty"`
}

// Kind is a way to read rows of a source that runs.
type Kind string

const (
	Incremental Kind = "incremental" // by chunks, while the log is read
	Blocking    Kind = "blocking"    // at once, while the log waits
)

// Condition chooses rows of tables.
type Condition struct {
	Table string `json:"data-collection"` // a regular expression for names, in any case
	Where string `json:"filter"`          // SQL, as it stands behind WHERE
}

// Message is the data of Log.
type Message struct {
	Text string `json:"message"`
}

// Parse reads a signal from one JSON object with the members id, type and data.
// data is an object, or a text that has one.
func Parse(text []byte) (Signal, error) {
	var s struct {
		ID   *string
		Type string
		Data json.RawMessage
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return Signal{}, fmt.Errorf("a signal is a JSON object with the members id, type and data: %w", err)
	}
	if s.Type == "" {
		return Signal{}, errors.New("a signal has a type, such as execute-snapshot, and this one has none")
	}
	out := Signal{Type: Type(s.Type)}
	if s.ID != nil {
		out.ID = *s.ID
	}
	var err error
	out.Data, err = object(s.Data)
	return out, err
}

// New makes a signal of its three parts as a table has them.
func New(id, typ, data string) (Signal, error) {
	if typ == "" {
		return Signal{}, errors.New("a signal has a type, such as execute-snapshot, and this one has none")
	}
	s := Signal{ID: id, Type: Type(typ)}
	var err error
	s.Data, err = object([]byte(data))
	return s, err
}

// object gives the JSON object that is in the text, or in the JSON string that
// is there instead.
func object(text []byte) (json.RawMessage, error) {
	text = bytes.TrimSpace(text)
	var inner string
	if json.Unmarshal(text, &inner) == nil {
		text = []byte(strings.TrimSpace(inner))
	}
	if len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	if text[0] != '{' || !json.Valid(text) {
		return nil, errors.New("the data of a signal is a JSON object, and this one's is not")
	}
	return json.RawMessage(text), nil
}

// Snapshot reads the data of a signal that is about a snapshot.
func (s Signal) Snapshot() (Snapshot, error) {
	out := Snapshot{Kind: Incremental}
	if len(s.Data) > 0 {
		if err := json.Unmarshal(s.Data, &out); err != nil {
			return out, fmt.Errorf("the data of %s is not well formed: %w", s.Type, err)
		}
	}
	out.Kind = Kind(strings.ToLower(string(out.Kind)))
	if out.Kind == "" {
		out.Kind = Incremental
	}
	for i := range out.Tables {
		out.Tables[i] = strings.TrimSpace(out.Tables[i])
	}
	return out, out.check(s.Type)
}

func (s *Snapshot) check(t Type) error {
	var errs []error
	if s.Kind != Incremental && s.Kind != Blocking {
		errs = append(errs, fmt.Errorf("the type of a snapshot is incremental or blocking, and not %q", s.Kind))
	}
	if len(s.Tables) == 0 && t != StopSnapshot {
		errs = append(errs, fmt.Errorf("%s names no tables in data-collections", t))
	}
	for _, expr := range s.Tables {
		if _, err := regexp.Compile(expr); expr == "" || err != nil {
			errs = append(errs, fmt.Errorf("data-collections: %q is neither a name nor a regular expression", expr))
		}
	}
	for _, c := range s.Conditions {
		if _, err := regexp.Compile(c.Table); c.Table == "" || err != nil {
			errs = append(errs, fmt.Errorf("additional-conditions: data-collection: %q is neither a name nor a regular expression", c.Table))
		}
		if strings.TrimSpace(c.Where) == "" {
			errs = append(errs, fmt.Errorf("additional-conditions: the filter of %s is empty", c.Table))
		}
	}
	return errors.Join(errs...)
}

// Expand gives the names that the snapshot is about: of those that are known
// the ones that its expressions match, each once and in the order of the
// expressions, and the expressions that match none as they are.
func (s *Snapshot) Expand(known []string) []string {
	var out []string
	add := func(name string) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, expr := range s.Tables {
		re, err := regexp.Compile("^(?:" + expr + ")$")
		matched := false
		for _, name := range known {
			if err == nil && re.MatchString(name) {
				add(name)
				matched = true
			}
		}
		if !matched {
			add(expr)
		}
	}
	return out
}

// Where is the condition for a table; "" for none.
func (s *Snapshot) Where(table string) string {
	for _, c := range s.Conditions {
		if re, err := regexp.Compile("(?i)^(?:" + c.Table + ")$"); err == nil && re.MatchString(table) {
			return c.Where
		}
	}
	return ""
}

// Message reads the data of Log.
func (s Signal) Message() (string, error) {
	var m Message
	if len(s.Data) > 0 {
		if err := json.Unmarshal(s.Data, &m); err != nil {
			return "", fmt.Errorf("the data of log is not well formed: %w", err)
		}
	}
	if m.Text == "" {
		return "", errors.New("the data of log has no message")
	}
	return m.Text, nil
}
