package debezium

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/transform"
)

// VectorToJSONConverter makes JSON of the vectors of a record, wherever they lie
// in structs of its value: Debezium's transform of that name. A dense one becomes
// { "values": [1.0, 2.5] }, a sparse one { "dimensions": 9, "vector": { "3": 1.5 } }.
//
// Null values pass; the transform fails for others than structs. The default of a
// field takes the place of its null.
func VectorToJSONConverter() transform.Transform {
	t := new(vectorToJSON)
	t.plans = transform.Derive(t.derive)
	return t
}

type vectorToJSON struct {
	plans *transform.Derived[*vectorPlan]
	slabs transform.Slabs
}

// vectorPlan is what becomes of the structs of a schema.
type vectorPlan struct {
	schema   *tailrace.Schema
	defaults defaults
	vectors  []vectorField
}

// vectorField is a field that is a vector, or, with a plan, a struct.
type vectorField struct {
	tailrace.Field
	sparse bool
	plan   *vectorPlan
}

func (t *vectorToJSON) derive(s *tailrace.Schema) (*vectorPlan, error) {
	p := &vectorPlan{defaults: defaultsOf(s)}
	b := transform.SchemaLike(tailrace.TypeStruct, s)
	if s.Optional() {
		b.Optional()
	}
	for _, f := range s.Fields() {
		name := f.Schema.Name()
		switch {
		case name == tailrace.DoubleVectorName, name == tailrace.FloatVectorName, name == tailrace.SparseDoubleVectorName:
			json := tailrace.Semantic(tailrace.JSONName)
			if f.Schema.Optional() {
				json.Optional()
			}
			b.Field(f.Name, json.MustBuild())
			p.vectors = append(p.vectors, vectorField{Field: f, sparse: name == tailrace.SparseDoubleVectorName})
		case f.Schema.Type() == tailrace.TypeStruct:
			inner, err := t.derive(f.Schema)
			if err != nil {
				return nil, err
			}
			b.Field(f.Name, inner.schema)
			p.vectors = append(p.vectors, vectorField{Field: f, plan: inner})
		default:
			b.Field(f.Name, f.Schema)
		}
	}
	var err error
	p.schema, err = b.Build()
	return p, err
}

// Apply implements transform.Transform.
func (t *vectorToJSON) Apply(r *tailrace.Record) (bool, error) {
	if r.Value.IsNull() {
		return true, nil
	}
	value, err := wholeStruct(r.ValueSchema, r.Value, "the value")
	if err != nil {
		return false, fmt.Errorf("VectorToJsonConverter: %w", err)
	}
	plan, err := t.plans.Of(value.Schema)
	if err != nil {
		return false, fmt.Errorf("VectorToJsonConverter: %w", err)
	}
	v, err := t.apply(plan, r.Value)
	if err != nil {
		return false, fmt.Errorf("VectorToJsonConverter: %w", err)
	}
	r.ValueSchema, r.Value = plan.schema, v
	return true, nil
}

func (t *vectorToJSON) apply(p *vectorPlan, v tailrace.Value) (tailrace.Value, error) {
	old := v.Fields()
	vs := append(t.slabs.Values(len(old))[:0], old...)
	p.defaults.fill(vs)
	for _, f := range p.vectors {
		if f.Index >= len(vs) || vs[f.Index].IsNull() || vs[f.Index].IsUnchanged() {
			continue
		}
		var err error
		if f.plan != nil {
			vs[f.Index], err = t.apply(f.plan, vs[f.Index])
		} else {
			vs[f.Index], err = vectorText(f, vs[f.Index])
		}
		if err != nil {
			return v, err
		}
	}
	return tailrace.StructOf(vs), nil
}

func vectorText(f vectorField, v tailrace.Value) (tailrace.Value, error) {
	if f.sparse {
		return sparseText(f.Schema, v)
	}
	if v.Type() != tailrace.TypeArray {
		return v, fmt.Errorf("the vector %s is %s and must be an array", f.Name, v.Type())
	}
	text := []byte(`{ "values": [`)
	for i, e := range v.Elems() {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = appendNumber(text, e)
	}
	return tailrace.String(string(append(text, "] }"...))), nil
}

// sparseText writes the elements in the order of their places.
func sparseText(s *tailrace.Schema, v tailrace.Value) (tailrace.Value, error) {
	vector, err := wholeStruct(s, v, "the sparse vector")
	if err != nil {
		return v, err
	}
	dimensions, err := typedField(vector, "dimensions", tailrace.TypeInt16)
	if err != nil {
		return v, err
	}
	elements, err := typedField(vector, "vector", tailrace.TypeMap)
	if err != nil {
		return v, err
	}
	if elements.IsNull() {
		return v, errors.New("the sparse vector has no elements")
	}
	text := strconv.AppendInt([]byte(`{ "dimensions": `), dimensions.Int(), 10)
	text = append(text, `, "vector": { `...)
	type element struct{ at, v tailrace.Value }
	var es []element
	for kvs := elements.Entries(); len(kvs) > 1; kvs = kvs[2:] {
		es = append(es, element{kvs[0], kvs[1]})
	}
	slices.SortFunc(es, func(a, b element) int { return cmp.Compare(a.at.Int(), b.at.Int()) })
	for i, e := range es {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = append(text, '"')
		text = append(appendNumber(text, e.at), `": `...)
		text = appendNumber(text, e.v)
	}
	return tailrace.String(string(append(text, " } }"...))), nil
}

// appendNumber writes a number as Java does.
func appendNumber(dst []byte, v tailrace.Value) []byte {
	text, err := converter.String{}.Append(dst, "", nil, v)
	if err != nil || v.IsNull() {
		return append(dst, "null"...)
	}
	return text
}
