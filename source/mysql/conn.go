package mysql

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/go-mysql-org/go-mysql/client"
	gomysql "github.com/go-mysql-org/go-mysql/mysql"

	"github.com/tailrace-io/tailrace"
)

// conn is a connection to the server that has been let in. Its statements are
// sent one at a time, and the rows of each are read to their end before the
// next. What it reads goes through a buffer of its own, straight from the
// network: the packets of a row are looked at where they came in.
type conn struct {
	*client.Conn
	net   net.Conn
	wire  *wire // below TLS
	login login

	buf        []byte // what came in; unread is buf[start:end]
	start, end int
	sequence   uint8
}

const readBuffer = 256 << 10

// Error codes of the server that are told apart.
const (
	codeAccessDenied      = 1045
	codeTooManyConns      = 1040
	codeServerShutdown    = 1053
	codeNoSuchTable       = 1146
	codeTableDenied       = 1142
	codeSpecificDenied    = 1227
	codeLockTimeout       = 1205
	codeTooManyUserConns  = 1203
	codeConnectionKilled  = 1927
	codeQueryInterrupted  = 1317
	codeHostBlocked       = 1129
	codeHostNotPrivileged = 1130
)

// lost is the failure of a connection, after which another may do.
type lost struct {
	doing string
	err   error
}

func (e *lost) Error() string   { return e.doing + ": " + e.err.Error() }
func (e *lost) Retryable() bool { return true }

// Unwrap hides io.EOF, by which a Reader says that it is finished.
func (e *lost) Unwrap() error {
	if errors.Is(e.err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return e.err
}

// refused is an error of the server that another try does not mend.
type refused struct {
	doing string
	err   error
}

func (e *refused) Error() string   { return e.doing + ": " + e.err.Error() }
func (e *refused) Unwrap() error   { return e.err }
func (e *refused) Retryable() bool { return false }

// failed says what an error that came while doing something means for another
// try.
func failed(doing string, err error) error {
	var server *gomysql.MyError
	if !errors.As(err, &server) {
		return &lost{doing, err}
	}
	switch server.Code {
	case codeTooManyConns, codeTooManyUserConns, codeServerShutdown, codeConnectionKilled, codeQueryInterrupted, codeLockTimeout:
		return &lost{doing, err}
	}
	return &refused{doing, err}
}

func codeOf(err error) uint16 {
	var server *gomysql.MyError
	if errors.As(err, &server) {
		return server.Code
	}
	return 0
}

// ended is the error of a context that is over. Deadlines of connections may
// come to pass a moment before that of the context that they were taken from.
func ended(ctx context.Context) error {
	if d, ok := ctx.Deadline(); ok && !time.Now().Before(d) {
		<-ctx.Done()
	}
	return ctx.Err()
}

// watch makes reads of the connection fail once ctx ends. What it returns
// undoes that.
func watch(ctx context.Context, c net.Conn) (release func()) {
	fired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(fired)
		c.SetReadDeadline(time.Unix(1, 0))
	})
	return func() {
		if !stop() {
			<-fired
			c.SetReadDeadline(time.Time{})
		}
	}
}

// exec executes a statement that gives no rows.
func (c *conn) exec(ctx context.Context, sql string) error {
	defer watch(ctx, c.net)()
	if _, err := c.Execute(sql); err != nil {
		return c.failed(ctx, sql, err)
	}
	return nil
}

// failed is the error of a statement; of a reading that ctx ended, it is that
// of ctx.
func (c *conn) failed(ctx context.Context, sql string, err error) error {
	if end := ended(ctx); end != nil && codeOf(err) == 0 {
		return end
	}
	if len(sql) > 200 {
		sql = sql[:200] + "…"
	}
	return failed("execute "+sql, err)
}

// cell is a value of a row as text.
type cell = tailrace.Null[string]

// query executes a statement and reads all its rows, of which there are few.
func (c *conn) query(ctx context.Context, sql string) ([][]cell, error) {
	defer watch(ctx, c.net)()
	r, err := c.send(sql)
	if err != nil {
		return nil, err
	}
	var out [][]cell
	for {
		packet, err := r.next(ctx)
		if err != nil || packet == nil {
			return out, err
		}
		row := make([]cell, r.columns)
		for i := range row {
			text, null, rest, ok := cutText(packet)
			if !ok {
				return nil, c.failed(ctx, sql, errMalformedRow)
			}
			if packet = rest; !null {
				row[i] = tailrace.Some(string(text))
			}
		}
		out = append(out, row)
	}
}

// rows are those of a statement, as they come in.
type rows struct {
	c       *conn
	sql     string
	head    bool // the head has been read: columns is known
	columns int
	skip    int // packets between the head and the first row
}

var errMalformedRow = errors.New("the server sent a row that is not well formed")

// send sends a statement.
func (c *conn) send(sql string) (*rows, error) {
	packet := append(make([]byte, 4, 5+len(sql)), gomysql.COM_QUERY)
	c.ResetSequence()
	if err := c.WritePacket(append(packet, sql...)); err != nil {
		return nil, c.failed(context.Background(), sql, err)
	}
	c.sequence = 1
	return &rows{c: c, sql: sql}, nil
}

