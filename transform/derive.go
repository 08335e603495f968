package transform

import (
	"maps"
	"sync"
	"sync/atomic"

	"github.com/tailrace-io/tailrace"
)

// maxDerived bounds how many schemas a transform keeps the derivatives of.
const maxDerived = 1024

// Derived keeps what a transform made of each schema, such as the schema that
// its result has, for any number of goroutines. Reading takes no lock; adding
// copies the map, since a stream has few schemas and has them again and again.
// When it is full it starts anew, so that a flood of schemas costs time and
// never memory.
type Derived[T any] struct {
	cache[*tailrace.Schema, T]
}

// Derive gives a Derived that asks derive for what it does not have. An error is
// not kept.
func Derive[T any](derive func(*tailrace.Schema) (T, error)) *Derived[T] {
	return &Derived[T]{cache[*tailrace.Schema, T]{derive: derive}}
}

// Of gives what belongs to the schema.
func (d *Derived[T]) Of(s *tailrace.Schema) (T, error) { return d.cache.Of(s) }

// cache is a Derived of keys of any type.
type cache[K comparable, T any] struct {
	derive func(K) (T, error)
	known  atomic.Pointer[map[K]T]
	adding sync.Mutex
}

func (c *cache[K, T]) Of(key K) (T, error) {
	if m := c.known.Load(); m != nil {
		if t, ok := (*m)[key]; ok {
			return t, nil
		}
	}
	return c.add(key)
}

func (c *cache[K, T]) add(key K) (T, error) {
	c.adding.Lock()
	defer c.adding.Unlock()
	next := map[K]T{}
	if m := c.known.Load(); m != nil {
		if t, ok := (*m)[key]; ok {
			return t, nil
		}
		if len(*m) < maxDerived {
			next = maps.Clone(*m)
		}
	}
	t, err := c.derive(key)
	if err != nil {
		return t, err
	}
	next[key] = t
	c.known.Store(&next)
	return t, nil
}

// byPointer spares those who ask a copy.
func byPointer[T any](derive func(*tailrace.Schema) (T, error)) func(*tailrace.Schema) (*T, error) {
	return func(s *tailrace.Schema) (*T, error) {
		t, err := derive(s)
		return &t, err
	}
}

// Slabs gives memory for new values: an allocation for many records rather than
// one for each. The zero Slabs is ready for use, by any number of goroutines.
type Slabs struct{ pool sync.Pool }

// Values gives n null values.
func (s *Slabs) Values(n int) []tailrace.Value {
	slab, _ := s.pool.Get().(*tailrace.Slab)
	if slab == nil {
		slab = new(tailrace.Slab)
	}
	vs := slab.Values(n)
	s.pool.Put(slab)
	return vs
}

// SchemaLike starts a schema of the type that is called what s is called; it does
// not become optional or have a default.
func SchemaLike(t tailrace.Type, s *tailrace.Schema) *tailrace.SchemaBuilder {
	b := tailrace.NewSchema(t).Name(s.Name()).Doc(s.Doc())
	if v, ok := s.Version(); ok {
		b.Version(v)
	}
	for _, p := range s.Parameters() {
		b.Parameter(p.Name, p.Value)
	}
	return b
}

// column is a field of a struct to be made: the place of its value in the struct
// that it is made from, and what stands there in the place of null.
type column struct {
	from int
	def  tailrace.Value
}

func columnOf(f tailrace.Field, keepNulls bool) column {
	c := column{from: f.Index}
	if def, ok := f.Schema.Default(); ok && !keepNulls {
		c.def = def
	}
	return c
}

func (c column) value(vs []tailrace.Value) tailrace.Value {
	if c.from < len(vs) && !vs[c.from].IsNull() {
		return vs[c.from]
	}
	return c.def
}

// selection makes a struct of the fields of another.
type selection struct {
	schema   *tailrace.Schema
	columns  []column
	runs     []run // of the other struct itself
	defaults []int // the columns that have one
	whole    bool  // the values are those of the other, in their places
}

// add takes the field over.
func (s *selection) add(f tailrace.Field, keepNulls bool) {
	s.columns = append(s.columns, columnOf(f, keepNulls))
}

// plan is called when all columns are there; width is how many fields the other
// struct has.
func (s *selection) plan(width int) {
	for i, c := range s.columns {
		if last := len(s.runs) - 1; last >= 0 && s.runs[last].from+s.runs[last].n == c.from {
			s.runs[last].n++
		} else {
			s.runs = append(s.runs, run{i, -1, c.from, 1})
		}
		if !c.def.IsNull() {
			s.defaults = append(s.defaults, i)
		}
	}
	s.whole = len(s.defaults) == 0 && len(s.columns) == width && len(s.runs) <= 1
}

// projection is the selection as one.
func (s *selection) projection() *Projection {
	columns := make([]Column, len(s.columns))
	for i, c := range s.columns {
		columns[i] = Column{In: -1, At: c.from, Else: c.def}
	}
	return NewProjection(s.schema, columns)
}

// fill puts the values in their places.
func (s *selection) fill(dst, src []tailrace.Value) {
	for _, r := range s.runs {
		copy(dst[r.to:r.to+r.n], src[r.from:r.from+r.n])
	}
	for _, i := range s.defaults {
		if dst[i].IsNull() {
			dst[i] = s.columns[i].def
		}
	}
}

// sameFields is the selection of all fields, with their defaults in the place of
// null.
func sameFields(s *tailrace.Schema, keepNulls bool) selection {
	sel := selection{schema: s}
	for _, f := range s.Fields() {
		sel.add(f, keepNulls)
	}
	sel.plan(len(s.Fields()))
	return sel
}
