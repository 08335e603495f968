// Package meter has what readers of logs count as they read.
package meter

import (
	"iter"
	"slices"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
)

// Meter has the numbers of a reader that are counted as it reads. The rest is
// put together when somebody asks.
type Meter struct {
	Stream   source.StreamMetrics
	Snapshot source.SnapshotMetrics // of one that is complete

	tables []string // of the known tables; nil where they have to be listed anew
}

// Met notes a batch that is given.
func (m *Meter) Met(b *tailrace.Batch, streaming bool) {
	for _, o := range b.Offsets {
		m.Stream.Position = o.Position
	}
	if streaming && !b.Time.IsZero() {
		m.Stream.Last = time.Now()
		m.Stream.Behind = m.Stream.Last.Sub(b.Time)
	}
}

// Tables are the names of the captured tables that are known, sorted. It asks
// for them the first time and after a Relist.
func (m *Meter) Tables(known iter.Seq[string]) []string {
	if m.tables == nil {
		m.tables = slices.AppendSeq([]string{}, known)
		slices.Sort(m.tables)
	}
	return m.tables
}

// Relist says that other tables are known than before.
func (m *Meter) Relist() { m.tables = nil }
