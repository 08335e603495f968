package jdbc

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
)

// Granularity says what timestamps become.
type Granularity string

const (
	// Logical makes them Connect's Timestamp, in milliseconds, as does the zero
	// value.
	Logical Granularity = "connect_logical"

	// Micros makes them Debezium's MicroTimestamp, and times of day its MicroTime,
	// so that an SQL sink has every digit. Confluent's connector does not have it.
	Micros Granularity = "micros"

	// These make them the microseconds or nanoseconds since 1970-01-01 UTC, as
	// INT64 or as STRING.
	MicrosLong   Granularity = "micros_long"
	MicrosString Granularity = "micros_string"
	NanosLong    Granularity = "nanos_long"
	NanosString  Granularity = "nanos_string"

	// These make them what clocks in the Location show: text such as
	// 2026-01-31T15:04:05.000123, with six or nine digits behind the second.
	// Confluent's connector writes those digits without their leading zeros,
	// so that its fraction of a second cannot be read.
	MicrosISO Granularity = "micros_iso_datetime_string"
	NanosISO  Granularity = "nanos_iso_datetime_string"
)

var granularities = []string{
	string(Logical), string(Micros), string(MicrosLong), string(MicrosString), string(MicrosISO), string(NanosLong), string(NanosString), string(NanosISO),
}

func (g Granularity) valid() bool {
	switch g {
	case "", Logical, Micros, MicrosLong, MicrosString, MicrosISO, NanosLong, NanosString, NanosISO:
		return true
	}
	return false
}

func (g Granularity) schema() *tailrace.SchemaBuilder {
	switch g {
	case "", Logical:
		return tailrace.Semantic(tailrace.TimestampName)
	case Micros:
		return tailrace.Semantic(tailrace.MicroTimestampName)
	case MicrosLong, NanosLong:
		return tailrace.NewSchema(tailrace.TypeInt64)
	}
	return tailrace.NewSchema(tailrace.TypeString)
}

// clock is the schema of times of day.
func (g Granularity) clock() *tailrace.SchemaBuilder {
	if g == Micros {
		return tailrace.Semantic(tailrace.MicroTimeName)
	}
	return tailrace.Semantic(tailrace.TimeName)
}

// sinceMidnight is a time of day.
func (g Granularity) sinceMidnight(d time.Duration) tailrace.Value {
	if g == Micros {
		return tailrace.Int64(d.Microseconds())
	}
	return tailrace.Int32(int32(d.Milliseconds()))
}

// What 64 bits hold in microseconds and in nanoseconds.
var (
	leastMicros, greatestMicros = time.UnixMicro(-1 << 63), time.UnixMicro(1<<63 - 1)
	leastNanos, greatestNanos   = time.Unix(0, -1<<63), time.Unix(0, 1<<63-1)
)

func (g Granularity) value(slab *tailrace.Slab, t time.Time, loc *time.Location) (tailrace.Value, error) {
	var n int64
	switch g {
	case "", Logical:
		return tailrace.Int64(t.UnixMilli()), nil
	case MicrosISO, NanosISO:
		digits := 6
		if g == NanosISO {
			digits = 9
		}
		var buf [40]byte
		return slab.CopyString(t.In(loc).AppendFormat(buf[:0], "2006-01-02T15:04:05."+strings.Repeat("0", digits))), nil
	case Micros, MicrosLong, MicrosString:
		if n = t.UnixMicro(); t.Before(leastMicros) || t.After(greatestMicros) {
			return tailrace.Value{}, errFar
		}
	default:
		if n = t.UnixNano(); t.Before(leastNanos) || t.After(greatestNanos) {
			return tailrace.Value{}, errFar
		}
	}
	if g == Micros || g == MicrosLong || g == NanosLong {
		return tailrace.Int64(n), nil
	}
	var buf [20]byte
	return slab.CopyString(strconv.AppendInt(buf[:0], n, 10)), nil
}

var errFar = errors.New("holds a timestamp too far from 1970 for 64 bits of its granularity: see Granularity (timestamp.granularity)")
