package binlog

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
)

// UUID identifies the server that a transaction was first committed on.
type UUID [16]byte

// ParseUUID reads the usual text of a UUID, with or without hyphens.
func ParseUUID(s string) (u UUID, err error) {
	var digits [32]byte
	n := 0
	for i := range len(s) {
		if s[i] == '-' {
			continue
		}
		if n == len(digits) {
			return u, fmt.Errorf("%q is no UUID: it has more than 32 digits", s)
		}
		digits[n] = s[i]
		n++
	}
	if n != len(digits) {
		return u, fmt.Errorf("%q is no UUID: it has %d digits, not 32", s, n)
	}
	if _, err := hex.Decode(u[:], digits[:]); err != nil {
		return u, fmt.Errorf("%q is no UUID: %w", s, err)
	}
	return u, nil
}

// Append appends the usual text, in lower case and with hyphens.
func (u UUID) Append(dst []byte) []byte {
	dst = hex.AppendEncode(dst, u[:4])
	for _, cut := range [...][2]int{{4, 6}, {6, 8}, {8, 10}, {10, 16}} {
		dst = append(dst, '-')
		dst = hex.AppendEncode(dst, u[cut[0]:cut[1]])
	}
	return dst
}

func (u UUID) String() string { return string(u.Append(nil)) }

// GTID is the beginning of a transaction in MySQL.
type GTID struct {
	Source    UUID
	Tag       string // "" for none, as before 8.3
	Number    int64  // 0 where the transaction is anonymous
	Anonymous bool   // the server has GTIDs off

	LastCommitted  int64 // of which the replica's parallel applier makes use
	SequenceNumber int64

	// When the transaction was committed on the server that the log is read
	// from, and on the one that it was first committed on, in microseconds since
	// 1970-01-01 UTC; 0 before 8.0.
	ImmediateCommit, OriginalCommit uint64

	Length            uint64 // of the whole transaction in the log, in bytes, this event included; 0 before 8.0
	ImmediateVersion  uint32 // of the server that the log is read from, as 90704; 0 where it is not told
	OriginalVersion   uint32
	CommitGroupTicket uint64 // 0 for none
}

// Append appends the GTID as the server writes it: 3e11fa47-…:23, or
// 3e11fa47-…:tag:23.
func (g *GTID) Append(dst []byte) []byte {
	dst = append(g.Source.Append(dst), ':')
	if g.Tag != "" {
		dst = append(append(dst, g.Tag...), ':')
	}
	return strconv.AppendInt(dst, g.Number, 10)
}

func (g *GTID) String() string { return string(g.Append(nil)) }

const undefinedVersion = 999999

// GTID takes a GTID_LOG_EVENT, an ANONYMOUS_GTID_LOG_EVENT or a
// GTID_TAGGED_LOG_EVENT apart.
func (e *Event) GTID() (GTID, error) {
	if e.Type == GTIDTaggedEvent {
		return e.taggedGTID()
	}
	c := cursor{b: e.Body}
	g := GTID{Anonymous: e.Type == AnonymousGTIDEvent}
	c.uint8() // flags
	copy(g.Source[:], c.take(16))
	g.Number = int64(c.uint64())
	if len(c.b) > 0 && c.b[0] == 2 { // what every server since 5.7 adds
		c.uint8()
		g.LastCommitted, g.SequenceNumber = int64(c.uint64()), int64(c.uint64())
	}
	if err := e.checked(&c); err != nil {
		return GTID{}, err
	}
	if len(c.b) < 7 {
		return g, nil
	}
	const other = 1 << 55 // says that the original's time is another and follows
	g.ImmediateCommit = c.uintN(7)
	g.OriginalCommit = g.ImmediateCommit
	if g.ImmediateCommit&other != 0 {
		g.ImmediateCommit &^= other
		g.OriginalCommit = c.uintN(7)
	}
	if len(c.b) > 0 {
		g.Length = c.packed()
	}
	if len(c.b) >= 4 {
		g.ImmediateVersion = c.uint32()
		g.OriginalVersion = g.ImmediateVersion
		if g.ImmediateVersion&(1<<31) != 0 {
			g.ImmediateVersion &^= 1 << 31
			g.OriginalVersion = c.uint32()
		}
	}
	if len(c.b) >= 8 {
		g.CommitGroupTicket = c.uint64()
	}
	return g.finished(), e.checked(&c)
}

