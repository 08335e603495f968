package file_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/file"
)

func TestAStreamIsReadToItsEndWithoutOffsets(t *testing.T) {
	s := file.Source{Input: file.NewStream(iotest.OneByteReader(strings.NewReader("foo\r\nbär\n\nno end"))), Topic: "lines"}
	r, err := s.Open(t.Context(), nil)
	require.NoError(t, err)
	defer r.Close()
	var got []string
	for {
		b, err := r.Read(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		assert.Empty(t, b.Offsets)
		for _, rec := range b.Records {
			got = append(got, rec.Value.Text())
		}
	}
	assert.Equal(t, []string{"foo", "bär", "", "no end"}, got)
	_, err = s.Open(t.Context(), nil)
	assert.ErrorIs(t, err, source.ErrOffsetLost)
	assert.ErrorContains(t, err, "cannot be read a second time")
}

func TestWaitingForAStreamEndsWithTheContextAndTheReader(t *testing.T) {
	in, out := io.Pipe()
	r, err := file.Source{Input: file.NewStream(in), Topic: "lines"}.Open(t.Context(), nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.Read(ctx)
	require.ErrorIs(t, err, context.Canceled)
	go io.WriteString(out, "foo\n")
	b, err := r.Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "foo", b.Records[0].Value.Text())
	require.NoError(t, r.Close())
	_, err = r.Read(t.Context())
	require.ErrorContains(t, err, "closed")
	require.NoError(t, out.Close())
}

func TestWhatBreaksAStreamIsAnError(t *testing.T) {
	r, err := file.Source{Input: file.NewStream(io.MultiReader(strings.NewReader("foo\n"), iotest.ErrReader(errors.New("torn")))), Topic: "lines"}.Open(t.Context(), nil)
	require.NoError(t, err)
	defer r.Close()
	_, err = r.Read(t.Context())
	require.NoError(t, err)
	_, err = r.Read(t.Context())
	assert.EqualError(t, err, "file source: read the input: torn")
	_, err = file.Source{Topic: "lines"}.Open(t.Context(), nil)
	assert.ErrorContains(t, err, "say what to read by one of Path (file) and Input")
}

func ExampleNewStream() {
	src := file.Source{Input: file.NewStream(strings.NewReader("foo\nbar\n")), Topic: "lines"} // or os.Stdin
	r, err := src.Open(context.Background(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	for {
		b, err := r.Read(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, rec := range b.Records {
			fmt.Println(rec.Topic, rec.Value.Text())
		}
	}
	// Output:
	// lines foo
	// lines bar
	// EOF
}
