package tailrace

import (
	"encoding"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"
)

func bigIntSetter(s *Schema) (setter, error) {
	switch {
	case isInteger(s):
		return func(dst reflect.Value, v Value) error { to[big.Int](dst).SetInt64(v.Int()); return nil }, nil
	case isDecimal(s):
		d := decimalsOf(s)
		return func(dst reflect.Value, v Value) error {
			n, err := d.whole(v)
			if err != nil {
				return err
			}
			to[big.Int](dst).Set(n)
			return nil
		}, nil
	case s.typ == TypeString && s.name == "":
		return func(dst reflect.Value, v Value) error {
			if n, ok := new(big.Int).SetString(v.Text(), 10); ok {
				to[big.Int](dst).Set(n)
				return nil
			}
			return errors.New("the text is no whole number")
		}, nil
	}
	return nil, takes("integers, decimals that are whole numbers, and their text")
}

func ratSetter(s *Schema) (setter, error) {
	switch {
	case isInteger(s):
		return func(dst reflect.Value, v Value) error { to[big.Rat](dst).SetInt64(v.Int()); return nil }, nil
	case isDecimal(s):
		d := decimalsOf(s)
		return func(dst reflect.Value, v Value) error {
			unscaled, scale, err := d.parts(v)
			if err != nil {
				return err
			}
			n := Unscaled(unscaled)
			if scale < 0 {
				to[big.Rat](dst).SetInt(n.Mul(n, pow10(-scale)))
			} else {
				to[big.Rat](dst).SetFrac(n, pow10(scale))
			}
			return nil
		}, nil
	case s.typ == TypeString && s.name == "":
		return func(dst reflect.Value, v Value) error {
			text := v.Text() // SetString would work out any exponent, however large
			if strings.Trim(text, "+-.0123456789") == "" {
				if n, ok := new(big.Rat).SetString(text); ok {
					to[big.Rat](dst).Set(n)
					return nil
				}
			}
			return errors.New("the text is no decimal number")
		}, nil
	}
	return nil, takes("integers, decimals and their text")
}

// textSetter is for types that read text.
func textSetter(s *Schema) (setter, error) {
	text, err := textOfValues(s)
	if err != nil {
		return nil, err
	}
	return func(dst reflect.Value, v Value) error {
		b, err := text(v)
		if err != nil {
			return err
		}
		return hide("UnmarshalText", dst.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(b))
	}, nil
}

// textOfValues gives how to get the text of a schema's values.
func textOfValues(s *Schema) (func(v Value) ([]byte, error), error) {
	switch {
	case isDecimal(s):
		d := decimalsOf(s)
		return func(v Value) ([]byte, error) { return d.append(nil, v) }, nil
	case isTime(s) && s.typ != TypeString:
		return func(v Value) ([]byte, error) {
			t, err := AsTime(s, v)
			return t.AppendFormat(nil, time.RFC3339Nano), err
		}, nil
	case s.typ == TypeString:
		return func(v Value) ([]byte, error) { return slices.Clone(v.Bytes()), nil }, nil
	case isInteger(s), isFloat(s), s.typ == TypeBoolean:
		return func(v Value) ([]byte, error) { return v.appendText(nil), nil }, nil
	}
	return nil, takes("text, and what has one: numbers, booleans, dates and timestamps")
}

// hidden is an error of a type of the application's own. Its text is left out,
// as such texts often have the value that could not be read.
type hidden struct {
	method string
	err    error
}

func (h *hidden) Error() string { return fmt.Sprintf("its method %s gives a %T", h.method, h.err) }
func (h *hidden) Unwrap() error { return h.err }

func hide(method string, err error) error {
	if err == nil {
		return nil
	}
	return &hidden{method, err}
}

// scanSetter is for types that read what database drivers give.
func scanSetter(s *Schema) (setter, error) {
	native, err := nativeOf(s)
	if err != nil {
		return nil, err
	}
	return func(dst reflect.Value, v Value) error {
		var src any
		if v.t != TypeNull {
			if v.t != s.typ {
				return mismatch(v, s)
			}
			var err error
			if src, err = native(v); err != nil {
				return err
			}
		}
		return hide("Scan", dst.Addr().Interface().(scanner).Scan(src))
	}, nil
}

