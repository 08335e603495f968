package protobuf

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tailrace-io/tailrace"
)

// scalarType is the type as which a scalar is read.
func scalarType(kind protoreflect.Kind) tailrace.Type {
	switch kind {
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return tailrace.TypeInt32
	case protoreflect.FloatKind:
		return tailrace.TypeFloat32
	case protoreflect.DoubleKind:
		return tailrace.TypeFloat64
	case protoreflect.BoolKind:
		return tailrace.TypeBoolean
	case protoreflect.StringKind:
		return tailrace.TypeString
	case protoreflect.BytesKind:
		return tailrace.TypeBytes
	}
	return tailrace.TypeInt64
}

func scalarReading(kind protoreflect.Kind, t tailrace.Type) reading {
	switch kind {
	case protoreflect.FloatKind:
		return func(v protoreflect.Value) (tailrace.Value, error) { return tailrace.Float32(float32(v.Float())), nil }
	case protoreflect.DoubleKind:
		return func(v protoreflect.Value) (tailrace.Value, error) { return tailrace.Float64(v.Float()), nil }
	case protoreflect.BoolKind:
		return func(v protoreflect.Value) (tailrace.Value, error) { return tailrace.Boolean(v.Bool()), nil }
	case protoreflect.StringKind:
		return func(v protoreflect.Value) (tailrace.Value, error) { return tailrace.String(v.String()), nil }
	case protoreflect.BytesKind:
		return func(v protoreflect.Value) (tailrace.Value, error) { return tailrace.Bytes(v.Bytes()), nil }
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind, protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return func(v protoreflect.Value) (tailrace.Value, error) { return tailrace.Int64(int64(v.Uint())), nil }
	}
	return func(v protoreflect.Value) (tailrace.Value, error) {
		n := v.Int()
		if t == tailrace.TypeInt8 && n != int64(int8(n)) || t == tailrace.TypeInt16 && n != int64(int16(n)) {
			return tailrace.Value{}, fmt.Errorf("an integer that is beyond those of %s", t)
		}
		return tailrace.Integer(t, n), nil
	}
}

// mapOf reads one of Protobuf's maps, in the order of its keys.
func mapOf(key, value reading) reading {
	return func(v protoreflect.Value) (_ tailrace.Value, err error) {
		var keys []protoreflect.MapKey
		v.Map().Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
			keys = append(keys, k)
			return true
		})
		slices.SortFunc(keys, compareKeys)
		kvs := make([]tailrace.Value, 0, 2*len(keys))
		for i, k := range keys {
			own, err := key(k.Value())
			if err != nil {
				return own, fmt.Errorf("key %d of a map: %w", i, err)
			}
			e, err := value(v.Map().Get(k))
			if err != nil {
				return e, fmt.Errorf("value %d of a map: %w", i, err)
			}
			kvs = append(kvs, own, e)
		}
		return tailrace.Map(kvs), nil
	}
}

func compareKeys(a, b protoreflect.MapKey) int {
	switch x := a.Interface().(type) {
	case int32, int64:
		return cmp.Compare(a.Int(), b.Int())
	case uint32, uint64:
		return cmp.Compare(a.Uint(), b.Uint())
	case string:
		return cmp.Compare(x, b.String())
	}
	return cmp.Compare(a.String(), b.String()) // of false and true
}

