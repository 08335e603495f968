package pgoutput

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// Stream is a running replication. One goroutine owns the connection: it reads
// ahead, a few chunks at most, and tells the server in time how far we have
// come, whether somebody reads the messages or not.
type Stream struct {
	conn   *Conn
	chunks chan []byte // whole frames; closed at the end, behind which err says why
	free   chan []byte
	stop   chan struct{}
	done   chan struct{}
	err    error // once chunks is closed

	statusEvery time.Duration
	confirmed   atomic.Uint64
	received    atomic.Uint64

	chunk, rest []byte // that is being read, and what of it has not been
	parser      Parser
	message     Message
}

// Chunks that are read ahead.
const ahead = 8

// statusSoon is how soon the server is told of what is new.
const statusSoon = 250 * time.Millisecond

// writeTimeout bounds how long the server may take to read what we tell it.
const writeTimeout = 10 * time.Second

// Options are how a stream is read.
type Options struct {
	// Parallel says that the statement asks for streaming=parallel.
	Parallel bool

	// StatusEvery is how often the server is told how far we have come, though
	// there is nothing new. 0 means 10 seconds.
	StatusEvery time.Duration
}

// Start begins to replicate. The statement is a START_REPLICATION. Nothing is
// confirmed to the server before the first Confirm, so that another stream may
// begin earlier. The connection is the stream's from then on, unless there is an
// error.
func Start(ctx context.Context, c *Conn, statement string, o Options) (*Stream, error) {
	unwatch := c.Watch(ctx)
	err := c.Query(statement)
	var kind byte
	if err == nil {
		kind, _, err = c.Frame()
	}
	unwatch() // from here on the deadlines are those of the goroutine
	if err != nil {
		return nil, err
	}
	if kind != 'W' {
		return nil, fmt.Errorf("the server answers START_REPLICATION with a frame %q", kind)
	}
	s := &Stream{conn: c, chunks: make(chan []byte, ahead), free: make(chan []byte, ahead+2),
		stop: make(chan struct{}), done: make(chan struct{}), parser: Parser{Parallel: o.Parallel}, statusEvery: o.StatusEvery}
	if s.statusEvery == 0 {
		s.statusEvery = 10 * time.Second
	}
	go s.receive()
	return s, nil
}

// Confirm says that everything before the place is durable.
func (s *Stream) Confirm(l LSN) {
	for {
		old := s.confirmed.Load()
		if uint64(l) <= old || s.confirmed.CompareAndSwap(old, uint64(l)) {
			return
		}
	}
}

// Buffered says whether Next has another message without waiting.
func (s *Stream) Buffered() bool { return len(s.rest) > 0 || len(s.chunks) > 0 }

// ErrEnded says that the server has ended the stream.
var ErrEnded = errors.New("the server has ended the replication")

