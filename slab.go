package tailrace

// Slab is memory from which a batch cuts the values and bytes of its records:
// an allocation a chunk rather than one a row. What was cut stays valid for as
// long as anything refers to it, unless the slab is Reset. The zero Slab is ready
// for use, by one goroutine at a time.
type Slab struct {
	values []Value // what is left of the chunks that are cut from
	bytes  []byte
	size   int

	// How large the last chunks were: the first are small, for batches of a
	// record or two, and each next one is twice as large up to a bound.
	lastValues, lastBytes int

	// Of a slab that was Reset: its chunks, and how many of them have been begun.
	// Those of values are not zero.
	reset                   bool
	valueChunks             [][]Value
	byteChunks              [][]byte
	begunValues, begunBytes int
}

const (
	minSlabValues, maxSlabValues = 64, 2048 // 1.5 to 48 KiB
	minSlabBytes, maxSlabBytes   = 1024, 32 * 1024
)

// Values cuts n null values.
func (s *Slab) Values(n int) []Value {
	v := s.RawValues(n)
	if s.reset {
		clear(v)
	}
	return v
}

// CopyValues cuts a copy of vs.
func (s *Slab) CopyValues(vs []Value) []Value {
	v := s.RawValues(len(vs))
	copy(v, vs)
	return v
}

// RawValues cuts n values of unspecified content, for who sets all of them.
func (s *Slab) RawValues(n int) []Value {
	if n > len(s.values) {
		s.moreValues(n)
	}
	v := s.values[:n:n]
	s.values = s.values[n:]
	s.size += n * 24
	return v
}

func (s *Slab) moreValues(n int) {
	for s.begunValues < len(s.valueChunks) {
		s.values = s.valueChunks[s.begunValues]
		if s.begunValues++; n <= len(s.values) {
			return
		}
	}
	s.lastValues = min(max(2*s.lastValues, minSlabValues), maxSlabValues)
	s.values = make([]Value, max(n, s.lastValues))
	if s.reset && len(s.values) <= maxSlabValues {
		s.valueChunks = append(s.valueChunks, s.values)
		s.begunValues++
	}
}

// Bytes cuts n bytes of unspecified content.
func (s *Slab) Bytes(n int) []byte {
	if n > len(s.bytes) {
		s.moreBytes(n)
	}
	b := s.bytes[:n:n]
	s.bytes = s.bytes[n:]
	s.size += n
	return b
}

func (s *Slab) moreBytes(n int) {
	for s.begunBytes < len(s.byteChunks) {
		s.bytes = s.byteChunks[s.begunBytes]
		if s.begunBytes++; n <= len(s.bytes) {
			return
		}
	}
	s.lastBytes = min(max(2*s.lastBytes, minSlabBytes), maxSlabBytes)
	s.bytes = make([]byte, max(n, s.lastBytes))
	if s.reset && len(s.bytes) <= maxSlabBytes {
		s.byteChunks = append(s.byteChunks, s.bytes)
		s.begunBytes++
	}
}

// CopyBytes cuts a copy of b as a Bytes value.
func (s *Slab) CopyBytes(b []byte) Value {
	c := s.Bytes(len(b))
	copy(c, b)
	return Bytes(c)
}

// CopyString cuts a copy of b as a String value.
func (s *Slab) CopyString(b []byte) Value {
	c := s.Bytes(len(b))
	copy(c, b)
	return textOf(c)
}

// Size is how many bytes were cut so far, or since the last Reset.
func (s *Slab) Size() int { return s.size }

// Reset lets the slab cut its memory again, to which nothing may refer any more.
// From the first Reset on it keeps its chunks, but for those of rows that are
// larger than a chunk. Built for the race detector it fills them with what no
// source gives, so that tests find what was held on to.
func (s *Slab) Reset() {
	s.reset, s.size, s.begunValues, s.begunBytes = true, 0, 0, 0
	s.values, s.bytes = nil, nil
	if raceEnabled {
		s.spoil()
	}
}

// spoil fills what is kept.
func (s *Slab) spoil() {
	for _, chunk := range s.valueChunks {
		for i := range chunk {
			chunk[i] = String("the memory of this value was used again: something has held on to it")
		}
	}
	for _, chunk := range s.byteChunks {
		for i := range chunk {
			chunk[i] = '#'
		}
	}
}
