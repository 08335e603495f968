package mysql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/internal/inbox"
	"github.com/tailrace-io/tailrace/source/internal/incremental"
	"github.com/tailrace-io/tailrace/source/signal"
)

// request asks for a blocking snapshot. It is kept in offsets until that is
// complete.
type request struct {
	ID         string            `json:"id"`
	Tables     []string          `json:"tables"`
	Conditions map[string]string `json:"conditions,omitempty"`
}

func (q *request) has(id tableID) bool { return slices.Contains(q.Tables, id.String()) }

// restrict reads those rows that the request's condition is for: as Debezium
// has it for blocking snapshots, a whole statement, or else what stands behind
// WHERE.
func (q *request) restrict(p *planned) {
	condition := strings.TrimSpace(q.Conditions[p.id.String()])
	switch {
	case condition == "":
	case strings.EqualFold(condition[:min(6, len(condition))], "SELECT"):
		p.scan.from, p.scan.order = condition, nil
	default:
		p.scan.where = []string{"(" + condition + ")"}
	}
}

// The members of an offset that are of snapshots which were asked for, and not
// Debezium's.
const (
	memberBlocking = "blocking_snapshots"
	memberAdded    = "added_tables"
)

// members appends to a position, which is a JSON object, what is to be known
// after a restart beside it.
func (r *reader) members(position []byte) []byte {
	r.incremental.Changed = false
	out := r.incremental.Append(position[:len(position)-1])
	if len(r.blocking) > 0 {
		list, _ := json.Marshal(r.blocking) // texts alone
		out = append(append(out, `,"`+memberBlocking+`":`...), list...)
	}
	if len(r.added) > 0 {
		out = appendJSONList(append(out, `,"`+memberAdded+`":`...), r.added)
	}
	return append(r.inbox.Append(out), '}')
}

// restore takes over what members has kept.
func (r *reader) restore(pos position) error {
	if err := r.incremental.Restore(pos.text); err != nil {
		return fmt.Errorf("the stored offset: %w", err)
	}
	if strings.Contains(pos.text, memberBlocking) || strings.Contains(pos.text, memberAdded) {
		var raw struct {
			Blocking []*request `json:"blocking_snapshots"`
			Added    []string   `json:"added_tables"`
		}
		if err := json.Unmarshal([]byte(pos.text), &raw); err != nil {
			return fmt.Errorf("the stored offset: %w", err)
		}
		r.blocking = slices.DeleteFunc(raw.Blocking, func(q *request) bool { return q == nil })
		return r.add(raw.Added)
	}
	return nil
}

// add captures more tables.
func (r *reader) add(exprs []string) error {
	added, err := envelope.Compile("added tables", exprs)
	if err != nil {
		return err
	}
	r.added, r.sel.added = append(r.added, exprs...), append(r.sel.added, added...)
	return nil
}

// notify tells the application, and the topic.
func (r *reader) notify(n signal.Notification) {
	if r.src.Notify != nil {
		r.src.Notify(n)
	}
	if r.src.NotificationTopic != "" {
		r.w.begin()
		r.w.records = append(r.w.records, n.Record(r.src.NotificationTopic))
	}
}

// notifyInitial tells of the snapshot that reads all of its tables.
func (s *snapshot) notifyInitial(status signal.Status, data map[string]string) {
	data["connector_name"] = s.src.TopicPrefix
	s.notify(signal.Notification{ID: signal.NewID(), Aggregate: signal.InitialSnapshot, Status: status, Data: data, Time: time.Now()})
}

// reject tells that a signal cannot be followed. The source goes on.
func (s *stream) reject(got signal.Received, reason error) {
	s.src.Log.Warn("a signal cannot be followed", "id", got.ID, "type", string(got.Type), "reason", reason.Error())
	s.notify(inbox.Rejected(s.src.TopicPrefix, got, reason))
}

// attend follows the signals that have come by channels, and reads the next
// chunk of an incremental snapshot where one is due. The log is between two
// transactions.
func (s *stream) attend(ctx context.Context, w *writer) error {
	if s.inbox.Any() {
		received, err := s.inbox.Take()
		if err != nil {
			return &lost{"receive signals", err}
		}
		for _, got := range received {
			if err := s.follow(ctx, got); err != nil {
				return err
			}
		}
		s.changed = true
	}
	if err := s.advance(ctx, w); err != nil {
		return err
	}
	s.changed = s.changed || s.incremental.Changed
	return nil
}

