package offset

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// errorSharingViolation is what opening a file gives that another has opened
// for itself.
const errorSharingViolation = syscall.Errno(32)

// tryLock opens a file for this handle alone to write, unless another has. The
// lock ends with unlock, or with the process.
func tryLock(path string) (lock *os.File, held bool, err error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, false, &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, syscall.FILE_SHARE_READ,
		nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, errorSharingViolation) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), false, nil
}

// unlock leaves the file behind where another has opened it by then.
func unlock(lock *os.File) error {
	err := lock.Close()
	_ = os.Remove(lock.Name()) // an open file cannot be removed, and a file that is left over means nothing
	return err
}

// syncDir does nothing: a directory cannot be synced here.
func syncDir(string) error { return nil }
