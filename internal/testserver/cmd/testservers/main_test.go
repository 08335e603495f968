package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tailrace-io/tailrace/internal/testserver"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	all := testserver.Kinds()
	if kinds, err := choose(all, ""); err != nil || len(kinds) != len(all) {
		t.Errorf("no list chooses %d kinds (%v), want all", len(kinds), err)
	}
	if kinds, err := choose(all, "none"); err != nil || len(kinds) != 0 {
		t.Errorf("none chooses %d kinds (%v)", len(kinds), err)
	}
	kinds, err := choose(all, "kafka,mysql")
	if err != nil || len(kinds) != 2 {
		t.Errorf("a list of two chooses %d kinds (%v)", len(kinds), err)
	}
	if _, err := choose(all, "mysql,oracle"); err == nil || !strings.Contains(err.Error(), `"oracle"`) || !strings.Contains(err.Error(), "postgres") {
		t.Errorf("a list with an unknown kind: %v, want an error that names it and those that there are", err)
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	program := build(t)
	for _, test := range []struct {
		name, script string
		code         int
	}{
		{"its exit code", `[ -n "$TAILRACE_POSTGRES" ] && exit 7`, 7},
		{"its end by a signal", "kill -KILL $$", 128 + 9},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(program, "-only", "postgres", "--", "sh", "-c", test.script)
			cmd.Env = environment()
			output, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != test.code {
				t.Errorf("it ended with %v, want %d; it said:\n%s", err, test.code, output)
			}
		})
	}
}

func TestNamedServerIsUsed(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(build(t), "-only", "postgres", "--", "sh", "-c", "echo $TAILRACE_POSTGRES")
	cmd.Env = append(environment(), "TAILRACE_POSTGRES=mine")
	output, err := cmd.Output()
	if err != nil || string(output) != "mine\n" {
		t.Errorf("the command was told of %q (%v), want the server that was named", output, err)
	}
}

// However the program ends, its servers end and their data goes.
func TestServersEndWithProgram(t *testing.T) {
	t.Parallel()
	program := build(t)
	for _, test := range []struct {
		name   string
		signal syscall.Signal
	}{
		{"when it is interrupted", syscall.SIGINT},
		{"when it is told to end", syscall.SIGTERM},
		{"when it is killed", syscall.SIGKILL},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			temp := t.TempDir()
			// The server runs as another user, who must get there.
			if err := errors.Join(os.Chmod(filepath.Dir(temp), 0o755), os.Chmod(temp, 0o755)); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(program, "-only", "postgres")
			cmd.Env = append(environment(), "TMPDIR="+temp)
			cmd.Stderr = t.Output()
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			// The server holds no descriptor of ours: the only one that can keep this connection open is itself.
			conn := connect(t, stdout)
			cmd.Process.Signal(test.signal)
			cmd.Wait()
			if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the server outlived the program")
			}
			left, _ := filepath.Glob(temp + "/*")
			if test.signal != syscall.SIGKILL && len(left) > 0 {
				t.Errorf("the program left %v", left)
			}
		})
	}
}

// connect connects to the server that an export line names.
func connect(t testing.TB, stdout io.Reader) net.Conn {
	t.Helper()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("read the export line: %v", err)
	}
	value := strings.TrimSuffix(strings.TrimPrefix(line, "export TAILRACE_POSTGRES='"), "'\n")
	u, err := url.Parse(value)
	if err != nil {
		t.Fatalf("the program printed %q: %v", line, err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatalf("connect to the server of %q: %v", line, err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func build(t testing.TB) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "testservers")
	if output, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, output)
	}
	return program
}

// environment is ours without the servers that we were told of.
func environment() []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "TAILRACE_") || strings.HasPrefix(entry, "TAILRACE_CACHE=") {
			env = append(env, entry)
		}
	}
	return env
}
