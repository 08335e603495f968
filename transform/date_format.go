package transform

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// dateFormat is a pattern of Java's SimpleDateFormat, in English and UTC.
type dateFormat struct {
	pattern string
	tokens  []dateToken
}

// dateToken is a literal text, or a letter and how often it stands there.
type dateToken struct {
	letter byte
	count  int
	text   string
}

const dateLetters = "GyMdkHmsSEDFwWahKzZYuXL"

func parseDateFormat(pattern string) (*dateFormat, error) {
	f := &dateFormat{pattern: pattern}
	for i := 0; i < len(pattern); {
		c := pattern[i]
		switch {
		case c == '\'':
			text, n, ok := quoted(pattern[i:])
			if !ok {
				return nil, fmt.Errorf("the pattern %q has a quote without the one that ends it", pattern)
			}
			f.literal(text)
			i += n
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			if strings.IndexByte(dateLetters, c) < 0 {
				return nil, fmt.Errorf("the pattern %q has the letter %c, which means nothing; text stands in quotes", pattern, c)
			}
			n := 1
			for i+n < len(pattern) && pattern[i+n] == c {
				n++
			}
			if c == 'X' && n > 3 {
				return nil, fmt.Errorf("the pattern %q has more than three X", pattern)
			}
			f.tokens = append(f.tokens, dateToken{letter: c, count: n})
			i += n
		default:
			f.literal(pattern[i : i+1])
			i++
		}
	}
	return f, nil
}

// literal adds text, to that before it where there is some.
func (f *dateFormat) literal(text string) {
	if n := len(f.tokens); n > 0 && f.tokens[n-1].letter == 0 {
		f.tokens[n-1].text += text
	} else if text != "" {
		f.tokens = append(f.tokens, dateToken{text: text})
	}
}

// quoted reads a quoted text, in which two quotes are one; two quotes alone are
// one, too.
func quoted(s string) (text string, n int, ok bool) {
	if strings.HasPrefix(s, "''") {
		return "'", 2, true
	}
	var out strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '\'':
			out.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == '\'':
			out.WriteByte('\'')
			i++
		default:
			return out.String(), i + 1, true
		}
	}
	return "", 0, false
}

// append writes the time, in milliseconds since 1970.
func (f *dateFormat) append(dst []byte, millis int64) []byte {
	m := momentOf(millis)
	for _, t := range f.tokens {
		if t.letter == 0 {
			dst = append(dst, t.text...)
		} else {
			dst = m.append(dst, t.letter, t.count)
		}
	}
	return dst
}

func (m *moment) append(dst []byte, letter byte, count int) []byte {
	switch letter {
	case 'G':
		if m.year < 1 {
			return append(dst, "BC"...)
		}
		return append(dst, "AD"...)
	case 'y':
		year := m.year
		if year < 1 {
			year = 1 - year
		}
		return appendYear(dst, year, count)
	case 'Y':
		year, _ := m.week()
		return appendYear(dst, year, count)
	case 'M', 'L':
		name := time.Month(m.month).String()
		switch {
		case count >= 4:
			return append(dst, name...)
		case count == 3:
			return append(dst, name[:3]...)
		}
	case 'E':
		if name := m.weekday.String(); count < 4 {
			return append(dst, name[:3]...)
		}
		return append(dst, m.weekday.String()...)
	case 'a':
		if m.hour < 12 {
			return append(dst, "AM"...)
		}
		return append(dst, "PM"...)
	case 'z':
		if count >= 4 {
			return append(dst, "Coordinated Universal Time"...)
		}
		return append(dst, "UTC"...)
	case 'Z':
		return append(dst, "+0000"...)
	case 'X':
		return append(dst, 'Z')
	}
	return appendPadded(dst, m.number(letter), count)
}

// number is what a letter stands for that is a number.
func (m *moment) number(letter byte) int {
	switch letter {
	case 'M', 'L':
		return m.month
	case 'd':
		return m.day
	case 'k':
		return (m.hour+23)%24 + 1
	case 'H':
		return m.hour
	case 'm':
		return m.min
	case 's':
		return m.sec
	case 'S':
		return m.milli
	case 'D':
		return m.yearDay
	case 'F':
		return (m.day-1)/7 + 1
	case 'w':
		_, week := m.week()
		return week
	case 'W':
		return (m.day-1+sinceSunday(m.epochDay-int64(m.day)+1))/7 + 1
	case 'h':
		return (m.hour+11)%12 + 1
	case 'K':
		return m.hour % 12
	}
	return (int(m.weekday)+6)%7 + 1 // u
}

// sinceSunday is how many days of its week lie before a day. Weeks begin on
// Sunday, and the first week of a year or month is the one that its first day
// lies in.
func sinceSunday(day int64) int {
	return int(day + 4 - floorDiv(day+4, 7)*7)
}

func (m *moment) week() (year, week int) {
	next := dayOf(m.year+1, 1, 1)
	if m.epochDay >= next-int64(sinceSunday(next)) {
		return m.year + 1, 1
	}
	return m.year, (m.yearDay-1+sinceSunday(dayOf(m.year, 1, 1)))/7 + 1
}

func appendYear(dst []byte, year, count int) []byte {
	if count == 2 {
		return appendPadded(dst, year%100, 2)
	}
	return appendPadded(dst, year, count)
}

func appendPadded(dst []byte, n, width int) []byte {
	if n < 0 {
		dst, n = append(dst, '-'), -n
	}
	var buf [20]byte
	digits := strconv.AppendInt(buf[:0], int64(n), 10)
	for range width - len(digits) {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}
