package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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
	xmin time.Time // when the field xmin is asked for next

	in    bool         // within a transaction
	first pgoutput.LSN // where its changes begin
	lsn   pgoutput.LSN // of the last change

	relations  map[uint32]*table // nil for those that are not captured
	identities map[uint32]replica
	passedBy   map[uint32]*pgoutput.Message // what the log has said of tables that are not captured

	described *described
	window    window   // of the incremental snapshot's chunk
	recent    []uint32 // transactions that the log has given, and that statements may not see yet
	recounted bool     // what is read now was read before, and is let go

	leftOut map[tailrace.Op]bool
	pending *pgoutput.Message     // that another call has to read
	bad     []*source.RecordError // of what was read and could not be made records
	held    bool                  // what is pending has not been read: something else is to be given before
}

// beginStream opens the log behind the reader's position.
func (r *reader) beginStream(ctx context.Context, fresh bool) error {
	s := &stream{reader: r, pos: r.pos, skip: r.pos, changed: fresh, relations: map[uint32]*table{},
		identities: map[uint32]replica{}, passedBy: map[uint32]*pgoutput.Message{}, beat: time.Now().Add(r.src.Heartbeat)}
	s.pos.foreign = false
	if r.pos.XID != 0 {
		s.ended(r.pos.XID)
	}
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
		log, err := pgoutput.Start(ctx, conn, statement, pgoutput.Options{Parallel: r.src.Streaming == StreamingParallel, StatusEvery: r.src.StatusInterval})
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
	if s.Binary {
		options += ", binary 'true'"
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
		if len(s.bad) > 0 && len(w.records) == 0 {
			err := s.bad[0]
			s.bad = s.bad[1:]
			return err
		}
		full := len(s.bad) > 0 || w.full(s.src) || len(w.records) > 0 && s.pending == nil && !s.log.Buffered()
		if full && !s.begun(w) {
			return nil
		}
		if s.atRest() && s.pending == nil {
			n := len(w.records)
			if err := s.attend(ctx, w); err != nil {
				return err
			}
			if len(w.records) > n || s.held {
				s.held = false
				continue
			}
			if len(s.asked.Blocking) > 0 {
				return nil
			}
		}
		if s.beatIsDue() {
			if err := s.heartbeat(ctx, w); err != nil {
				return err
			}
			continue
		}
		m, err := s.next(ctx)
		if err == nil && m == nil && !s.restIsOver() {
			continue
		}
		if err != nil || m == nil {
			return err
		}
		s.pending = m
		if err := s.message(ctx, w, m); err != nil {
			return err
		}
		if s.held {
			if s.held = false; len(s.bad) == 0 {
				return nil
			}
			continue
		}
		s.pending = nil
	}
}

// atRest says that all transactions that have begun have been read.
func (s *stream) atRest() bool { return !s.in && s.pos.Commit == 0 && !s.skip.foreign }

// restIsOver says whether a position is to be given without records.
func (s *stream) restIsOver() bool {
	return s.changed && !s.in && !time.Now().Before(s.given.Add(restPause))
}

// next gives the next message, or none where something else is to be done: a
// position is to be given instead, a heartbeat is due, a signal has come, or it
// is time to look after an incremental snapshot.
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
	listening := len(s.src.Signals) > 0 && s.atRest()
	if snap := &s.asked.Incremental; s.atRest() && (snap.Due() || snap.Open() && !s.writes()) && (until.IsZero() || s.window.again.Before(until)) {
		until = s.window.again
	}
	if until.IsZero() && !listening || s.log.Buffered() {
		return s.received(s.log.Next(ctx))
	}
	if !until.IsZero() && !time.Now().Before(until) {
		return nil, nil
	}
	short, cancel := ctx, func() {}
	if listening {
		short, cancel = s.asked.Waiting(ctx)
	}
	defer cancel()
	if !until.IsZero() {
		var stop context.CancelFunc
		short, stop = context.WithDeadline(short, until)
		defer stop()
	}
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
			if err := s.change(ctx, w, m); err != nil {
				return err
			}
			if s.asked.Incremental.Open() && !s.held {
				s.seen(m)
			}
		case s.partly && w.transactions != "":
			return s.recount(w, func() error { return s.change(ctx, w, m) })
		}
	case pgoutput.Begin:
		if err := s.readXmin(ctx, w); err != nil {
			return err
		}
		s.begin(w, m)
	case pgoutput.Commit:
		s.end(w, m)
	case pgoutput.Relation:
		return s.relation(ctx, m)
	case pgoutput.Logical:
		s.logical(w, m)
	case pgoutput.Origin:
		w.source[sourceOrigin], w.source[sourceOriginLSN] = tailrace.String(string(m.Prefix)), tailrace.Int64(int64(m.LSN))
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

// readXmin asks for the field xmin, if it is time to.
func (s *stream) readXmin(ctx context.Context, w *writer) error {
	if s.src.XminInterval == 0 {
		return nil
	}
	now := time.Now()
	if now.Before(s.xmin) {
		return nil
	}
	c, err := s.ask(ctx)
	if err != nil {
		return err
	}
	text, there, err := c.value(ctx, "SELECT coalesce(xmin, catalog_xmin) FROM pg_catalog.pg_replication_slots WHERE slot_name = "+quoteText(s.src.Slot))
	if err != nil {
		return fmt.Errorf("ask for the xmin of the slot %s: %w", s.src.Slot, err)
	}
	w.source[sourceXmin] = tailrace.Value{}
	if xmin, err := strconv.ParseInt(text, 10, 64); there && err == nil {
		w.source[sourceXmin] = tailrace.Int64(xmin)
	}
	s.xmin = now.Add(s.src.XminInterval)
	return nil
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
	if s.in, s.passing = false, false; s.listens() {
		s.ended(s.pos.XID)
	}
	s.meter.Stream.Transactions++
	s.lastXID = s.pos.XID
	s.pos.Commit, s.pos.Changes = 0, 0
	if s.skip.foreign = s.skip.foreign && s.pos.XID != s.skip.XID; !s.skip.foreign {
		s.pos.LSN, s.changed = m.End, true
	}
}
