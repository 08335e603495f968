package postgres

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// asked is a table whose rows are to be read.
type asked struct {
	id tableID

	// condition is what its rows have to meet, as behind WHERE, or a SELECT that
	// gives them. "" means what the configuration says: all, or an override.
	condition string
}

// beginSnapshot takes the view of the database that goes with the beginning of
// a slot: of the source's own where it is made now, or else of one that lasts as
// long as its connection. The source's own keeps the log from there on, because
// it was there before.
func (r *reader) beginSnapshot(ctx context.Context, sv *server, tables []tableID) (*snapshot, error) {
	keeper, err := r.replication(ctx)
	if err != nil {
		return nil, err
	}
	defer keeper.close()
	name, temporary := r.src.Slot, false
	if sv.slot != nil || r.src.Snapshot == SnapshotInitialOnly {
		var random [6]byte
		rand.Read(random[:])
		name, temporary = "tailrace_"+hex.EncodeToString(random[:]), true
	}
	at, exported, err := r.src.createSlot(ctx, keeper, sv.version, name, temporary, true)
	if err != nil {
		return nil, err
	}
	return r.openSnapshot(ctx, &snapshot{src: r.src, at: at}, exported, wholeOf(tables), nil)
}

// resumeSnapshot goes on with a snapshot that was not completed, from a view of
// now. The log goes on behind the first view: it brings everything up to date,
// whenever rows were read, and has the deletes of rows that were given before.
func (r *reader) resumeSnapshot(ctx context.Context, tables []tableID, from position) (*snapshot, error) {
	return r.openSnapshot(ctx, &snapshot{src: r.src, at: from.LSN}, "", wholeOf(tables), &from.place)
}

// adHocSnapshot reads tables while the reading of the log waits, from a view of
// now. The log goes on where it was.
func (r *reader) adHocSnapshot(ctx context.Context, tables []asked) (*snapshot, error) {
	c, err := r.ask(ctx)
	if err != nil {
		return nil, err
	}
	text, _, err := c.value(ctx, `SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END - '0/0'`)
	at, bad := strconv.ParseUint(text, 10, 64)
	if err := errors.Join(err, bad); err != nil {
		return nil, fmt.Errorf("ask where the log is: %w", err)
	}
	return r.openSnapshot(ctx, &snapshot{src: r.src, at: pgoutput.LSN(at), adHoc: true}, "", tables, nil)
}

// wholeOf are the tables with all their rows.
func wholeOf(tables []tableID) []asked {
	out := make([]asked, len(tables))
	for i, id := range tables {
		out[i].id = id
	}
	return out
}

