package binlog

import "io"

// Buffered says whether Next would return without waiting for the network. Like
// Next, it ends the life of the event before.
func (s *Stream) Buffered() bool {
	if s.failed != nil || s.payload.more() {
		return true
	}
	b := s.window.held()
	if len(b) < 4 {
		return false
	}
	n := int(b[0]) | int(b[1])<<8 | int(b[2])<<16
	return n < maxPacket && len(b) >= 4+n
}

// more says whether next has something to give, an error included.
func (p *payload) more() bool {
	if p.open && p.window.need(headerSize, p.read) == io.EOF {
		p.open = false
	}
	return p.open
}
