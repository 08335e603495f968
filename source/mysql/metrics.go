package mysql

import (
	"iter"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace/source"
)

// Metrics gives the numbers.
func (r *reader) Metrics() source.Metrics {
	m := source.Metrics{Connected: r.failed == nil && !r.ended, Tables: r.meter.Tables(r.tableNames()),
		Snapshot: r.meter.Snapshot, Incremental: r.asked.Incremental.Metrics(), Stream: r.meter.Stream, Definitions: r.history.metrics}
	if r.snapshot != nil {
		m.Snapshot = r.snapshot.metrics(source.SnapshotRunning)
	}
	if r.stream != nil {
		m.Stream.LastTransaction = strings.Clone(r.stream.previous[0].Text()) // it outlives the batch
	}
	return m
}

// tableNames are those of the captured tables that are known.
func (r *reader) tableNames() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, t := range r.tables {
			if !yield(t.fullName) {
				return
			}
		}
	}
}

// metrics are the numbers of a snapshot.
func (s *snapshot) metrics(state source.SnapshotState) source.SnapshotMetrics {
	if n := len(s.scanned); n > 0 && s.feed != nil {
		s.scanned[n-1].Rows = int64(s.count)
	}
	return source.SnapshotMetrics{State: state, Tables: len(s.tables), TablesLeft: len(s.tables) - s.progress.TablesDone,
		Rows: s.scanned, Took: time.Since(s.began)}
}

// learned counts a definition that was learned.
func (h *history) learned(id tableID) {
	h.metrics.Applied++
	h.metrics.Last, h.metrics.LastAt = id.String(), time.Now()
}
