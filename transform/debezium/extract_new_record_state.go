// Package debezium holds Debezium's transforms of change events.
package debezium

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// Deletes says what becomes of the event of a deleted row, and of the tombstone
// behind it.
type Deletes uint8

const (
	DeletesToNull       Deletes = iota // the event's value becomes null, with its schema, and the tombstone goes: "tombstone"
	DeletesDropped                     // both go: "drop"
	DeletesRewritten                   // the event becomes the old row, with the field __deleted, and the tombstone goes: "rewrite"
	DeletesAndTombstone                // likewise, and the tombstone stays: "rewrite-with-tombstone"
	DeletesToTombstone                 // the event becomes a tombstone, and the other one goes: "delete-to-tombstone"
)

// ExtractNewRecordState makes the row of a change event its value: Debezium's
// transform of that name, also known as unwrap.
type ExtractNewRecordState struct {
	// Deletes says what becomes of deleted rows.
	Deletes Deletes

	// AddFields names members of the event that become optional fields of the
	// row: op and the ts_ fields of the event itself, id, total_order and
	// data_collection_order of its transaction, others of its source block, and
	// any as struct.field. The field is called so, with _ for the point and
	// FieldPrefix before it; or as a name that is given behind a colon, which
	// has the prefix, too. Members that the event's schema lacks are left out.
	AddFields   []string
	FieldPrefix tailrace.Null[string] // "__" unless it is set

	// AddHeaders names members that become headers, in the same way. Tombstones
	// get op alone.
	AddHeaders   []string
	HeaderPrefix tailrace.Null[string] // "__" unless it is set

	// RouteBy names the column, a string, that holds the topic. Without text in
	// it the topic stays.
	RouteBy string

	// KeepNulls keeps a null in a field that has a default, which otherwise
	// takes its place where rows get the field __deleted or lose fields.
	// Debezium 3.7: replace.null.with.default, the other way about.
	KeepNulls bool

	// DropFieldsHeader names a header that holds a list of the names of fields
	// to leave out.
	DropFieldsHeader string

	// DropFromKey leaves them out of the key, too.
	DropFromKey bool

	// DropRequired leaves out fields that are not optional, too.
	DropRequired bool
}

// New gives the transform, or everything that is wrong with its options.
//
// Truncations are dropped; records that are no change events pass. The
// transform fails where RouteBy names no string of the row.
func (c ExtractNewRecordState) New() (transform.Transform, error) {
	t := &unwrap{c: c}
	errs := optionErrors{transform: "ExtractNewRecordState"}
	if c.Deletes > DeletesToTombstone {
		errs.add("Deletes", "%d is none of the ways", c.Deletes)
	}
	t.fields = errs.members("AddFields", c.AddFields, c.FieldPrefix)
	t.headers = errs.members("AddHeaders", c.AddHeaders, c.HeaderPrefix)
	t.plans = transform.Derive(t.derive)
	t.drops = transform.Derive(func(s *tailrace.Schema) (*dropper, error) { return newDropper(s, c.DropRequired), nil })
	return t, errs.err()
}

type unwrap struct {
	c               ExtractNewRecordState
	fields, headers []member
	plans           *transform.Derived[*unwrapPlan]
	drops           *transform.Derived[*dropper]
	slabs           transform.Slabs
}

// unwrapPlan is what to do with the events of a schema.
type unwrapPlan struct {
	before, after *image
	headers       []resolved
	headersErr    error // why they cannot be had
}

// image is the place of the row before or after the change, and the schema that
// it has as a value.
type image struct {
	at      int
	deleted bool             // it is the one before the change
	row     *tailrace.Schema // as it is in the event
	fields  []resolved
	err     error // why they cannot be had
	route   int   // of the column with the topic; -1 for none

	projection *transform.Projection // of the event
}

// usable fails where the members cannot be had of the event: it has no struct
// that they lie in, or they are structs, which lose their fields, and not null.
func usable(members []resolved, err error, event []tailrace.Value) error {
	for i := range members {
		if m := &members[i]; m.null && !m.value(event).IsNull() {
			return fmt.Errorf("the member %s is a struct, which is not taken out of an event", m.name)
		}
	}
	return err
}

const noRoute = -2 // RouteBy is there and the column is not

const deletedField = "__deleted"

func (t *unwrap) rewrites() bool {
	return t.c.Deletes == DeletesRewritten || t.c.Deletes == DeletesAndTombstone
}

// Apply implements transform.Transform.
func (t *unwrap) Apply(r *tailrace.Record) (bool, error) {
	was := *r
	keep, err := t.apply(r)
	if err != nil {
		*r = was
	}
	return keep, err
}

func (t *unwrap) apply(r *tailrace.Record) (bool, error) {
	img, keep, err := t.take(r)
	if img == nil || err != nil {
		return keep, err
	}
	if !r.Value.IsNull() {
		err = img.projection.Apply(r, &t.slabs)
	}
	if err == nil {
		err = t.dropFields(r, img)
	}
	if err != nil {
		return false, fmt.Errorf("ExtractNewRecordState: %w", err)
	}
	return true, nil
}

// Project implements transform.Projector.
func (t *unwrap) Project(r *tailrace.Record) (*transform.Projection, bool, error) {
	if t.c.DropFieldsHeader != "" {
		keep, err := t.apply(r)
		return nil, keep, err
	}
	img, keep, err := t.take(r)
	if img == nil || r.Value.IsNull() || err != nil {
		return nil, keep, err
	}
	return img.projection, true, nil
}

func (t *unwrap) tombstone(r *tailrace.Record) bool {
	if t.c.Deletes != DeletesAndTombstone {
		return false
	}
	hs := r.Headers[:len(r.Headers):len(r.Headers)]
	for _, m := range t.headers {
		if m.field == "op" {
			hs = append(hs, tailrace.Header{Key: m.name, Schema: tailrace.StringSchema, Value: tailrace.String(string(tailrace.OpDelete))})
		}
	}
	r.Headers = hs
	return true
}

