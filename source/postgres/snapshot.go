package postgres

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// snapshot reads the rows that the tables had at one place of the log. It reads
// them in one transaction, a table after the other, by COPY.
type snapshot struct {
	src    *Source
	conn   *pgoutput.Conn
	tables []*table // those whose rows are read, in order
	at     pgoutput.LSN

	// When the snapshot began, on the server's clock and on ours.
	clock, began time.Time

	next    int    // of tables: the one after that which is being read
	copying bool   // the rows of a table are on their way
	table   *table // that is being read
	count   uint64 // its rows so far
	total   uint64
	micros  int64 // when the reading of the table began, on the server's clock

	// held is the last row that came. Only the next one, or the end, tells how
	// it is to be marked, so it waits here.
	held  held
	bad   *source.RecordError // of a row of which no record could be made
	block []tailrace.Value    // of the records in the middle of a table
}

// held is a row without its mark.
type held struct {
	there   bool
	table   *table
	row     []byte // a copy
	number  uint64 // among the rows of its table, from 1 on
	firstOf bool   // its table is the snapshot's first
	micros  int64
}

// beginSnapshot takes the view of the database that goes with the beginning of
// a slot: of the source's own where it is made now, or else of one that lasts as
// long as its connection. The source's own keeps the log from there on, because
// it was there before.
func (r *reader) beginSnapshot(ctx context.Context, sv *server, tables []tableID) (*snapshot, error) {
	keeper, err := r.replication(ctx)
	if err != nil {
		return nil, err
	}
	defer keeper.close()
	name, temporary := r.src.Slot, false
	if sv.slot != nil || r.src.Snapshot == SnapshotInitialOnly {
		var random [6]byte
		rand.Read(random[:])
		name, temporary = "tailrace_"+hex.EncodeToString(random[:]), true
	}
	s := &snapshot{src: r.src}
	at, exported, err := r.src.createSlot(ctx, keeper, sv.version, name, temporary, true)
	if err != nil {
		return nil, err
	}
	s.at = at
	c, err := r.src.openCatalog(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.takeView(ctx, r, c, exported, tables); err != nil {
		return nil, errors.Join(err, c.close())
	}
	if s.conn, err = pgoutput.Take(c.conn); err != nil {
		return nil, err
	}
	r.src.Log.Info("snapshot begins", "tables", len(s.tables), "lsn", at.String())
	return s, nil
}

// takeView begins the transaction that sees what was exported, and reads the
// definitions of the tables in it.
func (s *snapshot) takeView(ctx context.Context, r *reader, c *catalog, exported string, tables []tableID) error {
	for _, sql := range []string{"BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", "SET TRANSACTION SNAPSHOT " + quoteText(exported)} {
		if err := c.exec(ctx, sql); err != nil {
			return err
		}
	}
	rows, err := c.query(ctx, "SELECT (extract(epoch FROM now()) * 1000000)::bigint, pg_snapshot_xmax(pg_current_snapshot())")
	if err != nil {
		return fmt.Errorf("ask the server's clock: %w", err)
	}
	micros, err1 := strconv.ParseInt(string(rows[0][0]), 10, 64)
	xid, err2 := strconv.ParseInt(string(rows[0][1]), 10, 64)
	if err1 != nil || err2 != nil {
		return errors.New("the server's clock does not give a number")
	}
	s.clock, s.began = time.UnixMicro(micros), time.Now()
	r.w.source[sourceXID] = tailrace.Int64(xid)
	for _, id := range tables {
		d, err := c.define(ctx, id)
		if err != nil {
			return err
		}
		if d == nil {
			continue // dropped since it was listed
		}
		t, err := r.learn(ctx, c, d)
		if err != nil {
			return err
		}
		if r.sel.snapshotted(id) {
			s.tables = append(s.tables, t)
		}
	}
	return nil
}

// read adds rows to the batch until it is full or would have to wait for more;
// io.EOF says that there are no more tables.
func (s *snapshot) read(ctx context.Context, w *writer) error {
	defer s.conn.Watch(ctx)()
	for {
		if len(w.records) > 0 && (s.bad != nil || w.full(s.src) || !s.isRead() && !s.conn.Buffered()) {
			return nil
		}
		if s.bad != nil {
			err := s.bad
			s.bad = nil
			return err
		}
		if !s.copying {
			if s.isRead() && s.held.there {
				if err := s.release(w, true); err != nil {
					return err
				}
				continue
			}
			if s.isRead() {
				return s.finish(w)
			}
			if err := s.beginTable(); err != nil {
				return err
			}
		}
		kind, body, err := s.conn.Frame()
		if err != nil {
			return fmt.Errorf("read the rows of %s: %w", s.table.id, err)
		}
		switch kind {
		case 'd':
			err = s.row(w, body)
		case 'Z':
			s.copying = false
			s.src.Log.Info("snapshot of a table is complete", "table", s.table.id.String(), "rows", s.count)
		}
		if err != nil {
			return err
		}
	}
}

// isRead says whether the server has sent all rows.
func (s *snapshot) isRead() bool { return !s.copying && s.next == len(s.tables) }

// beginTable sends the statement that reads the next table.
func (s *snapshot) beginTable() error {
	t := s.tables[s.next]
	s.micros = s.clock.Add(time.Since(s.began)).UnixMicro()
	names := make([]string, len(t.columns))
	for i, col := range t.columns {
		names[i] = quoteName(col.name)
	}
	columns := strings.Join(names, ", ")
	sql := "COPY (SELECT " + columns + " FROM " + t.id.quoted() + ") TO STDOUT"
	if query, ok := s.src.SnapshotQueries[t.id.String()]; ok {
		sql = "COPY (SELECT " + columns + " FROM (" + strings.TrimRight(query, "; \n\t") + "\n) q) TO STDOUT"
	} else if !s.src.PartitionRoot && columns != "" {
		sql = "COPY " + t.id.quoted() + " (" + columns + ") TO STDOUT" // not of the tables that inherit from it
	}
	if err := s.conn.Query(sql); err != nil {
		return fmt.Errorf("read the rows of %s: %w", t.id, err)
	}
	s.table, s.count, s.next, s.copying = t, 0, s.next+1, true
	return nil
}

// row keeps a row, and lets the one before it go.
func (s *snapshot) row(w *writer, row []byte) error {
	if err := s.release(w, false); err != nil {
		return err
	}
	s.count++
	s.total++
	s.held = held{there: true, table: s.table, row: append(s.held.row[:0], row...), number: s.count, firstOf: s.next == 1, micros: s.micros}
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
		w.source[sourceSchema], w.source[sourceTable] = h.table.namespace, h.table.name
		w.place(0, s.at)
		w.stamp(h.micros)
		block = w.block()
		if s.block = nil; mark == markTrue {
			s.block = block // of the records that follow in this batch
		}
	}
	columns, err := h.decode(&w.slab)
	if err != nil {
		s.bad = &source.RecordError{Record: tailrace.Record{Topic: h.table.topic}, Err: err}
		return nil
	}
	w.add(h.table, opRead, h.table.keyOf(&w.slab, columns), tailrace.Value{}, h.table.value(&w.slab, columns), block, w.headers)
	if t := time.UnixMicro(h.micros); t.After(w.newest) {
		w.newest = t
	}
	return nil
}

