package tailrace

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// The names of Kafka Connect's logical types. Their schemas have version 1.
const (
	DecimalName   = "org.apache.kafka.connect.data.Decimal"   // bytes: the unscaled number, big-endian two's complement; parameter scale
	DateName      = "org.apache.kafka.connect.data.Date"      // int32: days since 1970-01-01
	TimeName      = "org.apache.kafka.connect.data.Time"      // int32: milliseconds since midnight
	TimestampName = "org.apache.kafka.connect.data.Timestamp" // int64: milliseconds since 1970-01-01 UTC
)

// The names of Debezium's semantic types. Their schemas have version 1.
const (
	DebeziumDateName       = "io.debezium.time.Date"           // int32: days since 1970-01-01
	DebeziumTimeName       = "io.debezium.time.Time"           // int32: milliseconds since midnight
	MicroTimeName          = "io.debezium.time.MicroTime"      // int64: microseconds since midnight
	NanoTimeName           = "io.debezium.time.NanoTime"       // int64: nanoseconds since midnight
	DebeziumTimestampName  = "io.debezium.time.Timestamp"      // int64: milliseconds since 1970-01-01, no zone
	MicroTimestampName     = "io.debezium.time.MicroTimestamp" // int64: microseconds since 1970-01-01, no zone
	NanoTimestampName      = "io.debezium.time.NanoTimestamp"  // int64: nanoseconds since 1970-01-01, no zone
	ZonedTimestampName     = "io.debezium.time.ZonedTimestamp" // string: ISO 8601 with an offset
	ZonedTimeName          = "io.debezium.time.ZonedTime"      // string: ISO 8601 time of day with an offset
	IsoDateName            = "io.debezium.time.IsoDate"        // string: 2006-01-02Z
	IsoTimeName            = "io.debezium.time.IsoTime"        // string: 15:04:05Z
	IsoTimestampName       = "io.debezium.time.IsoTimestamp"   // string: 2006-01-02T15:04:05Z
	YearName               = "io.debezium.time.Year"           // int32
	MicroDurationName      = "io.debezium.time.MicroDuration"  // int64: microseconds
	NanoDurationName       = "io.debezium.time.NanoDuration"   // int64: nanoseconds
	IntervalName           = "io.debezium.time.Interval"       // string: P1Y2M3DT4H5M6.78S
	JSONName               = "io.debezium.data.Json"           // string: JSON text
	XMLName                = "io.debezium.data.Xml"            // string: XML text
	UUIDName               = "io.debezium.data.Uuid"           // string
	EnumName               = "io.debezium.data.Enum"           // string; parameter allowed
	EnumSetName            = "io.debezium.data.EnumSet"        // string: members, comma-separated; parameter allowed
	BitsName               = "io.debezium.data.Bits"           // bytes, little-endian; parameter length
	LtreeName              = "io.debezium.data.Ltree"          // string
	TsvectorName           = "io.debezium.data.Tsvector"       // string
	VariableScaleName      = "io.debezium.data.VariableScaleDecimal"
	PointName              = "io.debezium.data.geometry.Point"
	GeometryName           = "io.debezium.data.geometry.Geometry"
	GeographyName          = "io.debezium.data.geometry.Geography"
	FloatVectorName        = "io.debezium.data.FloatVector"
	DoubleVectorName       = "io.debezium.data.DoubleVector"
	SparseDoubleVectorName = "io.debezium.data.SparseDoubleVector"
)

// Semantic starts a schema of one of the named types above whose values are of
// a simple type: the name, version 1, and the type that goes with the name. For
// another name Build reports an error.
func Semantic(name string) *SchemaBuilder {
	return NewSchema(semanticType(name)).Name(name).Version(1)
}

