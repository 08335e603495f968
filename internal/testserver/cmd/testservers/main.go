// Testservers starts the servers that the tests need, runs a command that is told where they are, and stops them.
//
//	testservers [-only mysql,kafka] -- go test ./...
//	testservers [-only mysql,kafka]
//
// Without a command it prints the environment as export lines and keeps the servers until it is interrupted. A server whose
// environment variable (TAILRACE_MYSQL and so on) is set already is not started: the one that the variable names is used.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/tailrace-io/tailrace/internal/testserver"
)

func main() {
	only := flag.String("only", "", "the kinds to start, separated by commas, or none; all where it is empty")
	flag.Parse()
	kinds, err := choose(testserver.Kinds(), *only)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	code, err := run(kinds, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// endings are the signals that ask us to end.
func endings() []os.Signal {
	return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}
}

// choose returns the kinds that a list of names is of: all for an empty list, and no kind for "none".
func choose(kinds []testserver.Kind, list string) ([]testserver.Kind, error) {
	if list == "" {
		return kinds, nil
	}
	if list == "none" {
		return nil, nil
	}
	var chosen []testserver.Kind
	var known []string
	names := strings.Split(list, ",")
	for _, kind := range kinds {
		known = append(known, kind.Name)
		if slices.Contains(names, kind.Name) {
			chosen = append(chosen, kind)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("there is no server %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	return chosen, nil
}

// run starts servers, runs the command or waits to be interrupted, and stops the servers. It returns our exit code.
func run(kinds []testserver.Kind, command []string) (int, error) {
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	defer stop()
	log := testserver.NewLog(os.Stderr)
	site, err := testserver.NewSite(log)
	if err != nil {
		return 1, err
	}
	var missing []testserver.Kind
	for _, kind := range kinds {
		if os.Getenv(kind.Env) == "" {
			missing = append(missing, kind)
		} else {
			log.Printf(kind.Name, "%s is set: use that server", kind.Env)
		}
	}
	servers, err := start(ctx, site, missing)
	defer stopAll(servers)
	if ctx.Err() != nil {
		return 130, context.Cause(ctx)
	}
	if err != nil {
		return 1, err
	}
	var env []string
	for i, kind := range missing {
		env = append(env, kind.Env+"="+servers[i].URL)
	}
	if len(command) > 0 {
		return runCommand(command, env)
	}
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		fmt.Printf("export %s='%s'\n", name, value)
	}
	log.Printf("all", "the servers run until Ctrl-C")
	<-ctx.Done()
	return 0, nil
}

// start starts one server of each kind, all at the same time. With an error, it returns those that run all the same.
func start(ctx context.Context, site *testserver.Site, kinds []testserver.Kind) ([]*testserver.Process, error) {
	if err := site.Install(ctx, kinds...); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	servers := make([]*testserver.Process, len(kinds))
	var failed error
	var once sync.Once
	var wg sync.WaitGroup
	for i, kind := range kinds {
		wg.Go(func() {
			server, err := site.Start(ctx, kind)
			if err != nil {
				once.Do(func() { failed = err }) // the others fail because of the cancel
				cancel()
			}
			servers[i] = server
		})
	}
	wg.Wait()
	return servers, failed
}

func stopAll(servers []*testserver.Process) {
	var wg sync.WaitGroup
	for _, server := range servers {
		if server != nil {
			wg.Go(func() {
				if err := server.Close(); err != nil {
					fmt.Fprintln(os.Stderr, err)
				}
			})
		}
	}
	wg.Wait()
}

// runCommand runs a command to its end and returns its exit code. The signals that ask us to end are the command's to answer.
func runCommand(command, env []string) (int, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	// A terminal sends its Ctrl-C to everything in its foreground, where the command must then be. Elsewhere the command has a
	// group of its own, so that we can pass a signal on to all that it started.
	terminal := inForeground()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: !terminal}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, endings()...)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 127, fmt.Errorf("run %s: %w", command[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			return exitCode(cmd, err)
		case sig := <-signals:
			if !terminal {
				syscall.Kill(-cmd.Process.Pid, sig.(syscall.Signal))
			} else if sig != os.Interrupt {
				cmd.Process.Signal(sig)
			}
		}
	}
}

// exitCode returns the code that a shell would give for a command that ended.
func exitCode(cmd *exec.Cmd, err error) (int, error) {
	if cmd.ProcessState == nil {
		return 1, fmt.Errorf("run %s: %w", cmd.Path, err)
	}
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return cmd.ProcessState.ExitCode(), nil
}

// inForeground says whether we are in the foreground of a terminal.
func inForeground() bool {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return false
	}
	// After the name in parentheses: state, parent, group, session, terminal, foreground group of the terminal.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	return len(fields) > 5 && fields[2] == fields[5]
}
