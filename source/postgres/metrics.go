package postgres

import (
	"iter"
	"strconv"
	"time"

	"github.com/tailrace-io/tailrace/source"
)

// Metrics gives the numbers.
func (r *reader) Metrics() source.Metrics {
	m := source.Metrics{Connected: r.failed == nil && !r.ended, Tables: r.meter.Tables(r.tableNames()),
		Snapshot: r.meter.Snapshot, Incremental: r.asked.Incremental.Metrics(), Stream: r.meter.Stream}
	if r.snapshot != nil {
		m.Snapshot = r.snapshot.metrics(source.SnapshotRunning)
	}
	if r.lastXID != 0 {
		m.Stream.LastTransaction = strconv.FormatUint(uint64(r.lastXID), 10)
	}
	return m
}

// tableNames are those of the captured tables that are known.
func (r *reader) tableNames() iter.Seq[string] {
	return func(yield func(string) bool) {
		for id := range r.tables {
			if !yield(id.String()) {
				return
			}
		}
	}
}

// metrics are the numbers of a snapshot.
func (s *snapshot) metrics(state source.SnapshotState) source.SnapshotMetrics {
	if n := len(s.scanned); n > 0 && s.table != nil {
		s.scanned[n-1].Rows = int64(s.count)
	}
	return source.SnapshotMetrics{State: state, Tables: len(s.tables), TablesLeft: len(s.tables) - s.progress.TablesDone,
		Rows: s.scanned, Took: time.Since(s.began)}
}
