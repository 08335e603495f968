package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// tellBegin begins to count the changes of a transaction and adds the record of
// its beginning, if there is to be one and an earlier stream has not given it.
func (s *stream) tellBegin(w *writer, m *pgoutput.Message) {
	if w.transactions == "" {
		return
	}
	if s.passing && !s.partly {
		w.transaction.Begin("")
		return
	}
	w.transaction.Begin(fmt.Sprintf("%d:%d", m.XID, uint64(m.LSN)))
	if !s.passing {
		w.begin()
		w.records = append(w.records, w.transaction.Began(&w.slab, w.transactions, m.Time/1000))
	}
}

// begun says that nothing of a transaction has been read but its beginning,
// which was told: no position lies between.
func (s *stream) begun(w *writer) bool {
	return w.transactions != "" && s.in && s.pos.Changes == 0
}

// tellEnd adds the record of a transaction's end.
func (s *stream) tellEnd(w *writer, m *pgoutput.Message) {
	if w.transactions == "" || !w.transaction.In() {
		return
	}
	w.begin()
	w.records = append(w.records, w.transaction.Ended(&w.slab, w.transactions, m.Time/1000))
	w.transaction.Begin("")
}

// recount counts again what an earlier stream has read of a transaction: it
// makes the records and lets them go.
func (s *stream) recount(w *writer, read func() error) error {
	n, bad, counted := len(w.records), len(s.bad), s.meter.Stream
	s.recounted = true
	err := read()
	s.meter.Stream = counted
	clear(w.records[n:])
	w.records, s.recounted = w.records[:n], false
	s.bad = s.bad[:bad] // it was told of then
	return err
}

// heartbeat adds the record of one, and runs the statement that goes with it.
func (s *stream) heartbeat(ctx context.Context, w *writer) error {
	if s.src.HeartbeatQuery != "" {
		c, err := s.ask(ctx)
		if err != nil {
			return err
		}
		if err := c.exec(ctx, s.src.HeartbeatQuery); err != nil {
			return fmt.Errorf("run HeartbeatQuery: %w", err)
		}
	}
	w.begin()
	topic := envelope.TopicName(s.src.HeartbeatPrefix + s.src.TopicDelimiter + s.src.TopicPrefix)
	w.records = append(w.records, envelope.Heartbeat(&w.slab, topic, s.src.TopicPrefix, w.millis))
	s.beat = time.Now().Add(s.src.Heartbeat)
	return nil
}

// beatIsDue says whether it is time for a heartbeat.
func (s *stream) beatIsDue() bool {
	return s.src.Heartbeat > 0 && !time.Now().Before(s.beat)
}
