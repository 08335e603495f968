package mysql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/internal/adhoc"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
	"github.com/tailrace-io/tailrace/source/signal"
)

// Watermarks is how the ends of an incremental snapshot's windows are marked in
// the table of signals, as Debezium's incremental.snapshot.watermarking.strategy
// spells it.
type Watermarks string

const (
	InsertInsert Watermarks = "insert_insert" // a row for each end, which somebody has to delete some day. The default
	InsertDelete Watermarks = "insert_delete" // a row that is inserted and deleted
)

// mark is a place in the log.
type mark struct {
	file string
	pos  uint64
}

// before says whether the place lies before another. Names of files are
// numbered, and get longer behind 999999.
func (m mark) before(n mark) bool {
	if m.file != n.file {
		return len(m.file) < len(n.file) || len(m.file) == len(n.file) && m.file < n.file
	}
	return m.pos < n.pos
}

// writes says whether windows are marked in the table of signals.
func (s *stream) writes() bool { return s.src.SignalTable != "" && !s.src.ReadOnly }

// Watermarks says whether windows can be marked at all.
func (s *stream) Watermarks() error {
	if s.writes() || s.server.gtids {
		return nil
	}
	return errors.New("an incremental snapshot has to know which changes its rows have already: set SignalTable to a table that the source may write to, or gtid_mode=ON on the server")
}

// advance closes the window whose high watermark the log has reached, and reads
// the next chunk where no window is open.
func (s *stream) advance(ctx context.Context, w *writer) error {
	if s.asked.Incremental.Open() && !s.writes() && !s.reached.before(s.high) {
		if err := s.give(w); err != nil {
			return err
		}
	}
	if !s.asked.Incremental.Due() {
		return nil
	}
	return s.openWindow(ctx)
}

// openWindow reads the next chunk between two watermarks. What fails because of
// the table leaves it out; what fails because of the connection is an error, and
// the next reader goes on.
func (s *stream) openWindow(ctx context.Context) error {
	return s.ask(ctx, func(c *conn) error {
		visible, err := s.openMark(ctx, c)
		var no *refused
		if errors.As(err, &no) {
			s.src.Log.Warn("an incremental snapshot is given up", "error", err.Error())
			s.asked.Incremental.Stop(nil)
			return nil
		}
		if err != nil || !visible {
			return err
		}
		for s.asked.Incremental.Due() {
			err := s.readChunk(ctx, c)
			if errors.As(err, &no) {
				s.src.Log.Warn("an incremental snapshot leaves a table out", "table", s.asked.Incremental.Current().ID, "error", err.Error())
				s.asked.Incremental.Skip(signal.TableFailed)
				err = nil
			}
			if err != nil {
				return err
			}
		}
		return s.closeMark(ctx, c)
	})
}

// openMark makes the low watermark. visible says that everything that the log
// has given so far can be seen by statements: a transaction is in the log for a
// moment before it is. Where it is not another try has to follow.
func (s *stream) openMark(ctx context.Context, c *conn) (visible bool, err error) {
	switch {
	case s.writes():
		s.window = signal.NewID()
		s.opened = time.Now().UTC().Format(stampLayout)
		return true, s.writeSignal(ctx, c, s.window+"-open", adhoc.WindowOpen, `{"openWindowTimestamp": "`+s.opened+`"}`)
	case s.server.mariadb:
		return s.consistent(ctx, c)
	}
	rows, err := c.query(ctx, "SELECT GTID_SUBSET("+quoteText(s.gtids.text())+", @@GLOBAL.gtid_executed)")
	if err != nil {
		return false, err
	}
	return rows[0][0].V == "1", nil
}

const stampLayout = "2006-01-02T15:04:05.000000000Z07:00"

// consistent begins a transaction of MariaDB of which is known what in the log
// it sees.
func (s *stream) consistent(ctx context.Context, c *conn) (visible bool, err error) {
	if err := c.takeView(ctx); err != nil {
		return false, err
	}
	rows, err := c.query(ctx, "SHOW STATUS WHERE Variable_name IN ('binlog_snapshot_file','binlog_snapshot_position')")
	if err != nil {
		return false, err
	}
	for _, row := range rows {
		switch strings.ToLower(row[0].V) {
		case "binlog_snapshot_file":
			s.high.file = row[1].V
		case "binlog_snapshot_position":
			if s.high.pos, err = strconv.ParseUint(row[1].V, 10, 64); err != nil {
				return false, &refused{"ask for the position of a consistent snapshot", err}
			}
		}
	}
	if s.high.before(s.reached) {
		return false, c.exec(ctx, "ROLLBACK")
	}
	return true, nil
}

