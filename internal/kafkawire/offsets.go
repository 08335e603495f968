package kafkawire

import (
	"context"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/listoffsets"
)

// Places in a partition that ListOffsets knows by a number.
const (
	AtEnd   int64 = -1
	AtStart int64 = -2
)

// ListOffsets asks the leader of a partition for an offset: AtStart, AtEnd, or
// that of the first record of a time in Unix milliseconds, which is -1 where
// there is none such.
func (c *Cluster) ListOffsets(ctx context.Context, leader *Broker, topic string, partition int32, at int64, committed bool) (int64, error) {
	isolation := int8(0)
	if committed {
		isolation = 1
	}
	m, err := c.RoundTrip(ctx, leader, &listoffsets.Request{ReplicaID: -1, IsolationLevel: isolation, Topics: []listoffsets.RequestTopic{{
		Topic: topic, Partitions: []listoffsets.RequestPartition{{Partition: partition, CurrentLeaderEpoch: -1, Timestamp: at}},
	}}})
	if err != nil {
		return 0, err
	}
	for _, t := range m.(*listoffsets.Response).Topics {
		for _, p := range t.Partitions {
			if t.Topic == topic && p.Partition == partition {
				if p.ErrorCode != 0 {
					return 0, fmt.Errorf("ask for an offset of %s-%d: %w", topic, partition, kafkago.Error(p.ErrorCode))
				}
				return p.Offset, nil
			}
		}
	}
	return 0, fmt.Errorf("ask for an offset of %s-%d: the broker's answer leaves the partition out", topic, partition)
}
