package postgres

import (
	"errors"
	"math"

	"github.com/tailrace-io/tailrace"
)

// timePlan plans the types of dates and times.
func (s *Source) timePlan(t *pgType, modifier int32) (plan, bool) {
	named := func(name string, zero tailrace.Value, d decoder) (plan, bool) {
		return plan{schema: tailrace.Semantic(name), decode: d, zero: zero, literals: true}, true
	}
	moments := func(name string, unit int64) (plan, bool) {
		p, ok := named(name, tailrace.Int64(0), timestamp(unit))
		p.unit = unit
		return p, ok
	}
	coarse := modifier >= 0 && modifier <= 3 // at most milliseconds
	switch t.name {
	case "date":
		switch s.Times {
		case TimeConnect:
			return named(tailrace.DateName, tailrace.Int32(0), decodeDate)
		case TimeISO:
			return named(tailrace.IsoDateName, tailrace.String("1970-01-01Z"), isoDate)
		}
		return named(tailrace.DebeziumDateName, tailrace.Int32(0), decodeDate)
	case "time":
		switch {
		case s.Times == TimeConnect:
			return named(tailrace.TimeName, tailrace.Int32(0), timeMillis)
		case s.Times == TimeISO:
			return named(tailrace.IsoTimeName, tailrace.String("00:00:00Z"), isoTime)
		case s.Times == TimeNanoseconds:
			return named(tailrace.NanoTimeName, tailrace.Int64(0), timeNanos)
		case coarse && s.Times == TimeAdaptive:
			return named(tailrace.DebeziumTimeName, tailrace.Int32(0), timeMillis)
		}
		return named(tailrace.MicroTimeName, tailrace.Int64(0), timeMicros)
	case "timestamp":
		switch {
		case s.Times == TimeConnect:
			return moments(tailrace.TimestampName, 1000)
		case s.Times == TimeISO:
			return named(tailrace.IsoTimestampName, tailrace.String("1970-01-01T00:00:00Z"), isoTimestamp)
		case s.Times == TimeNanoseconds:
			return named(tailrace.NanoTimestampName, tailrace.Int64(0), timestampNanos)
		case coarse && s.Times != TimeMicroseconds:
			return moments(tailrace.DebeziumTimestampName, 1000)
		}
		return moments(tailrace.MicroTimestampName, 1)
	case "timetz":
		return plan{schema: tailrace.Semantic(tailrace.ZonedTimeName), decode: decodeZonedTime, zero: tailrace.String("00:00:00Z")}, true
	case "timestamptz":
		digits := 6
		if modifier >= 0 && modifier <= 6 {
			digits = int(modifier)
		}
		d := zonedTimestamp(digits)
		zero, err := d(new(tailrace.Slab), []byte("1970-01-01 00:00:00+00"))
		return plan{schema: tailrace.Semantic(tailrace.ZonedTimestampName), decode: d, zero: zero, absent: tailrace.String("1970-01-01T00:00:00Z"), literals: true, digits: digits}, err == nil
	case "interval":
		if s.Intervals == IntervalString {
			return named(tailrace.IntervalName, tailrace.String("P0Y0M0DT0H0M0S"), intervalText)
		}
		return named(tailrace.MicroDurationName, tailrace.Int64(0), intervalMicros)
	}
	return plan{}, false
}

func decodeDate(_ *tailrace.Slab, text []byte) (tailrace.Value, error) {
	switch view(text) {
	case "infinity":
		return tailrace.Int32(math.MaxInt32), nil
	case "-infinity":
		return tailrace.Int32(math.MinInt32), nil
	}
	c := clock{text: text}
	n := c.date()
	if !c.ok() {
		return tailrace.Value{}, errForm
	}
	return tailrace.Int32(int32(n)), nil
}

func timeMicros(_ *tailrace.Slab, text []byte) (tailrace.Value, error) {
	c := clock{text: text}
	n := c.time()
	if !c.ok() {
		return tailrace.Value{}, errForm
	}
	return tailrace.Int64(n), nil
}

func timeMillis(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	v, err := timeMicros(slab, text)
	if err != nil {
		return v, err
	}
	return tailrace.Int32(int32(v.Int() / 1000)), nil
}

func timeNanos(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	v, err := timeMicros(slab, text)
	if err != nil {
		return v, err
	}
	return tailrace.Int64(v.Int() * 1000), nil
}

// isoTime makes a text such as 15:04:05.6Z.
func isoTime(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	c := clock{text: text}
	n := c.time()
	if !c.ok() {
		return tailrace.Value{}, errForm
	}
	var buf [24]byte
	return slab.CopyString(append(appendFraction(appendTime(buf[:0], n), n%1e6), 'Z')), nil
}

// isoDate makes a text such as 2006-01-02Z.
func isoDate(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	if isInfinite(text) {
		return slab.CopyString(text), nil
	}
	c := clock{text: text}
	n := c.date()
	if !c.ok() {
		return tailrace.Value{}, errForm
	}
	var buf [24]byte
	return slab.CopyString(append(appendDate(buf[:0], n), 'Z')), nil
}

