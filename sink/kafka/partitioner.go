package kafka

import (
	"encoding/binary"

	"github.com/tailrace-io/tailrace"
)

// Partitioner says which of a topic's partitions, of which there are n, numbered
// from 0, gets a record that names none itself. A number below 0 leaves it to
// the Writer, as with a record without a key. It is called by one goroutine at a
// time, and keeps nothing of the record.
type Partitioner func(r *tailrace.Record, n int) int

// ByKey is the default Partitioner and does as the Java producer's: records of
// equal keys go to one partition, the one in which every other Kafka client
// that is left at its default puts them too. Records without a key are left to
// the Writer.
func ByKey(r *tailrace.Record, n int) int {
	if r.Key.IsNull() {
		return -1
	}
	return int(murmur2(r.Key.Bytes())&0x7fffffff) % n
}

// murmur2 is the hash that Java's clients partition by: MurmurHash2 of 32 bits
// with a fixed seed.
func murmur2(data []byte) uint32 {
	const (
		seed = 0x9747b28c
		m    = 0x5bd1e995
		r    = 24
	)
	h := uint32(seed) ^ uint32(len(data))
	for len(data) >= 4 {
		k := binary.LittleEndian.Uint32(data)
		data = data[4:]
		k *= m
		k ^= k >> r
		h = h*m ^ k*m
	}
	switch len(data) {
	case 3:
		h ^= uint32(data[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(data[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(data[0])) * m
	}
	h ^= h >> 13
	h *= m
	return h ^ h>>15
}
