package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/tailrace-io/tailrace/source"
)

// Stream is text that comes once, such as the standard input. A goroutine reads
// it from the first opening on, a few chunks ahead. It ends with the text: a
// reading that waits, and that nothing can interrupt, outlives the Reader.
type Stream struct {
	from   io.Reader
	chunks chan []byte
	done   chan struct{} // closed with the Reader

	mu     sync.Mutex
	opened bool
	failed error // why chunks was closed, where that is no end
}

// NewStream makes a Stream of what from gives. Nothing is read yet.
func NewStream(from io.Reader) *Stream {
	return &Stream{from: from, chunks: make(chan []byte, 4), done: make(chan struct{})}
}

func (s *Stream) open(settings Source) (source.Reader, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened {
		return nil, fmt.Errorf("file source: the input cannot be read a second time, and what was read of it and not written is lost: "+
			"start again, with the input from where it should go on: %w", source.ErrOffsetLost)
	}
	s.opened = true
	settings.Once = true
	go s.read()
	return &reader{Source: settings, stream: s}, nil
}

func (s *Stream) read() {
	defer close(s.chunks)
	for {
		buf := make([]byte, chunk)
		n, err := s.from.Read(buf)
		if n > 0 {
			select {
			case s.chunks <- buf[:n]:
			case <-s.done:
				return
			}
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, io.EOF) {
			s.mu.Lock()
			s.failed = fmt.Errorf("file source: read the input: %w", err)
			s.mu.Unlock()
		}
		return
	}
}

// receive waits for more of the stream, or its end.
func (r *reader) receive(ctx context.Context) error {
	if r.final {
		return io.EOF
	}
	r.shed()
	select {
	case text, ok := <-r.stream.chunks:
		r.buf, r.final = append(r.buf, text...), !ok
		r.stream.mu.Lock()
		defer r.stream.mu.Unlock()
		if !ok && r.stream.failed != nil {
			return r.stream.failed
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// name is what messages call the text.
func (r *reader) name() string {
	if r.stream != nil {
		return "the input"
	}
	return r.Path
}
