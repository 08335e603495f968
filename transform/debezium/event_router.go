package debezium

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// EventRouter makes messages of the rows that an application inserts into its
// outbox table: Debezium's transform of that name. A row's key, payload and topic
// become those of the record, its id the header id. Deletions of rows, and
// tombstones, are dropped; records that are no change events pass.
type EventRouter struct {
	// ID, Key and Payload name the columns; id, aggregateid and payload unless
	// they are set.
	ID, Key, Payload string

	// Timestamp names the column with the record's time, an io.debezium.time
	// Timestamp, MicroTimestamp or NanoTimestamp. Without it, and where it is
	// null, the time is that of the event.
	Timestamp string

	// RouteBy names the column that the topic is made of; aggregatetype unless it
	// is set. RouteTopic matches its text as a whole, and RouteReplacement, a
	// template of transform.Rewrite, is the topic; without RouteTopic, the topic
	// is outbox.event. and the text. Text that it does not match is the topic
	// itself.
	RouteBy          string
	RouteTopic       *regexp.Regexp
	RouteReplacement string

	// Additional places further columns.
	Additional []AdditionalField

	// IgnoreMissing leaves out additional headers and partitions whose column is
	// not there, which otherwise is an error.
	IgnoreMissing bool

	// SchemaVersion names a column, an int32, with the version of the schema of
	// values that hold additional columns.
	SchemaVersion string

	// ExpandJSON makes structs of payloads that are the text of a JSON object.
	// Other text stays as it is. KeepNulls makes optional bytes of the nulls in
	// it, which otherwise are left out.
	ExpandJSON bool
	KeepNulls  bool

	// FieldNames is how the names of these structs' fields are adjusted.
	FieldNames NameMode

	// Tombstones makes tombstones of rows whose payload is null or blank.
	Tombstones bool

	// FailOnUpdate makes updates of rows an error; otherwise they are dropped.
	FailOnUpdate bool

	// Warn, if it is set, is told of what is dropped though an outbox should not
	// have it, and of payloads that ExpandJSON leaves as they are.
	Warn func(r *tailrace.Record, err error)
}

// Placement is where EventRouter puts a column.
type Placement uint8

const (
	PlaceHeader    Placement = iota // a header: "header"
	PlaceEnvelope                   // a field of the value, beside the field payload: "envelope"
	PlacePartition                  // the record's partition, of an int32: "partition"
)

// AdditionalField is a column that EventRouter places.
type AdditionalField struct {
	Field string
	Place Placement
	Alias string // the name of the header or field; Field unless it is set
}

// New gives the transform, or everything that is wrong with its options. The
// transform fails for rows that lack a column which is named, or have it of
// another type.
func (c EventRouter) New() (transform.Transform, error) {
	errs := optionErrors{transform: "EventRouter"}
	for _, column := range []struct {
		name *string
		def  string
	}{{&c.ID, "id"}, {&c.Key, "aggregateid"}, {&c.Payload, "payload"}, {&c.RouteBy, "aggregatetype"}} {
		if *column.name == "" {
			*column.name = column.def
		}
	}
	if c.RouteTopic == nil && c.RouteReplacement != "" {
		errs.add("RouteReplacement", "must go with RouteTopic")
	}
	t := &eventRouter{}
	if c.RouteTopic != nil {
		t.rewrite = transform.Rewrite(c.RouteTopic, c.RouteReplacement)
	}
	for _, f := range c.Additional {
		if f.Field == "" {
			errs.add("Additional", "a column without a name")
		}
		if f.Place > PlacePartition {
			errs.add("Additional", "%d is no place for %s", f.Place, f.Field)
		}
		if f.Alias == "" {
			f.Alias = f.Field
		}
		t.envelope = t.envelope || f.Place == PlaceEnvelope
		t.additional = append(t.additional, f)
	}
	c.FieldNames.check(&errs, "FieldNames")
	t.c, t.json.keepNulls, t.json.names = c, c.KeepNulls, c.FieldNames
	t.plans = transform.Derive(t.derive)
	return t, errs.err()
}

type eventRouter struct {
	c          EventRouter
	additional []AdditionalField
	envelope   bool // some column goes into the value
	rewrite    func(route string) (topic string, ok bool)
	json       jsonSchemas
	plans      *transform.Derived[*outboxPlan]
	slabs      transform.Slabs
}