// nativeOf gives how to get what a database driver would give.
func nativeOf(s *Schema) (func(v Value) (any, error), error) {
	switch {
	case isDecimal(s):
		d := decimalsOf(s)
		return func(v Value) (any, error) {
			text, err := d.append(nil, v)
			return string(text), err
		}, nil
	case isTime(s):
		return func(v Value) (any, error) { return AsTime(s, v) }, nil
	case isDuration(s):
		return func(v Value) (any, error) {
			d, err := AsDuration(s, v)
			return clock(d), err
		}, nil
	case isInteger(s):
		return func(v Value) (any, error) { return v.Int(), nil }, nil
	case isFloat(s):
		return func(v Value) (any, error) { return v.Float(), nil }, nil
	case s.typ == TypeBoolean:
		return func(v Value) (any, error) { return v.Bool(), nil }, nil
	case s.typ == TypeString:
		return func(v Value) (any, error) { return strings.Clone(v.Text()), nil }, nil
	case s.typ == TypeBytes:
		return func(v Value) (any, error) { return slices.Clone(v.Bytes()), nil }, nil
	}
	return nil, takes("no arrays, maps and structs")
}

// clock writes a time of day as SQL does: 15:04:05.000001.
func clock(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	text := fmt.Sprintf("%s%02d:%02d:%02d", sign, d/time.Hour, d/time.Minute%60, d/time.Second%60)
	if rest := d % time.Second; rest != 0 {
		text += strings.TrimRight(fmt.Sprintf(".%09d", rest), "0")
	}
	return text
}

func sliceSetter(t reflect.Type, s *Schema) (setter, error) {
	if s.typ != TypeArray {
		return nil, takes("arrays")
	}
	set, err := setterOf(t.Elem(), s.elem)
	if err != nil {
		return nil, fmt.Errorf("its elements, %s, do not go into a %s: %w", kindOf(s.elem), t.Elem(), err)
	}
	return func(dst reflect.Value, v Value) error {
		if v.t != s.typ {
			return mismatch(v, s)
		}
		elems := v.Elems()
		out := reflect.MakeSlice(t, len(elems), len(elems))
		for i, e := range elems {
			if err := set(out.Index(i), e); err != nil {
				return fmt.Errorf("element %d: %w", i, err)
			}
		}
		dst.Set(out)
		return nil
	}, nil
}

func mapSetter(t reflect.Type, s *Schema) (setter, error) {
	if s.typ != TypeMap {
		return nil, takes("maps")
	}
	setKey, err := setterOf(t.Key(), s.key)
	if err != nil {
		return nil, fmt.Errorf("its keys, %s, do not go into a %s: %w", kindOf(s.key), t.Key(), err)
	}
	setElem, err := setterOf(t.Elem(), s.elem)
	if err != nil {
		return nil, fmt.Errorf("its values, %s, do not go into a %s: %w", kindOf(s.elem), t.Elem(), err)
	}
	return func(dst reflect.Value, v Value) error {
		if v.t != s.typ {
			return mismatch(v, s)
		}
		entries := v.Entries()
		out := reflect.MakeMapWithSize(t, len(entries)/2)
		for i := 0; i+1 < len(entries); i += 2 {
			key, elem := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			if err := setKey(key, entries[i]); err != nil {
				return fmt.Errorf("the key of entry %d: %w", i/2, err)
			}
			if err := setElem(elem, entries[i+1]); err != nil {
				return fmt.Errorf("the value of entry %d: %w", i/2, err)
			}
			out.SetMapIndex(key, elem)
		}
		dst.Set(out)
		return nil
	}, nil
}

func structSetter(t reflect.Type, s *Schema) (setter, error) {
	if s.typ != TypeStruct {
		return nil, takes("structs")
	}
	plan := planOf(s, t)
	if plan.err != nil {
		return nil, plan.err
	}
	return func(dst reflect.Value, v Value) error { return plan.decode(dst, v.Fields()) }, nil
}
