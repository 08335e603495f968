package postgres

import (
	"math"
	"strconv"
)

// epochDays are the days between 1970-01-01 and 2000-01-01, from which on
// PostgreSQL counts.
const epochDays = 10957

// endOfTime is the name of a moment that is none.
func endOfTime(n, least, most int64) string {
	switch n {
	case least:
		return "-infinity"
	case most:
		return "infinity"
	}
	return ""
}

// appendDay appends a date as PostgreSQL writes it, but for what says that it is
// before the year 1.
func appendDay(dst []byte, day int64) (_ []byte, before bool) {
	year, month, date := civil(day)
	if before = year <= 0; before {
		year = 1 - year
	}
	dst = appendPadded(dst, year, 4)
	dst = appendPadded(append(dst, '-'), month, 2)
	return appendPadded(append(dst, '-'), date, 2), before
}

func dateText(dst, b []byte) ([]byte, error) {
	r := bytesReader{b: b}
	n := int64(r.int32())
	if name := endOfTime(n, math.MinInt32, math.MaxInt32); name != "" {
		return r.end(append(dst, name...))
	}
	dst, before := appendDay(dst, n+epochDays)
	if before {
		dst = append(dst, " BC"...)
	}
	return r.end(dst)
}

func timeText(dst, b []byte) ([]byte, error) {
	r := bytesReader{b: b}
	n := r.int64()
	if n < 0 || n > dayMicros {
		return dst, errBinary
	}
	return r.end(appendFraction(appendTime(dst, n), n%1e6))
}

func zonedTimeText(dst, b []byte) ([]byte, error) {
	r := bytesReader{b: b}
	n, west := r.int64(), int64(r.int32())
	if n < 0 || n > dayMicros || west < -24*3600 || west > 24*3600 {
		return dst, errBinary
	}
	dst = appendFraction(appendTime(dst, n), n%1e6)
	if west <= 0 {
		dst, west = append(dst, '+'), -west
	} else {
		dst = append(dst, '-')
	}
	dst = appendPadded(dst, west/3600, 2)
	if west%3600 != 0 {
		dst = appendPadded(append(dst, ':'), west/60%60, 2)
	}
	if west%60 != 0 {
		dst = appendPadded(append(dst, ':'), west%60, 2)
	}
	return r.end(dst)
}

func timestampText(dst, b []byte) ([]byte, error) { return momentText(dst, b, "") }

func zonedTimestampText(dst, b []byte) ([]byte, error) { return momentText(dst, b, "+00") }

func momentText(dst, b []byte, zone string) ([]byte, error) {
	r := bytesReader{b: b}
	n := r.int64()
	if name := endOfTime(n, math.MinInt64, math.MaxInt64); name != "" {
		return r.end(append(dst, name...))
	}
	day, of := n/dayMicros, n%dayMicros
	if of < 0 {
		day, of = day-1, of+dayMicros
	}
	dst, before := appendDay(dst, day+epochDays)
	dst = append(appendFraction(appendTime(append(dst, ' '), of), of%1e6), zone...)
	if before {
		dst = append(dst, " BC"...)
	}
	return r.end(dst)
}

// intervalBinary writes the style postgres: 1 year 2 mons -3 days +04:05:06.78.
func intervalBinary(dst, b []byte) ([]byte, error) {
	r := bytesReader{b: b}
	micros, days, months := r.int64(), int64(r.int32()), int64(r.int32())
	if micros == math.MinInt64 && days == math.MinInt32 && months == math.MinInt32 {
		return r.end(append(dst, "-infinity"...))
	}
	if micros == math.MaxInt64 && days == math.MaxInt32 && months == math.MaxInt32 {
		return r.end(append(dst, "infinity"...))
	}
	begin, negative := len(dst), false
	part := func(n int64, unit string) {
		if n == 0 {
			return
		}
		if len(dst) > begin {
			dst = append(dst, ' ')
		}
		if negative && n > 0 {
			dst = append(dst, '+')
		}
		dst = append(append(strconv.AppendInt(dst, n, 10), ' '), unit...)
		if n != 1 {
			dst = append(dst, 's')
		}
		negative = n < 0
	}
	part(months/12, "year")
	part(months%12, "mon")
	part(days, "day")
	if micros == 0 && len(dst) > begin {
		return r.end(dst)
	}
	if len(dst) > begin {
		dst = append(dst, ' ')
	}
	of := uint64(micros)
	if micros < 0 {
		dst, of = append(dst, '-'), -of
	} else if negative {
		dst = append(dst, '+')
	}
	n := int64(of % (1 << 63))
	return r.end(appendFraction(appendTime(dst, n), n%1e6))
}
