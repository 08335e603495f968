package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tailrace-io/tailrace/internal/offsetlog"
	"github.com/tailrace-io/tailrace/sink"
)

// ExactlyOnce is a Sink that writes records and the source's offsets in one
// transaction of Kafka: whoever reads committed records sees each of them once.
// Its Writers are sink.Transactional, and the engine goes on from the offsets
// that they keep.
//
// Offsets are records of a compacted topic in the form of Kafka Connect's worker:
// the key is the JSON list of the engine's name and the source partition, the
// value the position.
type ExactlyOnce struct {
	Sink

	// OffsetsTopic keeps the offsets. It is required; where it is not there it
	// is made, whatever TopicCreation says.
	OffsetsTopic string

	// OffsetsTopicSettings are those with which it is made. Partitions of 0
	// means 25, as in Connect, and cleanup.policy is always compact.
	OffsetsTopicSettings TopicSettings

	// TransactionalIDPrefix stands before the engine's name in the transactional
	// id, for which users need the right to Write and Describe. "" means
	// "tailrace-".
	TransactionalIDPrefix string

	// TransactionTimeout is after what time the brokers abort a transaction
	// whose writer is silent; until then it holds up readers of committed
	// records. It must be longer than DeliveryTimeout. 0 means 60 s, or twice
	// the DeliveryTimeout where that is more. Brokers take 15 minutes at most as
	// they are configured at first.
	TransactionTimeout time.Duration
}

var _ sink.Sink = ExactlyOnce{}

func (s ExactlyOnce) withDefaults() ExactlyOnce {
	if s.TransactionalIDPrefix == "" {
		s.TransactionalIDPrefix = "tailrace-"
	}
	if s.TransactionTimeout == 0 {
		s.TransactionTimeout = max(time.Minute, 2*s.Sink.withDefaults().DeliveryTimeout)
	}
	if s.OffsetsTopicSettings.Partitions == 0 {
		s.OffsetsTopicSettings.Partitions = offsetlog.Partitions
	}
	configs := map[string]string{}
	for k, v := range s.OffsetsTopicSettings.Configs {
		configs[k] = v
	}
	configs["cleanup.policy"] = "compact"
	s.OffsetsTopicSettings.Configs = configs
	return s
}

func (s *ExactlyOnce) check() error {
	var errs []error
	if s.OffsetsTopic == "" {
		errs = append(errs, errors.New("OffsetsTopic is empty: name the topic that keeps the source's offsets"))
	} else if !validTopic(s.OffsetsTopic) {
		errs = append(errs, fmt.Errorf("OffsetsTopic, %q, cannot be the name of a topic", s.OffsetsTopic))
	}
	if delivery := s.Sink.withDefaults().DeliveryTimeout; s.TransactionTimeout <= delivery {
		errs = append(errs, fmt.Errorf("TransactionTimeout, %v, must be longer than DeliveryTimeout, %v", s.TransactionTimeout, delivery))
	}
	if t := s.OffsetsTopicSettings; t.Partitions < -1 || t.ReplicationFactor < -1 {
		errs = append(errs, errors.New("OffsetsTopicSettings: Partitions or ReplicationFactor is less than -1"))
	}
	return errors.Join(errs...)
}

// Open connects to the cluster, by the first of the brokers that answers. The
// Writer is a sink.Transactional.
func (s ExactlyOnce) Open(ctx context.Context) (sink.Writer, error) {
	w, err := s.Sink.writer()
	s = s.withDefaults()
	if err = errors.Join(err, s.check()); err != nil {
		return nil, fmt.Errorf("kafka sink: %w", err)
	}
	w.offsetsTopic = s.OffsetsTopic
	own := TopicRule{Names: []string{s.OffsetsTopic}, TopicSettings: s.OffsetsTopicSettings}
	w.settings.TopicCreation.Rules = slices.Concat([]TopicRule{own}, w.settings.TopicCreation.Rules)
	s.Sink = w.settings
	t := &txWriter{writer: w, settings: s}
	if err := w.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("kafka sink: %w", err), w.Close())
	}
	return t, nil
}

// abortTimeout is how long a failed WriteTx may take to clean up behind itself.
func (s *ExactlyOnce) abortTimeout() time.Duration { return min(2*time.Second, s.Sink.RequestTimeout) }
