package kafkawire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/segmentio/kafka-go/protocol"
)

// Fetch asks a broker for what is behind offsets of partitions that it leads. It
// is written and read here and not by the driver, which gives aborted records
// away and decodes each record by itself.
type Fetch struct {
	MaxWait           time.Duration // for MinBytes
	MinBytes          int
	MaxBytes          int // of the answer; a first batch that is larger comes alone
	PartitionMaxBytes int
	Committed         bool // nothing behind a transaction that is not decided, and say which are aborted
	Parts             []FetchPart
}

// FetchPart is a place in a partition. Those of one topic stand together.
type FetchPart struct {
	Topic     string
	Partition int32
	Offset    int64
}

// Fetched is the answer to a Fetch.
type Fetched struct {
	ErrorCode int16
	Parts     []FetchedPart
}

// FetchedPart is what came of a partition. Set is memory of its own.
type FetchedPart struct {
	Topic     string
	Partition int32
	ErrorCode int16
	High      int64 // the offset behind the last record that all in-sync replicas have
	Stable    int64 // the offset behind which transactions are not decided
	Start     int64 // the first offset that is there; -1 where the broker does not say
	Aborted   []Aborted
	Set       []byte // of record batches
}

// Aborted is a transaction that was aborted: what a producer wrote from an
// offset on, up to its next marker.
type Aborted struct {
	Producer int64
	First    int64
}

// ApiKey says which request it is.
func (*Fetch) ApiKey() protocol.ApiKey { return protocol.Fetch }

// ApiKey says which request it answers.
func (*Fetched) ApiKey() protocol.ApiKey { return protocol.Fetch }

// Encode writes the request, of the versions 4 to 11.
func (f *Fetch) Encode(c net.Conn, version int16, id int32, clientID string) error {
	if version < 4 || version > 11 {
		return fmt.Errorf("there is no common version of Fetch: the broker knows %d", version)
	}
	be := binary.BigEndian
	b := make([]byte, 4, 256)
	b = be.AppendUint16(b, uint16(protocol.Fetch))
	b = be.AppendUint16(b, uint16(version))
	b = be.AppendUint32(b, uint32(id))
	b = appendText(b, clientID)
	b = be.AppendUint32(b, 0xffffffff) // no replica
	b = be.AppendUint32(b, uint32(f.MaxWait.Milliseconds()))
	b = be.AppendUint32(b, uint32(f.MinBytes))
	b = be.AppendUint32(b, uint32(f.MaxBytes))
	isolation := byte(0)
	if f.Committed {
		isolation = 1
	}
	b = append(b, isolation)
	if version >= 7 {
		b = be.AppendUint32(b, 0)          // no session
		b = be.AppendUint32(b, 0xffffffff) // and none wanted
	}
	topics, parts, count := len(b), 0, uint32(0)
	b = be.AppendUint32(b, 0)
	for i, p := range f.Parts {
		if i == 0 || f.Parts[i-1].Topic != p.Topic {
			count++
			b = appendText(b, p.Topic)
			parts = len(b)
			b = be.AppendUint32(b, 0)
		}
		be.PutUint32(b[parts:], be.Uint32(b[parts:])+1)
		b = be.AppendUint32(b, uint32(p.Partition))
		if version >= 9 {
			b = be.AppendUint32(b, 0xffffffff) // any epoch of the leader
		}
		b = be.AppendUint64(b, uint64(p.Offset))
		if version >= 5 {
			b = be.AppendUint64(b, 0xffffffffffffffff) // no replica's log
		}
		b = be.AppendUint32(b, uint32(f.PartitionMaxBytes))
	}
	be.PutUint32(b[topics:], count)
	if version >= 7 {
		b = be.AppendUint32(b, 0) // nothing of a session to forget
	}
	if version >= 11 {
		b = appendText(b, "") // no rack
	}
	be.PutUint32(b, uint32(len(b)-4))
	_, err := c.Write(b)
	return err
}

func appendText(dst []byte, s string) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(s)))
	return append(dst, s...)
}

// Decode reads the answer.
func (f *Fetch) Decode(frame []byte, version int16) (protocol.Message, error) {
	d := decoder{b: frame}
	out := new(Fetched)
	d.int32() // how long the broker has held the answer back
	if version >= 7 {
		out.ErrorCode = d.int16()
		d.int32()
	}
	for range d.count(6) {
		topic := d.text()
		for range d.count(26) {
			p := FetchedPart{Topic: topic, Partition: d.int32(), ErrorCode: d.int16(), High: d.int64(), Stable: d.int64(), Start: -1}
			if version >= 5 {
				p.Start = d.int64()
			}
			for range d.count(16) {
				p.Aborted = append(p.Aborted, Aborted{Producer: d.int64(), First: d.int64()})
			}
			if version >= 11 {
				d.int32() // a replica that is nearer
			}
			p.Set = append([]byte(nil), d.take(int(max(d.int32(), 0)))...)
			out.Parts = append(out.Parts, p)
		}
	}
	if d.bad {
		return nil, fmt.Errorf("the answer to Fetch version %d is malformed", version)
	}
	return out, nil
}

var errMalformed = errors.New("it is malformed")

// decoder takes fields off bytes of which nothing is known. When they end too
// early it is bad, and gives zeros from there on.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.b) {
		d.bad, d.b = true, nil
		return nil
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) int8() int8 {
	if b := d.take(1); b != nil {
		return int8(b[0])
	}
	return 0
}

func (d *decoder) int16() int16 {
	if b := d.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (d *decoder) int32() int32 {
	if b := d.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (d *decoder) int64() int64 {
	if b := d.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

func (d *decoder) text() string { return string(d.take(int(max(d.int16(), 0)))) }

// count takes how many elements follow, each of which takes that many bytes at
// least: a number that cannot be is no reason to make room for it.
func (d *decoder) count(least int) int {
	n := int(d.int32())
	if n > len(d.b)/least {
		d.bad, d.b = true, nil
		return 0
	}
	return max(n, 0)
}

// varint takes a zigzag number.
func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

// field takes bytes behind their length; nil for null.
func (d *decoder) field() []byte {
	n := d.varint()
	if n < 0 || n > int64(len(d.b)) {
		if n != -1 {
			d.bad, d.b = true, nil
		}
		return nil
	}
	return d.take(int(n))
}
