package debezium

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// maxDropped bounds how many selections of fields are kept of a schema.
const maxDropped = 64

// dropper leaves fields out of the structs of a schema. Which ones is said by
// each record, in a header, so that it keeps the schemas that come of that.
type dropper struct {
	schema   *tailrace.Schema
	required bool // required fields may go, too
	known    atomic.Pointer[map[string]*remainder]
	adding   sync.Mutex
}

// remainder is what is left of a struct.
type remainder struct {
	schema *tailrace.Schema
	fields []tailrace.Field // as they were
}

func newDropper(s *tailrace.Schema, required bool) *dropper {
	return &dropper{schema: s, required: required}
}

func (d *dropper) without(names []string) (*remainder, error) {
	key := strings.Clone(strings.Join(names, "\x00")) // which outlives the record
	if m := d.known.Load(); m != nil {
		if r := (*m)[key]; r != nil {
			return r, nil
		}
	}
	r, err := d.derive(names)
	if err != nil {
		return nil, err
	}
	d.adding.Lock()
	defer d.adding.Unlock()
	next := map[string]*remainder{}
	if m := d.known.Load(); m != nil {
		if first := (*m)[key]; first != nil {
			return first, nil
		}
		if len(*m) < maxDropped {
			next = maps.Clone(*m)
		}
	}
	next[key] = r
	d.known.Store(&next)
	return r, nil
}

func (d *dropper) derive(names []string) (r *remainder, err error) {
	r = new(remainder)
	b := transform.SchemaLike(tailrace.TypeStruct, d.schema)
	for _, f := range d.schema.Fields() {
		if slices.Contains(names, f.Name) && (d.required || f.Schema.Optional()) {
			continue
		}
		b.Field(f.Name, f.Schema)
		r.fields = append(r.fields, f)
	}
	r.schema, err = b.Build()
	return r, err
}

// dropFields leaves out the fields that the record's header names. Those that
// were added to the row of a deletion stay, as Debezium adds them afterwards.
func (t *unwrap) dropFields(r *tailrace.Record, img *image) error {
	if t.c.DropFieldsHeader == "" {
		return nil
	}
	names, err := t.dropped(r)
	if err != nil || len(names) == 0 {
		return err
	}
	if img.deleted {
		added := func(name string) bool {
			return slices.ContainsFunc(img.fields, func(m resolved) bool { return m.name == name })
		}
		names = slices.DeleteFunc(names, added)
	}
	if r.ValueSchema, r.Value, err = t.without(r.ValueSchema, r.Value, names); err != nil {
		return err
	}
	if t.c.DropFromKey && !r.Key.IsNull() {
		err = t.dropFromKey(r, names)
	}
	return err
}

// dropFromKey leaves the fields out of the key. In a map nothing says which of
// them may go.
func (t *unwrap) dropFromKey(r *tailrace.Record, names []string) (err error) {
	switch {
	case r.KeySchema == nil && r.Key.Type() == tailrace.TypeMap && t.c.DropRequired:
		var kvs []tailrace.Value
		for old := r.Key.Entries(); len(old) > 1; old = old[2:] {
			if old[0].Type() != tailrace.TypeString || !slices.Contains(names, old[0].Text()) {
				kvs = append(kvs, old[0], old[1])
			}
		}
		r.Key = tailrace.Map(kvs)
		return nil
	case r.KeyStruct().IsZero():
		return fmt.Errorf("the key is %s, of which no fields can be dropped", r.Key.Type())
	}
	r.KeySchema, r.Key, err = t.without(r.KeySchema, r.Key, names)
	return err
}

// dropped reads the header.
func (t *unwrap) dropped(r *tailrace.Record) ([]string, error) {
	i := slices.IndexFunc(r.Headers, func(h tailrace.Header) bool { return h.Key == t.c.DropFieldsHeader })
	if i < 0 || r.Headers[i].Value.IsNull() {
		return nil, nil
	}
	v := r.Headers[i].Value
	if v.Type() != tailrace.TypeArray {
		return nil, fmt.Errorf("the header %s is %s and must be an array of names", t.c.DropFieldsHeader, v.Type())
	}
	var names []string
	for _, e := range v.Elems() {
		names = append(names, e.Text())
	}
	return names, nil
}

func (t *unwrap) without(s *tailrace.Schema, v tailrace.Value, names []string) (*tailrace.Schema, tailrace.Value, error) {
	if s == nil || s.Type() != tailrace.TypeStruct || v.Type() != tailrace.TypeStruct {
		return s, v, nil
	}
	d, err := t.drops.Of(s)
	if err != nil {
		return s, v, err
	}
	rest, err := d.without(names)
	if err != nil {
		return s, v, err
	}
	old := v.Fields()
	if len(rest.fields) == len(old) && !t.c.DropRequired {
		return s, v, nil
	}
	vs := t.slabs.Values(len(rest.fields))
	for i, f := range rest.fields {
		if vs[i] = old[f.Index]; vs[i].IsNull() && !t.c.KeepNulls {
			vs[i], _ = f.Schema.Default()
		}
	}
	return rest.schema, tailrace.StructOf(vs), nil
}
