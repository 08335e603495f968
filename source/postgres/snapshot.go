package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
	"github.com/tailrace-io/tailrace/source/signal"
)

// snapshot reads the rows that tables had at one place of the log. It reads
// them in transactions that see the same, by COPY, a table after the other and
// each from its first page to its last, so that one place tells how far it has
// come.
type snapshot struct {
	src    *Source
	conns  []*pgoutput.Conn // all with the same view
	tables []planned        // those whose rows are read, in order
	at     pgoutput.LSN     // of the log, behind which another reader goes on
	adHoc  bool             // it was asked for while the log is read

	// When the snapshot began, on the server's clock and on ours.
	clock, began time.Time

	feed  feed // nil behind the last row
	next  int  // of tables: the one after that which is being read
	table *planned
	count uint64 // its rows so far
	newer uint64 // of them: those that were read again, being newer
	total int64

	// held is the last row that came. Only the next one, or the end, tells how
	// it is to be marked, so it waits here.
	held   held
	bad    *source.RecordError // of a row of which no record could be made
	behind place               // what has been given up to once that was told
	block  []tailrace.Value    // of the records in the middle of a table
	xid    tailrace.Value      // what the source block has as the transaction
	micros int64               // when the reading of the table began, on the server's clock

	resumed place // where an earlier reader had come to
	ended   place // what has been read up to
	given   place // what has been given up to: all but the held row

	notify  func(signal.Status, map[string]string)
	listed  string // the names of the captured tables
	running bool   // that it has begun was told

	scanned  []source.TableRows // of the tables that have been begun
	progress source.Progress
	told     time.Time // when progress was reported last
}

// feed gives the rows of tables, chunk by chunk.
type feed interface {
	// next gives a row in COPY's form that is good until the next call; nil
	// behind the last row of a chunk, which it then gives too.
	next(ctx context.Context) (row []byte, ended chunk, err error)
	atHand() bool
}

// held is a row without its mark.
type held struct {
	there  bool
	table  *planned
	row    []byte // a copy
	number uint64 // among the rows of its table, from 1 on
	first  bool   // it is the snapshot's first
	micros int64
}

// read adds rows to the batch until it is full or would have to wait for more;
// io.EOF says that there are no more tables.
func (s *snapshot) read(ctx context.Context, w *writer) error {
	w.source[sourceXID] = s.xid
	if !s.running {
		s.running = true
		s.notify(signal.Started, map[string]string{})
	}
	if len(s.conns) == 1 {
		defer s.conns[0].Watch(ctx)()
	}
	for {
		if len(w.records) > 0 && (s.bad != nil || w.full(s.src) || s.table != nil && !s.feed.atHand()) {
			s.report(false)
			return nil
		}
		if s.bad != nil {
			err := s.bad
			s.bad, s.given = nil, s.behind
			return err
		}
		if s.table == nil {
			if s.next < len(s.tables) {
				s.beginTable()
				continue
			}
			if !s.held.there {
				return s.finish(w)
			}
			if err := s.release(w, true); err != nil {
				return err
			}
			continue
		}
		row, ended, err := s.feed.next(ctx)
		if err != nil {
			return fmt.Errorf("read the rows of %s: %w", s.table.id, err)
		}
		if row == nil {
			s.endChunk(ended)
			continue
		}
		if err := s.row(w, row); err != nil {
			return err
		}
	}
}

// beginTable goes on to the next table.
func (s *snapshot) beginTable() {
	s.table, s.count, s.newer, s.next = &s.tables[s.next], 0, 0, s.next+1
	s.micros = s.clock.Add(time.Since(s.began)).UnixMicro()
	s.progress.Table = s.table.fullName
	s.scanned = append(s.scanned, source.TableRows{Table: s.table.fullName})
	s.block = nil
	s.notify(signal.InProgress, map[string]string{"current_collection_in_progress": s.table.id.String(), "data_collections": s.names()})
}

// names are those of the tables, for notifications.
func (s *snapshot) names() string {
	names := make([]string, len(s.tables))
	for i := range s.tables {
		names[i] = s.tables[i].id.String()
	}
	return strings.Join(names, ",")
}

