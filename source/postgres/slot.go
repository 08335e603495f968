package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// slot is what the server says of the replication slot.
type slot struct {
	plugin    string
	database  string
	confirmed pgoutput.LSN
	lost      bool // the server has removed the log that it needs
	failover  bool // standbys keep a copy
	twoPhase  bool // it sends transactions when they are prepared
	holder    string
}

func (s *Source) readSlot(ctx context.Context, c *catalog, version int) (*slot, error) {
	failover, twoPhase := "false", "false"
	if version >= versionStreaming {
		twoPhase = "s.two_phase"
	}
	if version >= versionFailover {
		failover = "s.failover"
	}
	rows, err := c.query(ctx, `SELECT s.plugin, s.database, s.confirmed_flush_lsn, s.wal_status = 'lost', s.active_pid, a.usename, a.application_name, a.client_addr, `+failover+`, `+twoPhase+`
		FROM pg_catalog.pg_replication_slots s LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = s.active_pid WHERE s.slot_name = `+quoteText(s.Slot))
	if err != nil {
		return nil, fmt.Errorf("look for the slot %s: %w", s.Slot, err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	row := rows[0]
	out := &slot{plugin: string(row[0]), database: string(row[1]), lost: string(row[3]) == "t", failover: string(row[8]) == "t", twoPhase: string(row[9]) == "t"}
	if row[2] != nil {
		if out.confirmed, err = pgoutput.ParseLSN(string(row[2])); err != nil {
			return nil, err
		}
	}
	if row[4] != nil {
		out.holder = fmt.Sprintf("process %s of %s (%s) from %s", row[4], row[5], row[6], row[7])
	}
	return out, nil
}

// resume gives the place to go on from, of a stored one, where the server still
// has everything behind it.
func (sv *server) resume(s *Source, p position) (position, error) {
	sl := sv.slot
	switch {
	case sl == nil:
		return p, fmt.Errorf("%w: there is no slot %s any more, so that changes behind %s may be missed: begin anew with SnapshotWhenNeeded, or without the stored offset", source.ErrOffsetLost, s.Slot, p.LSN)
	case sl.lost:
		return p, fmt.Errorf("%w: the server has removed the log that the slot %s needs (see max_slot_wal_keep_size): "+
			"SELECT pg_drop_replication_slot(%s), and begin anew without the stored offset", source.ErrOffsetLost, s.Slot, quoteText(s.Slot))
	case s.Mismatch == MismatchTrustSlot && sl.confirmed != p.LSN, s.Mismatch == MismatchTrustGreater && sl.confirmed > p.LSN:
		s.Log.Warn("going on at the slot rather than at the stored offset", "slot", s.Slot, "lsn", sl.confirmed.String(), "stored", p.LSN.String())
		return position{LSN: sl.confirmed}, nil
	case sl.confirmed > p.LSN:
		return p, fmt.Errorf("%w: the slot %s is at %s, which is behind the stored offset %s: it was made anew or read by somebody else, and what lies between is missed. "+
			"Begin anew with SnapshotWhenNeeded, or without the stored offset; or set Mismatch to %s", source.ErrOffsetLost, s.Slot, sl.confirmed, p.LSN, MismatchTrustSlot)
	case sv.end < p.LSN:
		return p, fmt.Errorf("%w: the server's log ends at %s, before the stored offset %s: it is another server, or was restored or promoted without its newest changes. "+
			"Begin anew with SnapshotWhenNeeded, or without the stored offset; or set Mismatch to %s", source.ErrOffsetLost, sv.end, p.LSN, MismatchTrustSlot)
	}
	return p, nil
}

// createSlot makes a slot and gives the place where it begins. With export the
// snapshot of that place is kept for as long as nothing else is done on the
// connection.
func (s *Source) createSlot(ctx context.Context, c *catalog, version int, name string, temporary, export bool) (at pgoutput.LSN, snapshot string, err error) {
	sql := "CREATE_REPLICATION_SLOT " + quoteName(name)
	if temporary {
		sql += " TEMPORARY"
	}
	sql += " LOGICAL pgoutput"
	snapshots := map[bool]string{true: "EXPORT_SNAPSHOT", false: "NOEXPORT_SNAPSHOT"}[export]
	if version >= versionFailover {
		snapshots = map[bool]string{true: "(SNAPSHOT 'export'", false: "(SNAPSHOT 'nothing'"}[export] + fmt.Sprintf(", FAILOVER %t)", s.FailoverSlot && !temporary)
	}
	sql += " " + snapshots
	rows, err := c.query(ctx, sql)
	if err != nil {
		return 0, "", fmt.Errorf("make the replication slot %s, which waits for all transactions that are running to end: %w", name, err)
	}
	if len(rows) != 1 || len(rows[0]) < 3 {
		return 0, "", fmt.Errorf("the server gives no answer to %s", sql)
	}
	at, err = pgoutput.ParseLSN(string(rows[0][1]))
	return at, string(rows[0][2]), err
}

// The server's codes for a slot that cannot be read.
const (
	codeInUse       = "55006"
	codeNotThere    = "42704"
	codeLogIsGone   = "58P01"
	codeInvalidated = "55000"
)

func lostBy(err error) error {
	switch codeOf(err) {
	case codeNotThere, codeLogIsGone, codeInvalidated:
		return fmt.Errorf("%w: %w", source.ErrOffsetLost, err)
	}
	return err
}

func (r *reader) serverVersion(ctx context.Context) (int, error) {
	c, err := r.ask(ctx)
	if err != nil {
		return 0, err
	}
	text, _, err := c.value(ctx, "SHOW server_version_num")
	if err != nil {
		return 0, fmt.Errorf("ask the server's version: %w", err)
	}
	var n int
	_, err = fmt.Sscan(text, &n)
	return n, err
}

// untilFree does what needs the slot, and waits as long as another connection
// has it, which may be one of an earlier reader that is about to end.
func (r *reader) untilFree(ctx context.Context, do func() error) error {
	const pause = 100 * time.Millisecond
	until := time.Now().Add(r.src.SlotWait)
	for {
		err := do()
		if codeOf(err) != codeInUse {
			return err
		}
		if time.Now().After(until) {
			holder := "somebody"
			if c, err := r.ask(ctx); err == nil {
				if sl, err := r.src.readSlot(ctx, c, versionOldest); err == nil && sl != nil && sl.holder != "" {
					holder = sl.holder
				}
			}
			return fmt.Errorf("%w; after %s it is still in use by %s: stop that, or set Slot to another name", err, r.src.SlotWait, holder)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