// closeMark makes the high watermark.
func (s *stream) closeMark(ctx context.Context, c *conn) error {
	switch {
	case s.writes() && s.src.Watermarks == InsertDelete:
		return c.exec(ctx, "DELETE FROM "+s.sel.signals.quoted()+" WHERE id = "+quoteText(s.window+"-open"))
	case s.writes():
		return s.writeSignal(ctx, c, s.window+"-close", adhoc.WindowClose,
			`{"openWindowTimestamp": "`+s.opened+`", "closeWindowTimestamp": "`+time.Now().UTC().Format(stampLayout)+`"}`)
	case s.server.mariadb:
		return c.exec(ctx, "ROLLBACK")
	}
	tip, err := s.server.tip(ctx, c)
	s.high = mark{tip.File, tip.Pos}
	return err
}

func (s *stream) writeSignal(ctx context.Context, c *conn, id, typ, data string) error {
	err := c.exec(ctx, "INSERT INTO "+s.sel.signals.quoted()+" VALUES ("+quoteText(id)+", "+quoteText(typ)+", "+quoteText(data)+")")
	switch codeOf(err) {
	case codeTableDenied, codeNoSuchTable:
		return fmt.Errorf("mark a window in the table of signals: %w; CREATE TABLE %s (id VARCHAR(42) PRIMARY KEY, type VARCHAR(32) NOT NULL, data VARCHAR(2048) NULL), and GRANT INSERT, DELETE ON it TO %s, or set ReadOnly",
			err, s.sel.signals.quoted(), s.server.user)
	}
	return err
}

// readChunk reads rows of the current table into the window, or leaves the
// table.
func (s *stream) readChunk(ctx context.Context, c *conn) error {
	snap := &s.asked.Incremental
	current := snap.Current()
	t, err := s.tableOf(ctx, c, tableNamed(current.ID))
	if err != nil {
		return err
	}
	if t == nil {
		snap.Skip(signal.TableNotThere)
		return nil
	}
	o := t.order()
	if current.SurrogateKey != "" {
		if o = t.orderBy([]string{current.SurrogateKey}, false); o == nil {
			return &refused{"read " + current.ID, fmt.Errorf("it has no column %s to cut chunks by, or that is not captured", current.SurrogateKey)}
		}
	}
	if o == nil {
		snap.Skip(signal.TableNoKey)
		return nil
	}
	base := scan{table: t, order: o}
	if current.Where != "" {
		base.where = []string{"(" + current.Where + ")"}
	}
	if !snap.Bounded() || !o.fits(snap.Max()) {
		greatest := base
		greatest.keys, greatest.last, greatest.limit = true, true, 1
		rows, err := c.query(ctx, greatest.sql())
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			snap.Skip(signal.TableEmpty)
			return nil
		}
		snap.Bound(o.keyRow(rows[0]))
	}
	return s.fill(ctx, c, base)
}

// fill reads a chunk behind the last one.
func (s *stream) fill(ctx context.Context, c *conn, base scan) error {
	snap := &s.asked.Incremental
	o := base.order
	after := snap.After()
	if !o.fits(after) {
		after = nil
	}
	if after != nil {
		base.where = append(base.where, o.behind(after))
	}
	upTo := o.upTo(snap.Max())
	if !o.unique {
		bound := base
		bound.keys, bound.limit, bound.offset = true, 1, s.src.ChunkRows-1
		bound.where = append(bound.where[:len(bound.where):len(bound.where)], upTo)
		rows, err := c.query(ctx, bound.sql())
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			upTo = o.upTo(o.keyRow(rows[0])) // with all rows that share the key
		}
		if after == nil {
			upTo = "(" + upTo + " OR " + quoteName(o.defs[0].name) + " IS NULL)"
		}
	} else {
		base.limit = s.src.ChunkRows
	}
	base.where = append(base.where, upTo)
	rows, err := c.send(base.sql())
	if err != nil {
		return err
	}
	release := watch(ctx, c.net)
	defer release()
	var packets [][]byte
	var ids []string
	var slab tailrace.Slab
	identity := base.table.identity()
	shared := identity == nil
	if shared {
		identity = o.places
	}
	for {
		packet, err := rows.next(ctx)
		if err != nil {
			return err
		}
		if packet == nil {
			break
		}
		columns, err := base.table.decodeRow(&slab, packet, uint64(len(packets)+1))
		if err != nil {
			return &refused{"read " + base.table.id.String(), err}
		}
		packets = append(packets, append([]byte(nil), packet...))
		ids = append(ids, base.table.idOf(identity, columns))
	}
	if packets == nil {
		snap.Finish()
		return nil
	}
	last, err := o.key(packets[len(packets)-1])
	if err != nil {
		return err
	}
	s.chunk, s.identity, s.shared = base.table, identity, shared
	snap.Fill(packets, ids, last)
	return nil
}

