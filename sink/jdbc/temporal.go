package jdbc

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
)

// wall shows a moment as a column of the kind does: an Instant in UTC, all
// others in the zone of the database.
func (f forms) wall(t time.Time, to Kind) tailrace.Value {
	switch to {
	case Instant:
		return textOf(appendDateTime(nil, t.UTC()))
	case Date:
		return textOf(appendDate(nil, t.In(f.loc)))
	}
	return textOf(appendDateTime(nil, t.In(f.loc)))
}

// appendDate writes 2006-01-02.
func appendDate(dst []byte, t time.Time) []byte { return appendEra(appendDay(dst, t), t) }

// appendEra writes what stands behind years before the first.
func appendEra(dst []byte, t time.Time) []byte {
	if t.Year() < 1 {
		dst = append(dst, " BC"...)
	}
	return dst
}

func appendDay(dst []byte, t time.Time) []byte {
	y, m, d := t.Date()
	if y < 1 {
		y = 1 - y
	}
	if dst == nil {
		dst = make([]byte, 0, len("2006-01-02 15:04:05.999999"))
	}
	if y > 9999 {
		dst = strconv.AppendInt(dst, int64(y), 10)
	} else {
		dst = appendTwo(appendTwo(dst, y/100), y%100)
	}
	return appendTwo(append(appendTwo(append(dst, '-'), int(m)), '-'), d)
}

// appendDateTime writes 2006-01-02 15:04:05.999999.
func appendDateTime(dst []byte, t time.Time) []byte {
	dst = appendDay(dst, t)
	h, m, s := t.Clock()
	dst = appendTwo(append(dst, ' '), h)
	dst = appendTwo(append(dst, ':'), m)
	dst = appendTwo(append(dst, ':'), s)
	return appendEra(appendMicros(dst, int64(t.Nanosecond()/1000)), t)
}

func appendTwo(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

// appendMicros writes a fraction of a second without zeros at its end.
func appendMicros(dst []byte, micros int64) []byte {
	if micros == 0 {
		return dst
	}
	dst = append(dst, '.')
	for part := int64(100_000); micros > 0; part /= 10 {
		dst = append(dst, byte('0'+micros/part))
		micros %= part
	}
	return dst
}

// moments gives dates and timestamps.
func (f forms) moments(s *tailrace.Schema, to Kind) encoder {
	if to.integer() && s.Type() != tailrace.TypeString {
		return integers(to)
	}
	// Those of a zone, and Connect's Timestamp, are moments. Debezium's others
	// are what a clock on a wall showed, and its dates are days.
	zoned := s.Name() == tailrace.ZonedTimestampName || s.Name() == tailrace.TimestampName
	day := columnOf("", s).Kind == Date && to != Instant && to != DateTime
	return func(v tailrace.Value) (tailrace.Value, error) {
		if text, ok := infinite(s, v); ok && !zoned {
			return tailrace.String(text), nil
		}
		t, err := tailrace.AsTime(s, v)
		switch {
		case err != nil && s.Type() == tailrace.TypeString:
			return v, nil // such as infinity, which PostgreSQL knows
		case err != nil:
			return v, err
		case zoned:
			return f.wall(t, to), nil
		case to == Date || day:
			return textOf(appendDate(nil, t)), nil
		case to == Instant:
			y, m, d := t.Date()
			t = time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), f.loc).UTC()
		}
		return textOf(appendDateTime(nil, t)), nil
	}
}

// stamps gives numbers since 1970 and texts in ISO 8601 as moments.
func (f forms) stamps(to Kind, nanos bool) encoder {
	if to != Date && to != Instant {
		to = DateTime
	}
	return func(v tailrace.Value) (tailrace.Value, error) {
		if v.Type() == tailrace.TypeString {
			t, err := time.Parse(time.RFC3339Nano, v.Text())
			if err != nil {
				return v, nil // in a form that the database may know
			}
			return f.wall(t, to), nil
		}
		if nanos {
			return f.wall(time.Unix(0, v.Int()), to), nil
		}
		return f.wall(time.UnixMicro(v.Int()), to), nil
	}
}

// infinite gives PostgreSQL's infinities, for which Debezium's numbers are those
// of its Java driver.
func infinite(s *tailrace.Schema, v tailrace.Value) (string, bool) {
	const forever, never = 9223372036825200000, -9223372036832400000 // microseconds
	past, future := int64(never), int64(forever)
	switch s.Name() {
	case tailrace.DebeziumDateName:
		past, future = math.MinInt32, math.MaxInt32
	case tailrace.DebeziumTimestampName:
		past, future = never/1000, forever/1000
	case tailrace.MicroTimestampName:
	default:
		return "", false
	}
	switch v.Int() {
	case past:
		return "-infinity", true
	case future:
		return "infinity", true
	}
	return "", false
}

// timesOfDay gives times that may be negative or longer than a day, as MySQL's.
func timesOfDay(s *tailrace.Schema, to Kind) encoder {
	if s.Type() == tailrace.TypeString {
		if to != TimeOfDay {
			return nil
		}
		return unzoned
	}
	if to.integer() {
		return integers(to)
	}
	return func(v tailrace.Value) (tailrace.Value, error) {
		d, err := tailrace.AsDuration(s, v)
		if err != nil {
			return v, err
		}
		return textOf(clock(d)), nil
	}
}

// unzoned gives the time in UTC of one that has a zone, as 15:04:05.5+02:00.
func unzoned(v tailrace.Value) (tailrace.Value, error) {
	text := v.Text()
	if !strings.ContainsAny(text[min(len(text), 1):], "Z+-") {
		return v, nil
	}
	t, err := time.Parse("15:04:05.999999999Z07:00", text)
	if err != nil {
		return v, nil // in a form that the database may know
	}
	h, m, s := t.UTC().Clock()
	return textOf(clock(time.Duration(h*3600+m*60+s)*time.Second + time.Duration(t.Nanosecond()))), nil
}

// clock writes -12:00:00.5 for minus twelve and a half hours and half a second.
func clock(d time.Duration) []byte {
	text := make([]byte, 0, 24)
	if d < 0 {
		text, d = append(text, '-'), -d
	}
	if hours := int64(d / time.Hour); hours < 100 {
		text = appendTwo(text, int(hours))
	} else {
		text = strconv.AppendInt(text, hours, 10)
	}
	text = appendTwo(append(text, ':'), int(d/time.Minute%60))
	text = appendTwo(append(text, ':'), int(d/time.Second%60))
	return appendMicros(text, int64(d%time.Second/time.Microsecond))
}

// durations gives Debezium's whole numbers of a part of a second.
func durations(s *tailrace.Schema, to Kind) encoder {
	if to != Interval && to != Text {
		return integers(to)
	}
	return func(v tailrace.Value) (tailrace.Value, error) {
		d, err := tailrace.AsDuration(s, v)
		if err != nil {
			return v, err
		}
		return tailrace.String(strconv.FormatInt(d.Microseconds(), 10) + " microseconds"), nil
	}
}
