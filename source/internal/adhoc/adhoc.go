// Package adhoc is what a source does that is asked, while it runs, to read rows
// of tables: it follows signals, whatever channel they come by, keeps what was
// asked for in the source's offsets, and tells how it goes. A driver adds how
// rows are read, and how a table comes to be captured.
package adhoc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace/source/internal/inbox"
	"github.com/tailrace-io/tailrace/source/internal/incremental"
	"github.com/tailrace-io/tailrace/source/signal"
)

// The types of the rows that mark the windows of an incremental snapshot in the
// table of signals.
const (
	WindowOpen  = "snapshot-window-open"
	WindowClose = "snapshot-window-close"
)

// Driver is what a source itself does.
type Driver interface {
	// Watermarks says why an incremental snapshot cannot be; nil where it can.
	Watermarks() error

	// Capture captures more tables, which expressions name, from now on. A
	// Refusal tells why that cannot be, and the source goes on.
	Capture(ctx context.Context, exprs []string) error

	// Known gives the names of the tables that are captured now.
	Known(ctx context.Context) ([]string, error)

	// Place says where the source is, as the attributes of a line of its log.
	Place() []any
}

// Refusal is why a signal cannot be followed.
type Refusal struct{ Err error }

func (r Refusal) Error() string { return r.Err.Error() }
func (r Refusal) Unwrap() error { return r.Err }

// Snapshots are those that were asked for and are not complete. R is a row that
// an incremental one has read. A value of it is for one goroutine, but for
// Commit.
type Snapshots[R any] struct {
	Incremental incremental.Snapshot[R]
	Blocking    []*Request // in their order
	Added       []string   // expressions of the tables that were added

	server string
	log    *slog.Logger
	notify func(signal.Notification)
	inbox  *inbox.Inbox // nil until the channels are open
}

// New makes one for a server of a logical name.
func New[R any](server string, log *slog.Logger, notify func(signal.Notification)) Snapshots[R] {
	return Snapshots[R]{Incremental: incremental.Snapshot[R]{Server: server, Notify: notify}, server: server, log: log, notify: notify}
}

// Request asks for a blocking snapshot.
type Request struct {
	ID         string            `json:"id"`
	Tables     []string          `json:"tables"`
	Conditions map[string]string `json:"conditions,omitempty"`
}

// Has says whether it is about a table.
func (q *Request) Has(table string) bool { return slices.Contains(q.Tables, table) }

// Condition is what chooses rows of a table, as Debezium has it for blocking
// snapshots: a whole statement, or else what stands behind WHERE. One of them is
// "".
func (q *Request) Condition(table string) (statement, where string) {
	condition := strings.TrimSpace(q.Conditions[table])
	if strings.EqualFold(condition[:min(6, len(condition))], "SELECT") {
		return condition, ""
	}
	return "", condition
}

// The members of an offset that are not Debezium's.
const (
	memberBlocking = "blocking_snapshots"
	memberAdded    = "added_tables"
)

// Append appends to a position, which is a JSON object, what is to be known
// after a restart beside it.
func (s *Snapshots[R]) Append(position []byte) []byte {
	s.Incremental.Changed = false
	out := s.Incremental.Append(position[:len(position)-1])
	if len(s.Blocking) > 0 {
		list, _ := json.Marshal(s.Blocking) // texts alone
		out = append(append(out, `,"`+memberBlocking+`":`...), list...)
	}
	if len(s.Added) > 0 {
		list, _ := json.Marshal(s.Added)
		out = append(append(out, `,"`+memberAdded+`":`...), list...)
	}
	return append(s.inbox.Append(out), '}')
}

// Restore takes over what Append has kept.
func (s *Snapshots[R]) Restore(position string) error {
	if err := s.Incremental.Restore(position); err != nil {
		return fmt.Errorf("the stored offset: %w", err)
	}
	if strings.Contains(position, memberBlocking) || strings.Contains(position, memberAdded) {
		var raw struct {
			Blocking []*Request `json:"blocking_snapshots"`
			Added    []string   `json:"added_tables"`
		}
		if err := json.Unmarshal([]byte(position), &raw); err != nil {
			return fmt.Errorf("the stored offset: %w", err)
		}
		s.Blocking = slices.DeleteFunc(raw.Blocking, func(q *Request) bool { return q == nil })
		s.Added = raw.Added
	}
	return nil
}

// Open opens the channels of signals behind a position.
func (s *Snapshots[R]) Open(ctx context.Context, channels []signal.Channel, position string) (err error) {
	s.inbox, err = inbox.Open(ctx, channels, position)
	return err
}

