package mysql

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tlsRecord is a record of data of a size that is easy to tell from others.
func tlsRecord(size int) []byte {
	b := make([]byte, recordHeader+size)
	b[0], b[1], b[2] = 23, 3, 3
	binary.BigEndian.PutUint16(b[3:], uint16(size))
	for i := range size {
		b[recordHeader+i] = byte(size + i)
	}
	return b
}

// arrivals is a connection on which parts of a text come by and by. An empty
// part is a deadline that passes.
type arrivals struct {
	net.Conn
	parts [][]byte
}

func (a *arrivals) Read(b []byte) (int, error) {
	if len(a.parts) == 0 {
		return 0, io.EOF
	}
	part := a.parts[0]
	if len(part) == 0 {
		a.parts = a.parts[1:]
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(b, part)
	if a.parts[0] = part[n:]; n == len(part) {
		a.parts = a.parts[1:]
	}
	return n, nil
}

func TestARecordOfTLSIsReadWithoutTheBeginningOfTheNext(t *testing.T) {
	records := [][]byte{tlsRecord(100), tlsRecord(16 << 10), tlsRecord(1), tlsRecord(0), tlsRecord(16 << 10), tlsRecord(7)}
	var all []byte
	for _, r := range records {
		all = append(all, r...)
	}
	for _, step := range []int{1, 3, 1000, 16 << 10, len(all)} {
		var parts [][]byte
		for rest := all; len(rest) > 0; rest = rest[min(step, len(rest)):] {
			parts = append(parts, nil, rest[:min(step, len(rest))])
		}
		w := &wire{Conn: &arrivals{parts: parts}, buf: make([]byte, wireBuffer)}
		w.secured()
		b := make([]byte, 40<<10)
		for i, want := range records {
			var got []byte
			for len(got) < len(want) {
				n, err := w.Read(b)
				if err != nil {
					require.ErrorIs(t, err, os.ErrDeadlineExceeded, "what was read before is kept")
					require.Zero(t, n)
				}
				got = append(got, b[:n]...)
			}
			require.Equal(t, want, got, "record %d, %d bytes at a time", i, step)
		}
		_, err := w.Read(b)
		require.True(t, errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded))
	}
}

func TestARecordIsAtHandOnceAllOfItHasCome(t *testing.T) {
	first, second := tlsRecord(300), tlsRecord(500)
	w := &wire{Conn: &arrivals{parts: [][]byte{append(append([]byte{}, first...), second[:4]...), second[4:400], second[400:]}}, buf: make([]byte, wireBuffer)}
	w.secured()
	b := make([]byte, 40<<10)
	read := func(b []byte) int {
		n, err := w.Read(b)
		require.NoError(t, err)
		return n
	}
	assert.Equal(t, len(first), read(b))
	assert.False(t, w.recordAtHand(), "there is a part of its header")
	assert.Equal(t, 100, read(b[:100]))
	assert.False(t, w.recordAtHand(), "there is a part of it")
	assert.Equal(t, 300, read(b))
	assert.Equal(t, 50, read(b[:50]))
	assert.True(t, w.recordAtHand(), "there is all that was not read of it")
	assert.Equal(t, 55, read(b))
	assert.False(t, w.recordAtHand())
}

func TestRecordsThatHaveComeTogetherAreAtHandOneAfterTheOther(t *testing.T) {
	w := &wire{Conn: &arrivals{parts: [][]byte{append(tlsRecord(16<<10), append(tlsRecord(16<<10), tlsRecord(3)...)...)}}, buf: make([]byte, wireBuffer)}
	w.secured()
	b := make([]byte, 40<<10)
	for _, more := range []bool{true, true, false} {
		_, err := w.Read(b)
		require.NoError(t, err)
		assert.Equal(t, more, w.recordAtHand())
	}
}

func TestPlainBytesAreGivenAsTheyCome(t *testing.T) {
	w := &wire{Conn: &arrivals{parts: [][]byte{[]byte("a plain"), []byte(" packet")}}, buf: make([]byte, wireBuffer)}
	all, err := io.ReadAll(w)
	require.NoError(t, err)
	assert.Equal(t, "a plain packet", string(all))
	assert.False(t, w.recordAtHand())
}
