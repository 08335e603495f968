package mysql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

// stream reads the log and makes records of the changes of captured tables. It
// always knows a position from which another stream could go on: the beginning
// of the transaction that it is in, with how much of it has been read, or the
// end of the last one.
type stream struct {
	*reader
	log     *binlog.Stream
	wire    *wire // of the log's connection
	maps    binlog.Tables
	catalog *conn // nil until a definition has to be read

	pos     position // without the GTIDs, which are in gtids
	gtids   gtidSet
	pending pendingGTID // of the transaction that is being read
	changed bool        // the position is another than that of the last batch
	moved   bool        // a transaction has begun: the position is one of this stream

	in       bool         // within a transaction: behind its beginning, before its end
	began    bool         // its GTID event came, and its first statement has not yet
	xa       *preparedXA  // it is an XA transaction; nil where it is not
	unwanted bool         // it is of a server whose rows are left out
	prepared []preparedXA // those that are prepared and not committed yet
	replay   *replay      // of a prepared transaction that is being committed; nil for none
	search   *search
	counts   bool // the event that pos.Rows is of counts in pos.Events once the next one comes
	resuming bool // what skip.Events and skip.Rows say was read by an earlier stream
	skip     position

	// annotated says that pos.Events counts MariaDB's events with the text of
	// statements, as in an offset of a Debezium that asks for them.
	annotated bool

	arrived *binlog.Event // with rows that have not been looked at yet
	again   *binlog.Event // whose reading a context ended
	rows    binlog.Rows   // of the event that is being read
	plan    *rowPlan      // of its table; nil while no rows are being read
	commit  int64         // microseconds: when the transaction was committed; 0 for unknown
	file    tailrace.Value
	micros  int64
	beat    time.Time // when the next heartbeat is due

	// Of the incremental snapshot: how far the log has been read, where the
	// window ends, or by which name the table of signals marks that; the table
	// that the chunk is of, the columns that tell its rows apart, and whether rows
	// may share those.
	reached, high  mark
	window, opened string
	chunk          *table
	identity       []int
	shared         bool

	previous [2]tailrace.Value // GTID and thread of the last transaction, for a blocking snapshot
}

// beginStream opens the log behind a position.
func (r *reader) beginStream(ctx context.Context, pos position) (*stream, error) {
	s := &stream{reader: r, pos: pos, skip: pos, resuming: pos.Events > 0 || pos.Rows > 0, beat: time.Now().Add(r.src.Heartbeat)}
	if s.annotated = r.src.IncludeQuery; pos.annotated.Valid {
		s.annotated = pos.annotated.V
	}
	s.annotated = s.annotated && s.resuming
	if pos.Events == 0 && pos.Rows == 0 {
		s.reached = mark{pos.File, pos.Pos}
	}
	var from binlog.From
	var err error
	if s.gtids, err = parseGTIDs(r.server.mariadb, pos.GTIDs); err != nil {
		return nil, fmt.Errorf("the stored offset: %w", err)
	}
	if s.gtids.known && r.server.gtids {
		from = s.gtids.from()
	} else {
		from.File, from.Pos = pos.File, pos.Pos
	}
	if s.log, s.wire, err = r.openLog(ctx, from, r.src.ServerID); err != nil {
		return nil, readFailed(err)
	}
	s.prepared = pos.prepared
	r.w.source[sourceSnapshot] = markFalse
	r.src.Log.Info("reading the log", "file", pos.File, "pos", pos.Pos, "gtids", pos.GTIDs, "server_id", r.src.ServerID)
	return s, nil
}

func (s *stream) close() error {
	err := errors.Join(s.log.Close(), s.closeXA())
	if s.catalog != nil {
		err = errors.Join(err, s.catalog.Close())
	}
	return err
}

// readFailed says of an error of the log whether another try may help.
func readFailed(err error) error {
	switch {
	case errors.Is(err, binlog.ErrConnection):
		return &lost{"read the log", err}
	case errors.Is(err, source.ErrOffsetLost):
		return err
	case errors.Is(err, binlog.ErrServerIDInUse):
		return &refused{"read the log", fmt.Errorf("%w; set ServerID to a number that no other replica has", err)}
	}
	return &refused{"read the log", err}
}

