package signal_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/source/signal"
)

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func receive(t *testing.T, r signal.Receiver) ([]signal.Received, string) {
	t.Helper()
	got, position, err := r.Receive(soon(t))
	require.NoError(t, err)
	return got, position
}

func TestAQueueGivesAgainWhatWasNotCommitted(t *testing.T) {
	var q signal.Queue
	first := q.Snapshot(signal.Snapshot{Tables: []string{"shop.orders"}})
	second := q.Pause()
	r, err := q.Open(soon(t), "of another process:7")
	require.NoError(t, err)
	got, position := receive(t, r)
	require.Len(t, got, 2)
	assert.Equal(t, first, got[0].ID)
	assert.Equal(t, signal.PauseSnapshot, got[1].Type)
	require.NoError(t, r.Close())

	r, err = q.Open(soon(t), "")
	require.NoError(t, err)
	got, _ = receive(t, r)
	assert.Len(t, got, 2, "nothing was committed")
	require.NoError(t, r.Commit(soon(t), position))
	third := q.Stop()
	got, _ = receive(t, r)
	require.Len(t, got, 1)
	assert.Equal(t, third, got[0].ID)
	assert.NotEqual(t, second, third)

	r, err = q.Open(soon(t), position)
	require.NoError(t, err)
	got, _ = receive(t, r)
	require.Len(t, got, 1)
	assert.Equal(t, third, got[0].ID)
}

func TestAQueueWakesWhoWaits(t *testing.T) {
	var q signal.Queue
	r, err := q.Open(soon(t), "")
	require.NoError(t, err)
	got := make(chan []signal.Received)
	go func() {
		s, _, _ := r.Receive(soon(t))
		got <- s
	}()
	q.AddTables("shop.orders")
	select {
	case s := <-got:
		require.Len(t, s, 1)
		assert.Equal(t, signal.AddTables, s[0].Type)
	case <-time.After(time.Minute):
		t.Fatal("nothing came")
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err = r.Receive(ended)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestAFileIsConsumedOnceItsSignalsAreDurable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "signals")
	f := signal.File{Path: path, Poll: time.Millisecond}
	r, err := f.Open(soon(t), "")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte("{\"id\":\"1\",\"type\":\"pause-snapshot\"}\n\nnonsense\n{\"id\":\"2\",\"type\":\"resume-snapshot\"}\n"), 0o600))
	got, _ := receive(t, r)
	require.Len(t, got, 3)
	assert.Equal(t, "1", got[0].ID)
	assert.ErrorContains(t, got[1].Err, "a signal is a JSON object")
	assert.Equal(t, "2", got[2].ID)
	assert.NoFileExists(t, path)
	require.NoError(t, r.Close()) // a crash: nothing was committed

	r, err = f.Open(soon(t), "")
	require.NoError(t, err)
	got, position := receive(t, r)
	assert.Len(t, got, 3)
	require.NoError(t, os.WriteFile(path, []byte(`{"id":"3","type":"pause-snapshot"}`), 0o600))
	require.NoError(t, r.Commit(soon(t), "some older position"))
	assert.FileExists(t, path+".taken")
	require.NoError(t, r.Commit(soon(t), position))
	got, position = receive(t, r)
	require.Len(t, got, 1)
	assert.Equal(t, "3", got[0].ID)
	require.NoError(t, r.Commit(soon(t), position))
	assert.NoFileExists(t, path)
	assert.NoFileExists(t, path+".taken")
}