// next gives the packet of the next row, which is valid until the next call;
// nil behind the last. When ctx ended the reading nothing is lost: another call
// goes on.
func (r *rows) next(ctx context.Context) ([]byte, error) {
	for {
		packet, err := r.c.packet()
		switch {
		case err != nil:
		case len(packet) == 0:
			err = errMalformedRow
		case packet[0] == gomysql.ERR_HEADER:
			err = parseError(packet)
		case !r.head:
			err = r.readHead(packet)
		case r.skip > 0: // a description of a column, or EOF behind them
			r.skip--
			continue
		case packet[0] == gomysql.EOF_HEADER && len(packet) < 9:
			return nil, nil
		default:
			return packet, nil
		}
		if err != nil {
			return nil, r.c.failed(ctx, r.sql, err)
		}
		if r.columns == 0 {
			return nil, nil // the statement gives no rows
		}
	}
}

func (r *rows) readHead(packet []byte) error {
	r.head = true
	if packet[0] == gomysql.OK_HEADER {
		return nil
	}
	n, _, ok := cutLength(packet)
	if !ok || n > 1<<16 {
		return errMalformedRow
	}
	r.columns, r.skip = int(n), int(n)+1
	return nil
}

// parseError reads an error packet.
func parseError(packet []byte) error {
	if len(packet) < 9 {
		return errMalformedRow
	}
	return &gomysql.MyError{Code: binary.LittleEndian.Uint16(packet[1:]), State: string(packet[4:9]), Message: string(packet[9:])}
}

const maxPacket = 1<<24 - 1

// packet reads the next packet, whose parts it puts together. It is valid until
// the next call. After an error of a deadline another call goes on.
func (c *conn) packet() ([]byte, error) {
	at := 0 // from c.start on, where the header of the next part is
	for part := 0; ; part++ {
		if err := c.fill(at + 4); err != nil {
			return nil, err
		}
		head := c.buf[c.start+at:]
		length := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
		if head[3] != c.sequence+uint8(part) {
			return nil, fmt.Errorf("the server's packet has the number %d where %d was expected", head[3], c.sequence+uint8(part))
		}
		if err := c.fill(at + 4 + length); err != nil {
			return nil, err
		}
		if at += 4 + length; length < maxPacket {
			return c.take(at, part+1), nil
		}
	}
}

// take cuts a packet of so many bytes and parts, headers included.
func (c *conn) take(size, parts int) []byte {
	packet := c.buf[c.start : c.start+size]
	c.start += size
	c.sequence += uint8(parts)
	if parts == 1 {
		return packet[4:]
	}
	whole := make([]byte, 0, size-4*parts)
	for len(packet) > 0 {
		n := min(4+maxPacket, len(packet))
		whole, packet = append(whole, packet[4:n]...), packet[n:]
	}
	return whole
}

// fill makes sure that n bytes are unread.
func (c *conn) fill(n int) error {
	for c.end-c.start < n {
		switch {
		case c.start == c.end:
			if c.start, c.end = 0, 0; len(c.buf) > readBuffer && n <= readBuffer {
				c.buf = make([]byte, readBuffer) // a large packet has passed
			}
		case c.start+n > len(c.buf) || len(c.buf)-c.end < 4<<10:
			c.end = copy(c.buf, c.buf[c.start:c.end])
			c.start = 0
		}
		if n > len(c.buf) {
			buf := make([]byte, max(n, 2*len(c.buf)))
			c.end = copy(buf, c.buf[c.start:c.end])
			c.start, c.buf = 0, buf
		}
		m, err := c.net.Read(c.buf[c.end:])
		c.end += m
		if err != nil && c.end-c.start < n {
			if errors.Is(err, io.EOF) {
				err = fmt.Errorf("the server closed the connection: %w", io.ErrUnexpectedEOF)
			}
			return err
		}
	}
	return nil
}

// buffered says whether more of the packets is at hand.
func (c *conn) buffered() bool {
	if c.wire.recordAtHand() {
		return true
	}
	if c.end-c.start < 4 {
		return false
	}
	head := c.buf[c.start:]
	return c.end-c.start >= 4+(int(head[0])|int(head[1])<<8|int(head[2])<<16)
}

// cutText cuts a text with its length before it off a packet.
func cutText(b []byte) (text []byte, null bool, rest []byte, ok bool) {
	if len(b) == 0 {
		return nil, false, nil, false
	}
	if b[0] < 0xfb { // nearly always
		n := int(b[0]) + 1
		if n > len(b) {
			return nil, false, nil, false
		}
		return b[1:n], false, b[n:], true
	}
	if b[0] == 0xfb {
		return nil, true, b[1:], true
	}
	n, rest, ok := cutLength(b)
	if !ok || n > uint64(len(rest)) {
		return nil, false, nil, false
	}
	return rest[:n], false, rest[n:], true
}

// cutLength cuts a length-encoded number off a packet.
func cutLength(b []byte) (n uint64, rest []byte, ok bool) {
	size := 0
	switch {
	case len(b) == 0:
		return 0, nil, false
	case b[0] < 0xfb:
		return uint64(b[0]), b[1:], true
	case b[0] == 0xfc:
		size = 2
	case b[0] == 0xfd:
		size = 3
	case b[0] == 0xfe:
		size = 8
	}
	if size == 0 || len(b) <= size {
		return 0, nil, false
	}
	for i := size; i > 0; i-- {
		n = n<<8 | uint64(b[i])
	}
	return n, b[1+size:], true
}
