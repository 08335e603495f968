package jdbc

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
)

// encoder turns a value, neither null nor unchanged, into a statement's
// argument: an integer, a float, a boolean, a string or bytes. Its errors show
// no value. A nil encoder leaves the value as it is.
type encoder func(v tailrace.Value) (tailrace.Value, error)

// textOf is text that nobody changes any more as a value.
func textOf(text []byte) tailrace.Value {
	return tailrace.String(unsafe.String(unsafe.SliceData(text), len(text)))
}

// forms makes encoders.
type forms struct {
	loc  *time.Location
	json *converter.JSON
}

// encoder gives the way from values of a schema to a column.
func (f forms) encoder(s *tailrace.Schema, c *Column) encoder {
	from, to := columnOf("", s).Kind, c.Kind
	if to == Other {
		if to = from; to == Geometry {
			to = Bytes
		}
	}
	switch {
	case from.integer():
		return integers(to)
	case from == Boolean:
		return booleans(to)
	case from == Float32 || from == Float64:
		return floats(to)
	case from == Decimal:
		return decimals(s)
	case from == Date || from == DateTime || from == Instant:
		return f.moments(s, to)
	case from == TimeOfDay || from == ZonedTimeOfDay:
		return timesOfDay(s, to)
	case from == Bits:
		return bits(c.Length, to)
	case from == Bytes:
		return opaque(to)
	case from == Array && c.Kind == Array:
		return f.arrays(s, c)
	case from == Interval && s.Type() == tailrace.TypeInt64:
		return durations(s, to)
	case from == Point && to == Point:
		return point(s)
	case (from == Point || from == Geometry) && to == Geometry:
		return geometry(s)
	case (from == Point || from == Geometry) && to == Bytes:
		return func(v tailrace.Value) (tailrace.Value, error) {
			return tailrace.Bytes(tailrace.AsStruct(s, v).Get("wkb").Bytes()), nil
		}
	case s.Type() == tailrace.TypeString:
		return f.texts(to)
	}
	return f.nested(s, to)
}

func integers(to Kind) encoder {
	switch to {
	case Boolean:
		return func(v tailrace.Value) (tailrace.Value, error) { return tailrace.Boolean(v.Int() != 0), nil }
	case Float32, Float64:
		return func(v tailrace.Value) (tailrace.Value, error) { return tailrace.Float64(float64(v.Int())), nil }
	case Text, JSON, Enum, Set, Decimal:
		return func(v tailrace.Value) (tailrace.Value, error) {
			return tailrace.String(strconv.FormatInt(v.Int(), 10)), nil
		}
	case BitField:
		return func(v tailrace.Value) (tailrace.Value, error) {
			return tailrace.Bytes(tailrace.AppendUnscaled(nil, v.Int())), nil
		}
	}
	return nil
}

func booleans(to Kind) encoder {
	switch to {
	case Boolean:
		return nil
	case Text, JSON, Enum:
		return func(v tailrace.Value) (tailrace.Value, error) {
			return tailrace.String(strconv.FormatBool(v.Bool())), nil
		}
	}
	return func(v tailrace.Value) (tailrace.Value, error) {
		n := byte(0)
		if v.Bool() {
			n = 1
		}
		switch to {
		case Bits:
			return tailrace.String(string('0' + n)), nil
		case BitField:
			return tailrace.Bytes([]byte{n}), nil
		}
		return tailrace.Int64(int64(n)), nil
	}
}

func floats(to Kind) encoder {
	return func(v tailrace.Value) (tailrace.Value, error) {
		n := v.Float()
		if to != Text && to != JSON && !math.IsNaN(n) && !math.IsInf(n, 0) {
			return tailrace.Float64(n), nil
		}
		size := 64
		if v.Type() == tailrace.TypeFloat32 {
			size = 32
		}
		return tailrace.String(strconv.FormatFloat(n, 'g', -1, size)), nil
	}
}

func decimals(s *tailrace.Schema) encoder {
	if scale, err := tailrace.Scale(s); err == nil {
		return func(v tailrace.Value) (tailrace.Value, error) {
			return textOf(tailrace.AppendDecimal(nil, v.Bytes(), scale)), nil
		}
	}
	return func(v tailrace.Value) (tailrace.Value, error) {
		n, scale, err := tailrace.AsDecimal(s, v)
		if err != nil {
			return v, err
		}
		return textOf(tailrace.AppendDecimal(nil, tailrace.AppendBigUnscaled(nil, n), scale)), nil
	}
}

