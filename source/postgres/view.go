package postgres

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// snapshotView says which transactions a statement has seen.
type snapshotView struct {
	oldest, next uint64   // all before oldest have ended; none from next on has been seen
	running      []uint64 // of those between

	// A standby does not say which are running. There a transaction is seen that
	// was committed before one place of the log, and not one behind another.
	standby  bool
	from, to pgoutput.LSN
}

// longestHead is how many bytes lie at most between the end of what was written
// to the log and the beginning of what is written next.
const longestHead = 40

// view asks what statements see now or, within a transaction, what its
// statements see.
func (c *catalog) view(ctx context.Context) (v snapshotView, err error) {
	text, _, err := c.value(ctx, "SELECT pg_current_snapshot()")
	if err != nil {
		return v, fmt.Errorf("ask which transactions have ended: %w", err)
	}
	return parseView(text)
}

// replayed says how far a standby has followed its primary, whose views say less;
// 0 on a server that is none, or no longer.
func (s *stream) replayed(ctx context.Context, c *catalog) (at pgoutput.LSN, err error) {
	if !s.standby {
		return 0, nil
	}
	text, there, err := c.value(ctx, "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END")
	if err != nil {
		return 0, fmt.Errorf("ask how far the standby has followed: %w", err)
	}
	if s.standby = there; !there {
		return 0, nil
	}
	return pgoutput.ParseLSN(text)
}

// viewBehind is the view of a transaction that was begun when the standby, if
// the server is one, had followed its primary to the place.
func (s *stream) viewBehind(ctx context.Context, c *catalog, from pgoutput.LSN) (v snapshotView, err error) {
	if v, err = c.view(ctx); err != nil || !s.standby {
		return v, err
	}
	v.standby, v.from = true, from
	if v.to, err = s.replayed(ctx, c); !s.standby {
		v.to = math.MaxUint64 - longestHead // it has been promoted meanwhile
	}
	return v, err
}

// parseView reads a snapshot such as 10:20:10,14,15.
func parseView(text string) (v snapshotView, err error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return v, fmt.Errorf("%q is no snapshot", text)
	}
	number := func(text string) (n uint64) {
		if err == nil {
			n, err = strconv.ParseUint(text, 10, 64)
		}
		return n
	}
	v.oldest, v.next = number(parts[0]), number(parts[1])
	if parts[2] != "" {
		for xid := range strings.SplitSeq(parts[2], ",") {
			v.running = append(v.running, number(xid))
		}
	}
	return v, err
}

// begun is the number behind those of all transactions that have written by now,
// which may be greater than those that the view tells of.
func (c *catalog) begun(ctx context.Context, v snapshotView) (uint64, error) {
	rows, err := c.query(ctx, "SELECT DISTINCT transactionid FROM pg_catalog.pg_locks WHERE locktype = 'transactionid'")
	if err != nil {
		return 0, fmt.Errorf("ask which transactions run: %w", err)
	}
	begun := v.next
	for _, row := range rows {
		xid, err := strconv.ParseUint(string(row[0]), 10, 32)
		if err != nil {
			return 0, fmt.Errorf("the server names a transaction %q", row[0])
		}
		begun = max(begun, v.full(uint32(xid))+1)
	}
	return begun, nil
}

// has says whether a transaction that has been committed is seen.
func (v snapshotView) has(xid uint32) bool {
	full := v.full(xid)
	return full < v.next && !slices.Contains(v.running, full)
}

// full is the number of a transaction of which the log has the lower half.
func (v snapshotView) full(xid uint32) uint64 {
	full := v.next&^0xffffffff | uint64(xid)
	switch {
	case full > v.next+1<<31 && full >= 1<<32:
		full -= 1 << 32
	case full+1<<31 < v.next:
		full += 1 << 32
	}
	return full
}

// sees says whether a transaction is seen that was committed at a place of the
// log; sure is false where that is not known.
func (v snapshotView) sees(xid uint32, commit pgoutput.LSN) (sees, sure bool) {
	switch {
	case !v.standby:
		return v.has(xid), true
	case commit < v.from:
		return true, true
	}
	// What is being replayed may be seen a moment before the server says so.
	return false, commit > v.to+longestHead
}
