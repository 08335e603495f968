package tailrace

import (
	"encoding/base64"
	"math"
	"strconv"
	"unsafe"
)

// Type says what a Value holds, and what a Schema describes. The types from
// TypeInt8 on are Kafka Connect's.
type Type uint8

const (
	// TypeNull is the type of the zero Value.
	TypeNull Type = iota

	// TypeUnchanged marks a column that the log did not carry because the
	// change left it alone: an untouched TOAST value, or a column left out by
	// a partial row image. The value is in the database, not here.
	TypeUnchanged

	TypeInt8
	TypeInt16
	TypeInt32
	TypeInt64
	TypeFloat32
	TypeFloat64
	TypeBoolean
	TypeString
	TypeBytes
	TypeArray
	TypeMap
	TypeStruct
)

var typeNames = [...]string{
	"null", "unchanged", "int8", "int16", "int32", "int64", "float32", "float64",
	"boolean", "string", "bytes", "array", "map", "struct",
}

// String gives the name that Connect uses in schemas' text, such as "float64".
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return "type(" + strconv.Itoa(int(t)) + ")"
}

// Value is one value of a closed set of types: 24 bytes, in the manner of
// slog.Value, with no allocation for numbers, booleans, strings and bytes. The
// zero Value is null. Connect's logical types and Debezium's semantic types are
// named schemas over these types; see AsTime, AsDuration and AsDecimal.
//
// A Value is immutable by convention: the memory behind strings, bytes, arrays,
// maps and structs may be shared, so whoever wants another value makes one. An
// accessor of another type than the value's returns its zero value.
type Value struct {
	p unsafe.Pointer // the first byte, or the first Value
	n uint64         // the number's bits, or the length
	t Type
}

// Unchanged is the value of a column that the log did not carry.
func Unchanged() Value { return Value{t: TypeUnchanged} }

// Int8 is v as a value of TypeInt8.
func Int8(v int8) Value { return Value{n: uint64(int64(v)), t: TypeInt8} }

// Int16 is v as a value of TypeInt16.
func Int16(v int16) Value { return Value{n: uint64(int64(v)), t: TypeInt16} }

// Int32 is v as a value of TypeInt32.
func Int32(v int32) Value { return Value{n: uint64(int64(v)), t: TypeInt32} }

// Int64 is v as a value of TypeInt64.
func Int64(v int64) Value { return Value{n: uint64(v), t: TypeInt64} }

// Float32 is v as a value of TypeFloat32.
func Float32(v float32) Value { return Value{n: math.Float64bits(float64(v)), t: TypeFloat32} }

// Float64 is v as a value of TypeFloat64.
func Float64(v float64) Value { return Value{n: math.Float64bits(v), t: TypeFloat64} }

// Boolean is v as a value of TypeBoolean.
func Boolean(v bool) Value {
	if v {
		return Value{n: 1, t: TypeBoolean}
	}
	return Value{t: TypeBoolean}
}

// String is v as a value of TypeString. The text is UTF-8.
func String(v string) Value {
	return Value{p: unsafe.Pointer(unsafe.StringData(v)), n: uint64(len(v)), t: TypeString}
}

// Bytes is v as a value of TypeBytes; it refers to v, which must not change.
func Bytes(v []byte) Value {
	return Value{p: unsafe.Pointer(unsafe.SliceData(v)), n: uint64(len(v)), t: TypeBytes}
}

// textOf is b as a String that refers to it: b must not change.
func textOf(b []byte) Value {
	return Value{p: unsafe.Pointer(unsafe.SliceData(b)), n: uint64(len(b)), t: TypeString}
}

// Array is elems as a value of TypeArray; it refers to elems.
func Array(elems []Value) Value { return list(elems, TypeArray) }

// Map is a value of TypeMap over keys and values that alternate: k1, v1, k2,
// v2, … in the order in which they are written. It refers to entries. A last
// key without a value has a null one.
func Map(entries []Value) Value {
	if len(entries)%2 != 0 {
		entries = append(entries[:len(entries):len(entries)], Value{})
	}
	return list(entries, TypeMap)
}

// StructOf is a value of TypeStruct: one value a field, in the order of the
// schema that describes it. It refers to fields.
func StructOf(fields []Value) Value { return list(fields, TypeStruct) }

func list(v []Value, t Type) Value {
	return Value{p: unsafe.Pointer(unsafe.SliceData(v)), n: uint64(len(v)), t: t}
}

// Integer is v as a value of the integer type t, which must be one of TypeInt8
// to TypeInt64; other types make it TypeInt64. It does not check the range.
func Integer(t Type, v int64) Value {
	if t < TypeInt8 || t > TypeInt64 {
		t = TypeInt64
	}
	return Value{n: uint64(v), t: t}
}

// Type says what the value holds.
func (v Value) Type() Type { return v.t }

