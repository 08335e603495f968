package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/createtopics"
	"github.com/segmentio/kafka-go/protocol/metadata"

	"github.com/tailrace-io/tailrace/internal/kafkawire"
	"github.com/tailrace-io/tailrace/sink"
)

// TopicCreation says what becomes of topics that are not there.
type TopicCreation struct {
	// Enable makes them, as below. Without it they are left to the brokers,
	// which make them where auto.create.topics.enable says so; otherwise a
	// missing topic is an error.
	Enable bool

	TopicSettings

	// Rules give some topics other settings: the first rule that is about a
	// topic holds.
	Rules []TopicRule
}

// TopicSettings are those of a new topic.
type TopicSettings struct {
	// Partitions is how many it has. 0 or -1 leaves it to the brokers'
	// num.partitions.
	Partitions int

	// ReplicationFactor is on how many brokers each is kept. 0 or -1 leaves it
	// to the brokers' default.replication.factor.
	ReplicationFactor int

	// Configs are the topic's properties, such as cleanup.policy.
	Configs map[string]string
}

// TopicRule gives settings to the topics whose whole name matches one of
// Include and none of Exclude. Partitions and ReplicationFactor, when 0, are
// those of the TopicCreation; Configs are the rule's alone.
type TopicRule struct {
	Include, Exclude []*regexp.Regexp

	// Names are topics that the rule is about, too, whatever Exclude says.
	Names []string

	TopicSettings
}

func (t *TopicCreation) check() error {
	bad := func(s TopicSettings) bool { return s.Partitions < -1 || s.ReplicationFactor < -1 }
	if bad(t.TopicSettings) || slices.ContainsFunc(t.Rules, func(r TopicRule) bool { return bad(r.TopicSettings) }) {
		return errors.New("TopicCreation: Partitions or ReplicationFactor is less than -1")
	}
	return nil
}

func (t *TopicCreation) settings(topic string) TopicSettings {
	matches := func(re *regexp.Regexp) bool {
		at := re.FindStringIndex(topic)
		return at != nil && at[0] == 0 && at[1] == len(topic)
	}
	for _, r := range t.Rules {
		if slices.Contains(r.Names, topic) || slices.ContainsFunc(r.Include, matches) && !slices.ContainsFunc(r.Exclude, matches) {
			s := r.TopicSettings
			if s.Partitions == 0 {
				s.Partitions = t.Partitions
			}
			if s.ReplicationFactor == 0 {
				s.ReplicationFactor = t.ReplicationFactor
			}
			return s
		}
	}
	return t.TopicSettings
}

// topic is one of the cluster's that the writer writes to.
type topic struct {
	name       string
	order      int // among the writer's topics
	partitions []*partition

	// Records without a key go to one partition until a batch of it is full,
	// or the Write is over.
	sticky int
	stuck  int // bytes
}

// update takes over what the cluster says. Partitions that it knows keep their
// sequence numbers.
func (t *topic) update(m *metadata.ResponseTopic) {
	for len(t.partitions) < len(m.Partitions) {
		t.partitions = append(t.partitions, &partition{topic: t, id: int32(len(t.partitions)), leader: -1})
	}
	t.partitions = t.partitions[:len(m.Partitions)]
	for i := range m.Partitions {
		p := &m.Partitions[i]
		if p.PartitionIndex >= 0 && int(p.PartitionIndex) < len(t.partitions) {
			t.partitions[p.PartitionIndex].leader = p.LeaderID
		}
	}
}

// missingGrace is for how long a topic may be unknown that a broker makes by
// itself: the answer that it is unknown is the same as when it does not.
const missingGrace = 2 * time.Second

// resolve looks topics up, and makes those that are missing where it may.
func (w *writer) resolve(ctx context.Context, names []string) error {
	began := time.Now()
	ctx, cancel := w.deadline(ctx)
	defer cancel()
	var wait kafkawire.Backoff
	for {
		waiting, err := w.lookUp(ctx, names, true)
		var permanent interface{ Retryable() bool }
		if err == nil && len(waiting) == 0 || errors.As(err, &permanent) {
			return err
		}
		if err == nil {
			names = waiting
			err = fmt.Errorf("the topics have no leaders yet: %s", strings.Join(names, ", "))
			if !w.makes(names) {
				err = fmt.Errorf("no such topic: %s; make it, or let the sink do so by TopicCreation.Enable", strings.Join(names, ", "))
				if time.Since(began) > missingGrace {
					return sink.Permanent(err)
				}
			}
		}
		if over := w.cluster.Sleep(ctx, wait.Next()); over != nil {
			return fmt.Errorf("look up topics: %w: %w", over, err)
		}
	}
}

