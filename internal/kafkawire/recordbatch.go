package kafkawire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Batch is a record batch of version 2, as a partition has it.
type Batch struct {
	First, Last   int64 // offsets; after a compaction not all between them are there
	Producer      int64 // -1 for none
	Transactional bool
	Control       bool // its one record is a marker, and no application's
	LogTime       bool // the records' time is when the broker got them

	codec     int
	base, max int64 // Unix milliseconds
	count     int
	records   []byte
}

// Record is one of a batch's. Key, Value and the values of headers are null
// where they are nil, and parts of the memory of the batch.
type Record struct {
	Offset  int64
	Time    int64 // Unix milliseconds
	Key     []byte
	Value   []byte
	Headers []Header
}

// Header is one of a record's.
type Header struct {
	Key   []byte
	Value []byte
}

// headLen is how much of a batch stands before its records.
const headLen = 61

// ErrPartial says that a set ends within a batch, as sets do that reach the
// greatest size that was asked for.
var ErrPartial = errors.New("the batch is cut short")

// Checker checks the sums of batches.
type Checker struct{ table *crc32.Table }

// NewChecker makes one; any number of goroutines may use it.
func NewChecker() Checker { return Checker{crc32.MakeTable(crc32.Castagnoli)} }

// Next takes the first batch off a set.
func (c Checker) Next(set []byte) (b Batch, rest []byte, err error) {
	if len(set) < 17 {
		return b, nil, ErrPartial
	}
	be := binary.BigEndian
	size := int64(int32(be.Uint32(set[8:])))
	if magic := set[16]; magic != 2 {
		return b, nil, fmt.Errorf("the record batch at offset %d is of version %d, which brokers before Kafka 0.11 wrote, and only 2 is known", be.Uint64(set), magic)
	}
	if size < headLen-12 {
		return b, nil, fmt.Errorf("the record batch at offset %d: %w", be.Uint64(set), errMalformed)
	}
	if size+12 > int64(len(set)) {
		return b, nil, ErrPartial
	}
	all := set[: size+12 : size+12]
	rest = set[size+12:]
	b.First = int64(be.Uint64(all))
	if have, want := crc32.Checksum(all[21:], c.table), be.Uint32(all[17:]); have != want {
		return b, nil, fmt.Errorf("the record batch at offset %d is damaged: its sum is %08x and should be %08x", b.First, have, want)
	}
	attributes := be.Uint16(all[21:])
	b.codec = int(attributes & 7)
	b.LogTime = attributes&8 != 0
	b.Transactional = attributes&16 != 0
	b.Control = attributes&32 != 0
	b.Last = b.First + int64(int32(be.Uint32(all[23:])))
	b.base, b.max = int64(be.Uint64(all[27:])), int64(be.Uint64(all[35:]))
	b.Producer = int64(be.Uint64(all[43:]))
	b.count = int(int32(be.Uint32(all[57:])))
	b.records = all[headLen:]
	if b.First < 0 || b.Last < b.First || b.count < 0 {
		return b, nil, fmt.Errorf("the record batch at offset %d: %w", b.First, errMalformed)
	}
	return b, rest, nil
}

// Append appends the batch's records to dst.
func (b *Batch) Append(dst []Record, d *Decompressor) ([]Record, error) {
	raw, err := d.decompress(b.codec, b.records)
	if err != nil {
		return dst, fmt.Errorf("decompress the record batch at offset %d: %w", b.First, err)
	}
	in := decoder{b: raw}
	for range b.count {
		body := decoder{b: in.field()}
		if in.bad || body.b == nil {
			return dst, b.malformed()
		}
		r, ok := b.record(&body)
		if !ok {
			return dst, b.malformed()
		}
		dst = append(dst, r)
	}
	if len(in.b) > 0 {
		return dst, b.malformed()
	}
	return dst, nil
}

func (b *Batch) malformed() error {
	return fmt.Errorf("a record of the batch at offset %d: %w", b.First, errMalformed)
}

func (b *Batch) record(d *decoder) (r Record, ok bool) {
	d.int8() // attributes, of which there are none
	r.Time = b.base + d.varint()
	if b.LogTime {
		r.Time = b.max
	}
	delta := d.varint()
	r.Offset = b.First + delta
	r.Key, r.Value = d.field(), d.field()
	n := d.varint()
	if n < 0 || n > int64(len(d.b)/2) {
		return r, false
	}
	for range n {
		h := Header{Key: d.field(), Value: d.field()}
		if h.Key == nil {
			return r, false
		}
		r.Headers = append(r.Headers, h)
	}
	return r, !d.bad && delta >= 0 && r.Offset <= b.Last
}

// Marker says how a transaction ended, by the record of a control batch. ok is
// false for those of other kinds.
func (b *Batch) Marker() (commit, ok bool) {
	in := decoder{b: b.records}
	body := decoder{b: in.field()}
	r, ok := b.record(&body)
	if !ok || len(r.Key) < 4 {
		return false, false
	}
	kind := binary.BigEndian.Uint16(r.Key[2:])
	return kind == 1, kind <= 1
}

// Filter leaves out what no reader of committed records should see, batch by
// batch of a partition. It begins anew with each fetch.
type Filter struct {
	aborted []Aborted // those that begin later, in the order of their offsets
	now     map[int64]bool
}

// NewFilter begins a set, of which a broker says what is aborted.
func NewFilter(aborted []Aborted) *Filter {
	return &Filter{aborted: aborted, now: make(map[int64]bool)}
}

// Keeps says whether the records of the next batch are an application's, and
// committed.
func (f *Filter) Keeps(b *Batch) bool {
	for len(f.aborted) > 0 && f.aborted[0].First <= b.Last {
		f.now[f.aborted[0].Producer] = true
		f.aborted = f.aborted[1:]
	}
	if b.Control {
		if commit, ok := b.Marker(); ok && !commit {
			delete(f.now, b.Producer)
		}
		return false
	}
	return !b.Transactional || !f.now[b.Producer]
}
