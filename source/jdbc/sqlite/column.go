package sqlite

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/jdbc"
)

// column describes a column by its declared type.
func column(name, declared string, loc *time.Location) jdbc.Column {
	base, precision, scale, args := splitType(declared)
	c := jdbc.Column{Name: name, Declared: declared, Precision: precision, Scale: scale}
	quoted := "`" + strings.ReplaceAll(name, "`", "``") + "`"
	// Without a declared type of its own in the answer the driver gives what is
	// stored, and does not make times of texts.
	c.Select = "+" + quoted
	switch base {
	case "INTEGER":
		c.Type = jdbc.Integer
	case "TINYINT":
		c.Type, c.Unsigned = jdbc.TinyInt, true
	case "SMALLINT", "INT2":
		c.Type, c.Unsigned = jdbc.SmallInt, true
	case "BIT", "BOOL", "YEAR":
		c.Type = jdbc.BigInt
	case "BOOLEAN":
		c.Type = jdbc.Boolean
	case "REAL":
		c.Type = jdbc.Real
	case "NUMERIC", "DECIMAL":
		switch {
		case args == 0:
			c.Type = jdbc.Double
		case base == "NUMERIC":
			c.Type = jdbc.Numeric
		default:
			c.Type = jdbc.Decimal
		}
	case "NUMBER", "MONEY", "CURRENCY":
		c.Type = jdbc.Double
	case "DATE":
		c.Type, c.Decode = jdbc.Date, dates(loc)
	case "DATETIME", "TIMESTAMP":
		c.Type = jdbc.Instant
		c.Instant = func(src any) (tailrace.Null[time.Time], error) {
			t, err := stored(src, loc)
			return tailrace.Some(t), err
		}
	case "BYTEA":
		c.Type = jdbc.Binary
	default:
		c.Type = byAffinity(base)
	}
	switch c.Type {
	case jdbc.Boolean, jdbc.Binary, jdbc.Real:
	default:
		c.Moment = moment(quoted, loc)
	}
	return c
}

// byAffinity follows SQLite's rules for types that are not known by name.
func byAffinity(base string) jdbc.Type {
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(base, p) {
				return true
			}
		}
		return false
	}
	switch {
	case has("INT"):
		return jdbc.BigInt
	case has("CHAR", "CLOB", "TEXT"):
		return jdbc.Text
	case has("BLOB", "BINARY"):
		return jdbc.Binary
	case has("REAL", "FLOA", "DOUB"):
		return jdbc.Double
	}
	return jdbc.Text
}

// splitType takes DECIMAL(12,2) apart.
func splitType(declared string) (base string, precision, scale, args int) {
	base, rest, _ := strings.Cut(strings.ToUpper(declared), "(")
	rest, _, _ = strings.Cut(rest, ")")
	for i, text := range strings.Split(rest, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || i > 1 || n < 0 || n > 1000 {
			break
		}
		if args++; i == 0 {
			precision = n
		} else {
			scale = n
		}
	}
	return strings.TrimSpace(base), precision, scale, args
}

const (
	msPerDay  = 86_400_000
	unixEpoch = 2_440_587.5 // as a Julian day
)

// julian is the instant of a Julian day.
func julian(day float64) (time.Time, bool) {
	ms := math.Round((day - unixEpoch) * msPerDay)
	return time.UnixMilli(int64(ms)).UTC(), math.Abs(ms) < 1<<53
}

// stored is the instant of what a column holds.
func stored(src any, loc *time.Location) (time.Time, error) {
	switch v := src.(type) {
	case int64:
		return time.UnixMilli(v).UTC(), nil
	case float64:
		if t, ok := julian(v); ok {
			return t, nil
		}
	case time.Time: // which the driver makes of texts in the answer to a query as it stands
		return wall(v, time.UTC, loc), nil
	case string:
		if t, ok := jdbc.ParseTime(v, loc); ok {
			return t, nil
		}
	}
	return time.Time{}, errors.New("holds something that is no date or time in one of SQLite's forms")
}

func dates(loc *time.Location) jdbc.Decoder {
	return func(_ *tailrace.Slab, src any) (tailrace.Value, error) {
		t, err := stored(src, loc)
		return jdbc.DayOf(t), err
	}
}

// moment compares a column in milliseconds: since 1970 in UTC or, where loc is
// another zone, on the clock on its wall.
func moment(quoted string, loc *time.Location) jdbc.Moment {
	clock := "CAST(round((julianday(" + quoted + ")-2440587.5)*86400000) AS INTEGER)"
	if loc == time.UTC {
		return jdbc.Moment{
			Expr: "CASE typeof(" + quoted + ") WHEN 'integer' THEN " + quoted + " WHEN 'null' THEN NULL ELSE " + clock + " END",
			Bind: func(t time.Time) any { return t.UnixMilli() },
			Scan: scanMillis,
			Form: "must be text such as 2006-01-02 15:04:05.000, with a T or a zone where one likes, or an integer, milliseconds since 1970, or a Julian day",
		}
	}
	return jdbc.Moment{
		Expr: "CASE WHEN typeof(" + quoted + ") = 'text' AND substr(" + quoted + ", 11) NOT GLOB '*[-+zZ]*' THEN " + clock + " END",
		Bind: func(t time.Time) any { return wall(t, loc, time.UTC).UnixMilli() },
		Scan: func(src any) (time.Time, error) {
			t, err := scanMillis(src)
			return wall(t, time.UTC, loc), err
		},
		Form: "must be text without a zone such as 2006-01-02 15:04:05.000, with Location (db.timezone) " + loc.String(),
	}
}

func scanMillis(src any) (time.Time, error) {
	ms, ok := src.(int64)
	if !ok {
		return time.Time{}, errors.New("is no number of milliseconds")
	}
	return time.UnixMilli(ms).UTC(), nil
}

// wall is the moment at which clocks in to show what those in from show at t.
func wall(t time.Time, from, to *time.Location) time.Time {
	t = t.In(from)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), to)
}
