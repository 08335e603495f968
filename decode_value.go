package tailrace

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// setter puts a value, which may be null, into a Go value.
type setter func(dst reflect.Value, v Value) error

var (
	errNull  = errors.New("null")
	errRange = errors.New("the number does not fit")
	errWhole = errors.New("the number is not whole")
)

// scanner is database/sql's Scanner.
type scanner interface{ Scan(src any) error }

var (
	valueType    = reflect.TypeFor[Value]()
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
	intType      = reflect.TypeFor[big.Int]()
	ratType      = reflect.TypeFor[big.Rat]()
	jsonType     = reflect.TypeFor[json.RawMessage]()
	scannerType  = reflect.TypeFor[scanner]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// isScalar says whether a Go struct type takes one value rather than a struct's.
func isScalar(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return t == valueType || p.Implements(scannerType) || p.Implements(textType)
}

// setterOf gives how the values of a schema go into a Go type, or why they do
// not.
func setterOf(t reflect.Type, s *Schema) (setter, error) {
	switch {
	case t == valueType:
		return func(dst reflect.Value, v Value) error { *to[Value](dst) = v; return nil }, nil
	case reflect.PointerTo(t).Implements(scannerType):
		return scanSetter(s)
	case t.Kind() == reflect.Pointer:
		return pointerSetter(t, s)
	}
	set, err := presentSetter(t, s)
	if err != nil {
		return nil, err
	}
	if t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		return nilable(set), nil
	}
	return func(dst reflect.Value, v Value) error {
		if v.t == TypeNull {
			return errNull
		}
		if v.t != s.typ {
			return mismatch(v, s)
		}
		return set(dst, v)
	}, nil
}

func nilable(set setter) setter {
	return func(dst reflect.Value, v Value) error {
		if v.t == TypeNull {
			dst.SetZero()
			return nil
		}
		return set(dst, v)
	}
}

func mismatch(v Value, s *Schema) error {
	return fmt.Errorf("the value is a %s where the schema says %s", v.t, s.typ)
}

// to is a field of type T by its address.
func to[T any](dst reflect.Value) *T { return dst.Addr().Interface().(*T) }

func pointerSetter(t reflect.Type, s *Schema) (setter, error) {
	set, err := setterOf(t.Elem(), s)
	if err != nil {
		return nil, err
	}
	return nilable(func(dst reflect.Value, v Value) error {
		p := reflect.New(t.Elem())
		if err := set(p.Elem(), v); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	}), nil
}

// presentSetter is setterOf for values that are not null.
func presentSetter(t reflect.Type, s *Schema) (setter, error) {
	switch t {
	case timeType:
		return timeSetter(s)
	case durationType:
		return durationSetter(s)
	case intType:
		return bigIntSetter(s)
	case ratType:
		return ratSetter(s)
	case jsonType:
		return jsonSetter(s)
	}
	if reflect.PointerTo(t).Implements(textType) {
		return textSetter(s)
	}
	switch t.Kind() {
	case reflect.Bool:
		return boolSetter(s)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return intSetter(s)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return uintSetter(s)
	case reflect.Float32, reflect.Float64:
		return floatSetter(s)
	case reflect.String:
		return stringSetter(s)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return bytesSetter(s)
		}
		return sliceSetter(t, s)
	case reflect.Map:
		return mapSetter(t, s)
	case reflect.Struct:
		return structSetter(t, s)
	}
	return nil, fmt.Errorf("no column goes into a %s; tailrace.Value takes any", t)
}

// takes is the error for a column that a type does not take.
func takes(what string) error { return fmt.Errorf("that takes %s", what) }

func isInteger(s *Schema) bool { return s.typ >= TypeInt8 && s.typ <= TypeInt64 }

func isFloat(s *Schema) bool { return s.typ == TypeFloat32 || s.typ == TypeFloat64 }

func isDecimal(s *Schema) bool { return s.name == DecimalName || s.name == VariableScaleName }

func isDuration(s *Schema) bool {
	_, err := AsDuration(s, Value{t: s.typ})
	return err == nil
}

