package postgres

import (
	"math"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// timePlan plans the types of dates and times.
func (s *Source) timePlan(t *pgType, modifier int32) (plan, bool) {
	connect := s.Times == TimeConnect
	named := func(name string, zero tailrace.Value, d decoder) (plan, bool) {
		return plan{schema: tailrace.Semantic(name), decode: d, zero: zero, literals: true}, true
	}
	coarse := modifier >= 0 && modifier <= 3 // at most milliseconds
	switch t.name {
	case "date":
		if connect {
			return named(tailrace.DateName, tailrace.Int32(0), decodeDate)
		}
		return named(tailrace.DebeziumDateName, tailrace.Int32(0), decodeDate)
	case "time":
		switch {
		case connect:
			return named(tailrace.TimeName, tailrace.Int32(0), timeMillis)
		case coarse && s.Times == TimeAdaptive:
			return named(tailrace.DebeziumTimeName, tailrace.Int32(0), timeMillis)
		}
		return named(tailrace.MicroTimeName, tailrace.Int64(0), timeMicros)
	case "timestamp":
		switch {
		case connect:
			return named(tailrace.TimestampName, tailrace.Int64(0), timestamp(1000))
		case coarse:
			return named(tailrace.DebeziumTimestampName, tailrace.Int64(0), timestamp(1000))
		}
		return named(tailrace.MicroTimestampName, tailrace.Int64(0), timestamp(1))
	case "timetz":
		return named(tailrace.ZonedTimeName, tailrace.String("00:00:00Z"), decodeZonedTime)
	case "timestamptz":
		digits := 6
		if modifier >= 0 && modifier <= 6 {
			digits = int(modifier)
		}
		d := zonedTimestamp(digits)
		zero, err := d(new(tailrace.Slab), []byte("1970-01-01 00:00:00+00"))
		return plan{schema: tailrace.Semantic(tailrace.ZonedTimestampName), decode: d, zero: zero, literals: true}, err == nil
	case "interval":
		if s.Intervals == IntervalString {
			return named(tailrace.IntervalName, tailrace.String("P0Y0M0DT0H0M0S"), intervalText)
		}
		return named(tailrace.MicroDurationName, tailrace.Int64(0), intervalMicros)
	}
	return plan{}, false
}

// clock reads the parts of dates and times as PostgreSQL prints them in the
// style ISO. After a part that is wrong it stays bad.
type clock struct {
	text []byte
	bad  bool
}

// number reads at least min digits.
func (c *clock) number(min int) int64 {
	n, i := int64(0), 0
	for ; i < len(c.text) && i < 10 && c.text[i] >= '0' && c.text[i] <= '9'; i++ {
		n = n*10 + int64(c.text[i]-'0')
	}
	if i < min {
		c.bad = true
	}
	c.text = c.text[i:]
	return n
}

// mark reads the character, if it is there.
func (c *clock) mark(b byte) bool {
	if len(c.text) > 0 && c.text[0] == b {
		c.text = c.text[1:]
		return true
	}
	return false
}

func (c *clock) must(b byte) { c.bad = !c.mark(b) || c.bad }

// date reads days since 1970-01-01, before a "BC" that may follow at the end.
func (c *clock) date() int64 {
	bc := false
	if rest, ok := strings.CutSuffix(view(c.text), " BC"); ok {
		bc, c.text = true, c.text[:len(rest)]
	}
	year := c.number(4)
	c.must('-')
	month := c.number(2)
	c.must('-')
	day := c.number(2)
	if month < 1 || month > 12 || day < 1 || day > 31 {
		c.bad = true
	}
	if bc {
		year = 1 - year
	}
	return days(year, month, day)
}

// days is how many days a date of the Gregorian calendar lies behind 1970-01-01.
func days(year, month, day int64) int64 {
	if month <= 2 {
		year--
	}
	era := year / 400
	if year < 0 {
		era = (year - 399) / 400
	}
	ofEra := year - era*400
	ofYear := (153*((month+9)%12)+2)/5 + day - 1
	return era*146097 + ofEra*365 + ofEra/4 - ofEra/100 + ofYear - 719468
}

// time reads microseconds since midnight.
func (c *clock) time() int64 {
	hours := c.number(2)
	c.must(':')
	minutes := c.number(2)
	seconds := int64(0)
	if c.mark(':') {
		seconds = c.number(2)
	}
	return (hours*3600+minutes*60+seconds)*1e6 + c.fraction()
}

// fraction reads a fraction of a second, in microseconds.
func (c *clock) fraction() int64 {
	if !c.mark('.') {
		return 0
	}
	before := len(c.text)
	n := c.number(1)
	digits := before - len(c.text)
	if digits > 6 {
		c.bad = true
	}
	for ; digits < 6; digits++ {
		n *= 10
	}
	return n
}

// zone reads an offset from UTC, in microseconds.
func (c *clock) zone() int64 {
	neg := c.mark('-')
	if !neg {
		c.must('+')
	}
	seconds := c.number(2) * 3600
	if c.mark(':') {
		seconds += c.number(2) * 60
		if c.mark(':') {
			seconds += c.number(2)
		}
	}
	if neg {
		seconds = -seconds
	}
	return seconds * 1e6
}

func (c *clock) ok() bool { return !c.bad && len(c.text) == 0 }

const dayMicros = 86_400_000_000

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

// The moments that stand for infinity, in microseconds: those of PostgreSQL's
// Java driver.
const (
	forever = 9223372036825200000
	never   = -9223372036832400000
)

// timestamp makes microseconds since 1970-01-01, divided by unit.
func timestamp(unit int64) decoder {
	return func(_ *tailrace.Slab, text []byte) (tailrace.Value, error) {
		switch view(text) {
		case "infinity":
			return tailrace.Int64(forever / unit), nil
		case "-infinity":
			return tailrace.Int64(never / unit), nil
		}
		c := clock{text: text}
		n := c.date()*dayMicros + c.afterDate()
		if !c.ok() {
			return tailrace.Value{}, errForm
		}
		q := n / unit
		if n%unit < 0 {
			q--
		}
		return tailrace.Int64(q), nil
	}
}

func (c *clock) afterDate() int64 {
	c.must(' ')
	return c.time()
}

// zonedTimestamp makes a text in UTC with so many digits behind the point.
func zonedTimestamp(digits int) decoder {
	return func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		if s := view(text); s == "infinity" || s == "-infinity" {
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

// appendZoned appends a moment in UTC. Years beyond 9999 have a sign, as in
// Java.
func appendZoned(dst []byte, micros int64, digits int) []byte {
	day, of := micros/dayMicros, micros%dayMicros
	if of < 0 {
		day, of = day-1, of+dayMicros
	}
	year, month, date := civil(day)
	switch {
	case year > 9999:
		dst = append(dst, '+')
	case year < 0:
		dst, year = append(dst, '-'), -year
	}
	dst = appendPadded(dst, year, 4)
	dst = appendPadded(append(dst, '-'), month, 2)
	dst = appendPadded(append(dst, '-'), date, 2)
	dst = appendTime(append(dst, 'T'), of)
	if digits > 0 {
		fraction := of % 1e6
		for range 6 - digits {
			fraction /= 10
		}
		dst = appendPadded(append(dst, '.'), fraction, digits)
	}
	return append(dst, 'Z')
}

// civil is the date that lies so many days behind 1970-01-01.
func civil(day int64) (year, month, date int64) {
	day += 719468
	era := day / 146097
	if day < 0 {
		era = (day - 146096) / 146097
	}
	of := day - era*146097
	ofEra := (of - of/1460 + of/36524 - of/146096) / 365
	ofYear := of - (365*ofEra + ofEra/4 - ofEra/100)
	m := (5*ofYear + 2) / 153
	year, month, date = ofEra+era*400, m+3, ofYear-(153*m+2)/5+1
	if m >= 10 {
		year, month = year+1, m-9
	}
	return year, month, date
}

func appendTime(dst []byte, micros int64) []byte {
	seconds := micros / 1e6
	dst = appendPadded(dst, seconds/3600, 2)
	dst = appendPadded(append(dst, ':'), seconds/60%60, 2)
	return appendPadded(append(dst, ':'), seconds%60, 2)
}

func appendPadded(dst []byte, n int64, width int) []byte {
	var buf [20]byte
	digits := strconv.AppendInt(buf[:0], n, 10)
	for range width - len(digits) {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
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
	if fraction := n % 1e6; fraction != 0 {
		dst = appendPadded(append(dst, '.'), fraction, 6)
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return slab.CopyString(append(dst, 'Z')), nil
}

// interval is one as PostgreSQL keeps it.
type interval struct{ months, days, micros int64 }

// parseInterval reads the style postgres: 1 year 2 mons -3 days 04:05:06.78.
func parseInterval(text []byte) (v interval, err error) {
	rest := view(text)
	for rest != "" {
		var word, unit string
		word, rest, _ = strings.Cut(rest, " ")
		if strings.Contains(word, ":") {
			neg := strings.HasPrefix(word, "-")
			c := clock{text: []byte(strings.TrimLeft(word, "+-"))}
			v.micros = c.time()
			if !c.ok() || rest != "" {
				return v, errForm
			}
			if neg {
				v.micros = -v.micros
			}
			return v, nil
		}
		unit, rest, _ = strings.Cut(rest, " ")
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil || n > math.MaxInt32 || n < math.MinInt32 {
			return v, errForm
		}
		switch strings.TrimSuffix(unit, "s") {
		case "year":
			v.months += 12 * n
		case "mon":
			v.months += n
		case "day":
			v.days += n
		default:
			return v, errForm
		}
	}
	return v, nil
}

// intervalMicros counts a month as the twelfth of 365.25 days.
func intervalMicros(_ *tailrace.Slab, text []byte) (tailrace.Value, error) {
	v, err := parseInterval(text)
	return tailrace.Int64(v.months*(dayMicros*30+dayMicros*7/16) + v.days*dayMicros + v.micros), err
}

func intervalText(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	v, err := parseInterval(text)
	if err != nil {
		return tailrace.Value{}, err
	}
	var buf [64]byte
	dst := buf[:0]
	part := func(before string, n int64, unit byte) {
		dst = append(strconv.AppendInt(append(dst, before...), n, 10), unit)
	}
	part("P", v.months/12, 'Y')
	part("", v.months%12, 'M')
	part("", v.days, 'D')
	part("T", v.micros/3_600_000_000, 'H')
	part("", v.micros/60_000_000%60, 'M')
	seconds := v.micros % 60_000_000
	if seconds < 0 {
		dst, seconds = append(dst, '-'), -seconds
	}
	dst = strconv.AppendInt(dst, seconds/1e6, 10)
	if fraction := seconds % 1e6; fraction != 0 {
		dst = appendPadded(append(dst, '.'), fraction, 6)
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return slab.CopyString(append(dst, 'S')), nil
}
