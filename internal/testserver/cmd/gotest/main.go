// Gotest runs go test and reports what became of the tests: a line for each package, failures in full, and the counts at the end.
//
//	gotest [the arguments of go test]
//
// It fails where a test failed, where one was skipped, since a skipped test proves nothing, and where none ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

func main() {
	code, err := run(".", os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// run runs go test in a directory and returns our exit code.
func run(dir string, args []string, out io.Writer) (int, error) {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 1, fmt.Errorf("run go test: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("run go test: %w", err)
	}
	report := newReport(out)
	for event := range events(stdout, report) {
		report.add(event)
	}
	err = cmd.Wait()
	return report.close(err == nil), nil
}

// events yields what go test says. While it says nothing for long, the report says what runs.
func events(stdout io.Reader, report *report) func(yield func(event) bool) {
	lines := make(chan []byte)
	go func() {
		defer close(lines)
		reader := bufio.NewReader(stdout)
		for {
			line, err := reader.ReadBytes('\n')
			if len(line) > 0 {
				lines <- line
			}
			if err != nil {
				return
			}
		}
	}()
	return func(yield func(event) bool) {
		ticker := time.NewTicker(15 * time.Second)
		defer ticker.Stop()
		for {
			select {
			case line, ok := <-lines:
				if !ok {
					return
				}
				var e event
				if json.Unmarshal(line, &e) != nil {
					e = event{Action: "build-output", Output: string(line)} // go itself complains
				}
				if !yield(e) {
					return
				}
			case <-ticker.C:
				report.progress()
			}
		}
	}
}
