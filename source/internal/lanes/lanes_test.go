package lanes_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/source/internal/lanes"
)

var errServer = errors.New("the server is gone")

// numbers are chunks of so many rows each; bad is one that fails behind half of
// its rows, and badCut one that cannot be cut.
func numbers(chunks, rows, bad, badCut int) lanes.Rows[string, int] {
	next := 0
	return lanes.Rows[string, int]{
		Cut: func(context.Context, string) (int, bool, error) {
			k := next
			next++
			if k == badCut {
				return k, true, errServer
			}
			return k, k < chunks, nil
		},
		Read: func(_ context.Context, _ string, k int, add func([]byte) bool) error {
			buf := []byte(nil)
			for i := range rows {
				if k == bad && i == rows/2 {
					return errServer
				}
				buf = fmt.Appendf(buf[:0], "%d.%d %s", k, i, strings.Repeat("x", 1000))
				if !add(buf) {
					return context.Canceled
				}
			}
			return nil
		},
	}
}

func TestRowsComeInTheOrderOfTheirChunks(t *testing.T) {
	const chunks, rows = 20, 300
	l := lanes.Start([]string{"a", "b", "c"}, numbers(chunks, rows, -1, -1))
	defer l.Close()
	for k := range chunks {
		for i := range rows {
			row, _, err := l.Next(t.Context())
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintf("%d.%d", k, i), strings.Fields(string(row))[0])
		}
		row, ended, err := l.Next(t.Context())
		require.NoError(t, err)
		require.Nil(t, row)
		require.Equal(t, k, ended)
	}
}

func TestAnErrorComesBehindTheChunksBeforeIt(t *testing.T) {
	for name, rows := range map[string]lanes.Rows[string, int]{"reading": numbers(9, 10, 5, -1), "cutting": numbers(9, 10, -1, 5)} {
		t.Run(name, func(t *testing.T) {
			l := lanes.Start([]string{"a", "b"}, rows)
			defer l.Close()
			got := 0
			var err error
			for err == nil {
				var row []byte
				if row, _, err = l.Next(t.Context()); row != nil {
					got++
				}
			}
			require.ErrorIs(t, err, errServer)
			assert.Equal(t, 5*10, got)
		})
	}
}

func TestACancelledCallLosesNothing(t *testing.T) {
	l := lanes.Start([]string{"a", "b"}, numbers(3, 3, -1, -1))
	defer l.Close()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	var got []string
	for ended := 0; ended < 3; {
		if row, _, err := l.Next(cancelled); err == nil && row != nil {
			got = append(got, strings.Fields(string(row))[0])
			continue
		} else if err == nil {
			ended++
			continue
		}
		row, _, err := l.Next(t.Context())
		require.NoError(t, err)
		if row == nil {
			ended++
			continue
		}
		got = append(got, strings.Fields(string(row))[0])
	}
	assert.Equal(t, []string{"0.0", "0.1", "0.2", "1.0", "1.1", "1.2", "2.0", "2.1", "2.2"}, got)
}

func TestCloseEndsWhatNobodyReads(t *testing.T) {
	l := lanes.Start([]string{"a", "b", "c"}, numbers(1_000_000, 10_000, -1, -1))
	_, _, err := l.Next(t.Context())
	require.NoError(t, err)
	l.Close()
}
