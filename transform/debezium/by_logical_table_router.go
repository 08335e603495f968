package debezium

import (
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// ByLogicalTableRouter gives the changes of tables that are the parts of one,
// such as its shards, one topic: Debezium's transform of that name. The schemas
// of their keys and values get the names that go with the topic, and keys a
// field that tells the tables apart.
type ByLogicalTableRouter struct {
	// Topic chooses the records: those whose topic it matches as a whole.
	Topic *regexp.Regexp

	// Replacement is the new topic, a template of transform.Rewrite.
	Replacement string

	// SharedKeys says that keys are unique across the tables, and get no field.
	// Debezium: key.enforce.uniqueness, the other way about.
	SharedKeys bool

	// KeyField names the field; __dbz__physicalTableIdentifier unless it is set.
	KeyField string

	// KeyTopic and KeyReplacement make the field's value of the old topic, as
	// Topic and Replacement make the new one. Without them, and where KeyTopic
	// does not match, it is the old topic.
	KeyTopic       *regexp.Regexp
	KeyReplacement string

	// SchemaNames is how the names that schemas get are adjusted.
	SchemaNames NameMode
}

// New gives the transform, or everything that is wrong with its options. The
// transform fails for keys that are no structs. In the rows and keys that it
// routes, the default of a field takes the place of its null.
func (c ByLogicalTableRouter) New() (transform.Transform, error) {
	errs := optionErrors{transform: "ByLogicalTableRouter"}
	if c.Topic == nil {
		errs.add("Topic", "must choose topics")
	}
	if c.KeyTopic != nil && c.KeyReplacement == "" {
		errs.add("KeyReplacement", "must go with KeyTopic")
	}
	if c.KeyField == "" {
		c.KeyField = "__dbz__physicalTableIdentifier"
	}
	c.SchemaNames.check(&errs, "SchemaNames")
	t := &router{c: c}
	if c.Topic != nil {
		t.topic = transform.Rewrite(c.Topic, c.Replacement)
	}
	if c.KeyTopic != nil {
		t.table = transform.Rewrite(c.KeyTopic, c.KeyReplacement)
	}
	t.keys = transform.Derive(func(s *tailrace.Schema) (*renamed, error) {
		return &renamed{from: s, derive: t.key, defaults: defaultsOf(s)}, nil
	})
	t.events = transform.Derive(func(s *tailrace.Schema) (*renamed, error) {
		return &renamed{from: s, derive: t.event, rows: rowsOf(s)}, nil
	})
	return t, errs.err()
}

type router struct {
	c            ByLogicalTableRouter
	topic, table func(topic string) (string, bool)
	keys, events *transform.Derived[*renamed]
	slabs        transform.Slabs
}

// renamed is a schema under the name of a topic. The records of a schema have
// one topic, so that it is the last one that is kept.
type renamed struct {
	from   *tailrace.Schema
	derive func(s *tailrace.Schema, topic string) (*tailrace.Schema, error)
	last   atomic.Pointer[topical]

	defaults defaults
	rows     []row // of an event
}

// row is the place of a row in an event.
type row struct {
	at       int
	defaults defaults
}

type topical struct {
	topic  string
	schema *tailrace.Schema
}

func (r *renamed) of(topic string) (*tailrace.Schema, error) {
	if t := r.last.Load(); t != nil && t.topic == topic {
		return t.schema, nil
	}
	s, err := r.derive(r.from, topic)
	if err == nil {
		r.last.Store(&topical{topic, s})
	}
	return s, err
}

// Apply implements transform.Transform.
func (t *router) Apply(r *tailrace.Record) (bool, error) {
	topic, ok := t.topic(r.Topic)
	if !ok || topic == "" {
		return true, nil
	}
	was := *r
	if err := t.route(r, topic); err != nil {
		*r = was
		return false, fmt.Errorf("ByLogicalTableRouter: %w", err)
	}
	return true, nil
}

func (t *router) route(r *tailrace.Record, topic string) error {
	if r.Key.IsNull() {
		r.KeySchema = nil
	} else if err := t.routeKey(r, topic); err != nil {
		return err
	}
	r.Topic = topic
	event := r.ValueStruct()
	if event.IsZero() || !strings.HasSuffix(event.Schema.Name(), ".Envelope") {
		return nil
	}
	if len(event.Values) != len(event.Schema.Fields()) {
		return fmt.Errorf("the event has %d fields and its schema %d", len(event.Values), len(event.Schema.Fields()))
	}
	names, err := t.events.Of(event.Schema)
	if err != nil {
		return err
	}
	if r.ValueSchema, err = names.of(topic); err != nil {
		return err
	}
	r.Value = filledRows(names.rows, r.Value, &t.slabs)
	return nil
}

// filledRows is the event with the defaults in its rows.
func filledRows(rows []row, event tailrace.Value, slabs *transform.Slabs) tailrace.Value {
	values, copied := event.Fields(), false
	for _, row := range rows {
		filled, changed := row.defaults.filled(values[row.at], slabs)
		if !changed {
			continue
		}
		if !copied {
			values, copied = append(slabs.Values(len(values))[:0], values...), true
		}
		values[row.at] = filled
	}
	if !copied {
		return event
	}
	return tailrace.StructOf(values)
}

// rowsOf are the rows of an event that have columns with defaults.
func rowsOf(event *tailrace.Schema) (rows []row) {
	for _, f := range event.Fields() {
		if f.Name != "before" && f.Name != "after" {
			continue
		}
		if d := defaultsOf(f.Schema); len(d) > 0 {
			rows = append(rows, row{f.Index, d})
		}
	}
	return rows
}

func (t *router) routeKey(r *tailrace.Record, topic string) error {
	key := r.KeyStruct()
	if key.IsZero() || len(key.Values) != len(key.Schema.Fields()) {
		return fmt.Errorf("the key is %s and must be a struct of its schema's fields", r.Key.Type())
	}
	names, err := t.keys.Of(key.Schema)
	if err != nil {
		return err
	}
	if r.KeySchema, err = names.of(topic); err != nil {
		return err
	}
	if t.c.SharedKeys {
		r.Key, _ = names.defaults.filled(r.Key, &t.slabs)
		return nil
	}
	table := r.Topic
	if t.table != nil {
		if name, ok := t.table(r.Topic); ok {
			table = name
		}
	}
	vs := t.slabs.Values(len(key.Values) + 1)
	copy(vs, key.Values)
	names.defaults.fill(vs)
	vs[len(key.Values)] = tailrace.String(table)
	r.Key = tailrace.StructOf(vs)
	return nil
}

// key is the schema of keys in the topic.
func (t *router) key(s *tailrace.Schema, topic string) (*tailrace.Schema, error) {
	b := s.Builder().Name(t.c.SchemaNames.schema(topic + ".Key"))
	if !t.c.SharedKeys {
		b.Field(t.c.KeyField, tailrace.StringSchema)
	}
	return b.Build()
}

// event is the schema of events in the topic.
func (t *router) event(s *tailrace.Schema, topic string) (*tailrace.Schema, error) {
	before, ok := s.Field("before")
	if !ok {
		return nil, fmt.Errorf("the event has no row called before")
	}
	row, err := before.Schema.Builder().Name(t.c.SchemaNames.schema(topic + ".Value")).Build()
	if err != nil {
		return nil, err
	}
	b := transform.SchemaLike(tailrace.TypeStruct, s).Name(t.c.SchemaNames.schema(topic + ".Envelope"))
	for _, f := range s.Fields() {
		if f.Name == "before" || f.Name == "after" {
			f.Schema = row
		}
		b.Field(f.Name, f.Schema)
	}
	return b.Build()
}
