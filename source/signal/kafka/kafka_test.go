package kafka_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	sourcekafka "github.com/tailrace-io/tailrace/source/kafka"
	"github.com/tailrace-io/tailrace/source/signal"
	"github.com/tailrace-io/tailrace/source/signal/kafka"
)

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestSignalsOfTheKeyComeOnceTheirPositionIsKept(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "srv-signal"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	send := func(key, value string) {
		require.NoError(t, client.ProduceSync(soon(t), &kgo.Record{Topic: "srv-signal", Key: []byte(key), Value: []byte(value)}).FirstErr())
	}
	channel := kafka.Channel{Source: sourcekafka.Source{Brokers: cluster.ListenAddrs(), Topics: []string{"srv-signal"}}, Key: "srv"}
	receive := func(position string, n int) ([]signal.Received, string) {
		r, err := channel.Open(soon(t), position)
		require.NoError(t, err)
		defer r.Close()
		var out []signal.Received
		for len(out) < n {
			got, p, err := r.Receive(soon(t))
			require.NoError(t, err)
			out, position = append(out, got...), p
		}
		require.NoError(t, r.Commit(soon(t), position))
		return out, position
	}
	send("other", `{"id":"0","type":"pause-snapshot"}`)
	send("srv", `{"id":"1","type":"execute-snapshot","data":{"data-collections":["shop.orders"]}}`)
	send("srv", `nonsense`)
	for _, position := range []string{"", "of something else"} {
		got, _ := receive(position, 2)
		require.Len(t, got, 2)
		assert.Equal(t, "1", got[0].ID)
		assert.ErrorContains(t, got[1].Err, "a signal is a JSON object")
	}
	_, position := receive("", 2)
	send("srv", `{"id":"2","type":"stop-snapshot"}`)
	got, _ := receive(position, 1)
	require.Len(t, got, 1)
	assert.Equal(t, "2", got[0].ID)
}

func TestAChannelThatIsNotWellConfiguredSaysAllThatIsWrong(t *testing.T) {
	_, err := kafka.Channel{Source: sourcekafka.Source{Group: "g"}}.Open(soon(t), "")
	assert.ErrorContains(t, err, "Key is empty")
	assert.ErrorContains(t, err, "Source.Topics has 0 topics")
	assert.ErrorContains(t, err, "Source.Group is set")
}
