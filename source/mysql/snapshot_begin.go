package mysql

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace/source/internal/adhoc"
)

// beginSnapshot takes a consistent view of the captured tables and the position
// of the log that goes with it. The connection is the snapshot's from then on.
// A snapshot that goes on from a place keeps the position of the first one: the
// log from there on brings everything up to date, whenever rows were read.
func (r *reader) beginSnapshot(ctx context.Context, c *conn, stored *position, req *adhoc.Request) (*snapshot, error) {
	s := &snapshot{reader: r, conns: []*conn{c}, request: req}
	err := s.open(ctx, stored)
	if err != nil {
		s.conns = s.conns[1:] // c is the caller's
		return nil, errors.Join(err, s.close())
	}
	r.src.Log.Info("snapshot begins", "tables", len(s.tables), "file", s.pos.File, "pos", s.pos.Pos, "gtids", s.pos.GTIDs, "resumed", s.resumed.table)
	return s, nil
}

func (s *snapshot) open(ctx context.Context, stored *position) error {
	c := s.conns[0]
	now, err := c.query(ctx, "SELECT UNIX_TIMESTAMP()")
	if err != nil {
		return err
	}
	if _, err := fmt.Sscan(now[0][0].V, &s.seconds); err != nil {
		return fmt.Errorf("the server's clock says %q", now[0][0].V)
	}
	s.clock, s.began = time.Unix(s.seconds, 0), time.Now()
	ids, err := c.tables(ctx, s.sel)
	if err != nil {
		return err
	}
	if s.request == nil {
		s.list(ids)
	}
	if err := s.server.checkCapture(ctx, c, s.src, ids); err != nil {
		return err
	}
	for len(s.conns) < s.src.SnapshotThreads {
		more, err := s.src.connect(ctx)
		if err != nil {
			return err
		}
		s.conns = append(s.conns, more)
	}
	if stored != nil {
		s.pos = *stored
		err = s.takeViews(ctx)
	} else {
		err = s.lockAndView(ctx, ids)
	}
	if err != nil {
		return err
	}
	var later *position // than that of the snapshot, at which definitions are read
	if stored != nil {
		now, err := s.server.tip(ctx, c)
		if err != nil {
			return err
		}
		later = &now
	}
	if err := s.plan(ctx, ids, later); err != nil {
		return err
	}
	if stored != nil {
		from, err := parsePlace(stored.text)
		if err != nil {
			return err
		}
		s.resume(from)
	}
	if s.src.SnapshotLocking != LockExtended && s.unlock != nil {
		unlock := s.unlock
		s.unlock = nil
		if err := unlock(); err != nil {
			return err
		}
	}
	if err := s.tell(ctx, later); err != nil {
		return err
	}
	if len(s.conns) > 1 {
		s.lanes = newLanes(s.conns, s.tables)
	}
	return nil
}

// tell gathers what is told of definitions. A snapshot that goes on has told
// it, and those that are asked for have nothing to tell.
func (s *snapshot) tell(ctx context.Context, later *position) (err error) {
	switch {
	case s.request != nil:
	case later != nil:
		_, err = s.surveyOthers(ctx, s.conns[0])
	default:
		err = s.describe(ctx, s.conns[0], s.pos, s.definitions, s.statements)
		s.definitions, s.statements = nil, nil
	}
	return err
}

// list keeps the names of the tables.
func (s *snapshot) list(ids []tableID) {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = id.String()
	}
	s.listed = strings.Join(names, ",")
}

// names are those of the tables whose rows are read.
func (s *snapshot) names() string {
	names := make([]string, len(s.tables))
	for i := range s.tables {
		names[i] = s.tables[i].id.String()
	}
	return strings.Join(names, ",")
}

// lockAndView begins the transactions and reads the position while nobody
// writes.
func (s *snapshot) lockAndView(ctx context.Context, ids []tableID) (err error) {
	if s.unlock, err = s.lock(ctx, ids); err != nil {
		return err
	}
	writing := s.src.SnapshotLocking == LockNone || s.src.SnapshotLocking == LockMinimalPercona
	if writing {
		// What the position has is committed, and so in the views that follow;
		// what is committed in between comes twice.
		if s.pos, err = s.server.tip(ctx, s.conns[0]); err != nil {
			return err
		}
	}
	if err := s.takeViews(ctx); err != nil {
		return err
	}
	if !writing {
		s.pos, err = s.server.tip(ctx, s.conns[0])
	}
	return err
}