// outboxPlan is where the columns are in the events of a schema.
type outboxPlan struct {
	after                   tailrace.Field
	id, key, payload, route tailrace.Field
	additional              []tailrace.Field // of the same places; Schema is nil for those that are ignored
	timestamp               tailrace.Field   // Schema is nil for none
	perMilli                int64            // the timestamp's units a millisecond
	eventTime               tailrace.Field
	version                 tailrace.Field // Schema is nil for none

	mu     sync.Mutex
	values map[outboxValue]*tailrace.Schema
}

// outboxValue tells the schemas of values apart.
type outboxValue struct {
	payload *tailrace.Schema
	route   string
	version tailrace.Null[int32]
}

// Apply implements transform.Transform.
func (t *eventRouter) Apply(r *tailrace.Record) (bool, error) {
	if r.IsTombstone() {
		return false, nil
	}
	event, ok, err := changeEvent(r)
	if err != nil {
		return false, fmt.Errorf("EventRouter: %w", err)
	}
	if !ok {
		return true, nil
	}
	op, err := operation(event)
	switch {
	case err != nil:
		return false, fmt.Errorf("EventRouter: %w", err)
	case op == tailrace.OpDelete:
		return false, nil
	case op == tailrace.OpUpdate:
		err := errors.New("EventRouter: a row of the outbox was updated; the application should insert another one")
		if t.c.FailOnUpdate {
			return false, err
		}
		t.warn(r, err)
		return false, nil
	}
	was := *r
	if err := t.route(r, event); err != nil {
		*r = was
		return false, fmt.Errorf("EventRouter: %w", err)
	}
	return true, nil
}

func (t *eventRouter) warn(r *tailrace.Record, err error) {
	if t.c.Warn != nil {
		t.c.Warn(r, err)
	}
}

func (t *eventRouter) route(r *tailrace.Record, event tailrace.Struct) error {
	plan, err := t.plans.Of(event.Schema)
	if err != nil {
		return err
	}
	row, err := wholeStruct(plan.after.Schema, event.Values[plan.after.Index], "the row after the change")
	if err != nil {
		return err
	}
	route := row.Values[plan.route.Index]
	if route.IsNull() {
		return fmt.Errorf("the column %s is null, and there is no topic without it", t.c.RouteBy)
	}
	payload := payloadOf(plan, row)
	if t.c.ExpandJSON {
		if payload, err = t.expand(r, payload); err != nil {
			return err
		}
	}
	empty := payload.value.IsNull() || payload.value.Type() == tailrace.TypeString && strings.TrimFunc(payload.value.Text(), javaBlank) == ""
	if t.envelope {
		if payload, err = t.wrap(plan, row, payload, route.Text()); err != nil {
			return err
		}
	}
	if r.Time, err = t.recordTime(plan, event, row); err != nil {
		return err
	}
	t.place(r, plan, row)
	r.KeySchema, r.Key = plan.key.Schema, columnValue(row, plan.key)
	r.ValueSchema, r.Value = payload.schema, payload.value
	if empty && t.c.Tombstones {
		r.ValueSchema, r.Value = nil, tailrace.Value{}
	}
	r.Topic = t.topic(strings.Clone(route.Text())) // which outlives the row
	return nil
}

// javaBlank is what Java's trim takes away.
func javaBlank(r rune) bool { return r <= ' ' }

func (t *eventRouter) topic(route string) string {
	if t.rewrite == nil {
		return "outbox.event." + route
	}
	if topic, ok := t.rewrite(route); ok {
		return topic
	}
	return route
}

// described is a value with its schema.
type described struct {
	schema *tailrace.Schema
	value  tailrace.Value
}

func payloadOf(plan *outboxPlan, row tailrace.Struct) described {
	return described{plan.payload.Schema, columnValue(row, plan.payload)}
}

// columnValue is the value of a column, or its default in the place of null.
func columnValue(row tailrace.Struct, f tailrace.Field) tailrace.Value {
	v := row.Values[f.Index]
	if v.IsNull() {
		v, _ = f.Schema.Default()
	}
	return v
}

