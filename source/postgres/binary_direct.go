package postgres

import (
	"encoding/binary"
	"math"

	"github.com/tailrace-io/tailrace"
)

// directly gives what makes a type's values of its binary form without a text
// between, as it does of the types that most columns have; nil for others.
func directly(typ *pgType, p *plan) decoder {
	if typ == nil || typ.kind != 'b' || typ.array {
		return nil
	}
	switch typ.name {
	case "int2":
		return bigEndian(2, tailrace.TypeInt16)
	case "int4":
		return bigEndian(4, tailrace.TypeInt32)
	case "int8":
		return bigEndian(8, tailrace.TypeInt64)
	case "text", "varchar", "bpchar", "name", "json":
		if p.copied {
			return copyText
		}
	case "jsonb":
		if p.copied {
			return versionedCopy
		}
	case "timestamp":
		if p.unit != 0 {
			return binaryTimestamp(p.unit)
		}
	case "timestamptz":
		return binaryZoned(p.digits)
	}
	return nil
}

func bigEndian(size int, t tailrace.Type) decoder {
	return func(_ *tailrace.Slab, b []byte) (tailrace.Value, error) {
		if len(b) != size {
			return tailrace.Value{}, errBinary
		}
		n := int64(int8(b[0]))
		for _, c := range b[1:] {
			n = n<<8 | int64(c)
		}
		return tailrace.Integer(t, n), nil
	}
}

func versionedCopy(slab *tailrace.Slab, b []byte) (tailrace.Value, error) {
	if len(b) == 0 || b[0] != 1 {
		return tailrace.Value{}, errBinary
	}
	return slab.CopyString(b[1:]), nil
}

// moment reads microseconds since 1970-01-01. Those that are no moment have no
// such number, so that ok is false.
func moment(b []byte) (micros int64, ok bool) {
	if len(b) != 8 {
		return 0, false
	}
	n := int64(binary.BigEndian.Uint64(b))
	return n + epochDays*dayMicros, n != math.MinInt64 && n <= math.MaxInt64-epochDays*dayMicros
}

func binaryTimestamp(unit int64) decoder {
	slow := fromBinary(timestampText, timestamp(unit))
	return func(slab *tailrace.Slab, b []byte) (tailrace.Value, error) {
		n, ok := moment(b)
		if !ok {
			return slow(slab, b)
		}
		return inUnits(n, unit), nil
	}
}

func binaryZoned(digits int) decoder {
	slow := fromBinary(zonedTimestampText, zonedTimestamp(digits))
	return func(slab *tailrace.Slab, b []byte) (tailrace.Value, error) {
		n, ok := moment(b)
		if !ok {
			return slow(slab, b)
		}
		var buf [40]byte
		return slab.CopyString(appendZoned(buf[:0], n, digits)), nil
	}
}