// openSnapshot takes the view, which was exported or else is that of now, over
// every connection, and begins to read.
func (r *reader) openSnapshot(ctx context.Context, s *snapshot, exported string, tables []asked, from *place) (*snapshot, error) {
	s.notify = r.notifyInitial
	views, err := r.takeViews(ctx, exported)
	if err == nil {
		err = s.plan(ctx, r, views[0], tables, from)
	}
	for _, c := range views {
		conn, failed := pgoutput.Take(c.conn)
		if failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		s.conns = append(s.conns, conn)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	if chunks := (&cutter{tables: s.tables}); len(s.conns) > 1 {
		s.feed = newSideBySide(s.conns, chunks)
	} else {
		s.feed = &oneByOne{conn: s.conns[0], chunks: chunks}
	}
	r.src.Log.Info("snapshot begins", "tables", len(s.tables), "lsn", s.at.String(), "resumed", s.resumed.table)
	return s, nil
}

// takeViews makes the connections, whose transactions see the same.
func (r *reader) takeViews(ctx context.Context, exported string) (views []*catalog, err error) {
	defer func() {
		if err != nil {
			for _, c := range views {
				c.close()
			}
			views = nil
		}
	}()
	for range r.src.SnapshotThreads {
		// The rows of a table come in the order of its pages.
		conn, err := r.src.connect(ctx, map[string]string{"synchronize_seqscans": "off", "max_parallel_workers_per_gather": "0"})
		if err != nil {
			return views, err
		}
		c := &catalog{conn}
		views = append(views, c)
		if err := c.exec(ctx, "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
			return views, err
		}
		if exported != "" {
			err = c.exec(ctx, "SET TRANSACTION SNAPSHOT "+quoteText(exported))
		} else {
			exported, _, err = c.value(ctx, "SELECT pg_catalog.pg_export_snapshot()")
		}
		if err != nil {
			return views, fmt.Errorf("share a view of the tables: %w", err)
		}
	}
	return views, nil
}

// plan reads the definitions of the tables in the view, and finds out how to
// read their rows.
func (s *snapshot) plan(ctx context.Context, r *reader, c *catalog, tables []asked, from *place) error {
	rows, err := c.query(ctx, "SELECT (extract(epoch FROM now()) * 1000000)::bigint, pg_snapshot_xmax(pg_current_snapshot()), pg_snapshot_xmin(pg_current_snapshot())")
	if err != nil {
		return fmt.Errorf("ask the server's clock: %w", err)
	}
	micros, err1 := strconv.ParseInt(string(rows[0][0]), 10, 64)
	xid, err2 := strconv.ParseInt(string(rows[0][1]), 10, 64)
	xmin, err3 := strconv.ParseUint(string(rows[0][2]), 10, 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("the server's clock does not give a number: %w", err)
	}
	s.clock, s.began, s.xid = time.UnixMicro(micros), time.Now(), tailrace.Int64(xid)
	sizes, err := c.sizes(ctx, r.src, tables)
	if err != nil {
		return err
	}
	names := make([]string, len(tables))
	for i, a := range tables {
		names[i] = a.id.String()
	}
	s.listed = strings.Join(names, ",")
	for _, a := range tables {
		d, err := c.define(ctx, a.id)
		if err != nil {
			return err
		}
		if d == nil {
			continue // dropped since it was listed
		}
		t, err := r.learn(ctx, c, d)
		if err != nil {
			return err
		}
		if s.adHoc || r.sel.snapshotted(a.id) {
			s.tables = append(s.tables, r.src.planned(t, a.condition, sizes[a.id], xmin))
		}
	}
	s.sortBySize()
	given := []string{}
	if from != nil {
		given = s.resume(r.sel, *from, xmin)
	}
	if r.src.SnapshotOrder != "" || from != nil && from.done != "" {
		s.noteBefore(given)
	}
	s.progress = source.Progress{Tables: len(s.tables), RowsBefore: s.resumed.rows, RowsExpected: s.resumed.rows}
	for i := range s.tables {
		t := &s.tables[i]
		if t.done > 0 {
			t.expected -= int64(float64(t.expected) * float64(min(t.done, t.pages)) / float64(max(t.pages, 1)))
		}
		s.progress.RowsExpected += t.expected
	}
	return nil
}

// planned says how the rows of a table are read.
func (s *Source) planned(t *table, condition string, size size, xmin uint64) planned {
	p := planned{table: t, expected: size.rows, xmin: xmin}
	query, override := s.SnapshotQueries[t.id.String()]
	if head := strings.TrimSpace(condition); len(head) > 6 && strings.EqualFold(head[:6], "SELECT") {
		query, override, condition = condition, true, ""
	}
	p.where = condition
	switch {
	case override:
		p.from = "(" + strings.TrimRight(query, "; \n\t") + "\n) q"
	case s.PartitionRoot:
		p.from = t.id.quoted()
	default: // not the tables that inherit from it
		p.from, p.plain = "ONLY "+t.id.quoted(), true
	}
	if !override && size.heap {
		p.pages, p.file = size.pages, size.file
	}
	return p
}

// size is what the server says of a table's storage.
type size struct {
	heap  bool // it can be read by its pages
	pages uint32
	file  string
	rows  int64 // about; 0 for unknown
}

// sizes reads the sizes of tables. Ranges of pages are found by their numbers
// from PostgreSQL 14 on.
func (c *catalog) sizes(ctx context.Context, s *Source, tables []asked) (map[tableID]size, error) {
	out := make(map[tableID]size, len(tables))
	for len(tables) > 0 {
		n := min(len(tables), 500)
		ids := make([]tableID, n)
		for i, a := range tables[:n] {
			ids[i] = a.id
		}
		tables = tables[n:]
		rows, err := c.query(ctx, `SELECT n.nspname, c.relname,
				c.relkind = 'r' AND a.amname = 'heap' AND c.relfilenode <> 0 AND current_setting('server_version_num')::int >= 140000 AND NOT (c.relhassubclass AND `+strconv.FormatBool(s.PartitionRoot)+`),
				coalesce(pg_catalog.pg_relation_size(c.oid), 0) / current_setting('block_size')::bigint, c.relfilenode, c.reltuples / greatest(c.relpages, 1)
			FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
			WHERE (n.nspname, c.relname) IN (`+values(ids)+")")
		if err != nil {
			return nil, fmt.Errorf("read the sizes of the tables: %w", err)
		}
		for _, row := range rows {
			pages, err1 := strconv.ParseUint(string(row[3]), 10, 32)
			density, err2 := strconv.ParseFloat(string(row[5]), 64)
			if err := errors.Join(err1, err2); err != nil {
				return nil, fmt.Errorf("read the sizes of the tables: %w", err)
			}
			out[tableID{string(row[0]), string(row[1])}] = size{heap: string(row[2]) == "t", pages: uint32(pages), file: string(row[4]),
				rows: int64(max(density, 0) * float64(pages))}
		}
	}
	return out, nil
}
