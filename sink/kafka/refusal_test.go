package kafka

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tailrace-io/tailrace"
)

func TestARecordThatATopicDoesNotTakeIsNamed(t *testing.T) {
	c := fake(t)
	w := open(t, Sink{Brokers: c.ListenAddrs(), TopicCreation: TopicCreation{
		Enable: true, TopicSettings: TopicSettings{Partitions: 1, Configs: map[string]string{"max.message.bytes": "2000"}},
	}})
	records := numbered("small", 0, 300) // more than a batch may hold
	records[200].Value = tailrace.Bytes(make([]byte, 5000))
	err := w.Write(t.Context(), records)
	assert.Equal(t, 200, badIndex(t, err))
	assert.ErrorContains(t, err, "write to topic small: the broker refuses the record (it takes 50")
	assert.ErrorContains(t, err, "max.message.bytes")
	wantExactly(t, c.ListenAddrs(), "small", 200)

	require.NoError(t, w.Write(t.Context(), append(records[201:], numbered("small", 200, 201)...)))
	consume(t, c.ListenAddrs(), 300, "small")
}

func TestARecordThatABrokerRefusesIsFoundByWhatItSays(t *testing.T) {
	c := fake(t, kfake.NumBrokers(1))
	w := open(t, Sink{Brokers: c.ListenAddrs()})
	c.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		res := r.ResponseKind().(*kmsg.ProduceResponse)
		for _, topic := range r.(*kmsg.ProduceRequest).Topics {
			answer := kmsg.ProduceResponseTopic{Topic: topic.Topic}
			for _, p := range topic.Partitions {
				said := "record 1 is odd"
				answer.Partitions = append(answer.Partitions, kmsg.ProduceResponseTopicPartition{
					Partition: p.Partition, ErrorCode: kerr.InvalidRecord.Code,
					ErrorRecords: []kmsg.ProduceResponseTopicPartitionErrorRecord{{RelativeOffset: 1, ErrorMessage: &said}},
				})
			}
			res.Topics = append(res.Topics, answer)
		}
		return res, nil, true
	})
	records := numbered("orders", 0, 5)
	for i := range records {
		records[i].Partition = tailrace.Some[int32](0)
	}
	err := w.Write(t.Context(), records)
	assert.Equal(t, 1, badIndex(t, err))
	assert.ErrorContains(t, err, "record 1 is odd")
	wantExactly(t, c.ListenAddrs(), "orders", 1)
}

func TestARecordThatABrokerRefusesIsFoundBySendingLess(t *testing.T) {
	c := fake(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "one"))
	w := open(t, Sink{Brokers: c.ListenAddrs()})
	c.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.InvalidTimestamp, Count: -1,
		When: func(r kmsg.Request) bool {
			return strings.Contains(string(r.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Records), "poison")
		},
	})
	records := numbered("one", 0, 100)
	records[37].Value = tailrace.String("poison")
	err := w.Write(t.Context(), records)
	assert.Equal(t, 37, badIndex(t, err))
	wantExactly(t, c.ListenAddrs(), "one", 37)
}

func TestARecordThatNobodyCouldTakeIsNamedBeforeAnythingBehindItIsSent(t *testing.T) {
	typed := tailrace.StructOf([]tailrace.Value{tailrace.Int32(1)})
	for _, c := range []struct {
		name   string
		record tailrace.Record
		says   string
	}{
		{"a typed value", tailrace.Record{Topic: "items", Value: typed},
			"write to topic items: the value is of the type struct and Kafka takes bytes: set a converter, in Encode of engine.Config"},
		{"a typed key", tailrace.Record{Topic: "items", Key: tailrace.Int64(1)}, "the key is of the type int64"},
		{"a typed header", tailrace.Record{Topic: "items", Headers: []tailrace.Header{{Key: "h", Value: tailrace.Boolean(true)}}},
			"the header h is of the type boolean"},
		{"too long", tailrace.Record{Topic: "items", Value: tailrace.Bytes(make([]byte, 17<<20))},
			"bytes, more than MaxRequestBytes, 16777216"},
		{"too old", tailrace.Record{Topic: "items", Time: time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC)}, "is before 1970"},
		{"of a partition that is not", tailrace.Record{Topic: "items", Partition: tailrace.Some[int32](3)},
			"the record is for partition 3, and the topic has 3, numbered from 0"},
		{"of a negative partition", tailrace.Record{Topic: "items", Partition: tailrace.Some[int32](-1)}, "partition -1"},
		{"of a topic that cannot be", tailrace.Record{Topic: "or/ders"}, `"or/ders" cannot be the name of a topic`},
		{"of no topic", tailrace.Record{}, `"" cannot be the name of a topic`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cluster := fake(t)
			w := open(t, Sink{Brokers: cluster.ListenAddrs(), TopicCreation: TopicCreation{Enable: true}})
			records := append(numbered("orders", 0, 4), c.record)
			records = append(records, numbered("orders", 4, 8)...)
			err := w.Write(t.Context(), records)
			assert.Equal(t, 4, badIndex(t, err))
			assert.ErrorContains(t, err, c.says)
			wantExactly(t, cluster.ListenAddrs(), "orders", 4)

			require.NoError(t, w.Write(t.Context(), records[5:]))
			wantExactly(t, cluster.ListenAddrs(), "orders", 8)
		})
	}
}

func TestAUserThatMayNotIsTold(t *testing.T) {
	c := fake(t)
	w := open(t, Sink{Brokers: c.ListenAddrs()})
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	err := w.Write(t.Context(), numbered("orders", 0, 4))
	assert.True(t, isPermanent(err))
	assert.ErrorContains(t, err, "kafka sink: write to topic orders: the user is not allowed to; grant Write on the topic")

	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	err = w.Write(t.Context(), numbered("items", 0, 4))
	assert.True(t, isPermanent(err))
	assert.ErrorContains(t, err, "kafka sink: look up topic items: the user is not allowed to; grant Describe and Write")
}
