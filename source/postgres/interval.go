package postgres

import (
	"math"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
)

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
	return slab.CopyString(append(appendFraction(dst, seconds%1e6), 'S')), nil
}
