//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package offset

import (
	"errors"
	"io/fs"
	"os"
)

// tryLock fails: without a lock that ends with its process two engines could
// use one file.
func tryLock(path string) (lock *os.File, held bool, err error) {
	return nil, false, &fs.PathError{Op: "lock", Path: path, Err: errors.ErrUnsupported}
}

func unlock(lock *os.File) error { return lock.Close() }

func syncDir(string) error { return nil }
