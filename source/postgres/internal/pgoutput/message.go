// Package pgoutput reads PostgreSQL's logical replication: the messages of the
// output plugin pgoutput, in the versions 1 to 4 of its protocol, and the
// stream that carries them.
package pgoutput

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// LSN is a place in the server's write-ahead log.
type LSN uint64

// String gives the form that PostgreSQL writes, such as 0/16B3748.
func (l LSN) String() string {
	return fmt.Sprintf("%X/%X", uint32(l>>32), uint32(l))
}

// ParseLSN reads what String writes.
func ParseLSN(text string) (LSN, error) {
	for i := range len(text) {
		if text[i] != '/' {
			continue
		}
		high, err1 := strconv.ParseUint(text[:i], 16, 32)
		low, err2 := strconv.ParseUint(text[i+1:], 16, 32)
		if err1 == nil && err2 == nil {
			return LSN(high<<32 | low), nil
		}
		break
	}
	return 0, fmt.Errorf("%q is no LSN: it must be two hexadecimal numbers like 0/16B3748", text)
}

// Kind says what a message tells.
type Kind byte

const (
	Begin            Kind = 'B'
	Commit           Kind = 'C'
	Origin           Kind = 'O'
	Relation         Kind = 'R'
	Type             Kind = 'Y'
	Insert           Kind = 'I'
	Update           Kind = 'U'
	Delete           Kind = 'D'
	Truncate         Kind = 'T'
	Logical          Kind = 'M' // put into the log by pg_logical_emit_message
	StreamStart      Kind = 'S'
	StreamStop       Kind = 'E'
	StreamCommit     Kind = 'c'
	StreamAbort      Kind = 'A'
	BeginPrepare     Kind = 'b'
	Prepare          Kind = 'P'
	CommitPrepared   Kind = 'K'
	RollbackPrepared Kind = 'r'
	StreamPrepare    Kind = 'p'

	// Keepalive is not of the plugin but of the stream: the server says how far
	// it has come.
	Keepalive Kind = 'k'
)

// Message is one message. Which members count depends on the Kind; all memory
// that it refers to is only good until the next message is read.
type Message struct {
	Kind  Kind
	Start LSN    // where the message's change stands in the log
	Data  []byte // all of it, as it came

	XID    uint32 // of Begin, Prepare and all within a stream: the transaction, or a part of it
	SubXID uint32 // of StreamAbort: the part that is given up
	First  bool   // of StreamStart: the first segment of its transaction
	LSN    LSN    // of the commit, the prepare or the logical message; of an Origin, at the origin
	End    LSN    // behind the commit or the prepare
	Time   int64  // of the commit, in microseconds since 1970-01-01
	GID    []byte // of a prepared transaction

	Table    uint32 // the relation's OID
	Replaced byte   // 'K' where Old has the columns of the identity alone, 'O' where it has all; 0 without Old
	Old, New Tuple

	Tables []uint32 // of Truncate
	Flags  byte     // of Truncate and Logical

	Prefix, Content []byte // of Logical; of Origin, Prefix is its name

	Namespace, Name []byte // of Relation and Type
	Identity        byte   // of Relation: d, n, f or i
	Columns         []Column
}

// Transactional says of a Logical message whether it belongs to a transaction.
func (m *Message) Transactional() bool { return m.Flags&1 != 0 }

// Column is a column of a Relation.
type Column struct {
	Name     []byte
	InKey    bool // of the replica identity
	Type     uint32
	Modifier int32
}

// Tuple is a row's columns, as they came.
type Tuple struct {
	data []byte
	n    int
}

// Len is how many columns are left.
func (t *Tuple) Len() int { return t.n }

// The forms of a column's value.
const (
	Null      byte = 'n'
	Unchanged byte = 'u' // a TOAST value that the change left alone, and that was not sent
	Text      byte = 't'
	Binary    byte = 'b'
)

// Next gives the next column, of which there must be one.
func (t *Tuple) Next() (form byte, value []byte) {
	form = t.data[0]
	t.n--
	if form != Text && form != Binary {
		t.data = t.data[1:]
		return form, nil
	}
	end := 5 + int(binary.BigEndian.Uint32(t.data[1:]))
	value, t.data = t.data[5:end:end], t.data[end:]
	return form, value
}

// errCut says that a message ends before its time.
var errCut = errors.New("it ends too early")

// cursor reads a message's bytes.
type cursor struct {
	data []byte
	bad  bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.data) {
		c.bad, c.data = true, nil
		return nil
	}
	b := c.data[:n:n]
	c.data = c.data[n:]
	return b
}

