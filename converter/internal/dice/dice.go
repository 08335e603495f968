// Package dice makes random schemas and values for fuzz tests of converters.
package dice

import "github.com/tailrace-io/tailrace"

// Dicer makes schemas and values out of bytes.
type Dicer struct {
	dice []byte
	text string
}

// New makes a dicer. Every text, and every name of a field but for its last
// letter, is the one given.
func New(dice []byte, text string) *Dicer { return &Dicer{dice, text} }

// Schema makes a schema of any type, logical ones too.
func (d *Dicer) Schema() *tailrace.Schema { return d.schema(0) }

func (d *Dicer) roll(n int) int {
	if len(d.dice) == 0 {
		return 0
	}
	c := d.dice[0]
	d.dice = d.dice[1:]
	return int(c) % n
}

func (d *Dicer) schema(depth int) *tailrace.Schema {
	kinds := []string{"", tailrace.DecimalName, tailrace.DateName, tailrace.TimestampName}
	var b *tailrace.SchemaBuilder
	if name := kinds[d.roll(len(kinds))]; name != "" {
		b = tailrace.Semantic(name)
		if name == tailrace.DecimalName {
			b = tailrace.DecimalSchema(d.roll(12) - 3)
		}
	} else {
		simple := 9
		if depth < 4 {
			simple = 12
		}
		t := tailrace.TypeInt8 + tailrace.Type(d.roll(simple))
		b = tailrace.NewSchema(t)
		switch t {
		case tailrace.TypeArray:
			b.Elem(d.schema(depth + 1))
		case tailrace.TypeMap:
			b.Key(d.required(depth + 1)).Elem(d.schema(depth + 1))
		case tailrace.TypeStruct:
			for i := range d.roll(5) {
				b.Field(d.text+string(rune('a'+i)), d.schema(depth+1))
			}
		}
	}
	if d.roll(3) == 0 {
		b.Optional()
	}
	return b.MustBuild()
}

func (d *Dicer) required(depth int) *tailrace.Schema {
	return d.schema(depth).Builder().Required().MustBuild()
}

func (d *Dicer) number() int64 {
	n := int64(0)
	for range d.roll(9) {
		n = n<<8 | int64(d.roll(256))
	}
	if d.roll(2) == 0 {
		return -n
	}
	return n
}

// Value makes a value of a schema.
func (d *Dicer) Value(s *tailrace.Schema) tailrace.Value {
	if s.Optional() && d.roll(3) == 0 {
		return tailrace.Value{}
	}
	switch t := s.Type(); t {
	case tailrace.TypeFloat32:
		return tailrace.Float32(float32(d.number()) / 1024)
	case tailrace.TypeFloat64:
		return tailrace.Float64(float64(d.number()) / 1e7)
	case tailrace.TypeBoolean:
		return tailrace.Boolean(d.roll(2) == 1)
	case tailrace.TypeString:
		return tailrace.String(d.text)
	case tailrace.TypeBytes:
		if s.Name() == tailrace.DecimalName {
			return tailrace.Bytes(tailrace.AppendUnscaled(nil, d.number()))
		}
		return tailrace.Bytes([]byte(d.text))
	case tailrace.TypeArray:
		vs := make([]tailrace.Value, d.roll(4))
		for i := range vs {
			vs[i] = d.Value(s.Elem())
		}
		return tailrace.Array(vs)
	case tailrace.TypeMap:
		if d.roll(2) == 0 {
			return tailrace.Map(nil)
		}
		return tailrace.Map([]tailrace.Value{d.Value(s.Key()), d.Value(s.Elem())})
	case tailrace.TypeStruct:
		vs := make([]tailrace.Value, len(s.Fields()))
		for i, f := range s.Fields() {
			vs[i] = d.Value(f.Schema)
		}
		return tailrace.StructOf(vs)
	default:
		n := d.number()
		bits := 8 << (t - tailrace.TypeInt8)
		return tailrace.Integer(t, n<<(64-bits)>>(64-bits))
	}
}
