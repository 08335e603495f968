package binlog

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Flavor is the kind of a server.
type Flavor uint8

// The kinds of servers whose logs differ.
const (
	MySQL Flavor = iota
	MariaDB
)

// String gives the server's name.
func (f Flavor) String() string {
	if f == MariaDB {
		return "MariaDB"
	}
	return "MySQL"
}

// Config says how to reach a server and how to be its replica.
type Config struct {
	Addr     string // host:port, or the path of a Unix socket
	User     string
	Password string
	TLS      *tls.Config // nil for none
	Flavor   Flavor

	// ServerID is the number of this replica, which no other replica of the
	// server may have, nor the server itself. It must not be 0.
	ServerID uint32

	// Heartbeat is how often the server is to say that it is there when it has
	// nothing else to say; 0 is 5 seconds. Stall is after how long without a word
	// the connection counts as lost; 0 is four heartbeats, and at least 10 seconds.
	Heartbeat, Stall time.Duration

	// ConnectTimeout is for everything until the server begins to send; 0 is 30
	// seconds.
	ConnectTimeout time.Duration

	// IgnoreChecksums leaves the CRC32 of events unverified.
	IgnoreChecksums bool

	// Dial opens the connection; nil is a net.Dialer that keeps it alive.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// From is where in the log to begin. Exactly one of its ways must be given.
type From struct {
	// File and Pos are a place that an event ended at or began at; Pos 0 is 4,
	// the beginning of the file. The place must not lie between a table map
	// and its rows.
	File string
	Pos  uint64

	// GTIDs are the transactions that are not wanted any more: the server sends
	// all others that it has.
	GTIDs *GTIDSet

	// MariaGTIDs is the same for MariaDB.
	MariaGTIDs *MariaGTIDSet
}

// ErrConnection says that a server cannot be reached or the connection to it
// was lost; another try may do better.
var ErrConnection = errors.New("no connection to the server")

// ErrServerIDInUse says that the server has ended the stream because another
// replica came with the same server id.
var ErrServerIDInUse = errors.New("another replica uses the same server id")

// ServerError is an error that the server sent in the place of an event.
type ServerError struct {
	Code    uint16
	State   string // SQLSTATE
	Message string
}

func (e *ServerError) Error() string {
	return fmt.Sprintf("the server says: %s (error %d, SQLSTATE %s)", e.Message, e.Code, e.State)
}

// Stream is a connection over which a server sends its log.
//
// The server waits for a slow reader without losing patience: the stream raises
// the session's net_write_timeout to its maximum, so that back-pressure by TCP
// may last; a reader that is gone is found out by TCP itself.
type Stream struct {
	config Config
	addr   string
	conn   net.Conn
	window window
	seq    uint8
	read   func([]byte) (int, error) // readConn, made a value once
	failed error                     // what every later Next returns

	event    Event
	payload  payload
	version  string
	checksum bool
	file     string
	pos      uint64
	skipTo   uint64 // pass over events before this place of the file
	skipFile string

	watch watch
}

// Open connects to the server and asks it to send its log from a place on. ctx
// bounds Open alone. Errors wrap ErrConnection where another try may help.
func Open(ctx context.Context, config Config, from From) (*Stream, error) {
	config.Heartbeat = cmp.Or(config.Heartbeat, 5*time.Second)
	config.Stall = cmp.Or(config.Stall, max(4*config.Heartbeat, 10*time.Second))
	config.ConnectTimeout = cmp.Or(config.ConnectTimeout, 30*time.Second)
	if err := config.check(from); err != nil {
		return nil, fmt.Errorf("read the binlog of %s at %s: %w", config.Flavor, config.Addr, err)
	}
	ctx, cancel := context.WithTimeout(ctx, config.ConnectTimeout)
	defer cancel()
	s := &Stream{config: config, addr: config.Addr, file: from.File, pos: from.Pos}
	s.read = s.readConn
	if err := s.open(ctx, from); err != nil {
		return nil, fmt.Errorf("read the binlog of %s at %s as user %q: %w", config.Flavor, config.Addr, config.User, err)
	}
	return s, nil
}

func (c *Config) check(from From) error {
	ways := 0
	for _, given := range []bool{from.File != "", from.GTIDs != nil, from.MariaGTIDs != nil} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return errors.New("exactly one of a file, GTIDs and MariaDB's GTIDs must say where to begin")
	case from.GTIDs != nil && c.Flavor != MySQL, from.MariaGTIDs != nil && c.Flavor != MariaDB:
		return fmt.Errorf("the GTIDs are not of %s's kind", c.Flavor)
	case c.ServerID == 0:
		return errors.New("the server id must not be 0")
	case c.Addr == "":
		return errors.New("there is no address")
	}
	return nil
}

// ServerVersion is what the server says it is, such as 9.7.4.
func (s *Stream) ServerVersion() string { return s.version }