// offset is the position to go on from.
func (s *stream) offset() position {
	s.changed = false
	p := s.pos
	p.GTIDs, p.prepared = s.gtids.text(), s.prepared
	if p.annotated = (tailrace.Null[bool]{}); s.server.mariadb && p.Events > 0 {
		p.annotated = tailrace.Some(s.annotated)
	}
	p.transaction, p.counts = s.w.transaction.ID(), s.w.transaction.Counts()
	return p
}

// read adds records to the batch until it is full or would have to wait for
// more; it returns without any where only the position has changed.
func (s *stream) read(ctx context.Context, w *writer) error {
	for {
		if s.arrived != nil {
			if err := s.beginRows(ctx, w, s.arrived); err != nil {
				return err
			}
			s.arrived = nil
		}
		if s.plan != nil {
			if err := s.readRows(ctx, w); err != nil {
				return err
			}
		}
		if s.atRest() {
			if err := s.attend(ctx, w); err != nil {
				return err
			}
		}
		if w.full(s.src) || (len(w.records) > 0 || s.changed && s.atRest()) && !s.atHand() || len(s.asked.Blocking) > 0 && s.atRest() {
			return nil
		}
		if s.beatIsDue() {
			if err := s.heartbeat(ctx, w); err != nil {
				return err
			}
			continue
		}
		ev, err := s.again, error(nil)
		if ev == nil {
			ev, err = s.next(ctx)
		}
		if ev == nil && err == nil {
			continue
		}
		if err != nil {
			if end := ended(ctx); end != nil {
				return end
			}
			return readFailed(err)
		}
		if err := s.event(ctx, w, ev); err != nil {
			s.again = ev
			return err
		}
		s.again = nil
	}
}

// atHand says whether more of the log has come already.
func (s *stream) atHand() bool {
	return s.log.Buffered() || s.wire.recordAtHand()
}

// atRest says that all transactions that have begun have been read.
func (s *stream) atRest() bool { return !s.in && !s.began && !s.resuming }

// event reads one event.
func (s *stream) event(ctx context.Context, w *writer, ev *binlog.Event) (err error) {
	if s.replay != nil {
		return s.replayEvent(ev)
	}
	if ev.File != s.file.Text() {
		s.file = tailrace.String(ev.File)
	}
	defer s.passed(ev)
	if ev.Artificial() {
		return s.artificial(ev)
	}
	if s.counts {
		s.pos.Events, s.pos.Rows, s.counts = s.pos.Events+1, 0, false
	}
	switch ev.Type {
	case binlog.TableMapEvent:
		_, err = s.maps.Map(ev)
	case binlog.QueryEvent, binlog.MariaQueryCompressedEvent:
		err = s.query(ctx, w, ev)
	case binlog.XIDEvent:
		s.end(ev)
	case binlog.GTIDEvent, binlog.AnonymousGTIDEvent, binlog.GTIDTaggedEvent:
		return s.beginGTID(w, ev)
	case binlog.MariaGTIDEvent:
		err = s.beginMariaGTID(w, ev)
	case binlog.FormatEvent:
		s.maps.Reset() // the server has started anew, and its numbers with it
		return nil
	case binlog.RotateEvent:
		return s.rotate(ev)
	case binlog.PreviousGTIDsEvent, binlog.MariaGTIDListEvent:
		return s.gtids.learn(ev)
	case binlog.RowsQueryEvent, binlog.MariaAnnotateRowsEvent:
		err = s.statement(w, ev)
	case binlog.XAPrepareEvent:
		return s.prepareXA(ctx, ev)
	case binlog.IncidentEvent:
		return &refused{"read the log", ev.Incident()}
	case binlog.ExecuteLoadQueryEvent, binlog.BeginLoadQueryEvent:
		return fmt.Errorf("the log has a LOAD DATA as a statement at %s:%d, and not the rows that it changed: set binlog_format=ROW", ev.File, ev.Start)
	default:
		if ev.Type.IsRows() {
			s.arrived, s.counts, s.pos.Rows = ev, s.xa == nil, 0
			return nil
		}
	}
	if s.in && s.xa == nil && s.replay == nil && (s.annotated || ev.Type != binlog.MariaAnnotateRowsEvent) {
		s.pos.Events++
	}
	return err
}