func (g *GTID) finished() GTID {
	if g.ImmediateVersion == undefinedVersion {
		g.ImmediateVersion = 0
	}
	if g.OriginalVersion == undefinedVersion {
		g.OriginalVersion = 0
	}
	return *g
}

// taggedGTID reads the form that MySQL's own serialization library writes:
// numbered fields of varying length, those missing that have their default.
func (e *Event) taggedGTID() (GTID, error) {
	c := cursor{b: e.Body}
	var g GTID
	c.tagged() // the form's version
	c.tagged() // the size of all
	c.tagged() // the last field that one must understand
	var originalCommit, originalVersion bool
	for len(c.b) > 0 && !c.short {
		switch field := c.tagged(); field {
		case 0:
			c.tagged() // flags
		case 1:
			for i := range g.Source {
				g.Source[i] = byte(c.tagged())
			}
		case 2:
			g.Number = c.taggedSigned()
		case 3:
			g.Tag = string(c.take(int(min(c.tagged(), 1<<10))))
		case 4:
			g.LastCommitted = c.taggedSigned()
		case 5:
			g.SequenceNumber = c.taggedSigned()
		case 6:
			g.ImmediateCommit = c.tagged()
		case 7:
			g.OriginalCommit, originalCommit = c.tagged(), true
		case 8:
			g.Length = c.tagged()
		case 9:
			g.ImmediateVersion = uint32(c.tagged())
		case 10:
			g.OriginalVersion, originalVersion = uint32(c.tagged()), true
		case 11:
			g.CommitGroupTicket = c.tagged()
		default:
			return GTID{}, e.malformed("field %d is unknown", field)
		}
	}
	if !originalCommit {
		g.OriginalCommit = g.ImmediateCommit
	}
	if !originalVersion {
		g.OriginalVersion = g.ImmediateVersion
	}
	return g.finished(), e.checked(&c)
}

// tagged reads an unsigned number of MySQL's serialization library: the ones
// that end the first byte say how many bytes follow it.
func (c *cursor) tagged() uint64 {
	if len(c.b) == 0 {
		c.short = true
		return 0
	}
	ones := 0
	for first := c.b[0]; first&1 != 0; first >>= 1 {
		ones++
	}
	if ones == 8 {
		c.uint8()
		return c.uint64()
	}
	return c.uintN(ones+1) >> (ones + 1)
}

// taggedSigned reads a signed one, whose lowest bit is its sign.
func (c *cursor) taggedSigned() int64 {
	v := c.tagged()
	if v&1 != 0 {
		return ^int64(v >> 1)
	}
	return int64(v >> 1)
}

// MariaGTID is the beginning of a transaction, or of an event group, in
// MariaDB.
type MariaGTID struct {
	Domain, Server uint32
	Number         uint64

	Standalone bool // one event follows, and no commit
	DDL        bool
	CommitID   uint64 // of the group commit; 0 for none

	Prepare, Commit bool   // XA: the group ends in a prepare, or is the commit or rollback of a prepared one
	XID             []byte // format, lengths and data of the XA transaction that the group is of, nil for none
}

// Append appends the GTID as the server writes it: 0-1-23.
func (g *MariaGTID) Append(dst []byte) []byte {
	dst = append(strconv.AppendUint(dst, uint64(g.Domain), 10), '-')
	dst = append(strconv.AppendUint(dst, uint64(g.Server), 10), '-')
	return strconv.AppendUint(dst, g.Number, 10)
}

func (g *MariaGTID) String() string { return string(g.Append(nil)) }

