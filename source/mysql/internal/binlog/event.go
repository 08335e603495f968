package binlog

import (
	"errors"
	"fmt"
)

const headerSize = 19

// The flags of an event that matter here.
const (
	flagArtificial = 0x0020 // made by the server for this connection; it is not in the log
)

// Event is one event of the log.
type Event struct {
	Type     EventType
	Time     uint32 // when the statement began, in seconds since 1970-01-01 UTC; 0 where the server made the event up
	ServerID uint32 // of the server that wrote the event first
	Flags    uint16

	// File is the log file that the event is in. Start is the place of its
	// first byte there and End the one behind its last: where to go on reading
	// from. They count in 64 bits, also where the log's own field, of 32 bits,
	// has overflown. An event that the server made up has Start equal to End.
	File       string
	Start, End uint64

	// Compressed says that the event came out of a TRANSACTION_PAYLOAD_EVENT,
	// whose place in the file it has then: nobody can start reading at it.
	Compressed bool

	// Body is what follows the header, without the checksum.
	Body []byte
}

// Artificial says that the server made the event up for this connection, so
// that it has no place in the log: heartbeats and the rotation at the start.
func (e *Event) Artificial() bool { return e.Flags&flagArtificial != 0 }

// ErrMalformed says that an event does not have the form that its type should
// have: the log is damaged, or newer than this package.
var ErrMalformed = errors.New("malformed binlog event")

// fail says what is wrong with an event, and which one it is.
func (e *Event) fail(err error) error {
	return fmt.Errorf("%s at %s:%d: %w", e.Type, e.File, e.Start, err)
}

func (e *Event) malformed(format string, args ...any) error {
	return e.fail(fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...))
}

func (e *Event) checked(c *cursor) error {
	if c.short {
		return e.malformed("it ends too early, after %d bytes", len(e.Body))
	}
	return nil
}

// Format is what a FORMAT_DESCRIPTION_EVENT says of the log that it begins.
type Format struct {
	Version       uint16 // of the log's format; always 4
	ServerVersion string // such as 9.7.4 or 10.11.19-MariaDB-log
	Checksum      bool   // events end in a CRC32
}

// Format takes a FORMAT_DESCRIPTION_EVENT apart.
func (e *Event) Format() (Format, error) {
	c := cursor{b: e.Body}
	f := Format{Version: c.uint16()}
	version := c.take(50)
	for i, b := range version {
		if b == 0 {
			version = version[:i]
			break
		}
	}
	f.ServerVersion = string(version)
	c.uint32() // when the log was made
	header := c.uint8()
	if err := e.checked(&c); err != nil {
		return Format{}, err
	}
	if f.Version != 4 || header != headerSize {
		return Format{}, e.malformed("the log has format %d with headers of %d bytes, where 4 and %d are read", f.Version, header, headerSize)
	}
	// The lengths of the types' fixed parts follow, then the checksum's kind
	// and the checksum, which this event always has room for.
	if len(c.b) < int(TableMapEvent)+5 {
		return Format{}, e.malformed("it describes no row events: the server is older than 5.6")
	}
	if n := c.b[TableMapEvent-1]; n != 8 {
		return Format{}, e.malformed("table maps have a fixed part of %d bytes, where 8 are read", n)
	}
	switch kind := c.b[len(c.b)-5]; kind {
	case 0, 0xff:
	case 1:
		f.Checksum = true
	default:
		return Format{}, e.malformed("checksums of kind %d are unknown", kind)
	}
	return f, nil
}

// Rotate is where the log goes on.
type Rotate struct {
	File string // a copy
	Pos  uint64
}

// Rotate takes a ROTATE_EVENT apart.
func (e *Event) Rotate() (Rotate, error) {
	c := cursor{b: e.Body}
	r := Rotate{Pos: c.uint64()}
	r.File = string(c.b)
	if err := e.checked(&c); err != nil {
		return Rotate{}, err
	}
	if r.File == "" {
		return Rotate{}, e.malformed("it names no file")
	}
	return r, nil
}

// Heartbeat is how far the server has read the log, having had nothing to send.
type Heartbeat struct {
	File string // a copy
	Pos  uint64
}

// Heartbeat takes a HEARTBEAT_LOG_EVENT of either version apart. The first has
// only 32 bits of the position.
func (e *Event) Heartbeat() (Heartbeat, error) {
	c := cursor{b: e.Body}
	if e.Type == HeartbeatEvent {
		return Heartbeat{File: string(c.b), Pos: e.End}, nil
	}
	h := Heartbeat{File: e.File, Pos: e.End}
	for len(c.b) > 0 {
		field := c.packed()
		if field == 0 {
			break
		}
		value := cursor{b: c.packedBytes()}
		switch field {
		case 1:
			h.File = string(value.b)
		case 2:
			h.Pos = value.packed()
			c.short = c.short || value.short
		}
	}
	if err := e.checked(&c); err != nil {
		return Heartbeat{}, err
	}
	return h, nil
}

// Incident gives the error of an INCIDENT_EVENT: the server lost events before
// it could write them, so that whoever reads on misses changes.
func (e *Event) Incident() error {
	c := cursor{b: e.Body}
	number := c.uint16()
	message := c.take(int(c.uint8()))
	if err := e.checked(&c); err != nil {
		return err
	}
	return e.fail(fmt.Errorf("the server lost changes before it could log them (incident %d: %q); take a new snapshot to have them", number, message))
}