func semanticType(name string) Type {
	switch name {
	case DateName, TimeName, DebeziumDateName, DebeziumTimeName, YearName:
		return TypeInt32
	case TimestampName, MicroTimeName, NanoTimeName, DebeziumTimestampName, MicroTimestampName, NanoTimestampName, MicroDurationName, NanoDurationName:
		return TypeInt64
	case DecimalName, BitsName:
		return TypeBytes
	case ZonedTimestampName, ZonedTimeName, IsoDateName, IsoTimeName, IsoTimestampName, IntervalName,
		JSONName, XMLName, UUIDName, EnumName, EnumSetName, LtreeName, TsvectorName:
		return TypeString
	}
	return TypeNull
}

// DecimalSchema starts the schema of decimals with the scale: digits behind the
// point.
func DecimalSchema(scale int) *SchemaBuilder {
	return Semantic(DecimalName).Parameter("scale", strconv.Itoa(scale))
}

// Decimal is an unscaled number as a value of a Decimal schema.
func Decimal(unscaled *big.Int) Value { return Bytes(AppendBigUnscaled(nil, unscaled)) }

// AppendUnscaled appends the unscaled number of a decimal as Connect stores it:
// the shortest big-endian two's complement.
func AppendUnscaled(dst []byte, unscaled int64) []byte {
	n := 8
	for n > 1 {
		top := unscaled >> (8*(n-1) - 1) // the bits above the next shorter form, its sign bit included
		if top != 0 && top != -1 {
			break
		}
		n--
	}
	for i := n - 1; i >= 0; i-- {
		dst = append(dst, byte(unscaled>>(8*i)))
	}
	return dst
}

// AppendBigUnscaled is AppendUnscaled for numbers of any size.
func AppendBigUnscaled(dst []byte, unscaled *big.Int) []byte {
	if unscaled.IsInt64() {
		return AppendUnscaled(dst, unscaled.Int64())
	}
	if unscaled.Sign() > 0 {
		b := unscaled.Bytes()
		if b[0]&0x80 != 0 {
			dst = append(dst, 0)
		}
		return append(dst, b...)
	}
	n := new(big.Int).Not(unscaled).BitLen()/8 + 1 // bytes that hold the number and its sign
	mod := new(big.Int).Lsh(big.NewInt(1), uint(8*n))
	return append(dst, mod.Add(mod, unscaled).Bytes()...)
}

// Unscaled reads what AppendUnscaled wrote.
func Unscaled(b []byte) *big.Int {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}

