package transform

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parse reads a time as SimpleDateFormat does: numbers may have fewer or more
// digits than the pattern has letters, unless another number follows at once,
// and may be out of their range; what lies behind the last field does not count.
func (f *dateFormat) parse(text string) (millis int64, err error) {
	p := dateParser{text: text, fields: dateFields{year: 1970, month: 1, day: 1}}
	for i, t := range f.tokens {
		if t.letter == 0 {
			if !strings.HasPrefix(p.text[p.at:], t.text) {
				return 0, f.mismatch()
			}
			p.at += len(t.text)
			continue
		}
		contiguous := i+1 < len(f.tokens) && f.tokens[i+1].isNumber()
		if !p.field(t, contiguous) {
			return 0, f.mismatch()
		}
	}
	return p.fields.millis()
}

func (f *dateFormat) mismatch() error {
	return fmt.Errorf("the text is no timestamp of the form %q", f.pattern)
}

// isNumber says whether the token ends the number before it.
func (t dateToken) isNumber() bool {
	switch t.letter {
	case 0, 'G', 'E', 'a', 'z', 'Z', 'X':
		return false
	case 'M', 'L':
		return t.count <= 2
	}
	return true
}

// dateFields are what was read of a time.
type dateFields struct {
	year, month, day      int
	bc                    bool
	yearDay               int // where byYearDay says so
	byYearDay             bool
	weekday               int // 1 for Monday; 0 for none
	hour                  int // of the day, or of its half
	halved, pm            bool
	min, sec, milli, zone int
	unsupported           byte // a letter that makes a date of weeks
	dated                 bool // there is a day of the month, or of the year
	recent                bool // the year was two digits
}

type dateParser struct {
	text   string
	at     int
	fields dateFields
}

func (p *dateParser) field(t dateToken, contiguous bool) bool {
	start := p.at
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t') {
		p.at++
	}
	if p.at == len(p.text) {
		return false
	}
	f := &p.fields
	switch t.letter {
	case 'G':
		i := p.word(start, "BC", "AD")
		f.bc = i == 0
		return i >= 0
	case 'M', 'L':
		if t.count > 2 {
			return p.month(start)
		}
	case 'E':
		return p.weekday(start)
	case 'a':
		i := p.word(start, "AM", "PM")
		f.pm = i == 1
		return i >= 0
	case 'z', 'Z':
		return p.zone(start)
	case 'X':
		return p.isoZone(t.count)
	}
	end := len(p.text)
	if contiguous {
		if end = start + t.count; end > len(p.text) {
			return false
		}
	}
	first := p.at
	n, ok := p.number(end)
	if ok {
		f.set(t, n, p.text[first:p.at])
	}
	return ok
}

// number reads a whole number that ends before end.
func (p *dateParser) number(end int) (int, bool) {
	i := p.at
	if i < end && p.text[i] == '-' {
		i++
	}
	first := i
	for i < end && p.text[i] >= '0' && p.text[i] <= '9' {
		i++
	}
	n, err := strconv.ParseInt(p.text[p.at:i], 10, 32)
	if i == first || err != nil {
		return 0, false
	}
	p.at = i
	return int(n), true
}

// set keeps a number.
func (f *dateFields) set(t dateToken, n int, text string) {
	switch t.letter {
	case 'y':
		f.year = n
		if t.count <= 2 && len(text) == 2 && text[0] != '-' {
			f.year, f.recent = f.century(n), true
		}
	case 'M', 'L':
		f.month = n
	case 'd':
		f.day, f.dated, f.byYearDay = n, true, false
	case 'D':
		f.yearDay, f.dated, f.byYearDay = n, true, true
	case 'H', 'k':
		f.hour, f.halved = n, false
		if t.letter == 'k' && n == 24 {
			f.hour = 0
		}
	case 'h', 'K':
		f.hour, f.halved = n, true
		if t.letter == 'h' && n == 12 {
			f.hour = 0
		}
	case 'm':
		f.min = n
	case 's':
		f.sec = n
	case 'S':
		f.milli = n
	case 'u':
		f.weekday = n
	default: // Y w W F
		f.unsupported = t.letter
	}
}

// century gives a year of two digits its century: the latest that lies no more
// than 20 years ahead.
func (f *dateFields) century(n int) int {
	start := time.Now().UTC().Year() - 80
	year := start/100*100 + n
	if n < start%100 {
		year += 100
	}
	return year
}

