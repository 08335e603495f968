package testserver

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

// A Log says what is being done, for a person who waits: a line when a piece of work begins, one every few seconds while it
// goes on, and one when it is done, each with the time it took so far.
type Log struct {
	mu    sync.Mutex
	out   io.Writer
	start time.Time
}

// NewLog returns a log that writes whole lines to out.
func NewLog(out io.Writer) *Log {
	return &Log{out: out, start: time.Now()}
}

// Printf writes one line about the named server.
func (l *Log) Printf(name, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.out, "%6.1fs  %-9s %s\n", time.Since(l.start).Seconds(), name, fmt.Sprintf(format, args...))
}

// During runs work and says so. What work writes is kept: its last line is shown as the progress of long work, and its end is
// in the error of work that failed.
func (l *Log) During(name, what string, work func(output io.Writer) error) error {
	l.Printf(name, "%s", what)
	var output tail
	begin := time.Now()
	ticker := time.NewTicker(5 * time.Second)
	defer ticker.Stop()
	done := make(chan error, 1)
	go func() { done <- work(&output) }()
	for {
		select {
		case err := <-done:
			if err != nil {
				return fmt.Errorf("%s: %s: %w%s", name, what, err, output.quote())
			}
			l.Printf(name, "%s: done in %.1fs", what, time.Since(begin).Seconds())
			return nil
		case <-ticker.C:
			l.Printf(name, "%s: %.0fs  %.100s", what, time.Since(begin).Seconds(), output.lastLine())
		}
	}
}

// A tail is a writer that keeps the end of what was written.
type tail struct {
	mu   sync.Mutex
	data []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const keep = 4 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, p...)
	if len(t.data) > 2*keep {
		t.data = append(t.data[:0], t.data[len(t.data)-keep:]...)
	}
	return len(p), nil
}

func (t *tail) lastLine() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	data := bytes.TrimSpace(t.data)
	return bytes.TrimSpace(bytes.Clone(data[bytes.LastIndexAny(data, "\r\n")+1:]))
}

// quote returns what is kept, to be put at the end of an error.
func (t *tail) quote() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(bytes.TrimSpace(t.data)) == 0 {
		return ""
	}
	return "\nIts output ended:\n" + string(bytes.TrimSpace(t.data))
}