// MariaGTID takes MariaDB's GTID_EVENT apart. XID refers to the event.
func (e *Event) MariaGTID() (MariaGTID, error) {
	const (
		standalone, groupCommit, ddl = 1, 2, 32
		prepared, completed          = 64, 128
	)
	c := cursor{b: e.Body}
	g := MariaGTID{Server: e.ServerID, Number: c.uint64(), Domain: c.uint32()}
	flags := c.uint8()
	g.Standalone, g.DDL = flags&standalone != 0, flags&ddl != 0
	if flags&groupCommit != 0 {
		g.CommitID = c.uint64()
	}
	if flags&(prepared|completed) != 0 {
		g.Prepare, g.Commit = flags&prepared != 0, flags&completed != 0
		if h := c.b; len(h) >= 6 {
			g.XID = c.take(6 + int(h[4]) + int(h[5]))
		} else {
			c.short = true
		}
	}
	return g, e.checked(&c)
}

// Query is a statement: BEGIN and COMMIT, DDL, and whatever was logged as text.
// Schema and Text refer to the event.
type Query struct {
	Thread    uint32 // the connection that executed it
	ErrorCode uint16 // of the error that the statement failed with on the server after it had changed something
	Schema    []byte // the default database
	Text      []byte // in the charset of the client: see Collation
	Collation uint16 // of the client that sent the text; 0 where it is not told
}

// Query takes a QUERY_EVENT, or MariaDB's QUERY_COMPRESSED_EVENT, apart.
func (e *Event) Query() (Query, error) {
	c := cursor{b: e.Body}
	q := Query{Thread: c.uint32()}
	c.uint32() // how long it took
	schema := int(c.uint8())
	q.ErrorCode = c.uint16()
	status := c.take(int(c.uint16()))
	q.Schema = c.take(schema)
	c.uint8() // the zero behind it
	q.Text = c.b
	if err := e.checked(&c); err != nil {
		return Query{}, err
	}
	q.Collation = clientCollation(status)
	if e.Type == MariaQueryCompressedEvent {
		text, err := inflateMaria(q.Text)
		if err != nil {
			return Query{}, e.fail(err)
		}
		q.Text = text
	}
	return q, nil
}

// clientCollation finds the character set in a query's status variables, which
// come in the order of their number up to it, and without lengths.
func clientCollation(status []byte) uint16 {
	c := cursor{b: status}
	for len(c.b) > 0 {
		switch c.uint8() {
		case 0: // flags
			c.take(4)
		case 1: // SQL mode
			c.take(8)
		case 2: // catalog, with a zero behind it
			c.take(int(c.uint8()) + 1)
		case 3: // auto-increment
			c.take(4)
		case 6: // catalog
			c.take(int(c.uint8()))
		case 4:
			if p := c.take(6); p != nil {
				return binary.LittleEndian.Uint16(p)
			}
			return 0
		default:
			return 0
		}
	}
	return 0
}

// XID takes an XID_EVENT apart, the commit of a transaction.
func (e *Event) XID() (uint64, error) {
	c := cursor{b: e.Body}
	xid := c.uint64()
	return xid, e.checked(&c)
}

// XAPrepare is the end of a transaction that is only prepared: it takes effect
// when an XA COMMIT of its XID is logged.
type XAPrepare struct {
	OnePhase bool   // it is an XA COMMIT … ONE PHASE: the transaction is committed
	Format   int32  // the XID's three parts
	Global   []byte // refers to the event
	Branch   []byte // refers to the event
}

// XAPrepare takes an XA_PREPARE_LOG_EVENT apart.
func (e *Event) XAPrepare() (XAPrepare, error) {
	c := cursor{b: e.Body}
	x := XAPrepare{OnePhase: c.uint8() != 0, Format: int32(c.uint32())}
	global, branch := c.uint32(), c.uint32()
	x.Global = c.take(int(min(global, 1<<16)))
	x.Branch = c.take(int(min(branch, 1<<16)))
	return x, e.checked(&c)
}

// RowsQuery gives the text of the statement whose rows follow, from a
// ROWS_QUERY_LOG_EVENT or MariaDB's ANNOTATE_ROWS_EVENT. It refers to the event.
func (e *Event) RowsQuery() ([]byte, error) {
	if e.Type == MariaAnnotateRowsEvent {
		return e.Body, nil
	}
	c := cursor{b: e.Body}
	c.uint8() // the length's lowest eight bits
	return c.b, e.checked(&c)
}
