package debezium

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// SwapGeometryCoordinates exchanges the two first coordinates of each point in
// the geometries of a record, wherever they lie in its value: Debezium's
// transform of that name.
type SwapGeometryCoordinates struct {
	// SRIDs are the reference systems whose geometries are changed: 4326, 3857
	// and 4269 unless it is set. Geometries without one are left alone.
	SRIDs []int32
}

// New gives the transform. Values that are no structs pass; in the others the
// default of a field takes the place of its null. The transform fails for
// geometries that are no WKB or EWKB.
func (c SwapGeometryCoordinates) New() (transform.Transform, error) {
	if c.SRIDs == nil {
		c.SRIDs = []int32{4326, 3857, 4269}
	}
	return newGeometries("SwapGeometryCoordinates", true, c.swap), nil
}

func (c SwapGeometryCoordinates) swap(wkb []byte, srid tailrace.Null[int32]) ([]byte, error) {
	if !srid.Valid || !slices.Contains(c.SRIDs, srid.V) {
		return wkb, nil
	}
	return swapCoordinates(wkb)
}

// GeometryFormat is a form that geometries have.
type GeometryFormat uint8

const (
	WKB  GeometryFormat = iota // Well-Known Binary: "wkb"
	EWKB                       // Extended Well-Known Binary, which holds the SRID: "ewkb"
)

// GeometryFormatTransformer gives the geometries of a record another form,
// wherever they lie in structs of its value: Debezium's transform of that name.
type GeometryFormatTransformer struct {
	// Format is the form that they have. WKB becomes EWKB, which needs an SRID,
	// and EWKB becomes WKB. With EWKB, those that are WKB stay; with WKB, those
	// that are EWKB become WKB nevertheless.
	Format GeometryFormat
}

// New gives the transform, or everything that is wrong with its options. Values
// that are no structs pass; in the others the default of a field takes the place
// of its null. The transform fails for geometries that are too short.
func (c GeometryFormatTransformer) New() (transform.Transform, error) {
	errs := optionErrors{transform: "GeometryFormatTransformer"}
	if c.Format > EWKB {
		errs.add("Format", "%d is neither WKB nor EWKB", c.Format)
	}
	return newGeometries("GeometryFormatTransformer", false, c.convert), errs.err()
}

const sridFlag = 0x20000000

func (c GeometryFormatTransformer) convert(wkb []byte, srid tailrace.Null[int32]) ([]byte, error) {
	if len(wkb) < 5 {
		if c.Format == EWKB {
			return wkb, nil
		}
		return nil, fmt.Errorf("the geometry has %d bytes and must have 5 at least", len(wkb))
	}
	order := byteOrder(wkb[0])
	kind := order.Uint32(wkb[1:])
	switch {
	case kind&sridFlag != 0 && len(wkb) < 9:
		return nil, fmt.Errorf("the geometry has %d bytes, and with an SRID must have 9 at least", len(wkb))
	case kind&sridFlag != 0:
		out := append(make([]byte, 0, len(wkb)-4), wkb[0])
		out = order.AppendUint32(out, kind&^sridFlag)
		return append(out, wkb[9:]...), nil
	case c.Format == EWKB:
		return wkb, nil
	case !srid.Valid:
		return nil, errors.New("the geometry has no SRID, which EWKB needs")
	}
	out := append(make([]byte, 0, len(wkb)+4), wkb[0])
	out = order.AppendUint32(out, kind|sridFlag)
	out = order.AppendUint32(out, uint32(srid.V))
	return append(out, wkb[5:]...), nil
}

type endian interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

