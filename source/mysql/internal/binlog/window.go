package binlog

import "io"

const (
	windowSize  = 256 << 10 // of a stream's buffer between large events
	windowSpare = 32 << 10  // the least room that is worth a read
)

// window is the part of a byte stream that is in memory. Bytes are taken from
// it in place; they stay until the next call of need.
type window struct {
	buf  []byte
	r, w int // what is there and not taken yet
}

// held is what is there.
func (b *window) held() []byte { return b.buf[b.r:b.w] }

// need reads until n bytes are there. What was read before an error remains, so
// that another call goes on where this one ended. A window grows only as fast as
// bytes come, whatever n claims.
func (b *window) need(n int, read func([]byte) (int, error)) error {
	for b.w-b.r < n {
		b.makeRoom(n)
		got, err := read(b.buf[b.w:])
		b.w += max(got, 0)
		if err != nil {
			if err == io.EOF && b.w-b.r > 0 {
				err = io.ErrUnexpectedEOF
			}
			if b.w-b.r >= n {
				return nil // the error will come again
			}
			return err
		}
	}
	return nil
}

func (b *window) makeRoom(n int) {
	if b.r == b.w {
		b.r, b.w = 0, 0
		if len(b.buf) > windowSize && n <= windowSize {
			b.buf = nil // a large event has passed
		}
	}
	if b.buf == nil {
		b.buf = make([]byte, windowSize)
	}
	if len(b.buf)-b.w >= windowSpare && len(b.buf)-b.r >= n {
		return
	}
	if b.r > 0 {
		b.w = copy(b.buf, b.buf[b.r:b.w])
		b.r = 0
	}
	if b.w == len(b.buf) || n > len(b.buf) && len(b.buf)-b.w < windowSpare {
		larger := make([]byte, min(max(n, windowSize), 2*len(b.buf))+windowSpare)
		copy(larger, b.buf[:b.w])
		b.buf = larger
	}
}
