package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// build makes the program that a user would run.
func build(t *testing.T) string {
	bin := filepath.Join(t.TempDir(), "quickstart")
	out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	return bin
}

func TestTheProgramAsItsUserRunsIt(t *testing.T) {
	bin := build(t)
	for name, check := range map[string]func(*testing.T, string){
		"it shows events and goes on where it stopped": showsEventsAndGoesOn,
		"an interrupt drains and says what came":       drainsOnInterrupt,
		"what cannot be is one clear line":             refusesInOneLine,
	} {
		t.Run(name, func(t *testing.T) { check(t, bin) })
	}
}

var eventLine = regexp.MustCompile(`^\d\d:\d\d:\d\d\.\d{3}  +(\d+)  (\w+) +\d+\.\d\d  (placed|(?:(\w+) )?→ (\w+))$`)

type event struct {
	order          int
	what, was, now string
}

// events reads the events out of what the program printed.
func events(t *testing.T, out string) (all []event) {
	t.Helper()
	_, table, ok := strings.Cut(out, "what happened\n")
	require.True(t, ok, out)
	table, _, ok = strings.Cut(table, "\n\n")
	require.True(t, ok, out)
	for line := range strings.SplitSeq(table, "\n") {
		m := eventLine.FindStringSubmatch(line)
		require.NotNil(t, m, "%q", line)
		order, err := strconv.Atoi(m[1])
		require.NoError(t, err)
		all = append(all, event{order, m[3], m[4], m[5]})
	}
	return all
}

func showsEventsAndGoesOn(t *testing.T, bin string) {
	dir := filepath.Join(t.TempDir(), "shop")
	first, err := exec.Command(bin, "-for", "2s", "-dir", dir).CombinedOutput()
	require.NoError(t, err, string(first))
	assert.NotContains(t, string(first), "Going on")
	assert.NotContains(t, string(first), "\x1b", "colours are for terminals")
	assert.Contains(t, string(first), "go run ./examples/quickstart -dir "+dir)
	one := events(t, string(first))
	assert.Equal(t, event{1, "placed", "", ""}, one[0])
	placed := 0
	status := map[int]string{}
	for _, e := range one {
		if e.what == "placed" {
			placed++
			e.now = "new"
		} else {
			assert.Equal(t, status[e.order], e.was)
		}
		status[e.order] = e.now
	}
	assert.Regexp(t, "The shop made [0-9]+ changes. In [0-9.]+ s came "+strconv.Itoa(len(one))+" events: "+strconv.Itoa(placed)+" orders placed", string(first))

	second, err := exec.Command(bin, "-for", "1s", "-dir", dir).CombinedOutput()
	require.NoError(t, err, string(second))
	assert.Regexp(t, `Going on behind the stored offset \{"incrementing":\d+,"timestamp":\d+,"timestamp_nanos":\d+\}`, string(second))
	for _, e := range events(t, string(second)) {
		if e.what == "placed" {
			assert.Greater(t, e.order, placed, "an order of the first run comes again")
		} else {
			assert.NotEqual(t, status[e.order], e.now, "an event of the first run comes again")
		}
	}
}

func drainsOnInterrupt(t *testing.T, bin string) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "-for", "1h", "-dir", t.TempDir())
	var out bytes.Buffer
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	buf := make([]byte, 4096)
	for !strings.Contains(out.String(), "placed") {
		n, err := stdout.Read(buf)
		require.NoError(t, err)
		out.Write(buf[:n])
	}
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	_, err = out.ReadFrom(stdout)
	require.NoError(t, err)
	require.NoError(t, cmd.Wait())
	assert.Contains(t, out.String(), "The shop made")
}

func refusesInOneLine(t *testing.T, bin string) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	notSQLite := filepath.Join(dir, "no-sqlite")
	require.NoError(t, os.Mkdir(notSQLite, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(notSQLite, "shop.db"), bytes.Repeat([]byte("no"), 4096), 0o600))
	badOffsets := filepath.Join(dir, "bad-offsets")
	require.NoError(t, os.Mkdir(badOffsets, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(badOffsets, "offsets.json"), []byte("{"), 0o600))
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-folder", "x"}, 2, "flag provided but not defined: -folder; -help shows"},
		{[]string{"-for", "soon"}, 2, "-for"},
		{[]string{"-for", "-1s"}, 2, "-for has to be longer than 0"},
		{[]string{"shop"}, 2, `no use for "shop"`},
		{[]string{"-dir", file}, 1, "not a directory"},
		{[]string{"-dir", notSQLite}, 1, "not a database"},
		{[]string{"-dir", badOffsets}, 1, "offsets.json"},
	} {
		cmd := exec.Command(bin, c.args...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		var exit *exec.ExitError
		require.ErrorAs(t, cmd.Run(), &exit, c.args)
		assert.Equal(t, c.code, exit.ExitCode())
		assert.Contains(t, stderr.String(), c.want)
		assert.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
	}
	out, err := exec.Command(bin, "-help").Output()
	require.NoError(t, err)
	assert.Contains(t, string(out), "-dir folder")
}
