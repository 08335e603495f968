package binlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/tailrace-io/tailrace"
)

// Datetime is a date and a time of day without a zone, as DATE and DATETIME hold
// it. Any of its parts may be zero.
type Datetime struct {
	Year, Month, Day, Hour, Minute, Second int
	Micro                                  int
}

// IsDate says whether there is such a day: 0000-00-00 is none, nor is one whose
// month or day is zero.
func (d *Datetime) IsDate() bool { return d.Month >= 1 && d.Month <= 12 && d.Day >= 1 && d.Day <= 31 }

// Days gives the days since 1970-01-01.
func (d *Datetime) Days() int64 {
	// Years begin in March, so that the leap day comes last; eras are the 400
	// years after which the calendar repeats itself.
	y, m := int64(d.Year), int64(d.Month)
	if m <= 2 {
		y--
		m += 12
	}
	era := floorDiv(y, 400)
	yearOfEra := y - era*400
	dayOfYear := (153*(m-3)+2)/5 + int64(d.Day) - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return era*146097 + dayOfEra - 719468
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Seconds gives the seconds since 1970-01-01, as if in UTC.
func (d *Datetime) Seconds() int64 {
	return d.Days()*86400 + int64(d.Hour)*3600 + int64(d.Minute)*60 + int64(d.Second)
}

// ErrRange says that a moment does not fit the number that it is to become.
var ErrRange = errors.New("the moment is out of the number's range")

// Moment counts from the epoch in the unit of the form: Millis, Micros or Nanos.
func Moment(seconds int64, micro int, form Form) (int64, error) {
	switch form {
	case Millis:
		return seconds*1000 + int64(micro)/1000, nil
	case Micros:
		return seconds*1_000_000 + int64(micro), nil
	}
	const last = math.MaxInt64 / 1_000_000_000
	if seconds < -last || seconds >= last {
		return 0, fmt.Errorf("%w: 64 bits of nanoseconds end in the years 1677 and 2262", ErrRange)
	}
	return seconds*1_000_000_000 + int64(micro)*1000, nil
}

// fraction reads the digits of a second that follow a time, as microseconds.
func fraction(raw []byte, digits int) int {
	switch (digits + 1) / 2 {
	case 1:
		return int(raw[0]) * 10_000
	case 2:
		return int(binary.BigEndian.Uint16(raw)) * 100
	case 3:
		return int(raw[0])<<16 | int(raw[1])<<8 | int(raw[2])
	}
	return 0
}

func unpackDatetime(raw []byte, digits int) Datetime {
	v := uint64(raw[0])<<32 | uint64(binary.BigEndian.Uint32(raw[1:]))
	v -= 1 << 39 // the sign, which is always positive
	month, second := int(v>>22), int(v&(1<<17-1))
	return Datetime{
		Year: month / 13, Month: month % 13, Day: int(v >> 17 & 31),
		Hour: second >> 12 & 31, Minute: second >> 6 & 63, Second: second & 63,
		Micro: fraction(raw[5:], digits),
	}
}

// moment makes a DATETIME what is asked for.
func (p *RowPlan) moment(o *op, slab *tailrace.Slab, d Datetime, dst *tailrace.Value) error {
	if !d.IsDate() {
		*dst = o.zero
		return nil
	}
	if form := Form(o.bits); form != ISO {
		n, err := Moment(d.Seconds(), d.Micro, form)
		*dst = tailrace.Integer(o.typ, n)
		return err
	}
	p.scratch = appendISO(p.scratch[:0], &d)
	*dst = slab.CopyString(p.scratch)
	return nil
}

func appendISO(dst []byte, d *Datetime) []byte {
	dst = append(appendDate(dst, d), 'T')
	dst = appendClock(dst, d.Hour, d.Minute, d.Second)
	return append(appendShortFraction(dst, d.Micro), 'Z')
}

func appendDate(dst []byte, d *Datetime) []byte {
	dst = append(appendPadded(dst, uint64(d.Year), 4), '-')
	dst = append(appendPadded(dst, uint64(d.Month), 2), '-')
	return appendPadded(dst, uint64(d.Day), 2)
}

func appendClock(dst []byte, hour, minute, second int) []byte {
	return append(dst,
		byte('0'+hour/10), byte('0'+hour%10), ':',
		byte('0'+minute/10), byte('0'+minute%10), ':',
		byte('0'+second/10), byte('0'+second%10))
}

// appendShortFraction appends the fraction of a second without zeros at its end.
func appendShortFraction(dst []byte, micro int) []byte {
	if micro == 0 {
		return dst
	}
	dst = appendPadded(append(dst, '.'), uint64(micro), 6)
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// timestamp makes a TIMESTAMP what is asked for.
func (p *RowPlan) timestamp(o *op, slab *tailrace.Slab, raw []byte, dst *tailrace.Value) error {
	seconds, micro := int64(binary.BigEndian.Uint32(raw)), fraction(raw[4:], int(o.digits))
	return p.instant(o, slab, seconds, micro, dst)
}

func (p *RowPlan) instant(o *op, slab *tailrace.Slab, seconds int64, micro int, dst *tailrace.Value) error {
	if seconds == 0 && micro == 0 {
		*dst = o.zero
		return nil
	}
	switch form := Form(o.bits); form {
	case Natural, ISO:
		p.scratch = AppendZoned(p.scratch[:0], seconds, micro, int(o.digits))
		*dst = slab.CopyString(p.scratch)
	default:
		n, err := Moment(seconds, micro, form)
		*dst = tailrace.Integer(o.typ, n)
		return err
	}
	return nil
}

// AppendZoned appends a moment, in seconds since 1970-01-01 UTC and microseconds,
// as Debezium's ZonedTimestamp has it: 2026-01-31T15:04:05.120Z, with so many
// digits of a second's fraction.
func AppendZoned(dst []byte, seconds int64, micro, digits int) []byte {
	day := floorDiv(seconds, 86400)
	second := int(seconds - day*86400)
	d := dateOf(day)
	dst = append(appendDate(dst, &d), 'T')
	dst = appendClock(dst, second/3600, second/60%60, second%60)
	if digits > 0 {
		dst = appendPadded(append(dst, '.'), uint64(micro), 6)
		dst = dst[:len(dst)-6+min(digits, 6)]
	}
	return append(dst, 'Z')
}

// dateOf is the date of a number of days since 1970-01-01: Days the other way.
func dateOf(days int64) Datetime {
	days += 719468
	era := floorDiv(days, 146097)
	dayOfEra := days - era*146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	m := (5*dayOfYear + 2) / 153
	d := Datetime{Year: int(yearOfEra + era*400), Month: int(m) + 3, Day: int(dayOfYear-(153*m+2)/5) + 1}
	if d.Month > 12 {
		d.Month -= 12
		d.Year++
	}
	return d
}

// temporal does the rarer types of date and time.
func (p *RowPlan) temporal(o *op, slab *tailrace.Slab, raw []byte, dst *tailrace.Value) error {
	switch o.code {
	case opDate:
		v := int(raw[0]) | int(raw[1])<<8 | int(raw[2])<<16
		return p.date(o, slab, Datetime{Year: v >> 9, Month: v >> 5 & 15, Day: v & 31}, dst)
	case opTime:
		return p.duration(o, slab, unpackTime(raw, int(o.digits)), dst)
	case opTimeOld:
		v := int64(int32(uint32(raw[0])<<8|uint32(raw[1])<<16|uint32(raw[2])<<24) >> 8)
		negative := v < 0
		if negative {
			v = -v
		}
		micros := (v/10000*3600 + v/100%100*60 + v%100) * 1_000_000
		if negative {
			micros = -micros
		}
		return p.duration(o, slab, micros, dst)
	case opDatetimeOld:
		v := binary.LittleEndian.Uint64(raw)
		if v > 99991231235959 {
			return fmt.Errorf("%w: a DATETIME of before 5.6 has more than 14 digits", ErrMalformed)
		}
		day, clock := int(v/1_000_000), int(v%1_000_000)
		return p.moment(o, slab, Datetime{
			Year: day / 10000, Month: day / 100 % 100, Day: day % 100,
			Hour: clock / 10000, Minute: clock / 100 % 100, Second: clock % 100,
		}, dst)
	case opTimestampOld:
		return p.instant(o, slab, int64(binary.LittleEndian.Uint32(raw)), 0, dst)
	}
	return fmt.Errorf("there is no way to decode it (%d)", o.code)
}

func (p *RowPlan) date(o *op, slab *tailrace.Slab, d Datetime, dst *tailrace.Value) error {
	switch form := Form(o.bits); {
	case !d.IsDate():
		*dst = o.zero
	case form == ISO:
		p.scratch = append(appendDate(p.scratch[:0], &d), 'Z')
		*dst = slab.CopyString(p.scratch)
	case form == Natural:
		*dst = tailrace.Integer(o.typ, d.Days())
	default:
		n, err := Moment(d.Seconds(), 0, form)
		*dst = tailrace.Integer(o.typ, n)
		return err
	}
	return nil
}

// unpackTime gives a TIME in microseconds. Negative ones are kept as a whole,
// the fraction included, below 2^23 or its like of more bytes.
func unpackTime(raw []byte, digits int) int64 {
	bytes := (digits + 1) / 2
	var v int64
	for _, b := range raw[:3+bytes] {
		v = v<<8 | int64(b)
	}
	v -= 0x800000 << (8 * bytes)
	negative := v < 0
	if negative {
		v = -v
	}
	whole, part := v>>(8*bytes), v&(1<<(8*bytes)-1)
	switch bytes {
	case 1:
		part *= 10_000
	case 2:
		part *= 100
	}
	micros := ((whole>>12&1023)*3600+(whole>>6&63)*60+whole&63)*1_000_000 + part
	if negative {
		return -micros
	}
	return micros
}

func (p *RowPlan) duration(o *op, slab *tailrace.Slab, micros int64, dst *tailrace.Value) error {
	switch Form(o.bits) {
	case Millis:
		*dst = tailrace.Integer(o.typ, floorDiv(micros, 1000)) // so that a negative time stays one
	case Nanos:
		*dst = tailrace.Integer(o.typ, micros*1000)
	case ISO:
		p.scratch = AppendISOTime(p.scratch[:0], micros)
		*dst = slab.CopyString(p.scratch)
	default:
		*dst = tailrace.Integer(o.typ, micros)
	}
	return nil
}

// AppendISOTime appends a TIME in microseconds as 15:04:05.12Z, with a sign
// where it is negative and more hours than a day has where it is longer.
func AppendISOTime(dst []byte, micros int64) []byte {
	if micros < 0 {
		dst = append(dst, '-')
		micros = -micros
	}
	second := micros / 1_000_000
	if hours := second / 3600; hours >= 100 {
		dst = append(dst, byte('0'+hours/100))
		second -= hours / 100 * 100 * 3600
	}
	dst = appendClock(dst, int(second/3600), int(second/60%60), int(second%60))
	return append(appendShortFraction(dst, int(micros%1_000_000)), 'Z')
}
