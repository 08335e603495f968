package testserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Process is one server: a program that runs, or does not run for the moment, on one address and one data directory.
type Process struct {
	Name string
	Addr string // host:port
	URL  string // what the kind's environment variable holds

	dir     string                          // everything of this server, removed by Close
	argv    []string                        // the program and its arguments
	env     []string                        // added to the environment
	attr    *syscall.SysProcAttr            // the user and the root directory of the program
	stop    syscall.Signal                  // asks for an orderly end
	ready   func(ctx context.Context) error // nil when the server serves
	release func()

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{} // closed when cmd has ended
}

// startTimeout is how long a server may take until it serves. A loaded machine needs a multiple of the usual 3 s, and the registry
// alone takes 20 s on two processors.
const startTimeout = 3 * time.Minute

// Start runs the program and returns when the server serves.
func (p *Process) Start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		return fmt.Errorf("start %s: it runs already, as process %d", p.Name, p.cmd.Process.Pid)
	}
	log, err := os.OpenFile(p.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	defer log.Close()
	cmd := exec.Command(p.argv[0], p.argv[1:]...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = log, log
	attr := *p.attr
	attr.Setpgid = true              // a Ctrl-C is for us, who then end the server
	attr.Pdeathsig = syscall.SIGKILL // and it ends when we cannot
	cmd.SysProcAttr = &attr
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	exited := make(chan struct{})
	go func() {
		cmd.Wait()
		close(exited)
	}()
	p.cmd, p.exited = cmd, exited
	if err := p.await(ctx); err != nil {
		p.end(syscall.SIGKILL)
		return fmt.Errorf("start %s on %s: %w\nIts log ended:\n%s", p.Name, p.Addr, err, p.logEnd())
	}
	return nil
}

// await returns when the server serves, has ended or takes too long.
func (p *Process) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("it did not serve within %v", startTimeout))
	defer cancel()
	for {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := p.ready(attempt)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (the last attempt: %w)", context.Cause(ctx), err)
		case <-p.exited:
			return fmt.Errorf("it ended at once: %v", p.cmd.ProcessState)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Stop ends the server in its orderly way. It is no error that it does not run.
func (p *Process) Stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.end(p.stop)
}

// Kill ends the server as a crash would. It is no error that it does not run.
func (p *Process) Kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.end(syscall.SIGKILL)
}

// interrupt ends the server by a signal of its own.
func (p *Process) interrupt(signal syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.end(signal)
}

func (p *Process) end(signal syscall.Signal) error {
	if p.cmd == nil {
		return nil
	}
	const patience = 30 * time.Second
	var err error
	if signal != syscall.SIGKILL {
		p.cmd.Process.Signal(signal)
		select {
		case <-p.exited:
			p.cmd = nil
			return nil
		case <-time.After(patience):
			err = fmt.Errorf("stop %s: it ignored %v for %v and was killed", p.Name, signal, patience)
		}
	}
	// PostgreSQL's backends outlive their killed parent for a moment, in which it could not be started again.
	p.cmd.Process.Signal(syscall.SIGSTOP)
	children := childrenOf(p.cmd.Process.Pid)
	p.cmd.Process.Kill()
	for _, child := range children {
		syscall.Kill(child, syscall.SIGKILL)
	}
	<-p.exited
	p.cmd = nil
	// Nothing tells of the end of a process that is not our child, so we look.
	for deadline := time.Now().Add(5 * time.Second); slices.ContainsFunc(children, lives) && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	return err
}

// childrenOf returns the processes that a process started.
func childrenOf(pid int) []int {
	list, _ := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", pid))
	var children []int
	for _, field := range strings.Fields(string(list)) {
		if child, err := strconv.Atoi(field); err == nil {
			children = append(children, child)
		}
	}
	return children
}

// lives is false for a process that is gone, or has ended and only waits for its parent to ask for its exit code.
func lives(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	state := bytes.TrimSpace(stat[bytes.LastIndexByte(stat, ')')+1:])
	return err == nil && !bytes.HasPrefix(state, []byte("Z")) && !bytes.HasPrefix(state, []byte("X"))
}

// Close ends the server without ceremony and removes its data.
func (p *Process) Close() error {
	err := p.Kill()
	p.release()
	return errors.Join(err, os.RemoveAll(p.dir))
}

func (p *Process) logPath() string {
	return filepath.Join(p.dir, "log")
}

func (p *Process) logEnd() string {
	log, err := os.ReadFile(p.logPath())
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(log[max(0, len(log)-3000):]))
}

// unprivileged lets a program run as the user nobody where we are root, since servers refuse to be root or should not be.
func unprivileged(root string) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Chroot: root}
	if os.Geteuid() == 0 {
		attr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return attr
}

// nobody is the user and group of Debian's nobody and nogroup.
const nobody = 65534

// own gives the tree at path to the user that servers run as.
func own(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return filepath.WalkDir(path, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, nobody, nobody)
	})
}

// runUnprivileged runs a program to its end, as the user that servers run as and in the root directory that they see.
func runUnprivileged(ctx context.Context, output io.Writer, root string, argv ...string) error {
	cmd := command(ctx, output, unprivileged(root), argv...)
	cmd.Dir = "/"
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(argv, " "), err)
	}
	return nil
}

// command prepares a program that brings or initialises something. It ends, with all that it started, when ctx does.
func command(ctx context.Context, output io.Writer, attr *syscall.SysProcAttr, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = output, output
	attr.Setpgid = true
	attr.Pdeathsig = syscall.SIGTERM
	cmd.SysProcAttr = attr
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	return cmd
}

// runDir makes a directory for the data of one server, below parent. It also removes those of processes that died before they
// could: each directory is locked by its living owner.
func (s *Site) runDir(ctx context.Context, parent, name string) (dir string, release func(), err error) {
	unlock, err := s.cache.lock(ctx, "run")
	if err != nil {
		return "", nil, err
	}
	defer unlock()
	left, _ := filepath.Glob(filepath.Join(parent, "tailrace-*.lock"))
	for _, path := range left {
		if lock, err := tryLock(path); err == nil {
			os.RemoveAll(strings.TrimSuffix(path, ".lock"))
			os.Remove(path)
			lock.Close()
		}
	}
	dir, err = os.MkdirTemp(parent, "tailrace-"+name+"-")
	if err != nil {
		return "", nil, fmt.Errorf("make a directory for %s: %w", name, err)
	}
	lock, err := tryLock(dir + ".lock")
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("lock the directory of %s: %w", name, err), os.Remove(dir))
	}
	return dir, func() {
		os.Remove(dir + ".lock")
		lock.Close()
	}, nil
}

// freePort returns a port of 127.0.0.1 on which nobody listens. It lies below the ports that the kernel gives to outgoing
// connections: one of those could take it while the server is down between Kill and Start, the client's own attempts included.
func freePort() (int, error) {
	var err error
	for range 100 {
		port := 20000 + rand.IntN(12000)
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("find a free port on 127.0.0.1: %w", err)
}
