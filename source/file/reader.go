package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
)

// reader follows a file. What was read of it and is not yet taken as lines is
// in buf.
type reader struct {
	Source
	partition string

	file    *os.File // nil while there is none
	stream  *Stream  // in the place of a file
	buf     []byte
	pos     int64 // of the beginning of buf, in the file
	told    int64 // the position that was last given
	moved   bool  // pos is in another file than told
	skip    int   // bytes of a line that is too long, and goes on in buf
	final   bool  // nothing more will come behind buf: what it ends with is a line
	rotated bool  // another file has taken the place of this one
	waits   bool  // that the file is not there was said
	closed  bool
}

const chunk = 64 << 10

// Read gives the lines that are there, or waits for some.
func (r *reader) Read(ctx context.Context) (tailrace.Batch, error) {
	for {
		if r.closed {
			return tailrace.Batch{}, errors.New("file source: the reader is closed")
		}
		if err := ctx.Err(); err != nil {
			return tailrace.Batch{}, err
		}
		b, err := r.lines()
		if err != nil || len(b.Records) > 0 || len(b.Offsets) > 0 {
			return b, err
		}
		if r.stream != nil {
			if err := r.receive(ctx); err != nil {
				return tailrace.Batch{}, err
			}
			continue
		}
		more, err := r.fill()
		if err != nil {
			return tailrace.Batch{}, err
		}
		if more {
			continue
		}
		if r.final && r.Once {
			return tailrace.Batch{}, io.EOF
		}
		changed, err := r.look()
		if err != nil {
			return tailrace.Batch{}, err
		}
		if !changed {
			if err := r.wait(ctx); err != nil {
				return tailrace.Batch{}, err
			}
		}
	}
}

// lines takes whole lines off the buffer.
func (r *reader) lines() (b tailrace.Batch, err error) {
	var slab tailrace.Slab
	for len(b.Records) < r.BatchLines {
		line, size, ok := cutLine(r.buf, r.final)
		if !ok {
			break
		}
		bad := r.refuse(line)
		if bad != nil && len(b.Records) > 0 {
			break // the next Read gives it
		}
		r.buf, r.pos, r.skip = r.buf[size:], r.pos+int64(size), 0
		if bad != nil {
			return tailrace.Batch{}, bad
		}
		if b.Records == nil {
			b.Records = make([]tailrace.Record, 0, min(r.BatchLines, 1+bytes.Count(r.buf, []byte{'\n'})+1))
		}
		b.Records = append(b.Records, tailrace.Record{Topic: r.Topic, ValueSchema: tailrace.StringSchema, Value: slab.CopyString(line)})
	}
	if r.final && len(r.buf) == 0 && !r.Once {
		r.turn()
	}
	if r.stream == nil && (r.pos != r.told || r.moved) {
		if len(b.Records) > 0 || r.moved {
			b.Offsets = []tailrace.Offset{{Partition: r.partition, Position: `{"position":` + strconv.FormatInt(r.pos, 10) + `}`}}
			r.told, r.moved = r.pos, false
		}
	}
	if len(b.Records) > 0 {
		b.Size = slab.Size() + cap(b.Records)*int(unsafe.Sizeof(tailrace.Record{}))
	}
	return b, nil
}

// refuse says what is wrong with a line.
func (r *reader) refuse(line []byte) error {
	bad := &source.RecordError{Record: tailrace.Record{Topic: r.Topic}}
	switch {
	case r.skip+len(line) > r.LineBytes:
		bad.Err = fmt.Errorf("file source: the line of %s that ends behind byte %d has more than LineBytes, %d", r.name(), r.pos+int64(len(line)), r.LineBytes)
	case !utf8.Valid(line):
		bad.Record.Value = tailrace.Bytes(bytes.Clone(line))
		bad.Err = fmt.Errorf("file source: the line of %s at byte %d is no text in UTF-8", r.name(), r.pos)
	default:
		return nil
	}
	return bad
}

