package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// stream reads the log and makes records of the changes of captured tables. It
// always knows a position from which another stream could go on: behind the
// last transaction, and how many changes of the next one have been read.
type stream struct {
	*reader
	log *changeLog

	pos     position
	changed bool      // the position is another than that of the last batch
	given   time.Time // when a position without records was given last

	skip    position // what an earlier stream has read
	passing bool     // the transaction was read by an earlier stream
	found   bool     // Debezium's last change was passed in it
	partly  bool     // an earlier stream has read some of it, and told of its beginning

	beat time.Time // when the next heartbeat is due

	in    bool         // within a transaction
	first pgoutput.LSN // where its changes begin
	lsn   pgoutput.LSN // of the last change

	relations map[uint32]*table // nil for those that are not captured
	anew      *reselect         // reads columns anew; nil for none
	leftOut   map[tailrace.Op]bool
	pending   *pgoutput.Message // that another call has to read
	bad       *source.RecordError
}

// beginStream opens the log behind the reader's position.
func (r *reader) beginStream(ctx context.Context, fresh bool) error {
	s := &stream{reader: r, pos: r.pos, skip: r.pos, changed: fresh, relations: map[uint32]*table{}, anew: r.anew, beat: time.Now().Add(r.src.Heartbeat)}
	s.pos.foreign = false
	s.leftOut = make(map[tailrace.Op]bool, len(r.src.Skip))
	for _, op := range r.src.Skip {
		s.leftOut[op] = true
	}
	version, err := r.serverVersion(ctx)
	if err != nil {
		return err
	}
	statement := fmt.Sprintf("START_REPLICATION SLOT %s LOGICAL %s (%s)", quoteName(r.src.Slot), s.from(), r.src.streamOptions(version))
	err = r.untilFree(ctx, func() error {
		c, err := r.replication(ctx)
		if err != nil {
			return err
		}
		conn, err := pgoutput.Take(c.conn)
		if err != nil {
			return err
		}
		log, err := pgoutput.Start(ctx, conn, statement, r.src.Streaming == StreamingParallel)
		if err != nil {
			return errors.Join(err, conn.Close())
		}
		s.log = &changeLog{in: log, inParts: r.src.Streaming != StreamingOff, spool: newSpool(r.src.StreamMemory, r.src.StreamDir)}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the slot %s: %w", r.src.Slot, lostBy(err))
	}
	r.mu.Lock()
	r.stream = s
	r.mu.Unlock()
	r.src.Log.Info("reading the log", "slot", r.src.Slot, "lsn", r.pos.LSN.String())
	return nil
}

// streamOptions are those of START_REPLICATION, with the newest version of the
// protocol that the server speaks.
func (s *Source) streamOptions(version int) string {
	protocol := 1
	switch {
	case version >= versionParallel:
		protocol = 4
	case version >= versionTwoPhase:
		protocol = 3
	case version >= versionStreaming:
		protocol = 2
	}
	options := fmt.Sprintf("proto_version '%d', publication_names %s", protocol, quoteText(quoteName(s.Publication)))
	if version >= versionStreaming {
		options += ", messages 'true'"
	}
	if s.Streaming != StreamingOff {
		options += ", streaming '" + string(s.Streaming) + "'"
	}
	if s.Origin != OriginAny {
		options += ", origin '" + string(s.Origin) + "'"
	}
	return options
}

// from is where the server has to begin: of Debezium's positions behind a
// change, where the slot is.
func (s *stream) from() pgoutput.LSN {
	if s.skip.foreign {
		return 0
	}
	return s.skip.LSN
}

// The server's codes for a slot that cannot be read.
const (
	codeInUse       = "55006"
	codeNotThere    = "42704"
	codeLogIsGone   = "58P01"
	codeInvalidated = "55000"
)

func lostBy(err error) error {
	switch codeOf(err) {
	case codeNotThere, codeLogIsGone, codeInvalidated:
		return fmt.Errorf("%w: %w", source.ErrOffsetLost, err)
	}
	return err
}

func (r *reader) serverVersion(ctx context.Context) (int, error) {
	c, err := r.ask(ctx)
	if err != nil {
		return 0, err
	}
	text, _, err := c.value(ctx, "SHOW server_version_num")
	if err != nil {
		return 0, fmt.Errorf("ask the server's version: %w", err)
	}
	var n int
	_, err = fmt.Sscan(text, &n)
	return n, err
}

// untilFree does what needs the slot, and waits as long as another connection
// has it, which may be one of an earlier reader that is about to end.
func (r *reader) untilFree(ctx context.Context, do func() error) error {
	const pause = 100 * time.Millisecond
	until := time.Now().Add(r.src.SlotWait)
	for {
		err := do()
		if codeOf(err) != codeInUse {
			return err
		}
		if time.Now().After(until) {
			holder := "somebody"
			if c, err := r.ask(ctx); err == nil {
				if sl, err := r.src.readSlot(ctx, c, versionOldest); err == nil && sl != nil && sl.holder != "" {
					holder = sl.holder
				}
			}
			return fmt.Errorf("%w; after %s it is still in use by %s: stop that, or set Slot to another name", err, r.src.SlotWait, holder)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// offset is the position to go on from.
func (s *stream) offset() position {
	s.changed, s.given = false, time.Now()
	return s.pos
}

// restPause is how long a position without records waits, so that a busy server
// whose changes are not captured does not have one stored for each of them.
const restPause = time.Second

// read adds records to the batch until it is full or would have to wait for
// more; it returns without any where only the position has changed.
func (s *stream) read(ctx context.Context, w *writer) error {
	for {
		if s.bad != nil && len(w.records) == 0 {
			err := s.bad
			s.bad = nil
			return err
		}
		full := s.bad != nil || w.full(s.src) || len(w.records) > 0 && s.pending == nil && !s.log.Buffered()
		if full && !s.begun(w) {
			return nil
		}
		if s.beatIsDue() {
			if err := s.heartbeat(ctx, w); err != nil {
				return err
			}
			continue
		}
		m, err := s.next(ctx)
		if err == nil && m == nil && s.beatIsDue() {
			continue
		}
		if err != nil || m == nil {
			return err
		}
		s.pending = m
		if err := s.message(ctx, w, m); err != nil {
			return err
		}
		s.pending = nil
	}
}

// next gives the next message, or none where a position is to be given instead.
func (s *stream) next(ctx context.Context) (*pgoutput.Message, error) {
	if s.pending != nil {
		return s.pending, nil
	}
	var until time.Time
	if s.changed && !s.in {
		until = s.given.Add(restPause)
	}
	if s.src.Heartbeat > 0 && (until.IsZero() || s.beat.Before(until)) {
		until = s.beat
	}
	if until.IsZero() || s.log.Buffered() {
		return s.received(s.log.Next(ctx))
	}
	if !time.Now().Before(until) {
		return nil, nil
	}
	short, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	m, err := s.log.Next(short)
	if err != nil && short.Err() != nil && ctx.Err() == nil {
		return nil, nil
	}
	return s.received(m, err)
}

func (s *stream) received(m *pgoutput.Message, err error) (*pgoutput.Message, error) {
	if err != nil {
		return nil, lostBy(err)
	}
	return m, nil
}

// message reads one message.
func (s *stream) message(ctx context.Context, w *writer, m *pgoutput.Message) error {
	switch m.Kind {
	case pgoutput.Insert, pgoutput.Update, pgoutput.Delete, pgoutput.Truncate:
		switch read := s.count(m.Start); {
		case read:
			return s.change(ctx, w, m)
		case s.partly && w.transactions != "":
			return s.recount(w, func() error { return s.change(ctx, w, m) })
		}
	case pgoutput.Begin:
		s.begin(w, m)
	case pgoutput.Commit:
		s.end(w, m)
	case pgoutput.Relation:
		return s.relation(ctx, m)
	case pgoutput.Logical:
		s.logical(w, m)
	case pgoutput.Origin:
		w.source[sourceOrigin], w.source[sourceOriginLSN] = w.slab.CopyString(m.Prefix), tailrace.Int64(int64(m.LSN))
	case pgoutput.Keepalive:
		if !s.in && m.Start > s.pos.LSN && !s.skip.foreign {
			s.pos.LSN, s.changed = m.Start, true
		}
	}
	return nil
}

// begin begins a transaction, all of whose changes follow.
func (s *stream) begin(w *writer, m *pgoutput.Message) {
	s.in, s.first, s.lsn = true, m.Start, 0
	s.pos.Commit, s.pos.Changes, s.pos.XID, s.pos.Micros = m.LSN, 0, m.XID, m.Time
	w.source[sourceXID] = tailrace.Int64(int64(m.XID))
	w.source[sourceOrigin], w.source[sourceOriginLSN] = tailrace.Value{}, tailrace.Value{}
	w.stamp(m.Time)
	s.found = false
	// Debezium has read all that comes before its last change's transaction.
	s.passing = s.skip.foreign || s.skip.Commit > m.LSN || s.skip.Commit == m.LSN && s.skip.Changes > 0
	s.partly = s.passing && (s.skip.Commit == m.LSN || s.skip.foreign && s.skip.XID == m.XID)
	s.tellBegin(w, m)
}

// count counts a change, and says whether it is to be read.
func (s *stream) count(lsn pgoutput.LSN) bool {
	s.pos.Changes++
	if !s.passing {
		return true
	}
	switch {
	case !s.skip.foreign:
		return s.pos.Commit == s.skip.Commit && s.pos.Changes > s.skip.Changes
	case s.pos.XID != s.skip.XID || lsn < s.skip.LSN:
		return false
	case lsn == s.skip.LSN && !s.found:
		s.found = true // of several changes at one place the first was read for certain
		return false
	}
	return true
}

// end is the end of a transaction: behind it another stream could begin.
func (s *stream) end(w *writer, m *pgoutput.Message) {
	s.tellEnd(w, m)
	s.in, s.passing = false, false
	s.pos.Commit, s.pos.Changes = 0, 0
	if s.skip.foreign = s.skip.foreign && s.pos.XID != s.skip.XID; !s.skip.foreign {
		s.pos.LSN, s.changed = m.End, true
	}
}

// change makes records of a change. When ctx ends it, the change has not been
// read.
func (s *stream) change(ctx context.Context, w *writer, m *pgoutput.Message) error {
	if m.Kind == pgoutput.Truncate {
		s.truncate(w, m)
		return nil
	}
	t := s.relations[m.Table]
	if t == nil {
		return nil
	}
	if m.Kind == pgoutput.Insert && s.leftOut[tailrace.OpCreate] || m.Kind == pgoutput.Delete && s.leftOut[tailrace.OpDelete] {
		return nil
	}
	w.begin()
	before, after, err := s.decode(w, t, m)
	if err != nil {
		s.bad = &source.RecordError{Record: tailrace.Record{Topic: t.topic}, Err: fmt.Errorf("at %s: %w", m.Start, err)}
		return nil
	}
	if s.reselects(t, m, before, after) {
		switch err := s.anew.complete(ctx, &w.slab, t, m.New, after); {
		case errors.As(err, &s.bad):
			return nil
		case err != nil:
			s.pos.Changes-- // another call reads it
			return err
		}
	}
	s.place(w, t, m.Start)
	switch m.Kind {
	case pgoutput.Insert:
		w.add(t, opCreate, t.keyOf(&w.slab, after), tailrace.Value{}, t.value(&w.slab, after), w.block(), w.headers)
	case pgoutput.Update:
		s.updated(w, t, before, after, m.Replaced == 'O')
	case pgoutput.Delete:
		key := t.keyOf(&w.slab, before)
		w.add(t, opDelete, key, t.value(&w.slab, before), tailrace.Value{}, w.block(), w.headers)
		w.tombstone(t, key, w.headers)
	}
	return nil
}

// reselects says whether columns of the new row may be read anew: not of one of
// which no record is made.
func (s *stream) reselects(t *table, m *pgoutput.Message, before, after []tailrace.Value) bool {
	switch {
	case s.anew == nil || m.Kind == pgoutput.Delete:
		return false
	case m.Kind == pgoutput.Insert:
		return true
	case before != nil && t.movedKey(before, after):
		return !s.leftOut[tailrace.OpCreate]
	case s.src.SkipUnchanged && m.Replaced == 'O' && slices.EqualFunc(before, after, tailrace.Value.Equal):
		return false
	}
	return !s.leftOut[tailrace.OpUpdate]
}

func (s *stream) decode(w *writer, t *table, m *pgoutput.Message) (before, after []tailrace.Value, err error) {
	if m.Replaced != 0 {
		if before, err = t.decode(&w.slab, m.Old); err != nil {
			return nil, nil, err
		}
		t.fill(before)
	}
	if m.Kind == pgoutput.Delete {
		return before, nil, nil
	}
	if after, err = t.decode(&w.slab, m.New); err != nil {
		return nil, nil, err
	}
	if m.Replaced == 'O' {
		for i := range after {
			if after[i].IsUnchanged() {
				after[i] = before[i] // the old row has all
			}
		}
	}
	return before, after, nil
}

// place sets where the change is.
func (s *stream) place(w *writer, t *table, lsn pgoutput.LSN) {
	w.source[sourceSchema], w.source[sourceTable] = t.namespace, t.name
	w.place(s.first, lsn)
	if t := time.UnixMicro(s.pos.Micros); t.After(w.newest) {
		w.newest = t
	}
}

// updated makes one record or, where the row's key has changed, a delete of the
// old key and a create of the new one, each with the other key in a header.
// full says that the old row is there with all its columns.
func (s *stream) updated(w *writer, t *table, before, after []tailrace.Value, full bool) {
	if before == nil || !t.movedKey(before, after) {
		if !s.leftOut[tailrace.OpUpdate] {
			key, was, is := t.keyOf(&w.slab, after), tailrace.Value{}, t.value(&w.slab, after)
			if before != nil {
				was = t.value(&w.slab, before)
			}
			if s.src.SkipUnchanged && full && was.Equal(is) {
				return
			}
			w.add(t, opUpdate, key, was, is, w.block(), w.headers)
		}
		return
	}
	old, now := t.keyOf(&w.slab, before), t.keyOf(&w.slab, after)
	headers := func(name string, key tailrace.Value) []tailrace.Header {
		return append([]tailrace.Header{{Key: name, Schema: t.keySchema, Value: key}}, w.headers...)
	}
	block := w.block()
	if !s.leftOut[tailrace.OpDelete] {
		left := headers("__debezium.newkey", now)
		w.add(t, opDelete, old, t.value(&w.slab, before), tailrace.Value{}, block, left)
		w.tombstone(t, old, left)
	}
	if !s.leftOut[tailrace.OpCreate] {
		w.add(t, opCreate, now, tailrace.Value{}, t.value(&w.slab, after), block, headers("__debezium.oldkey", old))
	}
}

func (s *stream) truncate(w *writer, m *pgoutput.Message) {
	if s.leftOut[tailrace.OpTruncate] {
		return
	}
	for _, oid := range m.Tables {
		if t := s.relations[oid]; t != nil {
			w.begin()
			s.place(w, t, m.Start)
			w.add(t, opTruncate, tailrace.Value{}, tailrace.Value{}, tailrace.Value{}, w.block(), w.headers)
		}
	}
}

// logical makes a record of a message that was put into the log.
func (s *stream) logical(w *writer, m *pgoutput.Message) {
	if m.Transactional() && !s.count(m.Start) {
		if s.partly && w.transactions != "" && s.sel.messages.Includes(string(m.Prefix)) {
			s.w.transaction.Next(&w.slab, inMessages)
		}
		return
	}
	if !m.Transactional() {
		if m.LSN < s.pos.LSN {
			return
		}
		if !s.in { // all that was committed before it has been read
			s.pos.LSN, s.changed = m.LSN+1, true
		}
	}
	if !s.sel.messages.Includes(string(m.Prefix)) {
		return
	}
	w.begin()
	first, xid := s.first, w.source[sourceXID]
	if !m.Transactional() {
		first, w.source[sourceXID] = m.Start, tailrace.Value{}
	}
	w.source[sourceSchema], w.source[sourceTable] = tailrace.String(""), tailrace.String("")
	if w.source[sourceMillis].IsNull() {
		w.stamp(time.Now().UnixMicro()) // no transaction has told the time
	}
	w.place(first, m.Start)
	w.message(s.messages, m.Transactional(), m.Prefix, m.Content)
	w.source[sourceXID] = xid
}

// relation learns the form of the rows of a table. When ctx ends it, another
// call goes on.
func (s *stream) relation(ctx context.Context, m *pgoutput.Message) error {
	id := tableID{string(m.Namespace), string(m.Name)}
	if !s.sel.table(id) {
		s.relations[m.Table] = nil
		return nil
	}
	c, err := s.ask(ctx)
	if err != nil {
		return err
	}
	known, err := c.define(ctx, id)
	if err != nil {
		return err
	}
	t, err := s.learn(ctx, c, defined(id, m, known))
	if err != nil {
		return err
	}
	s.relations[m.Table] = t
	return nil
}

// defined gives the definition that a table had when its rows were changed. The
// log has the columns; what it does not have is known of the table as it is now,
// which may be another, or gone.
func defined(id tableID, m *pgoutput.Message, now *definition) *definition {
	d := &definition{id: id}
	for _, c := range m.Columns {
		d.columns = append(d.columns, columnDefinition{name: string(c.Name), typ: c.Type, modifier: c.Modifier})
	}
	has := func(name string) int {
		return slices.IndexFunc(d.columns, func(c columnDefinition) bool { return c.name == name })
	}
	if now != nil {
		for _, c := range now.columns {
			if i := has(c.name); i >= 0 && d.columns[i].typ == c.typ {
				d.columns[i].required, d.columns[i].identity, d.columns[i].def = c.required, c.identity, c.def
			}
		}
		if !slices.ContainsFunc(now.key, func(name string) bool { return has(name) < 0 }) {
			d.key = now.key
			return d
		}
	}
	if m.Identity != 'f' {
		for i, c := range m.Columns {
			if c.InKey {
				d.key = append(d.key, d.columns[i].name)
				d.columns[i].required = true
			}
		}
	}
	return d
}
