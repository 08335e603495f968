package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// An event is one of those that 'go doc test2json' describes.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// A report prints what became of packages as they end, and counts tests.
type report struct {
	out      io.Writer
	begin    time.Time
	printed  time.Time
	packages map[string]*results
	broken   []string // packages of which no single test is to blame
	passed   int
	failed   int
	skipped  []string
}

// results are those of a package that has not ended.
type results struct {
	order  []string // the tests, as they began; "" is the package
	output map[string]*strings.Builder
	state  map[string]string // the last action of each test
}

func newReport(out io.Writer) *report {
	return &report{out: out, begin: time.Now(), printed: time.Now(), packages: make(map[string]*results)}
}

func (r *report) add(e event) {
	switch {
	case e.Action == "build-output":
		r.printf("%s", e.Output)
	case e.Package == "":
	case e.Action == "output":
		r.of(e.Package).builder(e.Test).WriteString(e.Output)
	case e.Test != "":
		r.addTest(e)
	case e.Action == "pass", e.Action == "fail", e.Action == "skip":
		r.endPackage(e)
	}
}

func (r *report) addTest(e event) {
	results := r.of(e.Package)
	results.builder(e.Test)
	results.state[e.Test] = e.Action
	switch e.Action {
	case "pass":
		r.passed++
	case "fail":
		r.failed++
	case "skip":
		r.skipped = append(r.skipped, fmt.Sprintf("%s %s\n%s", e.Package, e.Test, results.builder(e.Test)))
	}
}

// endPackage prints the line of a package that ended, below all that failing tests of it have said.
func (r *report) endPackage(e event) {
	results := r.of(e.Package)
	delete(r.packages, e.Package)
	blamed := false
	if e.Action == "fail" {
		for _, test := range results.order {
			// A test that neither passed nor failed was running when the package was ended, as by a panic or a timeout.
			if state := results.state[test]; test != "" && state != "pass" && state != "skip" {
				blamed = true
				r.printf("%s", withoutNoise(results.builder(test).String()))
			}
		}
		if !blamed {
			r.broken = append(r.broken, e.Package)
		}
	}
	for line := range strings.Lines(results.builder("").String()) {
		last := strings.HasPrefix(line, "ok  \t") || strings.HasPrefix(line, "?   \t") || strings.HasPrefix(line, "\t"+e.Package)
		if last || e.Action == "fail" && line != "FAIL\n" {
			r.printf("%s", line)
		}
	}
}

// withoutNoise drops the lines that only say that a test goes on.
func withoutNoise(output string) string {
	var kept strings.Builder
	for line := range strings.Lines(output) {
		if !strings.HasPrefix(line, "=== ") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// progress says which tests run, unless something was said of late.
func (r *report) progress() {
	if time.Since(r.printed) < 10*time.Second {
		return
	}
	var running []string
	for name, results := range r.packages {
		for _, test := range results.order {
			if state := results.state[test]; test != "" && (state == "run" || state == "cont") {
				running = append(running, name[strings.LastIndexByte(name, '/')+1:]+" "+test)
			}
		}
	}
	slices.Sort(running)
	what := "compiling"
	if len(running) > 0 {
		what = strings.Join(running[:min(5, len(running))], ", ")
	}
	r.printf("... %.0fs: %s\n", time.Since(r.begin).Seconds(), what)
}

// close prints the summary and returns the exit code.
func (r *report) close(succeeded bool) int {
	for _, skipped := range r.skipped {
		r.printf("SKIPPED %s", skipped)
	}
	for _, name := range r.broken {
		r.printf("BROKEN %s\n", name)
	}
	if len(r.skipped) > 0 {
		r.printf("Skipped tests prove nothing: make them run, or take them out.\n")
	}
	if r.passed+r.failed == 0 {
		r.printf("No test ran.\n")
	}
	r.printf("%d passed, %d failed, %d skipped\n", r.passed, r.failed+len(r.broken), len(r.skipped))
	if !succeeded || r.failed > 0 || len(r.broken) > 0 || len(r.skipped) > 0 || r.passed == 0 {
		return 1
	}
	return 0
}

func (r *report) printf(format string, args ...any) {
	r.printed = time.Now()
	fmt.Fprintf(r.out, format, args...)
}

func (r *report) of(name string) *results {
	if r.packages[name] == nil {
		r.packages[name] = &results{output: make(map[string]*strings.Builder), state: make(map[string]string)}
	}
	return r.packages[name]
}

func (p *results) builder(test string) *strings.Builder {
	if p.output[test] == nil {
		p.output[test] = new(strings.Builder)
		p.order = append(p.order, test)
	}
	return p.output[test]
}
