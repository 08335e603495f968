package kafka

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Compression is how batches are compressed, by the numbers that the protocol
// gives the codecs.
type Compression int

const (
	None   Compression = iota // the default
	Gzip                      // small, and dear in CPU
	Snappy                    // cheap; framed as Java's clients do
	LZ4                       // cheap
	Zstd                      // the smallest for its price; brokers since Kafka 2.1 know it
)

var compressionNames = [...]string{"none", "gzip", "snappy", "lz4", "zstd"}

// String gives the name that the property compression.type has for it.
func (c Compression) String() string {
	if c < 0 || int(c) >= len(compressionNames) {
		return fmt.Sprintf("compression(%d)", int(c))
	}
	return compressionNames[c]
}

// compressor seals the batches of one leader. It keeps its tables and buffers,
// and is for one goroutine at a time.
type compressor struct {
	codec Compression
	table *crc32.Table
	spare []byte // swapped with the buffer of the batch that is compressed
	gzip  *gzip.Writer
	lz4   *lz4.Compressor
	zstd  *zstd.Encoder
}

func newCompressor(codec Compression) (*compressor, error) {
	c := &compressor{codec: codec, table: crc32.MakeTable(crc32.Castagnoli)}
	switch codec {
	case Gzip:
		c.gzip = gzip.NewWriter(nil)
	case LZ4:
		c.lz4 = new(lz4.Compressor)
	case Zstd:
		e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
		if err != nil {
			return nil, fmt.Errorf("make a zstd encoder: %w", err)
		}
		c.zstd = e
	}
	return c, nil
}

// compress replaces the records of a batch, all at once, by what they compress
// to.
func (c *compressor) compress(b *batch) error {
	if c.codec == None {
		return nil
	}
	if cap(c.spare) < recordsAt {
		c.spare = make([]byte, recordsAt, len(b.buf))
	}
	dst, src := c.spare[:recordsAt], b.buf[recordsAt:]
	var err error
	switch c.codec {
	case Gzip:
		dst, err = c.appendGzip(dst, src)
	case Snappy:
		dst = appendSnappy(dst, src)
	case LZ4:
		dst, err = c.appendLZ4(dst, src)
	case Zstd:
		dst = c.zstd.EncodeAll(src, dst)
	}
	if err != nil {
		return fmt.Errorf("compress %d records by %v: %w", b.count, c.codec, err)
	}
	b.buf, c.spare = dst, b.buf
	return nil
}

// appender is an io.Writer that appends.
type appender struct{ buf []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.buf = append(a.buf, p...)
	return len(p), nil
}

func (c *compressor) appendGzip(dst, src []byte) ([]byte, error) {
	out := appender{dst}
	c.gzip.Reset(&out)
	if _, err := c.gzip.Write(src); err != nil {
		return nil, err
	}
	err := c.gzip.Close()
	return out.buf, err
}

// snappyHead opens the framing of the snappy-java library, in which Java's
// clients write snappy and which all others read: a magic, and twice the
// version 1. Chunks follow, each behind its length.
const (
	snappyHead  = "\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"
	snappyChunk = 32 << 10
)

func appendSnappy(dst, src []byte) []byte {
	dst = append(dst, snappyHead...)
	for len(src) > 0 {
		chunk := src[:min(len(src), snappyChunk)]
		src = src[len(chunk):]
		at := len(dst) + 4
		dst = grow(dst, 4+s2.MaxEncodedLen(len(chunk)))
		n := len(s2.EncodeSnappy(dst[at:cap(dst)], chunk))
		dst = dst[:at+n]
		binary.BigEndian.PutUint32(dst[at-4:], uint32(n))
	}
	return dst
}

// An LZ4 frame of independent blocks without checksums of their contents, which
// is what Java's clients write. The last byte of the head is its checksum.
const (
	lz4Head  = "\x04\x22\x4d\x18\x60\x40\x82"
	lz4Block = 64 << 10
	lz4Plain = 1 << 31 // marks a block that is stored as it is
)

func (c *compressor) appendLZ4(dst, src []byte) ([]byte, error) {
	dst = append(dst, lz4Head...)
	for len(src) > 0 {
		block := src[:min(len(src), lz4Block)]
		src = src[len(block):]
		at := len(dst) + 4
		dst = grow(dst, 4+len(block))
		// Without room for more than the block itself, 0 says that it does not
		// compress.
		n, err := c.lz4.CompressBlock(block, dst[at:at+len(block)])
		if err != nil {
			return nil, err
		}
		head := uint32(n)
		if n == 0 {
			n = copy(dst[at:at+len(block)], block)
			head = uint32(n) | lz4Plain
		}
		dst = dst[:at+n]
		binary.LittleEndian.PutUint32(dst[at-4:], head)
	}
	return append(dst, 0, 0, 0, 0), nil
}

// grow gives b with n bytes more, of unspecified content.
func grow(b []byte, n int) []byte {
	if free := cap(b) - len(b); free < n {
		b = append(b[:cap(b)], make([]byte, n-free)...)[:len(b)]
	}
	return b[:len(b)+n]
}