// decimalReading plans a decimal, whose scale is that of the field.
func decimalReading(fd protoreflect.FieldDescriptor) (*planned, error) {
	meta, of := params(fd), fd.Message().Fields()
	value, scaleOf := of.ByName(valueName), of.ByName("scale")
	if !isKind(value, protoreflect.BytesKind) || !isKind(scaleOf, protoreflect.Int32Kind) {
		return nil, fmt.Errorf("the message %s is another than that of decimals", decimalMessage)
	}
	scale := 0
	if text, ok := meta["scale"]; ok {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("the scale %q of a decimal is no number", text)
		}
		scale = n
	}
	b := tailrace.DecimalSchema(scale)
	if precision, err := strconv.Atoi(meta["precision"]); err == nil {
		b.Parameter(precisionParam, strconv.Itoa(precision))
	}
	return built(b, func(v protoreflect.Value) (tailrace.Value, error) {
		bytes, its := v.Message().Get(value).Bytes(), v.Message().Get(scaleOf).Int()
		switch {
		case len(bytes) == 0:
			return tailrace.Value{}, errors.New("a decimal of no bytes, which stands for no number")
		case its != int64(scale):
			return tailrace.Value{}, fmt.Errorf("a decimal of the scale %d, where the schema says %d", its, scale)
		}
		return tailrace.Bytes(bytes), nil
	})
}

func isKind(fd protoreflect.FieldDescriptor, kind protoreflect.Kind) bool {
	return fd != nil && fd.Kind() == kind && !fd.IsList()
}

// logicalReading plans the message of a logical type but Decimal.
func logicalReading(md protoreflect.MessageDescriptor) (*planned, error) {
	names := map[protoreflect.FullName][]protoreflect.Name{
		dateMessage: {"year", "month", "day"}, timeMessage: {"hours", "minutes", "seconds", "nanos"}, timestampMessage: {"seconds", "nanos"},
	}[md.FullName()]
	fields := make([]protoreflect.FieldDescriptor, len(names))
	for i, name := range names {
		fields[i] = md.Fields().ByName(name)
		if !isKind(fields[i], protoreflect.Int32Kind) && !isKind(fields[i], protoreflect.Int64Kind) {
			return nil, fmt.Errorf("the message %s is another than Google's", md.FullName())
		}
	}
	numbers := func(v protoreflect.Value) (n [4]int64) {
		for i, fd := range fields {
			n[i] = v.Message().Get(fd).Int()
		}
		return n
	}
	switch md.FullName() {
	case dateMessage:
		return built(tailrace.Semantic(tailrace.DateName), func(v protoreflect.Value) (tailrace.Value, error) { return date(numbers(v)) })
	case timeMessage:
		return built(tailrace.Semantic(tailrace.TimeName), func(v protoreflect.Value) (tailrace.Value, error) { return timeOfDay(numbers(v)) })
	}
	return built(tailrace.Semantic(tailrace.TimestampName), func(v protoreflect.Value) (tailrace.Value, error) { return timestamp(numbers(v)) })
}

func date(n [4]int64) (tailrace.Value, error) {
	t := time.Date(int(n[0]), time.Month(n[1]), int(n[2]), 0, 0, 0, 0, time.UTC)
	year, month, day := t.Date()
	if int64(year) != n[0] || int64(month) != n[1] || int64(day) != n[2] {
		return tailrace.Value{}, errors.New("a date that there is not")
	}
	days := t.Unix() / secondsPerDay
	if days < math.MinInt32 || days > math.MaxInt32 {
		return tailrace.Value{}, errors.New("a date that is beyond 32 bits of days")
	}
	return tailrace.Int32(int32(days)), nil
}

func timeOfDay(n [4]int64) (tailrace.Value, error) {
	if n[0] < 0 || n[0] > 23 || n[1] < 0 || n[1] > 59 || n[2] < 0 || n[2] > 59 || n[3] < 0 || n[3] > 999_999_999 {
		return tailrace.Value{}, errors.New("a time that no day has")
	}
	return tailrace.Int32(int32(((n[0]*60+n[1])*60+n[2])*1000 + n[3]/1_000_000)), nil
}

func timestamp(n [4]int64) (tailrace.Value, error) {
	if n[0] < firstSecond || n[0] > lastSecond || n[1] < 0 || n[1] > 999_999_999 {
		return tailrace.Value{}, fmt.Errorf("a moment that is not of the years 1 to 9999, to which %s is limited", timestampMessage)
	}
	return tailrace.Int64(n[0]*1000 + n[1]/1_000_000), nil
}
