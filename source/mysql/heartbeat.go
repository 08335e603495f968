package mysql

import (
	"context"
	"fmt"
	"time"

	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

// heartbeat adds the record of one, and runs the statement that goes with it.
func (s *stream) heartbeat(ctx context.Context, w *writer) error {
	if s.src.HeartbeatQuery != "" {
		err := s.ask(ctx, func(c *conn) error {
			if err := c.exec(ctx, s.src.HeartbeatQuery); err != nil {
				return fmt.Errorf("run HeartbeatQuery: %w", err)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	w.begin()
	topic := envelope.TopicName(s.src.HeartbeatPrefix + s.src.TopicDelimiter + s.src.TopicPrefix)
	w.records = append(w.records, envelope.Heartbeat(&w.slab, topic, s.src.TopicPrefix, w.millis))
	s.beat = time.Now().Add(s.src.Heartbeat)
	return nil
}

// next waits for the next event of the log. Where a heartbeat becomes due, a
// signal comes, or a chunk of a snapshot can be read, it gives no event.
func (s *stream) next(ctx context.Context) (*binlog.Event, error) {
	listening := len(s.src.Signals) > 0 && s.atRest()
	if !listening && s.src.Heartbeat == 0 || s.atHand() {
		return s.log.Next(ctx)
	}
	waiting, cancel := ctx, func() {}
	if listening {
		waiting, cancel = s.asked.Waiting(ctx)
	}
	defer cancel()
	if s.src.Heartbeat != 0 {
		var stop context.CancelFunc
		waiting, stop = context.WithDeadline(waiting, s.beat)
		defer stop()
	}
	if s.asked.Incremental.Due() {
		var stop context.CancelFunc
		waiting, stop = context.WithTimeout(waiting, retryMark)
		defer stop()
	}
	ev, err := s.log.Next(waiting)
	if err != nil && ctx.Err() == nil && waiting.Err() != nil {
		return nil, nil
	}
	return ev, err
}

// retryMark is how long to wait for a transaction that is in the log to be
// visible to statements.
const retryMark = time.Millisecond

// beatIsDue says whether it is time for a heartbeat.
func (s *stream) beatIsDue() bool {
	return s.src.Heartbeat != 0 && !time.Now().Before(s.beat)
}
