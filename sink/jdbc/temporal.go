package jdbc

import (
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
)

const (
	dateForm     = "2006-01-02"
	dateTimeForm = "2006-01-02 15:04:05.999999"
)

// wall shows a moment as a column of the kind does: an Instant in UTC, all
// others in the zone of the database.
func (f forms) wall(t time.Time, to Kind) string {
	switch to {
	case Instant:
		return t.UTC().Format(dateTimeForm)
	case Date:
		return t.In(f.loc).Format(dateForm)
	}
	return t.In(f.loc).Format(dateTimeForm)
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
	return func(v tailrace.Value) (any, error) {
		t, err := tailrace.AsTime(s, v)
		switch {
		case err != nil && s.Type() == tailrace.TypeString:
			return v.Text(), nil // such as infinity, which PostgreSQL knows
		case err != nil:
			return nil, err
		case zoned:
			return f.wall(t, to), nil
		case to == Date || day:
			return t.Format(dateForm), nil
		case to == Instant:
			y, m, d := t.Date()
			t = time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), f.loc).UTC()
		}
		return t.Format(dateTimeForm), nil
	}
}

// timesOfDay gives times that may be negative or longer than a day, as MySQL's.
func timesOfDay(s *tailrace.Schema, to Kind) encoder {
	if s.Type() == tailrace.TypeString {
		return func(v tailrace.Value) (any, error) { return v.Text(), nil }
	}
	if to.integer() {
		return integers(to)
	}
	return func(v tailrace.Value) (any, error) {
		d, err := tailrace.AsDuration(s, v)
		if err != nil {
			return nil, err
		}
		return clock(d), nil
	}
}

// clock writes -12:00:00.5 for minus twelve and a half hours and half a second.
func clock(d time.Duration) string {
	text := make([]byte, 0, 24)
	if d < 0 {
		text, d = append(text, '-'), -d
	}
	two := func(n int64) {
		if n < 10 {
			text = append(text, '0')
		}
		text = strconv.AppendInt(text, n, 10)
	}
	two(int64(d / time.Hour))
	text = append(text, ':')
	two(int64(d / time.Minute % 60))
	text = append(text, ':')
	two(int64(d / time.Second % 60))
	if micros := int64(d % time.Second / time.Microsecond); micros > 0 {
		digits := strconv.FormatInt(1_000_000+micros, 10)
		text = append(append(text, '.'), strings.TrimRight(digits[1:], "0")...)
	}
	return string(text)
}

// durations gives Debezium's whole numbers of a part of a second.
func durations(s *tailrace.Schema, to Kind) encoder {
	if to != Interval && to != Text {
		return integers(to)
	}
	return func(v tailrace.Value) (any, error) {
		d, err := tailrace.AsDuration(s, v)
		if err != nil {
			return nil, err
		}
		return strconv.FormatInt(d.Microseconds(), 10) + " microseconds", nil
	}
}