func opaque(to Kind) encoder {
	if to == Text || to == JSON || to == UUID || to == XML {
		return func(v tailrace.Value) (tailrace.Value, error) {
			if !utf8.Valid(v.Bytes()) {
				return v, errors.New("holds bytes that are no text in UTF-8")
			}
			return textOf(v.Bytes()), nil
		}
	}
	return nil
}

// bits reads Debezium's: bytes, the lowest first.
func bits(length int, to Kind) encoder {
	return func(v tailrace.Value) (tailrace.Value, error) {
		b := slices.Clone(v.Bytes())
		slices.Reverse(b)
		switch {
		case to == Bytes:
			return v, nil
		case to == BitField:
			for len(b) > 1 && b[0] == 0 {
				b = b[1:]
			}
			return tailrace.Bytes(b), nil
		case to.integer():
			if len(b) > 8 {
				return v, errors.New("holds more bits than an integer does")
			}
			n := uint64(0)
			for _, c := range b {
				n = n<<8 | uint64(c)
			}
			return tailrace.Int64(int64(n)), nil
		}
		text := make([]byte, 0, 8*len(b))
		for _, c := range b {
			for i := 7; i >= 0; i-- {
				text = append(text, '0'+c>>i&1)
			}
		}
		for n := max(length, 1); len(text) > n && text[0] == '0'; {
			text = text[1:]
		}
		if len(text) < length {
			text = append(slices.Repeat([]byte{'0'}, length-len(text)), text...)
		}
		return textOf(text), nil
	}
}

func (f forms) texts(to Kind) encoder {
	switch to {
	case Bytes:
		return func(v tailrace.Value) (tailrace.Value, error) { return tailrace.Bytes(v.Bytes()), nil }
	case DateTime, Instant:
		return func(v tailrace.Value) (tailrace.Value, error) {
			t, err := time.Parse(time.RFC3339Nano, v.Text())
			if err != nil {
				return v, nil // in a form that the database may know
			}
			return f.wall(t, to), nil
		}
	}
	return nil
}

// nested gives structs, maps and arrays as JSON.
func (f forms) nested(s *tailrace.Schema, to Kind) encoder {
	return func(v tailrace.Value) (tailrace.Value, error) {
		text, err := f.json.Append(nil, "", s, v)
		if err != nil {
			return v, err
		}
		if to == Bytes {
			return tailrace.Bytes(text), nil
		}
		return textOf(text), nil
	}
}

func point(s *tailrace.Schema) encoder {
	return func(v tailrace.Value) (tailrace.Value, error) {
		p := tailrace.AsStruct(s, v)
		text := strconv.AppendFloat([]byte{'('}, p.Get("x").Float(), 'g', -1, 64)
		text = strconv.AppendFloat(append(text, ','), p.Get("y").Float(), 'g', -1, 64)
		return textOf(append(text, ')')), nil
	}
}

func geometry(s *tailrace.Schema) encoder {
	return func(v tailrace.Value) (tailrace.Value, error) {
		g := tailrace.AsStruct(s, v)
		srid := uint32(g.Get("srid").Int())
		out := []byte{byte(srid), byte(srid >> 8), byte(srid >> 16), byte(srid >> 24)}
		return tailrace.Bytes(append(out, g.Get("wkb").Bytes()...)), nil
	}
}

func (f forms) arrays(s *tailrace.Schema, c *Column) encoder {
	elem := Column{Kind: Other}
	if c.Elem != nil {
		elem = *c.Elem
	}
	encode := f.encoder(s.Elem(), &elem)
	return func(v tailrace.Value) (tailrace.Value, error) {
		text := []byte{'{'}
		for _, e := range v.Elems() {
			if !e.IsNull() && encode != nil {
				var err error
				if e, err = encode(e); err != nil {
					return v, err
				}
			}
			text = appendElement(text, e)
		}
		return textOf(closeArray(text)), nil
	}
}
