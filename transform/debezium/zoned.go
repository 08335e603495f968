package debezium

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
)

// zonedForm is Java's ISO_OFFSET_DATE_TIME, and ISO_OFFSET_TIME without a date.
var zonedForm = regexp.MustCompile(`(?i)^(?:([-+]?\d{4,9})-(\d\d)-(\d\d)T)?(\d\d):(\d\d)(?::(\d\d)(\.\d{0,9})?)?(Z|[-+]\d\d(?::\d\d(?::\d\d)?)?)$`)

// zoned names the same moment by the offset of the zone: for a time, the one of
// today; for a timestamp, the one that a clock in the zone has when it shows the
// old text, as Debezium finds it.
func (t *timezoneConverter) zoned(timeOnly bool, text string) (v tailrace.Value, err error) {
	at, err := parseZoned(text, timeOnly)
	if err != nil {
		return v, err
	}
	var offset int
	if timeOnly {
		_, offset = time.Now().In(t.c.Zone).Zone()
	} else {
		_, old := at.Zone()
		offset = offsetOfWall(t.c.Zone, at.Unix()+int64(old))
	}
	at = at.In(time.FixedZone("", offset))
	out := make([]byte, 0, 40)
	if !timeOnly {
		switch year := at.Year(); {
		case year > 9999:
			out = strconv.AppendInt(append(out, '+'), int64(year), 10)
		case year < 0:
			out = fmt.Appendf(out, "-%04d", -year)
		default:
			out = fmt.Appendf(out, "%04d", year)
		}
		out = at.AppendFormat(out, "-01-02T")
	}
	out = at.AppendFormat(out, "15:04:05.999999999")
	return tailrace.String(string(appendOffset(out, offset))), nil
}

// appendOffset writes an offset as Java does: Z, hours and minutes, and seconds
// where there are any.
func appendOffset(dst []byte, seconds int) []byte {
	if seconds == 0 {
		return append(dst, 'Z')
	}
	sign := byte('+')
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	dst = fmt.Appendf(append(dst, sign), "%02d:%02d", seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		dst = fmt.Appendf(dst, ":%02d", seconds%60)
	}
	return dst
}

func parseZoned(text string, timeOnly bool) (at time.Time, err error) {
	bad := fmt.Errorf("the text is not of the form 2006-01-02T15:04:05.999+01:00")
	if timeOnly {
		bad = fmt.Errorf("the text is not of the form 15:04:05.999+01:00")
	}
	m := zonedForm.FindStringSubmatch(text)
	if m == nil || timeOnly == (m[1] != "") {
		return at, bad
	}
	n := func(s string) int { i, _ := strconv.Atoi(s); return i }
	year, month, day := 1970, 1, 1
	if !timeOnly {
		year, month, day = n(m[1]), n(m[2]), n(m[3])
		// More than four digits need a sign, and no others have a plus.
		digits := strings.TrimLeft(m[1], "+-")
		if len(digits) > 4 && digits == m[1] || len(digits) == 4 && m[1][0] == '+' || m[1] == "-0000" {
			return at, bad
		}
	}
	hour, minute, second := n(m[4]), n(m[5]), n(m[6])
	fraction := 0
	if digits := strings.TrimPrefix(m[7], "."); digits != "" {
		fraction = n((digits + "00000000")[:9])
	}
	offset, ok := parseOffset(m[8])
	at = time.Date(year, time.Month(month), day, hour, minute, second, fraction, time.FixedZone("", offset))
	if !ok || at.Day() != day || at.Month() != time.Month(month) || hour > 23 || minute > 59 || second > 59 {
		return at, bad
	}
	return at, nil
}

// parseOffset reads Z, +01, +01:00 and +01:00:30.
func parseOffset(text string) (seconds int, ok bool) {
	if strings.EqualFold(text, "Z") {
		return 0, true
	}
	unit := 3600
	for part := range strings.SplitSeq(text[1:], ":") {
		n, err := strconv.Atoi(part)
		if err != nil || n > 59 {
			return 0, false
		}
		seconds += n * unit
		unit /= 60
	}
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, seconds >= -18*3600 && seconds <= 18*3600
}
