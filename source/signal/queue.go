package signal

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// Queue is a channel by which the application itself gives signals. Its zero
// value is ready; all its methods may be called at any time and by any
// goroutine, before the source runs too. A Queue is of one source.
//
// What was given and not yet taken over into the source's offsets is given
// again to the next Reader, and lost with the process.
type Queue struct {
	mu      sync.Mutex
	id      string // of this queue, so that positions of an earlier process mean nothing
	waiting []Signal
	taken   uint64 // the number of the first of waiting
	more    chan struct{}
}

var _ Channel = (*Queue)(nil)

// Send gives a signal. One without an ID is given a random one, which is what
// Send returns.
func (q *Queue) Send(s Signal) (id string) {
	if s.ID == "" {
		s.ID = rand.Text()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, s)
	close(q.changed())
	q.more = nil
	return s.ID
}

func (q *Queue) changed() chan struct{} {
	if q.more == nil {
		q.more = make(chan struct{})
	}
	return q.more
}

// Snapshot has rows of tables read while the source runs.
func (q *Queue) Snapshot(s Snapshot) (id string) { return q.Send(with(ExecuteSnapshot, s)) }

// Pause pauses the incremental snapshot, if there is one.
func (q *Queue) Pause() (id string) { return q.Send(Signal{Type: PauseSnapshot}) }

// Resume goes on with an incremental snapshot that was paused.
func (q *Queue) Resume() (id string) { return q.Send(Signal{Type: ResumeSnapshot}) }

// Stop takes tables out of the incremental snapshot; without any it ends it.
func (q *Queue) Stop(tables ...string) (id string) {
	return q.Send(with(StopSnapshot, Snapshot{Tables: tables}))
}

// AddTables captures tables that the configuration leaves out, from now on and
// over restarts, and has the rows that they have read by an incremental
// snapshot. The tables are regular expressions for names such as shop.orders.
func (q *Queue) AddTables(tables ...string) (id string) {
	return q.Send(with(AddTables, Snapshot{Tables: tables}))
}

func with(t Type, s Snapshot) Signal {
	data, _ := json.Marshal(s) // texts alone
	return Signal{Type: t, Data: data}
}

// Name is in-process, as Debezium calls it.
func (q *Queue) Name() string { return "in-process" }

// Open begins behind a position of this queue, or else with what waits.
func (q *Queue) Open(_ context.Context, position string) (Receiver, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.id == "" {
		q.id = rand.Text()
	}
	q.forget(position)
	return &fromQueue{q: q, next: q.taken}, nil
}

// forget drops what lies before the position.
func (q *Queue) forget(position string) {
	id, number, _ := strings.Cut(position, ":")
	n, err := strconv.ParseUint(number, 10, 64)
	if id != q.id || err != nil || n < q.taken || n > q.taken+uint64(len(q.waiting)) {
		return
	}
	q.waiting = q.waiting[n-q.taken:]
	q.taken = n
}

type fromQueue struct {
	q    *Queue
	next uint64
}

func (r *fromQueue) Receive(ctx context.Context) ([]Received, string, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, "", err
		}
		r.q.mu.Lock()
		var out []Received
		for _, s := range r.q.waiting[max(r.next, r.q.taken)-r.q.taken:] {
			out = append(out, Received{Signal: s})
		}
		r.next = r.q.taken + uint64(len(r.q.waiting))
		position, more := fmt.Sprintf("%s:%d", r.q.id, r.next), r.q.changed()
		r.q.mu.Unlock()
		if len(out) > 0 {
			return out, position, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
		}
	}
}

func (r *fromQueue) Commit(_ context.Context, position string) error {
	r.q.mu.Lock()
	defer r.q.mu.Unlock()
	r.q.forget(position)
	return nil
}

func (r *fromQueue) Close() error { return nil }
