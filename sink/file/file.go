// Package file appends records to a text file, a line each, as Kafka's
// FileStreamSink connector does.
package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/sink"
)

// Sink appends the values of records of all topics to a file: text and bytes as
// they are, null as "null", and everything else as Kafka's StringConverter
// writes it. Keys and headers are not written. A value that has the end of a
// line in it is refused, since it would be read as several.
//
// Lines are durable behind Flush, by fsync. A crash may leave a last line
// without its end, of a record that was not flushed and comes again: Open cuts
// such a line off, so the file has to be the sink's own, and of one Writer at a
// time.
type Sink struct {
	// Path is the file, which is created where there is none (file).
	Path string

	// Output takes the lines in the place of a file, such as the standard
	// output. What a Write could not write of a batch is written again with the
	// rest of it.
	Output io.Writer
}

// Open opens the file and cuts off what a crash has left of a line.
func (s Sink) Open(ctx context.Context) (sink.Writer, error) {
	if (s.Path == "") == (s.Output == nil) {
		return nil, errors.New("file sink: say where to write by one of Path (file) and Output")
	}
	if s.Output != nil {
		return &writer{out: s.Output}, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("file sink: open %s: %w", s.Path, err)
	}
	if info, err := os.Stat(s.Path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("file sink: %s is no regular file", s.Path)
	}
	f, err := os.OpenFile(s.Path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("file sink: %w", err)
	}
	w := &writer{file: f}
	if err := errors.Join(w.mend(), syncDir(filepath.Dir(s.Path))); err != nil {
		return nil, fmt.Errorf("file sink: %w", errors.Join(err, f.Close()))
	}
	return w, nil
}

// syncDir makes durable that there is such a file.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// writer writes each batch behind end by one call.
type writer struct {
	out    io.Writer // in the place of a file
	file   *os.File
	end    int64 // behind the last whole line
	buf    []byte
	text   converter.String
	closed bool
}

// mend finds the end of the last whole line and cuts the rest off.
func (w *writer) mend() error {
	size, err := w.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	for end := size; end > 0; {
		n := min(end, int64(len(buf)))
		if _, err := w.file.ReadAt(buf[:n], end-n); err != nil {
			return err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			w.end = end - n + int64(i) + 1
			break
		}
		end -= n
	}
	if w.end == size {
		return nil
	}
	return errors.Join(w.file.Truncate(w.end), w.file.Sync())
}

// Write appends the records. They are durable behind Flush.
func (w *writer) Write(ctx context.Context, records []tailrace.Record) error {
	if w.closed {
		return errors.New("file sink: the writer is closed")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w.buf = w.buf[:0]
	for i := range records {
		if err := w.line(&records[i]); err != nil {
			if err := w.append(); err != nil {
				return err
			}
			if err := w.Flush(ctx); err != nil { // what stands before the record has to be durable
				return err
			}
			return &sink.BatchError{Index: i, Err: sink.Permanent(fmt.Errorf("file sink: %w", err))}
		}
	}
	return w.append()
}

// line puts the line of a record behind those before.
func (w *writer) line(r *tailrace.Record) (err error) {
	start := len(w.buf)
	switch r.Value.Type() {
	case tailrace.TypeNull:
		w.buf = append(w.buf, "null"...)
	case tailrace.TypeBytes:
		w.buf = append(w.buf, r.Value.Bytes()...)
	case tailrace.TypeString:
		w.buf = append(w.buf, r.Value.Text()...)
	default:
		w.buf, err = w.text.Append(w.buf, r.Topic, r.ValueSchema, r.Value)
	}
	if err == nil && bytes.ContainsAny(w.buf[start:], "\r\n") {
		err = fmt.Errorf("a value of topic %s has the end of a line in it, and would be read as several records: "+
			"write such values as JSON, in which it is \\n", r.Topic)
	}
	if err != nil {
		w.buf = w.buf[:start]
		return err
	}
	w.buf = append(w.buf, '\n')
	return nil
}

// append writes the lines, all or none.
func (w *writer) append() error {
	if len(w.buf) == 0 {
		return nil
	}
	if w.out != nil {
		if _, err := w.out.Write(w.buf); err != nil {
			return fmt.Errorf("file sink: %w", err)
		}
		return nil
	}
	n, err := w.file.WriteAt(w.buf, w.end)
	if err != nil {
		if n > 0 {
			err = errors.Join(err, w.file.Truncate(w.end))
		}
		return fmt.Errorf("file sink: %w", err)
	}
	w.end += int64(n)
	return nil
}

// Flush makes durable what was written.
func (w *writer) Flush(ctx context.Context) error {
	if w.closed {
		return errors.New("file sink: the writer is closed")
	}
	if w.out != nil {
		return nil
	}
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("file sink: %w", err)
	}
	return nil
}

// Close closes the file.
func (w *writer) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	if w.out != nil {
		return nil
	}
	return w.file.Close()
}
