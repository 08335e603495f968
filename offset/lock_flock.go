//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package offset

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// tryLock creates a file and locks it, unless another holds it. The lock ends
// with unlock, or with the process.
func tryLock(path string) (lock *os.File, held bool, err error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, false, err
		}
		if err := flock(f); err != nil {
			f.Close()
			if errors.Is(err, syscall.EWOULDBLOCK) {
				return nil, true, nil
			}
			return nil, false, &fs.PathError{Op: "lock", Path: path, Err: err}
		}
		there, err := isAt(f, path)
		if there {
			return f, false, nil
		}
		f.Close() // its holder removed it between our open and our lock
		if err != nil {
			return nil, false, err
		}
	}
}

func flock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// isAt says whether the file is still the one that the path leads to.
func isAt(f *os.File, path string) (bool, error) {
	mine, err := f.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(mine, there), err
}

// unlock removes the file while it is locked, so that no one can lock a file
// that is about to go. It leaves a file alone that has taken its place.
func unlock(lock *os.File) error {
	there, err := isAt(lock, lock.Name())
	if there {
		err = os.Remove(lock.Name())
	}
	return errors.Join(err, lock.Close())
}

// syncDir makes a rename in the directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
