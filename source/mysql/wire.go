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

	records bool // what comes are TLS records
	rest    int  // how much of one is still to be given
}

const (
	wireBuffer   = 128 << 10
	recordHeader = 5
)

// dialWire connects to a host and port, or to a socket.
func dialWire(ctx context.Context, network, addr string) (*wire, error) {
	c, err := (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &wire{Conn: c, buf: make([]byte, wireBuffer)}, nil
}

// secured says that everything that has come so far was read, and that TLS
// records follow. From then on a Read gives no more than the rest of a record:
// TLS would keep the beginning of the next one for itself, so that nobody could
// see any more whether that one has come.
func (w *wire) secured() { w.records = true }

// Read gives what is there, or waits for more.
func (w *wire) Read(b []byte) (int, error) {
	if w.records && w.rest == 0 {
		if err := w.fill(recordHeader); err != nil {
			return 0, err
		}
		w.rest = recordHeader + int(binary.BigEndian.Uint16(w.buf[w.start+3:]))
	}
	if w.start == w.end {
		if !w.records && len(b) >= len(w.buf) {
			return w.Conn.Read(b)
		}
		if err := w.fill(1); err != nil {
			return 0, err
		}
	}
	there := w.buf[w.start:w.end]
	if w.records && len(there) > w.rest {
		there = there[:w.rest]
	}
	n := copy(b, there)
	w.start += n
	if w.records {
		w.rest -= n
	}
	return n, nil
}

// fill waits until n bytes are there.
func (w *wire) fill(n int) error {
	if w.start == w.end {
		w.start, w.end = 0, 0
	} else if len(w.buf)-w.start < n {
		w.start, w.end = 0, copy(w.buf, w.buf[w.start:w.end])
	}
	for w.end-w.start < n {
		got, err := w.Conn.Read(w.buf[w.end:])
		w.end += got
		if err != nil && w.end-w.start < n {
			return err
		}
	}
	return nil
}

// recordAtHand says whether a whole TLS record of data has come and was not
// read yet.
func (w *wire) recordAtHand() bool {
	const data = 23
	b := w.buf[w.start:w.end]
	if w.rest > 0 {
		return len(b) >= w.rest
	}
	return w.records && len(b) >= recordHeader && b[0] == data && len(b) >= recordHeader+int(binary.BigEndian.Uint16(b[3:]))
}
