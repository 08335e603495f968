// Package kafkawire is what the drivers of Kafka have in common: the brokers of
// a cluster and the connections to them, coordinators, fetching, and the
// decoding of what was fetched.
package kafkawire

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/segmentio/kafka-go/sasl"
)

// Settings say how to reach a cluster. The drivers' own settings have the same
// fields, and say what they mean.
type Settings struct {
	Brokers        []string
	TLS            *tls.Config
	SASL           sasl.Mechanism
	ClientID       string
	ConnectTimeout time.Duration
	RequestTimeout time.Duration
	Dial           func(ctx context.Context, network, addr string) (net.Conn, error)
}

// WithDefaults gives the settings with every field set but Brokers, TLS and SASL.
func (s Settings) WithDefaults() Settings {
	if s.ClientID == "" {
		s.ClientID = "tailrace"
	}
	if s.ConnectTimeout == 0 {
		s.ConnectTimeout = 10 * time.Second
	}
	if s.RequestTimeout == 0 {
		s.RequestTimeout = 15 * time.Second
	}
	if s.Dial == nil {
		s.Dial = new(net.Dialer).DialContext
	}
	return s
}

// CheckBrokers says what is wrong with the addresses of brokers.
func CheckBrokers(brokers []string) (errs []error) {
	if len(brokers) == 0 {
		errs = append(errs, fmt.Errorf("Brokers is empty: name at least one broker as host:port"))
	}
	for _, addr := range brokers {
		if host, port, err := net.SplitHostPort(addr); err != nil || host == "" || port == "" {
			errs = append(errs, fmt.Errorf("the broker %q is not of the form host:port", addr))
		}
	}
	return errs
}
