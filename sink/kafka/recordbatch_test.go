package kafka

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tailrace-io/tailrace"
)

func TestABatchSaysWhoSentItAndAsWhatNumber(t *testing.T) {
	for _, transactional := range []bool{false, true} {
		b := sealed(t, None, transactional, tailrace.Record{Value: tailrace.String("a")}, tailrace.Record{Value: tailrace.String("b")})
		var got kmsg.RecordBatch
		require.NoError(t, got.ReadFrom(b.buf[firstAt:]))
		assert.EqualValues(t, 77, got.ProducerID)
		assert.EqualValues(t, 5, got.ProducerEpoch)
		assert.EqualValues(t, 123, got.FirstSequence)
		assert.EqualValues(t, 2, got.NumRecords)
		assert.EqualValues(t, 1, got.LastOffsetDelta)
		assert.Equal(t, transactional, got.Attributes&0x10 != 0)
		assert.Equal(t, b.size(), len(b.buf)-4)
	}
}

func sealed(t testing.TB, codec Compression, transactional bool, records ...tailrace.Record) *batch {
	c, err := newCompressor(codec)
	require.NoError(t, err)
	var b batch
	b.reset()
	for i := range records {
		b.add(&records[i], records[i].Time.UnixMilli())
	}
	require.NoError(t, b.seal(c, producer{id: 77, epoch: 5}, 123, transactional))
	return &b
}

func TestALengthIsThatOfItsVarint(t *testing.T) {
	for _, v := range []int64{0, 1, -1, 63, 64, -64, -65, 8191, 8192, 1 << 31, -1 << 31, 1<<63 - 1, -1 << 63} {
		assert.Len(t, kbin.AppendVarlong(nil, v), varintLen(v), "%d", v)
	}
}

func TestSequencesStartAnewBehindTheGreatest(t *testing.T) {
	assert.EqualValues(t, 5, nextSequence(2, 3))
	assert.EqualValues(t, 1<<31-1, nextSequence(1<<31-2, 1))
	assert.EqualValues(t, 0, nextSequence(1<<31-1, 1))
	assert.EqualValues(t, 9, nextSequence(1<<31-1, 10))
}

func TestABatchIsBuiltWithoutAllocations(t *testing.T) {
	records := benchRecords("bench")
	records[0].Headers = []tailrace.Header{{Key: "h", Value: tailrace.String("v")}}
	for codec := None; codec <= Zstd; codec++ {
		c, err := newCompressor(codec)
		require.NoError(t, err)
		var b batch
		build := func() {
			b.reset()
			for i := range records {
				b.add(&records[i], 1_700_000_000_000)
			}
			require.NoError(t, b.seal(c, producer{}, 0, false))
		}
		build()
		build()
		// A codec's pools may be empty, as they are at times under the race detector.
		assert.Less(t, testing.AllocsPerRun(10, build), 20.0, "%v, for 1000 records", codec)
	}
}

func TestTheBoundOfARecordHolds(t *testing.T) {
	r := tailrace.Record{Key: tailrace.String("k"), Value: tailrace.Bytes(make([]byte, 1<<20)), Headers: []tailrace.Header{
		{Key: "h", Value: tailrace.Bytes(make([]byte, 300))}, {Key: "n"},
	}}
	for _, ms := range []int64{0, 1 << 50, -1 << 50} {
		n := len(appendRecord(nil, &r, 1<<31-1, ms))
		assert.LessOrEqual(t, n, maxRecordLen(&r))
		assert.Greater(t, n, maxRecordLen(&r)-60)
	}
}

func TestEveryCodecGivesBackWhatWentIn(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 200_000)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	for codec := None; codec <= Zstd; codec++ {
		for _, value := range [][]byte{nil, {7}, bytes.Repeat([]byte("text "), 50_000), noise} {
			c := fake(t)
			w := open(t, Sink{Brokers: c.ListenAddrs(), Compression: codec})
			r := tailrace.Record{Topic: "orders", Value: tailrace.Bytes(value), Time: time.UnixMilli(1)}
			require.NoError(t, w.Write(t.Context(), []tailrace.Record{r}))
			got := consume(t, c.ListenAddrs(), 1, "orders")
			assert.True(t, bytes.Equal(value, got[0].Value), "%v of %d bytes", codec, len(value))
		}
	}
}

func BenchmarkBatch(b *testing.B) {
	records := benchRecords("bench")
	c, err := newCompressor(None)
	require.NoError(b, err)
	var batch batch
	b.SetBytes(int64(len(records) * 680))
	b.ReportAllocs()
	for b.Loop() {
		batch.reset()
		for i := range records {
			batch.add(&records[i], 1_700_000_000_000)
		}
		if err := batch.seal(c, producer{}, 0, false); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(records)), "ns/record")
}