func byteOrder(b byte) endian {
	if b == 1 {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

// geometries changes the geometries of values.
type geometries struct {
	name     string
	elements bool // those in arrays and maps, too
	change   func(wkb []byte, srid tailrace.Null[int32]) ([]byte, error)
	plans    *transform.Derived[*geometryPlan]
	slabs    transform.Slabs
}

// geometryPlan is what to do with values of a schema.
type geometryPlan struct {
	idle     bool // nothing
	geometry bool // they are geometries
	wkb      tailrace.Field
	srid     tailrace.Field

	defaults defaults
	inner    []innerGeometry // fields of a struct
	key      *geometryPlan   // of a map
	elem     *geometryPlan   // of an array or a map
}

type innerGeometry struct {
	at   int
	plan *geometryPlan
}

func newGeometries(name string, elements bool, change func([]byte, tailrace.Null[int32]) ([]byte, error)) transform.Transform {
	g := &geometries{name: name, elements: elements, change: change}
	g.plans = transform.Derive(g.derive)
	return g
}

func (g *geometries) derive(s *tailrace.Schema) (p *geometryPlan, err error) {
	p = &geometryPlan{idle: true}
	switch t := s.Type(); {
	case t == tailrace.TypeStruct && s.Name() == tailrace.GeometryName:
		var ok, has bool
		p.wkb, ok = s.Field("wkb")
		p.srid, has = s.Field("srid")
		if !ok || !has || p.wkb.Schema.Type() != tailrace.TypeBytes || p.srid.Schema.Type() != tailrace.TypeInt32 {
			return nil, errors.New("a geometry has the fields wkb, bytes, and srid, int32")
		}
		p.idle, p.geometry = false, true
	case t == tailrace.TypeStruct:
		p.defaults = defaultsOf(s)
		for _, f := range s.Fields() {
			in, err := g.derive(f.Schema)
			if err != nil {
				return nil, err
			}
			if !in.idle {
				p.inner = append(p.inner, innerGeometry{f.Index, in})
			}
		}
		p.idle = len(p.inner) == 0 && len(p.defaults) == 0
	case g.elements && (t == tailrace.TypeArray || t == tailrace.TypeMap):
		if p.elem, err = g.derive(s.Elem()); err != nil {
			return nil, err
		}
		p.idle = p.elem.idle
		if t == tailrace.TypeMap {
			if p.key, err = g.derive(s.Key()); err != nil {
				return nil, err
			}
			p.idle = p.idle && p.key.idle
		}
	}
	return p, nil
}

// Apply implements transform.Transform.
func (g *geometries) Apply(r *tailrace.Record) (bool, error) {
	if r.ValueSchema == nil || r.Value.Type() != tailrace.TypeStruct {
		return true, nil
	}
	value, err := wholeStruct(r.ValueSchema, r.Value, "the value")
	if err != nil {
		return false, fmt.Errorf("%s: %w", g.name, err)
	}
	plan, err := g.plans.Of(value.Schema)
	if err != nil {
		return false, fmt.Errorf("%s: %w", g.name, err)
	}
	if plan.geometry { // the value itself is none to Debezium
		return true, nil
	}
	v, err := g.apply(plan, r.Value)
	if err != nil {
		return false, fmt.Errorf("%s: %w", g.name, err)
	}
	r.Value = v
	return true, nil
}

func (g *geometries) apply(p *geometryPlan, v tailrace.Value) (_ tailrace.Value, err error) {
	switch {
	case p.idle || v.IsNull() || v.IsUnchanged():
		return v, nil
	case p.geometry:
		return g.geometry(p, v)
	case v.Type() == tailrace.TypeArray:
		vs := append(g.slabs.Values(len(v.Elems()))[:0], v.Elems()...)
		for i := range vs {
			if vs[i], err = g.apply(p.elem, vs[i]); err != nil {
				return v, err
			}
		}
		return tailrace.Array(vs), nil
	case v.Type() == tailrace.TypeMap:
		vs := append(g.slabs.Values(len(v.Entries()))[:0], v.Entries()...)
		for i := range vs {
			of := p.key
			if i%2 == 1 {
				of = p.elem
			}
			if vs[i], err = g.apply(of, vs[i]); err != nil {
				return v, err
			}
		}
		return tailrace.Map(vs), nil
	}
	vs := append(g.slabs.Values(len(v.Fields()))[:0], v.Fields()...)
	p.defaults.fill(vs)
	for _, in := range p.inner {
		if in.at < len(vs) {
			if vs[in.at], err = g.apply(in.plan, vs[in.at]); err != nil {
				return v, err
			}
		}
	}
	return tailrace.StructOf(vs), nil
}

func (g *geometries) geometry(p *geometryPlan, v tailrace.Value) (tailrace.Value, error) {
	old := v.Fields()
	if max(p.wkb.Index, p.srid.Index) >= len(old) {
		return v, errors.New("a geometry has fewer fields than its schema")
	}
	var srid tailrace.Null[int32]
	if !old[p.srid.Index].IsNull() {
		srid = tailrace.Some(int32(old[p.srid.Index].Int()))
	}
	if old[p.wkb.Index].IsNull() && !srid.Valid && g.elements {
		return v, nil
	}
	wkb, err := g.change(old[p.wkb.Index].Bytes(), srid)
	if err != nil {
		return v, err
	}
	vs := append(g.slabs.Values(len(old))[:0], old...)
	vs[p.wkb.Index] = tailrace.Bytes(wkb)
	return tailrace.StructOf(vs), nil
}
