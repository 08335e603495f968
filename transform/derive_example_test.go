package transform_test

import (
	"fmt"
	"regexp"
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

// upper is a Projector: it makes a struct of the fields of another, under names
// in capitals.
type upper struct {
	plans *transform.Derived[*transform.Projection]
	slabs transform.Slabs
}

func newUpper() *upper {
	return &upper{plans: transform.Derive(func(s *tailrace.Schema) (*transform.Projection, error) {
		b := transform.SchemaLike(tailrace.TypeStruct, s)
		var columns []transform.Column
		for _, f := range s.Fields() {
			b.Field(strings.ToUpper(f.Name), f.Schema)
			columns = append(columns, transform.Column{In: -1, At: f.Index})
		}
		schema, err := b.Build()
		return transform.NewProjection(schema, columns), err
	})}
}

func (u *upper) Project(r *tailrace.Record) (*transform.Projection, bool, error) {
	if r.Value.Type() != tailrace.TypeStruct {
		return nil, true, nil
	}
	p, err := u.plans.Of(r.ValueSchema)
	return p, err == nil, err
}

func (u *upper) Apply(r *tailrace.Record) (bool, error) {
	p, keep, err := u.Project(r)
	if p != nil && err == nil {
		err = p.Apply(r, &u.slabs)
	}
	return keep, err
}

func ExampleProjector() {
	schema := tailrace.NewSchema(tailrace.TypeStruct).Field("id", tailrace.Int64Schema).Field("note", tailrace.StringSchema).MustBuild()
	r := tailrace.Record{Topic: "orders", ValueSchema: schema, Value: tailrace.StructOf([]tailrace.Value{tailrace.Int64(7), tailrace.String("x")})}
	t := transform.Chain(newUpper(), transform.Must(transform.ReplaceField{Exclude: []string{"NOTE"}}.New()))
	if _, err := t.Apply(&r); err != nil {
		panic(err)
	}
	fmt.Println(r.ValueSchema.Fields()[0].Name, r.Value)
	// Output: ID {7}
}

func ExampleRewrite() {
	rewrite := transform.Rewrite(regexp.MustCompile(`server\.(.*)`), "lake-$1")
	fmt.Println(rewrite("server.orders"))
	fmt.Println(rewrite("the server.orders"))
	// Output:
	// lake-orders true
	//  false
}