func (c *cursor) uint8() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) uint16() uint16 {
	if b := c.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) uint32() uint32 {
	if b := c.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) uint64() uint64 {
	if b := c.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (c *cursor) lsn() LSN { return LSN(c.uint64()) }

// epoch is PostgreSQL's, in microseconds since 1970-01-01.
const epoch = 946_684_800_000_000

func (c *cursor) time() int64 { return int64(c.uint64()) + epoch }

func (c *cursor) text() []byte {
	for i, b := range c.data {
		if b == 0 {
			text := c.data[:i:i]
			c.data = c.data[i+1:]
			return text
		}
	}
	c.bad, c.data = true, nil
	return nil
}

// tuple checks that the columns are whole, so that Next need not.
func (c *cursor) tuple() Tuple {
	n, data, at := int(c.uint16()), c.data, 0
	for range n {
		if at >= len(data) {
			c.take(-1)
			return Tuple{}
		}
		switch data[at] {
		case Null, Unchanged:
			at++
		case Text, Binary:
			if at += 5; at > len(data) {
				c.take(-1)
				return Tuple{}
			}
			at += int(binary.BigEndian.Uint32(data[at-4:]))
		default:
			c.take(-1)
			return Tuple{}
		}
	}
	return Tuple{data: c.take(at), n: n}
}

// Parser reads messages. Within a stream of a transaction in progress messages
// have another form, so it has to see all of them. The zero Parser is ready.
type Parser struct {
	// Parallel is the version 4 option streaming=parallel, in which the end of
	// a stream says more.
	Parallel bool

	within bool // a stream: behind StreamStart, before StreamStop
}

// Within begins or ends to read messages as they are within a stream, of which
// a StreamStart and a StreamStop tell otherwise.
func (p *Parser) Within(within bool) { p.within = within }

// Parse reads a message, whose change stands at start.
func (p *Parser) Parse(m *Message, start LSN, data []byte) error {
	c := cursor{data: data}
	switch kind := Kind(c.uint8()); kind {
	case Insert, Update, Delete, Begin, Commit: // nearly all are one of these, and a Message is large
		m.Kind, m.Start, m.Data, m.XID, m.Replaced = kind, start, data, 0, 0
	default:
		*m = Message{Kind: kind, Start: start, Data: data, Tables: m.Tables[:0], Columns: m.Columns[:0]}
	}
	if p.within {
		switch m.Kind {
		case Insert, Update, Delete, Truncate, Logical, Relation, Type:
			m.XID = c.uint32()
		}
	}
	if err := p.body(m, &c); err != nil {
		return fmt.Errorf("a message of pgoutput at %s: %w", start, err)
	}
	switch {
	case c.bad:
		return fmt.Errorf("a message %q of pgoutput at %s cannot be read: %w", byte(m.Kind), start, errCut)
	case len(c.data) > 0:
		return fmt.Errorf("a message %q of pgoutput at %s cannot be read: it has %d bytes too many", byte(m.Kind), start, len(c.data))
	}
	return nil
}

func (p *Parser) body(m *Message, c *cursor) error {
	switch m.Kind {
	case Insert:
		m.Table = c.uint32()
		if form := c.uint8(); form != 'N' {
			return fmt.Errorf("an insert has a tuple of the form %q", form)
		}
		m.New = c.tuple()
	case Update:
		m.Table = c.uint32()
		form := c.uint8()
		if form == 'K' || form == 'O' {
			m.Replaced, m.Old = form, c.tuple()
			form = c.uint8()
		}
		if form != 'N' && !c.bad {
			return fmt.Errorf("an update has a tuple of the form %q", form)
		}
		m.New = c.tuple()
	case Delete:
		m.Table = c.uint32()
		if m.Replaced = c.uint8(); m.Replaced != 'K' && m.Replaced != 'O' {
			return fmt.Errorf("a delete has a tuple of the form %q", m.Replaced)
		}
		m.Old = c.tuple()
	case Begin:
		m.LSN, m.Time, m.XID = c.lsn(), c.time(), c.uint32()
	case Commit:
		m.Flags, m.LSN, m.End, m.Time = c.uint8(), c.lsn(), c.lsn(), c.time()
	case Origin:
		m.LSN, m.Prefix = c.lsn(), c.text()
	case Relation:
		p.relation(m, c)
	case Type:
		m.Table, m.Namespace, m.Name = c.uint32(), c.text(), c.text()
	case Truncate:
		n := int(c.uint32())
		m.Flags = c.uint8()
		for range min(n, len(c.data)/4+1) {
			m.Tables = append(m.Tables, c.uint32())
		}
	case Logical:
		m.Flags, m.LSN, m.Prefix = c.uint8(), c.lsn(), c.text()
		m.Content = c.take(int(c.uint32()))
	default:
		return p.stream(m, c)
	}
	return nil
}

func (p *Parser) relation(m *Message, c *cursor) {
	m.Table, m.Namespace, m.Name, m.Identity = c.uint32(), c.text(), c.text(), c.uint8()
	for range int(c.uint16()) {
		if c.bad {
			return
		}
		m.Columns = append(m.Columns, Column{InKey: c.uint8()&1 != 0, Name: c.text(), Type: c.uint32(), Modifier: int32(c.uint32())})
	}
}

// stream reads what the versions from 2 on have more.
func (p *Parser) stream(m *Message, c *cursor) error {
	switch m.Kind {
	case StreamStart:
		if p.within {
			return errors.New("a stream begins within another one")
		}
		p.within = true
		m.XID, m.First = c.uint32(), c.uint8() == 1
	case StreamStop:
		if !p.within {
			return errors.New("a stream ends that has not begun")
		}
		p.within = false
	case StreamCommit:
		m.XID, m.Flags, m.LSN, m.End, m.Time = c.uint32(), c.uint8(), c.lsn(), c.lsn(), c.time()
	case StreamAbort:
		m.XID, m.SubXID = c.uint32(), c.uint32()
		if p.Parallel {
			m.LSN, m.Time = c.lsn(), c.time()
		}
	case BeginPrepare:
		m.LSN, m.End, m.Time, m.XID, m.GID = c.lsn(), c.lsn(), c.time(), c.uint32(), c.text()
	case Prepare, StreamPrepare, CommitPrepared:
		m.Flags, m.LSN, m.End, m.Time, m.XID, m.GID = c.uint8(), c.lsn(), c.lsn(), c.time(), c.uint32(), c.text()
	case RollbackPrepared:
		m.Flags, m.LSN, m.End = c.uint8(), c.lsn(), c.lsn()
		c.time() // of the prepare
		m.Time, m.XID, m.GID = c.time(), c.uint32(), c.text()
	default:
		return fmt.Errorf("there is no message %q", byte(m.Kind))
	}
	return nil
}
