package kafkawire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/findcoordinator"
)

// The kinds of Coordinator, by the protocol's numbers.
const (
	OfGroup       int8 = 0
	OfTransaction int8 = 1
)

// Coordinator is the broker that looks after a group or a transactional id. It
// is found when it is needed, on a connection of its own, and used by one
// goroutine at a time.
type Coordinator struct {
	Cluster *Cluster
	Kind    int8
	Key     string

	broker *Broker // nil: to be found
}

func (c *Coordinator) String() string {
	if c.Kind == OfGroup {
		return "the coordinator of the group " + c.Key
	}
	return "the coordinator of the transactional id " + c.Key
}

// Do sends the request until its answer is one that another try would not
// change. code gives the answer's error code. Coordinators that have moved are
// found again.
func (c *Coordinator) Do(ctx context.Context, req protocol.Message, code func(protocol.Message) int16) (protocol.Message, error) {
	var wait Backoff
	busy := time.Millisecond // while the markers of the transaction before are written
	for {
		pause := time.Duration(0)
		res, err := c.Ask(ctx, req)
		if err == nil {
			e := kafkago.Error(code(res))
			switch {
			case e == 0:
				return res, nil
			case !Retriable(e):
				return res, e
			case e == kafkago.ConcurrentTransactions:
				pause, busy = busy, min(2*busy, 50*time.Millisecond)
			}
			c.Moved(e)
			err = e
		}
		if errors.Is(err, ErrClosed) || IsPermanent(err) {
			return nil, err
		}
		if pause == 0 {
			pause = wait.Next()
		}
		if over := c.Cluster.Sleep(ctx, pause); over != nil {
			return nil, fmt.Errorf("%w: %w", over, err)
		}
	}
}

// Ask sends the request once.
func (c *Coordinator) Ask(ctx context.Context, req protocol.Message) (protocol.Message, error) {
	if c.broker == nil {
		if err := c.find(ctx); err != nil {
			return nil, fmt.Errorf("find %v: %w", c, err)
		}
	}
	res, err := c.Cluster.RoundTrip(ctx, c.broker, req)
	if err != nil {
		c.forget()
		return nil, err
	}
	return res, nil
}

// Moved forgets the coordinator if an answer's code says that it is another.
func (c *Coordinator) Moved(code kafkago.Error) bool {
	moved := code == kafkago.NotCoordinatorForGroup || code == kafkago.GroupCoordinatorNotAvailable
	if moved {
		c.forget()
	}
	return moved
}

func (c *Coordinator) forget() {
	if c.broker != nil {
		c.Cluster.drop(c.broker)
		c.broker = nil
	}
}

func (c *Coordinator) find(ctx context.Context) error {
	m, err := c.Cluster.Ask(ctx, &findcoordinator.Request{Key: c.Key, KeyType: c.Kind}, c.Cluster.seeds...)
	if err != nil {
		return err
	}
	res := m.(*findcoordinator.Response)
	if res.ErrorCode != 0 {
		if e := kafkago.Error(res.ErrorCode); !Retriable(e) {
			return permanent{CodeError(res.ErrorCode, res.ErrorMessage)}
		}
		return CodeError(res.ErrorCode, res.ErrorMessage)
	}
	c.broker = &Broker{ID: res.NodeID, addr: net.JoinHostPort(res.Host, strconv.Itoa(int(res.Port)))}
	return nil
}

// permanent is an error that no other try changes.
type permanent struct{ error }

func (p permanent) Unwrap() error   { return p.error }
func (p permanent) Retryable() bool { return false }

// IsPermanent says whether an error is known to be one that no other try changes.
func IsPermanent(err error) bool {
	var r interface{ Retryable() bool }
	return errors.As(err, &r) && !r.Retryable()
}

// Permanent marks an error as one that no other try changes.
func Permanent(err error) error { return permanent{err} }
