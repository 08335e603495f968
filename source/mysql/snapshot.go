package mysql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
)

// snapshot reads the rows that the tables had at one position of the log. It
// reads them in one transaction, a table after the other.
type snapshot struct {
	src    *Source
	conn   *conn
	tables []*table // those whose rows are read, in order
	pos    position // of the log, which the rows are consistent with

	// When the snapshot began, on the server's clock and on ours.
	clock, began time.Time

	next  int    // of tables: the one after that which is being read
	rows  *rows  // of the table that is being read; nil between tables
	table *table // that is being read
	count uint64 // its rows so far
	total uint64

	// held is the last row that came. Only the next one, or the end, tells how
	// it is to be marked, so it waits here.
	held    held
	block   []tailrace.Value // of the records in the middle of a table
	file    tailrace.Value
	seconds int64 // when the reading of the table began, on the server's clock
}

// held is a row without its mark.
type held struct {
	there   bool
	table   *table
	packet  []byte // a copy
	number  uint64 // among the rows of its table, from 1 on
	firstOf bool   // its table is the snapshot's first
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
)

// beginSnapshot takes a consistent view of the captured tables and the position
// of the log that goes with it. The connection is the snapshot's from then on.
func (r *reader) beginSnapshot(ctx context.Context, c *conn) (*snapshot, error) {
	s := &snapshot{src: r.src, conn: c}
	now, err := c.query(ctx, "SELECT UNIX_TIMESTAMP()")
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Sscan(now[0][0].V, &s.seconds); err != nil {
		return nil, fmt.Errorf("the server's clock says %q", now[0][0].V)
	}
	s.clock, s.began = time.Unix(s.seconds, 0), time.Now()
	ids, err := c.tables(ctx, r.sel)
	if err != nil {
		return nil, err
	}
	if err := r.server.checkTables(ctx, c, r.src, ids); err != nil {
		return nil, err
	}
	locked := time.Now()
	unlock, err := r.lock(ctx, ids)
	if err != nil {
		return nil, err
	}
	err = s.takeView(ctx, r, ids)
	if err := errors.Join(err, unlock()); err != nil {
		return nil, err
	}
	s.file = tailrace.String(s.pos.File)
	r.src.Log.Info("snapshot begins", "tables", len(s.tables), "file", s.pos.File, "pos", s.pos.Pos, "gtids", s.pos.GTIDs, "locked", time.Since(locked))
	return s, nil
}

// takeView begins the transaction, and reads the position and the definitions
// of the tables, while nobody writes.
func (s *snapshot) takeView(ctx context.Context, r *reader, ids []tableID) (err error) {
	for _, sql := range []string{"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT"} {
		if r.src.SnapshotLocking == LockNone && sql[:5] == "START" {
			// What the position has is committed, and so in the view that
			// follows; what is committed in between comes twice.
			if s.pos, err = r.server.tip(ctx, s.conn); err != nil {
				return err
			}
		}
		if err := s.conn.exec(ctx, sql); err != nil {
			return err
		}
	}
	if r.src.SnapshotLocking != LockNone {
		if s.pos, err = r.server.tip(ctx, s.conn); err != nil {
			return err
		}
	}
	definitions, err := s.conn.define(ctx, r.server, ids)
	if err != nil {
		return err
	}
	if err := r.describe(ctx, s.conn, s.pos, definitions); err != nil {
		return err
	}
	for _, id := range ids {
		d := definitions[id]
		if d == nil {
			continue // dropped since it was listed
		}
		t, err := r.learn(d)
		if err != nil {
			return err
		}
		r.history.begin(d)
		if r.sel.snapshotted(id) {
			s.tables = append(s.tables, t)
		}
	}
	return nil
}

