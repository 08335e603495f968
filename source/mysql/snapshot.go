package mysql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/internal/adhoc"
	"github.com/tailrace-io/tailrace/source/internal/incremental"
	"github.com/tailrace-io/tailrace/source/signal"
)

// snapshot reads the rows that tables had at one position of the log. It reads
// them in transactions that see the same, a table after the other and each in
// the order of its key, so that one place tells how far it has come.
type snapshot struct {
	*reader
	conns  []*conn // all with the same view
	unlock func() error
	tables []planned // those whose rows are read, in order
	listed string    // the names of all tables, as notifications have them
	named  string    // those of the tables whose rows are read
	pos    position  // of the log, behind which another reader goes on

	// When the snapshot began, on the server's clock and on ours.
	clock, began time.Time

	feed  feed // of the table that is being read, or of all of them; nil between tables
	next  int  // of tables: the one after that which is being read
	table *planned
	count uint64 // its rows so far
	total uint64

	scanned []source.TableRows // of the tables that have been begun

	// held is the last row that came. Only the next one, or the end, tells how
	// it is to be marked, so it waits here. given is the one before it, the last
	// that was given.
	held, given held
	resumed     place            // where an earlier reader had come to
	block       []tailrace.Value // of the records in the middle of a table
	file        tailrace.Value
	seconds     int64 // when the reading of the table began, on the server's clock

	// What is to be told of definitions, until it has been gathered.
	definitions map[tableID]*definition
	statements  map[tableID]string

	lanes    *lanes         // that read side by side; nil for one connection
	request  *adhoc.Request // that asked for a blocking snapshot; nil for the initial one
	progress source.Progress
	told     time.Time // when progress was reported last
	running  bool
}

// planned is a table, and how its rows are read.
type planned struct {
	*table
	scan     scan
	after    incremental.Key // where an earlier reader has come to; nil for the beginning
	expected int64           // about how many rows it has
}

// feed gives the rows of tables, packet by packet.
type feed interface {
	// next gives a packet that is valid until the next call; nil behind the last
	// row of a table.
	next(ctx context.Context) ([]byte, error)
	atHand() bool
}

func (r *rows) atHand() bool { return r.c.buffered() }

// held is a row without its mark.
type held struct {
	there   bool
	table   *planned
	packet  []byte // a copy
	number  uint64 // among the rows of its table, from 1 on
	first   bool   // it is the snapshot's first
	seconds int64
}

// The marks of the source block's field snapshot.
var (
	markTrue        = tailrace.String("true")
	markFirst       = tailrace.String("first")
	markFirstInData = tailrace.String("first_in_data_collection")
	markLastInData  = tailrace.String("last_in_data_collection")
	markLast        = tailrace.String("last")
	markFalse       = tailrace.String("false")
	markIncremental = tailrace.String("incremental")
)

// begin tells that the snapshot begins.
func (s *snapshot) begin() {
	s.file, s.named = tailrace.String(s.pos.File), s.names()
	s.progress.Tables, s.progress.RowsBefore = len(s.tables), s.resumed.rows
	s.notifyInitial(signal.Started, map[string]string{})
}

// read adds rows to the batch until it is full or would have to wait for more;
// io.EOF says that there are no more tables.
func (s *snapshot) read(ctx context.Context, w *writer) error {
	if !s.running {
		s.running = true
		s.begin()
	}
	if s.lanes == nil {
		defer watch(ctx, s.conns[0].net)()
	}
	for {
		if len(w.records) > 0 && (w.full(s.src) || s.feed != nil && !s.feed.atHand()) {
			s.report(false)
			return nil
		}
		if s.feed == nil {
			if s.next == len(s.tables) {
				return s.finish(w)
			}
			if err := s.beginTable(); err != nil {
				return err
			}
		}
		packet, err := s.feed.next(ctx)
		if err != nil {
			return fmt.Errorf("read the rows of %s: %w", s.table.id, err)
		}
		if packet == nil {
			s.endTable()
			continue
		}
		if err := s.row(w, packet); err != nil {
			return err
		}
	}
}

