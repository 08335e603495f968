package transform

import (
	"sync/atomic"

	"github.com/tailrace-io/tailrace"
)

// Projector is a Transform that makes structs of the values of others, as most
// do. Chain makes one struct of a row of them, rather than one for each.
type Projector interface {
	Transform

	// Project does what Apply does, but leaves it to the caller to make the
	// record's value: it gives the projection that does. Where there is none,
	// it has done all that Apply does.
	Project(r *tailrace.Record) (p *Projection, keep bool, err error)
}

// Projection is how a struct is made of the values of another. A transform makes
// one for a schema, and gives the same again for each of its records.
type Projection struct {
	schema  *tailrace.Schema
	columns []Column

	runs  []run
	elses []int // the columns that have an Else
	made  []int // the columns that have a Make

	joined atomic.Pointer[joint] // the last one
}

// joint is what a projection becomes in front of others.
type joint struct {
	by         *projectors
	projection *Projection
}

// Column is a field of the struct to be made.
type Column struct {
	// In and At are the place of its value: the field At of the old struct, or,
	// unless In is below 0, that of the struct which is its field In. What is
	// not there is null; an At below 0 is nowhere.
	In, At int

	// Else takes the place of null.
	Else tailrace.Value

	// Make, if it is there, makes the value of the record.
	Make func(r *tailrace.Record) (tailrace.Value, error)
}

// run is a number of fields that lie side by side in both structs.
type run struct{ to, in, from, n int }

// NewProjection gives the projection that makes structs of the schema, which has
// a field for each column.
func NewProjection(s *tailrace.Schema, columns []Column) *Projection {
	p := &Projection{schema: s, columns: columns}
	for i, c := range columns {
		if c.Make != nil {
			p.made = append(p.made, i)
			continue
		}
		switch last := len(p.runs) - 1; {
		case c.At < 0:
		case last >= 0 && p.runs[last].follows(i, c):
			p.runs[last].n++
		default:
			p.runs = append(p.runs, run{i, c.In, c.At, 1})
		}
		if !c.Else.IsNull() {
			p.elses = append(p.elses, i)
		}
	}
	return p
}

func (r *run) follows(to int, c Column) bool {
	return r.to+r.n == to && r.from+r.n == c.At && r.in == c.In
}

// Apply gives the record's value, a struct, the form of the projection. With an
// error, which is one of Make's, the record is as it was.
func (p *Projection) Apply(r *tailrace.Record, slabs *Slabs) error {
	old := r.Value.Fields()
	if vs := p.same(old); vs != nil {
		r.ValueSchema, r.Value = p.schema, tailrace.StructOf(vs)
		return nil
	}
	vs := slabs.Values(len(p.columns))
	for i := range p.runs {
		run := &p.runs[i]
		from := old
		if run.in >= 0 {
			from = old[run.in].Fields()
		}
		switch {
		case run.from >= len(from):
		case run.n == 1:
			vs[run.to] = from[run.from]
		default:
			copy(vs[run.to:run.to+run.n], from[run.from:])
		}
	}
	for _, i := range p.elses {
		if vs[i].IsNull() {
			vs[i] = p.columns[i].Else
		}
	}
	for _, i := range p.made {
		var err error
		if vs[i], err = p.columns[i].Make(r); err != nil {
			return err
		}
	}
	r.ValueSchema, r.Value = p.schema, tailrace.StructOf(vs)
	return nil
}

// same gives the values that are all there is to the new struct, in their
// places; nil where there are none.
func (p *Projection) same(old []tailrace.Value) []tailrace.Value {
	if len(p.runs) != 1 || len(p.elses)+len(p.made) > 0 || p.runs[0].from != 0 {
		return nil
	}
	if in := p.runs[0].in; in >= 0 {
		old = old[in].Fields()
	}
	if len(old) != len(p.columns) {
		return nil
	}
	return old
}

// then is the projection that does what q does to the structs that p makes. The
// columns of q lie in no struct of these.
func (p *Projection) then(q *Projection) *Projection {
	columns := make([]Column, len(q.columns))
	for i, c := range q.columns {
		if c.Make == nil && c.At >= 0 {
			orElse := c.Else
			c = p.columns[c.At]
			if c.Else.IsNull() {
				c.Else = orElse
			}
		}
		columns[i] = c
	}
	return NewProjection(q.schema, columns)
}

// follower is a Projector whose projection is all that it does to a value, and
// depends on its schema alone.
type follower interface {
	Projector

	// follows says whether it is one, as it is configured.
	follows() bool

	// projection gives that of the schema, which has columns of the struct
	// itself alone.
	projection(s *tailrace.Schema) (*Projection, error)
}

// projectors is a Projector and those that follow it.
type projectors struct {
	first Projector
	rest  []follower
	plans cache[*Projection, *joint]
	slabs Slabs
}

// joined puts projectors that follow one another into one transform.
func joined(ts []Transform) []Transform {
	var out []Transform
	for i := 0; i < len(ts); i++ {
		first, ok := ts[i].(Projector)
		if !ok {
			out = append(out, ts[i])
			continue
		}
		p := &projectors{first: first}
		for ; i+1 < len(ts); i++ {
			next, ok := ts[i+1].(follower)
			if !ok || !next.follows() {
				break
			}
			p.rest = append(p.rest, next)
		}
		if p.rest == nil {
			out = append(out, first)
			continue
		}
		p.plans.derive = p.join
		out = append(out, p)
	}
	return out
}

func (t *projectors) join(p *Projection) (*joint, error) {
	for _, next := range t.rest {
		q, err := next.projection(p.schema)
		if err != nil {
			return nil, err
		}
		p = p.then(q)
	}
	return &joint{t, p}, nil
}

func (t *projectors) Apply(r *tailrace.Record) (bool, error) {
	p, keep, err := t.first.Project(r)
	if err != nil || !keep {
		return false, err
	}
	if p == nil {
		for _, next := range t.rest {
			if keep, err := next.Apply(r); err != nil || !keep {
				return false, err
			}
		}
		return true, nil
	}
	j := p.joined.Load()
	if j == nil || j.by != t {
		if j, err = t.plans.Of(p); err != nil {
			return false, err
		}
		p.joined.Store(j)
	}
	return true, j.projection.Apply(r, &t.slabs)
}
