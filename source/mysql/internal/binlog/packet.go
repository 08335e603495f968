package binlog

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/tailrace-io/tailrace/source"
)

const magic = "\xfebin" // what a log file begins with

const maxPacket = 1<<24 - 1 // a packet of this length goes on in the next one

// packet gives the server's next message, in place. One of several packets is
// joined, but only once it is there as a whole, so that a context may end in its
// middle.
func (s *Stream) packet(ctx context.Context) ([]byte, error) {
	if b := s.window.held(); len(b) >= 4 {
		if n := int(b[0]) | int(b[1])<<8 | int(b[2])<<16; n < maxPacket && len(b) >= 4+n {
			return s.takePacket(n)
		}
	}
	s.watch.follow(ctx, s.conn)
	end, parts := 0, 0
	for {
		if err := s.window.need(end+4, s.read); err != nil {
			return nil, err
		}
		h := s.window.held()[end:]
		n := int(h[0]) | int(h[1])<<8 | int(h[2])<<16
		if err := s.window.need(end+4+n, s.read); err != nil {
			return nil, err
		}
		if n < maxPacket && parts == 0 {
			return s.takePacket(n)
		}
		end += 4 + n
		parts++
		if n < maxPacket {
			return s.join(end, parts)
		}
	}
}

func (s *Stream) takePacket(n int) ([]byte, error) {
	b := s.window.held()
	s.window.r += 4 + n
	if b[3] != s.seq {
		return nil, s.outOfSequence(b[3])
	}
	s.seq++
	return b[4 : 4+n], nil
}

// join moves the contents of several packets together, over their headers.
func (s *Stream) join(end, parts int) ([]byte, error) {
	b := s.window.held()[:end]
	s.window.r += end
	to := 4
	for from := 0; from < end; {
		n := int(b[from]) | int(b[from+1])<<8 | int(b[from+2])<<16
		if b[from+3] != s.seq {
			return nil, s.outOfSequence(b[from+3])
		}
		s.seq++
		to += copy(b[to:], b[from+4:from+4+n])
		from += 4 + n
	}
	return b[4:to], nil
}

func (s *Stream) outOfSequence(got uint8) error {
	return fmt.Errorf("%w: the server's packet has the number %d, not %d", ErrMalformed, got, s.seq)
}

// serverError reads an error packet and says what kind of trouble it is.
func serverError(b []byte) error {
	c := cursor{b: b}
	e := &ServerError{Code: c.uint16()}
	if len(c.b) >= 6 && c.b[0] == '#' {
		e.State = string(c.take(6)[1:])
	}
	e.Message = string(c.b)
	switch {
	case strings.Contains(e.Message, "same server_uuid/server_id"):
		return fmt.Errorf("%w; give each its own: %w", ErrServerIDInUse, e)
	case e.lost():
		return fmt.Errorf("%w: %w", source.ErrOffsetLost, e)
	case e.Code == 1053 || e.Code == 1317 || e.Code == 1927 || e.Code == 1152 || e.Code == 1158 || e.Code == 1159 || e.Code == 1160 || e.Code == 1161 || e.Code == 4031:
		// The server shuts down, or an operator or the network ended the connection.
		return fmt.Errorf("%w: %w", ErrConnection, e)
	}
	return e
}

// lost says whether the error is that the server does not have the place in its
// log any more, or never had it. 1236 stands for everything that can go wrong
// with a log, so its text has to be looked at.
func (e *ServerError) lost() bool {
	switch e.Code {
	case 1373, 1789, // no such log; purged GTIDs
		1945, 1955: // MariaDB: a GTID that its log lacks
		return true
	case 1236:
		for _, text := range []string{
			"purged", "Could not find first log file name", "position > file size", "impossible position",
			"is missing the GTID", "Could not find GTID state", "not in the master's binlog", "not in the source's binlog",
			"has more GTIDs than the", "could not find next log", "The slave I/O thread was asked to start from",
		} {
			if strings.Contains(e.Message, text) {
				return true
			}
		}
	}
	return false
}

// header reads an event's header, finds its place, and checks the checksum.
func (s *Stream) header(ev *Event, raw []byte) error {
	if len(raw) < headerSize {
		return fmt.Errorf("%w: the server sent %d bytes where an event has at least %d", ErrMalformed, len(raw), headerSize)
	}
	le := binary.LittleEndian
	size, logPos := le.Uint32(raw[9:]), le.Uint32(raw[13:])
	*ev = Event{
		Type: EventType(raw[4]), Time: le.Uint32(raw), ServerID: le.Uint32(raw[5:]), Flags: le.Uint16(raw[17:]),
		File: s.file, Start: s.pos, End: s.pos, Body: raw[headerSize:],
	}
	if int64(size) != int64(len(raw)) {
		return ev.malformed("its header says %d bytes, the packet has %d", size, len(raw))
	}
	switch {
	case ev.Type == HeartbeatEvent:
		ev.Flags |= flagArtificial
		if ahead := logPos - uint32(s.pos); ahead < 1<<31 {
			ev.End = s.pos + uint64(ahead)
		}
	case ev.Type == HeartbeatEventV2, ev.Type == FormatEvent && (logPos == 0 || s.pos > uint64(len(magic))):
		// A stream that begins within a file gets the file's format first.
		ev.Flags |= flagArtificial
	case ev.Artificial():
	case logPos == 0: // MariaDB from 11.4 on leaves it out within a transaction
		ev.End = s.pos + uint64(size)
	default:
		ev.End = extend(s.pos, logPos)
		ev.Start = ev.End - min(uint64(size), ev.End)
	}
	if !ev.Artificial() {
		s.pos = ev.End
	}
	return s.unseal(ev, raw)
}

// extend makes the 32 bits of a place that an event has 64 of them: the next
// place from pos on that has these bits.
func extend(pos uint64, low uint32) uint64 {
	full := pos&^(1<<32-1) | uint64(low)
	if full < pos {
		full += 1 << 32
	}
	return full
}

// unseal takes the checksum off the event's body, and verifies it.
func (s *Stream) unseal(ev *Event, raw []byte) error {
	const inUse = 1 // a flag that a server sets on its current file's format event, without a new checksum
	sealed := s.checksum
	switch {
	case ev.Type == FormatEvent:
		f, err := ev.Format()
		if err != nil {
			return err
		}
		s.checksum = f.Checksum
		if !f.Checksum || s.config.IgnoreChecksums {
			return nil
		}
		raw[17] &^= inUse
		if !intact(raw) {
			return ev.malformed("its checksum is wrong: the log is damaged, or the connection")
		}
		return nil
	case ev.Type == RotateEvent && ev.Artificial():
		// It comes before the format event of its file, so that nobody knows.
		sealed = len(ev.Body) > 12 && intact(raw)
		if sealed {
			ev.Body = ev.Body[:len(ev.Body)-4]
		}
		return nil
	}
	if !sealed {
		return nil
	}
	if len(ev.Body) < 4 {
		return ev.malformed("it has no room for its checksum")
	}
	if !s.config.IgnoreChecksums && !intact(raw) {
		return ev.malformed("its checksum is wrong: the log is damaged, or the connection")
	}
	ev.Body = ev.Body[:len(ev.Body)-4]
	return nil
}

// intact says whether the event's last four bytes are the CRC32 of the others.
func intact(raw []byte) bool {
	n := len(raw) - 4
	return crc32.ChecksumIEEE(raw[:n]) == binary.LittleEndian.Uint32(raw[n:])
}
