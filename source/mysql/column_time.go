package mysql

import (
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

// temporal is for dates and times. A date that there is not, such as
// 0000-00-00, is null or, where the column must not be null, the epoch.
func (col *column) temporal(mode TimeMode, def *columnDefinition) *tailrace.SchemaBuilder {
	switch def.typ {
	case "date":
		return col.date(mode, def)
	case "time":
		return col.timeOfDay(mode, def)
	case "datetime":
		return col.datetime(mode, def)
	}
	// In the log a moment has as many digits as the column, and the epoch stands
	// for what is none whether or not the column may be null.
	col.spec.Zero = tailrace.String(string(binlog.AppendZoned(nil, 0, 0, def.fraction)))
	col.text = readISODatetime(def.zero(tailrace.String("1970-01-01T00:00:00Z")))
	return tailrace.Semantic(tailrace.ZonedTimestampName)
}

// zero is what stands for a date that there is not.
func (def *columnDefinition) zero(epoch tailrace.Value) tailrace.Value {
	if def.nullable {
		return tailrace.Value{}
	}
	return epoch
}

func (col *column) date(mode TimeMode, def *columnDefinition) *tailrace.SchemaBuilder {
	if mode == TimeISO {
		col.spec.Form, col.spec.Zero = binlog.ISO, def.zero(tailrace.String("1970-01-01Z"))
		col.text = readISODate(col.spec.Zero)
		return tailrace.Semantic(tailrace.IsoDateName)
	}
	col.spec.Zero = def.zero(tailrace.Int32(0))
	col.text = readDate(col.spec.Zero)
	if mode == TimeConnect {
		return tailrace.Semantic(tailrace.DateName)
	}
	return tailrace.Semantic(tailrace.DebeziumDateName)
}

func (col *column) timeOfDay(mode TimeMode, def *columnDefinition) *tailrace.SchemaBuilder {
	name := tailrace.MicroTimeName
	col.spec.Form = binlog.Micros
	switch mode {
	case TimeConnect:
		name, col.spec.Form, col.spec.Type = tailrace.TimeName, binlog.Millis, tailrace.TypeInt32
	case TimeNanoseconds:
		name, col.spec.Form = tailrace.NanoTimeName, binlog.Nanos
	case TimeISO:
		name, col.spec.Form = tailrace.IsoTimeName, binlog.ISO
	}
	col.text = readTime(col.spec.Form)
	if mode == TimeConnect {
		col.withinDay(def)
	}
	return tailrace.Semantic(name)
}

func (col *column) datetime(mode TimeMode, def *columnDefinition) *tailrace.SchemaBuilder {
	name := tailrace.MicroTimestampName
	col.spec.Form = binlog.Micros
	switch {
	case mode == TimeConnect:
		name, col.spec.Form = tailrace.TimestampName, binlog.Millis
	case mode == TimeNanoseconds:
		name, col.spec.Form = tailrace.NanoTimestampName, binlog.Nanos
	case mode == TimeISO:
		col.spec.Form, col.spec.Zero = binlog.ISO, def.zero(tailrace.String("1970-01-01T00:00:00Z"))
		col.text = readISODatetime(col.spec.Zero)
		return tailrace.Semantic(tailrace.IsoTimestampName)
	case mode == TimeAdaptiveMicroseconds && def.fraction <= 3:
		name, col.spec.Form = tailrace.DebeziumTimestampName, binlog.Millis
	}
	col.spec.Zero = def.zero(tailrace.Int64(0))
	col.text = readDatetime(col.spec.Form, col.spec.Zero)
	return tailrace.Semantic(name)
}

// withinDay replaces times that Connect's Time cannot be, those before midnight
// or beyond the next one: by null or, where the column must not be null, by its
// default or midnight.
func (col *column) withinDay(def *columnDefinition) {
	read, beyond := col.text, def.zero(tailrace.Int32(0))
	if v, err := read(nil, []byte(def.fallback.V)); err == nil && !def.nullable && isWithinDay(v) {
		beyond = v
	}
	col.fix = func(_ *tailrace.Slab, v tailrace.Value) tailrace.Value {
		if v.Type() == tailrace.TypeInt32 && !isWithinDay(v) {
			return beyond
		}
		return v
	}
	col.text = func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		v, err := read(slab, text)
		return col.fix(slab, v), err
	}
}

func isWithinDay(millis tailrace.Value) bool {
	return millis.Int() >= 0 && millis.Int() <= 24*60*60*1000
}