// follow does what a signal says.
func (s *stream) follow(ctx context.Context, got signal.Received) error {
	if got.Err != nil {
		s.reject(got, got.Err)
		return nil
	}
	s.src.Log.Info("signal", "id", got.ID, "type", string(got.Type))
	switch got.Type {
	case signal.ExecuteSnapshot, signal.AddTables:
		return s.execute(ctx, got)
	case signal.StopSnapshot:
		snapshot, err := got.Snapshot()
		if err != nil {
			s.reject(got, err)
			return nil
		}
		if snapshot.Tables == nil {
			s.incremental.Stop(nil)
			return nil
		}
		s.incremental.Stop(snapshot.Expand(s.incremental.Collections()))
	case signal.PauseSnapshot:
		s.incremental.Pause()
	case signal.ResumeSnapshot:
		s.incremental.Resume()
	case signal.Log:
		text, err := got.Message()
		if err != nil {
			s.reject(got, err)
			return nil
		}
		s.src.Log.Info("signal: "+text, "id", got.ID, "file", s.pos.File, "pos", s.pos.Pos)
	case signal.SchemaChanges:
		s.reject(got, errors.New("definitions of tables are read from the server, and not given by hand"))
	case windowOpen, windowClose:
	default:
		s.reject(got, fmt.Errorf("the type %q is not known", got.Type))
	}
	return nil
}

// execute begins a snapshot, or puts it behind those that are running.
func (s *stream) execute(ctx context.Context, got signal.Received) error {
	snapshot, err := got.Snapshot()
	if err == nil && snapshot.Kind == signal.Incremental {
		err = s.watermarks()
	}
	if err == nil && got.Type == signal.AddTables {
		if err = s.add(snapshot.Tables); err == nil {
			s.maps.Reset() // what is known of tables that were not captured
			s.changed = true
		}
	}
	if err != nil {
		s.reject(got, err)
		return nil
	}
	known, err := s.known(ctx)
	if err != nil {
		return err
	}
	names := snapshot.Expand(known)
	s.changed = true
	if snapshot.Kind == signal.Blocking {
		q := &request{ID: got.ID, Tables: names, Conditions: map[string]string{}}
		for _, name := range names {
			if where := snapshot.Where(name); where != "" {
				q.Conditions[name] = where
			}
		}
		s.blocking = append(s.blocking, q)
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
	s.incremental.Add(id, collections)
	return nil
}

// known are the names of the tables that are captured now.
func (s *stream) known(ctx context.Context) ([]string, error) {
	var ids []tableID
	err := s.ask(ctx, func(c *conn) (err error) {
		ids, err = c.tables(ctx, s.sel)
		return err
	})
	var names []string
	for _, id := range ids {
		if id != s.sel.signals {
			names = append(names, id.String())
		}
	}
	return names, err
}

// ask uses the connection on which the server is asked about itself; after an
// error another one is made.
func (s *stream) ask(ctx context.Context, do func(*conn) error) (err error) {
	if s.catalog == nil {
		if s.catalog, err = s.src.connect(ctx); err != nil {
			return err
		}
	}
	if err = do(s.catalog); err != nil {
		s.catalog.Close()
		s.catalog = nil
	}
	return err
}

// signalled takes a row of the table of signals as a signal.
func (s *stream) signalled(ctx context.Context, w *writer, t *table, row []tailrace.Value, gone bool) error {
	if len(row) < 3 || t.row != nil {
		s.reject(signal.Received{}, fmt.Errorf("the table %s has not the columns id, type and data: it needs all three, captured and in this order", t.id))
		return nil
	}
	id, typ, data := row[0].Text(), row[1].Text(), row[2].Text()
	if typ == windowOpen || typ == windowClose {
		if (typ == windowClose) == !gone && s.window != "" && strings.HasPrefix(id, s.window) {
			return s.closeWindow(ctx, w)
		}
		return nil
	}
	if gone {
		return nil
	}
	got, err := signal.New(id, typ, data)
	return s.follow(ctx, signal.Received{Signal: got, Err: err})
}

// beginBlocking begins the first of the blocking snapshots that were asked for.
func (r *reader) beginBlocking(ctx context.Context) error {
	c, err := r.src.connect(ctx)
	if err != nil {
		return err
	}
	r.snapshot, err = r.beginSnapshot(ctx, c, nil, r.blocking[0])
	if err != nil {
		return errors.Join(err, c.Close())
	}
	// As Debezium has it, the rows are said to be of the last transaction.
	r.w.source[sourceGTID], r.w.source[sourceThread] = r.stream.previous[0], r.stream.previous[1]
	return nil
}

// checkSignals says what is wrong with how signals are to come.
func (r *reader) checkSignals() error {
	if r.src.ReadOnly && r.src.Flavor == MySQL && !r.server.gtids {
		return errors.New("ReadOnly needs GTIDs, which the server has off: set gtid_mode=ON there, or let SignalTable be written to")
	}
	return nil
}
