package testserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A Cache is the directory where what was downloaded or initialised stays between runs. Several processes may use it at once.
type Cache struct {
	root string
}

// OpenCache opens the cache in $TAILRACE_CACHE or, where that is not set, in the tailrace directory of the user's cache
// ($XDG_CACHE_HOME or ~/.cache).
func OpenCache() (*Cache, error) {
	root := os.Getenv("TAILRACE_CACHE")
	if root == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("find the cache directory: %w; set TAILRACE_CACHE to a directory", err)
		}
		root = filepath.Join(user, "tailrace")
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("find the cache directory: %w", err)
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, fmt.Errorf("make the cache directory: %w; set TAILRACE_CACHE to a directory that can be written", err)
	}
	return &Cache{root}, nil
}

// Dir returns the directory of an entry. Where there is none yet, build fills one, which becomes the entry only when build
// returned nil: an entry that exists is whole. Of several processes that ask for one entry, one builds and the others wait.
func (c *Cache) Dir(ctx context.Context, name string, build func(dir string) error) (string, error) {
	dir := filepath.Join(c.root, name)
	if exists(dir) {
		return dir, nil
	}
	unlock, err := c.lock(ctx, name)
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(dir) {
		return dir, nil
	}
	aside := dir + ".partial"
	if err := removeTree(aside); err != nil {
		return "", fmt.Errorf("remove what an interrupted run left in the cache: %w", err)
	}
	if err := os.MkdirAll(aside, 0o755); err != nil {
		return "", fmt.Errorf("make a cache entry: %w", err)
	}
	if err := build(aside); err != nil {
		return "", errors.Join(err, removeTree(aside))
	}
	if err := os.Rename(aside, dir); err != nil {
		return "", fmt.Errorf("complete a cache entry: %w", err)
	}
	return dir, nil
}

// lock waits until no other process, and no other goroutine, holds the named lock of the cache.
func (c *Cache) lock(ctx context.Context, name string) (unlock func(), err error) {
	path := filepath.Join(c.root, name+".lock")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("lock %s in the cache: %w", name, err)
	}
	for {
		file, err := tryLock(path)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s in the cache: %w", name, err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for another process that builds %s in the cache: %w", name, context.Cause(ctx))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// tryLock locks the file at path, until it is closed or the process ends. The error is EWOULDBLOCK where it is locked.
func tryLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// removeTree removes a directory in which a debootstrap that was killed may have left file systems mounted.
func removeTree(dir string) error {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	// Later mounts may lie in earlier ones.
	for _, mount := range slices.Backward(strings.Split(string(mounts), "\n")) {
		fields := strings.Fields(mount)
		if len(fields) > 1 && strings.HasPrefix(fields[1], dir+"/") {
			if err := syscall.Unmount(fields[1], 0); err != nil {
				return fmt.Errorf("unmount %s: %w", fields[1], err)
			}
		}
	}
	return os.RemoveAll(dir)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
