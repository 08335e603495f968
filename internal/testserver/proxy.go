package testserver

import (
	"context"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A Proxy is a faulty network in front of a server: what connects to Addr is connected to the target, until the test says
// otherwise. All methods may be called at any time.
type Proxy struct {
	Addr string // host:port
	Up   *Link  // from the clients to the server
	Down *Link  // from the server to the clients

	listener net.Listener
	running  sync.WaitGroup
	accepted atomic.Int64

	mu      sync.Mutex
	target  string
	refuses bool
	open    map[*connection]struct{}
}

// StartProxy starts a proxy in front of an address, which is stopped at the end of the test.
func StartProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatalf("start a proxy in front of %s: %v", target, err)
	}
	p := &Proxy{
		Addr: listener.Addr().String(), Up: newLink(), Down: newLink(),
		listener: listener,
		target:   target,
		open:     make(map[*connection]struct{}),
	}
	p.running.Go(p.serve)
	t.Cleanup(func() {
		listener.Close()
		p.Refuse()
		p.running.Wait()
	})
	return p
}

// Dial connects to the proxy, whatever the address: it is a dial function for clients that learn addresses from the server.
func (p *Proxy) Dial(ctx context.Context, network, _ string) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, p.Addr)
}

// SetTarget changes where connections made from now on lead to.
func (p *Proxy) SetTarget(addr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = addr
}

// Cut resets all connections. New ones are let through.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.reset()
	}
}

// Refuse resets all connections, those to come too, until Admit.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	p.refuses = true
	p.mu.Unlock()
	p.Cut()
}

// Admit ends what Refuse began.
func (p *Proxy) Admit() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = false
}

// Accepted returns how many connections were made, the refused ones not counted.
func (p *Proxy) Accepted() int {
	return int(p.accepted.Load())
}

// Open returns how many connections there are.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

func (p *Proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.carry(client.(*net.TCPConn)) })
	}
}

// carry connects a client to the target and moves bytes until either side ends.
func (p *Proxy) carry(client *net.TCPConn) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	c := &connection{client: client, closed: make(chan struct{})}
	server, err := net.DialTimeout("tcp", target, 10*time.Second)
	if err != nil {
		c.reset()
		return
	}
	c.server = server.(*net.TCPConn)
	if !p.admit(c) {
		c.reset()
		return
	}
	defer func() {
		c.close()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.open, c)
	}()
	var both sync.WaitGroup
	both.Go(func() { p.Up.move(c.server, c.client, c.closed); c.close() })
	both.Go(func() { p.Down.move(c.client, c.server, c.closed); c.close() })
	both.Wait()
}

func (p *Proxy) admit(c *connection) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuses {
		return false
	}
	p.open[c] = struct{}{}
	p.accepted.Add(1)
	return true
}

// A connection is a client's, and the one to the server that it is joined to.
type connection struct {
	client, server *net.TCPConn
	once           sync.Once
	closed         chan struct{}
}

// reset ends both sides as a broken network does: the peers see a reset, and what was on its way is lost.
func (c *connection) reset() {
	c.client.SetLinger(0)
	if c.server != nil {
		c.server.SetLinger(0)
	}
	c.close()
}

// close ends both sides in the orderly way.
func (c *connection) close() {
	c.once.Do(func() {
		close(c.closed)
		c.client.Close()
		if c.server != nil {
			c.server.Close()
		}
	})
}

// A Link is one direction of a proxy, over all its connections.
type Link struct {
	mu       sync.Mutex
	stalled  bool
	resumed  chan struct{} // closed by Resume
	delay    time.Duration
	cutting  bool
	left     int64 // until the cut
	bytes    int64
	observed chan struct{} // closed and replaced when bytes grows
}

func newLink() *Link {
	return &Link{resumed: make(chan struct{}), observed: make(chan struct{})}
}

// Stall keeps the connections open and moves nothing, so that the sender's buffers fill, until Resume.
func (l *Link) Stall() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stalled = true
}

// Resume ends what Stall began.
func (l *Link) Resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stalled = false
	close(l.resumed)
	l.resumed = make(chan struct{})
}

// Delay holds back each piece of at most 32 KiB for d.
func (l *Link) Delay(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delay = d
}

// CutAfter lets n more bytes through, and then closes the connection that would carry the next one. Those after it are whole
// again.
func (l *Link) CutAfter(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cutting, l.left = true, n
}

// Bytes returns how many bytes were let through.
func (l *Link) Bytes() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes
}

// AwaitBytes returns when n bytes in all were let through, or with the error of ctx.
func (l *Link) AwaitBytes(ctx context.Context, n int64) error {
	for {
		l.mu.Lock()
		bytes, observed := l.bytes, l.observed
		l.mu.Unlock()
		if bytes >= n {
			return nil
		}
		select {
		case <-observed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// move copies from one side to the other until either ends or the link cuts them.
func (l *Link) move(to, from *net.TCPConn, closed <-chan struct{}) {
	buf := make([]byte, 32<<10)
	for {
		if !l.flows(closed) {
			return
		}
		n, err := from.Read(buf)
		if n > 0 {
			// It may have stalled while we waited for something to read.
			if !l.flows(closed) || !l.wait(closed) {
				return
			}
			pass, cut := l.pass(n)
			if _, err := to.Write(buf[:pass]); err != nil {
				return
			}
			l.count(pass)
			if cut {
				to.CloseWrite() // what was written still arrives
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// flows waits as long as the link is stalled. It is false when the connection was closed meanwhile.
func (l *Link) flows(closed <-chan struct{}) bool {
	for {
		l.mu.Lock()
		stalled, resumed := l.stalled, l.resumed
		l.mu.Unlock()
		if !stalled {
			return true
		}
		select {
		case <-resumed:
		case <-closed:
			return false
		}
	}
}

// wait waits as long as the link delays. It is false when the connection was closed meanwhile.
func (l *Link) wait(closed <-chan struct{}) bool {
	l.mu.Lock()
	delay := l.delay
	l.mu.Unlock()
	if delay == 0 {
		return true
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-closed:
		return false
	}
}

// pass returns how many of n bytes may pass now, and whether the connection ends with them.
func (l *Link) pass(n int) (pass int, cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.cutting {
		return n, false
	}
	if int64(n) <= l.left {
		l.left -= int64(n)
		return n, false
	}
	l.cutting = false
	return int(l.left), true
}

func (l *Link) count(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bytes += int64(n)
	close(l.observed)
	l.observed = make(chan struct{})
}