// artificial is for events that are not in the log: the server names the file
// that it reads, or says how far it has come.
func (s *stream) artificial(ev *binlog.Event) error {
	switch ev.Type {
	case binlog.RotateEvent:
		r, err := ev.Rotate()
		if err != nil {
			return &refused{"read the log", err}
		}
		s.file = tailrace.String(r.File)
	case binlog.HeartbeatEvent, binlog.HeartbeatEventV2:
		if s.atRest() && ev.File == s.pos.File && ev.End > s.pos.Pos {
			s.pos.Pos = ev.End
		}
	}
	return nil
}

// rotate goes on to another file of the log.
func (s *stream) rotate(ev *binlog.Event) error {
	r, err := ev.Rotate()
	if err != nil {
		return &refused{"read the log", err}
	}
	if s.moved && s.atRest() {
		s.pos.File, s.pos.Pos, s.changed = r.File, r.Pos, true
	}
	return nil
}

// beginGTID begins a transaction, or what stands alone as one.
func (s *stream) beginGTID(w *writer, ev *binlog.Event) error {
	g, err := ev.GTID()
	if err != nil {
		return &refused{"read the log", err}
	}
	s.pos.File, s.pos.Pos, s.pos.Events, s.pos.Rows = ev.File, ev.Start, 0, 0
	s.began, s.in, s.moved, s.commit = true, false, true, int64(g.OriginalCommit)
	s.pending = pendingGTID{}
	w.source[sourceGTID] = tailrace.Value{}
	s.unwanted = !s.sel.allGTIDs() && !s.src.GTIDAllRows && !g.Anonymous && !s.sel.gtids.Includes(g.Source.String())
	if !g.Anonymous {
		s.pending = pendingGTID{there: true, uuid: g.Source, tag: g.Tag, number: g.Number}
		var buf [96]byte
		w.source[sourceGTID] = w.slab.CopyString(g.Append(buf[:0]))
	}
	return nil
}

// beginMariaGTID begins a transaction of MariaDB, which has no BEGIN.
func (s *stream) beginMariaGTID(w *writer, ev *binlog.Event) error {
	g, err := ev.MariaGTID()
	if err != nil {
		return &refused{"read the log", err}
	}
	s.begin(ev)
	s.commit = 0
	s.pending = pendingGTID{there: true, domain: g.Domain, server: g.Server, number: int64(g.Number)}
	s.began, s.in = g.Standalone, !g.Standalone
	if g.Prepare {
		s.xa = &preparedXA{XID: mariaXID(g.XID), File: s.pos.File, Pos: s.pos.Pos, GTIDs: s.gtids.text(), Empty: true}
	}
	var buf [64]byte
	w.source[sourceGTID] = w.slab.CopyString(g.Append(buf[:0]))
	if s.in && s.xa == nil {
		s.tellBegin(w, ev)
	}
	return nil
}

// begin is the beginning of a transaction's events; it is the first of those
// that are counted.
func (s *stream) begin(ev *binlog.Event) {
	if !s.began {
		s.pos.File, s.pos.Pos = ev.File, ev.Start
	}
	s.in, s.began, s.moved, s.xa = true, false, true, nil
	s.pos.Events, s.pos.Rows = 0, 0
}

