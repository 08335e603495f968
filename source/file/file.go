// Package file reads the lines of a text file as records and follows the file
// as it grows, as Kafka's FileStreamSource connector does.
package file

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
)

// Source follows a file: each line becomes a record without a key, whose value
// is a STRING. A line ends with \n, \r\n or \r, which is not part of the record;
// what stands behind the last end waits until its own end is written. The zero
// value of every field but Path (or Input) and Topic is a default that suits most uses. The
// name in parentheses is the property of Kafka's connector.
//
// A file that is not there yet is waited for. Where another file takes its place,
// as log rotation does it, the old one is read to its end, and then the new one
// from its beginning; a file that has become shorter is read anew. A last line
// without an end counts as a line then. A file that was cut and has grown past
// the place again between two looks cannot be told from one that only grew.
//
// Offsets are Kafka's, {"filename":"app.log"} and {"position":n}, in bytes.
type Source struct {
	// Path is the file (file). It must be a regular file.
	Path string

	// Input is read in the place of a file, up to its end, which ends the source.
	// It has no offsets: what was read of it and not written when the program
	// ends is lost, as with Kafka's connector, and it cannot be opened again.
	Input *Stream

	// Topic is the topic of the records (topic).
	Topic string

	// BatchLines is the greatest number of lines in a batch. 0 means 2000
	// (batch.size).
	BatchLines int

	// LineBytes bounds the length of a line in bytes. A longer one is an error of
	// that record. 0 means 16 MiB.
	LineBytes int

	// PollInterval is the time between two looks at the end of the file. 0 means
	// 100 ms.
	PollInterval time.Duration

	// Once ends the source at the end of the file, instead of waiting for more.
	// What stands behind the last line's end is a line then.
	Once bool

	// StartOver reads a file from its beginning that is not the one that the
	// stored position is of: what that had behind the position is lost. By
	// default it is an error that wraps source.ErrOffsetLost
	// (tailrace.start.over).
	StartOver bool

	// Log is told that a file is waited for that is not there. Nil logs nothing.
	Log *slog.Logger
}

const (
	defaultBatchLines   = 2000
	defaultLineBytes    = 16 << 20
	defaultPollInterval = 100 * time.Millisecond
)

// Open checks the configuration and that the stored position is one of the
// file.
func (s Source) Open(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("file source: the configuration is not valid: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("file source: open %s: %w", s.Path, err)
	}
	if s.Input != nil {
		return s.Input.open(s.withDefaults())
	}
	name, err := json.Marshal(s.Path)
	if err != nil {
		return nil, fmt.Errorf("file source: %w", err)
	}
	r := &reader{Source: s.withDefaults(), partition: `{"filename":` + string(name) + `}`}
	for _, o := range from {
		if r.pos, err = s.position(o); err != nil {
			return nil, fmt.Errorf("file source: the stored offset %s of %s cannot be used: %w", o.Position, o.Partition, err)
		}
		r.partition, r.told = o.Partition, r.pos
	}
	if err := r.resume(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (s Source) check() error {
	var errs []error
	if (s.Path == "") == (s.Input == nil) {
		errs = append(errs, errors.New("say what to read by one of Path (file) and Input"))
	}
	if s.Topic == "" {
		errs = append(errs, errors.New("Topic (topic) is empty"))
	}
	if s.BatchLines < 0 || s.LineBytes < 0 || s.PollInterval < 0 {
		errs = append(errs, errors.New("BatchLines (batch.size), LineBytes and PollInterval must not be negative"))
	}
	return errors.Join(errs...)
}

func (s Source) withDefaults() Source {
	if s.BatchLines == 0 {
		s.BatchLines = defaultBatchLines
	}
	if s.LineBytes == 0 {
		s.LineBytes = defaultLineBytes
	}
	if s.PollInterval == 0 {
		s.PollInterval = defaultPollInterval
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	return s
}

// position reads an offset that an earlier reader gave, or Kafka's connector.
func (s Source) position(o tailrace.Offset) (int64, error) {
	var part struct {
		Filename *string `json:"filename"`
	}
	if err := json.Unmarshal([]byte(o.Partition), &part); err != nil || part.Filename == nil {
		return 0, errors.New("the partition is not of the form {\"filename\":\"…\"}")
	}
	if *part.Filename != s.Path {
		return 0, fmt.Errorf("it is of another file than %s", s.Path)
	}
	var at struct {
		Position *int64 `json:"position"`
	}
	if err := json.Unmarshal([]byte(o.Position), &at); err != nil || at.Position == nil || *at.Position < 0 {
		return 0, errors.New("the position is not of the form {\"position\":n}")
	}
	return *at.Position, nil
}

// openFile opens the path, but for what reading could wait at for ever; nil
// where there is nothing.
func openFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("file source: look for the file: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("file source: %s is no regular file", path)
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("file source: %w", err)
	}
	return f, nil
}
