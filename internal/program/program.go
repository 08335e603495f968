// Package program runs the programs of the project in tests as their users run
// them: built, with arguments, an environment and signals.
package program

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Build builds the program whose main package is in the directory and gives its
// path.
func Build(t testing.TB, dir string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "program")
	cmd := exec.Command("go", "build", "-o", bin, ".")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", dir, err, out)
	}
	return bin
}

// Program is one that runs. It is killed at the end of the test, if it still
// runs then.
type Program struct {
	t      testing.TB
	cmd    *exec.Cmd
	lines  chan string
	stderr lockedBuffer
}

// Start starts a program with variables added to the environment.
func Start(t testing.TB, bin string, env []string, args ...string) *Program {
	t.Helper()
	p := &Program{t: t, cmd: exec.Command(bin, args...), lines: make(chan string, 1<<16)}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Dir = t.TempDir()
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", bin, err)
	}
	go func() {
		defer close(p.lines)
		for in := bufio.NewReader(out); ; {
			line, err := in.ReadString('\n')
			if line != "" {
				p.lines <- strings.TrimSuffix(line, "\n")
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
	})
	return p
}

// patience is how long a program may take to say or do something.
const patience = 60 * time.Second

// Await gives the next line of standard output that contains the text.
func (p *Program) Await(text string) string {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				p.t.Fatalf("the program ended and did not say %q; on standard error it said:\n%s", text, p.stderr.String())
			}
			if strings.Contains(line, text) {
				return line
			}
		case <-deadline:
			p.t.Fatalf("%q did not come within %v; on standard error the program said:\n%s", text, patience, p.stderr.String())
		}
	}
}

// Stderr gives what the program has said on standard error so far.
func (p *Program) Stderr() string { return p.stderr.String() }

// AwaitStderr waits until the program has said the text on standard error.
func (p *Program) AwaitStderr(text string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(p.stderr.String(), text); {
		if time.Now().After(deadline) {
			p.t.Fatalf("%q did not come within %v; on standard error the program said:\n%s", text, patience, p.stderr.String())
		}
		<-time.After(10 * time.Millisecond)
	}
}

// Interrupt sends SIGINT and waits for the end; it gives what came on standard
// output since the last Await.
func (p *Program) Interrupt() (rest []string, err error) {
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return nil, err
	}
	for line := range p.lines {
		rest = append(rest, line)
	}
	return rest, p.cmd.Wait()
}

// Fail waits for the program to end by itself with an exit status other than 0
// and gives the lines on standard error that are no log lines.
func (p *Program) Fail() (complaint string) {
	p.t.Helper()
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	for range p.lines {
	}
	if err := p.cmd.Wait(); err == nil {
		p.t.Fatalf("the program succeeded; on standard error it said:\n%s", p.stderr.String())
	}
	var kept []string
	for line := range strings.SplitSeq(p.stderr.String(), "\n") {
		if line != "" && !strings.HasPrefix(line, "time=") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// lockedBuffer is written by the program while the test reads it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

var _ io.Writer = (*lockedBuffer)(nil)

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
