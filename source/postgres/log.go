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
	in      *pgoutput.Stream
	inParts bool // the server sends parts of transactions
	spool   *spool
	replay  *replay // of the transaction that is being given; nil for none
	begun   bool    // its beginning was given

	// What Next gives next, where that is known.
	ready  *pgoutput.Message
	failed error
}

// Buffered says whether Next has another message without waiting. The one that
// it gave last is then no longer good.
func (l *changeLog) Buffered() bool {
	if !l.inParts {
		return l.in.Buffered()
	}
	at, cancel := context.WithCancel(context.Background())
	cancel() // it does not wait
	for !l.has() && l.in.Buffered() {
		if l.ready, l.failed = l.pull(at); errors.Is(l.failed, context.Canceled) {
			l.failed = nil
			return false
		}
	}
	return l.has()
}

func (l *changeLog) has() bool { return l.replay != nil || l.ready != nil || l.failed != nil }

// Confirm says that everything before the place is durable.
func (l *changeLog) Confirm(lsn pgoutput.LSN) { l.in.Confirm(lsn) }

// Ping asks the server how far its log has been read, which a keepalive tells.
func (l *changeLog) Ping() { l.in.Ping() }

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
	for !l.has() {
		m, err := l.pull(ctx)
		if m != nil || err != nil {
			return m, err
		}
	}
	switch m := l.ready; {
	case l.failed != nil:
		return nil, l.failed
	case m != nil:
		l.ready = nil
		return m, nil
	case !l.begun:
		l.begun = true
		return l.replay.begin(), nil
	}
	m, done, err := l.replay.next()
	if done {
		l.replay, l.begun = nil, false
	}
	return m, err
}

// pull takes a message of the server. It gives it where it is to be given on.
func (l *changeLog) pull(ctx context.Context) (*pgoutput.Message, error) {
	m, err := l.in.Next(ctx)
	if err != nil {
		return nil, err
	}
	if whole, err := l.keep(m); err != nil || !whole {
		return nil, err
	}
	return m, nil
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
