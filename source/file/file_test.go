package file_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/file"
	"github.com/tailrace-io/tailrace/source/sourcetest"
)

func write(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = f.WriteString(text)
	require.NoError(t, errors.Join(err, f.Close()))
}

func harness(once bool) sourcetest.Harness {
	return sourcetest.Harness{
		Fresh: func(t testing.TB) (source.Source, func(int)) {
			path := filepath.Join(t.TempDir(), "numbers.txt")
			made := 0
			return file.Source{Path: path, Topic: "numbers", BatchLines: 3, PollInterval: time.Millisecond, Once: once}, func(n int) {
				for range n {
					write(t, path, fmt.Sprintln(made))
					made++
				}
			}
		},
		Number: func(r *tailrace.Record) (int, bool) {
			n, err := strconv.Atoi(r.Value.Text())
			return n, err == nil
		},
		Ends: once,
		Lose: func(t testing.TB, src source.Source) {
			require.NoError(t, os.WriteFile(src.(file.Source).Path, []byte("0\n"), 0o600))
		},
	}
}

func TestAFollowedFileKeepsEveryPromise(t *testing.T) { sourcetest.Run(t, harness(false)) }
func TestAFileThatEndsKeepsEveryPromise(t *testing.T) { sourcetest.Run(t, harness(true)) }

// following is a reader of a file and what came from it.
type following struct {
	testing.TB
	source.Reader
	path    string
	lines   []string
	offsets []tailrace.Offset
}

func follow(t testing.TB, s file.Source, from ...tailrace.Offset) *following {
	t.Helper()
	s.Topic = "lines"
	if s.PollInterval == 0 {
		s.PollInterval = time.Millisecond
	}
	r, err := s.Open(t.Context(), from)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return &following{TB: t, Reader: r, path: s.Path}
}

func (f *following) next() error {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), 20*time.Second)
	defer cancel()
	b, err := f.Read(ctx)
	for i := range b.Records {
		f.lines = append(f.lines, b.Records[i].Value.Text())
		require.Same(f, tailrace.StringSchema, b.Records[i].ValueSchema)
	}
	f.offsets = tailrace.MergeOffsets(f.offsets, b.Offsets)
	return err
}

// want reads until the lines have come, and nothing else.
func (f *following) want(lines ...string) {
	f.Helper()
	for len(f.lines) < len(lines) {
		require.NoError(f, f.next())
	}
	require.Equal(f, lines, f.lines)
	f.lines = nil
}

// quiet checks that nothing comes for a moment.
func (f *following) quiet() {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), 30*time.Millisecond)
	defer cancel()
	b, err := f.Read(ctx)
	require.ErrorIs(f, err, context.DeadlineExceeded, "%v", b)
}

func place(t testing.TB) file.Source { return file.Source{Path: filepath.Join(t.TempDir(), "app.log")} }

func TestLinesEndAsTheyDoInKafka(t *testing.T) {
	s := place(t)
	write(t, s.Path, "unix\nwindows\r\nold mac\rempty:\n\n\r\rä\n")
	f := follow(t, s)
	f.want("unix", "windows", "old mac", "empty:", "", "", "", "ä")
	assert.Equal(t, []tailrace.Offset{{Partition: fmt.Sprintf(`{"filename":%q}`, s.Path), Position: `{"position":35}`}}, f.offsets)
}

func TestALineWithoutItsEndWaitsForIt(t *testing.T) {
	s := place(t)
	f := follow(t, s)
	f.quiet()
	write(t, s.Path, "one\ntw")
	f.want("one")
	f.quiet()
	assert.Equal(t, `{"position":4}`, f.offsets[0].Position)
	write(t, s.Path, "o\r")
	f.quiet()
	write(t, s.Path, "\nthree\n")
	f.want("two", "three")
	follow(t, s, tailrace.Offset{Partition: f.offsets[0].Partition, Position: `{"position":4}`}).want("two", "three")
}

func TestThatAFileIsWaitedForIsSaidOnce(t *testing.T) {
	s := place(t)
	var said bytes.Buffer
	s.Log = slog.New(slog.NewTextHandler(&said, nil))
	f := follow(t, s)
	f.quiet()
	f.quiet()
	assert.Equal(t, 1, strings.Count(said.String(), "level=WARN"), said.String())
	assert.Contains(t, said.String(), s.Path)
	write(t, s.Path, "one\n")
	f.want("one")
}

