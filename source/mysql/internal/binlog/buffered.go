package binlog

// Buffered says whether Next would return without waiting for the network.
func (s *Stream) Buffered() bool {
	if s.failed != nil || s.payload.open {
		return true
	}
	b := s.window.held()
	if len(b) < 4 {
		return false
	}
	n := int(b[0]) | int(b[1])<<8 | int(b[2])<<16
	return n < maxPacket && len(b) >= 4+n
}