// IsNull says whether the value is null.
func (v Value) IsNull() bool { return v.t == TypeNull }

// IsUnchanged says whether the value is the mark of a column that the log did
// not carry.
func (v Value) IsUnchanged() bool { return v.t == TypeUnchanged }

// Int is the number of any of the four integer types.
func (v Value) Int() int64 {
	if v.t >= TypeInt8 && v.t <= TypeInt64 {
		return int64(v.n)
	}
	return 0
}

// Float is the number of either floating-point type.
func (v Value) Float() float64 {
	if v.t == TypeFloat32 || v.t == TypeFloat64 {
		return math.Float64frombits(v.n)
	}
	return 0
}

// Bool is the truth value of a TypeBoolean.
func (v Value) Bool() bool { return v.t == TypeBoolean && v.n != 0 }

// Text is the string of a TypeString.
func (v Value) Text() string {
	if v.t != TypeString {
		return ""
	}
	return unsafe.String((*byte)(v.p), v.n)
}

// Bytes are the bytes of a TypeBytes, or those of the text of a TypeString.
// They must not be changed.
func (v Value) Bytes() []byte {
	if v.t != TypeBytes && v.t != TypeString {
		return nil
	}
	return unsafe.Slice((*byte)(v.p), v.n)
}

// Elems are the elements of a TypeArray.
func (v Value) Elems() []Value { return v.list(TypeArray) }

// Entries are the keys and values of a TypeMap, alternating.
func (v Value) Entries() []Value { return v.list(TypeMap) }

// Fields are the values of a TypeStruct's fields, in its schema's order.
func (v Value) Fields() []Value { return v.list(TypeStruct) }

func (v Value) list(t Type) []Value {
	if v.t != t {
		return nil
	}
	return unsafe.Slice((*Value)(v.p), v.n)
}

// Equal says whether both values have the same type and the same content. NaN
// equals NaN, and the entries of maps are compared in their order.
func (v Value) Equal(w Value) bool {
	if v.t != w.t {
		return false
	}
	switch v.t {
	case TypeNull, TypeUnchanged:
		return true
	case TypeString, TypeBytes:
		return unsafe.String((*byte)(v.p), v.n) == unsafe.String((*byte)(w.p), w.n)
	case TypeArray, TypeMap, TypeStruct:
		a, b := v.list(v.t), w.list(v.t)
		if len(a) != len(b) {
			return false
		}
		for i := range a {
			if !a[i].Equal(b[i]) {
				return false
			}
		}
		return true
	case TypeFloat32, TypeFloat64:
		x, y := v.Float(), w.Float()
		return x == y || x != x && y != y
	default:
		return v.n == w.n
	}
}

// String shows the value to a person: text as it is, bytes in base64, arrays
// and structs in brackets. It is no wire format; converters make those.
func (v Value) String() string {
	if v.t == TypeString {
		return v.Text()
	}
	return string(v.appendText(nil))
}

func (v Value) appendText(dst []byte) []byte {
	switch v.t {
	case TypeNull:
		return append(dst, "null"...)
	case TypeInt8, TypeInt16, TypeInt32, TypeInt64:
		return strconv.AppendInt(dst, int64(v.n), 10)
	case TypeFloat32:
		return strconv.AppendFloat(dst, v.Float(), 'g', -1, 32)
	case TypeFloat64:
		return strconv.AppendFloat(dst, v.Float(), 'g', -1, 64)
	case TypeBoolean:
		return strconv.AppendBool(dst, v.n != 0)
	case TypeString:
		return append(dst, v.Text()...)
	case TypeBytes:
		return base64.StdEncoding.AppendEncode(dst, v.Bytes())
	case TypeArray:
		return appendList(dst, '[', v.Elems(), ']')
	case TypeStruct:
		return appendList(dst, '{', v.Fields(), '}')
	case TypeMap:
		dst = append(dst, '{')
		for i, e := range v.Entries() {
			switch {
			case i == 0:
			case i%2 == 1:
				dst = append(dst, ": "...)
			default:
				dst = append(dst, ", "...)
			}
			dst = e.appendText(dst)
		}
		return append(dst, '}')
	default:
		return append(dst, v.t.String()...)
	}
}

func appendList(dst []byte, open byte, vs []Value, end byte) []byte {
	dst = append(dst, open)
	for i, e := range vs {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = e.appendText(dst)
	}
	return append(dst, end)
}

// Size is about how many bytes the value holds on to beyond its own 24.
func (v Value) Size() int {
	switch v.t {
	case TypeString, TypeBytes:
		return int(v.n)
	case TypeArray, TypeMap, TypeStruct:
		n := 0
		for _, e := range v.list(v.t) {
			n += 24 + e.Size()
		}
		return n
	default:
		return 0
	}
}
