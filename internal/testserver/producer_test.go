package testserver

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheProducersRateIsThatOfItsWholeRun(t *testing.T) {
	rate, err := producerRate("300 records sent, 60.0 records/sec (0.04 MB/sec), 1.0 ms avg latency, 9.0 ms max latency.\n" +
		"1000 records sent, 131406.044678 records/sec (85.22 MB/sec), 0.5 ms avg latency, 2.00 ms max latency, 0 ms 50th.\n")
	require.NoError(t, err)
	assert.InDelta(t, 131406.044678, rate, 1e-6)
	_, err = producerRate("no broker\n")
	assert.ErrorContains(t, err, "no broker")
}

func TestTheJavaProducerWritesToABroker(t *testing.T) {
	assert.Positive(t, Kafka(t).JavaProducer(t, 100, 200))
}
