package binlog

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
)

// maxInflated is how much a compressed part of MariaDB's log may claim to be.
const maxInflated = 1 << 30

// inflateMaria decompresses the text or the rows of MariaDB's compressed events:
// a byte with the algorithm and how many bytes of length follow, big-endian, and
// what zlib made.
func inflateMaria(b []byte) ([]byte, error) {
	c := cursor{b: b}
	head := c.uint8()
	if kind := head >> 4 & 7; kind != 0 {
		return nil, fmt.Errorf("%w: compressed by the unknown algorithm %d", ErrMalformed, kind)
	}
	size := 0
	for _, x := range c.take(int(head & 7)) {
		size = size<<8 | int(x)
		if size > maxInflated {
			return nil, fmt.Errorf("%w: the compressed part claims more than a gigabyte", ErrMalformed)
		}
	}
	if c.short {
		return nil, fmt.Errorf("%w: the compressed part ends too early", ErrMalformed)
	}
	return inflate(c.b, size)
}

// inflateColumn decompresses a value of one of MariaDB's COMPRESSED columns: a
// byte with the algorithm and the length of the length, the length, little-endian,
// and the compressed bytes; or a zero and the value as it is.
func inflateColumn(b []byte) ([]byte, error) {
	c := cursor{b: b}
	if len(b) == 0 {
		return b, nil
	}
	head := c.uint8()
	switch kind := head >> 4; kind {
	case 0:
		return c.b, nil
	case 8:
	default:
		return nil, fmt.Errorf("%w: compressed by the unknown algorithm %d", ErrMalformed, kind)
	}
	size := c.uintN(int(head & 7))
	if c.short || size > maxInflated {
		return nil, fmt.Errorf("%w: the compressed value has a bad length", ErrMalformed)
	}
	return inflate(c.b, int(size))
}

func inflate(b []byte, size int) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(z, int64(size)+1))
	if err != nil || n != int64(size) {
		return nil, fmt.Errorf("%w: decompressed to %d bytes, where %d were told (%v)", ErrMalformed, n, size, err)
	}
	return out.Bytes(), nil
}
