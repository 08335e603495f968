package binlog

import "encoding/binary"

// cursor takes bytes off the front of b. What is not there is zero and sets
// short, so that a caller asks once, at the end.
type cursor struct {
	b     []byte
	short bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.short, c.b = true, nil
		return nil
	}
	p := c.b[:n:n]
	c.b = c.b[n:]
	return p
}

func (c *cursor) uint8() uint8 {
	if len(c.b) == 0 {
		c.short = true
		return 0
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

func (c *cursor) uint16() uint16 {
	if p := c.take(2); p != nil {
		return binary.LittleEndian.Uint16(p)
	}
	return 0
}

func (c *cursor) uint32() uint32 {
	if p := c.take(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

func (c *cursor) uint64() uint64 {
	if p := c.take(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

// uintN reads n bytes, at most 8, as a little-endian number.
func (c *cursor) uintN(n int) uint64 { return littleEndian(c.take(n)) }

func littleEndian(p []byte) uint64 {
	var v uint64
	for i := len(p) - 1; i >= 0; i-- {
		v = v<<8 | uint64(p[i])
	}
	return v
}

// packed reads a number of the protocol's length-encoded form.
func (c *cursor) packed() uint64 {
	switch n := c.uint8(); n {
	case 0xfc:
		return uint64(c.uint16())
	case 0xfd:
		return c.uintN(3)
	case 0xfe:
		return c.uint64()
	case 0xfb, 0xff: // null and an error, neither of which is a number
		c.short = true
		return 0
	default:
		return uint64(n)
	}
}

// packedBytes reads a length-encoded string.
func (c *cursor) packedBytes() []byte {
	n := c.packed()
	if n > uint64(len(c.b)) {
		c.short, c.b = true, nil
		return nil
	}
	return c.take(int(n))
}