// Next waits for the next message, which is good until the next call. When ctx
// is cancelled another call goes on.
func (s *Stream) Next(ctx context.Context) (*Message, error) {
	for {
		if len(s.rest) == 0 {
			s.recycle()
			select {
			case chunk, ok := <-s.chunks:
				if !ok {
					return nil, s.err
				}
				s.chunk, s.rest = chunk, chunk
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		size, _ := frameSize(s.rest) // the frames are whole
		frame := s.rest[:size]
		s.rest = s.rest[size:]
		if ok, err := s.frame(frame); ok || err != nil {
			return &s.message, err
		}
	}
}

// recycle gives the memory of a chunk back, unless a large row has made it large.
func (s *Stream) recycle() {
	if s.chunk != nil && cap(s.chunk) <= 4*bufferSize {
		select {
		case s.free <- s.chunk[:0]:
		default:
		}
	}
	s.chunk = nil
}

// frame reads a frame; ok says whether it has a message.
func (s *Stream) frame(frame []byte) (ok bool, err error) {
	body := frame[5:]
	switch frame[0] {
	case 'd':
	case 'E':
		return false, serverError(body)
	case 'c', 'C', 'Z':
		return false, ErrEnded
	default:
		return false, nil
	}
	switch {
	case len(body) >= 25 && body[0] == 'w':
		return true, s.parser.Parse(&s.message, LSN(binary.BigEndian.Uint64(body[1:])), body[25:])
	case len(body) == 18 && body[0] == 'k':
		s.message = Message{Kind: Keepalive, Start: LSN(binary.BigEndian.Uint64(body[1:])),
			Tables: s.message.Tables[:0], Columns: s.message.Columns[:0]}
		return true, nil
	}
	return false, fmt.Errorf("the replication has a message of %d bytes that is none of its own", len(body))
}

// receive is the goroutine that owns the connection.
func (s *Stream) receive() {
	defer close(s.done)
	err := s.run()
	s.err = fmt.Errorf("receive changes: %w", err)
	close(s.chunks)
}

// status is what the server was told last, and when.
type status struct {
	at        time.Time
	confirmed uint64
	asked     bool // by the server, to be told at once
}

func (s *Stream) run() error {
	c := s.conn
	last := status{at: time.Now()}
	var arrived time.Time // when something came last, and little of it
	for {
		end, asked, err := s.scan(c.buf[c.r:c.w])
		if err != nil {
			return err
		}
		last.asked = last.asked || asked
		if err := s.tell(&last); err != nil {
			return err
		}
		if end > 0 {
			if err := s.hand(&last, end); err != nil {
				return err
			}
		}
		now := time.Now()
		if now.Sub(arrived) < gatherFor {
			c.gather(gatherBytes, now.Add(gatherFor))
			now = time.Now()
		}
		c.net.SetReadDeadline(now.Add(statusSoon))
		select { // behind the deadline, which Close would otherwise have set before
		case <-s.stop:
			return net.ErrClosed
		default:
		}
		size, err := frameSize(c.buf[c.r:c.w])
		had := c.w - c.r
		if err == nil {
			err = c.fill(size)
		}
		arrived = time.Time{}
		if err == nil && c.w-c.r-had < gatherBytes {
			arrived = time.Now()
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
}

// The server sends each message by itself. While they come one after the other
// they are let gather in the kernel, which wakes nobody until there are
// gatherBytes of them or gatherFor is over: reading them one by one costs more
// than what is in them, here and on the server, which wakes us.
const (
	gatherFor   = time.Millisecond
	gatherBytes = 64 << 10
)

// scan finds the end of the last whole frame, and what the server asks.
func (s *Stream) scan(b []byte) (end int, asked bool, err error) {
	for {
		size, err := frameSize(b[end:])
		if err != nil {
			return 0, false, err
		}
		if size == 0 || size > len(b)-end {
			return end, asked, nil
		}
		if body := b[end+5 : end+size]; b[end] == 'd' && len(body) >= 17 {
			switch body[0] {
			case 'w':
				s.received.Store(max(s.received.Load(), binary.BigEndian.Uint64(body[1:])))
			case 'k':
				s.received.Store(max(s.received.Load(), binary.BigEndian.Uint64(body[1:])))
				asked = asked || len(body) == 18 && body[17] == 1
			}
		}
		end += size
	}
}

// hand passes the frames up to end on, and waits until there is room.
func (s *Stream) hand(last *status, end int) error {
	c := s.conn
	var next []byte
	select {
	case next = <-s.free:
		next = next[:cap(next)]
	default:
		next = make([]byte, bufferSize)
	}
	tail := c.buf[c.r+end : c.w]
	if len(tail) > len(next) {
		next = make([]byte, len(tail)+bufferSize)
	}
	chunk := c.buf[c.r : c.r+end]
	w := copy(next, tail)
	for {
		timer := time.NewTimer(statusSoon)
		select {
		case s.chunks <- chunk:
			timer.Stop()
			c.buf, c.r, c.w = next, 0, w
			return nil
		case <-s.stop:
			timer.Stop()
			return net.ErrClosed
		case <-timer.C:
			if err := s.tell(last); err != nil {
				return err
			}
		}
	}
}

// tell tells the server how far we have come, if it is time to.
func (s *Stream) tell(last *status) error {
	now, confirmed := time.Now(), s.confirmed.Load()
	due := last.asked || now.Sub(last.at) >= s.statusEvery || confirmed != last.confirmed && now.Sub(last.at) >= statusSoon
	if !due {
		return nil
	}
	*last = status{at: now, confirmed: confirmed}
	return s.send(now, confirmed, false)
}

// Ping asks the server to answer at once with a Keepalive, which says how far it
// has come. It may be called beside the goroutine that owns the connection; what
// fails here, that finds too.
func (s *Stream) Ping() { _ = s.send(time.Now(), s.confirmed.Load(), true) }

func (s *Stream) send(now time.Time, confirmed uint64, ask bool) error {
	b := append(make([]byte, 0, 39), 'd', 0, 0, 0, 38, 'r')
	b = binary.BigEndian.AppendUint64(b, max(s.received.Load(), confirmed))
	b = binary.BigEndian.AppendUint64(b, confirmed)
	b = binary.BigEndian.AppendUint64(b, confirmed)
	b = binary.BigEndian.AppendUint64(b, uint64(now.UnixMicro()-epoch))
	s.conn.net.SetWriteDeadline(now.Add(writeTimeout))
	reply := byte(0)
	if ask {
		reply = 1
	}
	_, err := s.conn.net.Write(append(b, reply))
	if err != nil {
		return fmt.Errorf("tell the server how far the changes are durable: %w", err)
	}
	return nil
}

// Close ends the goroutine, tells the server the last that was confirmed, and
// closes the connection.
func (s *Stream) Close() error {
	close(s.stop)
	s.conn.net.SetReadDeadline(time.Unix(1, 0))
	s.conn.net.SetWriteDeadline(time.Now().Add(time.Second))
	<-s.done
	var failed error
	if errors.Is(s.err, net.ErrClosed) { // it was well until then
		failed = s.send(time.Now(), s.confirmed.Load(), false)
		s.conn.net.Write([]byte{'c', 0, 0, 0, 4})
	}
	return errors.Join(failed, s.conn.Close())
}
