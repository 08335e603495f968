package memory

import (
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// cloneRecords copies records with all that they refer to but schemas, which
// are immutable.
func cloneRecords(records []tailrace.Record) []tailrace.Record {
	out := slices.Clone(records)
	for i := range out {
		r := &out[i]
		r.Topic = strings.Clone(r.Topic)
		r.Key, r.Value = clone(r.Key), clone(r.Value)
		r.Headers = slices.Clone(r.Headers)
		for j := range r.Headers {
			h := &r.Headers[j]
			h.Key, h.Value = strings.Clone(h.Key), clone(h.Value)
		}
	}
	return out
}

func clone(v tailrace.Value) tailrace.Value {
	switch v.Type() {
	case tailrace.TypeString:
		return tailrace.String(strings.Clone(v.Text()))
	case tailrace.TypeBytes:
		return tailrace.Bytes(slices.Clone(v.Bytes()))
	case tailrace.TypeArray:
		return tailrace.Array(cloneAll(v.Elems()))
	case tailrace.TypeMap:
		return tailrace.Map(cloneAll(v.Entries()))
	case tailrace.TypeStruct:
		return tailrace.StructOf(cloneAll(v.Fields()))
	}
	return v
}

func cloneAll(vs []tailrace.Value) []tailrace.Value {
	out := make([]tailrace.Value, len(vs))
	for i, v := range vs {
		out[i] = clone(v)
	}
	return out
}