// beginTable goes on to the next table.
func (s *snapshot) beginTable() error {
	s.table, s.count, s.next = &s.tables[s.next], 0, s.next+1
	s.seconds = s.clock.Add(time.Since(s.began)).Unix()
	s.progress.Table = s.table.fullName
	s.scanned = append(s.scanned, source.TableRows{Table: s.table.fullName})
	s.notifyInitial(signal.InProgress, map[string]string{"current_collection_in_progress": s.table.id.String(), "data_collections": s.named})
	if s.lanes != nil {
		s.feed = s.lanes
		return nil
	}
	rows, err := s.conns[0].send(s.table.statement())
	if err != nil {
		return fmt.Errorf("read the rows of %s: %w", s.table.id, err)
	}
	s.feed = rows
	return nil
}

// statement reads the rows behind those that an earlier reader has given.
func (p *planned) statement() string {
	scan := p.scan
	if p.after != nil {
		scan.where = append(scan.where[:len(scan.where):len(scan.where)], p.scan.order.behind(p.after))
	}
	return scan.sql()
}

func (s *snapshot) endTable() {
	s.src.Log.Info("snapshot of a table is complete", "table", s.table.id.String(), "rows", s.count)
	s.feed = nil
	s.scanned[len(s.scanned)-1].Rows = int64(s.count)
	s.progress.TablesDone++
	s.notifyInitial(signal.TableComplete, map[string]string{"scanned_collection": s.table.id.String(), "total_rows_scanned": fmt.Sprint(s.count),
		"data_collections": s.listed, "status": string(signal.TableRead)})
}

// row keeps a row, and lets the one before it go.
func (s *snapshot) row(w *writer, packet []byte) error {
	if err := s.release(w, false); err != nil {
		return err
	}
	s.count++
	s.total++
	buf := s.given.packet
	s.given = s.held
	s.held = held{there: true, table: s.table, packet: append(buf[:0], packet...), number: s.count,
		first: s.count == 1 && s.next == 1 && s.resumed.table == "", seconds: s.seconds}
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
		w.source[sourceDB], w.source[sourceTable] = h.table.db, h.table.name
		w.place(s.file, s.pos.Pos)
		w.stamp(h.seconds * 1e6)
		block = w.block()
		if s.block = nil; mark == markTrue {
			s.block = block // of the records that follow in this batch
		}
	}
	columns, err := h.table.decodeRow(&w.slab, h.packet, h.number)
	if err != nil {
		return err
	}
	w.add(h.table.table, opRead, h.table.keyOf(&w.slab, columns), tailrace.Value{}, h.table.value(&w.slab, columns), block, w.headers)
	return nil
}

// finish lets the last record go. The transactions end with the connections.
func (s *snapshot) finish(w *writer) error {
	if err := s.release(w, true); err != nil {
		return err
	}
	s.src.Log.Info("snapshot is complete", "tables", len(s.tables), "rows", s.total, "took", time.Since(s.began))
	w.source[sourceSnapshot], w.source[sourceGTID], w.source[sourceThread] = markFalse, tailrace.Value{}, tailrace.Value{}
	s.notifyInitial(signal.Completed, map[string]string{})
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
	s.progress.Rows, s.progress.Elapsed, s.progress.Done = int64(s.total), time.Since(s.began), done
	s.src.Progress(s.progress)
}

// end is the position of the log that the rows are consistent with, where to go
// on once all of them have been read.
func (s *snapshot) end() position {
	p := s.pos
	p.Seconds, p.Snapshot = s.seconds, ""
	return p
}

// close ends the connections, and gives up the locks that the snapshot has.
func (s *snapshot) close() error {
	var errs []error
	if s.lanes != nil {
		s.lanes.close()
	}
	if s.unlock != nil {
		errs = append(errs, s.unlock())
		s.unlock = nil
	}
	for _, c := range s.conns {
		errs = append(errs, c.Close())
	}
	s.conns = nil
	return errors.Join(errs...)
}