func (s *snapshot) takeViews(ctx context.Context) error {
	for _, c := range s.conns {
		if err := c.takeView(ctx); err != nil {
			return err
		}
	}
	return nil
}

// takeView begins a transaction that sees what is committed now.
func (c *conn) takeView(ctx context.Context) error {
	if err := c.exec(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"); err != nil {
		return err
	}
	return c.exec(ctx, "START TRANSACTION WITH CONSISTENT SNAPSHOT")
}

// versionOf is the version of a table whose rows are read. That of a snapshot
// that begins is what the log goes on with.
func (s *snapshot) versionOf(d *definition, later *position) (*table, error) {
	if s.request != nil { // the log may not have got to this definition yet
		t, err := newTable(s.src, s.sel, s.sourceSchema, d)
		if known := s.reader.tables[d.id]; err == nil && known != nil && known.same(t) {
			return known, nil
		}
		return t, err
	}
	t, err := s.learn(d)
	if err != nil {
		return nil, err
	}
	if later != nil {
		s.ahead[d.id] = *later
	} else {
		s.history.begin(d)
	}
	return t, nil
}

// plan reads the definitions of the tables, and finds out how to read their
// rows.
func (s *snapshot) plan(ctx context.Context, ids []tableID, later *position) error {
	definitions, err := s.conns[0].define(ctx, s.server, ids)
	if err != nil {
		return err
	}
	if s.request == nil && later == nil {
		s.definitions = definitions
		if s.statements, err = s.reader.statements(ctx, s.conns[0], definitions); err != nil {
			return err
		}
	}
	sizes, err := s.conns[0].sizes(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		d := definitions[id]
		if d == nil {
			continue // dropped since it was listed
		}
		t, err := s.versionOf(d, later)
		if err != nil {
			return err
		}
		if s.request == nil && !s.sel.snapshotted(id) || s.request != nil && !s.request.Has(id.String()) {
			continue
		}
		p := planned{table: t, scan: scan{table: t}, expected: sizes[id].rows}
		if p.scan.from = s.src.override(id); p.scan.from == "" && sizes[id].clustered {
			p.scan.order = t.order()
		}
		if s.request != nil {
			restrict(s.request, &p)
		}
		s.tables = append(s.tables, p)
		s.progress.RowsExpected += p.expected // also of what an earlier reader has given
	}
	if s.src.SnapshotOrder != "" {
		slices.SortStableFunc(s.tables, func(a, b planned) int {
			if s.src.SnapshotOrder == OrderDescending {
				a, b = b, a
			}
			return cmp.Compare(a.expected, b.expected)
		})
	}
	if s.request != nil {
		s.listed = s.names()
	}
	return nil
}

// override is the statement that reads a table's rows instead of all of them;
// "" for none.
func (s *Source) override(id tableID) string { return s.SnapshotSelects[id.String()] }

// size is about how many rows a table has, and whether they lie in the order of
// its key.
type size struct {
	rows      int64
	clustered bool
}

// sizes reads what the server knows of the tables' sizes.
func (c *conn) sizes(ctx context.Context, ids []tableID) (map[tableID]size, error) {
	out := make(map[tableID]size, len(ids))
	for db := range databasesOf(ids) {
		rows, err := c.query(ctx, "SELECT TABLE_NAME, TABLE_ROWS, ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = "+quoteText(db))
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			n, _ := strconv.ParseInt(row[1].V, 10, 64) // unknown is 0
			out[tableID{db, row[0].V}] = size{n, strings.EqualFold(row[2].V, "InnoDB")}
		}
	}
	return out, nil
}

func databasesOf(ids []tableID) map[string]bool {
	out := map[string]bool{}
	for _, id := range ids {
		out[id.db] = true
	}
	return out
}

// delay waits as long as the configuration has a snapshot wait.
func (s *Source) delay(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
