package mysql

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/internal/adhoc"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/signal"
)

// restrict reads those rows that a blocking snapshot's condition is for.
func restrict(q *adhoc.Request, p *planned) {
	switch statement, where := q.Condition(p.id.String()); {
	case statement != "":
		p.scan.from, p.scan.order = statement, nil
	case where != "":
		p.scan.where = []string{"(" + where + ")"}
	}
}

// restore takes over what offsets keep of snapshots that were asked for.
func (r *reader) restore(pos position) error {
	if err := r.asked.Restore(pos.text); err != nil {
		return err
	}
	return r.add(r.asked.Added)
}

// add captures more tables.
func (r *reader) add(exprs []string) error {
	added, err := envelope.Compile("added tables", exprs)
	if err != nil {
		return err
	}
	r.sel.added = append(r.sel.added, added...)
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

// attend follows the signals that have come by channels, and reads the next
// chunk of an incremental snapshot where one is due. The log is between two
// transactions.
func (s *stream) attend(ctx context.Context, w *writer) error {
	any, err := s.asked.Attend(ctx, s)
	if err != nil {
		return err
	}
	s.changed = s.changed || any
	if err := s.advance(ctx, w); err != nil {
		return err
	}
	s.changed = s.changed || s.asked.Incremental.Changed
	return nil
}

// Place is for the lines of the log that signals ask for.
func (s *stream) Place() []any { return []any{"file", s.pos.File, "pos", s.pos.Pos} }

// Capture captures more tables.
func (s *stream) Capture(_ context.Context, exprs []string) error {
	if err := s.add(exprs); err != nil {
		return adhoc.Refusal{Err: err}
	}
	s.maps.Reset() // what is known of tables that were not captured
	return nil
}

// Known are the names of the tables that are captured now.
func (s *stream) Known(ctx context.Context) ([]string, error) {
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

// ask uses the connection on which the server is asked about itself. After an
// error it may be of no use any more, and another try makes a new one.
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
		s.asked.Reject(signal.Received{}, fmt.Errorf("the table %s has not the columns id, type and data: it needs all three, captured and in this order", t.id))
		return nil
	}
	id, typ, data := row[0].Text(), row[1].Text(), row[2].Text()
	if typ == adhoc.WindowOpen || typ == adhoc.WindowClose {
		if (typ == adhoc.WindowClose) == !gone && s.window != "" && strings.HasPrefix(id, s.window) {
			return s.closeWindow(ctx, w)
		}
		return nil
	}
	if gone {
		return nil
	}
	got, err := signal.New(id, typ, data)
	return s.asked.Follow(ctx, s, signal.Received{Signal: got, Err: err})
}

// beginBlocking begins the first of the blocking snapshots that were asked for.
func (r *reader) beginBlocking(ctx context.Context) error {
	c, err := r.src.connect(ctx)
	if err != nil {
		return err
	}
	r.snapshot, err = r.beginSnapshot(ctx, c, nil, r.asked.Blocking[0])
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
