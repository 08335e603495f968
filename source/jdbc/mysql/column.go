package mysql

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/jdbc"
)

// describe completes a column by the name of its type in lower case. Its Scale
// is, of a time, the number of digits behind the second.
func describe(c *jdbc.Column, kind string, loc *time.Location) {
	quoted := "`" + strings.ReplaceAll(c.Name, "`", "``") + "`"
	switch kind {
	case "tinyint":
		c.Type = jdbc.TinyInt
		if strings.HasPrefix(c.Declared, "tinyint(1)") && !c.Unsigned {
			c.Type = jdbc.Bit
		}
	case "bit":
		c.Type, c.Select = jdbc.Bit, quoted+"+0"
	case "smallint":
		c.Type = jdbc.SmallInt
	case "mediumint", "int":
		c.Type = jdbc.Integer
	case "bigint":
		c.Type = jdbc.BigInt
	case "float":
		c.Type, c.Select = jdbc.Real, quoted+"+0e0" // or it would be rounded to six digits
	case "double":
		c.Type = jdbc.Double
	case "decimal":
		c.Type = jdbc.Numeric
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json", "uuid", "inet4", "inet6":
		c.Type = jdbc.Text
	case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "vector",
		"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geomcollection", "geometrycollection":
		c.Type = jdbc.Binary
	case "year":
		c.Type, c.Decode = jdbc.Date, year
	case "date":
		c.Type, c.Decode = jdbc.Date, dates(c.Nullable)
	case "time":
		c.Type = jdbc.Time
	case "datetime", "timestamp":
		zone := loc
		if kind == "timestamp" {
			zone = time.UTC
		}
		c.Type, c.Instant = jdbc.Instant, instants(zone, c.Nullable)
		c.Moment = moment(quoted, zone, kind == "timestamp", c.Scale)
	}
}

// isZero says whether src is the zero date, which is no date.
func isZero(src any) bool {
	text, ok := src.([]byte)
	return ok && bytes.HasPrefix(text, []byte("0000-00-00"))
}

// dates reads days; the zero date as null where that may be.
func dates(nullable bool) jdbc.Decoder {
	return func(_ *tailrace.Slab, src any) (tailrace.Value, error) {
		if nullable && isZero(src) {
			return tailrace.Value{}, nil
		}
		t, err := instant(src, time.UTC)
		return jdbc.DayOf(t), err
	}
}

// instants reads dates and times; the zero date as null where that may be.
func instants(zone *time.Location, nullable bool) func(any) (tailrace.Null[time.Time], error) {
	return func(src any) (t tailrace.Null[time.Time], err error) {
		if nullable && isZero(src) {
			return t, nil
		}
		t.Valid = true
		t.V, err = instant(src, zone)
		return t, err
	}
}

// moment compares a column by what its clocks show in the zone.
func moment(quoted string, zone *time.Location, zoned bool, digits int) jdbc.Moment {
	return jdbc.Moment{
		Expr:  quoted,
		Bind:  func(t time.Time) any { return t.In(zone).Format("2006-01-02 15:04:05.000000") },
		Arg:   func(placeholder string) string { return "CAST(" + placeholder + " AS DATETIME(6))" },
		Scan:  func(src any) (time.Time, error) { return instant(src, zone) },
		Tick:  time.Second / time.Duration(math.Pow10(min(max(digits, 0), 6))),
		Zoned: zoned,
		Form:  "must be a date and time",
	}
}

// instant reads what the driver gives for a date and time: text or, with
// parseTime, a time that shows it.
func instant(src any, zone *time.Location) (time.Time, error) {
	switch v := src.(type) {
	case []byte:
		if t, ok := jdbc.ParseTime(string(v), zone); ok {
			return t, nil
		}
	case string:
		if t, ok := jdbc.ParseTime(v, zone); ok {
			return t, nil
		}
	case time.Time:
		return time.Date(v.Year(), v.Month(), v.Day(), v.Hour(), v.Minute(), v.Second(), v.Nanosecond(), zone), nil
	}
	return time.Time{}, errors.New("holds something that is no date and time, such as a zero date")
}

// year reads a YEAR as its first day.
func year(_ *tailrace.Slab, src any) (tailrace.Value, error) {
	n, ok := src.(int64)
	if b, isText := src.([]byte); isText {
		var err error
		n, err = strconv.ParseInt(string(b), 10, 64)
		ok = err == nil
	}
	if !ok || n == 0 {
		return tailrace.Value{}, errors.New("holds the year 0000, which is none")
	}
	return jdbc.DayOf(time.Date(int(n), 1, 1, 0, 0, 0, 0, time.UTC)), nil
}

// bits reads a BIT as the server gives it, the highest byte first.
func bits(_ *tailrace.Slab, src any) (tailrace.Value, error) {
	b, ok := src.([]byte)
	if !ok || len(b) > 8 || len(b) == 8 && b[0] > 0x7f {
		return tailrace.Value{}, errors.New("holds bits that are no number of 63")
	}
	var n int64
	for _, c := range b {
		n = n<<8 | int64(c)
	}
	return tailrace.Int64(n), nil
}
