package inbox_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/source/internal/inbox"
	"github.com/tailrace-io/tailrace/source/signal"
)

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestSignalsWakeTheSourceAndAreKeptInItsOffsets(t *testing.T) {
	var q signal.Queue
	in, err := inbox.Open(soon(t), []signal.Channel{&q}, `{"file":"f"}`)
	require.NoError(t, err)
	assert.Empty(t, in.Append(nil))
	id := q.Pause()
	waiting, cancel := in.Waiting(soon(t))
	<-waiting.Done()
	assert.ErrorIs(t, waiting.Err(), context.Canceled)
	cancel()
	require.True(t, in.Any())
	got, err := in.Take()
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.Equal(t, id, got[0].ID)
	assert.False(t, in.Any())
	offset := string(in.Append([]byte(`{"file":"f"`))) + "}"
	require.NoError(t, in.Close())

	in, err = inbox.Open(soon(t), []signal.Channel{&q}, offset)
	require.NoError(t, err)
	assert.JSONEq(t, offset, string(in.Append([]byte(`{"file":"f"`)))+"}")
	require.NoError(t, in.Commit(soon(t), offset))
	second := q.Resume()
	waiting, cancel = in.Waiting(soon(t))
	<-waiting.Done()
	cancel()
	got, err = in.Take()
	require.NoError(t, err)
	require.Len(t, got, 1, "the first is behind the offset")
	assert.Equal(t, second, got[0].ID)
	require.NoError(t, in.Close())
}

type broken struct{}

func (broken) Name() string                                          { return "broken" }
func (broken) Open(context.Context, string) (signal.Receiver, error) { return broken{}, nil }
func (broken) Receive(context.Context) ([]signal.Received, string, error) {
	return nil, "", errors.New("it is broken")
}
func (broken) Commit(context.Context, string) error { return errors.New("not this") }
func (broken) Close() error                         { return nil }

func TestAChannelThatFailsIsAnErrorOfTheSource(t *testing.T) {
	in, err := inbox.Open(soon(t), []signal.Channel{broken{}}, "{}")
	require.NoError(t, err)
	waiting, cancel := in.Waiting(soon(t))
	<-waiting.Done()
	cancel()
	_, err = in.Take()
	assert.ErrorContains(t, err, "the channel broken of signals: it is broken")
	assert.ErrorContains(t, in.Commit(soon(t), `{"signal_positions":{"broken":"1"}}`), "the channel broken of signals: not this")
	require.NoError(t, in.Close())
}

func TestChannelsThatCannotBeAreNamed(t *testing.T) {
	err := inbox.Check([]signal.Channel{nil, &signal.Queue{}, &signal.Queue{}})
	assert.ErrorContains(t, err, "Signals[0] is nil")
	assert.ErrorContains(t, err, "two channels with the name in-process")
	_, err = inbox.Open(soon(t), nil, `{"signal_positions":7}`)
	assert.ErrorContains(t, err, "the stored offset: signal_positions")
}
