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

func instants(loc *time.Location) Decoder {
	return func(_ *tailrace.Slab, src any) (tailrace.Value, error) {
		t, err := instant(src, loc)
		return tailrace.Int64(t.UnixMilli()), err
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

func timesOfDay(loc *time.Location) Decoder {
	return func(_ *tailrace.Slab, src any) (tailrace.Value, error) {
		var clock string
		switch v := src.(type) {
		case string:
			clock = v
		case []byte:
			clock = string(v)
		case time.Time:
			clock = v.Format("15:04:05.999")
		}
		t, err := time.ParseInLocation("15:04:05", clock, loc)
		if err != nil {
			return tailrace.Value{}, notA(src, "time of day")
		}
		y, m, d := t.Date()
		return tailrace.Int32(int32(t.Sub(time.Date(y, m, d, 0, 0, 0, 0, loc)).Milliseconds())), nil
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