// cutLine finds the first line of buf, without its end, and its size with it.
// Behind a \r at the end of buf a \n may still come.
func cutLine(buf []byte, final bool) (line []byte, size int, ok bool) {
	n := bytes.IndexByte(buf, '\n')
	line = buf
	if n >= 0 {
		line = buf[:n]
	}
	if c := bytes.IndexByte(line, '\r'); c >= 0 {
		switch {
		case c+1 < len(buf) && buf[c+1] == '\n':
			return buf[:c], c + 2, true
		case c+1 < len(buf) || final:
			return buf[:c], c + 1, true
		}
		return nil, 0, false
	}
	if n >= 0 {
		return line, n + 1, true
	}
	return buf, len(buf), final && len(buf) > 0
}

// fill reads what comes next in the file.
func (r *reader) fill() (more bool, err error) {
	if r.file == nil || r.final {
		return false, nil
	}
	r.shed()
	if cap(r.buf)-len(r.buf) < chunk {
		r.buf = append(make([]byte, 0, 2*(len(r.buf)+chunk)), r.buf...)
	}
	n, err := r.file.ReadAt(r.buf[len(r.buf):len(r.buf)+chunk], r.pos+int64(len(r.buf)))
	r.buf = r.buf[:len(r.buf)+n]
	if err != nil && err != io.EOF {
		return false, fmt.Errorf("file source: %w", err)
	}
	return n > 0, nil
}

// shed lets go of a line that is too long already.
func (r *reader) shed() {
	if len(r.buf) > r.LineBytes {
		r.skip, r.pos, r.buf = r.skip+len(r.buf), r.pos+int64(len(r.buf)), nil
	}
}

// look sees at the end of the file whether it is still the file.
func (r *reader) look() (changed bool, err error) {
	if r.file == nil {
		r.file, err = openFile(r.Path)
		if r.file == nil && err == nil && r.Once {
			err = fmt.Errorf("file source: there is no file %s", r.Path)
		}
		if r.file == nil && err == nil && !r.waits {
			r.waits = true
			r.Log.Warn("the file is not there; it is waited for", "file", r.Path)
		}
		return r.file != nil, err
	}
	here, err := r.file.Stat()
	if err != nil {
		return false, fmt.Errorf("file source: %w", err)
	}
	if here.Size() < r.pos+int64(len(r.buf)) {
		r.final = true // it was cut
		return true, nil
	}
	if here.Size() > r.pos+int64(len(r.buf)) {
		return true, nil // it has grown since
	}
	if r.Once {
		r.final = true
		return true, nil
	}
	there, err := os.Stat(r.Path)
	if err != nil || os.SameFile(here, there) {
		r.rotated = false
		return false, nil // moved away, perhaps, and none has come in its place
	}
	if !r.rotated { // its writer may have a last word
		r.rotated = true
		return false, nil
	}
	r.final = true
	return true, nil
}

// turn goes to the beginning of the file that is there now.
func (r *reader) turn() {
	r.file.Close() // which was only read
	r.file, r.buf, r.pos, r.skip, r.final, r.rotated, r.moved, r.waits = nil, nil, 0, 0, false, false, true, false
}

func (r *reader) wait(ctx context.Context) error {
	timer := time.NewTimer(r.PollInterval)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// resume opens the file and checks that a line ends before the position.
func (r *reader) resume() (err error) {
	if r.file, err = openFile(r.Path); err != nil || r.pos == 0 {
		return err
	}
	end := make([]byte, 1)
	if r.file != nil {
		_, err = r.file.ReadAt(end, r.pos-1)
	}
	switch {
	case err != nil && err != io.EOF:
		return fmt.Errorf("file source: %w", err)
	case r.file != nil && (end[0] == '\n' || end[0] == '\r'):
		return nil
	case r.StartOver:
		r.pos, r.moved = 0, true
		return nil
	}
	return fmt.Errorf("file source: no line of %s ends at byte %d, where reading should go on, so that it is another file than before: "+
		"put that one back, or set StartOver (tailrace.start.over) to read this one from its beginning: %w", r.Path, r.pos, source.ErrOffsetLost)
}

// Commit has nothing to do: the file forgets nothing on our account.
func (r *reader) Commit(context.Context, []tailrace.Offset) error { return nil }

// Close closes the file.
func (r *reader) Close() error {
	if r.stream != nil && !r.closed {
		close(r.stream.done)
	}
	r.closed = true
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}
