package file_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/file"
	"github.com/tailrace-io/tailrace/sink/sinktest"
	sourcefile "github.com/tailrace-io/tailrace/source/file"
)

func TestTheSinkKeepsEveryPromise(t *testing.T) {
	sinktest.Run(t, sinktest.Harness{
		Fresh: func(t testing.TB) (sink.Sink, func() []int) {
			path := filepath.Join(t.TempDir(), "out.txt")
			return file.Sink{Path: path}, func() (numbers []int) {
				for _, line := range lines(t, path) {
					var v struct{ Number int }
					require.NoError(t, json.Unmarshal([]byte(line), &v))
					numbers = append(numbers, v.Number)
				}
				return numbers
			}
		},
		Bad: func() tailrace.Record {
			return tailrace.Record{Topic: "sinktest", Value: tailrace.String("two\nlines")}
		},
	})
}

func lines(t testing.TB, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	if len(text) == 0 {
		return nil
	}
	require.True(t, bytes.HasSuffix(text, []byte("\n")), "the last line has no end")
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

func open(t testing.TB, s sink.Sink) sink.Flusher {
	t.Helper()
	w, err := s.Open(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	return w.(sink.Flusher)
}

func TestEachValueIsALine(t *testing.T) {
	s := file.Sink{Path: filepath.Join(t.TempDir(), "out.txt")}
	w := open(t, s)
	point := tailrace.NewSchema(tailrace.TypeStruct).Field("x", tailrace.Int32Schema).MustBuild()
	require.NoError(t, w.Write(t.Context(), []tailrace.Record{
		{Value: tailrace.String("ä")}, {Value: tailrace.Bytes([]byte("bytes"))}, {}, {Value: tailrace.Int32(7)}, {Value: tailrace.Float64(1e10)},
		{ValueSchema: point, Value: tailrace.StructOf([]tailrace.Value{tailrace.Int32(1)})},
	}))
	assert.Equal(t, []string{"ä", "bytes", "null", "7", "1.0E10", "Struct{x=1}"}, lines(t, s.Path))
}

func TestWhatACrashHasLeftOfALineIsCutOff(t *testing.T) {
	for left, want := range map[string]string{
		"": "", "torn": "", "one\n": "one\n", "one\ntorn": "one\n", "one\n" + strings.Repeat("x", 200_000): "one\n", strings.Repeat("y", 100_000) + "\nz": strings.Repeat("y", 100_000) + "\n",
	} {
		s := file.Sink{Path: filepath.Join(t.TempDir(), "out.txt")}
		require.NoError(t, os.WriteFile(s.Path, []byte(left), 0o600))
		w := open(t, s)
		require.NoError(t, w.Write(t.Context(), []tailrace.Record{{Value: tailrace.String("next")}}))
		text, err := os.ReadFile(s.Path)
		require.NoError(t, err)
		assert.Equal(t, want+"next\n", string(text))
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	_, err := file.Sink{}.Open(t.Context())
	assert.ErrorContains(t, err, "say where to write by one of Path (file) and Output")
	_, err = file.Sink{Path: t.TempDir()}.Open(t.Context())
	assert.ErrorContains(t, err, "no regular file")
	_, err = file.Sink{Path: filepath.Join(t.TempDir(), "no", "such")}.Open(t.Context())
	assert.ErrorContains(t, err, "no such file or directory")
}

func TestPropertiesAreThoseOfKafka(t *testing.T) {
	p := property.New(map[string]string{"file": "test.sink.txt"})
	assert.Equal(t, file.Sink{Path: "test.sink.txt"}, file.FromProperties(p))
	require.NoError(t, p.Err())
}

// A process that writes is killed again and again. Whatever it was doing, the
// lines that it had flushed are there, whole and in order, and no torn one.
func TestLinesSurviveACrash(t *testing.T) {
	if path := os.Getenv("TAILRACE_FILE_CRASH"); path != "" {
		crash(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "out.txt")
	for range 10 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestLinesSurviveACrash$")
		cmd.Env = append(os.Environ(), "TAILRACE_FILE_CRASH="+path)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		flushed, scan := -1, bufio.NewScanner(out)
		for n := 0; n < 4 && scan.Scan(); n++ {
			flushed, err = strconv.Atoi(scan.Text())
			require.NoError(t, err)
		}
		require.NoError(t, cmd.Process.Kill())
		for scan.Scan() { // what it said before it died
			if n, err := strconv.Atoi(scan.Text()); err == nil {
				flushed = n
			}
		}
		require.Error(t, cmd.Wait())
		open(t, file.Sink{Path: path}) // which mends the end
		next := 0
		for _, line := range lines(t, path) {
			number, rest, _ := strings.Cut(line, " ")
			n, err := strconv.Atoi(number)
			require.NoError(t, err)
			require.Equal(t, strings.Repeat("x", 2000), rest)
			require.Equal(t, next, n)
			next++
		}
		require.Greater(t, next, flushed)
	}
}

// crash writes numbered lines behind those that are there, and says which are
// flushed, until it is killed.
func crash(t *testing.T, path string) {
	w := open(t, file.Sink{Path: path})
	n := len(lines(t, path))
	for {
		var records []tailrace.Record
		for range 50 {
			records = append(records, tailrace.Record{Value: tailrace.String(fmt.Sprint(n, " ", strings.Repeat("x", 2000)))})
			n++
		}
		require.NoError(t, w.Write(t.Context(), records))
		require.NoError(t, w.Flush(t.Context()))
		fmt.Println(n - 1)
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path, ctx := filepath.Join(dir, "out.txt"), context.Background()
	w, err := file.Sink{Path: path}.Open(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer w.Close()
	err = w.Write(ctx, []tailrace.Record{{Topic: "t", Value: tailrace.String("one")}, {Topic: "t", Value: tailrace.Bytes([]byte(`{"two":2}`))}})
	fmt.Println(err, w.(sink.Flusher).Flush(ctx))

	r, err := sourcefile.Source{Path: path, Topic: "lines"}.Open(ctx, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	b, err := r.Read(ctx)
	for _, rec := range b.Records {
		fmt.Println(rec.Value.Text())
	}
	fmt.Println(err)
	// Output:
	// <nil> <nil>
	// one
	// {"two":2}
	// <nil>
}
