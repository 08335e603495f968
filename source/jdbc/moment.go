package jdbc

import (
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
)

// ParseTime reads a date, or a date and a time with a blank or a T between
// them, with seconds and their fraction or without, and with a zone behind them
// (Z, +01:00) or without, which is then in loc.
func ParseTime(text string, loc *time.Location) (time.Time, bool) {
	if t, ok := parseUsual(text, loc); ok {
		return t, true
	}
	const day = "2006-01-02"
	if len(text) <= len(day) {
		t, err := time.ParseInLocation(day, text, loc)
		return t, err == nil
	}
	sep := text[len(day)]
	if sep != ' ' && sep != 'T' {
		return time.Time{}, false
	}
	layout := day + string(sep) + "15:04"
	clock := text[len(day)+1:]
	if len(clock) > 5 && clock[5] == ':' {
		layout += ":05" // Parse takes a fraction behind the seconds by itself
	}
	switch zone := strings.TrimLeft(clock, "0123456789:.,"); {
	case zone == "":
	case strings.HasPrefix(zone, " "):
		layout += " Z07:00"
	default:
		layout += "Z07:00"
	}
	t, err := time.ParseInLocation(layout, text, loc)
	return t, err == nil
}

// parseUsual reads the form that most databases write, 2006-01-02 15:04:05.999
// with or without a Z, which time.Parse takes a dozen times as long for.
func parseUsual(text string, loc *time.Location) (time.Time, bool) {
	const seconds = len("2006-01-02 15:04:05")
	if len(text) < seconds || text[4] != '-' || text[7] != '-' || text[10] != ' ' && text[10] != 'T' || text[13] != ':' || text[16] != ':' {
		return time.Time{}, false
	}
	var fields [6]int
	for i, at := range [6][2]int{{0, 4}, {5, 7}, {8, 10}, {11, 13}, {14, 16}, {17, 19}} {
		for _, c := range []byte(text[at[0]:at[1]]) {
			if c < '0' || c > '9' {
				return time.Time{}, false
			}
			fields[i] = fields[i]*10 + int(c-'0')
		}
	}
	rest := text[seconds:]
	if strings.HasSuffix(rest, "Z") {
		rest, loc = rest[:len(rest)-1], time.UTC
	}
	nanos, ok := fraction(rest)
	year, month, day, hour, minute, second := fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]
	if !ok || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	if day > 28 && time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Day() != day {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, nanos, loc), true
}

// fraction reads a point and up to nine digits as nanoseconds; "" is none.
func fraction(text string) (nanos int, ok bool) {
	if text == "" {
		return 0, true
	}
	if text[0] != '.' || len(text) < 2 || len(text) > 10 {
		return 0, false
	}
	for i := 1; i < 10; i++ {
		nanos *= 10
		if i < len(text) {
			if text[i] < '0' || text[i] > '9' {
				return 0, false
			}
			nanos += int(text[i] - '0')
		}
	}
	return nanos, true
}

// instant is src as an instant.
func instant(src any, loc *time.Location) (time.Time, error) {
	switch v := src.(type) {
	case time.Time:
		return v, nil
	case string:
		if t, ok := ParseTime(v, loc); ok {
			return t, nil
		}
	case []byte:
		if t, ok := ParseTime(string(v), loc); ok {
			return t, nil
		}
	}
	return time.Time{}, notA(src, "timestamp")
}

// instants reads the instants of a column.
func (c *Column) instants(g Granularity, loc *time.Location) Decoder {
	read := c.Instant
	if read == nil {
		read = func(src any) (tailrace.Null[time.Time], error) {
			t, err := instant(src, loc)
			return tailrace.Some(t), err
		}
	}
	return func(slab *tailrace.Slab, src any) (tailrace.Value, error) {
		t, err := read(src)
		if err != nil || !t.Valid {
			return tailrace.Value{}, err
		}
		return g.value(slab, t.V, loc)
	}
}

// dates reads the day that a date shows, whatever zone it is in.
func dates(loc *time.Location) Decoder {
	return func(_ *tailrace.Slab, src any) (tailrace.Value, error) {
		t, err := instant(src, loc)
		if err != nil {
			return tailrace.Value{}, notA(src, "date")
		}
		return DayOf(t), nil
	}
}

// DayOf is the day that t shows as a value of Connect's Date.
func DayOf(t time.Time) tailrace.Value {
	y, m, d := t.Date()
	return tailrace.Int32(int32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400))
}

func timesOfDay(g Granularity, loc *time.Location) Decoder {
	return func(_ *tailrace.Slab, src any) (tailrace.Value, error) {
		var clock string
		switch v := src.(type) {
		case string:
			clock = v
		case []byte:
			clock = string(v)
		case time.Time:
			clock = v.Format("15:04:05.999999")
		}
		t, err := time.ParseInLocation("15:04:05", clock, loc)
		if err != nil {
			return tailrace.Value{}, notA(src, "time of day")
		}
		y, m, d := t.Date()
		return g.sinceMidnight(t.Sub(time.Date(y, m, d, 0, 0, 0, 0, loc))), nil
	}
}

// moment gives how the column is compared as a timestamp.
func (c *Column) moment(quoted string, loc *time.Location) (Moment, bool) {
	if c.Moment.Expr != "" {
		return c.Moment, true
	}
	return Moment{
		Expr: quoted,
		Bind: func(t time.Time) any { return t.In(loc) },
		Scan: func(src any) (time.Time, error) { return instant(src, loc) },
	}, c.Type == Instant
}