// take does all but to make the row the value of a record: it gives the image
// that is to be, unless that is null by now. Without one all is done.
func (t *unwrap) take(r *tailrace.Record) (img *image, keep bool, err error) {
	if r.IsTombstone() {
		return nil, t.tombstone(r), nil
	}
	event := r.ValueStruct()
	if event.IsZero() || !strings.HasSuffix(event.Schema.Name(), ".Envelope") {
		return nil, true, nil
	}
	if len(event.Values) != len(event.Schema.Fields()) {
		return nil, false, fmt.Errorf("ExtractNewRecordState: the event has %d fields and its schema %d", len(event.Values), len(event.Schema.Fields()))
	}
	plan, err := t.plans.Of(event.Schema)
	if err == nil {
		img, err = t.event(r, plan, event.Values)
	}
	if err != nil {
		return nil, false, fmt.Errorf("ExtractNewRecordState: %w", err)
	}
	return img, img != nil, nil
}

// event does so with a change event; the image of one that is dropped is nil.
func (t *unwrap) event(r *tailrace.Record, plan *unwrapPlan, event []tailrace.Value) (*image, error) {
	img := plan.after
	row := img.of(event)
	if row.IsNull() && plan.headersErr == nil {
		if plan.before == nil {
			return nil, errors.New("the event has no row after the change, and none called before")
		}
		img = plan.before
		row = img.of(event)
		if row.IsNull() || t.c.Deletes == DeletesDropped {
			return nil, nil
		}
	}
	emptied := img.deleted && (t.c.Deletes == DeletesToNull || t.c.Deletes == DeletesToTombstone)
	if err := t.check(plan, img, event, emptied); err != nil {
		return nil, err
	}
	if img.route >= 0 {
		if topic := row.Fields()[img.route].Text(); strings.TrimSpace(topic) != "" {
			r.Topic = strings.Clone(topic) // which outlives the row
		}
	}
	if n := len(plan.headers); n > 0 {
		hs := append(make([]tailrace.Header, 0, len(r.Headers)+n), r.Headers...)
		for _, m := range plan.headers {
			hs = append(hs, tailrace.Header{Key: m.name, Schema: m.schema, Value: m.value(event)})
		}
		r.Headers = hs
	}
	if emptied {
		r.ValueSchema, r.Value = nil, tailrace.Value{}
		if t.c.Deletes == DeletesToNull {
			r.ValueSchema = plan.after.row
		}
	}
	return img, nil
}

// check says what is wrong with an event.
func (t *unwrap) check(plan *unwrapPlan, img *image, event []tailrace.Value, emptied bool) error {
	if plan.headersErr != nil {
		return plan.headersErr
	}
	row := img.of(event)
	if row.Type() != tailrace.TypeStruct || len(row.Fields()) != len(img.row.Fields()) {
		return fmt.Errorf("the row of the event is %s and must be a struct of %d fields", row.Type(), len(img.row.Fields()))
	}
	if img.route == noRoute {
		return fmt.Errorf("route by the field %s: the row has no string of that name", t.c.RouteBy)
	}
	if err := usable(plan.headers, nil, event); err != nil || emptied {
		return err
	}
	return usable(img.fields, img.err, event)
}

// of is the row in the event; null where events have none.
func (img *image) of(event []tailrace.Value) tailrace.Value {
	if img == nil {
		return tailrace.Value{}
	}
	return event[img.at]
}

func (t *unwrap) derive(event *tailrace.Schema) (*unwrapPlan, error) {
	p := new(unwrapPlan)
	p.headers, p.headersErr = resolve(t.headers, event)
	fields, fieldsErr := resolve(t.fields, event)
	var err error
	if p.before, err = t.image(event, "before", fields, fieldsErr); err != nil {
		return nil, err
	}
	p.after, err = t.image(event, "after", fields, fieldsErr)
	return p, err
}

func (t *unwrap) image(event *tailrace.Schema, name string, fields []resolved, fieldsErr error) (*image, error) {
	f, ok := event.Field(name)
	switch {
	case !ok && name == "before":
		return nil, nil // of a source that never has it
	case !ok || f.Schema.Type() != tailrace.TypeStruct:
		return nil, fmt.Errorf("the event has no row called %s", name)
	}
	img := &image{at: f.Index, deleted: name == "before", row: f.Schema, fields: fields, route: -1, err: fieldsErr}
	if t.c.RouteBy != "" {
		column, ok := f.Schema.Field(t.c.RouteBy)
		img.route = column.Index
		if !ok || column.Schema.Type() != tailrace.TypeString {
			img.route = noRoute
		}
	}
	b := transform.SchemaLike(tailrace.TypeStruct, f.Schema)
	var columns []transform.Column
	for _, column := range f.Schema.Fields() {
		b.Field(column.Name, column.Schema)
		c := transform.Column{In: img.at, At: column.Index}
		if t.rewrites() && !t.c.KeepNulls {
			c.Else, _ = column.Schema.Default()
		}
		columns = append(columns, c)
	}
	if t.rewrites() {
		b.Field(deletedField, tailrace.OptionalStringSchema)
		columns = append(columns, transform.Column{In: -1, At: -1, Else: tailrace.String(strconv.FormatBool(img.deleted))})
	}
	for _, m := range fields {
		b.Field(m.name, m.schema)
		columns = append(columns, transform.Column{In: m.in, At: m.at})
	}
	schema, err := b.Build()
	if img.err == nil {
		img.err = err
	}
	img.projection = transform.NewProjection(schema, columns)
	return img, nil
}
