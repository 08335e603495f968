// Package inbox gathers the signals of a source's channels while the source
// reads its log.
package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tailrace-io/tailrace/source/signal"
)

// Inbox holds what the channels gave. Positions are those behind the signals
// that were taken out of it.
type Inbox struct {
	receivers map[string]signal.Receiver
	positions map[string]string
	life      context.Context
	end       context.CancelFunc
	done      sync.WaitGroup

	mu      sync.Mutex
	waiting []delivery
	failed  error
	wake    func() // set while somebody waits
}

type delivery struct {
	channel  string
	received []signal.Received
	position string
}

// Check says what is wrong with a set of channels.
func Check(channels []signal.Channel) error {
	var errs []error
	names := map[string]bool{}
	for i, c := range channels {
		switch {
		case c == nil:
			errs = append(errs, fmt.Errorf("Signals[%d] is nil", i))
		case names[c.Name()]:
			errs = append(errs, fmt.Errorf("Signals has two channels with the name %s: positions are kept by name", c.Name()))
		default:
			names[c.Name()] = true
		}
	}
	return errors.Join(errs...)
}

// Open opens the channels behind the positions that an offset has.
func Open(ctx context.Context, channels []signal.Channel, position string) (*Inbox, error) {
	in := &Inbox{receivers: map[string]signal.Receiver{}, positions: map[string]string{}}
	if err := in.restore(position); err != nil {
		return nil, err
	}
	in.life, in.end = context.WithCancel(context.Background())
	for _, c := range channels {
		r, err := c.Open(ctx, in.positions[c.Name()])
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open the channel %s of signals: %w", c.Name(), err), in.Close())
		}
		in.receivers[c.Name()] = r
		in.done.Go(func() { in.receive(c.Name(), r) })
	}
	return in, nil
}

func (in *Inbox) receive(name string, r signal.Receiver) {
	for in.life.Err() == nil {
		received, position, err := r.Receive(in.life)
		if in.life.Err() != nil {
			return
		}
		in.mu.Lock()
		if err != nil {
			in.failed = fmt.Errorf("the channel %s of signals: %w", name, err)
		} else {
			in.waiting = append(in.waiting, delivery{name, received, position})
		}
		if in.wake != nil {
			in.wake()
		}
		in.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Waiting is a context that ends when a signal comes, or one waits already. cancel
// has to be called.
func (in *Inbox) Waiting(ctx context.Context) (_ context.Context, cancel func()) {
	waiting, wake := context.WithCancel(ctx)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.wake = wake
	if in.waiting != nil || in.failed != nil {
		wake()
	}
	return waiting, func() {
		wake()
		in.mu.Lock()
		in.wake = nil
		in.mu.Unlock()
	}
}

// Any says whether there is something to Take.
func (in *Inbox) Any() bool {
	if len(in.receivers) == 0 {
		return false
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.waiting != nil || in.failed != nil
}

// Take gives the signals that wait, none where there are none.
func (in *Inbox) Take() ([]signal.Received, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	var out []signal.Received
	for _, d := range in.waiting {
		out = append(out, d.received...)
		in.positions[d.channel] = d.position
	}
	in.waiting = nil
	if out == nil {
		return nil, in.failed
	}
	return out, nil
}

// member is that of an offset which has the positions; it is not Debezium's.
const member = "signal_positions"

// Append appends the member of a JSON object that has the positions, with a
// comma in front; nothing where there are none.
func (in *Inbox) Append(dst []byte) []byte {
	if in == nil || len(in.positions) == 0 {
		return dst
	}
	dst = append(dst, `,"`+member+`":{`...)
	for i, name := range slices.Sorted(maps.Keys(in.positions)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		key, _ := json.Marshal(name)
		value, _ := json.Marshal(in.positions[name])
		dst = append(append(append(dst, key...), ':'), value...)
	}
	return append(dst, '}')
}

func (in *Inbox) restore(position string) error {
	positions, err := positionsOf(position)
	for name, p := range positions {
		in.positions[name] = p
	}
	return err
}

func positionsOf(position string) (map[string]string, error) {
	if !strings.Contains(position, member) {
		return nil, nil
	}
	var raw struct {
		Positions map[string]string `json:"signal_positions"`
	}
	if err := json.Unmarshal([]byte(position), &raw); err != nil {
		return nil, fmt.Errorf("the stored offset: %s: %w", member, err)
	}
	return raw.Positions, nil
}

// Commit tells the channels that a position with what they gave is durable. It
// may run beside the other methods.
func (in *Inbox) Commit(ctx context.Context, position string) error {
	positions, err := positionsOf(position)
	if err != nil {
		return err
	}
	var errs []error
	for name, p := range positions {
		if r := in.receivers[name]; r != nil {
			if err := r.Commit(ctx, p); err != nil {
				errs = append(errs, fmt.Errorf("the channel %s of signals: %w", name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// Close ends the channels.
func (in *Inbox) Close() error {
	if in == nil {
		return nil
	}
	in.end()
	var errs []error
	for name, r := range in.receivers {
		if err := r.Close(); err != nil {
			errs = append(errs, fmt.Errorf("the channel %s of signals: %w", name, err))
		}
	}
	in.done.Wait()
	return errors.Join(errs...)
}

// Rejected is the notification of a signal that cannot be followed.
func Rejected(server string, s signal.Received, reason error) signal.Notification {
	id := s.ID
	if id == "" {
		id = signal.NewID()
	}
	return signal.Notification{ID: id, Aggregate: signal.Rejection, Status: signal.Rejected, Time: time.Now(),
		Data: map[string]string{"connector_name": server, "signal_type": string(s.Type), "reason": reason.Error()}}
}
