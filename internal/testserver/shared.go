package testserver

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// sharedURL returns where the shared server of a kind is.
func sharedURL(t testing.TB, kind Kind) string {
	t.Helper()
	value := os.Getenv(kind.Env)
	if value == "" {
		t.Fatalf("this test needs a %s server, and %s does not say where one is: run 'make test', or 'make servers' and its export lines",
			kind.Name, kind.Env)
	}
	return value
}

// start starts a server for one test and ends it with the test.
func start(t testing.TB, kind Kind, options []string) *Process {
	t.Helper()
	site, err := NewSite(NewLog(t.Output()))
	if err != nil {
		t.Fatal(err)
	}
	p, err := site.Start(t.Context(), kind, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of %s on %s ended:\n%s", p.Name, p.Addr, p.logEnd())
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// lifecycle is the part of a server that ends and starts it. It is refused for a shared server.
type lifecycle struct {
	process *Process
}

// Stop ends the server in its orderly way.
func (l lifecycle) Stop(t testing.TB) {
	t.Helper()
	l.own(t)
	if err := l.process.Stop(); err != nil {
		t.Fatal(err)
	}
}

// Kill ends the server as a crash would.
func (l lifecycle) Kill(t testing.TB) {
	t.Helper()
	l.own(t)
	if err := l.process.Kill(); err != nil {
		t.Fatal(err)
	}
}

// Start starts the server again after Stop or Kill, on the same address and data, and returns when it serves.
func (l lifecycle) Start(t testing.TB) {
	t.Helper()
	l.own(t)
	if err := l.process.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (l lifecycle) own(t testing.TB) {
	t.Helper()
	if l.process == nil {
		t.Fatal("other tests share this server: only one of StartMySQL, StartPostgres and so on may be stopped")
	}
}

// openDB returns connections that are closed at the end of the test.
func openDB(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatalf("open a %s database: %v", driver, err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// execute executes statements in order on one connection. Cleanups call it too, so the test's context may be over.
func execute(t testing.TB, db *sql.DB, statements []string) {
	t.Helper()
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer conn.Close()
	for _, statement := range statements {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			t.Fatalf("execute %s: %v", statement, err)
		}
	}
}

// uniqueName returns a name for a database or a topic that no other test has, and that tells whose it is.
func uniqueName(t testing.TB) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '_'
	}, t.Name())
	return fmt.Sprintf("%.30s_%08x", plain, rand.Uint32())
}

// versionOf returns what a server program, seen from a root directory, says of its version, as one word.
func versionOf(ctx context.Context, root, program string) (string, error) {
	cmd := exec.CommandContext(ctx, program, "--version")
	cmd.Dir, cmd.SysProcAttr = "/", &syscall.SysProcAttr{Chroot: root}
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", program, err)
	}
	for _, word := range strings.Fields(string(out)) {
		if '0' <= word[0] && word[0] <= '9' {
			return strings.ReplaceAll(word, "/", "_"), nil
		}
	}
	return "", fmt.Errorf("%s --version names no version: %q", program, out)
}
