package kafka

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"

	"github.com/tailrace-io/tailrace"
)

// The layout of a record batch of version 2, which is what every broker since
// Kafka 0.11 stores. In front of it stands its own size, as a produce request
// wants it.
const (
	sizeAt       = 0  // int32: the bytes behind this one field
	firstAt      = 4  // int64: base offset, which the broker sets
	lengthAt     = 12 // int32: the bytes behind this one field
	epochAt      = 16 // int32: the leader's epoch, which the broker sets
	magicAt      = 20 // int8
	crcAt        = 21 // uint32: of all that follows
	attributesAt = 25 // int16
	lastAt       = 27 // int32: offset of the last record within the batch
	baseTimeAt   = 31 // int64
	maxTimeAt    = 39 // int64
	producerAt   = 47 // int64
	producerEpAt = 55 // int16
	sequenceAt   = 57 // int32: of the first record
	countAt      = 61 // int32
	recordsAt    = 65
)

// transactionalBit is the attribute of batches that are part of a transaction.
const transactionalBit = 1 << 4

// producer is the identity under which a writer sends: brokers drop batches of
// it that they have, and refuse those of an older epoch.
type producer struct {
	id    int64
	epoch int16
}

// batch is a record batch that is being built, then bytes to be sent. Its
// memory is used again after reset.
type batch struct {
	buf       []byte
	count     int
	raw       int   // its size before compression
	base, max int64 // Unix milliseconds
}

func (b *batch) reset() {
	if cap(b.buf) < recordsAt {
		b.buf = make([]byte, recordsAt, 4096)
	}
	b.buf = b.buf[:recordsAt]
	b.count = 0
}

// size is how large the batch is, as the limits of brokers and topics count.
func (b *batch) size() int { return len(b.buf) - firstAt }

// add appends a record whose key, value and headers are bytes or null.
func (b *batch) add(r *tailrace.Record, ms int64) {
	if b.count == 0 {
		b.base, b.max = ms, ms
	}
	b.max = max(b.max, ms)
	b.buf = appendRecord(b.buf, r, int64(b.count), ms-b.base)
	b.count++
}

// seal compresses the records and writes the header: the bytes are ready to be
// sent, any number of times.
func (b *batch) seal(c *compressor, p producer, sequence int32, transactional bool) error {
	if err := c.compress(b); err != nil {
		return err
	}
	attributes := uint16(c.codec)
	if transactional {
		attributes |= transactionalBit
	}
	h := b.buf[:recordsAt]
	be := binary.BigEndian
	be.PutUint32(h[sizeAt:], uint32(len(b.buf)-firstAt))
	be.PutUint64(h[firstAt:], 0)
	be.PutUint32(h[lengthAt:], uint32(len(b.buf)-epochAt))
	be.PutUint32(h[epochAt:], 0xffffffff)
	h[magicAt] = 2
	be.PutUint16(h[attributesAt:], attributes)
	be.PutUint32(h[lastAt:], uint32(b.count-1))
	be.PutUint64(h[baseTimeAt:], uint64(b.base))
	be.PutUint64(h[maxTimeAt:], uint64(b.max))
	be.PutUint64(h[producerAt:], uint64(p.id))
	be.PutUint16(h[producerEpAt:], uint16(p.epoch))
	be.PutUint32(h[sequenceAt:], uint32(sequence))
	be.PutUint32(h[countAt:], uint32(b.count))
	be.PutUint32(h[crcAt:], crc32.Checksum(b.buf[attributesAt:], c.table))
	return nil
}

// appendRecord appends a record as it stands within a batch: its length, then
// attributes, time and offset within the batch, key, value and headers. All
// numbers are zigzag varints, and a length of -1 is null.
func appendRecord(dst []byte, r *tailrace.Record, offset, ms int64) []byte {
	n := 1 + varintLen(ms) + varintLen(offset) + fieldLen(r.Key) + fieldLen(r.Value) + varintLen(int64(len(r.Headers)))
	for i := range r.Headers {
		h := &r.Headers[i]
		n += varintLen(int64(len(h.Key))) + len(h.Key) + fieldLen(h.Value)
	}
	dst = binary.AppendVarint(dst, int64(n))
	dst = append(dst, 0)
	dst = binary.AppendVarint(dst, ms)
	dst = binary.AppendVarint(dst, offset)
	dst = appendField(dst, r.Key)
	dst = appendField(dst, r.Value)
	dst = binary.AppendVarint(dst, int64(len(r.Headers)))
	for i := range r.Headers {
		h := &r.Headers[i]
		dst = binary.AppendVarint(dst, int64(len(h.Key)))
		dst = append(dst, h.Key...)
		dst = appendField(dst, h.Value)
	}
	return dst
}

func appendField(dst []byte, v tailrace.Value) []byte {
	if v.IsNull() {
		return append(dst, 1) // the varint of -1
	}
	b := v.Bytes()
	dst = binary.AppendVarint(dst, int64(len(b)))
	return append(dst, b...)
}

func fieldLen(v tailrace.Value) int {
	if v.IsNull() {
		return 1
	}
	n := len(v.Bytes())
	return varintLen(int64(n)) + n
}

func varintLen(v int64) int {
	return (bits.Len64(uint64(v<<1)^uint64(v>>63)|1) + 6) / 7
}

// maxRecordLen is the most that a record can take within a batch.
func maxRecordLen(r *tailrace.Record) int {
	const numbers = 5 + 1 + 10 + 5 + 5 // length, attributes, time, offset, number of headers
	n := numbers + 5 + len(r.Key.Bytes()) + 5 + len(r.Value.Bytes())
	for i := range r.Headers {
		n += 5 + len(r.Headers[i].Key) + 5 + len(r.Headers[i].Value.Bytes())
	}
	return n
}
