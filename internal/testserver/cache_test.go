package testserver

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestCacheBuildsOnce(t *testing.T) {
	t.Parallel()
	cache := &Cache{t.TempDir()}
	var built atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			dir, err := cache.Dir(t.Context(), "kind/entry", func(dir string) error {
				built.Add(1)
				return os.WriteFile(filepath.Join(dir, "file"), []byte("whole"), 0o644)
			})
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := os.ReadFile(filepath.Join(dir, "file")); string(got) != "whole" {
				t.Errorf("the entry holds %q (%v)", got, err)
			}
		})
	}
	all.Wait()
	if built.Load() != 1 {
		t.Errorf("the entry was built %d times, want once", built.Load())
	}
}

func TestCacheKeepsNothingHalf(t *testing.T) {
	t.Parallel()
	cache := &Cache{t.TempDir()}
	broken := errors.New("the network is down")
	fill := func(name string, err error) func(string) error {
		return func(dir string) error {
			return errors.Join(os.WriteFile(filepath.Join(dir, name), nil, 0o644), err)
		}
	}
	if _, err := cache.Dir(t.Context(), "entry", fill("half", broken)); !errors.Is(err, broken) {
		t.Errorf("a build that failed returned %v", err)
	}
	// What a process leaves that is killed while it builds:
	aside := filepath.Join(cache.root, "entry.partial")
	if err := errors.Join(os.Mkdir(aside, 0o755), fill("half", nil)(aside)); err != nil {
		t.Fatal(err)
	}
	dir, err := cache.Dir(t.Context(), "entry", fill("whole", nil))
	if err != nil {
		t.Fatal(err)
	}
	if !exists(filepath.Join(dir, "whole")) || exists(filepath.Join(dir, "half")) || exists(aside) {
		t.Errorf("the entry is not what the last build made")
	}
}

func TestCacheWaitEnds(t *testing.T) {
	t.Parallel()
	cache := &Cache{t.TempDir()}
	unlock, err := cache.lock(t.Context(), "entry")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(enough)
	if _, err := cache.Dir(ctx, "entry", nil); !errors.Is(err, enough) {
		t.Errorf("waiting for another builder ended with %v, want the cause of the context", err)
	}
}

func TestCacheDirectory(t *testing.T) {
	chosen := filepath.Join(t.TempDir(), "chosen")
	t.Setenv("TAILRACE_CACHE", chosen)
	if cache, err := OpenCache(); err != nil || cache.root != chosen {
		t.Errorf("with TAILRACE_CACHE the cache is %v (%v), want %s", cache, err, chosen)
	}
	user := t.TempDir()
	t.Setenv("TAILRACE_CACHE", "")
	t.Setenv("XDG_CACHE_HOME", user)
	if cache, err := OpenCache(); err != nil || cache.root != filepath.Join(user, "tailrace") {
		t.Errorf("with XDG_CACHE_HOME the cache is %v (%v), want %s/tailrace", cache, err, user)
	}
}

func TestRunDirSweepsWhatTheDeadLeft(t *testing.T) {
	t.Parallel()
	site := &Site{&Cache{t.TempDir()}, NewLog(t.Output())}
	parent := t.TempDir()
	living, release, err := site.runDir(t.Context(), parent, "living")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	dead := filepath.Join(parent, "tailrace-dead-1")
	if err := errors.Join(os.Mkdir(dead, 0o700), os.WriteFile(dead+".lock", nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	_, releaseNext, err := site.runDir(t.Context(), parent, "next")
	if err != nil {
		t.Fatal(err)
	}
	defer releaseNext()
	if exists(dead) || exists(dead+".lock") {
		t.Error("the directory of a dead process is still there")
	}
	if !exists(living) {
		t.Error("the directory of a living process was removed")
	}
}

func TestMissingPrograms(t *testing.T) {
	t.Parallel()
	got := missing([]need{
		{"sh", "dash"}, {"no-such-program", "absent"}, {"/no/such/*/program", "absent-too"},
		{"/no/such/program", "absent-too"}, {"/bin/s[h]", "dash"},
	})
	if strings.Join(got, " ") != "absent absent-too" {
		t.Errorf("missing are %v, want absent and absent-too", got)
	}
}