// isTime says whether AsTime takes the schema's values.
func isTime(s *Schema) bool {
	_, err := AsTime(s, Value{t: s.typ})
	return !errors.Is(err, ErrNotOfType)
}

func boolSetter(s *Schema) (setter, error) {
	switch {
	case s.typ == TypeBoolean:
		return func(dst reflect.Value, v Value) error { dst.SetBool(v.Bool()); return nil }, nil
	case isInteger(s):
		return func(dst reflect.Value, v Value) error {
			if v.n > 1 {
				return errors.New("the number is neither 0 nor 1")
			}
			dst.SetBool(v.n == 1)
			return nil
		}, nil
	}
	return nil, takes("booleans and the numbers 0 and 1")
}

func intSetter(s *Schema) (setter, error) {
	get, err := wholeNumber(s)
	if err != nil {
		return nil, err
	}
	return func(dst reflect.Value, v Value) error {
		n, err := get(v)
		if err == nil && dst.OverflowInt(n) {
			err = errRange
		}
		if err != nil {
			return err
		}
		dst.SetInt(n)
		return nil
	}, nil
}

// wholeNumber gives how to get an int64 of a schema's values.
func wholeNumber(s *Schema) (func(v Value) (int64, error), error) {
	switch {
	case isInteger(s):
		return func(v Value) (int64, error) { return v.Int(), nil }, nil
	case isDecimal(s):
		d := decimalsOf(s)
		return func(v Value) (int64, error) {
			n, err := d.whole(v)
			if err == nil && !n.IsInt64() {
				err = errRange
			}
			if err != nil {
				return 0, err
			}
			return n.Int64(), nil
		}, nil
	}
	return nil, takes("integers, and decimals that are whole numbers")
}

// decimals are the values of a decimal schema.
type decimals struct {
	variable bool // each value has its scale, and is a struct
	scaleAt  int  // where in that
	valueAt  int
	scale    int // of all values else
	scaleErr error
}

func decimalsOf(s *Schema) (d decimals) {
	if s.name != VariableScaleName {
		d.scale, d.scaleErr = Scale(s)
		return d
	}
	scale, hasScale := s.Field("scale")
	value, hasValue := s.Field("value")
	if !hasScale || !hasValue {
		return decimals{scaleErr: errors.New("the schema lacks the field scale or value")}
	}
	return decimals{variable: true, scaleAt: scale.Index, valueAt: value.Index}
}

func (d decimals) parts(v Value) (unscaled []byte, scale int, err error) {
	if !d.variable {
		unscaled, scale, err = v.Bytes(), d.scale, d.scaleErr
	} else if f := v.Fields(); len(f) > max(d.scaleAt, d.valueAt) {
		unscaled, scale = f[d.valueAt].Bytes(), int(f[d.scaleAt].Int())
	}
	if err == nil && (scale < -maxScale || scale > maxScale) {
		err = errRange
	}
	return unscaled, scale, err
}

// append appends the text without an exponent.
func (d decimals) append(dst []byte, v Value) ([]byte, error) {
	unscaled, scale, err := d.parts(v)
	if err != nil {
		return nil, err
	}
	return AppendDecimal(dst, unscaled, scale), nil
}