// endChunk is behind the last row of a chunk.
func (s *snapshot) endChunk(k chunk) {
	t := s.table
	if !k.again {
		s.ended = t.placeBehind(k)
		s.ended.rows = s.resumed.rows + s.total
	}
	if !s.held.there {
		s.given = s.ended
	}
	s.expect(k)
	if !k.last {
		return
	}
	s.scanned[len(s.scanned)-1].Rows = int64(s.count)
	s.src.Log.Info("snapshot of a table is complete", "table", t.id.String(), "rows", s.count)
	s.table = nil
	s.progress.TablesDone++
	s.notify(signal.TableComplete, map[string]string{"scanned_collection": t.id.String(), "total_rows_scanned": fmt.Sprint(s.count),
		"data_collections": s.listed, "status": string(signal.TableRead)})
}

// expect corrects how many rows there are in all by what the pages so far had.
func (s *snapshot) expect(k chunk) {
	t := s.table
	was, rows := t.expected, float64(s.count-s.newer)
	switch {
	case k.again:
		s.newer = s.count
	case k.last:
		t.expected = int64(rows)
	default:
		t.expected = int64(rows * float64(t.pages-t.done) / float64(k.to-t.done))
	}
	s.progress.RowsExpected += t.expected - was
}

// row keeps a row, and lets the one before it go.
func (s *snapshot) row(w *writer, row []byte) error {
	if err := s.release(w, false); err != nil {
		return err
	}
	s.count++
	s.total++
	s.held = held{there: true, table: s.table, row: append(s.held.row[:0], row...), number: s.count,
		first: s.count == 1 && s.next == 1 && s.resumed.table == "", micros: s.micros}
	return nil
}

// release adds the record of the held row to the batch, marked by what came
// behind it: a row of the same table, or of another; the end.
func (s *snapshot) release(w *writer, end bool) error {
	h := &s.held
	if !h.there {
		return nil
	}
	h.there = false
	w.begin()
	mark := markTrue
	switch {
	case end:
		mark = markLast
	case h.first:
		mark = markFirst
	case h.table != s.table || s.count == 0:
		mark = markLastInData
	case h.number == 1:
		mark = markFirstInData
	}
	block := s.block
	if mark != markTrue || block == nil || len(w.records) == 0 {
		w.source[sourceSnapshot] = mark
		w.source[sourceSchema], w.source[sourceTable] = h.table.namespace, h.table.name
		w.place(0, s.at)
		w.stamp(h.micros)
		block = w.block()
		if s.block = nil; mark == markTrue {
			s.block = block // of the records that follow in this batch
		}
	}
	columns, err := h.table.decodeCopy(&w.slab, h.row, h.number)
	if err != nil {
		s.bad, s.behind = &source.RecordError{Record: tailrace.Record{Topic: h.table.topic}, Err: err}, s.ended
		return nil
	}
	s.given = s.ended
	w.add(h.table.table, opRead, h.table.keyOf(&w.slab, columns), tailrace.Value{}, h.table.value(&w.slab, columns), block, w.headers)
	w.newest = max(w.newest, h.micros)
	return nil
}

// finish is behind the last record. The transactions end with the connections.
func (s *snapshot) finish(w *writer) error {
	s.src.Log.Info("snapshot is complete", "tables", len(s.tables), "rows", s.total, "took", time.Since(s.began))
	w.source[sourceSnapshot], w.source[sourceXID] = markFalse, tailrace.Value{}
	s.notify(signal.Completed, map[string]string{})
	s.report(true)
	return io.EOF
}

// report tells how far the snapshot has come, at most once a second and at its
// end.
func (s *snapshot) report(done bool) {
	if s.src.Progress == nil || !done && time.Since(s.told) < time.Second {
		return
	}
	s.told = time.Now()
	s.progress.Rows, s.progress.Elapsed, s.progress.Done = s.total, time.Since(s.began), done
	s.src.Progress(s.progress)
}

// position is where another reader goes on with the snapshot.
func (s *snapshot) position() position { return position{LSN: s.at, snapshot: true, place: s.given} }

// end is where to go on once all rows have been read.
func (s *snapshot) end() position { return position{LSN: s.at, Micros: s.micros} }

// close ends the connections.
func (s *snapshot) close() error {
	if l, ok := s.feed.(*sideBySide); ok {
		l.Close()
	}
	var errs []error
	for _, c := range s.conns {
		if err := c.Close(); err != nil {
			errs = append(errs, fmt.Errorf("close the connection of the snapshot: %w", err))
		}
	}
	s.conns = nil
	return errors.Join(errs...)
}