// Waiting is a context that ends when a signal comes by a channel. cancel has to
// be called.
func (s *Snapshots[R]) Waiting(ctx context.Context) (_ context.Context, cancel func()) {
	return s.inbox.Waiting(ctx)
}

// Commit tells the channels that a position is durable.
func (s *Snapshots[R]) Commit(ctx context.Context, position string) error {
	return s.inbox.Commit(ctx, position)
}

// Close ends the channels.
func (s *Snapshots[R]) Close() error { return s.inbox.Close() }

// Attend follows the signals that have come by channels; any says that there
// were some. The source's log is between two transactions.
func (s *Snapshots[R]) Attend(ctx context.Context, d Driver) (any bool, err error) {
	if !s.inbox.Any() {
		return false, nil
	}
	received, err := s.inbox.Take()
	if err != nil {
		return true, channelFailed{err}
	}
	for _, got := range received {
		if err := s.Follow(ctx, d, got); err != nil {
			return true, err
		}
	}
	return true, nil
}

// channelFailed is the error of a channel of signals, which another Open may
// mend.
type channelFailed struct{ err error }

func (e channelFailed) Error() string { return "receive signals: " + e.err.Error() }
func (e channelFailed) Unwrap() error { return e.err }
func (channelFailed) Retryable() bool { return true }

// Reject tells that a signal cannot be followed. The source goes on.
func (s *Snapshots[R]) Reject(got signal.Received, reason error) {
	s.log.Warn("a signal cannot be followed", "id", got.ID, "type", string(got.Type), "reason", reason.Error())
	s.notify(inbox.Rejected(s.server, got, reason))
}

// Follow does what a signal says.
func (s *Snapshots[R]) Follow(ctx context.Context, d Driver, got signal.Received) error {
	if got.Err != nil {
		s.Reject(got, got.Err)
		return nil
	}
	s.log.Info("signal", "id", got.ID, "type", string(got.Type))
	switch got.Type {
	case signal.ExecuteSnapshot, signal.AddTables:
		return s.execute(ctx, d, got)
	case signal.StopSnapshot:
		snapshot, err := got.Snapshot()
		if err != nil {
			s.Reject(got, err)
			return nil
		}
		if snapshot.Tables == nil {
			s.Incremental.Stop(nil)
			return nil
		}
		s.Incremental.Stop(snapshot.Expand(s.Incremental.Collections()))
	case signal.PauseSnapshot:
		s.Incremental.Pause()
	case signal.ResumeSnapshot:
		s.Incremental.Resume()
	case signal.Log:
		text, err := got.Message()
		if err != nil {
			s.Reject(got, err)
			return nil
		}
		s.log.Info("signal: "+text, append([]any{"id", got.ID}, d.Place()...)...)
	case signal.SchemaChanges:
		s.Reject(got, errors.New("definitions of tables are read from the server, and not given by hand"))
	case WindowOpen, WindowClose:
	default:
		s.Reject(got, fmt.Errorf("the type %q is not known", got.Type))
	}
	return nil
}

// execute begins a snapshot, or puts it behind those that are running.
func (s *Snapshots[R]) execute(ctx context.Context, d Driver, got signal.Received) error {
	snapshot, err := got.Snapshot()
	if err == nil && snapshot.Kind == signal.Incremental {
		err = d.Watermarks()
	}
	if err != nil {
		s.Reject(got, err)
		return nil
	}
	if got.Type == signal.AddTables {
		err := d.Capture(ctx, snapshot.Tables)
		var no Refusal
		if errors.As(err, &no) {
			s.Reject(got, err)
			return nil
		}
		if err != nil {
			return err
		}
		s.Added = append(s.Added, snapshot.Tables...)
		s.Incremental.Changed = true
	}
	known, err := d.Known(ctx)
	if err != nil {
		return err
	}
	names := snapshot.Expand(known)
	if snapshot.Kind == signal.Blocking {
		q := &Request{ID: got.ID, Tables: names, Conditions: map[string]string{}}
		for _, name := range names {
			if where := snapshot.Where(name); where != "" {
				q.Conditions[name] = where
			}
		}
		s.Blocking = append(s.Blocking, q)
		s.Incremental.Changed = true
		return nil
	}
	id := got.ID
	if id == "" {
		id = signal.NewID()
	}
	collections := make([]incremental.Collection, len(names))
	for i, name := range names {
		collections[i] = incremental.Collection{ID: name, Where: snapshot.Where(name), SurrogateKey: snapshot.SurrogateKey}
	}
	s.Incremental.Add(id, collections)
	return nil
}
