package jdbc

import (
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// Kind says what a column holds. In parentheses stands what the argument of a
// statement is for a value of it; everything else the database converts.
type Kind uint8

const (
	Other          Kind = iota // something else: what the schema itself suggests
	Boolean                    // true or false (bool)
	Int8                       // (int64), as are the following
	Int16                      //
	Int32                      //
	Int64                      //
	Float32                    // (float64)
	Float64                    // (float64)
	Decimal                    // (string: 12.50)
	Text                       // (string)
	Bytes                      // ([]byte)
	Date                       // (string: 2006-01-02)
	TimeOfDay                  // (string: 15:04:05.999999999)
	ZonedTimeOfDay             // (string: 15:04:05.999999999+00:00)
	DateTime                   // a date and time without a zone (string: 2006-01-02 15:04:05.999999999)
	Instant                    // a moment (string: as DateTime, in UTC with +00:00 behind it)
	Year                       // (int64)
	Interval                   // (string: 12 microseconds, or as ISO 8601 has it)
	JSON                       // (string)
	UUID                       // (string)
	XML                        // (string)
	Enum                       // (string)
	Set                        // (string: a,b)
	Bits                       // (string: 0101)
	BitField                   // bits as a number ([]byte: the bytes of the number, the highest first)
	Array                      // (string: the text of a PostgreSQL array)
	Geometry                   // ([]byte: the SRID, 4 bytes, the lowest first, and well-known binary)
	Point                      // ((string: (1,2))
)

func (k Kind) integer() bool { return k >= Int8 && k <= Int64 || k == Year }

// columnOf describes the column that suits the values of a schema best.
func columnOf(name string, s *tailrace.Schema) Column {
	c := Column{Name: name, Nullable: s.Optional(), Scale: 0}
	switch s.Type() {
	case tailrace.TypeInt8:
		c.Kind = Int8
	case tailrace.TypeInt16:
		c.Kind = Int16
	case tailrace.TypeInt32:
		c.Kind = Int32
	case tailrace.TypeInt64:
		c.Kind = Int64
	case tailrace.TypeFloat32:
		c.Kind = Float32
	case tailrace.TypeFloat64:
		c.Kind = Float64
	case tailrace.TypeBoolean:
		c.Kind = Boolean
	case tailrace.TypeString:
		c.Kind = Text
		c.Length = sourceLength(s)
	case tailrace.TypeBytes:
		c.Kind = Bytes
	case tailrace.TypeArray:
		e := columnOf("", s.Elem())
		c.Kind, c.Elem = Array, &e
		if e.Kind == JSON || e.Kind == Array {
			c.Kind, c.Elem = JSON, nil
		}
	default:
		c.Kind = JSON
	}
	c.named(s)
	if v, ok := s.Default(); ok {
		c.literal, c.HasDefault = literal(c.Kind, v)
		c.Nullable = c.Nullable || !c.HasDefault
	}
	return c
}

// named sets what the schema's name tells of the column.
func (c *Column) named(s *tailrace.Schema) {
	switch s.Name() {
	case tailrace.DecimalName:
		c.Kind = Decimal
		c.Scale, _ = tailrace.Scale(s)
		if text, ok := s.Parameter("connect.decimal.precision"); ok {
			c.Precision, _ = strconv.Atoi(text)
		}
	case tailrace.VariableScaleName:
		c.Kind, c.Scale = Decimal, -1
	case tailrace.DateName, tailrace.DebeziumDateName, tailrace.IsoDateName:
		c.Kind = Date
	case tailrace.TimeName, tailrace.DebeziumTimeName:
		c.Kind, c.Scale = TimeOfDay, 3
	case tailrace.MicroTimeName, tailrace.NanoTimeName, tailrace.IsoTimeName:
		c.Kind, c.Scale = TimeOfDay, 6
	case tailrace.ZonedTimeName:
		c.Kind, c.Scale = ZonedTimeOfDay, 6
	case tailrace.TimestampName, tailrace.DebeziumTimestampName:
		c.Kind, c.Scale = DateTime, 3
	case tailrace.MicroTimestampName, tailrace.NanoTimestampName, tailrace.IsoTimestampName:
		c.Kind, c.Scale = DateTime, 6
	case tailrace.ZonedTimestampName:
		c.Kind, c.Scale = Instant, 6
	case tailrace.YearName:
		c.Kind = Year
	case tailrace.IntervalName, tailrace.MicroDurationName, tailrace.NanoDurationName:
		c.Kind = Interval
	case tailrace.JSONName:
		c.Kind = JSON
	case tailrace.XMLName:
		c.Kind = XML
	case tailrace.UUIDName:
		c.Kind = UUID
	case tailrace.EnumName:
		c.Kind, c.Members = Enum, members(s)
	case tailrace.EnumSetName:
		c.Kind, c.Members = Set, members(s)
	case tailrace.BitsName:
		c.Kind = Bits
		text, _ := s.Parameter("length")
		c.Length, _ = strconv.Atoi(text)
	case tailrace.PointName:
		c.Kind = Point
	case tailrace.GeometryName, tailrace.GeographyName:
		c.Kind = Geometry
	}
}

func members(s *tailrace.Schema) []string {
	text, _ := s.Parameter("allowed")
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// sourceLength is the length that Debezium's column.propagate.source.type tells
// of.
func sourceLength(s *tailrace.Schema) int {
	text, _ := s.Parameter("__debezium.source.column.length")
	n, _ := strconv.Atoi(text)
	return n
}

// literal writes a default in SQL. ok is false for one that not all databases
// write in the same way.
func literal(k Kind, v tailrace.Value) (text string, ok bool) {
	switch {
	case v.IsNull():
		return "NULL", true
	case k.integer(), k == Float32, k == Float64:
		return v.String(), true
	case k == Boolean:
		if v.Bool() {
			return "TRUE", true
		}
		return "FALSE", true
	case k == Text || k == Enum || k == Set || k == UUID:
		if strings.ContainsAny(v.Text(), "\\\x00") {
			return "", false
		}
		return "'" + strings.ReplaceAll(v.Text(), "'", "''") + "'", true
	}
	return "", false
}
