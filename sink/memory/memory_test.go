package memory_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/memory"
	"github.com/tailrace-io/tailrace/sink/sinktest"
)

func harness(mode memory.Mode) sinktest.Harness {
	return sinktest.Harness{
		Fresh: func(t testing.TB) (sink.Sink, func() []int) {
			s := &memory.Sink{Mode: mode}
			return s, func() []int {
				numbers := []int{}
				for _, r := range s.Records() {
					n, err := strconv.Atoi(string(r.Key.Bytes()))
					require.NoError(t, err)
					numbers = append(numbers, n)
				}
				return numbers
			}
		},
	}
}

func TestTheSinkKeepsTheContract(t *testing.T) {
	t.Run("plain", func(t *testing.T) { sinktest.Run(t, harness(memory.Plain)) })
	t.Run("flushing", func(t *testing.T) { sinktest.Run(t, harness(memory.Flushing)) })
	t.Run("transactional", func(t *testing.T) { sinktest.Run(t, harness(memory.Transactional)) })
}

func write(t *testing.T, s sink.Sink, records ...tailrace.Record) sink.Writer {
	w, err := s.Open(t.Context())
	require.NoError(t, err)
	require.NoError(t, w.Write(t.Context(), records))
	return w
}

func TestRecordsAreCopiedWithAllTheyReferTo(t *testing.T) {
	inner := []byte("inner")
	array := []tailrace.Value{tailrace.Bytes(inner), tailrace.Map([]tailrace.Value{tailrace.String("k"), tailrace.Bytes(inner)})}
	headers := []tailrace.Header{{Key: "h", Value: tailrace.Bytes(inner)}}
	s := new(memory.Sink)
	write(t, s, tailrace.Record{Topic: "t", Key: tailrace.StructOf(array), Value: tailrace.Array(array), Headers: headers})
	want := fmt.Sprint(s.Records())
	copy(inner, "XXXXX")
	clear(array)
	clear(headers)
	assert.Equal(t, want, fmt.Sprint(s.Records()))
	clear(s.Records())
	assert.Len(t, s.Records(), 1)
}

func TestWaitGivesAllRecordsOnceThereAreEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(memory.Sink)
		w := write(t, s)
		for n := range 3 {
			time.AfterFunc(time.Duration(n+1)*time.Minute, func() {
				assert.NoError(t, w.Write(context.Background(), []tailrace.Record{{Topic: "t"}}))
			})
		}
		start := time.Now()
		records, err := s.Wait(t.Context(), 2)
		require.NoError(t, err)
		assert.Len(t, records, 2)
		assert.Equal(t, 2*time.Minute, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		records, err = s.Wait(ctx, 4)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.EqualError(t, err, "wait for 4 records: there are 3: context deadline exceeded")
		assert.Len(t, records, 3)
	})
}

func TestAcceptedRecordsAreSeenWhenTheyAreFlushed(t *testing.T) {
	s := &memory.Sink{Mode: memory.Flushing}
	w := write(t, s, tailrace.Record{Topic: "t"})
	assert.Empty(t, s.Records())
	require.NoError(t, w.(sink.Flusher).Flush(t.Context()))
	assert.Len(t, s.Records(), 1)
	require.NoError(t, w.Write(t.Context(), []tailrace.Record{{Topic: "t"}}))
	require.NoError(t, w.Close())
	assert.Len(t, s.Records(), 1, "what was not flushed is gone")
}

func TestATransactionalWriterNeedsItsNameFirst(t *testing.T) {
	s := &memory.Sink{Mode: memory.Transactional}
	w, err := s.Open(t.Context())
	require.NoError(t, err)
	require.ErrorContains(t, w.Write(t.Context(), []tailrace.Record{{Topic: "t"}}), "call Begin first")
	tx := w.(sink.Transactional)
	_, err = tx.Begin(t.Context(), "engine")
	require.NoError(t, err)
	offsets := []tailrace.Offset{{Partition: `{"server":"shop"}`, Position: `{"pos":1}`}}
	require.NoError(t, tx.WriteTx(t.Context(), nil, offsets))
	assert.Equal(t, offsets, s.Offsets("engine"))
	assert.Empty(t, s.Offsets("another"))
}

func TestOpenRefusesAModeThatIsNone(t *testing.T) {
	_, err := (&memory.Sink{Mode: 7}).Open(t.Context())
	require.ErrorContains(t, err, "there is no mode 7")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = new(memory.Sink).Open(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func ExampleSink() {
	ctx := context.Background()
	s := new(memory.Sink)
	w, _ := s.Open(ctx) // as an engine does
	go w.Write(ctx, []tailrace.Record{{Topic: "greetings", Value: tailrace.String("hello")}})

	records, err := s.Wait(ctx, 1)
	fmt.Println(records[0].Topic, records[0].Value, err)
	// Output: greetings hello <nil>
}
