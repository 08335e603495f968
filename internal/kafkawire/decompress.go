package kafkawire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// maxBatch bounds what a batch decompresses to. Brokers take 1 MiB a batch as
// they are configured at first.
const maxBatch = 1 << 30

var errTooLarge = errors.New("it is larger than 1 GiB")

// Decompressor decompresses batches, into memory that is new each time. It is
// for one goroutine at a time; the zero one is ready for use.
type Decompressor struct {
	gzip *gzip.Reader
	lz4  *lz4.Reader
	zstd *zstd.Decoder
}

// Close frees what the decompressor keeps.
func (d *Decompressor) Close() {
	if d.zstd != nil {
		d.zstd.Close()
		d.zstd = nil
	}
}

func (d *Decompressor) decompress(codec int, src []byte) ([]byte, error) {
	switch codec {
	case 0:
		return src, nil
	case 1:
		return d.fromGzip(src)
	case 2:
		return fromSnappy(src)
	case 3:
		if d.lz4 == nil {
			d.lz4 = lz4.NewReader(nil)
		}
		d.lz4.Reset(bytes.NewReader(src))
		return readAll(d.lz4, src)
	case 4:
		return d.fromZstd(src)
	}
	return nil, fmt.Errorf("there is no codec %d", codec)
}

func (d *Decompressor) fromGzip(src []byte) (_ []byte, err error) {
	if d.gzip == nil {
		d.gzip = new(gzip.Reader)
	}
	if err := d.gzip.Reset(bytes.NewReader(src)); err != nil {
		return nil, err
	}
	return readAll(d.gzip, src)
}

func (d *Decompressor) fromZstd(src []byte) (_ []byte, err error) {
	if d.zstd == nil {
		d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBatch))
		if err != nil {
			return nil, err
		}
	}
	return d.zstd.DecodeAll(src, nil)
}

func readAll(r io.Reader, src []byte) ([]byte, error) {
	out := bytes.NewBuffer(make([]byte, 0, 4*len(src)))
	n, err := out.ReadFrom(io.LimitReader(r, maxBatch+1))
	if err == nil && n > maxBatch {
		err = errTooLarge
	}
	return out.Bytes(), err
}

// snappyMagic opens the framing of the snappy-java library, in which Java's
// clients write snappy: behind it two versions, and chunks, each behind its
// length. Other clients write a block alone.
const snappyMagic = "\x82SNAPPY\x00"

func fromSnappy(src []byte) ([]byte, error) {
	if !bytes.HasPrefix(src, []byte(snappyMagic)) {
		return appendBlock(nil, src)
	}
	d := decoder{b: src}
	d.take(len(snappyMagic) + 8)
	var out []byte
	var err error
	for len(d.b) > 0 {
		if len(d.b) < 4 {
			return nil, errMalformed
		}
		n := binary.BigEndian.Uint32(d.b)
		d.take(4)
		if uint64(n) > uint64(len(d.b)) {
			return nil, errMalformed
		}
		if out, err = appendBlock(out, d.take(int(n))); err != nil {
			return nil, err
		}
	}
	if d.bad {
		return nil, errMalformed
	}
	return out, nil
}

func appendBlock(dst, block []byte) ([]byte, error) {
	n, err := s2.DecodedLen(block)
	if err != nil {
		return nil, err
	}
	// A block is not much smaller than a sixty-fourth of what it holds.
	if len(dst)+n > maxBatch || n > 64*len(block)+64 {
		return nil, errTooLarge
	}
	out, err := s2.Decode(nil, block)
	if err != nil {
		return nil, err
	}
	if dst == nil {
		return out, nil
	}
	return append(dst, out...), nil
}
