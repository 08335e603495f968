package debezium

import (
	"fmt"
	"math"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// ExtractChangedRecordState adds headers that list the columns which a change
// event gave another value, and those that it left alone: Debezium's transform
// of that name.
type ExtractChangedRecordState struct {
	// ChangedHeader and UnchangedHeader name the headers; "" for none. The lists
	// are empty unless the event has the row both before and after.
	ChangedHeader, UnchangedHeader string
}

// New gives the transform, or everything that is wrong with its options.
// Records that are no change events pass. A column that the log did not carry is
// one that the change left alone.
func (c ExtractChangedRecordState) New() (transform.Transform, error) {
	errs := optionErrors{transform: "ExtractChangedRecordState"}
	t := &changedState{}
	for _, h := range []struct {
		option, name string
		schema       **tailrace.Schema
	}{{"ChangedHeader", c.ChangedHeader, &t.changed}, {"UnchangedHeader", c.UnchangedHeader, &t.unchanged}} {
		if h.name == "" {
			continue
		}
		if strings.TrimSpace(h.name) == "" {
			errs.add(h.option, "%q is no name", h.name)
			continue
		}
		*h.schema = tailrace.NewSchema(tailrace.TypeArray).Elem(tailrace.OptionalStringSchema).Optional().Name(h.name).MustBuild()
	}
	return t, errs.err()
}

// changedState has the schemas of the headers, which bear their names.
type changedState struct{ changed, unchanged *tailrace.Schema }

// Apply implements transform.Transform.
func (t *changedState) Apply(r *tailrace.Record) (bool, error) {
	event, ok, err := changeEvent(r)
	if err == nil && ok {
		err = t.addHeaders(r, event)
	}
	if err != nil {
		return false, fmt.Errorf("ExtractChangedRecordState: %w", err)
	}
	return true, nil
}

func (t *changedState) addHeaders(r *tailrace.Record, event tailrace.Struct) error {
	changed, unchanged, err := compareRows(event)
	if err != nil {
		return err
	}
	hs := r.Headers[:len(r.Headers):len(r.Headers)]
	if t.changed != nil {
		hs = append(hs, tailrace.Header{Key: t.changed.Name(), Schema: t.changed, Value: tailrace.Array(changed)})
	}
	if t.unchanged != nil {
		hs = append(hs, tailrace.Header{Key: t.unchanged.Name(), Schema: t.unchanged, Value: tailrace.Array(unchanged)})
	}
	r.Headers = hs
	return nil
}

// compareRows gives the names of the columns that differ and of those that do
// not.
func compareRows(event tailrace.Struct) (changed, unchanged []tailrace.Value, err error) {
	afterSchema, afterRow, err := fieldOf(event, "after")
	if err != nil {
		return nil, nil, err
	}
	beforeSchema, beforeRow, err := fieldOf(event, "before")
	if err != nil || afterRow.IsNull() || beforeRow.IsNull() {
		return nil, nil, err
	}
	after, err := wholeStruct(afterSchema, afterRow, "the row after the change")
	if err != nil {
		return nil, nil, err
	}
	before, err := wholeStruct(beforeSchema, beforeRow, "the row before the change")
	if err != nil {
		return nil, nil, err
	}
	for _, f := range after.Schema.Fields() {
		old, ok := before.Lookup(f.Name)
		if !ok {
			return nil, nil, fmt.Errorf("the row before the change has no column %s", f.Name)
		}
		if v := after.Values[f.Index]; v.IsUnchanged() || same(v, old) {
			unchanged = append(unchanged, tailrace.String(f.Name))
		} else {
			changed = append(changed, tailrace.String(f.Name))
		}
	}
	return changed, unchanged, nil
}

// same is Java's equality: that of Value but for maps, which have no order, and
// zeros, which have a sign.
func same(a, b tailrace.Value) bool {
	if a.Type() != b.Type() {
		return false
	}
	switch a.Type() {
	case tailrace.TypeFloat32, tailrace.TypeFloat64:
		return a.Equal(b) && math.Signbit(a.Float()) == math.Signbit(b.Float())
	case tailrace.TypeArray, tailrace.TypeStruct:
		x, y := a.Elems(), b.Elems()
		if a.Type() == tailrace.TypeStruct {
			x, y = a.Fields(), b.Fields()
		}
		for i := range x {
			if len(x) != len(y) || !same(x[i], y[i]) {
				return false
			}
		}
		return len(x) == len(y)
	case tailrace.TypeMap:
		return sameEntries(a.Entries(), b.Entries())
	}
	return a.Equal(b)
}

func sameEntries(a, b []tailrace.Value) bool {
	if len(a) != len(b) {
		return false
	}
next:
	for i := 0; i < len(a); i += 2 {
		for j := 0; j < len(b); j += 2 {
			if same(a[i], b[j]) && same(a[i+1], b[j+1]) {
				continue next
			}
		}
		return false
	}
	return true
}