// expand makes a struct of a payload that is JSON. What fails because the schema
// of JSON cannot be told leaves the payload as it is; what fails behind that is an
// error, as the payload goes with another schema then.
func (t *eventRouter) expand(r *tailrace.Record, payload described) (described, error) {
	if payload.value.Type() != tailrace.TypeString {
		t.warn(r, fmt.Errorf("EventRouter: the payload is %s and no JSON text", payload.value.Type()))
		return payload, nil
	}
	n, err := parseJSON(payload.value.Bytes())
	if err != nil {
		t.warn(r, fmt.Errorf("EventRouter: the payload: %w", err))
		return payload, nil
	}
	schema, err := t.json.of(t.c.Payload, &n)
	if err != nil {
		t.warn(r, fmt.Errorf("EventRouter: the payload: %w", err))
		return payload, nil
	}
	if schema == nil {
		return described{nil, payload.value}, nil // an array of nothing
	}
	if n.kind != jsonObject {
		return payload, errors.New("the payload is a JSON array and must be an object to be expanded")
	}
	v, err := t.json.connect(&n, schema)
	if err != nil {
		return payload, fmt.Errorf("the payload: %w", err)
	}
	return described{schema, v}, nil
}

// wrap puts the payload and the columns that go beside it into a struct.
func (t *eventRouter) wrap(plan *outboxPlan, row tailrace.Struct, payload described, route string) (described, error) {
	key := outboxValue{payload: payload.schema, route: route}
	if plan.version.Schema != nil {
		if v := row.Values[plan.version.Index]; !v.IsNull() {
			key.version = tailrace.Some(int32(v.Int()))
		}
	}
	schema, err := plan.value(key, t.additional)
	if err != nil {
		return payload, err
	}
	vs := t.slabs.Values(len(schema.Fields()))
	vs[0] = payload.value
	at := 1
	for i, f := range t.additional {
		if f.Place == PlaceEnvelope {
			vs[at] = columnValue(row, plan.additional[i])
			at++
		}
	}
	return described{schema, tailrace.StructOf(vs)}, nil
}

// value gives the schema of values, of which there is one for each topic.
func (p *outboxPlan) value(key outboxValue, additional []AdditionalField) (*tailrace.Schema, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.values[key]; s != nil {
		return s, nil
	}
	b := tailrace.NewSchema(tailrace.TypeStruct).Name(outboxSchemaName(p.after.Schema.Name(), key.route))
	if key.version.Valid {
		b.Version(int(key.version.V))
	}
	if key.payload == nil {
		return nil, errors.New("the payload has no schema")
	}
	b.Field("payload", key.payload)
	for i, f := range additional {
		if f.Place == PlaceEnvelope {
			b.Field(f.Alias, p.additional[i].Schema)
		}
	}
	s, err := b.Build()
	if err != nil {
		return nil, err
	}
	if p.values == nil || len(p.values) >= maxShapes {
		p.values = make(map[outboxValue]*tailrace.Schema)
	}
	p.values[key] = s
	return s, nil
}

// outboxSchemaName puts the route before the last part of the row's name.
func outboxSchemaName(row, route string) string {
	dot := strings.LastIndexByte(row, '.')
	switch {
	case row == "":
		return route
	case dot < 0:
		return route + "." + row
	}
	return row[:dot+1] + route + row[dot:]
}

// place adds the headers and sets the partition.
func (t *eventRouter) place(r *tailrace.Record, plan *outboxPlan, row tailrace.Struct) {
	hs := append(make([]tailrace.Header, 0, len(r.Headers)+1+len(t.additional)), r.Headers...)
	hs = append(hs, tailrace.Header{Key: "id", Schema: plan.id.Schema, Value: columnValue(row, plan.id)})
	r.Partition = tailrace.Null[int32]{}
	for i, f := range t.additional {
		column := plan.additional[i]
		switch {
		case column.Schema == nil || f.Place == PlaceEnvelope:
		case f.Place == PlaceHeader:
			hs = append(hs, tailrace.Header{Key: f.Alias, Schema: column.Schema, Value: columnValue(row, column)})
		default:
			r.Partition = tailrace.Null[int32]{}
			if v := row.Values[column.Index]; !v.IsNull() {
				r.Partition = tailrace.Some(int32(v.Int()))
			}
		}
	}
	r.Headers = hs
}