// decode makes values of the row's texts.
func (h *held) decode(slab *tailrace.Slab) ([]tailrace.Value, error) {
	columns := slab.Values(len(h.table.columns))
	row := bytes.TrimSuffix(h.row, []byte{'\n'})
	for i := range columns {
		text, rest, more := bytes.Cut(row, []byte{'\t'})
		if more != (i < len(columns)-1) {
			return nil, fmt.Errorf("row %d of %s has not as many columns as the table", h.number, h.table.id)
		}
		row = rest
		if len(text) == 2 && text[0] == '\\' && text[1] == 'N' {
			continue
		}
		v, err := h.table.columns[i].decode(slab, unescapeCopy(text))
		if err != nil {
			return nil, fmt.Errorf("row %d of %s: column %s: %w", h.number, h.table.id, h.table.columns[i].name, err)
		}
		columns[i] = v
	}
	return columns, nil
}

// unescapeCopy takes the backslashes out of a column of COPY's text, in place.
func unescapeCopy(text []byte) []byte {
	at := bytes.IndexByte(text, '\\')
	if at < 0 {
		return text
	}
	out := text[:at]
	for i := at; i < len(text); i++ {
		c := text[i]
		if c == '\\' && i+1 < len(text) {
			i++
			switch c = text[i]; c {
			case 'b':
				c = '\b'
			case 'f':
				c = '\f'
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			case 'v':
				c = '\v'
			}
		}
		out = append(out, c)
	}
	return out
}

// finish is behind the last record. The transaction ends with the connection.
func (s *snapshot) finish(w *writer) error {
	s.src.Log.Info("snapshot is complete", "tables", len(s.tables), "rows", s.total, "took", time.Since(s.began))
	w.source[sourceSnapshot], w.source[sourceXID] = markFalse, tailrace.Value{}
	return io.EOF
}

// end is where to go on once all rows have been read.
func (s *snapshot) end() position { return position{LSN: s.at, Micros: s.micros} }
