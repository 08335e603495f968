package mysql

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

// preparedXA is an XA transaction that the log has as prepared, and of which it
// does not say yet whether it is committed. Its rows take effect with the
// commit: then they are read again from here.
type preparedXA struct {
	XID  string `json:"xid"`
	File string `json:"file"`
	Pos  uint64 `json:"pos"`

	// GTID is its own one, of MySQL; GTIDs those before it, of MariaDB.
	GTID  string `json:"gtid,omitempty"`
	GTIDs string `json:"gtids,omitempty"`

	Empty bool `json:"empty,omitempty"` // it has no rows of captured tables
}

// xid is the text of an XID that transactions are known by.
func xid(global, branch []byte, format int64) string {
	return hex.EncodeToString(global) + "," + hex.EncodeToString(branch) + "," + strconv.FormatInt(format, 10)
}

// parseXID reads the XID of a statement, such as X'61',X'62',1. The server
// writes it so; the three parts may be texts in quotes too.
func parseXID(text string) (string, bool) {
	var parts [2][]byte
	for i := range parts {
		text = strings.TrimLeft(text, " \t\r\n,")
		hexadecimal := strings.HasPrefix(text, "X'") || strings.HasPrefix(text, "x'")
		if hexadecimal {
			text = text[1:]
		}
		if !strings.HasPrefix(text, "'") {
			if i == 1 {
				break // there is no branch
			}
			return "", false
		}
		inner, rest, err := cutQuoted(text)
		if err != nil {
			return "", false
		}
		parts[i], text = []byte(inner), rest
		if hexadecimal {
			if parts[i], err = hex.DecodeString(inner); err != nil {
				return "", false
			}
		}
	}
	format := int64(1)
	text = strings.TrimLeft(text, " \t\r\n,")
	end := strings.IndexFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '-' })
	if end < 0 {
		end = len(text)
	}
	if n, err := strconv.ParseInt(text[:end], 10, 64); err == nil {
		format = n
	}
	return xid(parts[0], parts[1], format), true
}

