package pgoutput

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Conn is a connection whose frames are read without a copy and an allocation
// each: for replication and for COPY.
type Conn struct {
	net  net.Conn
	raw  syscall.RawConn // below TLS; nil where the connection is no socket
	buf  []byte
	r, w int // the bytes that were read and not yet looked at
}

// bufferSize is how many bytes are read at once, at most.
const bufferSize = 128 << 10

// maxFrame bounds one frame: a row of PostgreSQL has at most 1 GiB a value.
const maxFrame = 1<<31 - 1

// Take makes a Conn of a connection that is idle; that is no longer to be used.
func Take(c *pgconn.PgConn) (*Conn, error) {
	h, err := c.Hijack()
	if err != nil {
		return nil, err
	}
	if err := quiet(h); err != nil {
		return nil, errors.Join(err, h.Conn.Close())
	}
	return &Conn{net: h.Conn, raw: socketOf(h.Conn), buf: make([]byte, bufferSize)}, nil
}

// quiet waits until nobody else reads the connection. Behind a write that took
// long, pgconn has a goroutine that reads until there is something, which would
// be the first bytes of what we ask for.
func quiet(h *pgconn.HijackedConn) error {
	if err := h.Conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
		return err
	}
	for {
		switch m, err := h.Frontend.Receive(); {
		case errors.Is(err, os.ErrDeadlineExceeded) && h.Frontend.ReadBufferLen() == 0:
			return h.Conn.SetReadDeadline(time.Time{})
		case err != nil:
			return fmt.Errorf("take over the connection: %w", err)
		default:
			switch m.(type) {
			case *pgproto3.NoticeResponse, *pgproto3.ParameterStatus, *pgproto3.NotificationResponse:
			default:
				return fmt.Errorf("take over the connection: the server said %T, which nobody asked for", m)
			}
		}
	}
}

func socketOf(c net.Conn) syscall.RawConn {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	if socket, ok := c.(syscall.Conn); ok {
		if raw, err := socket.SyscallConn(); err == nil {
			return raw
		}
	}
	return nil
}

// gather waits until the kernel has so many bytes, or until a moment has come.
// Whatever happens is for the next read to tell.
func (c *Conn) gather(bytes int, until time.Time) {
	if c.raw == nil {
		return
	}
	c.net.SetReadDeadline(until)
	enough := func(n int) {
		c.raw.Control(func(fd uintptr) { setLowWater(fd, n) })
	}
	enough(bytes)
	waited := false
	c.raw.Read(func(uintptr) bool { // false waits until there is something to read
		done := waited
		waited = true
		return done
	})
	enough(1)
}

// Query sends a statement. Its answer is to be read by Frame.
func (c *Conn) Query(sql string) error {
	frame := append(binary.BigEndian.AppendUint32([]byte{'Q'}, uint32(len(sql)+5)), sql...)
	_, err := c.net.Write(append(frame, 0))
	return err
}

// Buffered says whether there are bytes that have not been looked at.
func (c *Conn) Buffered() bool { return c.r < c.w }

// Frame gives the next frame of the server. The body is good until the next
// call. Notices and changed settings are passed over, and an error of the
// server is an error here, a *pgconn.PgError.
func (c *Conn) Frame() (kind byte, body []byte, err error) {
	for {
		size, err := frameSize(c.buf[c.r:c.w])
		if err != nil {
			return 0, nil, err
		}
		if size == 0 || size > c.w-c.r {
			if err := c.fill(size); err != nil {
				return 0, nil, err
			}
			continue
		}
		kind, body = c.buf[c.r], c.buf[c.r+5:c.r+size]
		c.r += size
		switch kind {
		case 'N', 'S', 'A':
		case 'E':
			return 0, nil, serverError(body)
		default:
			return kind, body, nil
		}
	}
}

// frameSize is how many bytes the first frame has; 0 where that is not known.
func frameSize(b []byte) (int, error) {
	if len(b) < 5 {
		return 0, nil
	}
	size := int64(binary.BigEndian.Uint32(b[1:]))
	if size < 4 || size > maxFrame {
		return 0, fmt.Errorf("the server sent a frame %q of %d bytes", b[0], size)
	}
	return int(size) + 1, nil
}

// fill reads more, and makes room for a frame of the size before.
func (c *Conn) fill(size int) error {
	if c.r > 0 {
		c.w = copy(c.buf, c.buf[c.r:c.w])
		c.r = 0
	}
	if c.w == len(c.buf) || size > len(c.buf) {
		// Grown by what has come rather than by what is announced.
		bigger := make([]byte, min(max(size, 2*len(c.buf)), 2*len(c.buf)))
		copy(bigger, c.buf[:c.w])
		c.buf = bigger
	}
	n, err := c.net.Read(c.buf[c.w:])
	c.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

func serverError(body []byte) error {
	var e pgproto3.ErrorResponse
	if err := e.Decode(body); err != nil {
		return fmt.Errorf("the server reports an error that cannot be read: %w", err)
	}
	return pgconn.ErrorResponseToPgError(&e)
}

// Watch ends what waits for the server when ctx is cancelled, until stop is
// called. What has come so far is kept, so that another call goes on.
func (c *Conn) Watch(ctx context.Context) (stop func()) {
	ended := make(chan struct{})
	stopped := context.AfterFunc(ctx, func() {
		c.net.SetDeadline(time.Unix(1, 0))
		close(ended)
	})
	return func() {
		if !stopped() {
			<-ended
		}
		c.net.SetDeadline(time.Time{})
	}
}

// Close ends the connection in the orderly way, if it can.
func (c *Conn) Close() error {
	c.net.SetDeadline(time.Now().Add(time.Second))
	c.net.Write([]byte{'X', 0, 0, 0, 4})
	return c.net.Close()
}
