package protobuf

import (
	"fmt"
	"math"
	"math/big"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tailrace-io/tailrace"
)

// scalar plans the value of a field that is no message.
func (c *Config) scalar(s *tailrace.Schema, fd protoreflect.FieldDescriptor) (appender, error) {
	var do appender
	switch s.Type() {
	case tailrace.TypeInt8, tailrace.TypeInt16, tailrace.TypeInt32, tailrace.TypeInt64:
		do = integer(s.Type(), fd.Kind())
	case tailrace.TypeFloat32:
		if fd.Kind() == protoreflect.FloatKind {
			do = func(dst []byte, v tailrace.Value) ([]byte, error) {
				return protowire.AppendFixed32(dst, math.Float32bits(float32(v.Float()))), nil
			}
		}
	case tailrace.TypeBoolean:
		if fd.Kind() == protoreflect.BoolKind {
			do = func(dst []byte, v tailrace.Value) ([]byte, error) {
				return protowire.AppendVarint(dst, protowire.EncodeBool(v.Bool())), nil
			}
		}
	case tailrace.TypeString:
		switch fd.Kind() {
		case protoreflect.EnumKind:
			do = symbols(fd.Enum())
		case protoreflect.StringKind:
			do = func(dst []byte, v tailrace.Value) ([]byte, error) {
				return protowire.AppendBytes(dst, v.Bytes()), invalidText(v)
			}
		}
	case tailrace.TypeBytes:
		if fd.Kind() == protoreflect.BytesKind {
			do = func(dst []byte, v tailrace.Value) ([]byte, error) { return protowire.AppendBytes(dst, v.Bytes()), nil }
		}
	}
	if fd.Kind() == protoreflect.DoubleKind && (s.Type() == tailrace.TypeFloat64 || s.Type() == tailrace.TypeFloat32) {
		do = func(dst []byte, v tailrace.Value) ([]byte, error) {
			return protowire.AppendFixed64(dst, math.Float64bits(v.Float())), nil
		}
	}
	if do == nil {
		return nil, fmt.Errorf("%s does not fit a field of %s", describe(s), fd.Kind())
	}
	return do, nil
}

// integer plans an integer; nil where it does not fit.
func integer(t tailrace.Type, kind protoreflect.Kind) appender {
	small := t != tailrace.TypeInt64
	switch {
	case kind == protoreflect.Int32Kind && small, kind == protoreflect.EnumKind && small,
		kind == protoreflect.Int64Kind, kind == protoreflect.Uint64Kind:
		return func(dst []byte, v tailrace.Value) ([]byte, error) {
			return protowire.AppendVarint(dst, uint64(v.Int())), nil
		}
	case kind == protoreflect.Sint32Kind && small, kind == protoreflect.Sint64Kind:
		return func(dst []byte, v tailrace.Value) ([]byte, error) {
			return protowire.AppendVarint(dst, protowire.EncodeZigZag(v.Int())), nil
		}
	case kind == protoreflect.Sfixed32Kind && small:
		return func(dst []byte, v tailrace.Value) ([]byte, error) {
			return protowire.AppendFixed32(dst, uint32(v.Int())), nil
		}
	case kind == protoreflect.Sfixed64Kind, kind == protoreflect.Fixed64Kind:
		return func(dst []byte, v tailrace.Value) ([]byte, error) {
			return protowire.AppendFixed64(dst, uint64(v.Int())), nil
		}
	case kind == protoreflect.Uint32Kind, kind == protoreflect.Fixed32Kind:
		return func(dst []byte, v tailrace.Value) ([]byte, error) {
			n := v.Int()
			if n < 0 || n > math.MaxUint32 {
				return dst, fmt.Errorf("an integer that is beyond those of %s", kind)
			}
			if kind == protoreflect.Fixed32Kind {
				return protowire.AppendFixed32(dst, uint32(n)), nil
			}
			return protowire.AppendVarint(dst, uint64(n)), nil
		}
	}
	return nil
}