// lookUp asks for the topics once, and, if it is to, once for those to be made
// that are missing. It gives the names of which nothing is known yet.
func (w *writer) lookUp(ctx context.Context, names []string, make bool) (waiting []string, err error) {
	create := make && w.makes(names)
	res, err := w.cluster.Metadata(ctx, names, make && !create)
	if err != nil {
		return nil, err
	}
	var missing []string
	for i := range res.Topics {
		m := &res.Topics[i]
		switch code := kafkago.Error(m.ErrorCode); {
		case code == 0 && len(m.Partitions) > 0:
			w.topic(m.Name).update(m)
		case code == kafkago.UnknownTopicOrPartition && create:
			missing = append(missing, m.Name)
			waiting = append(waiting, m.Name)
		case code == 0 || kafkawire.Retriable(code):
			waiting = append(waiting, m.Name)
		case code == kafkago.TopicAuthorizationFailed:
			return nil, sink.Permanent(fmt.Errorf("look up topic %s: the user is not allowed to; grant Describe and Write on the topic: %w", m.Name, code))
		case code == kafkago.InvalidTopic:
			return nil, sink.Permanent(fmt.Errorf("look up topic %s: %w", m.Name, code))
		default:
			return nil, fmt.Errorf("look up topic %s: %w", m.Name, code)
		}
	}
	if len(missing) == 0 {
		return waiting, nil
	}
	return waiting, w.create(ctx, missing)
}

// makes says whether the writer makes missing topics itself, as it always does
// with that of the offsets.
func (w *writer) makes(names []string) bool {
	return w.settings.TopicCreation.Enable || len(names) == 1 && names[0] == w.offsetsTopic
}

// validTopic says whether brokers would take a topic's name.
func validTopic(name string) bool {
	if name == "" || len(name) > 249 || name == "." || name == ".." {
		return false
	}
	for _, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// topic gives the writer's topic of the name, which is new to it perhaps.
func (w *writer) topic(name string) *topic {
	t := w.topics[name]
	if t == nil {
		name = strings.Clone(name)
		t = &topic{name: name, order: len(w.topics)}
		w.topics[name] = t
	}
	return t
}

// create has topics made by the cluster's controller.
func (w *writer) create(ctx context.Context, names []string) error {
	b := w.cluster.Controller()
	if b == nil {
		return errors.New("create topics: the cluster has no controller at the moment")
	}
	req := &createtopics.Request{TimeoutMs: int32(w.settings.RequestTimeout.Milliseconds())}
	for _, name := range names {
		s := w.settings.TopicCreation.settings(name)
		t := createtopics.RequestTopic{Name: name, NumPartitions: -1, ReplicationFactor: -1}
		if s.Partitions > 0 {
			t.NumPartitions = int32(s.Partitions)
		}
		if s.ReplicationFactor > 0 {
			t.ReplicationFactor = int16(s.ReplicationFactor)
		}
		for _, k := range slices.Sorted(maps.Keys(s.Configs)) {
			t.Configs = append(t.Configs, createtopics.RequestConfig{Name: k, Value: s.Configs[k]})
		}
		req.Topics = append(req.Topics, t)
	}
	m, err := w.cluster.RoundTrip(ctx, b, req)
	if err != nil {
		return fmt.Errorf("create topics: %w", err)
	}
	for _, t := range m.(*createtopics.Response).Topics {
		err := kafkawire.CodeError(t.ErrorCode, t.ErrorMessage)
		switch code := kafkago.Error(t.ErrorCode); {
		case code == 0 || code == kafkago.TopicAlreadyExists:
		case code == kafkago.TopicAuthorizationFailed || code == kafkago.ClusterAuthorizationFailed:
			return sink.Permanent(fmt.Errorf("create topic %s: the user is not allowed to; grant Create on it or on the cluster, or make the topic: %w", t.Name, err))
		case kafkawire.Retriable(code):
			return fmt.Errorf("create topic %s: %w", t.Name, err)
		default: // a factor, a number or a property that the cluster does not allow
			return sink.Permanent(fmt.Errorf("create topic %s: %w", t.Name, err))
		}
	}
	return nil
}
