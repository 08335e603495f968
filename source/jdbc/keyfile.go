package jdbc

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
)

// keyFile is a set of lines that outlives the process: a header, and a line a
// key. A line is added before what it stands for is given, and lost by settle
// alone. It is safe for two goroutines.
type keyFile struct {
	path, header string

	mu      sync.Mutex
	file    *os.File
	known   map[string]struct{}
	waiting bool // what is missing is out of known, and still in the file
}

// openKeyFile reads the file, or begins one. A last line that a crash has cut
// short was never given, and goes.
func openKeyFile(path, header string) (*keyFile, error) {
	k := &keyFile{path: path, header: header, known: make(map[string]struct{})}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		lines := strings.Split(string(text), "\n")
		if lines[0] != header {
			return nil, fmt.Errorf("the file %s is of %.200q and not of %s: remove it, and deletes are seen from then on", path, lines[0], header)
		}
		for _, line := range lines[1:max(len(lines)-1, 1)] {
			if line != "" {
				k.known[line] = struct{}{}
			}
		}
	}
	return k, k.rewrite()
}

// rewrite puts a file of what is known in the place of the old one.
func (k *keyFile) rewrite() error {
	f, err := os.OpenFile(k.path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	w.WriteString(k.header + "\n") // the writer keeps the first error for Flush
	for _, line := range slices.Sorted(maps.Keys(k.known)) {
		w.WriteString(line + "\n")
	}
	if err := errors.Join(w.Flush(), f.Sync()); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := os.Rename(k.path+".new", k.path); err != nil {
		return errors.Join(err, f.Close())
	}
	old := k.file
	if k.file = f; old != nil {
		return old.Close()
	}
	return nil
}

// add adds the lines that are not known.
func (k *keyFile) add(lines []string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var text strings.Builder
	for _, line := range lines {
		if _, ok := k.known[line]; !ok {
			k.known[line] = struct{}{}
			text.WriteString(line + "\n")
		}
	}
	if text.Len() == 0 {
		return nil
	}
	_, err := k.file.WriteString(text.String())
	return err
}

// missing takes what is known and not here, which waits to be settled.
func (k *keyFile) missing(here map[string]struct{}) (gone []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for line := range k.known {
		if _, ok := here[line]; !ok {
			gone = append(gone, line)
			delete(k.known, line)
		}
	}
	slices.Sort(gone)
	k.waiting = len(gone) > 0
	return gone
}

func (k *keyFile) waits() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.waiting
}

// settle forgets what was missing.
func (k *keyFile) settle() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting = false
	return k.rewrite()
}

func (k *keyFile) close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.file.Close()
}
