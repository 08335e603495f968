package source

import (
	"fmt"
	"strconv"
	"time"
)

// Progress is how far a snapshot has come.
type Progress struct {
	// Tables is how many tables there are to read, and TablesDone how many of
	// them have been read as a whole. Table is the one that is being read.
	Tables, TablesDone int
	Table              string

	// Rows is how many rows have been read in this run, RowsBefore how many had
	// been in those before, as far as that is known, and RowsExpected about how
	// many there are in all: the server's estimate, which may be far off; 0 for
	// unknown.
	Rows, RowsBefore, RowsExpected int64

	// Elapsed is how long this run has been reading.
	Elapsed time.Duration

	// Done says that all has been read.
	Done bool
}

// Rate is how many rows a second this run has read.
func (p Progress) Rate() float64 {
	if p.Elapsed <= 0 {
		return 0
	}
	return float64(p.Rows) / p.Elapsed.Seconds()
}

// Left is about how much longer the snapshot will take; below 0 for unknown.
func (p Progress) Left() time.Duration {
	rate := p.Rate()
	left := p.RowsExpected - p.RowsBefore - p.Rows
	switch {
	case p.Done:
		return 0
	case rate == 0 || p.RowsExpected == 0:
		return -1
	}
	return time.Duration(float64(max(left, 0)) / rate * float64(time.Second)).Round(time.Second)
}

// String is a line such as "snapshot: table 3 of 12 (shop.orders), 1 250 000 of
// about 5 000 000 rows, 310 000 rows/s, 12s left".
func (p Progress) String() string {
	rows := p.RowsBefore + p.Rows
	line := "snapshot: "
	switch {
	case p.Done:
		line += fmt.Sprintf("%d tables, ", p.Tables)
	default:
		line += fmt.Sprintf("table %d of %d (%s), ", min(p.TablesDone+1, p.Tables), p.Tables, p.Table)
	}
	line += grouped(rows)
	if !p.Done && p.RowsExpected > rows {
		line += " of about " + grouped(p.RowsExpected)
	}
	line += " rows, " + grouped(int64(p.Rate())) + " rows/s"
	switch left := p.Left(); {
	case p.Done:
		line += ", done in " + p.Elapsed.Round(100*time.Millisecond).String()
	case left > 0:
		line += ", " + left.String() + " left"
	}
	return line
}

// grouped writes a number with a space between its thousands.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var out []byte
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			out = append(out, ' ')
		}
		out = append(out, digits[i])
	}
	return string(out)
}