// whole gives the number of a decimal without a fraction.
func (d decimals) whole(v Value) (*big.Int, error) {
	unscaled, scale, err := d.parts(v)
	if err != nil {
		return nil, err
	}
	n := Unscaled(unscaled)
	if scale <= 0 {
		return n.Mul(n, pow10(-scale)), nil
	}
	rest := new(big.Int)
	if n.QuoRem(n, pow10(scale), rest); rest.Sign() != 0 {
		return nil, errWhole
	}
	return n, nil
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

func uintSetter(s *Schema) (setter, error) {
	if isDecimal(s) {
		d := decimalsOf(s)
		return func(dst reflect.Value, v Value) error {
			n, err := d.whole(v)
			if err == nil && (!n.IsUint64() || dst.OverflowUint(n.Uint64())) {
				err = errRange
			}
			if err != nil {
				return err
			}
			dst.SetUint(n.Uint64())
			return nil
		}, nil
	}
	if !isInteger(s) {
		return nil, takes("integers, and decimals that are whole numbers")
	}
	return func(dst reflect.Value, v Value) error {
		if v.Int() < 0 {
			return errors.New("the number is negative; if the column is unsigned, its numbers beyond an int64 need the mode precise of bigint.unsigned.handling.mode")
		}
		if dst.OverflowUint(v.n) {
			return errRange
		}
		dst.SetUint(v.n)
		return nil
	}, nil
}

func floatSetter(s *Schema) (setter, error) {
	var get func(v Value) (float64, error)
	switch {
	case isFloat(s):
		get = func(v Value) (float64, error) { return v.Float(), nil }
	case isInteger(s):
		get = func(v Value) (float64, error) { return float64(v.Int()), nil }
	case isDecimal(s):
		d := decimalsOf(s)
		get = func(v Value) (float64, error) {
			var buf [64]byte
			text, err := d.append(buf[:0], v)
			if err != nil {
				return 0, err
			}
			f, err := strconv.ParseFloat(string(text), 64)
			if err != nil {
				return 0, errRange
			}
			return f, nil
		}
	default:
		return nil, takes("numbers")
	}
	return func(dst reflect.Value, v Value) error {
		f, err := get(v)
		if err == nil && !math.IsInf(f, 0) && dst.OverflowFloat(f) {
			err = errRange
		}
		if err != nil {
			return err
		}
		dst.SetFloat(f)
		return nil
	}, nil
}

func stringSetter(s *Schema) (setter, error) {
	switch {
	case s.typ == TypeString:
		return func(dst reflect.Value, v Value) error { dst.SetString(strings.Clone(v.Text())); return nil }, nil
	case isDecimal(s):
		d := decimalsOf(s)
		return func(dst reflect.Value, v Value) error {
			var buf [64]byte
			text, err := d.append(buf[:0], v)
			if err != nil {
				return err
			}
			dst.SetString(string(text))
			return nil
		}, nil
	}
	return nil, takes("text and decimals")
}

func bytesSetter(s *Schema) (setter, error) {
	if s.typ == TypeString || s.typ == TypeBytes && s.name != DecimalName {
		return func(dst reflect.Value, v Value) error {
			if v.t != s.typ {
				return mismatch(v, s)
			}
			dst.SetBytes(append([]byte{}, v.Bytes()...))
			return nil
		}, nil
	}
	return nil, takes("bytes and text")
}

func jsonSetter(s *Schema) (setter, error) {
	if s.typ != TypeString {
		return nil, takes("JSON text")
	}
	return func(dst reflect.Value, v Value) error {
		if v.t != s.typ {
			return mismatch(v, s)
		}
		if s.name != JSONName && !json.Valid(v.Bytes()) {
			return errors.New("the text is no JSON")
		}
		dst.SetBytes(slices.Clone(v.Bytes()))
		return nil
	}, nil
}

// layouts are how times are written by ISO 8601 and by SQL.
var layouts = [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", time.DateOnly}

func timeSetter(s *Schema) (setter, error) {
	switch {
	case isTime(s):
		return func(dst reflect.Value, v Value) error {
			t, err := AsTime(s, v)
			if err != nil {
				return errors.New("the text is no time in ISO 8601")
			}
			*to[time.Time](dst) = t
			return nil
		}, nil
	case s.typ == TypeString && s.name == "":
		return func(dst reflect.Value, v Value) error {
			for _, layout := range layouts {
				if t, err := time.Parse(layout, v.Text()); err == nil {
					*to[time.Time](dst) = t
					return nil
				}
			}
			return errors.New("the text is no time in ISO 8601 or as SQL writes it")
		}, nil
	}
	return nil, takes("dates and timestamps, and their text")
}

func durationSetter(s *Schema) (setter, error) {
	if !isDuration(s) {
		return nil, takes("times of day and durations")
	}
	return func(dst reflect.Value, v Value) error {
		d, err := AsDuration(s, v)
		if err != nil {
			return err
		}
		dst.SetInt(int64(d))
		return nil
	}, nil
}
