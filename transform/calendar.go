package transform

import "time"

// moment is a point in time, in UTC, as Java's calendar shows it: the Gregorian
// one from 15 October 1582 on and the Julian one before.
type moment struct {
	year, month, day int   // the year 0 is 1 BC
	epochDay         int64 // days since 1970-01-01
	yearDay          int   // from 1 on
	weekday          time.Weekday

	hour, min, sec, milli int
}

func momentOf(millis int64) (m moment) {
	m.epochDay = floorDiv(millis, millisPerDay)
	rest := int(millis - m.epochDay*millisPerDay)
	m.milli, m.sec, m.min, m.hour = rest%1000, rest/1000%60, rest/60_000%60, rest/3_600_000
	m.year, m.month, m.day = dateOf(m.epochDay)
	m.yearDay = int(m.epochDay-dayOf(m.year, 1, 1)) + 1
	m.weekday = time.Weekday(m.epochDay + 4 - floorDiv(m.epochDay+4, 7)*7)
	return m
}

// gregorianFrom is the first day of the Gregorian calendar, and julianEpoch that
// of 1 March of the year 0 in the Julian one.
const (
	gregorianFrom = -141427
	julianEpoch   = -719470
)

// dayOf is the day of a date. Months and days may be out of their range and then
// count on, as they do to a lenient calendar.
func dayOf(year, month, day int) int64 {
	g := floorDiv(time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Unix(), 86400)
	if g >= gregorianFrom {
		return g
	}
	m := int64(month) - 3 // the year begins in March
	y := int64(year) + floorDiv(m, 12)
	m -= floorDiv(m, 12) * 12
	return julianEpoch + 365*y + floorDiv(y, 4) + (153*m+2)/5 + int64(day) - 1
}

func dateOf(day int64) (year, month, dom int) {
	if day >= gregorianFrom {
		y, m, d := time.Unix(day*86400, 0).UTC().Date()
		return y, int(m), d
	}
	d := day - julianEpoch
	y := floorDiv(4*d+3, 1461)
	d -= 365*y + floorDiv(y, 4)
	m := (5*d + 2) / 153 // from March
	dom = int(d-(153*m+2)/5) + 1
	if m += 3; m > 12 {
		y, m = y+1, m-12
	}
	return int(y), int(m), dom
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