// mariaXID reads the XID that a GTID event of MariaDB has.
func mariaXID(b []byte) string {
	if len(b) < 6 || len(b) < 6+int(b[4])+int(b[5]) {
		return ""
	}
	format := int32(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
	global := b[6 : 6+int(b[4])]
	return xid(global, b[6+int(b[4]):6+int(b[4])+int(b[5])], int64(format))
}

// xaStatement reads a statement that begins with XA.
func (s *stream) xaStatement(ctx context.Context, ev *binlog.Event, words words, text string) error {
	verb := words.at(1)
	_, rest, _ := strings.Cut(text, words[1])
	id, ok := parseXID(rest)
	switch verb {
	case "START", "BEGIN":
		s.begin(ev)
		s.xa = &preparedXA{XID: id, File: s.pos.File, Pos: s.pos.Pos, GTID: s.pending.text(), Empty: true}
		return nil
	case "END":
		return nil
	case "COMMIT":
		if !ok {
			return &refused{"read the log", fmt.Errorf("the XA COMMIT at %s:%d has an XID that cannot be read", ev.File, ev.Start)}
		}
		return s.commitXA(ctx, ev, id)
	case "ROLLBACK":
		s.forgetXA(id)
	}
	s.end(ev)
	return nil
}

// prepareXA is the end of an XA transaction that is prepared, or of one that is
// committed in the same breath.
func (s *stream) prepareXA(ctx context.Context, ev *binlog.Event) error {
	x, err := ev.XAPrepare()
	if err != nil {
		return &refused{"read the log", err}
	}
	p := s.xa
	if p == nil {
		return &refused{"read the log", fmt.Errorf("%s:%d ends an XA transaction that has no beginning", ev.File, ev.Start)}
	}
	p.XID = xid(x.Global, x.Branch, int64(x.Format))
	s.forgetXA(p.XID)
	if x.OnePhase && !p.Empty {
		return s.replayXA(ctx, ev, *p)
	}
	if !x.OnePhase {
		s.prepared = append(s.prepared[:len(s.prepared):len(s.prepared)], *p)
	}
	s.end(ev)
	return nil
}

func (s *stream) findXA(id string) (preparedXA, bool) {
	for _, p := range s.prepared {
		if p.XID == id {
			return p, true
		}
	}
	return preparedXA{}, false
}

// forgetXA makes a new list: offsets have the old one.
func (s *stream) forgetXA(id string) {
	var left []preparedXA
	for _, p := range s.prepared {
		if p.XID != id {
			left = append(left, p)
		}
	}
	s.prepared = left
}

// commitXA is the commit of a prepared transaction, whose rows take effect.
func (s *stream) commitXA(ctx context.Context, ev *binlog.Event, id string) error {
	p, ok := s.findXA(id)
	if !ok {
		// It was prepared before the stream, or the snapshot, began.
		found, err := s.searchXA(ctx, ev, id)
		if err != nil {
			return err
		}
		p = found
	}
	if p.Empty {
		s.forgetXA(id)
		s.end(ev)
		return nil
	}
	return s.replayXA(ctx, ev, p)
}

// replay is the reading of a prepared transaction once more, by a connection of
// its own, while the stream stands at the event that commits it.
type replay struct {
	xa     preparedXA
	commit binlog.Event // without a body

	log  *binlog.Stream // what the stream goes on with
	wire *wire
	maps binlog.Tables

	there bool // the transaction has begun
}

// replayXA begins to read a transaction again.
func (s *stream) replayXA(ctx context.Context, ev *binlog.Event, p preparedXA) error {
	from, err := s.fromXA(&p)
	if err != nil {
		return err
	}
	log, wire, err := s.openLog(ctx, from, secondServerID(s.src.ServerID))
	if err != nil {
		return readFailed(fmt.Errorf("read the XA transaction %s, which is committed at %s:%d, from %s:%d: %w", p.XID, ev.File, ev.Start, p.File, p.Pos, err))
	}
	r := &replay{xa: p, commit: *ev, log: s.log, wire: s.wire, maps: s.maps}
	r.commit.Body = nil
	s.replay, s.log, s.wire, s.maps = r, log, wire, binlog.Tables{Flavor: s.maps.Flavor}
	s.pos.Events, s.pos.Rows, s.counts = 0, 0, false
	s.xa, s.in, s.began = nil, true, false
	s.tellBegin(s.w, &r.commit)
	return nil
}

// secondServerID is the identity of a second connection.
func secondServerID(first uint32) uint32 {
	id := 1<<31 + rand.Uint32N(1<<31-1)
	if id == first {
		id--
	}
	return id
}

// fromXA is where in the log the transaction begins: by GTIDs where there are
// any, for the server may be another than the one that said where.
func (s *stream) fromXA(p *preparedXA) (binlog.From, error) {
	switch {
	case s.gtids.known && s.gtids.mariadb && p.GTIDs != "":
		before, err := binlog.ParseMariaGTIDSet(p.GTIDs)
		return binlog.From{MariaGTIDs: &before}, err
	case s.gtids.known && !s.gtids.mariadb && p.GTID != "":
		own, err := binlog.ParseGTIDSet(p.GTID)
		if err != nil {
			return binlog.From{}, fmt.Errorf("the GTID of the prepared XA transaction %s: %w", p.XID, err)
		}
		others := s.gtids.mysql.Clone()
		others.Subtract(own)
		return binlog.From{GTIDs: &others}, nil
	}
	return binlog.From{File: p.File, Pos: p.Pos}, nil
}

// replayEvent reads an event of the transaction that is read again.
func (s *stream) replayEvent(ev *binlog.Event) (err error) {
	r := s.replay
	if ev.Artificial() {
		return nil
	}
	if !r.there {
		switch began, err := beginsXA(ev, r.xa.XID); {
		case err != nil:
			return &refused{"read the log", err}
		case began:
			r.there = true
		case ev.Type == binlog.FormatEvent:
			s.maps.Reset()
		}
		return nil
	}
	if s.counts {
		s.pos.Events, s.pos.Rows, s.counts = s.pos.Events+1, 0, false
	}
	switch {
	case ev.Type == binlog.TableMapEvent:
		if _, err := s.maps.Map(ev); err != nil {
			return &refused{"read the log", err}
		}
	case ev.Type.IsRows():
		s.arrived, s.counts, s.pos.Rows = ev, true, 0
		return nil
	case ev.Type == binlog.XAPrepareEvent:
		return s.endReplay()
	case ev.Type.IsGTID():
		return &refused{"read the log", fmt.Errorf("the XA transaction %s has no end at %s:%d", r.xa.XID, ev.File, ev.Start)}
	case ev.Type == binlog.RowsQueryEvent, ev.Type == binlog.MariaAnnotateRowsEvent:
		err = s.statement(s.w, ev)
	}
	s.pos.Events++
	return err
}

// beginsXA says whether an event is the first of the XA transaction.
func beginsXA(ev *binlog.Event, id string) (bool, error) {
	switch ev.Type {
	case binlog.MariaGTIDEvent:
		g, err := ev.MariaGTID()
		return err == nil && g.Prepare && mariaXID(g.XID) == id, err
	case binlog.QueryEvent:
		q, err := ev.Query()
		if err != nil || len(q.Text) > 1<<10 {
			return false, err
		}
		words := splitWords(string(q.Text), 1)
		if words.at(0) != "XA" || words.at(1) != "START" && words.at(1) != "BEGIN" {
			return false, nil
		}
		_, rest, _ := strings.Cut(string(q.Text), words[1])
		have, ok := parseXID(rest)
		return ok && have == id, nil
	}
	return false, nil
}

// endReplay goes on behind the event that commits the transaction.
func (s *stream) endReplay() error {
	r := s.replay
	s.replay = nil
	err := s.log.Close()
	s.log, s.wire, s.maps = r.log, r.wire, r.maps
	s.forgetXA(r.xa.XID)
	s.end(&r.commit)
	return err
}

// search looks for where a transaction was prepared, in all of the log that the
// server has before its commit.
type search struct {
	log   *binlog.Stream
	begin binlog.Event // of the transaction that is being read
	xa    bool         // it is the one
	found *preparedXA
}

// searchXA finds a transaction that was prepared before the stream began.
func (s *stream) searchXA(ctx context.Context, commit *binlog.Event, id string) (preparedXA, error) {
	if s.search == nil {
		var files []string
		err := s.ask(ctx, func(c *conn) (err error) {
			files, err = s.server.logs(ctx, c)
			return err
		})
		if err != nil {
			return preparedXA{}, err
		}
		log, _, err := s.openLog(ctx, binlog.From{File: files[0], Pos: firstEvent}, secondServerID(s.src.ServerID))
		if err != nil {
			return preparedXA{}, readFailed(err)
		}
		s.search = &search{log: log}
	}
	for {
		ev, err := s.search.log.Next(ctx)
		if err != nil {
			if end := ended(ctx); end != nil {
				return preparedXA{}, end
			}
			return preparedXA{}, readFailed(err)
		}
		if !(position{File: commit.File, Pos: commit.Start}).after(position{File: ev.File, Pos: ev.Start}) {
			break
		}
		if err := s.search.event(ev, id); err != nil {
			return preparedXA{}, &refused{"read the log", err}
		}
	}
	found, err := s.search.found, s.search.log.Close()
	s.search = nil
	if err != nil {
		return preparedXA{}, err
	}
	if found == nil {
		return preparedXA{}, &refused{"read the log", fmt.Errorf("%w: the XA transaction %s is committed at %s:%d, and was prepared in a part of the log that the server has purged: begin anew with a snapshot",
			source.ErrOffsetLost, id, commit.File, commit.Start)}
	}
	return *found, nil
}

func (f *search) event(ev *binlog.Event, id string) error {
	if ev.Type.IsGTID() {
		f.begin, f.xa = *ev, false
	}
	if began, err := beginsXA(ev, id); err != nil || began {
		f.xa = began
		return err
	}
	if f.xa && ev.Type == binlog.XAPrepareEvent {
		f.found = &preparedXA{XID: id, File: f.begin.File, Pos: f.begin.Start}
	}
	return nil
}

// openLog opens a connection that the log is read by.
func (r *reader) openLog(ctx context.Context, from binlog.From, serverID uint32) (_ *binlog.Stream, w *wire, err error) {
	config := binlog.Config{Addr: r.src.Addr, User: r.src.User, Password: r.src.Password, ServerID: serverID, ConnectTimeout: r.src.ConnectTimeout}
	if r.server.mariadb {
		config.Flavor = binlog.MariaDB
	}
	config.TLS = r.src.upperTLS(r.server.login)
	config.Dial = func(ctx context.Context, network, addr string) (_ net.Conn, err error) {
		if w, err = dialWire(ctx, network, addr); err != nil {
			return nil, err
		}
		return r.src.lower(w, r.server.login), nil
	}
	log, err := binlog.Open(ctx, config, from)
	if err == nil && r.server.login.encrypted {
		w.secured()
	}
	return log, w, err
}

// closeXA closes what is read beside the log.
func (s *stream) closeXA() error {
	var errs []error
	if s.replay != nil {
		errs = append(errs, s.replay.log.Close())
	}
	if s.search != nil {
		errs = append(errs, s.search.log.Close())
	}
	return errors.Join(errs...)
}
