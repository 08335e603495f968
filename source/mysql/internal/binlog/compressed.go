package binlog

import (
	"bytes"
	"compress/flate"
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
	size, ok := inflatedSize(&c, int(head&7))
	if !ok {
		return nil, fmt.Errorf("%w: the compressed part has a bad length", ErrMalformed)
	}
	return inflate(c.b, size)
}

// inflateColumn decompresses a value of one of MariaDB's COMPRESSED columns: a
// byte with the algorithm, whether zlib's header is left out, and how many bytes
// of length follow, big-endian, and the compressed bytes; or a zero and the value
// as it is; or nothing.
func inflateColumn(b []byte) ([]byte, error) {
	if len(b) == 0 || b[0] == 0 {
		return b[min(1, len(b)):], nil
	}
	const headerless = 8
	c := cursor{b: b}
	head := c.uint8()
	if kind := head >> 4; kind != 8 {
		return nil, fmt.Errorf("%w: compressed by the unknown algorithm %d", ErrMalformed, kind)
	}
	size, ok := inflatedSize(&c, int(head&7))
	if !ok {
		return nil, fmt.Errorf("%w: the compressed value has a bad length", ErrMalformed)
	}
	if head&headerless == 0 {
		return inflate(c.b, size)
	}
	return readInflated(flate.NewReader(bytes.NewReader(c.b)), size)
}

// inflatedSize reads a big-endian length of n bytes.
func inflatedSize(c *cursor, n int) (size int, ok bool) {
	for _, x := range c.take(n) {
		if size = size<<8 | int(x); size > maxInflated {
			return 0, false
		}
	}
	return size, !c.short
}

func inflate(b []byte, size int) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return readInflated(z, size)
}

// readInflated reads as much as was told, and not as fast as it was told: memory
// grows with what comes.
func readInflated(z io.Reader, size int) ([]byte, error) {
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(z, int64(size)+1))
	if err != nil || n != int64(size) {
		return nil, fmt.Errorf("%w: decompressed to %d bytes, where %d were told (%v)", ErrMalformed, n, size, err)
	}
	return out.Bytes(), nil
}