func TestAFileThatIsRotatedIsReadToItsEnd(t *testing.T) {
	s := place(t)
	write(t, s.Path, "one\n")
	f := follow(t, s)
	f.want("one")
	old, err := os.OpenFile(s.Path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	defer old.Close()
	require.NoError(t, os.Rename(s.Path, s.Path+".1"))
	f.quiet()
	_, err = old.WriteString("two\nthe last word")
	require.NoError(t, err)
	write(t, s.Path, "three\n")
	f.want("two", "the last word", "three")
	assert.Equal(t, `{"position":6}`, f.offsets[0].Position)
	require.NoError(t, os.Remove(s.Path))
	write(t, s.Path, "four\n")
	f.want("four")
	assert.Equal(t, `{"position":5}`, f.offsets[0].Position)
}

func TestAFileThatIsCutIsReadAnew(t *testing.T) {
	s := place(t)
	write(t, s.Path, "one\ntwo\nunfinished")
	f := follow(t, s)
	f.want("one", "two")
	f.quiet()
	require.NoError(t, os.Truncate(s.Path, 0))
	f.want("unfinished")
	require.NoError(t, f.tell())
	write(t, s.Path, "new\n")
	f.want("new")
	assert.Equal(t, `{"position":4}`, f.offsets[0].Position)
}

// tell reads until the offset is at the beginning.
func (f *following) tell() error {
	for f.offsets[0].Position != `{"position":0}` {
		if err := f.next(); err != nil {
			return err
		}
	}
	return nil
}

func TestAPositionInAnotherFileIsLostUnlessItStartsOver(t *testing.T) {
	s := place(t)
	s.Topic = "lines"
	at := tailrace.Offset{Partition: fmt.Sprintf(`{"filename":%q}`, s.Path), Position: `{"position":4}`}
	for what, content := range map[string]string{"shorter": "a\n", "longer": "another file\n", "none": ""} {
		if content != "" {
			require.NoError(t, os.WriteFile(s.Path, []byte(content), 0o600))
		}
		_, err := s.Open(t.Context(), []tailrace.Offset{at})
		require.ErrorIs(t, err, source.ErrOffsetLost, what)
		assert.ErrorContains(t, err, "tailrace.start.over")
		over := s
		over.StartOver = true
		f := follow(t, over, at)
		if content != "" {
			f.want(strings.TrimSpace(content))
		}
		require.NoError(t, os.RemoveAll(s.Path))
	}
	_, err := s.Open(t.Context(), []tailrace.Offset{{Partition: `{"filename":"other"}`, Position: `{"position":4}`}})
	assert.ErrorContains(t, err, "another file")
}

func TestALineThatCannotBeARecordIsAnErrorAndTheRestComes(t *testing.T) {
	s := place(t)
	s.LineBytes = 100_000
	write(t, s.Path, "one\n\xff\xfe\n"+strings.Repeat("x", 300_000)+"\ntwo\n")
	f := follow(t, s)
	f.want("one")
	err := f.next()
	var bad *source.RecordError
	require.ErrorAs(t, err, &bad)
	assert.ErrorContains(t, err, "at byte 4 is no text in UTF-8")
	assert.Equal(t, []byte("\xff\xfe"), bad.Record.Value.Bytes())
	err = f.next()
	require.ErrorAs(t, err, &bad)
	assert.ErrorContains(t, err, "more than LineBytes, 100000")
	f.want("two")
}

func TestAFileOnceEndsWithItsLastLine(t *testing.T) {
	s := place(t)
	s.Once = true
	write(t, s.Path, "one\ntwo")
	f := follow(t, s)
	f.want("one")
	f.want("two")
	require.ErrorIs(t, f.next(), io.EOF)
	require.NoError(t, os.Remove(s.Path))
	require.ErrorContains(t, follow(t, s).next(), "there is no file")
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	_, err := file.Source{BatchLines: -1}.Open(t.Context(), nil)
	for _, part := range []string{"Path (file)", "Topic (topic)", "BatchLines (batch.size)"} {
		assert.ErrorContains(t, err, part)
	}
	_, err = file.Source{Path: t.TempDir(), Topic: "t"}.Open(t.Context(), nil)
	assert.ErrorContains(t, err, "no regular file")
}

func TestPropertiesAreThoseOfKafka(t *testing.T) {
	p := property.New(map[string]string{"file": "test.txt", "topic": "connect-test"})
	assert.Equal(t, file.Source{Path: "test.txt", Topic: "connect-test", BatchLines: 2000}, file.FromProperties(p))
	require.NoError(t, p.Err())
	p = property.New(map[string]string{"batch.size": "0"})
	file.FromProperties(p)
	assert.ErrorContains(t, p.Err(), "batch.size")
	assert.ErrorContains(t, p.Err(), "topic: is required")
}

func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "app.log")
	if err := os.WriteFile(path, []byte("started\nstopped\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	r, err := file.Source{Path: path, Topic: "log", Once: true}.Open(context.Background(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	b, err := r.Read(context.Background())
	for _, rec := range b.Records {
		fmt.Println(rec.Topic, rec.Value.Text())
	}
	fmt.Println(b.Offsets[0].Position, err)
	// Output:
	// log started
	// log stopped
	// {"position":16} <nil>
}

func BenchmarkRead(b *testing.B) {
	path := filepath.Join(b.TempDir(), "app.log")
	const lines = 100_000
	require.NoError(b, os.WriteFile(path, []byte(strings.Repeat("2026-01-31 15:04:05 INFO a line of a log, as long as they are in most\n", lines)), 0o600))
	b.ReportAllocs()
	for left := b.N; left > 0; {
		r, err := file.Source{Path: path, Topic: "log", Once: true}.Open(b.Context(), nil)
		require.NoError(b, err)
		for n := 0; n < lines; {
			batch, err := r.Read(b.Context())
			require.NoError(b, err)
			n += len(batch.Records)
		}
		left -= lines
		require.NoError(b, r.Close())
	}
}
