package offset

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/tailrace-io/tailrace"
)

// File is a Store and Claimer in one JSON file, which the File names. People
// can read it, and edit it while nothing runs:
//
//	{
//	  "inventory": [
//	    {
//	      "partition": {"server":"shop"},
//	      "position": {"file":"binlog.000003","pos":1547}
//	    }
//	  ]
//	}
//
// Several engines may share a file, under different names and from different
// processes. An absent file has no offsets; its directory must be there. A file
// that is empty, cut short or of another kind is an error of every method that
// reads it, never an empty start.
//
// Save writes a new file beside the old, syncs it and renames it, and syncs the
// directory, so that a crash at any instant leaves the offsets of before or of
// after. Where they are the same it writes nothing. For the time of a Save there
// is a file with the suffix .lock, and for the time of a claim one with the name
// and the suffix .claim: what holds is the system's lock on them, which ends
// with its process, so that one that is left over means nothing. The new file
// has the suffix .new until it is renamed.
type File string

var _ Claimer = File("")

// Load reads the file.
func (f File) Load(ctx context.Context, name string) ([]tailrace.Offset, error) {
	engines, _, err := f.read(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("load the offsets of %q: %w", name, err)
	}
	for _, e := range engines {
		if e.name == name {
			return e.offsets, nil
		}
	}
	return nil, nil
}

// Save rewrites the file, if that changes anything.
func (f File) Save(ctx context.Context, name string, offsets []tailrace.Offset) error {
	if err := f.save(ctx, name, offsets); err != nil {
		return fmt.Errorf("save the offsets of %q: %w", name, err)
	}
	return nil
}

func (f File) save(ctx context.Context, name string, offsets []tailrace.Offset) (err error) {
	if err := errors.Join(ctx.Err(), check(offsets)); err != nil || len(offsets) == 0 {
		return err
	}
	path, err := f.path()
	if err != nil {
		return err
	}
	lock, err := waitLock(ctx, path+".lock")
	if err != nil {
		return withAdvice(err, path)
	}
	defer func() { err = errors.Join(err, unlock(lock)) }()
	engines, data, err := f.read(ctx, name)
	if err != nil {
		return err
	}
	next := appendFile(nil, merge(engines, name, offsets))
	if bytes.Equal(next, data) {
		return nil
	}
	return withAdvice(replace(path, next), path)
}

// merge puts offsets over those of the engine.
func merge(engines []engine, name string, offsets []tailrace.Offset) []engine {
	i := 0
	for i < len(engines) && engines[i].name != name {
		i++
	}
	if i == len(engines) {
		engines = append(engines, engine{name: name})
	}
	e := &engines[i]
	places := make(map[string]int, len(e.offsets)+len(offsets))
	for j := range e.offsets {
		places[compact(e.offsets[j].Partition)] = j
	}
	for _, o := range offsets {
		partition := compact(o.Partition)
		if j, there := places[partition]; there {
			e.offsets[j] = o
			continue
		}
		places[partition] = len(e.offsets)
		e.offsets = append(e.offsets, o)
	}
	return engines
}

// Claim locks the name for this process. The error of a second Claim says which
// process has it, where that is known.
func (f File) Claim(ctx context.Context, name string) (release func() error, err error) {
	lock, err := f.claim(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("claim the offsets of %q: %w", name, err)
	}
	return sync.OnceValue(func() error { return unlock(lock) }), nil
}

func (f File) claim(ctx context.Context, name string) (*os.File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, err := f.path()
	if err != nil {
		return nil, err
	}
	lock, held, err := tryLock(path + "." + fileName(name) + ".claim")
	if err != nil {
		return nil, withAdvice(err, path)
	}
	if held {
		return nil, fmt.Errorf("%s in the offsets file %s is in use by %s: stop that first, or give one of the two another name",
			name, path, holder(path+"."+fileName(name)+".claim"))
	}
	if err := signLock(lock); err != nil {
		return nil, errors.Join(err, unlock(lock))
	}
	return lock, nil
}

// path is where the file is: behind the link, where there is a link.
func (f File) path() (string, error) {
	if f == "" {
		return "", errors.New(`the offsets file has no name: say offset.File("shop.offsets")`)
	}
	path, err := filepath.EvalSymlinks(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		path = string(f)
		if _, err = os.Stat(filepath.Dir(path)); errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("the directory of the offsets file %s does not exist: create it, or mount it", path)
		}
	}
	if err != nil {
		return "", withAdvice(err, string(f))
	}
	return path, nil
}

// read gives what the file has, and its bytes; nothing where there is no file.
func (f File) read(ctx context.Context, name string) ([]engine, []byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if !utf8.ValidString(name) {
		return nil, nil, errors.New("the name is no UTF-8 text")
	}
	path, err := f.path()
	if err != nil {
		return nil, nil, err
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, withAdvice(err, path)
	}
	engines, err := parse(data)
	if err != nil {
		return nil, nil, fmt.Errorf("the offsets file %s cannot be used: %w; put a good copy in its place, or remove it if everything may be read from the beginning again", path, err)
	}
	return engines, data, nil
}

// replace puts data in the place of what the file has, all or nothing.
func replace(path string, data []byte) error {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	aside := path + ".new"
	if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) { // left by a crash
		return err
	}
	f, err := os.OpenFile(aside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(aside))
	}
	if err := os.Rename(aside, path); err != nil {
		return errors.Join(err, os.Remove(aside))
	}
	return syncDir(filepath.Dir(path))
}

func withAdvice(err error, path string) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w; the process must be allowed to read the offsets file %s and to create files in its directory", err, path)
	}
	return err
}

// waitLock takes a lock that nobody holds for long.
func waitLock(ctx context.Context, path string) (*os.File, error) {
	for {
		lock, held, err := tryLock(path)
		if err != nil || !held {
			return lock, err
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the lock %s, which another process holds: %w", path, ctx.Err())
		}
	}
}

// compact is a JSON text without its white space, to compare it.
func compact(text string) string {
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		return text
	}
	return b.String()
}
