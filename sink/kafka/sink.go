package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/segmentio/kafka-go/sasl"

	"github.com/tailrace-io/tailrace/internal/kafkawire"
	"github.com/tailrace-io/tailrace/sink"
)

// Sink is where and how to write to Kafka. Its zero value lacks nothing but
// Brokers.
type Sink struct {
	// Brokers are some of the cluster's brokers, as host:port; the others are
	// learnt from them. At least one is required.
	Brokers []string

	// TLS encrypts the connections; nil leaves them in the clear. Without a
	// ServerName the certificate must be for the broker's host.
	TLS *tls.Config

	// SASL authenticates: a plain.Mechanism or a scram.Mechanism of
	// github.com/segmentio/kafka-go/sasl, or any other that implements its
	// interface. nil does not authenticate.
	SASL sasl.Mechanism

	// ClientID is what the brokers' logs and quotas call this program. ""
	// means "tailrace".
	ClientID string

	// Compression is that of the record batches.
	Compression Compression

	// MaxRequestBytes bounds a request, and with it a single record before
	// compression. 0 means 16 MiB. Brokers take 100 MiB as they are
	// configured at first.
	MaxRequestBytes int

	// MaxBatchBytes bounds the batch of records that goes to a partition at
	// once, before compression; a record that is larger goes alone. 0 means
	// 1 MiB, which is what topics take as they are configured at first. A
	// Writer makes batches smaller for partitions that refuse larger ones.
	MaxBatchBytes int

	// Partitioner chooses the partition of records that name none. nil means
	// ByKey.
	Partitioner Partitioner

	// TopicCreation says what becomes of topics that are not there.
	TopicCreation TopicCreation

	// Expect are topics that Open looks up, so that what is wrong with them is
	// its error and not that of a later Write. They are made as TopicCreation
	// says.
	Expect []string

	// ConnectTimeout bounds connecting to a broker, encryption and
	// authentication included. 0 means 10 s.
	ConnectTimeout time.Duration

	// RequestTimeout is how long a broker may take to answer, which includes
	// the replication of what was written. 0 means 15 s.
	RequestTimeout time.Duration

	// DeliveryTimeout is for how long Write tries again where another try may
	// help, as while leaders change. 0 means 30 s.
	DeliveryTimeout time.Duration

	// MetadataMaxAge is after what time the topics' partitions are looked up
	// anew, so that added ones are used. 0 means 5 minutes.
	MetadataMaxAge time.Duration

	// Dial opens connections; nil dials TCP.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

var _ sink.Sink = Sink{}

func (s *Sink) connection() kafkawire.Settings {
	return kafkawire.Settings{
		Brokers: s.Brokers, TLS: s.TLS, SASL: s.SASL, ClientID: s.ClientID,
		ConnectTimeout: s.ConnectTimeout, RequestTimeout: s.RequestTimeout, Dial: s.Dial,
	}
}

func (s Sink) withDefaults() Sink {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&s.DeliveryTimeout, 30*time.Second)
	set(&s.MetadataMaxAge, 5*time.Minute)
	to := s.connection().WithDefaults()
	s.ClientID, s.ConnectTimeout, s.RequestTimeout, s.Dial = to.ClientID, to.ConnectTimeout, to.RequestTimeout, to.Dial
	if s.MaxRequestBytes == 0 {
		s.MaxRequestBytes = 16 << 20
	}
	if s.MaxBatchBytes == 0 {
		s.MaxBatchBytes = 1 << 20
	}
	if s.Partitioner == nil {
		s.Partitioner = ByKey
	}
	return s
}

func (s *Sink) check() error {
	errs := kafkawire.CheckBrokers(s.Brokers)
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if s.Compression < None || s.Compression > Zstd {
		bad("there is no %v; take None, Gzip, Snappy, LZ4 or Zstd", s.Compression)
	}
	if s.MaxRequestBytes < 0 || s.MaxBatchBytes < 0 {
		bad("MaxRequestBytes or MaxBatchBytes is negative")
	} else if s.MaxBatchBytes > s.MaxRequestBytes {
		bad("MaxBatchBytes, %d, is more than MaxRequestBytes, %d", s.MaxBatchBytes, s.MaxRequestBytes)
	}
	if s.ConnectTimeout < 0 || s.RequestTimeout < 0 || s.DeliveryTimeout < 0 || s.MetadataMaxAge < 0 {
		bad("ConnectTimeout, RequestTimeout, DeliveryTimeout or MetadataMaxAge is negative")
	}
	return errors.Join(append(errs, s.TopicCreation.check())...)
}

// Open connects to the cluster, by the first of the brokers that answers, and
// obtains the producer id under which the Writer sends.
func (s Sink) Open(ctx context.Context) (sink.Writer, error) {
	w, err := s.writer()
	if err != nil {
		return nil, fmt.Errorf("kafka sink: %w", err)
	}
	err = w.open(ctx)
	if err == nil {
		w.producer, err = w.initProducer(ctx)
	}
	if err == nil && len(s.Expect) > 0 {
		err = w.resolve(ctx, s.Expect)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("kafka sink: %w", err), w.Close())
	}
	return w, nil
}

// writer checks the settings and makes a writer that is connected to nothing.
func (s Sink) writer() (*writer, error) {
	// The bounds that depend on another follow it where they are not set.
	if s.MaxBatchBytes == 0 && s.MaxRequestBytes > 0 {
		s.MaxBatchBytes = min(1<<20, s.MaxRequestBytes)
	}
	s = s.withDefaults()
	if err := s.check(); err != nil {
		return nil, err
	}
	return newWriter(s), nil
}
