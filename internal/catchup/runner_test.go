package catchup

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// oracleEnv names a command that runs the real Debezium engine over a
// properties file: COMMAND debezium FILE count IDLE_MS EXPECTED. Without it the
// benchmark measures tailrace alone.
const oracleEnv = "TAILRACE_ORACLE"

// scaleEnv divides the work, for a quick look.
const scaleEnv = "TAILRACE_BENCH_SCALE"

func scale(b *testing.B) int {
	b.Helper()
	text := os.Getenv(scaleEnv)
	if text == "" {
		return 1
	}
	scale, err := strconv.Atoi(text)
	if err != nil || scale < 1 {
		b.Fatalf("%s=%s is no number above 0", scaleEnv, text)
	}
	return scale
}

// engines are those that are measured beside each other.
func engines(b *testing.B) []*runner {
	engines := []*runner{{name: "tailrace", dir: b.TempDir(), command: build(b), count: func(f string, n int) []string { return []string{"-count", strconv.Itoa(n), f} }}}
	if oracle := os.Getenv(oracleEnv); oracle != "" {
		engines = append(engines, &runner{name: "debezium", dir: b.TempDir(), command: []string{oracle, "debezium"},
			count: func(f string, n int) []string { return []string{f, "count", "20000", strconv.Itoa(n)} }})
	}
	return engines
}

func build(b *testing.B) []string {
	path := filepath.Join(b.TempDir(), "debezium")
	if out, err := exec.Command("go", "build", "-o", path, "../../examples/debezium").CombinedOutput(); err != nil {
		b.Fatalf("build the example: %v\n%s", err, out)
	}
	return []string{path}
}

// runner runs one engine over one properties file, which is its own.
type runner struct {
	name, dir, file string
	properties      string // of the source
	schemas         bool   // in the JSON
	command         []string
	count           func(file string, events int) []string
	offsets         []byte // where runs begin; nil before the first
}

// write writes the properties file.
func (r *runner) write(b *testing.B) {
	b.Helper()
	r.file = filepath.Join(r.dir, "bench.properties")
	text := fmt.Sprintf(`name=bench
offset.storage=org.apache.kafka.connect.storage.FileOffsetBackingStore
offset.storage.file.filename=%[1]s/offsets
offset.flush.interval.ms=1000
topic.prefix=bench
key.converter.schemas.enable=%[3]t
value.converter.schemas.enable=%[3]t
%[2]s`, r.dir, r.properties, r.schemas)
	if err := os.WriteFile(r.file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

type measured struct {
	rate, rss, startup float64
	cpu                time.Duration
}

func (m measured) report(b *testing.B, events int) {
	b.ReportMetric(m.rate, "events/s")
	b.ReportMetric(m.cpu.Seconds()*1e6/float64(events), "cpu-µs/event")
	b.ReportMetric(m.rss, "MB-rss")
	b.ReportMetric(m.startup, "s-to-first")
	b.ReportMetric(0, "ns/op")
}

var summary = regexp.MustCompile(`events=(\d+) seconds=([\d.]+) events/s=(\d+) bytes=\d+ startup=([\d.]+)`)

// run counts events from the offset behind the snapshot on; the first run makes
// the snapshot.
func (r *runner) run(b *testing.B, events int) (m measured) {
	b.Helper()
	offsets := filepath.Join(r.dir, "offsets")
	if r.offsets != nil {
		if err := os.WriteFile(offsets, r.offsets, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	m = r.measure(b, events)
	if r.offsets == nil {
		r.keep(b)
	}
	return m
}

// keep has the runs that follow begin where the last one has come to.
func (r *runner) keep(b *testing.B) {
	b.Helper()
	var err error
	if r.offsets, err = os.ReadFile(filepath.Join(r.dir, "offsets")); err != nil {
		b.Fatal(err)
	}
}

// anew counts events from the beginning on: those of a snapshot.
func (r *runner) anew(b *testing.B, events int) measured {
	b.Helper()
	for _, name := range []string{"offsets", "history"} {
		if err := os.Remove(filepath.Join(r.dir, name)); err != nil && !os.IsNotExist(err) {
			b.Fatal(err)
		}
	}
	return r.measure(b, events)
}

// measure counts events from where the files say that an engine is.
func (r *runner) measure(b *testing.B, events int) (m measured) {
	b.Helper()
	cmd := exec.Command(r.command[0], append(r.command[1:], r.count(r.file, events)...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	found := summary.FindSubmatch(stderr.Bytes())
	if err != nil || found == nil {
		b.Fatalf("%s: %v\n%s", r.name, err, tail(stderr.String(), 4000))
	}
	got, _ := strconv.Atoi(string(found[1]))
	if got < events || got > events+events/100+8192 {
		b.Fatalf("%s: %d events arrived, %d were made", r.name, got, events)
	}
	seconds, _ := strconv.ParseFloat(string(found[2]), 64)
	m.rate = float64(got) / max(seconds, 1e-9)
	m.startup, _ = strconv.ParseFloat(string(found[4]), 64)
	m.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	m.rss = float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024
	return m
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }
