package kafkawire

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

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// Cluster is the brokers and the connections to them. Each broker is used by
// one goroutine at a time; Close may come from any.
type Cluster struct {
	settings   Settings
	seeds      []*Broker
	brokers    map[int32]*Broker
	controller int32

	mu     sync.Mutex
	conns  map[*conn]struct{}
	closed bool
	done   chan struct{} // closed by Close
}

// ErrClosed says that the cluster was closed.
var ErrClosed = errors.New("it is closed already")

// New makes a cluster that is connected to nothing yet, by settings with their
// defaults.
func New(s Settings) *Cluster {
	c := &Cluster{
		settings: s, brokers: make(map[int32]*Broker), controller: -1,
		conns: make(map[*conn]struct{}), done: make(chan struct{}),
	}
	for _, addr := range s.Brokers {
		c.seeds = append(c.seeds, &Broker{ID: -1, addr: addr})
	}
	rand.Shuffle(len(c.seeds), func(i, j int) { c.seeds[i], c.seeds[j] = c.seeds[j], c.seeds[i] })
	return c
}

// Broker is one of the cluster's, or a configured address of which it is not
// known which one it is.
type Broker struct {
	ID   int32 // -1: not known
	addr string
	conn *conn // nil: to be connected
}

func (b *Broker) String() string {
	if b.ID < 0 {
		return b.addr
	}
	return fmt.Sprintf("broker %d at %s", b.ID, b.addr)
}

// Broker gives the broker of an id, and nil where the cluster has none such.
func (c *Cluster) Broker(id int32) *Broker { return c.brokers[id] }

// Another gives the same broker, to be connected once more: for a goroutine of
// its own.
func (b *Broker) Another() *Broker { return &Broker{ID: b.ID, addr: b.addr} }

// Controller gives the broker that makes topics; nil where there is none at the
// moment.
func (c *Cluster) Controller() *Broker { return c.brokers[c.controller] }

// RoundTrip sends a request to a broker, connecting first where need be, and
// gives its answer.
func (c *Cluster) RoundTrip(ctx context.Context, b *Broker, req protocol.Message) (protocol.Message, error) {
	if b.conn == nil {
		conn, err := connect(ctx, &c.settings, b.addr)
		if err != nil {
			hint := ""
			if b.ID >= 0 {
				hint = " (the address is the one that the broker advertises)"
			}
			return nil, fmt.Errorf("connect to %v%s: %w", b, hint, err)
		}
		if err := c.keep(conn); err != nil {
			return nil, err
		}
		b.conn = conn
	}
	ctx, cancel := Within(ctx, c.settings.RequestTimeout)
	defer cancel()
	res, err := b.conn.roundTrip(ctx, req)
	if err == nil {
		return res, nil
	}
	c.drop(b)
	if c.IsClosed() {
		return nil, ErrClosed
	}
	return nil, fmt.Errorf("%v: %s: %w", b, req.ApiKey(), err)
}

// keep enters a connection in what Close closes.
func (c *Cluster) keep(conn *conn) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		conn.Close()
		return ErrClosed
	}
	c.conns[conn] = struct{}{}
	return nil
}

// drop closes the connection to a broker.
func (c *Cluster) drop(b *Broker) {
	if b.conn == nil {
		return
	}
	c.mu.Lock()
	delete(c.conns, b.conn)
	c.mu.Unlock()
	b.conn.Close()
	b.conn = nil
}

func (c *Cluster) IsClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// Close closes all connections, which ends the requests that are on them.
func (c *Cluster) Close() {
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

// Sleep waits, or says why it cannot.
func (c *Cluster) Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-c.done:
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Backoff is how long to wait before a try: longer each time, up to a second,
// shortened by a random part of up to a half.
type Backoff time.Duration

func (b *Backoff) Next() time.Duration {
	d := min(max(time.Duration(*b)*2, 20*time.Millisecond), time.Second)
	*b = Backoff(d)
	return d - rand.N(d/2)
}

// Ask sends a request to the first broker that answers: those that are
// connected, then the others, then the given ones.
func (c *Cluster) Ask(ctx context.Context, req protocol.Message, more ...*Broker) (protocol.Message, error) {
	var connected, others []*Broker
	for _, b := range c.brokers {
		if b.conn != nil {
			connected = append(connected, b)
		} else {
			others = append(others, b)
		}
	}
	var failed unreachable
	tried := make(map[string]bool)
	for _, bs := range [][]*Broker{connected, others, more} {
		for _, b := range bs {
			if tried[b.addr] {
				continue
			}
			tried[b.addr] = true
			res, err := c.RoundTrip(ctx, b, req)
			if err == nil {
				return res, nil
			}
			if ctx.Err() != nil || errors.Is(err, ErrClosed) {
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

// Metadata asks what the cluster and the topics look like, and takes the
// brokers over.
func (c *Cluster) Metadata(ctx context.Context, topics []string, create bool) (*metadata.Response, error) {
	if topics == nil {
		topics = []string{} // null would ask for all
	}
	return c.learn(ctx, topics, create)
}

// AllTopics is Metadata of all topics that the user may see.
func (c *Cluster) AllTopics(ctx context.Context) (*metadata.Response, error) {
	return c.learn(ctx, nil, false)
}

func (c *Cluster) learn(ctx context.Context, topics []string, create bool) (*metadata.Response, error) {
	m, err := c.Ask(ctx, &metadata.Request{TopicNames: topics, AllowAutoTopicCreation: create}, c.seeds...)
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
			b = &Broker{ID: r.NodeID, addr: addr}
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

// TakesEpochs says whether brokers take a later epoch that a producer chose
// itself, as they do since Kafka 2.5.
func (c *Cluster) TakesEpochs() bool {
	for _, b := range c.brokers {
		if b.conn != nil && b.conn.versions[protocol.InitProducerId] < 3 {
			return false
		}
	}
	return true
}
