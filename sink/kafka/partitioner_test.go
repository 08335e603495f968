package kafka

import (
	"bufio"
	"encoding/hex"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
)

func TestKeysGoWhereJavasClientsPutThem(t *testing.T) {
	file, err := os.Open("testdata/murmur2.txt")
	require.NoError(t, err)
	defer file.Close()
	lines, vectors := bufio.NewScanner(file), 0
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		f := strings.Fields(lines.Text())
		require.Len(t, f, 3)
		key, err := hex.DecodeString(strings.Trim(f[0], "-"))
		require.NoError(t, err)
		assert.Equal(t, f[1], strconv.Itoa(int(int32(murmur2(key)))), "the hash of %s", f[0])
		r := tailrace.Record{Key: tailrace.Bytes(key)}
		assert.Equal(t, f[2], strconv.Itoa(ByKey(&r, 12)), "the partition of %s", f[0])
		vectors++
	}
	require.NoError(t, lines.Err())
	require.Greater(t, vectors, 50)
}

func TestTextAndBytesAreTheSameKey(t *testing.T) {
	text, bytes := tailrace.Record{Key: tailrace.String("größe")}, tailrace.Record{Key: tailrace.Bytes([]byte("größe"))}
	assert.Equal(t, ByKey(&bytes, 1000), ByKey(&text, 1000))
}

func TestRecordsWithoutKeyStayTogetherWithinAWriteAndTakeTurns(t *testing.T) {
	c := fake(t)
	w := open(t, Sink{Brokers: c.ListenAddrs()})
	record := tailrace.Record{Topic: "orders", Value: tailrace.String("v")}
	for range 3 {
		require.NoError(t, w.Write(t.Context(), []tailrace.Record{record, record, record, record}))
	}
	count := map[int32]int{}
	for _, r := range consume(t, c.ListenAddrs(), 12, "orders") {
		count[r.Partition]++
	}
	assert.Equal(t, map[int32]int{0: 4, 1: 4, 2: 4}, count)
}

func TestRecordsWithoutKeyOfALargeWriteFillBatches(t *testing.T) {
	c := fake(t)
	w := open(t, Sink{Brokers: c.ListenAddrs(), MaxBatchBytes: 10_000})
	records := make([]tailrace.Record, 60)
	for i := range records {
		records[i] = tailrace.Record{Topic: "orders", Value: tailrace.Bytes(make([]byte, 1000))}
	}
	require.NoError(t, w.Write(t.Context(), records))
	count := map[int32]int{}
	for _, r := range consume(t, c.ListenAddrs(), 60, "orders") {
		count[r.Partition]++
	}
	assert.Equal(t, map[int32]int{0: 20, 1: 20, 2: 20}, count)
}

func TestAPartitionerOfOnesOwn(t *testing.T) {
	c := fake(t)
	s := Sink{Brokers: c.ListenAddrs(), Partitioner: func(r *tailrace.Record, n int) int { return int(r.Value.Bytes()[0] - '0') }}
	w := open(t, s)
	require.NoError(t, w.Write(t.Context(), []tailrace.Record{record("orders", "k", "2"), record("orders", "k", "0")}))
	got := consume(t, c.ListenAddrs(), 2, "orders")
	assert.EqualValues(t, 0, got[0].Partition)
	assert.EqualValues(t, 2, got[1].Partition)

	err := w.Write(t.Context(), []tailrace.Record{record("orders", "k", "1"), record("orders", "k", "7")})
	assert.ErrorContains(t, err, "record 1 of the batch: write to topic orders: the Partitioner chose partition 7, and the topic has 3")
}
