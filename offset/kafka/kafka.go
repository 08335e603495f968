// Package kafka keeps offsets in a compacted Kafka topic, as Kafka Connect's
// distributed worker does and in its form: a record a source partition, whose key
// is the JSON list of the engine's name and the partition, and whose value is the
// position. The topic of a worker can be gone on with.
package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/segmentio/kafka-go/sasl"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/kafkawire"
	"github.com/tailrace-io/tailrace/internal/offsetentry"
	"github.com/tailrace-io/tailrace/internal/offsetlog"
	"github.com/tailrace-io/tailrace/offset"
	contract "github.com/tailrace-io/tailrace/sink"
	sink "github.com/tailrace-io/tailrace/sink/kafka"
)

// Store is where the offsets are kept. Brokers and Topic are required. It must
// not be copied once it is used. It connects for each call and keeps nothing
// open.
//
// Load reads the topic from its beginning; compaction keeps it short. Save of
// several offsets is a transaction, so that they are there together or not at
// all.
type Store struct {
	// Brokers are some of the cluster's brokers, as host:port.
	Brokers []string

	// Topic is the topic. Where it is not there it is made.
	Topic string

	// TopicSettings are those with which it is made. Partitions of 0 means 25,
	// as in Connect, and cleanup.policy is always compact.
	TopicSettings sink.TopicSettings

	// TLS, SASL, ClientID, ConnectTimeout, RequestTimeout and Dial are those of
	// the Kafka sink.
	TLS            *tls.Config
	SASL           sasl.Mechanism
	ClientID       string
	ConnectTimeout time.Duration
	RequestTimeout time.Duration
	Dial           func(ctx context.Context, network, addr string) (net.Conn, error)

	mu     sync.Mutex // one transaction at a time
	prefix string     // of the transactional ids of this Store alone
}

var _ offset.Store = (*Store)(nil)

// Load gives the offsets of a name.
func (s *Store) Load(ctx context.Context, name string) ([]tailrace.Offset, error) {
	fail := func(err error) ([]tailrace.Offset, error) {
		return nil, fmt.Errorf("load the offsets of %q: %w", name, err)
	}
	if err := errors.Join(ctx.Err(), s.check()); err != nil {
		return fail(err)
	}
	c := kafkawire.New(s.connection().WithDefaults())
	defer c.Close()
	ctx, cancel := kafkawire.Within(ctx, patience)
	defer cancel()
	offsets, err := offsetlog.Read(ctx, c, s.Topic, name)
	if err != nil {
		return fail(err)
	}
	return offsets, nil
}

// patience is for how long a call tries again where another try may help.
const patience = 30 * time.Second

// Save writes the offsets.
func (s *Store) Save(ctx context.Context, name string, offsets []tailrace.Offset) error {
	err := errors.Join(ctx.Err(), s.check())
	if err == nil && len(offsets) > 0 {
		err = s.save(ctx, name, offsets)
	}
	if err != nil {
		return fmt.Errorf("save the offsets of %q in topic %s: %w", name, s.Topic, err)
	}
	return nil
}

func (s *Store) save(ctx context.Context, name string, offsets []tailrace.Offset) error {
	records, err := offsetentry.AppendRecords(nil, s.Topic, name, offsets)
	if err != nil {
		return err
	}
	if len(records) > 1 {
		return s.saveAll(ctx, name, offsets)
	}
	to := s.sink()
	to.TopicCreation = sink.TopicCreation{Enable: true, TopicSettings: s.settings()}
	w, err := to.Open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(w.Write(ctx, records), w.Close())
}

// saveAll writes several offsets, as a transaction.
func (s *Store) saveAll(ctx context.Context, name string, offsets []tailrace.Offset) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.prefix == "" {
		s.prefix = fmt.Sprintf("tailrace-offsets-%016x-", rand.Uint64())
	}
	w, err := sink.ExactlyOnce{Sink: s.sink(), OffsetsTopic: s.Topic, OffsetsTopicSettings: s.settings(), TransactionalIDPrefix: s.prefix}.Open(ctx)
	if err != nil {
		return err
	}
	tx := w.(contract.Transactional)
	if _, err = tx.Begin(ctx, name); err == nil {
		err = tx.WriteTx(ctx, nil, offsets)
	}
	return errors.Join(err, w.Close())
}

func (s *Store) settings() sink.TopicSettings {
	t := s.TopicSettings
	if t.Partitions == 0 {
		t.Partitions = offsetlog.Partitions
	}
	configs := map[string]string{}
	maps.Copy(configs, t.Configs)
	configs["cleanup.policy"] = "compact"
	t.Configs = configs
	return t
}

func (s *Store) sink() sink.Sink {
	return sink.Sink{
		Brokers: s.Brokers, TLS: s.TLS, SASL: s.SASL, ClientID: s.ClientID,
		ConnectTimeout: s.ConnectTimeout, RequestTimeout: s.RequestTimeout, Dial: s.Dial, DeliveryTimeout: patience,
	}
}

func (s *Store) connection() kafkawire.Settings {
	return kafkawire.Settings{
		Brokers: s.Brokers, TLS: s.TLS, SASL: s.SASL, ClientID: s.ClientID,
		ConnectTimeout: s.ConnectTimeout, RequestTimeout: s.RequestTimeout, Dial: s.Dial,
	}
}

func (s *Store) check() error {
	errs := kafkawire.CheckBrokers(s.Brokers)
	if s.Topic == "" {
		errs = append(errs, errors.New("Topic is empty: name the topic that keeps the offsets"))
	}
	if s.ConnectTimeout < 0 || s.RequestTimeout < 0 {
		errs = append(errs, errors.New("ConnectTimeout or RequestTimeout is negative"))
	}
	return errors.Join(errs...)
}
