package kafkawire

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"strconv"
	"syscall"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"
	"github.com/segmentio/kafka-go/protocol/saslauthenticate"
	"github.com/segmentio/kafka-go/protocol/saslhandshake"
	"github.com/segmentio/kafka-go/sasl"
)

// Encoder is a request that writes itself, where the driver's own writing would
// copy too much. The driver's writes all others.
type Encoder interface {
	protocol.Message
	Encode(c net.Conn, version int16, id int32, clientID string) error
}

// Decoder is a request that reads its own answer, which is given without its
// length and id and must not be kept.
type Decoder interface {
	protocol.Message
	Decode(frame []byte, version int16) (protocol.Message, error)
}

// maxFrame bounds a broker's answer. The metadata of a hundred thousand
// partitions takes a tenth of it; what a server that is no Kafka broker says
// most often reads as more.
const maxFrame = 128 << 20

// conn is a connection to a broker, ready for requests, one at a time. A conn
// that has failed is of no more use.
type conn struct {
	net.Conn
	addr     string
	clientID string
	sasl     bool
	versions map[protocol.ApiKey]int16
	lastID   int32
	frame    []byte
}

// connect dials a broker, by TLS and with authentication where the settings
// say so, all within the settings' ConnectTimeout.
func connect(ctx context.Context, s *Settings, addr string) (_ *conn, err error) {
	ctx, cancel := Within(ctx, s.ConnectTimeout)
	defer cancel()
	raw, err := s.Dial(ctx, "tcp", addr)
	if err != nil {
		return nil, overdue(ctx, err)
	}
	c := &conn{Conn: raw, addr: addr, clientID: s.ClientID, versions: make(map[protocol.ApiKey]int16), sasl: s.SASL != nil}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	if s.TLS != nil {
		if err := c.encrypt(ctx, s.TLS); err != nil {
			return nil, err
		}
	}
	if err := c.negotiate(ctx, s.TLS != nil); err != nil {
		return nil, err
	}
	if s.SASL != nil {
		if err := c.authenticate(ctx, s.SASL); err != nil {
			return nil, fmt.Errorf("authenticate by %s: %w", s.SASL.Name(), err)
		}
	}
	return c, nil
}

// Within bounds ctx by the time that a broker has to answer.
func Within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, fmt.Errorf("no answer within %v", d))
}

// overdue puts the reason why ctx is over before an error that came of it.
func overdue(ctx context.Context, err error) error {
	if end, ok := ctx.Deadline(); ok && !time.Now().Before(end) {
		<-ctx.Done() // a connection's deadline may come a moment before that of its context
	}
	if ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("%w (%w)", context.Cause(ctx), err)
}

// hungUp says whether an error tells that the other side closed the connection.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func (c *conn) encrypt(ctx context.Context, config *tls.Config) error {
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(c.addr)
		if err != nil {
			return err
		}
		config = config.Clone()
		config.ServerName = host
	}
	t := tls.Client(c.Conn, config)
	if err := t.HandshakeContext(ctx); err != nil {
		err = overdue(ctx, err)
		var plain tls.RecordHeaderError
		if errors.As(err, &plain) {
			return fmt.Errorf("TLS: the server does not speak it on this port; leave TLS out or take the port that does: %w", err)
		}
		return fmt.Errorf("TLS: %w", err)
	}
	c.Conn = t
	return nil
}

// negotiate settles the version of each request: the highest that both sides
// know.
func (c *conn) negotiate(ctx context.Context, encrypted bool) error {
	m, err := c.roundTrip(ctx, &apiversions.Request{})
	if err != nil {
		if !encrypted && (hungUp(err) || errors.Is(err, errNotKafka)) {
			err = fmt.Errorf("%w; if this is the port of a broker, it may want TLS", err)
		}
		return fmt.Errorf("ask for the versions that the broker knows: %w", err)
	}
	res := m.(*apiversions.Response)
	if res.ErrorCode != 0 {
		return fmt.Errorf("ask for the versions that the broker knows: %w", kafkago.Error(res.ErrorCode))
	}
	for _, r := range res.ApiKeys {
		key := protocol.ApiKey(r.ApiKey)
		c.versions[key] = min(key.SelectVersion(r.MinVersion, r.MaxVersion), newest(key))
	}
	if v, ok := c.versions[protocol.InitProducerId]; !ok || c.versions[protocol.Produce] < 3 {
		return fmt.Errorf("the broker is older than Kafka 0.11, which has no idempotent producers (InitProducerId version %d)", v)
	}
	return nil
}

// newest is the newest version of a request that is spoken. The driver gets later
// ones of the group's wrong: it takes the throttle time of a heartbeat's answer
// for its error code. All of these are older than Kafka 2.2, and brokers of Kafka
// 4 know them.
func newest(key protocol.ApiKey) int16 {
	switch key {
	case protocol.Heartbeat:
		return 0
	case protocol.LeaveGroup, protocol.SyncGroup:
		return 1
	case protocol.JoinGroup:
		return 4
	}
	return math.MaxInt16
}

