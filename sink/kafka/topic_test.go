package kafka

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tailrace-io/tailrace"
)

func TestAMissingTopicIsMadeAsItIsSaid(t *testing.T) {
	c := fake(t, kfake.DefaultNumPartitions(7))
	var asked []kmsg.CreateTopicsRequestTopic
	c.ControlKey(int16(kmsg.CreateTopics), func(r kmsg.Request) (kmsg.Response, error, bool) {
		asked = append(asked, r.(*kmsg.CreateTopicsRequest).Topics...)
		c.KeepControl()
		return nil, nil, false
	})
	w := open(t, Sink{Brokers: c.ListenAddrs(), TopicCreation: TopicCreation{
		Enable:        true,
		TopicSettings: TopicSettings{Partitions: 4, ReplicationFactor: 2, Configs: map[string]string{"cleanup.policy": "compact"}},
		Rules: []TopicRule{
			{Include: []*regexp.Regexp{regexp.MustCompile("wide")}, Exclude: []*regexp.Regexp{regexp.MustCompile("wid.")}},
			{Include: []*regexp.Regexp{regexp.MustCompile("w.de|wider")}, TopicSettings: TopicSettings{Partitions: -1}},
		},
	}})
	records := append(numbered("plain", 0, 5), numbered("wide", 0, 5)...)
	require.NoError(t, w.Write(t.Context(), append(records, numbered("wide.not", 0, 5)...)))

	byName := map[string]kmsg.CreateTopicsRequestTopic{}
	for _, a := range asked {
		byName[a.Topic] = a
	}
	require.Len(t, byName, 3)
	for _, name := range []string{"plain", "wide.not"} {
		assert.EqualValues(t, 4, byName[name].NumPartitions)
		assert.EqualValues(t, 2, byName[name].ReplicationFactor)
		require.Len(t, byName[name].Configs, 1)
		assert.Equal(t, "compact", *byName[name].Configs[0].Value)
	}
	assert.EqualValues(t, -1, byName["wide"].NumPartitions, "the brokers' default")
	assert.EqualValues(t, 2, byName["wide"].ReplicationFactor, "inherited")
	assert.Empty(t, byName["wide"].Configs, "not inherited")
	wantExactly(t, c.ListenAddrs(), "plain", 5)
	wantExactly(t, c.ListenAddrs(), "wide", 5)
}

func TestAMissingTopicIsAnErrorWhereNobodyMakesIt(t *testing.T) {
	c := fake(t)
	w := open(t, Sink{Brokers: c.ListenAddrs()})
	err := w.Write(t.Context(), append(numbered("orders", 0, 1), numbered("nowhere", 0, 1)...))
	assert.EqualError(t, err, "kafka sink: no such topic: nowhere; make it, or let the sink do so by TopicCreation.Enable")
	assert.True(t, isPermanent(err))
}

func TestAMissingTopicMayBeLeftToTheBrokers(t *testing.T) {
	c := fake(t, kfake.AllowAutoTopicCreation())
	w := open(t, Sink{Brokers: c.ListenAddrs()})
	require.NoError(t, w.Write(t.Context(), numbered("new", 0, 10)))
	wantExactly(t, c.ListenAddrs(), "new", 10)
}

func TestATopicThatCannotBeMadeIsAnError(t *testing.T) {
	for fault, says := range map[*kerr.Error]string{
		kerr.InvalidReplicationFactor:   "kafka sink: create topic new: [38]",
		kerr.PolicyViolation:            "kafka sink: create topic new: [44]",
		kerr.ClusterAuthorizationFailed: "kafka sink: create topic new: the user is not allowed to; grant Create on it",
	} {
		c := fake(t)
		w := open(t, Sink{Brokers: c.ListenAddrs(), TopicCreation: TopicCreation{Enable: true}})
		c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Err: fault})
		err := w.Write(t.Context(), numbered("new", 0, 1))
		assert.ErrorContains(t, err, says)
		assert.True(t, isPermanent(err))
	}
}

func TestMakingATopicIsTriedAgain(t *testing.T) {
	c := fake(t)
	w := open(t, Sink{Brokers: c.ListenAddrs(), TopicCreation: TopicCreation{Enable: true}})
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Err: kerr.NotController, Count: 2})
	require.NoError(t, w.Write(t.Context(), numbered("new", 0, 10)))
	wantExactly(t, c.ListenAddrs(), "new", 10)
}

func TestAddedPartitionsAreUsed(t *testing.T) {
	c := fake(t)
	w := open(t, Sink{Brokers: c.ListenAddrs(), MetadataMaxAge: time.Nanosecond})
	require.NoError(t, w.Write(t.Context(), numbered("orders", 0, 10)))
	addPartitions(t, c, "orders", 9)
	records := numbered("orders", 10, 200)
	for i := range records {
		records[i].Key = tailrace.String(fmt.Sprint("k", i))
	}
	require.NoError(t, w.Write(t.Context(), records))
	used := map[int32]bool{}
	for _, r := range consume(t, c.ListenAddrs(), 200, "orders") {
		used[r.Partition] = true
	}
	assert.Len(t, used, 9)
}

func TestAPartitionThatWasAddedIsFoundWhenItIsNamed(t *testing.T) {
	c := fake(t)
	w := open(t, Sink{Brokers: c.ListenAddrs()})
	require.NoError(t, w.Write(t.Context(), numbered("orders", 0, 1)))
	addPartitions(t, c, "orders", 9)
	r := record("orders", "k", "1")
	r.Partition = tailrace.Some[int32](8)
	require.NoError(t, w.Write(t.Context(), []tailrace.Record{r}))
	wantExactly(t, c.ListenAddrs(), "orders", 2)
}

// addPartitions gives a topic n partitions in all.
func addPartitions(t testing.TB, c *kfake.Cluster, topic string, n int32) {
	t.Helper()
	k, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	require.NoError(t, err)
	defer k.Close()
	req := kmsg.NewPtrCreatePartitionsRequest()
	req.Topics = []kmsg.CreatePartitionsRequestTopic{{Topic: topic, Count: n}}
	res, err := req.RequestWith(t.Context(), k)
	require.NoError(t, err)
	require.NoError(t, kerr.ErrorForCode(res.Topics[0].ErrorCode))
}
