package postgres

import (
	"encoding/binary"
	"strings"
)

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

// stamp is the beginning of nearly every timestamp, 2006-01-02 15:04:05, in
// numbers.
type stamp struct{ year, month, day, hour, minute, second uint64 }

// readStamp reads the first 19 bytes of a text; ok is false where they are no
// stamp, and where they are one of a year with more than four digits.
func readStamp(text []byte) (s stamp, ok bool) {
	if len(text) < 19 {
		return s, false
	}
	const (
		ones, high = 0x0101010101010101, 0x8080808080808080
		digit      = '0' * ones
	)
	// Eight bytes at once, as numbers from 0 to 9, or 0 for what stands between.
	between := func(at int, c byte) uint64 { return uint64(c^'0') << (8 * at) }
	date := binary.LittleEndian.Uint64(text) ^ digit ^ between(4, '-') ^ between(7, '-')
	middle := binary.LittleEndian.Uint64(text[8:]) ^ digit ^ between(2, ' ') ^ between(5, ':')
	clock := binary.LittleEndian.Uint64(text[11:]) ^ digit ^ between(2, ':') ^ between(5, ':')
	const above = (0x7f - 9) * ones // gives a byte above 9 its high bit
	found := date | middle | clock | (date + above) | (middle + above) | (clock + above)
	marks := date>>32&0xff | date>>56 | middle>>16&0xff | clock>>16&0xff | clock>>40&0xff
	if found&high != 0 || marks != 0 {
		return s, false
	}
	// Each byte and the one behind it are a number from 0 to 99.
	date, middle, clock = date*10+date>>8, middle*10+middle>>8, clock*10+clock>>8
	s = stamp{year: date&0xff*100 + date>>16&0xff, month: date >> 40 & 0xff, day: middle & 0xff,
		hour: clock & 0xff, minute: clock >> 24 & 0xff, second: clock >> 48 & 0xff}
	return s, s.month-1 < 12 && s.day-1 < 31 && s.hour < 24 && s.minute < 60 && s.second < 60
}

// micros is the moment, in microseconds since 1970-01-01.
func (s *stamp) micros() int64 {
	return days(int64(s.year), int64(s.month), int64(s.day))*dayMicros + int64(s.hour*3600+s.minute*60+s.second)*1e6
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

// appendPadded appends a number that is not negative with at least so many
// digits.
func appendPadded(dst []byte, n int64, width int) []byte {
	var buf [20]byte
	i := len(buf)
	for ; n > 0 || width > 0; width-- {
		i--
		buf[i] = byte('0' + n%10)
		n /= 10
	}
	return append(dst, buf[i:]...)
}

// appendFraction appends a point and the digits that are needed of microseconds;
// nothing where there are none.
func appendFraction(dst []byte, micros int64) []byte {
	if micros == 0 {
		return dst
	}
	dst = appendPadded(append(dst, '.'), micros, 6)
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// appendDate appends the date that lies so many days behind 1970-01-01.
func appendDate(dst []byte, day int64) []byte {
	year, month, date := civil(day)
	switch {
	case year > 9999:
		dst = append(dst, '+')
	case year < 0:
		dst, year = append(dst, '-'), -year
	}
	dst = appendPadded(dst, year, 4)
	dst = appendPadded(append(dst, '-'), month, 2)
	return appendPadded(append(dst, '-'), date, 2)
}
