package offset

// LockSaves holds the lock that a Save of the file takes.
func LockSaves(f File) (release func() error, err error) {
	lock, _, err := tryLock(string(f) + ".lock")
	return func() error { return unlock(lock) }, err
}