// symbols plans an enum whose values are told by their names.
func symbols(ed protoreflect.EnumDescriptor) appender {
	return func(dst []byte, v tailrace.Value) ([]byte, error) {
		value := ed.Values().ByName(protoreflect.Name(v.Text()))
		if value == nil {
			return dst, fmt.Errorf("a text that is no value of the enum %s", ed.FullName())
		}
		return protowire.AppendVarint(dst, uint64(int64(value.Number()))), nil
	}
}

// logicalBody plans the message of a logical type. Their numbers are those of
// the files that known and Protobuf have.
func logicalBody(s *tailrace.Schema) (appender, error) {
	switch s.Name() {
	case tailrace.DecimalName:
		scale, err := tailrace.Scale(s)
		return func(dst []byte, v tailrace.Value) ([]byte, error) {
			dst = appendUnscaled(dst, v.Bytes())
			return appendNumber(dst, 3, int64(scale)), nil
		}, err
	case tailrace.DateName:
		return func(dst []byte, v tailrace.Value) ([]byte, error) {
			year, month, day := time.Unix(v.Int()*secondsPerDay, 0).UTC().Date()
			return appendNumber(appendNumber(appendNumber(dst, 1, int64(year)), 2, int64(month)), 3, int64(day)), nil
		}, nil
	case tailrace.TimeName:
		return func(dst []byte, v tailrace.Value) ([]byte, error) {
			ms := v.Int()
			if ms < 0 || ms >= 1000*secondsPerDay {
				return dst, fmt.Errorf("%d ms, which are no time of one day", ms)
			}
			dst = appendNumber(appendNumber(dst, 1, ms/3_600_000), 2, ms/60_000%60)
			return appendNumber(appendNumber(dst, 3, ms/1000%60), 4, ms%1000*1_000_000), nil
		}, nil
	}
	return func(dst []byte, v tailrace.Value) ([]byte, error) {
		seconds, ms := floor(v.Int(), 1000)
		if seconds < firstSecond || seconds > lastSecond {
			return dst, fmt.Errorf("a moment that is not of the years 1 to 9999, to which %s is limited", timestampMessage)
		}
		return appendNumber(appendNumber(dst, 1, seconds), 2, ms*1_000_000), nil
	}, nil
}

const (
	secondsPerDay = 24 * 60 * 60
	firstSecond   = -62135596800 // 0001-01-01
	lastSecond    = 253402300799 // 9999-12-31
)

func floor(n, by int64) (quotient, rest int64) {
	rest = ((n % by) + by) % by
	return (n - rest) / by, rest
}

// appendNumber appends a field of int32, int64 or uint32.
func appendNumber(dst []byte, field protowire.Number, n int64) []byte {
	if n == 0 {
		return dst
	}
	return protowire.AppendVarint(protowire.AppendTag(dst, field, protowire.VarintType), uint64(n))
}

// appendUnscaled appends the number of a decimal in as few bytes as it has, and
// how many digits it has.
func appendUnscaled(dst, unscaled []byte) []byte {
	dst = append(dst, 0x0a)
	if len(unscaled) > 8 || len(unscaled) == 0 {
		n := tailrace.Unscaled(unscaled)
		digits := len(new(big.Int).Abs(n).Append(nil, 10))
		return appendNumber(protowire.AppendBytes(dst, tailrace.AppendBigUnscaled(nil, n)), 2, int64(digits))
	}
	n := int64(int8(unscaled[0]))
	for _, b := range unscaled[1:] {
		n = n<<8 | int64(b)
	}
	start := len(dst)
	dst = measured(tailrace.AppendUnscaled(append(dst, 0), n), start)
	digits := int64(1)
	for n /= 10; n != 0; n /= 10 {
		digits++
	}
	return appendNumber(dst, 2, digits)
}
