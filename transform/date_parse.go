package transform

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// parse reads a time as SimpleDateFormat does: numbers may have fewer or more
// digits than the pattern has letters, unless another number follows at once,
// and may be out of their range; what lies behind the last field does not count.
func (f *dateFormat) parse(text string) (millis int64, err error) {
	p := dateParser{text: asciiDigits(text), fields: newDateFields()}
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
	return p.fields.millis(), nil
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
		f.set(fieldEra, i)
		return i >= 0
	case 'M', 'L':
		if t.count > 2 {
			return p.month(start)
		}
	case 'E':
		return p.weekday(start)
	case 'a':
		i := p.word(start, "AM", "PM")
		f.set(fieldHalf, i)
		return i >= 0
	case 'z', 'Z':
		return p.zone(p.at)
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
		f.number(t, n, p.text[first:p.at])
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
	if i == first {
		return 0, false
	}
	n, err := strconv.ParseInt(p.text[p.at:i], 10, 64)
	if err != nil {
		n = max(min(n, math.MaxInt32), math.MinInt32)
	}
	p.at = i
	return int(int32(n)), true // as Number.intValue cuts it
}

// number keeps a number.
func (f *dateFields) number(t dateToken, n int, text string) {
	switch t.letter {
	case 'y':
		f.recent = t.count <= 2 && len(text) == 2 && text[0] != '-'
		if f.recent {
			n = century(n)
		}
	case 'k':
		if n == 24 {
			n = 0
		}
	case 'h':
		if n == 12 {
			n = 0
		}
	case 'u': // from Monday on; what is no such number is one of Java's own
		if n >= 1 && n <= 7 {
			n = n%7 + 1
		}
	}
	f.set(numberFields[t.letter], n)
}

var numberFields = map[byte]dateField{
	'y': fieldYear, 'Y': fieldWeekYear, 'M': fieldMonth, 'L': fieldMonth, 'd': fieldMonthDay, 'D': fieldYearDay, 'u': fieldWeekday,
	'w': fieldYearWeek, 'W': fieldMonthWeek, 'F': fieldMonthWeekday, 'H': fieldHour, 'k': fieldHour, 'h': fieldHalfHour, 'K': fieldHalfHour,
	'm': fieldMinute, 's': fieldSecond, 'S': fieldMilli,
}

// century gives a year of two digits its century: the latest that lies no more
// than 20 years ahead.
func century(n int) int {
	start := time.Now().UTC().Year() - 80
	year := start/100*100 + n
	if n < start%100 {
		year += 100
	}
	return year
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
	p.fields.set(fieldMonth, i+1)
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
	p.fields.set(fieldWeekday, i+1)
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
	for row := range strings.Lines(dateZones) {
		name, minutes, _ := strings.Cut(strings.TrimSuffix(row, "\n"), "\t")
		if p.word(start, name) == 0 {
			p.fields.zone, _ = strconv.Atoi(minutes)
			return true
		}
	}
	return false
}

// dateZones are the names that Java has for zones in English, in the order in
// which it tries them, and the minutes that each lies east of Greenwich. Where a
// name stands for several zones the first is meant.
//
//go:embed date_zones.tsv
var dateZones string

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
