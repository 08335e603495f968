package converter

import (
	"crypto/md5"
	"encoding/hex"

	"github.com/tailrace-io/tailrace"
)

// DefaultUnavailable is the text that stands for a column that the log did not
// carry, unless another one is chosen.
const DefaultUnavailable = "__debezium_unavailable_value"

// Placeholder is what Debezium puts in the place of a column that the log did
// not carry: the text or its bytes, a list of the one text, or of numbers that
// are the bytes. Other types have no room for it.
func Placeholder(s *tailrace.Schema, text string) (tailrace.Value, bool) {
	switch s.Type() {
	case tailrace.TypeString:
		return tailrace.String(text), true
	case tailrace.TypeBytes:
		return tailrace.Bytes([]byte(text)), s.Name() != tailrace.DecimalName
	case tailrace.TypeMap:
		if s.Key().Type() != tailrace.TypeString || s.Elem().Type() != tailrace.TypeString {
			return tailrace.Value{}, false
		}
		return tailrace.Map([]tailrace.Value{tailrace.String(text), tailrace.String(text)}), true
	case tailrace.TypeArray:
		return placeholderArray(s.Elem(), text)
	}
	return tailrace.Value{}, false
}

func placeholderArray(elem *tailrace.Schema, text string) (tailrace.Value, bool) {
	one := func(v tailrace.Value) (tailrace.Value, bool) { return tailrace.Array([]tailrace.Value{v}), true }
	each := func(value func(b int8) tailrace.Value) (tailrace.Value, bool) {
		vs := make([]tailrace.Value, len(text))
		for i := range vs {
			vs[i] = value(int8(text[i]))
		}
		return tailrace.Array(vs), true
	}
	switch t := elem.Type(); t {
	case tailrace.TypeString:
		if elem.Name() == tailrace.UUIDName {
			return one(tailrace.String(nameUUID(text)))
		}
		return one(tailrace.String(text))
	case tailrace.TypeBytes:
		if elem.Name() == tailrace.DecimalName {
			return each(func(b int8) tailrace.Value { return tailrace.Bytes([]byte{byte(b)}) })
		}
		return one(tailrace.Bytes([]byte(text)))
	case tailrace.TypeInt8, tailrace.TypeInt16, tailrace.TypeInt32, tailrace.TypeInt64:
		if elem.Name() == tailrace.TimeName {
			return tailrace.Value{}, false
		}
		return each(func(b int8) tailrace.Value { return tailrace.Integer(t, int64(b)) })
	case tailrace.TypeFloat32:
		return each(func(b int8) tailrace.Value { return tailrace.Float32(float32(b)) })
	case tailrace.TypeFloat64:
		return each(func(b int8) tailrace.Value { return tailrace.Float64(float64(b)) })
	}
	return tailrace.Value{}, false
}

// nameUUID is the UUID of a name without a name space, as Java's
// UUID.nameUUIDFromBytes makes it.
func nameUUID(name string) string {
	u := md5.Sum([]byte(name))
	u[6] = u[6]&0x0f | 0x30
	u[8] = u[8]&0x3f | 0x80
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
