package tailrace

// Slab is memory from which a batch cuts the values and bytes of its records:
// an allocation a chunk rather than one a row. What was cut stays valid for as
// long as anything refers to it, unless the slab is Reset. The zero Slab is ready
// for use, by one goroutine at a time.
type Slab struct {
	values chunks[Value]
	bytes  chunks[byte]
	size   int
	reset  bool // it has been, and values that are cut are not null by themselves
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
	if n > len(s.values.left) {
		s.values.more(n, minSlabValues, maxSlabValues, s.reset)
	}
	v := s.values.left[:n:n]
	s.values.left = s.values.left[n:]
	s.size += n * 24
	return v
}

// Bytes cuts n bytes of unspecified content.
func (s *Slab) Bytes(n int) []byte {
	if n > len(s.bytes.left) {
		s.bytes.more(n, minSlabBytes, maxSlabBytes, s.reset)
	}
	b := s.bytes.left[:n:n]
	s.bytes.left = s.bytes.left[n:]
	s.size += n
	return b
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
	s.size, s.reset = 0, true
	s.values.anew()
	s.bytes.anew()
	if raceEnabled {
		s.spoil()
	}
}

// spoil fills what is kept.
func (s *Slab) spoil() {
	for _, chunk := range s.values.kept {
		for i := range chunk {
			chunk[i] = String("the memory of this value was used again: something has held on to it")
		}
	}
	for _, chunk := range s.bytes.kept {
		for i := range chunk {
			chunk[i] = '#'
		}
	}
}

// chunks are what a slab cuts from.
type chunks[T any] struct {
	left []T // of the one in use

	// How large the last one was: the first are small, for batches of a record or
	// two, and each next one is twice as large up to a bound.
	last int

	// Of a slab that was Reset: all, and how many of them have been begun.
	kept  [][]T
	begun int
}

// more puts a chunk in use that has n or more, one of those that are kept or a
// new one.
func (c *chunks[T]) more(n, smallest, largest int, keep bool) {
	for c.begun < len(c.kept) {
		c.left = c.kept[c.begun]
		if c.begun++; n <= len(c.left) {
			return
		}
	}
	c.last = min(max(2*c.last, smallest), largest)
	c.left = make([]T, max(n, c.last))
	if keep && len(c.left) <= largest {
		c.kept = append(c.kept, c.left)
		c.begun++
	}
}

// anew has what is kept cut from again.
func (c *chunks[T]) anew() { c.left, c.begun = nil, 0 }