// tableOf is the version of a table that the server has now; nil where there is
// none that is captured.
func (s *stream) tableOf(ctx context.Context, c *conn, id tableID) (*table, error) {
	if !s.sel.table(id) {
		return nil, nil
	}
	if t := s.tables[id]; t != nil && t == s.chunk {
		return t, nil
	}
	found, err := c.define(ctx, s.server, []tableID{id})
	if err != nil || found[id] == nil {
		return nil, err
	}
	return newTable(s.src, s.sel, s.sourceSchema, found[id])
}

// identity are the places of the columns that tell the table's rows apart; nil
// where there are none, or where values of theirs have become the same.
func (t *table) identity() []int {
	o := t.order()
	if o == nil || slices.ContainsFunc(o.places, func(i int) bool { return t.columns[i].converted }) {
		return nil
	}
	return o.places
}

// idOf tells a row from the others of its table, by its columns.
func (t *table) idOf(places []int, columns []tailrace.Value) string {
	var out []byte
	for _, place := range places {
		v := columns[place]
		text := v.String()
		if t.columns[place].schema.Name() == tailrace.ZonedTimestampName {
			// A snapshot leaves out zeros at its end, and the log does not.
			if head, ok := strings.CutSuffix(text, "Z"); ok && strings.Contains(head, ".") {
				text = strings.TrimRight(strings.TrimRight(head, "0"), ".") + "Z"
			}
		}
		out = strconv.AppendInt(out, int64(len(text)), 10)
		out = append(append(out, ':'), text...)
	}
	return string(out)
}

// seen drops what the window has of a row that the log has changed.
func (s *stream) seen(t *table, before, after []tailrace.Value) {
	snap := &s.asked.Incremental
	if !snap.Concerns(t.fullName) {
		return
	}
	if t != s.chunk && !t.same(s.chunk) {
		snap.Reread() // the table has another definition than the chunk was read by
		return
	}
	was, is := s.windowID(before, nil), s.windowID(after, before)
	if s.shared && s.unclear(was, is) {
		snap.Reread()
		return
	}
	snap.Seen(was)
	snap.Seen(is)
}

// windowID tells a row of the log from others, as the window does; "" for none.
// What the log did not carry of it is that of the other.
func (s *stream) windowID(columns, other []tailrace.Value) string {
	if columns == nil {
		return ""
	}
	for _, place := range s.identity {
		if columns[place].IsUnchanged() && other != nil {
			columns[place] = other[place]
		}
	}
	return s.chunk.idOf(s.identity, columns)
}

// unclear says whether it cannot be told which row of the window a change is
// of, in a table without a key whose rows may share what chunks are cut by: one
// of several, or one that came to have what another has.
func (s *stream) unclear(was, is string) bool {
	_, there := s.asked.Incremental.Row(is)
	return is != "" && is != was && there || was != "" && !s.asked.Incremental.Alone(was)
}

// closeWindow gives what is left of the chunk, and goes on to the next.
func (s *stream) closeWindow(ctx context.Context, w *writer) error {
	s.window = ""
	if err := s.give(w); err != nil {
		return err
	}
	return s.advance(ctx, w)
}

// give adds the records of the chunk's rows to the batch. They lie where the log
// is.
func (s *stream) give(w *writer) error {
	rows := s.asked.Incremental.Close()
	if len(rows) == 0 {
		return nil
	}
	t := s.chunk
	was, happened, counting := w.source, w.happened, w.transaction
	w.transaction = envelope.TransactionCount{} // they are of none
	w.source[sourceSnapshot], w.source[sourceDB], w.source[sourceTable] = markIncremental, t.db, t.name
	w.source[sourceRow], w.source[sourceQuery] = tailrace.Int32(0), tailrace.Value{}
	if s.atRest() {
		w.place(s.file, s.pos.Pos)
	}
	w.begin()
	for i, packet := range rows {
		w.stampNow()
		columns, err := t.decodeRow(&w.slab, packet, uint64(i+1))
		if err != nil {
			return err
		}
		w.add(t, opRead, t.keyOf(&w.slab, columns), tailrace.Value{}, t.value(&w.slab, columns), w.block(), w.headers)
	}
	w.source, w.happened, w.transaction = was, happened, counting
	return nil
}

// stampNow sets the present as when the changes that follow took effect.
func (w *writer) stampNow() {
	now := time.Now()
	w.happened = now.UnixMicro()
	w.source[sourceMillis], w.source[sourceMicros], w.source[sourceNanos] =
		tailrace.Int64(now.UnixMilli()), tailrace.Int64(now.UnixMicro()), tailrace.Int64(now.UnixNano())
}

// passed keeps how far the log has been read.
func (s *stream) passed(ev *binlog.Event) {
	if at := (mark{ev.File, ev.End}); !s.in && ev.End != 0 && s.reached.before(at) {
		s.reached = at
	}
}
