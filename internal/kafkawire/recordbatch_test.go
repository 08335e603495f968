package kafkawire

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// sets gives sets of batches as a client of other authors writes them, one of
// each codec.
func sets(t testing.TB) (out [][]byte) {
	for _, codec := range []kgo.CompressionCodec{kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression()} {
		c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "orders"))
		require.NoError(t, err)
		k, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ProducerBatchCompression(codec), kgo.DefaultProduceTopic("orders"))
		require.NoError(t, err)
		var records []*kgo.Record
		for range 50 {
			records = append(records, &kgo.Record{Key: []byte("a key"), Value: []byte("a value, a value, a value"), Timestamp: time.UnixMilli(7),
				Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("v")}, {Key: "null"}}})
		}
		require.NoError(t, k.ProduceSync(t.Context(), records...).FirstErr())
		k.Close()
		cluster := New(Settings{Brokers: c.ListenAddrs()}.WithDefaults())
		m, err := cluster.Metadata(t.Context(), []string{"orders"}, false)
		require.NoError(t, err)
		for at := int64(0); at < 50; {
			res, err := cluster.RoundTrip(context.Background(), cluster.Broker(m.Topics[0].Partitions[0].LeaderID), &Fetch{
				MaxWait: time.Second, MinBytes: 1, MaxBytes: 1 << 20, PartitionMaxBytes: 1 << 20, Parts: []FetchPart{{"orders", 0, at}},
			})
			require.NoError(t, err)
			set := res.(*Fetched).Parts[0].Set
			out = append(out, set)
			for len(set) > 0 {
				var b Batch
				b, set, err = NewChecker().Next(set)
				require.NoError(t, err)
				at = b.Last + 1
			}
		}
		cluster.Close()
		c.Close()
	}
	return out
}

func TestBatchesOfAnyCodecAreRead(t *testing.T) {
	var d Decompressor
	defer d.Close()
	codecs := map[int]bool{}
	for _, set := range sets(t) {
		for len(set) > 0 {
			b, rest, err := NewChecker().Next(set)
			require.NoError(t, err)
			set = rest
			codecs[b.codec] = true
			records, err := b.Append(nil, &d)
			require.NoError(t, err)
			for i, r := range records {
				require.Equal(t, Record{Offset: b.First + int64(i), Time: 7, Key: []byte("a key"), Value: []byte("a value, a value, a value"),
					Headers: []Header{{[]byte("h"), []byte("v")}, {[]byte("null"), nil}}}, r)
			}
		}
	}
	assert.Len(t, codecs, 5)
}

func TestADamagedBatchIsAnError(t *testing.T) {
	set := sets(t)[0]
	_, _, err := NewChecker().Next(set[:len(set)-1])
	assert.ErrorIs(t, err, ErrPartial)
	set[70]++
	_, _, err = NewChecker().Next(set)
	assert.ErrorContains(t, err, "the record batch at offset 0 is damaged: its sum is")
	set[16] = 1
	_, _, err = NewChecker().Next(set)
	assert.ErrorContains(t, err, "the record batch at offset 0 is of version 1, which brokers before Kafka 0.11 wrote, and only 2 is known")
}

func FuzzBatches(f *testing.F) {
	for _, set := range sets(f) {
		f.Add(set)
		f.Add(set[:len(set)/2])
	}
	table := crc32.MakeTable(crc32.Castagnoli)
	f.Fuzz(func(t *testing.T, set []byte) {
		if len(set) >= headLen { // a wrong sum alone would hide the rest
			size := int64(int32(binary.BigEndian.Uint32(set[8:]))) + 12
			if size >= headLen && size <= int64(len(set)) {
				binary.BigEndian.PutUint32(set[17:], crc32.Checksum(set[21:size], table))
			}
		}
		var d Decompressor
		defer d.Close()
		filter := NewFilter([]Aborted{{1, 0}})
		for len(set) > 0 {
			b, rest, err := NewChecker().Next(set)
			if err != nil {
				return
			}
			filter.Keeps(&b)
			records, err := b.Append(nil, &d)
			for _, r := range records {
				if r.Offset < b.First || r.Offset > b.Last {
					t.Fatalf("offset %d is outside of %d to %d", r.Offset, b.First, b.Last)
				}
			}
			if err == nil && len(rest) >= len(set) {
				t.Fatal("nothing was taken")
			}
			set = rest
		}
	})
}

func FuzzFetched(f *testing.F) {
	f.Add(int16(11), make([]byte, 64))
	f.Add(int16(4), []byte("\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01a\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff\x00\x00\x00\x01x"))
	f.Fuzz(func(t *testing.T, version int16, frame []byte) {
		m, err := new(Fetch).Decode(frame, version)
		if (m == nil) == (err == nil) {
			t.Fatal("neither an answer nor an error, or both")
		}
	})
}