// millis is the time that the fields make.
func (f *dateFields) millis() (int64, error) {
	if f.unsupported != 0 && !f.dated {
		return 0, fmt.Errorf("a timestamp is not read by its week: the pattern has %c and no day of a month or year", f.unsupported)
	}
	year := f.year
	if f.bc {
		year = 1 - year
	}
	day := dayOf(year, f.month, f.day)
	switch {
	case f.byYearDay:
		day = dayOf(year, 1, 1) + int64(f.yearDay) - 1
	case !f.dated && f.weekday != 0: // the first such day of the month
		m := momentOf(day * millisPerDay)
		day += int64(f.weekday-int(m.weekday)+14) % 7
	}
	hour := f.hour
	if f.halved && f.pm {
		hour += 12
	}
	seconds := day*86400 + int64(hour)*3600 + int64(f.min)*60 + int64(f.sec)
	millis := seconds*1000 + int64(f.milli) - int64(f.zone)*60_000
	if start := time.Now().UTC().AddDate(-80, 0, 0).UnixMilli(); f.recent && year == time.UnixMilli(start).UTC().Year() && millis < start {
		f.year += 100
		f.recent = false
		return f.millis()
	}
	return millis, nil
}

// word reads the longest of some words, in any case, and gives its index.
func (p *dateParser) word(start int, words ...string) int {
	found := -1
	for i, w := range words {
		if len(p.text)-start >= len(w) && strings.EqualFold(p.text[start:start+len(w)], w) && (found < 0 || len(w) > len(words[found])) {
			found = i
		}
	}
	if found >= 0 {
		p.at = start + len(words[found])
	}
	return found
}

func (p *dateParser) month(start int) bool {
	var long, short [12]string
	for i := range long {
		long[i] = time.Month(i + 1).String()
		short[i] = long[i][:3]
	}
	i := p.word(start, long[:]...)
	if i < 0 {
		i = p.word(start, short[:]...)
	}
	p.fields.month = i + 1
	return i >= 0
}

func (p *dateParser) weekday(start int) bool {
	var long, short [7]string
	for i := range long {
		long[i] = time.Weekday(i).String()
		short[i] = long[i][:3]
	}
	i := p.word(start, long[:]...)
	if i < 0 {
		i = p.word(start, short[:]...)
	}
	p.fields.weekday = (i+6)%7 + 1
	return i >= 0
}

// zone reads a zone's name, GMT+1:00 or +0100.
func (p *dateParser) zone(start int) bool {
	sign := p.sign()
	if sign != 0 {
		return p.offset(sign, 0, false)
	}
	if p.word(start, "GMT") == 0 {
		if sign = p.sign(); sign != 0 {
			return p.offset(sign, 0, true)
		}
		p.fields.zone = 0
		return true
	}
	names := []string{
		"UTC", "Coordinated Universal Time", "UT", "PST", "PDT", "MST", "MDT", "CST", "CDT", "EST", "EDT", "AKST", "AKDT", "HST",
	}
	hours := []int{0, 0, 0, -8, -7, -7, -6, -6, -5, -5, -4, -9, -8, -10}
	i := p.word(start, names...)
	if i >= 0 {
		p.fields.zone = hours[i] * 60
	}
	return i >= 0
}

// isoZone reads Z, +01, +0100 or +01:00, by how many letters the pattern has.
func (p *dateParser) isoZone(count int) bool {
	if p.text[p.at] == 'Z' {
		p.at++
		p.fields.zone = 0
		return true
	}
	sign := p.sign()
	return sign != 0 && p.offset(sign, count, count == 3)
}

func (p *dateParser) sign() int {
	if p.at < len(p.text) {
		switch p.text[p.at] {
		case '+':
			p.at++
			return 1
		case '-':
			p.at++
			return -1
		}
	}
	return 0
}

// offset reads the hours and, unless count is 1, the minutes of a zone.
func (p *dateParser) offset(sign, count int, colon bool) bool {
	hours, n := p.digits(p.at)
	if n == 0 || n == 1 && (count > 0 || !colon) || hours > 23 {
		return false
	}
	p.at += n
	minutes := 0
	if count != 1 {
		if colon {
			if p.at == len(p.text) || p.text[p.at] != ':' {
				return false
			}
			p.at++
		}
		if minutes, n = p.digits(p.at); n != 2 || minutes > 59 {
			return false
		}
		p.at += n
	}
	p.fields.zone = sign * (hours*60 + minutes)
	return true
}

// digits reads two digits at most.
func (p *dateParser) digits(at int) (number, n int) {
	for n < 2 && at+n < len(p.text) && p.text[at+n] >= '0' && p.text[at+n] <= '9' {
		number = number*10 + int(p.text[at+n]-'0')
		n++
	}
	return number, n
}
