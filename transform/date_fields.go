package transform

import "time"

// dateField is a field of Java's calendar.
type dateField int

const (
	fieldEra          dateField = iota // 0 for BC
	fieldYear                          // of the era
	fieldWeekYear                      // the year that a week counts to
	fieldMonth                         // from 1 on
	fieldMonthDay                      // from 1 on
	fieldYearDay                       // from 1 on
	fieldWeekday                       // from 1, for Sunday, on
	fieldMonthWeek                     // from 1 on
	fieldYearWeek                      // from 1 on
	fieldMonthWeekday                  // the how manieth of its weekday in the month
	fieldHalf                          // 1 for the afternoon
	fieldHalfHour                      // 0 to 11
	fieldHour                          // 0 to 23
	fieldMinute
	fieldSecond
	fieldMilli
	dateFieldCount
)

// dateFields are what was read of a time. Any of them may be out of its range:
// it then counts on. Where several say which day it is, the one that was read
// last has the last word, as Java's Calendar says under "Field resolution".
type dateFields struct {
	values [dateFieldCount]int
	read   [dateFieldCount]int // the place in the order in which they were read; 0 for those that were not
	last   int

	zone   int  // minutes east of Greenwich
	recent bool // the year was two digits
}

func newDateFields() dateFields {
	return dateFields{values: [dateFieldCount]int{fieldEra: 1, fieldYear: 1970, fieldMonth: 1, fieldMonthDay: 1}}
}

func (f *dateFields) set(field dateField, n int) {
	f.last++
	f.values[field], f.read[field] = n, f.last
}

// both is when the later of two fields was read; 0 unless both were.
func (f *dateFields) both(a, b dateField) int {
	if f.read[a] == 0 || f.read[b] == 0 {
		return 0
	}
	return max(f.read[a], f.read[b])
}

// year is the one that the fields name, 0 for 1 BC.
func (f *dateFields) year() int {
	if f.values[fieldEra] == 0 {
		return 1 - f.values[fieldYear]
	}
	return f.values[fieldYear]
}

// millis is the time that the fields make.
func (f *dateFields) millis() int64 {
	seconds := f.day()*86400 + int64(f.hour())*3600 + int64(f.values[fieldMinute])*60 + int64(f.values[fieldSecond])
	millis := seconds*1000 + int64(f.values[fieldMilli]) - int64(f.zone)*60_000
	if start := time.Now().UTC().AddDate(-80, 0, 0); f.recent && f.year() == start.Year() && millis < start.UnixMilli() {
		f.values[fieldYear] += 100
		f.recent = false
		return f.millis()
	}
	return millis
}

func (f *dateFields) hour() int {
	whole, half := f.read[fieldHour], f.both(fieldHalfHour, fieldHalf)
	if whole == 0 && half == 0 {
		half = f.read[fieldHalfHour]
	}
	if whole >= half && whole > 0 {
		return f.values[fieldHour]
	}
	return f.values[fieldHalfHour] + 12*f.values[fieldHalf]
}

// day is the day since 1970-01-01.
func (f *dateFields) day() int64 {
	if f.read[fieldWeekYear] > f.read[fieldYear] {
		return f.weekDate()
	}
	monthDay, yearDay := f.read[fieldMonthDay], f.read[fieldYearDay]
	monthWeek, yearWeek := f.both(fieldMonthWeek, fieldWeekday), f.both(fieldYearWeek, fieldWeekday)
	monthWeekday := f.both(fieldMonthWeekday, fieldWeekday)
	best := max(monthDay, monthWeek, monthWeekday, yearDay, yearWeek)
	if best == 0 { // then a part of such a pair will do
		monthWeek, yearWeek = f.read[fieldMonthWeek], f.read[fieldYearWeek]
		monthWeekday = max(f.read[fieldMonthWeekday], f.read[fieldWeekday])
		best = max(monthWeek, monthWeekday, yearWeek)
	}
	month := dayOf(f.year(), f.values[fieldMonth], 1)
	switch {
	case best == monthDay:
		return dayOf(f.year(), f.values[fieldMonth], f.values[fieldMonthDay])
	case best == monthWeek && f.read[fieldMonthWeek] >= f.read[fieldYearWeek],
		best == monthWeekday && f.read[fieldMonthWeekday] >= f.read[fieldYearWeek]:
		byWeek := best == monthWeek
		if monthWeek == monthWeekday {
			byWeek = f.read[fieldMonthWeek] >= f.read[fieldMonthWeekday]
		}
		if byWeek {
			return f.weekdayFrom(month, f.values[fieldMonthWeek])
		}
		return f.weekdayIn(month)
	case best == yearDay:
		return dayOf(f.year(), 1, 1) + int64(f.values[fieldYearDay]) - 1
	}
	return f.weekdayFrom(dayOf(f.year(), 1, 1), f.values[fieldYearWeek])
}

// weekdayFrom is the weekday, or the Sunday, in the given week of the month or
// year whose first day is given.
func (f *dateFields) weekdayFrom(first int64, week int) int64 {
	day := first - int64(sinceSunday(first))
	if f.read[fieldWeekday] > 0 {
		day = weekdayUntil(day+6, f.values[fieldWeekday])
	}
	return day + 7*int64(week-1)
}

// weekdayIn is the given one, or the first, of the weekday, or the Sunday, in
// the month whose first day is given. Numbers below 0 count from its end.
func (f *dateFields) weekdayIn(first int64) int64 {
	weekday, n := 1, 1
	if f.read[fieldWeekday] > 0 {
		weekday = f.values[fieldWeekday]
	}
	if f.read[fieldMonthWeekday] > 0 {
		n = f.values[fieldMonthWeekday]
	}
	if n >= 0 {
		return weekdayUntil(first+7*int64(n)-1, weekday)
	}
	next := dayOf(f.year(), f.values[fieldMonth]+1, 1)
	return weekdayUntil(next+7*int64(n+1)-1, weekday)
}

// weekDate is the day that a year of weeks, a week and a weekday name.
func (f *dateFields) weekDate() int64 {
	week, weekday := 1, 1
	if f.read[fieldYearWeek] > 0 {
		week = f.values[fieldYearWeek]
	}
	if f.read[fieldWeekday] > 0 {
		weekday = f.values[fieldWeekday]
	}
	if weekday < 1 || weekday > 7 { // here Java counts on from Monday
		past := floorDiv(int64(weekday)-1, 7)
		week += int(past)
		weekday = (weekday-7*int(past))%7 + 1
	}
	year := f.values[fieldWeekYear]
	if f.year() < 1 {
		year = 1 - year
	}
	first := dayOf(year, 1, 1)
	return first - int64(sinceSunday(first)) + int64(weekday-1) + 7*int64(week-1)
}

// weekdayUntil is the last such weekday, 1 for Sunday, that is not after the day.
func weekdayUntil(day int64, weekday int) int64 {
	n := int64(sinceSunday(day)) + 1 - int64(weekday)
	return day - (n - floorDiv(n, 7)*7)
}
