package testserver

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
)

func TestProcessThatEndsAtOnce(t *testing.T) {
	t.Parallel()
	p := script(t, "echo the disk is full; exit 3")
	p.ready = func(context.Context) error { return errors.New("nobody answers") }
	err := p.Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("the error is %v, want one that tells how it ended and what it said", err)
	}
	if err := p.Stop(); err != nil {
		t.Errorf("stop a process that does not run: %v", err)
	}
}

func TestProcessThatNeverServes(t *testing.T) {
	t.Parallel()
	p := script(t, "exec sleep 1000")
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	p.ready = func(context.Context) error {
		cancel(enough)
		return errors.New("nobody answers")
	}
	if err := p.Start(ctx); !errors.Is(err, enough) || !strings.Contains(err.Error(), "nobody answers") {
		t.Errorf("the error is %v, want one that tells of the cause and the last attempt", err)
	}
}

func TestProcessLifecycle(t *testing.T) {
	t.Parallel()
	p := script(t, "exec sleep 1000")
	p.ready = func(context.Context) error { return nil }
	for _, end := range []func() error{p.Stop, p.Kill} {
		if err := p.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		pid := p.cmd.Process.Pid
		if err := p.Start(t.Context()); err == nil {
			t.Error("a process that runs was started again")
		}
		if err := errors.Join(end(), end()); err != nil {
			t.Errorf("end it, twice: %v", err)
		}
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d is still there: %v", pid, err)
		}
	}
	if err := p.Close(); err != nil || exists(p.dir) {
		t.Errorf("close left the data, or failed: %v", err)
	}
}

// script is a process that is a shell script.
func script(t testing.TB, text string) *Process {
	t.Helper()
	p := &Process{
		Name: "script", Addr: "nowhere", dir: t.TempDir(), argv: []string{"/bin/sh", "-c", text},
		attr: unprivileged(""), stop: syscall.SIGTERM, release: func() {},
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestLogTellsProgressAndFailure(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	log := NewLog(&out)
	if err := log.During("kind", "work well", func(io.Writer) error { return nil }); err != nil {
		t.Error(err)
	}
	broken := errors.New("it broke")
	err := log.During("kind", "work badly", func(output io.Writer) error {
		io.WriteString(output, strings.Repeat("noise\n", 10_000)+"the last words\n")
		return broken
	})
	if !errors.Is(err, broken) || !strings.HasSuffix(err.Error(), "the last words") {
		t.Errorf("the error is %v, want the cause and the end of the output", err)
	}
	for _, line := range []string{"work well\n", "work well: done in ", "work badly\n"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("the log lacks %q:\n%s", line, out.String())
		}
	}
}

func TestTailShowsLastLine(t *testing.T) {
	t.Parallel()
	var output tail
	for _, text := range []string{"", "one\n", "two\nthree", "\r100 %\r\n"} {
		io.WriteString(&output, text)
	}
	if got := string(output.lastLine()); got != "100 %" {
		t.Errorf("the last line is %q, want that after the carriage return", got)
	}
}
