package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// changeLog gives the messages of the log with whole transactions in the order
// of their commits, also where the server sends them in parts before their end.
type changeLog struct {
	in     *pgoutput.Stream
	spool  *spool
	replay *replay // of the transaction that is being given; nil for none
	begun  bool    // its beginning was given
}

// Buffered says whether Next has another message without waiting.
func (l *changeLog) Buffered() bool { return l.replay != nil || l.in.Buffered() }

// Confirm says that everything before the place is durable.
func (l *changeLog) Confirm(lsn pgoutput.LSN) { l.in.Confirm(lsn) }

// Close ends the connection, and forgets what is not committed.
func (l *changeLog) Close() error {
	var failed error
	if l.replay != nil {
		failed = l.replay.transaction.close()
	}
	return errors.Join(failed, l.spool.close(), l.in.Close())
}

// Next gives the next message, which is good until the next call. When ctx is
// cancelled another call goes on.
func (l *changeLog) Next(ctx context.Context) (*pgoutput.Message, error) {
	for l.replay == nil {
		m, err := l.in.Next(ctx)
		if err != nil {
			return nil, err
		}
		whole, err := l.keep(m)
		if err != nil {
			return nil, err
		}
		if whole {
			return m, nil
		}
	}
	if !l.begun {
		l.begun = true
		return l.replay.begin(), nil
	}
	m, done, err := l.replay.next()
	if done {
		l.replay, l.begun = nil, false
	}
	return m, err
}

// keep keeps what belongs to a transaction in progress. whole says that the
// message does not, and is to be given on.
func (l *changeLog) keep(m *pgoutput.Message) (whole bool, err error) {
	switch m.Kind {
	case pgoutput.StreamStart:
		l.spool.begin(m)
	case pgoutput.StreamStop:
		l.spool.current = nil
	case pgoutput.StreamAbort:
		return false, l.spool.giveUp(m)
	case pgoutput.StreamCommit:
		t := l.spool.take(m.XID)
		if t == nil {
			return false, fmt.Errorf("the server commits the transaction %d at %s, of which it has sent nothing", m.XID, m.LSN)
		}
		l.replay, err = newReplay(t, m)
	case pgoutput.BeginPrepare, pgoutput.Prepare, pgoutput.CommitPrepared, pgoutput.RollbackPrepared, pgoutput.StreamPrepare:
		// Without the option two_phase they come when they are committed.
		return false, fmt.Errorf("the server sends the prepared transaction %d at %s, which was not asked for", m.XID, m.LSN)
	case pgoutput.Keepalive:
		return true, nil
	default:
		if l.spool.current == nil {
			return true, nil
		}
		err = l.spool.add(m)
	}
	return false, err
}
