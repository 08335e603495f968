package mysql

import (
	"context"
	"encoding/binary"
	"net"
	"time"
)

// wire is the network side of a connection. It reads as much at a time as has
// come: TLS alone would take one record of at most 16 KiB with each call of the
// system, and nobody above it could tell whether another has come.
type wire struct {
	net.Conn
	buf        []byte
	start, end int
}

const wireBuffer = 128 << 10

// dialWire connects to a host and port, or to a socket.
func dialWire(ctx context.Context, network, addr string) (*wire, error) {
	c, err := (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &wire{Conn: c, buf: make([]byte, wireBuffer)}, nil
}

// Read gives what is there, or waits for more.
func (w *wire) Read(b []byte) (int, error) {
	if w.start == w.end {
		if len(b) >= len(w.buf) {
			return w.Conn.Read(b)
		}
		n, err := w.Conn.Read(w.buf)
		if w.start, w.end = 0, n; n == 0 {
			return 0, err
		}
	}
	n := copy(b, w.buf[w.start:w.end])
	w.start += n
	return n, nil
}

// recordAtHand says whether a whole TLS record of data has come and was not
// read yet.
func (w *wire) recordAtHand() bool {
	const header, data = 5, 23
	b := w.buf[w.start:w.end]
	return len(b) >= header && b[0] == data && len(b) >= header+int(binary.BigEndian.Uint16(b[3:]))
}
