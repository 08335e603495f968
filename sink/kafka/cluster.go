package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// cluster is the brokers and the connections to them. Each broker is used by
// one goroutine at a time; close may come from any.
type cluster struct {
	settings   *Sink
	seeds      []*broker
	brokers    map[int32]*broker
	controller int32

	mu     sync.Mutex
	conns  map[*conn]struct{}
	closed bool
	done   chan struct{} // closed by close
}

var errClosed = errors.New("the writer is closed")

func newCluster(s *Sink) *cluster {
	c := &cluster{
		settings: s, brokers: make(map[int32]*broker), controller: -1,
		conns: make(map[*conn]struct{}), done: make(chan struct{}),
	}
	for _, addr := range s.Brokers {
		c.seeds = append(c.seeds, &broker{id: -1, addr: addr})
	}
	rand.Shuffle(len(c.seeds), func(i, j int) { c.seeds[i], c.seeds[j] = c.seeds[j], c.seeds[i] })
	return c
}

// broker is one of the cluster's, or a configured address of which it is not
// known which one it is.
type broker struct {
	id   int32
	addr string
	conn *conn // nil: to be connected
	produce
}

func (b *broker) String() string {
	if b.id < 0 {
		return b.addr
	}
	return fmt.Sprintf("broker %d at %s", b.id, b.addr)
}

// roundTrip sends a request to a broker, connecting first where need be, and
// gives its answer.
func (c *cluster) roundTrip(ctx context.Context, b *broker, req protocol.Message) (protocol.Message, error) {
	if b.conn == nil {
		conn, err := connect(ctx, c.settings, b.addr)
		if err != nil {
			hint := ""
			if b.id >= 0 {
				hint = " (the address is the one that the broker advertises)"
			}
			return nil, fmt.Errorf("connect to %v%s: %w", b, hint, err)
		}
		if err := c.keep(conn); err != nil {
			return nil, err
		}
		b.conn = conn
	}
	ctx, cancel := within(ctx, c.settings.RequestTimeout)
	defer cancel()
	res, err := b.conn.roundTrip(ctx, req)
	if err == nil {
		return res, nil
	}
	c.drop(b)
	if c.isClosed() {
		return nil, errClosed
	}
	return nil, fmt.Errorf("%v: %s: %w", b, req.ApiKey(), err)
}

// keep enters a connection in what close closes.
func (c *cluster) keep(conn *conn) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		conn.Close()
		return errClosed
	}
	c.conns[conn] = struct{}{}
	return nil
}

// drop closes the connection to a broker.
func (c *cluster) drop(b *broker) {
	if b.conn == nil {
		return
	}
	c.mu.Lock()
	delete(c.conns, b.conn)
	c.mu.Unlock()
	b.conn.Close()
	b.conn = nil
}

func (c *cluster) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// close closes all connections, which ends the requests that are on them.
func (c *cluster) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.closed = true
	close(c.done)
	for conn := range c.conns {
		conn.Close()
	}
}

// sleep waits, or says why it cannot.
func (c *cluster) sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-c.done:
		return errClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// backoff is how long to wait before a try: longer each time, up to a second,
// shortened by a random part of up to a half.
type backoff time.Duration

func (b *backoff) next() time.Duration {
	d := min(max(time.Duration(*b)*2, 20*time.Millisecond), time.Second)
	*b = backoff(d)
	return d - rand.N(d/2)
}

// ask sends a request to the first broker that answers: those that are
// connected, then the others, then the given ones.
func (c *cluster) ask(ctx context.Context, req protocol.Message, more ...*broker) (protocol.Message, error) {
	var connected, others []*broker
	for _, b := range c.brokers {
		if b.conn != nil {
			connected = append(connected, b)
		} else {
			others = append(others, b)
		}
	}
	var failed unreachable
	tried := make(map[string]bool)
	for _, bs := range [][]*broker{connected, others, more} {
		for _, b := range bs {
			if tried[b.addr] {
				continue
			}
			tried[b.addr] = true
			res, err := c.roundTrip(ctx, b, req)
			if err == nil {
				return res, nil
			}
			if ctx.Err() != nil || errors.Is(err, errClosed) {
				return nil, err
			}
			failed = append(failed, err)
		}
	}
	return nil, failed
}

// unreachable is why none of the brokers answers.
type unreachable []error

func (u unreachable) Error() string {
	if len(u) == 1 {
		return u[0].Error()
	}
	texts := make([]string, len(u))
	for i, err := range u {
		texts[i] = err.Error()
	}
	return "none of the brokers answers: " + strings.Join(texts, "; ")
}

func (u unreachable) Unwrap() []error { return u }

// metadata asks what the cluster and the topics look like, and takes the
// brokers over.
func (c *cluster) metadata(ctx context.Context, topics []string, create bool) (*metadata.Response, error) {
	if topics == nil {
		topics = []string{} // null would ask for all
	}
	m, err := c.ask(ctx, &metadata.Request{TopicNames: topics, AllowAutoTopicCreation: create}, c.seeds...)
	if err != nil {
		return nil, err
	}
	res := m.(*metadata.Response)
	if len(res.Brokers) == 0 {
		return nil, errors.New("the cluster names no brokers, as one does that is starting")
	}
	c.controller = res.ControllerID
	alive := make(map[int32]bool, len(res.Brokers))
	for _, r := range res.Brokers {
		alive[r.NodeID] = true
		addr := net.JoinHostPort(r.Host, strconv.Itoa(int(r.Port)))
		b := c.brokers[r.NodeID]
		if b == nil {
			b = &broker{id: r.NodeID, addr: addr}
			c.brokers[r.NodeID] = b
		}
		if b.addr != addr {
			c.drop(b)
			b.addr = addr
		}
	}
	for id, b := range c.brokers {
		if !alive[id] {
			c.drop(b)
			delete(c.brokers, id)
		}
	}
	// The configured addresses have served: what is asked from now on tells
	// whether the advertised ones can be reached.
	for _, b := range c.seeds {
		c.drop(b)
	}
	return res, nil
}

// initProducer obtains a producer id without a transaction.
func (c *cluster) initProducer(ctx context.Context) (producer, error) {
	ctx, cancel := within(ctx, c.settings.RequestTimeout)
	defer cancel()
	var wait backoff
	for {
		m, err := c.ask(ctx, &initproducerid.Request{ProducerID: -1, ProducerEpoch: -1})
		if err != nil {
			return producer{}, fmt.Errorf("obtain a producer id: %w", err)
		}
		res := m.(*initproducerid.Response)
		switch code := kafkago.Error(res.ErrorCode); {
		case code == 0:
			return producer{id: res.ProducerID, epoch: res.ProducerEpoch}, nil
		case code == kafkago.ClusterAuthorizationFailed:
			return producer{}, fmt.Errorf("obtain a producer id: %w; allow the user IdempotentWrite on the cluster, or Write on a topic", code)
		case !retriable(code) || c.sleep(ctx, wait.next()) != nil:
			return producer{}, fmt.Errorf("obtain a producer id: %w", code)
		}
	}
}

// takesEpochs says whether brokers take a later epoch that a producer chose
// itself, as they do since Kafka 2.5.
func (c *cluster) takesEpochs() bool {
	for _, b := range c.brokers {
		if b.conn != nil && b.conn.versions[protocol.InitProducerId] < 3 {
			return false
		}
	}
	return true
}