// end is the end of a transaction, or of a statement that stands alone: from
// behind it on, another stream could begin.
func (s *stream) end(ev *binlog.Event) {
	if s.tellEnd(s.w, ev); s.in {
		s.meter.Stream.Transactions++
	}
	s.gtids.add(s.pending)
	s.pending = pendingGTID{}
	s.in, s.began, s.xa, s.resuming, s.counts, s.annotated = false, false, nil, false, false, false
	s.pos.File, s.pos.Pos, s.pos.Events, s.pos.Rows = ev.File, ev.End, 0, 0
	s.pos.ServerID = ev.ServerID
	s.commit, s.changed = 0, true
	s.previous = [2]tailrace.Value{s.w.source[sourceGTID], s.w.source[sourceThread]}
	s.w.source[sourceGTID], s.w.source[sourceQuery], s.w.source[sourceThread] = tailrace.Value{}, tailrace.Value{}, tailrace.Value{}
}

// statement keeps the text of the statement whose rows follow.
func (s *stream) statement(w *writer, ev *binlog.Event) error {
	if !s.src.IncludeQuery {
		return nil
	}
	text, err := ev.RowsQuery()
	if err != nil {
		return &refused{"read the log", err}
	}
	w.source[sourceQuery] = w.slab.CopyString(text)
	return nil
}

// stampOf sets when and where the changes of an event happened.
func (s *stream) stampOf(w *writer, ev *binlog.Event) {
	s.micros = s.commit
	if s.micros == 0 {
		s.micros = int64(ev.Time) * 1e6
	}
	w.stamp(s.micros)
	w.place(s.file, ev.Start)
	w.source[sourceServerID] = tailrace.Int64(int64(ev.ServerID))
	s.pos.Seconds, s.pos.ServerID = floorDiv(s.micros, 1e6), ev.ServerID
}

// beginRows prepares the reading of an event's rows. Those of tables that are
// not captured, or that an earlier stream has read, are passed over. When ctx
// ends it, another call goes on.
func (s *stream) beginRows(ctx context.Context, w *writer, ev *binlog.Event) error {
	rows, err := s.maps.Rows(ev)
	if err != nil {
		return &refused{"read the log", err}
	}
	if s.unwanted || s.resuming && s.pos.Events < s.skip.Events && s.xa == nil {
		return nil
	}
	plan, err := s.planOf(ctx, rows.Table)
	if err != nil {
		return fmt.Errorf("rows at %s:%d: %w", ev.File, ev.Start, err)
	}
	if plan.table == nil {
		s.meter.Stream.Filtered++
		return nil
	}
	if s.xa != nil {
		s.xa.Empty = false
		return nil
	}
	s.rows, s.plan = rows, plan
	if s.resuming && s.pos.Events == s.skip.Events {
		for s.pos.Rows < s.skip.Rows && s.rows.More() {
			if err := s.rows.Decode(plan.rows, &w.slab, nil, nil); err != nil {
				return &refused{"read the log", err}
			}
			s.pos.Rows++
		}
	}
	w.source[sourceDB], w.source[sourceTable] = plan.table.db, plan.table.name
	if s.replay != nil { // when it was committed, and where the rows are
		s.stampOf(w, &s.replay.commit)
		w.place(w.slab.CopyString([]byte(ev.File)), ev.Start)
		return nil
	}
	s.stampOf(w, ev)
	return nil
}

// readRows makes records of the event's rows, until the batch is full.
func (s *stream) readRows(ctx context.Context, w *writer) error {
	t := s.plan.table
	n := len(t.columns)
	for s.rows.More() {
		if w.full(s.src) {
			return nil
		}
		w.begin()
		var before, after []tailrace.Value
		if s.rows.Kind != binlog.Inserted {
			before = w.slab.Values(n)
		}
		if s.rows.Kind != binlog.Deleted {
			after = w.slab.Values(n)
		}
		at := s.rows
		if err := s.rows.Decode(s.plan.rows, &w.slab, before, after); err != nil {
			return &refused{"read the log", err}
		}
		s.plan.finish(w, before)
		s.plan.finish(w, after)
		w.source[sourceRow] = tailrace.Int32(int32(s.pos.Rows))
		s.pos.Rows++
		s.seen(t, before, after)
		kind, visible := t.current(s.rows.Kind, before, after)
		if !visible {
			continue
		}
		if s.reselects(t, kind, before, after) {
			if err := s.anew.complete(ctx, &w.slab, s.plan, at, after); err != nil {
				s.rows = at // another call reads the row
				s.pos.Rows--
				return err
			}
		}
		if t.id == s.sel.signals && kind != binlog.Updated {
			row, gone := after, kind == binlog.Deleted
			if gone {
				row = before
			}
			if err := s.signalled(ctx, w, t, row, gone); err != nil {
				return err
			}
			w.source[sourceDB], w.source[sourceTable] = t.db, t.name
		}
		switch kind {
		case binlog.Inserted:
			s.created(w, t, after)
		case binlog.Updated:
			s.updated(w, t, before, after)
		case binlog.Deleted:
			s.deleted(w, t, before)
		}
	}
	s.plan = nil
	return nil
}

