// Package kafka is the Kafka source: the records of topics, with their keys,
// values and headers as the bytes that they are, or null. Converters, in Decode
// of engine.Config, make more of them.
//
// With a Group the partitions are shared among all that read for it, and its
// committed offsets move with the engine's commits; without one a Reader has all
// the partitions that it is configured for, and the engine's offsets alone tell
// how far it has come. Records of transactions that were aborted, or are not
// decided yet, are left out.
//
// Offsets are in the form of Kafka Connect's sink connectors:
// {"kafka_topic":"orders","kafka_partition":0} and {"kafka_offset":42}, which is
// the offset of the record to be read next.
package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"time"

	"github.com/segmentio/kafka-go/sasl"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/kafkawire"
	"github.com/tailrace-io/tailrace/source"
)

// Start says where the reading of a partition begins of which no offset is
// known.
type Start int

const (
	Earliest Start = iota // with the first record that is there: the default
	Latest                // with what comes from now on
)

// Source is what to read from Kafka. Brokers, and Topics or TopicsRegexp, are
// required.
type Source struct {
	// Brokers are some of the cluster's brokers, as host:port; the others are
	// learnt from them.
	Brokers []string

	// Topics are the names of the topics, which have to be there.
	Topics []string

	// Await waits for those of Topics that are not there, as Kafka's own consumer
	// does: they are looked for every second, and read once they have come.
	Await bool

	// TopicsRegexp is for all topics whose whole names match, those too that are
	// made later; in the place of Topics.
	TopicsRegexp *regexp.Regexp

	// Group is the consumer group; "" reads without one.
	Group string

	// Partitions are the numbers of the partitions to be read of each topic,
	// without a group; nil means all.
	Partitions []int32

	// Start is where partitions without an offset begin.
	Start Start

	// Uncommitted reads records of transactions that are not decided or were
	// aborted, too.
	Uncommitted bool

	// MaxBytes bounds what is fetched from a broker at once, and with it a
	// batch before decompression, and MaxPartitionBytes what of it is of one
	// partition; a larger record comes alone. 0 means 8 MiB, and 1 MiB.
	MaxBytes          int
	MaxPartitionBytes int

	// MaxWait is how long a broker waits for a first record before it says that
	// there is none. Records come as soon as they are there. 0 means 500 ms.
	MaxWait time.Duration

	// SessionTimeout is after what silence the group takes a member's partitions
	// away, and HeartbeatInterval how often a member speaks. 0 means 45 s, and
	// 3 s.
	SessionTimeout    time.Duration
	HeartbeatInterval time.Duration

	// RebalanceTimeout is how long the members have to come together when the
	// group changes. 0 means 60 s.
	RebalanceTimeout time.Duration

	// HandOver is how long a member that may lose partitions waits for what it
	// has read of them to be committed, so that it is not read again. 0 means
	// 5 s, or a third of SessionTimeout where that is less.
	HandOver time.Duration

	// MetadataMaxAge is after what time topics and partitions are looked up
	// anew. 0 means 5 minutes, or 10 s with TopicsRegexp, for new topics may
	// match it at any time.
	MetadataMaxAge time.Duration

	// TLS, SASL, ClientID, ConnectTimeout, RequestTimeout and Dial are those of
	// the Kafka sink.
	TLS            *tls.Config
	SASL           sasl.Mechanism
	ClientID       string
	ConnectTimeout time.Duration
	RequestTimeout time.Duration
	Dial           func(ctx context.Context, network, addr string) (net.Conn, error)
}

var _ source.Source = Source{}

func (s Source) withDefaults() Source {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&s.MaxWait, 500*time.Millisecond)
	set(&s.SessionTimeout, 45*time.Second)
	set(&s.HeartbeatInterval, 3*time.Second)
	set(&s.RebalanceTimeout, time.Minute)
	set(&s.HandOver, min(5*time.Second, s.SessionTimeout/3))
	if s.TopicsRegexp != nil {
		set(&s.MetadataMaxAge, 10*time.Second)
	}
	set(&s.MetadataMaxAge, 5*time.Minute)
	if s.MaxBytes == 0 {
		s.MaxBytes = 8 << 20
	}
	if s.MaxPartitionBytes == 0 {
		s.MaxPartitionBytes = min(1<<20, s.MaxBytes)
	}
	to := s.connection().WithDefaults()
	s.ClientID, s.ConnectTimeout, s.RequestTimeout, s.Dial = to.ClientID, to.ConnectTimeout, to.RequestTimeout, to.Dial
	return s
}

func (s *Source) connection() kafkawire.Settings {
	return kafkawire.Settings{
		Brokers: s.Brokers, TLS: s.TLS, SASL: s.SASL, ClientID: s.ClientID,
		ConnectTimeout: s.ConnectTimeout, RequestTimeout: s.RequestTimeout, Dial: s.Dial,
	}
}

func (s *Source) check() error {
	errs := kafkawire.CheckBrokers(s.Brokers)
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch {
	case len(s.Topics) == 0 && s.TopicsRegexp == nil:
		bad("Topics and TopicsRegexp are empty: name the topics to read")
	case len(s.Topics) > 0 && s.TopicsRegexp != nil:
		bad("Topics and TopicsRegexp are both set: take one of them")
	case slices.Contains(s.Topics, ""):
		bad("Topics has an empty name")
	}
	if s.Group != "" && s.Partitions != nil {
		bad("Group and Partitions are both set: a group spreads the partitions itself")
	}
	if s.Start < Earliest || s.Start > Latest {
		bad("there is no Start %d; take Earliest or Latest", s.Start)
	}
	if s.MaxBytes < 0 || s.MaxPartitionBytes < 0 {
		bad("MaxBytes or MaxPartitionBytes is negative")
	}
	for _, d := range []time.Duration{s.MaxWait, s.SessionTimeout, s.HeartbeatInterval, s.RebalanceTimeout, s.HandOver, s.MetadataMaxAge, s.ConnectTimeout, s.RequestTimeout} {
		if d < 0 {
			bad("a time is negative, %v", d)
		}
	}
	if s.MaxWait >= s.RequestTimeout {
		bad("MaxWait, %v, must be shorter than RequestTimeout, %v", s.MaxWait, s.RequestTimeout)
	}
	if s.HeartbeatInterval >= s.SessionTimeout {
		bad("HeartbeatInterval, %v, must be shorter than SessionTimeout, %v", s.HeartbeatInterval, s.SessionTimeout)
	}
	return errors.Join(errs...)
}

// Open connects, finds the topics, joins the group if there is one, and finds
// out where each partition goes on: at its offset in from, else at that of the
// group, else at Start.
func (s Source) Open(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
	s = s.withDefaults()
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("kafka source: %w", err)
	}
	stored, err := parseOffsets(from)
	if err != nil {
		return nil, fmt.Errorf("kafka source: %w", err)
	}
	r := newReader(s, stored)
	if err := r.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("kafka source: %w", err), r.Close())
	}
	return r, nil
}