// isoTimestamp makes a text such as 2006-01-02T15:04:05.6Z.
func isoTimestamp(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	switch view(text) { // the moments of forever and never
	case "infinity":
		return tailrace.String("+294247-01-10T04:00:25.2Z"), nil
	case "-infinity":
		return tailrace.String("-290308-12-21T19:59:27.6Z"), nil
	}
	c := clock{text: text}
	day, of := c.date(), c.afterDate()
	if !c.ok() {
		return tailrace.Value{}, errForm
	}
	var buf [40]byte
	dst := appendTime(append(appendDate(buf[:0], day), 'T'), of)
	return slab.CopyString(append(appendFraction(dst, of%1e6), 'Z')), nil
}

func isInfinite(text []byte) bool { return view(text) == "infinity" || view(text) == "-infinity" }

// The moments that stand for infinity, in microseconds: those of PostgreSQL's
// Java driver.
const (
	forever = 9223372036825200000
	never   = -9223372036832400000
)

// timestamp makes microseconds since 1970-01-01, divided by unit.
func timestamp(unit int64) decoder {
	return func(_ *tailrace.Slab, text []byte) (tailrace.Value, error) {
		if len(text) < 10 {
			switch view(text) {
			case "infinity":
				return tailrace.Int64(forever / unit), nil
			case "-infinity":
				return tailrace.Int64(never / unit), nil
			}
		}
		n, ok := readTimestamp(text)
		if !ok {
			return tailrace.Value{}, errForm
		}
		return inUnits(n, unit), nil
	}
}

// inUnits is a moment in units of so many microseconds, rounded down.
func inUnits(micros, unit int64) tailrace.Value {
	q := micros / unit
	if micros%unit < 0 {
		q--
	}
	return tailrace.Int64(q)
}

// readTimestamp reads a moment without a zone, in microseconds since 1970-01-01.
func readTimestamp(text []byte) (micros int64, ok bool) {
	if s, ok := readStamp(text); ok {
		c := clock{text: text[19:]}
		if n := s.micros() + c.fraction(); c.ok() {
			return n, true
		}
	}
	c := clock{text: text}
	micros = c.date()*dayMicros + c.afterDate()
	return micros, c.ok()
}

// errNanos says that there is no number of nanoseconds for a moment.
var errNanos = errors.New("the moment is before 1677-09-21 or after 2262-04-11, and has no number of nanoseconds: choose another form of times than nanoseconds")

// timestampNanos makes nanoseconds since 1970-01-01.
func timestampNanos(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	v, err := timestamp(1)(slab, text)
	if err != nil {
		return v, err
	}
	n := v.Int()
	if n > math.MaxInt64/1000 || n < math.MinInt64/1000 {
		return tailrace.Value{}, errNanos
	}
	return tailrace.Int64(n * 1000), nil
}

func (c *clock) afterDate() int64 {
	c.must(' ')
	return c.time()
}

// zonedTimestamp makes a text in UTC with so many digits behind the point.
func zonedTimestamp(digits int) decoder {
	return func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		if v, ok := zonedInUTC(slab, text, digits); ok {
			return v, nil
		}
		if isInfinite(text) {
			return slab.CopyString(text), nil
		}
		c := clock{text: text}
		n := c.date()*dayMicros + c.afterDate()
		n -= c.zone()
		if !c.ok() {
			return tailrace.Value{}, errForm
		}
		var buf [40]byte
		return slab.CopyString(appendZoned(buf[:0], n, digits)), nil
	}
}

// zonedInUTC is the short way for a moment that the server has written in UTC,
// as it does for us: it has the form already, but for its marks and zeros.
func zonedInUTC(slab *tailrace.Slab, text []byte, digits int) (v tailrace.Value, ok bool) {
	if _, ok := readStamp(text); !ok || view(text[len(text)-3:]) != "+00" {
		return v, false
	}
	fraction := text[19 : len(text)-3]
	if len(fraction) > 0 {
		if fraction[0] != '.' {
			return v, false
		}
		fraction = fraction[1:]
	}
	if len(fraction) > digits {
		return v, false
	}
	for _, c := range fraction {
		if c < '0' || c > '9' {
			return v, false
		}
	}
	n := 20
	if digits > 0 {
		n += 1 + digits
	}
	out := slab.Bytes(n)
	copy(out, text[:19])
	out[10] = 'T'
	if digits > 0 {
		out[19] = '.'
		for i := 20 + copy(out[20:], fraction); i < n-1; i++ {
			out[i] = '0'
		}
	}
	out[n-1] = 'Z'
	return tailrace.String(view(out)), true
}

// appendZoned appends a moment in UTC. Years beyond 9999 have a sign, as in
// Java.
func appendZoned(dst []byte, micros int64, digits int) []byte {
	day, of := micros/dayMicros, micros%dayMicros
	if of < 0 {
		day, of = day-1, of+dayMicros
	}
	dst = appendTime(append(appendDate(dst, day), 'T'), of)
	if digits > 0 {
		fraction := of % 1e6
		for range 6 - digits {
			fraction /= 10
		}
		dst = appendPadded(append(dst, '.'), fraction, digits)
	}
	return append(dst, 'Z')
}

// decodeZonedTime makes a time of day in UTC, with as many digits behind the
// point as it needs.
func decodeZonedTime(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	c := clock{text: text}
	n := c.time()
	n -= c.zone()
	if !c.ok() {
		return tailrace.Value{}, errForm
	}
	n = (n%dayMicros + dayMicros) % dayMicros
	var buf [24]byte
	dst := appendTime(buf[:0], n)
	return slab.CopyString(append(appendFraction(dst, n%1e6), 'Z')), nil
}
