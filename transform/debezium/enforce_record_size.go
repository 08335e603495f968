package debezium

import (
	"fmt"
	"math"
	"unicode/utf16"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// EnforceRecordSize cuts the long strings and bytes in the rows of events that
// are too large, each by its share: Debezium's transform of that name, as of 3.6.
type EnforceRecordSize struct {
	// MaxBytes is how large a record may be, in Debezium's estimate of what it
	// takes in a JVM's memory. A column of a few bytes counts some dozens.
	MaxBytes int

	// CompressionRatio is what the estimate is multiplied by; 1 unless it is set.
	CompressionRatio float64

	// MinFieldSize is the size of strings, in UTF-16 units, and of bytes, up to
	// which they stay whole: 25000 unless it is set.
	MinFieldSize tailrace.Null[int]
}

// New gives the transform, or everything that is wrong with its options. Values
// that are no structs pass, and so do records from Kafka. A string is never cut
// within a character beyond the basic plane.
func (c EnforceRecordSize) New() (transform.Transform, error) {
	errs := optionErrors{transform: "EnforceRecordSize"}
	if c.MaxBytes <= 0 {
		errs.add("MaxBytes", "%d must be above 0", c.MaxBytes)
	}
	if c.CompressionRatio == 0 {
		c.CompressionRatio = 1
	}
	if !(c.CompressionRatio > 0) {
		errs.add("CompressionRatio", "%v must be above 0", c.CompressionRatio)
	}
	if !c.MinFieldSize.Valid {
		c.MinFieldSize = tailrace.Some(25000)
	}
	if c.MinFieldSize.V < 0 {
		errs.add("MinFieldSize", "%d must not be below 0", c.MinFieldSize.V)
	}
	return &enforceSize{c: c}, errs.err()
}

type enforceSize struct {
	c     EnforceRecordSize
	slabs transform.Slabs
}

// Apply implements transform.Transform.
func (t *enforceSize) Apply(r *tailrace.Record) (bool, error) {
	value := r.ValueStruct()
	if value.IsZero() || r.Offset.Valid {
		return true, nil
	}
	if len(value.Values) != len(value.Schema.Fields()) {
		return false, fmt.Errorf("EnforceRecordSize: the value has %d fields and its schema %d", len(value.Values), len(value.Schema.Fields()))
	}
	if !r.Key.IsNull() && r.Key.Type() != tailrace.TypeStruct {
		return false, fmt.Errorf("EnforceRecordSize: the key is %s and must be a struct", r.Key.Type())
	}
	// What Debezium counts of the offsets is that of the source, which is not here.
	raw := 8 + 100*len(r.Headers) + estimate(r.KeySchema, r.Key) + estimate(r.ValueSchema, r.Value) + len(r.Topic)
	size := int64(math.Ceil(float64(raw) * t.c.CompressionRatio))
	if excess := size - int64(t.c.MaxBytes); excess > 0 {
		r.Value = t.cut(value, excess)
	}
	return true, nil
}

// estimate is how many bytes a value takes in a JVM's memory.
func estimate(s *tailrace.Schema, v tailrace.Value) int {
	const primitive, reference = 24, 8
	if v.IsNull() {
		if s != nil && s.Type() < tailrace.TypeString {
			return primitive
		}
		return 0
	}
	size := 0
	switch v.Type() {
	case tailrace.TypeString:
		return 56 + len(v.Text())
	case tailrace.TypeBytes:
		return 24 + len(v.Bytes())
	case tailrace.TypeStruct:
		size = 56
		for i, e := range v.Fields() {
			size += reference + estimate(s.Fields()[i].Schema, e)
		}
	case tailrace.TypeArray:
		size = 64
		for _, e := range v.Elems() {
			size += reference + estimate(s.Elem(), e)
		}
	case tailrace.TypeMap:
		size = 88
		for kvs := v.Entries(); len(kvs) > 1; kvs = kvs[2:] {
			size += 2*reference + estimate(s.Key(), kvs[0]) + estimate(s.Elem(), kvs[1])
		}
	default:
		return primitive
	}
	return size
}

// longColumn is a string or bytes that may be cut.
type longColumn struct{ at, size int }

// cut shares the excess out among the rows and, in each, among its columns.
func (t *enforceSize) cut(value tailrace.Struct, excess int64) tailrace.Value {
	rows := [2]string{"before", "after"}
	var columns [2][]longColumn
	var sizes [2]int64
	for i, name := range rows {
		columns[i] = t.long(value.Struct(name))
		for _, c := range columns[i] {
			sizes[i] += int64(c.size)
		}
	}
	total := sizes[0] + sizes[1]
	if total == 0 {
		return value.Value()
	}
	vs := append(t.slabs.Values(len(value.Values))[:0], value.Values...)
	for i, name := range rows {
		share := math.Ceil(float64(sizes[i]) / float64(total) * float64(excess))
		if len(columns[i]) == 0 || sizes[i] == 0 || share <= 0 {
			continue
		}
		f, _ := value.Schema.Field(name)
		row := append(t.slabs.Values(len(vs[f.Index].Fields()))[:0], vs[f.Index].Fields()...)
		for _, c := range columns[i] {
			remove := math.Ceil(float64(c.size) / float64(sizes[i]) * share)
			row[c.at] = shorten(row[c.at], max(0, c.size-int(min(remove, math.MaxInt32))))
		}
		vs[f.Index] = tailrace.StructOf(row)
	}
	return tailrace.StructOf(vs)
}

func (t *enforceSize) long(row tailrace.Struct) (cs []longColumn) {
	for i, v := range row.Values {
		size := 0
		switch v.Type() {
		case tailrace.TypeString:
			size = utf16Len(v.Text())
		case tailrace.TypeBytes:
			if row.Schema.Fields()[i].Schema.Name() != tailrace.DecimalName {
				size = len(v.Bytes())
			}
		}
		if size > t.c.MinFieldSize.V {
			cs = append(cs, longColumn{i, size})
		}
	}
	return cs
}

func utf16Len(s string) (n int) {
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// shorten keeps so many bytes, or UTF-16 units of text.
func shorten(v tailrace.Value, size int) tailrace.Value {
	if v.Type() == tailrace.TypeBytes {
		return tailrace.Bytes(v.Bytes()[:min(size, len(v.Bytes()))])
	}
	text := v.Text()
	for i, r := range text {
		if size -= utf16.RuneLen(r); size < 0 {
			return tailrace.String(text[:i])
		}
	}
	return v
}
