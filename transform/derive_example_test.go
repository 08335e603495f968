package transform_test

import (
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// shout is a transform of an application's own, which gives a struct another
// field: its topic in capitals.
type shout struct {
	schemas *transform.Derived[*tailrace.Schema]
	slabs   transform.Slabs
}

func newShout() *shout {
	return &shout{schemas: transform.Derive(func(s *tailrace.Schema) (*tailrace.Schema, error) {
		b := transform.SchemaLike(tailrace.TypeStruct, s)
		for _, f := range s.Fields() {
			b.Field(f.Name, f.Schema)
		}
		return b.Field("topic", tailrace.StringSchema).Build()
	})}
}

func (t *shout) Apply(r *tailrace.Record) (bool, error) {
	old := r.ValueStruct()
	if old.IsZero() {
		return true, nil
	}
	schema, err := t.schemas.Of(old.Schema) // made once a schema
	if err != nil {
		return false, err
	}
	vs := t.slabs.Values(len(old.Values) + 1) // never the memory of the old ones
	copy(vs, old.Values)
	vs[len(old.Values)] = tailrace.String(strings.ToUpper(r.Topic))
	r.ValueSchema, r.Value = schema, tailrace.StructOf(vs)
	return true, nil
}

func ExampleDerive() {
	r := order()
	keep, err := newShout().Apply(&r)
	fmt.Println(r.ValueStruct(), keep, err)
	// Output: {id: 7, total: 12.50, created: 2026-01-31T12:30:00Z, card: 4111, topic: SHOP.ORDERS} true <nil>
}
