package postgres

import (
	"time"

	"github.com/tailrace-io/tailrace"
)

// memory is what a batch is made in. It is used again for a later one once the
// batch is released.
type memory struct {
	slab    tailrace.Slab
	records []tailrace.Record
	release func()
}

// usedMemories bounds how many memories wait to be used again: about as many as
// batches are on their way.
const usedMemories = 8

func (w *writer) newMemory() *memory {
	m := new(memory)
	m.release = func() {
		m.slab.Reset()
		m.records = m.records[:0]
		select {
		case w.used <- m:
		default: // the collector's
		}
	}
	return m
}

// next is the next record, to be filled in place, because a record is large. Of
// what it had in an earlier batch nothing is left but what every record sets.
func (m *memory) next() *tailrace.Record {
	n := len(m.records)
	if n == cap(m.records) {
		m.records = append(m.records, tailrace.Record{})
		return &m.records[n]
	}
	m.records = m.records[:n+1]
	r := &m.records[n]
	r.Partition, r.Offset = tailrace.Null[int32]{}, tailrace.Null[int64]{}
	r.Time = time.Time{}
	return r
}
