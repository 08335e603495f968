package signal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"
)

// File is a channel of signals that are written to a file, each as a JSON
// object on a line of its own. The file is taken away, under another name, once
// it is there, and forgotten once what its signals have changed is durable, so
// that none is lost by a crash; one may be followed again then. Write to it by
// appending whole lines, or by renaming a finished file to its name.
type File struct {
	// Path is the name of the file, which need not be there. "" means
	// file-signals.txt.
	Path string

	// Poll is how often it is looked for. 0 means 5 seconds.
	Poll time.Duration
}

var _ Channel = File{}

// Name is file.
func (f File) Name() string { return "file" }

// Open begins with the signals that an earlier Receiver has taken and not seen
// committed.
func (f File) Open(context.Context, string) (Receiver, error) {
	r := &fromFile{path: f.Path, poll: f.Poll}
	if r.path == "" {
		r.path = "file-signals.txt"
	}
	if r.poll == 0 {
		r.poll = 5 * time.Second
	}
	if r.poll < 0 {
		return nil, errors.New("file of signals: Poll is negative")
	}
	if info, err := os.Stat(r.path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("file of signals: %s is a directory", r.path)
	}
	r.number = uint64(time.Now().UnixNano())
	return r, nil
}

type fromFile struct {
	path string
	poll time.Duration

	mu     sync.Mutex
	number uint64 // of what was taken last
	given  bool   // it has not been committed yet
}

func (r *fromFile) taken() string { return r.path + ".taken" }

func (r *fromFile) Receive(ctx context.Context) ([]Received, string, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, "", err
		}
		out, position, err := r.take()
		if err != nil {
			return nil, "", fmt.Errorf("file of signals: %w", err)
		}
		if len(out) > 0 {
			return out, position, nil
		}
		look := time.NewTimer(r.poll)
		select {
		case <-look.C:
		case <-ctx.Done():
			look.Stop()
		}
	}
}

// take gives what an earlier Receiver has left, or takes the file. While what
// was given is not committed nothing more is taken.
func (r *fromFile) take() ([]Received, string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.given {
		return nil, "", nil
	}
	text, err := os.ReadFile(r.taken())
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.Rename(r.path, r.taken()); errors.Is(err, fs.ErrNotExist) {
			return nil, "", nil
		}
		if err == nil {
			text, err = os.ReadFile(r.taken())
		}
	}
	if err != nil {
		return nil, "", err
	}
	var out []Received
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			s, err := Parse(line)
			out = append(out, Received{s, err})
		}
	}
	if len(out) == 0 {
		return nil, "", os.Remove(r.taken())
	}
	r.given = true
	r.number++
	return out, r.position(), nil
}

func (r *fromFile) position() string { return fmt.Sprint("taken ", r.number) }

func (r *fromFile) Commit(_ context.Context, position string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.given || !strings.HasPrefix(position, "taken ") || position != r.position() {
		return nil
	}
	if err := os.Remove(r.taken()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("file of signals: %w", err)
	}
	r.given = false
	return nil
}

func (r *fromFile) Close() error { return nil }