func (c *conn) authenticate(ctx context.Context, mechanism sasl.Mechanism) error {
	m, err := c.roundTrip(ctx, &saslhandshake.Request{Mechanism: mechanism.Name()})
	if err != nil {
		return err
	}
	if h := m.(*saslhandshake.Response); h.ErrorCode != 0 {
		if len(h.Mechanisms) > 0 {
			return fmt.Errorf("the broker offers %v only: %w", h.Mechanisms, kafkago.Error(h.ErrorCode))
		}
		return fmt.Errorf("the broker has no authentication on this port: %w", kafkago.Error(h.ErrorCode))
	}
	if host, port, err := net.SplitHostPort(c.addr); err == nil {
		n, _ := strconv.Atoi(port)
		ctx = sasl.WithMetadata(ctx, &sasl.Metadata{Host: host, Port: n})
	}
	session, say, err := mechanism.Start(ctx)
	for done := false; !done; {
		if err != nil {
			return err
		}
		m, err := c.roundTrip(ctx, &saslauthenticate.Request{AuthBytes: say})
		if hungUp(err) {
			return fmt.Errorf("the broker closed the connection: %w", kafkago.SASLAuthenticationFailed)
		}
		if err != nil {
			return err
		}
		res := m.(*saslauthenticate.Response)
		if res.ErrorCode != 0 {
			return CodeError(res.ErrorCode, res.ErrorMessage)
		}
		if done, say, err = session.Next(ctx, res.AuthBytes); err != nil {
			return err
		}
	}
	return nil
}

// roundTrip sends a request and gives its answer. The end of ctx, which has a
// deadline, ends it.
func (c *conn) roundTrip(ctx context.Context, req protocol.Message) (protocol.Message, error) {
	deadline, _ := ctx.Deadline()
	if err := c.SetDeadline(deadline); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	key := req.ApiKey()
	version := c.versions[key]
	c.lastID++
	var err error
	if own, ok := req.(Encoder); ok {
		err = own.Encode(c.Conn, version, c.lastID, c.clientID)
	} else {
		err = protocol.WriteRequest(c.Conn, version, c.lastID, c.clientID, req)
	}
	if err == nil {
		err = c.readFrame()
	}
	var res protocol.Message
	if err == nil {
		if own, ok := req.(Decoder); ok {
			res, err = own.Decode(c.frame[8:], version)
		} else {
			res, err = decodeResponse(c.frame, key, version)
		}
	}
	if err == nil {
		return res, nil
	}
	if hungUp(err) {
		err = fmt.Errorf("the connection was closed before the answer: %w", err)
		if c.lastID == 2 && !c.sasl {
			err = fmt.Errorf("%w; the broker may want SASL", err)
		}
	}
	return nil, overdue(ctx, err)
}

var errNotKafka = errors.New("what listens there does not answer as a Kafka broker does")

// readFrame reads an answer as a whole and checks whose it is, so that what
// another kind of server says is never taken for the length of a list.
func (c *conn) readFrame() error {
	c.frame = slices.Grow(c.frame[:0], 8)[:8]
	if n, err := io.ReadFull(c.Conn, c.frame); err != nil {
		if n > 0 && c.lastID == 1 && errors.Is(err, io.ErrUnexpectedEOF) {
			return errNotKafka
		}
		return err
	}
	size := binary.BigEndian.Uint32(c.frame)
	if id := int32(binary.BigEndian.Uint32(c.frame[4:])); size < 4 || size > maxFrame || id != c.lastID {
		return errNotKafka
	}
	c.frame = slices.Grow(c.frame, int(size)-4)[:int(size)+4]
	_, err := io.ReadFull(c.Conn, c.frame[8:])
	return err
}

// decodeResponse decodes a whole answer. The driver's decoder trusts the
// lengths in it.
func decodeResponse(frame []byte, key protocol.ApiKey, version int16) (res protocol.Message, err error) {
	defer func() {
		if p := recover(); p != nil {
			res, err = nil, fmt.Errorf("the answer to %s version %d is malformed: %v", key, version, p)
		}
	}()
	_, res, err = protocol.ReadResponse(bytes.NewReader(frame), key, version)
	if err != nil {
		return nil, fmt.Errorf("the answer to %s version %d is malformed: %w", key, version, err)
	}
	return res, nil
}

// CodeError is an error code of the protocol, and what the broker says of it.
func CodeError(code int16, message string) error {
	if message == "" {
		return kafkago.Error(code)
	}
	return fmt.Errorf("%w: %s", kafkago.Error(code), message)
}
