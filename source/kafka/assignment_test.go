package kafka

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tailrace-io/tailrace"
)

func TestMembersUnderstandOtherAuthors(t *testing.T) {
	m := kmsg.NewConsumerMemberMetadata()
	m.Version, m.Topics, m.UserData = 3, []string{"a", "b"}, []byte("x")
	topics, err := parseSubscription(m.AppendTo(nil))
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, topics)
	require.NoError(t, m.ReadFrom(appendSubscription(nil, []string{"c"})))
	assert.Equal(t, []string{"c"}, m.Topics)

	a := kmsg.NewConsumerMemberAssignment()
	require.NoError(t, a.ReadFrom(appendAssignment(nil, []place{{"b", 1}, {"a", 0}, {"b", 2}})))
	assert.Equal(t, []kmsg.ConsumerMemberAssignmentTopic{{Topic: "a", Partitions: []int32{0}}, {Topic: "b", Partitions: []int32{1, 2}}}, a.Topics)
	places, err := parseAssignment(a.AppendTo(nil))
	require.NoError(t, err)
	assert.Equal(t, []place{{"a", 0}, {"b", 1}, {"b", 2}}, places)
	places, err = parseAssignment(nil)
	require.NoError(t, err)
	assert.Empty(t, places)
}

func TestPartitionsAreSpreadInRanges(t *testing.T) {
	got := spread(map[string][]string{"m2": {"a", "b"}, "m1": {"a"}, "m3": {"a"}}, map[string]int{"a": 7, "b": 2})
	assert.Equal(t, map[string][]place{
		"m1": {{"a", 0}, {"a", 1}, {"a", 2}},
		"m2": {{"a", 3}, {"a", 4}, {"b", 0}, {"b", 1}},
		"m3": {{"a", 5}, {"a", 6}},
	}, got)
}

func TestOffsetsOfConnectAreTaken(t *testing.T) {
	p, next, err := parseOffset(tailrace.Offset{Partition: `{"kafka_partition":2,"kafka_topic":"a"}`, Position: `{"kafka_offset":42}`})
	require.NoError(t, err)
	assert.Equal(t, place{"a", 2}, p)
	assert.EqualValues(t, 42, next)
	_, _, err = parseOffset(tailrace.Offset{Partition: `{"server":"shop"}`, Position: `{"kafka_offset":42}`})
	assert.EqualError(t, err, `the partition of an offset is not of a Kafka source: "{\"server\":\"shop\"}"; it looks like {"kafka_topic":"orders","kafka_partition":0}`)
}

func FuzzMembers(f *testing.F) {
	f.Add(appendSubscription(nil, []string{"a", "b"}))
	f.Add(appendAssignment(nil, []place{{"a", 0}, {"b", 1}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if topics, err := parseSubscription(b); err == nil {
			again, err := parseSubscription(appendSubscription(nil, topics))
			if err != nil || len(again) != len(topics) {
				t.Fatalf("%v became %v, %v", topics, again, err)
			}
		}
		parseAssignment(b)
	})
}