// AppendDecimal appends a decimal's text without an exponent, such as 12.50.
func AppendDecimal(dst, unscaled []byte, scale int) []byte {
	var digits []byte
	var buf [24]byte
	neg := false
	if len(unscaled) <= 8 {
		var n int64
		if len(unscaled) > 0 && unscaled[0]&0x80 != 0 {
			n = -1
		}
		for _, c := range unscaled {
			n = n<<8 | int64(c)
		}
		digits = strconv.AppendInt(buf[:0], n, 10)
	} else {
		digits = Unscaled(unscaled).Append(buf[:0], 10)
	}
	if digits[0] == '-' {
		neg, digits = true, digits[1:]
	}
	if neg {
		dst = append(dst, '-')
	}
	if scale <= 0 {
		dst = append(dst, digits...)
		if len(digits) > 1 || digits[0] != '0' {
			for range -scale {
				dst = append(dst, '0')
			}
		}
		return dst
	}
	if len(digits) <= scale {
		dst = append(dst, '0', '.')
		for range scale - len(digits) {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(dst, digits[:len(digits)-scale]...)
	dst = append(dst, '.')
	return append(dst, digits[len(digits)-scale:]...)
}

// ErrNotOfType is what the accessors of semantic types return, wrapped, for a
// value or a schema of another type.
var ErrNotOfType = errors.New("not of that type")

// Scale is the scale of a Decimal schema.
func Scale(s *Schema) (int, error) {
	if s == nil || s.name != DecimalName {
		return 0, fmt.Errorf("%s as a decimal: %w", describe(s), ErrNotOfType)
	}
	text, _ := s.Parameter("scale")
	scale, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("the scale parameter %q of a decimal schema is no number", text)
	}
	return scale, checkScale(scale)
}

// maxScale bounds the scales that are worked out: PostgreSQL's largest is 16383.
const maxScale = 200_000

func checkScale(scale int) error {
	if scale < -maxScale || scale > maxScale {
		return fmt.Errorf("a decimal's scale of %d is beyond %d", scale, maxScale)
	}
	return nil
}

// AsDecimal gives the number of a Decimal or a VariableScaleDecimal: unscaled
// times ten to the power of -scale.
func AsDecimal(s *Schema, v Value) (unscaled *big.Int, scale int, err error) {
	if t := AsStruct(s, v); !t.IsZero() && s.name == VariableScaleName {
		scale = int(t.Get("scale").Int())
		return Unscaled(t.Get("value").Bytes()), scale, checkScale(scale)
	}
	if scale, err = Scale(s); err != nil {
		return nil, 0, err
	}
	if v.t != TypeBytes {
		return nil, 0, fmt.Errorf("%s as a decimal: %w", v.t, ErrNotOfType)
	}
	return Unscaled(v.Bytes()), scale, nil
}

// AsTime gives the moment of a date or timestamp of any of the types above.
// Types without a zone are taken as UTC.
func AsTime(s *Schema, v Value) (time.Time, error) {
	if s != nil && v.t == semanticType(s.name) {
		switch s.name {
		case DateName, DebeziumDateName:
			return time.Unix(v.Int()*86400, 0).UTC(), nil
		case TimestampName, DebeziumTimestampName:
			return time.UnixMilli(v.Int()).UTC(), nil
		case MicroTimestampName:
			return time.UnixMicro(v.Int()).UTC(), nil
		case NanoTimestampName:
			return time.Unix(0, v.Int()).UTC(), nil
		case ZonedTimestampName, IsoTimestampName:
			return time.Parse(time.RFC3339Nano, v.Text())
		case IsoDateName:
			return time.Parse("2006-01-02Z07:00", v.Text())
		}
	}
	return time.Time{}, fmt.Errorf("%s value of %s as a time: %w", v.t, describe(s), ErrNotOfType)
}

// AsDuration gives the length of a time of day, since midnight, or of a
// duration of any of the types above. Interval, whose months have no fixed
// length, is none of them.
func AsDuration(s *Schema, v Value) (time.Duration, error) {
	if s != nil && v.t == semanticType(s.name) {
		switch s.name {
		case TimeName, DebeziumTimeName:
			return time.Duration(v.Int()) * time.Millisecond, nil
		case MicroTimeName, MicroDurationName:
			return time.Duration(v.Int()) * time.Microsecond, nil
		case NanoTimeName, NanoDurationName:
			return time.Duration(v.Int()), nil
		}
	}
	return 0, fmt.Errorf("%s value of %s as a duration: %w", v.t, describe(s), ErrNotOfType)
}

func describe(s *Schema) string {
	switch {
	case s == nil:
		return "no schema"
	case s.name != "":
		return s.name
	}
	return "schema " + s.typ.String()
}

// Display shows a value to a person by what its schema says of it: a decimal
// as 12.50, a timestamp as 2026-01-31T15:04:05Z. It is no wire format.
func Display(s *Schema, v Value) string {
	if s == nil || s.name == "" || v.IsNull() || v.IsUnchanged() {
		return v.String()
	}
	if t, err := AsTime(s, v); err == nil {
		if strings.HasSuffix(s.name, "Date") {
			return t.Format("2006-01-02")
		}
		return t.Format(time.RFC3339Nano)
	}
	if d, err := AsDuration(s, v); err == nil {
		return d.String()
	}
	if n, scale, err := AsDecimal(s, v); err == nil {
		return string(AppendDecimal(nil, AppendBigUnscaled(nil, n), scale))
	}
	if t := AsStruct(s, v); !t.IsZero() {
		return t.String()
	}
	return v.String()
}
