package postgres

import (
	"slices"
	"strconv"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
)

// meter has the numbers of a reader that are counted as it reads. The rest is
// put together when somebody asks.
type meter struct {
	stream   source.StreamMetrics
	snapshot source.SnapshotMetrics // of one that is complete
	lastXID  uint32                 // of the last transaction that was read to its end; 0 for none
	tables   []string               // of the known tables; nil where they have to be listed anew
}

// Metrics gives the numbers.
func (r *reader) Metrics() source.Metrics {
	m := source.Metrics{Connected: r.failed == nil && !r.ended, Tables: r.tableNames(),
		Snapshot: r.meter.snapshot, Incremental: r.asked.Incremental.Metrics(), Stream: r.meter.stream}
	if r.snapshot != nil {
		m.Snapshot = r.snapshot.metrics(source.SnapshotRunning)
	}
	if r.meter.lastXID != 0 {
		m.Stream.LastTransaction = strconv.FormatUint(uint64(r.meter.lastXID), 10)
	}
	return m
}

// tableNames are those of the captured tables that are known, sorted.
func (r *reader) tableNames() []string {
	if r.meter.tables == nil {
		names := make([]string, 0, len(r.tables))
		for id := range r.tables {
			names = append(names, id.String())
		}
		slices.Sort(names)
		r.meter.tables = names
	}
	return r.meter.tables
}

// met notes a batch that is given.
func (m *meter) met(b *tailrace.Batch, streaming bool) {
	for _, o := range b.Offsets {
		m.stream.Position = o.Position
	}
	if streaming && !b.Time.IsZero() {
		m.stream.Last = time.Now()
		m.stream.Behind = m.stream.Last.Sub(b.Time)
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