// lock keeps everybody from writing until unlock is called: by a global read
// lock or, where the user may not take one, by locks of the captured tables.
func (r *reader) lock(ctx context.Context, ids []tableID) (unlock func() error, err error) {
	if r.src.SnapshotLocking == LockNone {
		if !r.server.gtids {
			return nil, errors.New("a snapshot without locks needs GTIDs, which the server has off: set gtid_mode=ON there, or SnapshotLocking to minimal")
		}
		return func() error { return nil }, nil
	}
	c, err := r.src.connect(ctx)
	if err != nil {
		return nil, err
	}
	err = c.exec(ctx, fmt.Sprintf("SET SESSION lock_wait_timeout=%d", max(1, int(r.src.SnapshotLockTimeout.Seconds()))))
	if err == nil {
		err = c.exec(ctx, "FLUSH TABLES WITH READ LOCK")
		if code := codeOf(err); code == codeSpecificDenied || code == codeAccessDenied {
			err = r.lockTables(ctx, c, ids)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the tables for the snapshot: %w", err), c.Close())
	}
	return func() error {
		err := c.exec(ctx, "UNLOCK TABLES")
		return errors.Join(err, c.Close())
	}, nil
}

func (r *reader) lockTables(ctx context.Context, c *conn, ids []tableID) error {
	if len(ids) == 0 {
		return nil
	}
	locks := make([]string, len(ids))
	for i, id := range ids {
		locks[i] = id.quoted() + " READ"
	}
	err := c.exec(ctx, "LOCK TABLES "+strings.Join(locks, ", "))
	if code := codeOf(err); code == codeTableDenied || code == codeDatabaseDenied {
		return fmt.Errorf("%w: GRANT RELOAD ON *.* TO %s, or GRANT LOCK TABLES on the captured databases, or set SnapshotLocking to none", err, r.server.user)
	}
	return err
}

const codeDatabaseDenied = 1044

// read adds rows to the batch until it is full or would have to wait for more;
// io.EOF says that there are no more tables.
func (s *snapshot) read(ctx context.Context, w *writer) error {
	defer watch(ctx, s.conn.net)()
	for {
		if len(w.records) > 0 && (w.full(s.src) || !s.conn.buffered()) {
			return nil
		}
		if s.rows == nil {
			if s.next == len(s.tables) {
				return s.finish(w)
			}
			if err := s.beginTable(); err != nil {
				return err
			}
		}
		packet, err := s.rows.next(ctx)
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

// beginTable sends the statement that reads the next table.
func (s *snapshot) beginTable() error {
	t := s.tables[s.next]
	s.seconds = s.clock.Add(time.Since(s.began)).Unix()
	names := make([]string, len(t.columns))
	for i, col := range t.columns {
		names[i] = col.selected()
	}
	var err error
	if s.rows, err = s.conn.send("SELECT " + strings.Join(names, ",") + " FROM " + t.id.quoted()); err != nil {
		return fmt.Errorf("read the rows of %s: %w", t.id, err)
	}
	s.table, s.count, s.next = t, 0, s.next+1
	return nil
}

func (s *snapshot) endTable() {
	s.src.Log.Info("snapshot of a table is complete", "table", s.table.id.String(), "rows", s.count)
	s.rows = nil
}

// row keeps a row, and lets the one before it go.
func (s *snapshot) row(w *writer, packet []byte) error {
	if err := s.release(w, false); err != nil {
		return err
	}
	s.count++
	s.total++
	s.held = held{there: true, table: s.table, packet: append(s.held.packet[:0], packet...), number: s.count, firstOf: s.next == 1, seconds: s.seconds}
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
	case h.number == 1 && h.firstOf:
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
	columns, err := h.decode(&w.slab)
	if err != nil {
		return err
	}
	w.add(h.table, opRead, h.table.keyOf(&w.slab, columns), tailrace.Value{}, h.table.value(&w.slab, columns), block, w.headers)
	return nil
}

// decode makes values of the row's texts.
func (h *held) decode(slab *tailrace.Slab) ([]tailrace.Value, error) {
	columns := slab.Values(len(h.table.columns))
	packet := h.packet
	for i := range columns {
		text, null, rest, ok := cutText(packet)
		if !ok {
			return nil, fmt.Errorf("read the rows of %s: %w", h.table.id, errMalformedRow)
		}
		packet = rest
		if null {
			continue
		}
		v, err := h.table.columns[i].text(slab, text)
		if err != nil {
			return nil, fmt.Errorf("row %d of %s: column %s: %w", h.number, h.table.id, h.table.columns[i].name, err)
		}
		columns[i] = v
	}
	return columns, nil
}

// finish lets the last record go. The transaction ends with the connection.
func (s *snapshot) finish(w *writer) error {
	if err := s.release(w, true); err != nil {
		return err
	}
	s.src.Log.Info("snapshot is complete", "tables", len(s.tables), "rows", s.total, "took", time.Since(s.began))
	w.source[sourceSnapshot] = markFalse
	return io.EOF
}

// end is the position of the log that the rows are consistent with, where to go
// on once all of them have been read.
func (s *snapshot) end() position {
	p := s.pos
	p.Seconds = s.seconds
	return p
}
