package javafile

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// entry is one of a map's. A null of Java is nil.
type entry struct{ key, value []byte }

// stream reads Java's object serialization protocol as far as a
// HashMap<byte[], byte[]> needs it. Whatever else is there is an error, and the
// first error stays.
type stream struct {
	data    []byte
	at      int
	err     error
	handles []any // what a reference may mean: a class, a []byte, or nil for the map
}

// class is the description of a class.
type class struct {
	name string
	size int // of the values of its fields
}

// Codes of the protocol.
const (
	tcNull         = 0x70
	tcReference    = 0x71
	tcClassDesc    = 0x72
	tcObject       = 0x73
	tcArray        = 0x75
	tcBlockData    = 0x77
	tcEndBlockData = 0x78

	firstHandle = 0x7e0000
)

// magic begins every stream, with the version of the protocol.
const magic = "\xac\xed\x00\x05"

const (
	hashMap = "java.util.HashMap"
	bytes   = "[B"
)

// parse reads the map of a file.
func parse(data []byte) ([]entry, error) {
	s := &stream{data: data}
	if string(s.take(len(magic))) != magic {
		s.fail("it does not begin as a serialized object does")
	}
	s.expect(tcObject, "an object")
	if c := s.class(); c.name != hashMap {
		s.fail("it holds a %s and not a %s", c.name, hashMap)
	} else {
		s.take(c.size)
	}
	s.handles = append(s.handles, nil)
	s.expect(tcBlockData, "the size of the map")
	if n := s.byte(); n != 8 {
		s.fail("the size of the map has %d bytes in place of 8", n)
	}
	s.uint32() // the buckets
	n := s.uint32()
	var entries []entry
	for i := uint32(0); i < n && s.err == nil; i++ {
		entries = append(entries, entry{s.bytes(), s.bytes()})
	}
	s.expect(tcEndBlockData, "the end of the map")
	if s.err == nil && s.at < len(data) {
		s.fail("there is more behind the map")
	}
	if s.err != nil {
		return nil, s.err
	}
	return entries, nil
}

func (s *stream) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("byte %d: "+format, append([]any{s.at}, args...)...)
	}
}

// take gives the next n bytes, or nil where there are fewer.
func (s *stream) take(n int) []byte {
	if s.err != nil {
		return nil
	}
	if n < 0 || n > len(s.data)-s.at {
		s.err = fmt.Errorf("byte %d: %w", s.at, errCut)
		return nil
	}
	s.at += n
	return s.data[s.at-n : s.at]
}

var errCut = errors.New("it ends too early")

func (s *stream) byte() byte {
	if b := s.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (s *stream) uint16() int {
	if b := s.take(2); b != nil {
		return int(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (s *stream) uint32() uint32 {
	if b := s.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (s *stream) expect(code byte, what string) {
	if b := s.byte(); b != code {
		s.fail("%#02x stands where %s should begin", b, what)
	}
}

// reference is what an earlier part of the stream was.
func (s *stream) reference() any {
	h := s.uint32() - firstHandle
	if s.err == nil && uint64(h) < uint64(len(s.handles)) {
		return s.handles[h]
	}
	s.fail("it refers to something that is not there")
	return nil
}

// class reads the description of a class whose fields are all primitive and
// that extends nothing but Object.
func (s *stream) class() class {
	switch code := s.byte(); code {
	case tcReference:
		c, ok := s.reference().(class)
		if !ok {
			s.fail("it refers to something that is no class")
		}
		return c
	case tcClassDesc:
	default:
		s.fail("%#02x stands where a class should begin", code)
		return class{}
	}
	c := class{name: string(s.take(s.uint16()))}
	s.take(8) // the version
	s.handles = append(s.handles, c)
	at := len(s.handles) - 1
	s.byte() // flags
	for n := s.uint16(); n > 0 && s.err == nil; n-- {
		size, ok := sizes[s.byte()]
		if !ok {
			s.fail("the class %s has fields that are objects", c.name)
		}
		c.size += size
		s.take(s.uint16()) // the name
	}
	s.handles[at] = c
	s.expect(tcEndBlockData, "the end of a class")
	s.expect(tcNull, "nothing, for no other class is extended,")
	return c
}

// sizes are those of Java's primitive types, by their codes.
var sizes = map[byte]int{'B': 1, 'C': 2, 'D': 8, 'F': 4, 'I': 4, 'J': 8, 'S': 2, 'Z': 1}

// bytes reads an array of bytes, or null.
func (s *stream) bytes() []byte {
	switch code := s.byte(); code {
	case tcNull:
		return nil
	case tcReference:
		b, ok := s.reference().([]byte)
		if !ok {
			s.fail("it refers to something that is no array of bytes")
		}
		return b
	case tcArray:
	default:
		s.fail("%#02x stands where an array of bytes should begin", code)
		return nil
	}
	if c := s.class(); c.name != bytes {
		s.fail("it holds a %s and not an array of bytes", c.name)
	}
	b := s.take(int(s.uint32()))
	s.handles = append(s.handles, b)
	return b
}
