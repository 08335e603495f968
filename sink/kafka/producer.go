package kafka

import (
	"context"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/initproducerid"

	"github.com/tailrace-io/tailrace/internal/kafkawire"
)

// initProducer obtains a producer id without a transaction.
func (w *writer) initProducer(ctx context.Context) (producer, error) {
	ctx, cancel := kafkawire.Within(ctx, w.settings.RequestTimeout)
	defer cancel()
	var wait kafkawire.Backoff
	for {
		m, err := w.cluster.Ask(ctx, &initproducerid.Request{ProducerID: -1, ProducerEpoch: -1})
		if err != nil {
			return producer{}, fmt.Errorf("obtain a producer id: %w", err)
		}
		res := m.(*initproducerid.Response)
		switch code := kafkago.Error(res.ErrorCode); {
		case code == 0:
			return producer{id: res.ProducerID, epoch: res.ProducerEpoch}, nil
		case code == kafkago.ClusterAuthorizationFailed:
			return producer{}, fmt.Errorf("obtain a producer id: %w; allow the user IdempotentWrite on the cluster, or Write on a topic", code)
		case !kafkawire.Retriable(code) || w.cluster.Sleep(ctx, wait.Next()) != nil:
			return producer{}, fmt.Errorf("obtain a producer id: %w", code)
		}
	}
}