// Next gives the next event, which is valid until the next call. It waits for
// one as long as ctx allows; after that, another Next goes on where this one
// was. It costs least when it gets the same ctx each time. Events in a
// TRANSACTION_PAYLOAD_EVENT are given one by one in its place.
//
// After any other error than ctx's the stream is of no use any more, and
// returns the same error again. The error wraps ErrConnection where another
// Stream may go on, source.ErrOffsetLost where the server no longer has what was
// asked for, ErrServerIDInUse, or ErrMalformed.
func (s *Stream) Next(ctx context.Context) (*Event, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	for {
		ev, err := s.next(ctx)
		if err != nil {
			if ctxErr := ctx.Err(); ctxErr != nil && errors.Is(err, ctxErr) {
				return nil, err
			}
			s.failed = fmt.Errorf("read the binlog of %s at %s%s: %w", s.config.Flavor, s.addr, s.behind(), err)
			return nil, s.failed
		}
		if ev != nil {
			return ev, nil
		}
	}
}

// behind says how far the stream has come, for an error.
func (s *Stream) behind() string {
	if s.file == "" {
		return ", before its first event"
	}
	return fmt.Sprintf(" behind %s:%d", s.file, s.pos)
}

// next gives one event, or none where it was one that nobody is to see.
func (s *Stream) next(ctx context.Context) (*Event, error) {
	if s.payload.open {
		ok, err := s.payload.next(&s.event)
		if err != nil || ok {
			return &s.event, err
		}
	}
	packet, err := s.packet(ctx)
	if err != nil {
		return nil, err
	}
	raw, err := eventOf(packet)
	if err != nil {
		return nil, err
	}
	ev := &s.event
	if err := s.header(ev, raw); err != nil {
		return nil, err
	}
	switch ev.Type {
	case RotateEvent:
		r, err := ev.Rotate()
		if err != nil {
			return nil, err
		}
		s.file, s.pos = r.File, r.Pos
	case PayloadEvent:
		return nil, s.payload.begin(ev)
	case HeartbeatEvent, HeartbeatEventV2:
		h, err := ev.Heartbeat()
		if err != nil {
			return nil, err
		}
		if h.File == s.file && h.Pos > s.pos {
			s.pos = h.Pos // the server has passed over what is not wanted
		}
		ev.Start, ev.End = s.pos, s.pos
	}
	if s.skipTo > 0 && !s.passed(ev) {
		return nil, nil
	}
	return ev, nil
}

// passed says whether the place has been reached from which on events are
// wanted. It is asked only where the server could not be told that place.
func (s *Stream) passed(ev *Event) bool {
	if ev.Type == FormatEvent || ev.Artificial() {
		return true
	}
	if ev.File == s.skipFile && ev.Start < s.skipTo {
		return false
	}
	s.skipTo = 0
	return true
}

// eventOf takes the packet's first byte off, which says what it is.
func eventOf(packet []byte) ([]byte, error) {
	if len(packet) == 0 {
		return nil, fmt.Errorf("%w: the server sent an empty packet", ErrMalformed)
	}
	switch packet[0] {
	case 0x00:
		return packet[1:], nil
	case 0xff:
		return nil, serverError(packet[1:])
	case 0xfe:
		return nil, fmt.Errorf("%w: the server has ended the stream", ErrConnection)
	}
	return nil, fmt.Errorf("%w: the server sent a packet of kind %#x", ErrMalformed, packet[0])
}

// Close ends the connection. It may be called while Next waits, which then
// returns an error, and more than once.
func (s *Stream) Close() error {
	s.watch.close()
	if err := s.conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the binlog stream of %s: %w", s.addr, err)
	}
	return nil
}

// readConn reads from the connection, for as long as the context that Next has
// and the server's silence allow.
func (s *Stream) readConn(b []byte) (int, error) {
	if err := s.watch.arm(s.conn, time.Now().Add(s.config.Stall)); err != nil {
		return 0, err
	}
	n, err := s.conn.Read(b)
	switch {
	case err == nil || n > 0:
		return n, nil
	case s.watch.err() != nil:
		return 0, s.watch.err()
	case errors.Is(err, net.ErrClosed):
		return 0, fmt.Errorf("the stream was closed: %w", err)
	}
	if e := net.Error(nil); errors.As(err, &e) && e.Timeout() {
		return 0, fmt.Errorf("%w: the server has been silent for %s, though it was asked for a heartbeat every %s", ErrConnection, s.config.Stall, s.config.Heartbeat)
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF // io.EOF is for a source that is finished
	}
	return 0, fmt.Errorf("%w: %w", ErrConnection, err)
}

// watch makes a context end a read of a connection. Its cost comes with another
// context, not with a read.
type watch struct {
	mu    sync.Mutex
	done  <-chan struct{}
	stop  func() bool
	turn  int   // of the context that counts
	cause error // the error of that context, once it ended
}

// follow makes ctx the context that counts.
func (w *watch) follow(ctx context.Context, conn net.Conn) {
	done := ctx.Done()
	if done == w.done && w.turn > 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stop != nil {
		w.stop()
	}
	w.done, w.stop, w.cause = done, nil, nil
	w.turn++
	turn := w.turn
	if done == nil {
		return
	}
	w.stop = context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.turn == turn {
			w.cause = ctx.Err()
			conn.SetReadDeadline(time.Unix(1, 0))
		}
	})
}

// arm sets when the next read is to end, unless its context has ended already.
func (w *watch) arm(conn net.Conn, deadline time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cause != nil {
		return w.cause
	}
	return conn.SetReadDeadline(deadline)
}

func (w *watch) err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cause
}

func (w *watch) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stop != nil {
		w.stop()
	}
}
