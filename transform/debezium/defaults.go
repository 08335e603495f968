package debezium

import (
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// defaults are the fields of a struct in which a default takes the place of
// null, as it does wherever Debezium asks a struct for a field's value.
type defaults []tailrace.Field

func defaultsOf(s *tailrace.Schema) (d defaults) {
	for _, f := range s.Fields() {
		if v, ok := f.Schema.Default(); ok && !v.IsNull() {
			d = append(d, f)
		}
	}
	return d
}

// fill puts them into values that the caller made.
func (d defaults) fill(vs []tailrace.Value) {
	for _, f := range d {
		if vs[f.Index].IsNull() {
			vs[f.Index], _ = f.Schema.Default()
		}
	}
}

// filled is the struct with the defaults, and whether there were any to put in.
func (d defaults) filled(v tailrace.Value, slabs *transform.Slabs) (tailrace.Value, bool) {
	old := v.Fields()
	for _, f := range d {
		if f.Index < len(old) && old[f.Index].IsNull() {
			vs := slabs.Values(len(old))
			copy(vs, old)
			d.fill(vs)
			return tailrace.StructOf(vs), true
		}
	}
	return v, false
}
