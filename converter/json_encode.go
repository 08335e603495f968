package converter

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/tailrace-io/tailrace"
)

// millisPerDay bounds Connect's Time, both ends included as Connect has them.
const millisPerDay = 24 * 60 * 60 * 1000

// append writes a value of the node's schema.
func (n *jsonNode) append(dst []byte, v tailrace.Value) ([]byte, error) {
	if v.Type() != n.typ {
		return n.appendOther(dst, v)
	}
	switch n.op {
	case opInt:
		return appendInt(dst, v.Int()), nil
	case opString:
		return appendQuoted(dst, v.Bytes()), nil
	case opStruct:
		return n.appendStruct(dst, v.Fields())
	case opBytes:
		return appendBase64(dst, v.Bytes()), nil
	case opDecimalBase64:
		b, err := minimalUnscaled(v.Bytes())
		return appendBase64(dst, b), err
	case opDecimalNumber:
		b, err := minimalUnscaled(v.Bytes())
		if err != nil {
			return dst, err
		}
		return appendBigDecimal(dst, b, n.scale), nil
	case opBoolean:
		return strconv.AppendBool(dst, v.Bool()), nil
	case opFloat32:
		return appendJSONFloat(dst, v.Float(), 32), nil
	case opFloat64:
		return appendJSONFloat(dst, v.Float(), 64), nil
	case opArray:
		return n.appendArray(dst, v.Elems())
	case opObject:
		return n.appendObject(dst, v.Entries())
	case opPairs:
		return n.appendPairs(dst, v.Entries())
	default:
		if ms := v.Int(); ms < 0 || ms > millisPerDay {
			return dst, fmt.Errorf("a %s outside of a day, which it cannot be", tailrace.TimeName)
		}
		return appendInt(dst, v.Int()), nil
	}
}

// appendOther writes what is not of the schema's type.
func (n *jsonNode) appendOther(dst []byte, v tailrace.Value) ([]byte, error) {
	switch {
	case v.IsNull() && n.null != "":
		return append(dst, n.null...), nil
	case v.IsNull():
		return dst, fmt.Errorf("null where %s is required and there is no default", n.typ)
	case v.IsUnchanged() && n.unknown != "":
		return append(dst, n.unknown...), nil
	case v.IsUnchanged():
		return dst, fmt.Errorf("a column that the log did not carry, for which %s has no placeholder", n.typ)
	}
	return dst, fmt.Errorf("%s where the schema requires %s", v.Type(), n.typ)
}

func (n *jsonNode) appendStruct(dst []byte, vs []tailrace.Value) ([]byte, error) {
	if len(vs) != len(n.fields) {
		return dst, fmt.Errorf("%d fields where the schema %s has %d", len(vs), n.schema.Name(), len(n.fields))
	}
	if len(vs) == 0 {
		return append(dst, "{}"...), nil
	}
	for i := range n.fields {
		f, v := &n.fields[i], vs[i]
		switch {
		case v.IsNull() && f.null != "":
			dst = append(dst, f.null...)
		case v.Type() != f.typ || f.op > opString:
			var err error
			if dst, err = f.node.append(append(dst, f.prefix...), v); err != nil {
				return dst, fmt.Errorf("field %s: %w", f.name, err)
			}
		case f.op == opString:
			dst = appendText(append(dst, f.quoted...), v.Bytes())
		default:
			dst = appendInt(append(dst, f.prefix...), v.Int())
		}
	}
	return append(dst, '}'), nil
}

func (n *jsonNode) appendArray(dst []byte, vs []tailrace.Value) (_ []byte, err error) {
	dst = append(dst, '[')
	for i := range vs {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = n.elem.append(dst, vs[i]); err != nil {
			return dst, fmt.Errorf("element %d: %w", i, err)
		}
	}
	return append(dst, ']'), nil
}

func (n *jsonNode) appendObject(dst []byte, kvs []tailrace.Value) (_ []byte, err error) {
	dst = append(dst, '{')
	for i := 0; i < len(kvs); i += 2 {
		if i > 0 {
			dst = append(dst, ',')
		}
		if kvs[i].IsNull() && n.key.null == "null" {
			dst = append(dst, `"null"`...) // JsonConverter's name for it; JSON has none
		} else if dst, err = n.key.append(dst, kvs[i]); err != nil {
			return dst, fmt.Errorf("key %d of a map: %w", i/2, err)
		}
		dst = append(dst, ':')
		if dst, err = n.elem.append(dst, kvs[i+1]); err != nil {
			return dst, fmt.Errorf("value %d of a map: %w", i/2, err)
		}
	}
	return append(dst, '}'), nil
}

func (n *jsonNode) appendPairs(dst []byte, kvs []tailrace.Value) (_ []byte, err error) {
	dst = append(dst, '[')
	for i := 0; i < len(kvs); i += 2 {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '[')
		if dst, err = n.key.append(dst, kvs[i]); err != nil {
			return dst, fmt.Errorf("key %d of a map: %w", i/2, err)
		}
		dst = append(dst, ',')
		if dst, err = n.elem.append(dst, kvs[i+1]); err != nil {
			return dst, fmt.Errorf("value %d of a map: %w", i/2, err)
		}
		dst = append(dst, ']')
	}
	return append(dst, ']'), nil
}

// appendBase64 writes bytes as the base64 of RFC 4648, padded, in one line.
func appendBase64(dst, b []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, '"')
}

// appendJSONFloat writes a number as Jackson does: what JSON has no number for
// is a string.
func appendJSONFloat(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(appendJavaFloat(append(dst, '"'), f, bits), '"')
	}
	return appendJavaFloat(dst, f, bits)
}

// minimalUnscaled drops the leading bytes of an unscaled number that say
// nothing, as Java's BigInteger does not write them.
func minimalUnscaled(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, errors.New("a decimal of no bytes, which stands for no number")
	}
	for len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
		b = b[1:]
	}
	return b, nil
}
