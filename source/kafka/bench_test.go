package kafka

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
)

// Reads 100,000 records of 680 bytes from a partition of Kafka, from its
// beginning each time.
func BenchmarkRead(b *testing.B) {
	const n = 100_000
	brokers := testserver.Kafka(b).Brokers
	k := client(b, brokers)
	topic := makeTopic(b, k, 1)
	value := bytes.Repeat([]byte("0123456789"), 68)
	for i := range n {
		k.Produce(b.Context(), &kgo.Record{Topic: topic, Key: fmt.Append(nil, i), Value: value}, nil)
	}
	require.NoError(b, k.Flush(b.Context()))
	b.ReportAllocs()
	b.SetBytes(n * 680)
	records := 0
	for b.Loop() {
		r := open(b, Source{Brokers: brokers, Topics: []string{topic}})
		for got := 0; got < n; {
			var batch tailrace.Batch
			batch, err := r.Read(b.Context())
			require.NoError(b, err)
			got += len(batch.Records)
		}
		records += n
		require.NoError(b, r.Close())
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
}
