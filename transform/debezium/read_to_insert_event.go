package debezium

import (
	"fmt"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// ReadToInsertEvent makes inserts (c) of the events that a snapshot reads (r):
// Debezium's transform of that name. Other records pass.
func ReadToInsertEvent() transform.Transform {
	slabs := new(transform.Slabs)
	return transform.Func(func(r *tailrace.Record) (bool, error) {
		event, ok, err := changeEvent(r)
		if err != nil {
			return false, fmt.Errorf("ReadToInsertEvent: %w", err)
		}
		if !ok {
			return true, nil
		}
		op, err := operation(event)
		if err != nil {
			return false, fmt.Errorf("ReadToInsertEvent: %w", err)
		}
		if op != tailrace.OpRead {
			return true, nil
		}
		f, _ := event.Schema.Field("op")
		vs := slabs.Values(len(event.Values))
		copy(vs, event.Values)
		vs[f.Index] = tailrace.String(string(tailrace.OpCreate))
		r.Value = tailrace.StructOf(vs)
		return true, nil
	})
}
