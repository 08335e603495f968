package postgres

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/jdbc"
)

const (
	headerSize = 4     // that type modifiers include
	scaleBits  = 0x7ff // of a numeric's type modifier, the scale
	signBit    = 0x400 // of a scale
)

// describe completes a column by the name of its type in the catalogue and by
// its type modifier, which is -1 where there is none. What has no type of its own
// in a record is the text that PostgreSQL writes, which is how the driver gives
// it.
func describe(c *jdbc.Column, kind string, modifier int, loc *time.Location) {
	quoted := `"` + strings.ReplaceAll(c.Name, `"`, `""`) + `"`
	switch kind {
	case "bool":
		c.Type = jdbc.Boolean
	case "bit":
		switch {
		case modifier <= 1:
			c.Type, c.Select = jdbc.Boolean, quoted+" = B'1'"
		case modifier <= 8:
			c.Type, c.Select = jdbc.Bit, quoted+"::int4"
		default:
			c.Type = jdbc.Text
		}
	case "int2":
		c.Type = jdbc.SmallInt
	case "int4":
		c.Type = jdbc.Integer
	case "int8", "oid":
		c.Type = jdbc.BigInt
	case "float4":
		c.Type = jdbc.Real
	case "float8":
		c.Type = jdbc.Double
	case "money":
		c.Type, c.Select = jdbc.Double, quoted+"::numeric::float8"
	case "numeric":
		if c.Type = jdbc.AnyScale; modifier >= headerSize {
			n := modifier - headerSize
			c.Type, c.Precision, c.Scale = jdbc.Numeric, n>>16&0xffff, (n&scaleBits^signBit)-signBit
		}
	case "char", "citext", "enum":
		c.Type, c.Select = jdbc.Text, quoted+"::text"
	case "bytea":
		c.Type = jdbc.Binary
	case "date":
		c.Type, c.Decode = jdbc.Date, date
	case "time":
		c.Type = jdbc.Time
	case "timetz":
		c.Type, c.Select = jdbc.Time, "("+quoted+" AT TIME ZONE 'UTC')::time"
	case "timestamp":
		c.Type = jdbc.Instant
		c.Instant = inZone(loc)
		c.Moment = moment(quoted, loc, modifier)
	case "timestamptz":
		c.Type = jdbc.Instant
		c.Instant = inZone(time.UTC)
		c.Moment = moment(quoted, time.UTC, modifier)
		c.Moment.Zoned = true
	default:
		if elem, ok := strings.CutPrefix(kind, "_"); ok {
			describeArray(c, elem, modifier, loc)
			return
		}
		c.Type = jdbc.Text
	}
}

// moment compares a column by what its clocks show in the zone.
func moment(quoted string, zone *time.Location, digits int) jdbc.Moment {
	if digits < 0 {
		digits = 6
	}
	return jdbc.Moment{
		Expr: quoted,
		Bind: func(t time.Time) any { return t.In(zone) },
		Scan: func(src any) (time.Time, error) { return instant(src, zone) },
		Tick: time.Second / time.Duration(math.Pow10(min(digits, 6))),
		Form: "must be a timestamp",
	}
}

// What Java's driver makes of infinity and -infinity.
const (
	farFuture = 9223372036825200000
	farPast   = -9223372036832400000
)

// instant reads what the driver gives: a time that shows what clocks do, or the
// word for one without an end.
func instant(src any, zone *time.Location) (time.Time, error) {
	switch v := src.(type) {
	case time.Time:
		if zone == time.UTC {
			return v.UTC(), nil
		}
		v = v.UTC()
		return time.Date(v.Year(), v.Month(), v.Day(), v.Hour(), v.Minute(), v.Second(), v.Nanosecond(), zone), nil
	case string:
		switch v {
		case "infinity":
			return time.UnixMilli(farFuture).UTC(), nil
		case "-infinity":
			return time.UnixMilli(farPast).UTC(), nil
		}
		if t, ok := jdbc.ParseTime(v, zone); ok {
			return t, nil
		}
	}
	return time.Time{}, errors.New("holds something that is no timestamp")
}

func inZone(zone *time.Location) func(any) (tailrace.Null[time.Time], error) {
	return func(src any) (tailrace.Null[time.Time], error) {
		t, err := instant(src, zone)
		return tailrace.Some(t), err
	}
}

// date reads the days that Connect's Date can have, to which infinity does not
// belong.
func date(_ *tailrace.Slab, src any) (tailrace.Value, error) {
	t, ok := src.(time.Time)
	if !ok {
		return tailrace.Value{}, errors.New("holds " + strconv.Quote("infinity") + ", which is no day")
	}
	return jdbc.DayOf(t), nil
}