// reselects says whether columns of the new row may be read anew: not of one of
// which no record is made.
func (s *stream) reselects(t *table, kind binlog.RowsKind, before, after []tailrace.Value) bool {
	switch {
	case s.anew == nil || kind == binlog.Deleted || t.id == s.sel.signals:
		return false
	case kind == binlog.Inserted:
		return !slices.Contains(s.src.Skip, tailrace.OpCreate)
	case s.src.SkipUnchanged && slices.EqualFunc(before, after, tailrace.Value.Equal):
		return false
	}
	return !slices.Contains(s.src.Skip, tailrace.OpUpdate)
}

// wants says whether records are made of an operation, and counts the change
// where they are not.
func (s *stream) wants(op tailrace.Op) bool {
	if slices.Contains(s.src.Skip, op) {
		s.meter.Stream.Skipped++
		return false
	}
	return true
}

func (s *stream) created(w *writer, t *table, after []tailrace.Value) {
	if s.wants(tailrace.OpCreate) {
		s.meter.Stream.Created++
		w.add(t, opCreate, t.keyOf(&w.slab, after), tailrace.Value{}, t.value(&w.slab, after), w.block(), w.headers)
	}
}

func (s *stream) deleted(w *writer, t *table, before []tailrace.Value) {
	if s.wants(tailrace.OpDelete) {
		s.meter.Stream.Deleted++
		key := t.keyOf(&w.slab, before)
		w.add(t, opDelete, key, t.value(&w.slab, before), tailrace.Value{}, w.block(), w.headers)
		w.tombstone(t, key, w.headers)
	}
}

// updated makes one record or, where the row's key has changed, a delete of the
// old key and a create of the new one, each with the other key in a header.
func (s *stream) updated(w *writer, t *table, before, after []tailrace.Value) {
	if !s.wants(tailrace.OpUpdate) {
		return
	}
	t.completeKey(before, after)
	was, is := t.value(&w.slab, before), t.value(&w.slab, after)
	if s.src.SkipUnchanged && was.Equal(is) {
		s.meter.Stream.Unchanged++
		return
	}
	if !t.movedKey(before, after) {
		s.meter.Stream.Updated++
		w.add(t, opUpdate, t.keyOf(&w.slab, after), was, is, w.block(), w.headers)
		return
	}
	old, now := t.keyOf(&w.slab, before), t.keyOf(&w.slab, after)
	headers := func(name string, key tailrace.Value) []tailrace.Header {
		return append([]tailrace.Header{{Key: name, Schema: t.keySchema, Value: key}}, w.headers...)
	}
	left := headers("__debezium.newkey", now)
	s.meter.Stream.Deleted, s.meter.Stream.Created = s.meter.Stream.Deleted+1, s.meter.Stream.Created+1
	block := w.block()
	w.add(t, opDelete, old, was, tailrace.Value{}, block, left)
	w.tombstone(t, old, left)
	w.add(t, opCreate, now, tailrace.Value{}, is, block, headers("__debezium.oldkey", old))
}

// movedKey says whether the row has another key than before.
func (t *table) movedKey(before, after []tailrace.Value) bool {
	for _, i := range t.key {
		if !before[i].Equal(after[i]) && !after[i].IsUnchanged() && !before[i].IsUnchanged() {
			return true
		}
	}
	return false
}
