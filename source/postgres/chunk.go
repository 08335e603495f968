package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tailrace-io/tailrace/source/internal/incremental"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
	"github.com/tailrace-io/tailrace/source/signal"
)

// readChunk reads rows of the current table into the window, or leaves the
// table. It is one transaction, before whose view the table is locked against
// being altered, so that the definition is that of the rows.
func (s *stream) readChunk(ctx context.Context, c *catalog) error {
	id := tableNamed(s.asked.Incremental.Current().ID)
	if !s.sel.table(id) {
		s.asked.Incremental.Skip(signal.TableNotThere)
		return nil
	}
	replayed, err := s.replayed(ctx, c)
	if err != nil {
		return err
	}
	_, err = c.query(ctx, "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL lock_timeout = '1s'; LOCK TABLE "+id.quoted()+" IN ACCESS SHARE MODE")
	if err == nil {
		err = s.chunkOf(ctx, c, id, replayed)
	}
	if !c.conn.IsClosed() {
		_, failed := c.query(ctx, "ROLLBACK")
		err = errors.Join(err, failed)
	}
	if code := codeOf(err); code == codeNoTable || code == codeNoSchema {
		s.asked.Incremental.Skip(signal.TableNotThere)
		return nil
	}
	return err
}

const (
	codeNoTable  = "42P01"
	codeNoSchema = "3F000"
)

// chunkOf reads the chunk within the transaction, before which a standby had
// followed its primary to the place.
func (s *stream) chunkOf(ctx context.Context, c *catalog, id tableID, replayed pgoutput.LSN) error {
	snap := &s.asked.Incremental
	view, err := s.viewBehind(ctx, c, replayed)
	if err != nil {
		return err
	}
	k, err := s.describe(ctx, c, id)
	if err != nil {
		return err
	}
	if k == nil {
		snap.Skip(signal.TableNotThere)
		return nil
	}
	t, d, u := k.table, k.definition, k.keys
	o := &order{columns: u.order, unique: true}
	current := snap.Current()
	if current.SurrogateKey != "" {
		if o = (&order{columns: []string{current.SurrogateKey}}); !slices.ContainsFunc(d.columns, func(c columnDefinition) bool { return c.name == current.SurrogateKey }) {
			return &badTable{fmt.Errorf("read %s: it has no column %s to cut chunks by", id, current.SurrogateKey)}
		}
	}
	if len(o.columns) == 0 {
		snap.Skip(signal.TableNoKey)
		return nil
	}
	next := window{name: s.window.name, opened: s.window.opened, proven: s.window.proven, tolerated: s.window.tolerated, again: s.window.again,
		table: t, identity: u.identity, seen: view}
	next.tellApart(u, d)
	next.columns = make([]string, 0, len(t.columns)+len(next.ids)+len(o.columns))
	for i := range t.columns {
		next.columns = append(next.columns, t.columns[i].name)
	}
	for _, name := range append(slices.Clone(next.ids), o.columns...) {
		if !slices.Contains(next.columns, name) {
			next.columns = append(next.columns, name)
		}
	}
	s.window = next
	base := scan{from: "ONLY " + id.quoted(), columns: next.columns}
	if s.src.PartitionRoot {
		base.from = id.quoted()
	}
	if current.Where != "" {
		base.where = []string{"(" + current.Where + "\n)"}
	}
	if !snap.Bounded() || !o.fits(snap.Max()) {
		max, err := greatest(ctx, c, base, o)
		if err != nil {
			return err
		}
		if max == nil {
			snap.Skip(signal.TableEmpty)
			return nil
		}
		snap.Bound(max)
	}
	return s.fill(ctx, c, base, o)
}

// tellApart chooses the columns that tell rows apart, so that the log's old rows
// have them: those of the replica identity, or with FULL those of a key. Without
// one it is all columns, of which several rows may have the same.
func (w *window) tellApart(u uniqueness, d *definition) {
	w.ids = u.identity.columns
	if u.identity.kind != 'f' {
		return
	}
	if w.ids = u.order; w.ids == nil {
		w.contents, w.added = true, map[string]int{}
		for i := range d.columns {
			w.ids = append(w.ids, d.columns[i].name)
		}
	}
}

// greatest is the greatest key of the rows; nil where there is no row. Where all
// are null it has no elements.
func greatest(ctx context.Context, c *catalog, base scan, o *order) (incremental.Key, error) {
	last := base
	last.columns, last.by, last.limit = o.columns, o.list(" DESC"), 1
	if !o.unique {
		last.where = append(slices.Clone(last.where), quoteName(o.columns[0])+" IS NOT NULL")
	}
	rows, err := c.query(ctx, last.sql())
	if err != nil {
		return nil, err
	}
	if len(rows) > 0 {
		return keyOf(rows[0]), nil
	}
	if o.unique {
		return nil, nil
	}
	last.where = append(slices.Clone(base.where), quoteName(o.columns[0])+" IS NULL")
	if rows, err = c.query(ctx, last.sql()); err != nil || len(rows) == 0 {
		return nil, err
	}
	return incremental.Key{}, nil
}

func keyOf(row cells) incremental.Key {
	k := make(incremental.Key, len(row))
	for i := range row {
		k[i] = string(row[i])
	}
	return k
}

// fill reads a chunk behind the last one.
func (s *stream) fill(ctx context.Context, c *catalog, base scan, o *order) error {
	snap := &s.asked.Incremental
	after := snap.After()
	if after != nil && len(after) == 0 {
		snap.Finish() // all keys were null, and all rows one chunk
		return nil
	}
	if !o.fits(after) {
		after = nil
	}
	base.where = slices.Clone(base.where)
	if after != nil {
		base.where = append(base.where, o.compare(">", after))
	}
	base.by = o.list("")
	switch max := snap.Max(); {
	case len(max) == 0:
		base.where = append(base.where, quoteName(o.columns[0])+" IS NULL")
	case o.unique:
		base.where, base.limit = append(base.where, o.compare("<=", max)), s.src.ChunkRows
	default:
		upTo, err := s.upTo(ctx, c, base, o)
		if err != nil {
			return err
		}
		if after == nil {
			upTo = "(" + upTo + " OR " + quoteName(o.columns[0]) + " IS NULL)"
		}
		base.where, base.by = append(base.where, upTo), o.list(" NULLS FIRST")
	}
	rows, err := c.query(ctx, base.sql())
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		snap.Finish()
		return nil
	}
	ids, at := make([]string, len(rows)), s.window.places(s.window.ids)
	for i, row := range rows {
		ids[i] = idOf(row, at)
	}
	last := incremental.Key{}
	for _, place := range s.window.places(o.columns) {
		if cell := rows[len(rows)-1][place]; cell != nil {
			last = append(last, string(cell))
		}
	}
	snap.Fill(rows, ids, last)
	return nil
}

// upTo is the condition of the rows of a chunk by an order in which rows share
// keys: with all that share the last one.
func (s *stream) upTo(ctx context.Context, c *catalog, base scan, o *order) (string, error) {
	upTo := o.compare("<=", s.asked.Incremental.Max())
	bound := base
	bound.columns, bound.limit, bound.offset = o.columns, 1, s.src.ChunkRows-1
	bound.where = append(slices.Clone(bound.where), upTo)
	rows, err := c.query(ctx, bound.sql())
	if err == nil && len(rows) > 0 {
		upTo = o.compare("<=", keyOf(rows[0]))
	}
	return upTo, err
}

// places are those of columns among the ones that were read.
func (w *window) places(names []string) []int {
	out := make([]int, len(names))
	for i, name := range names {
		out[i] = slices.Index(w.columns, name)
	}
	return out
}

// versionOf is the version of a table that has the definition: the one that the
// log goes by or the last chunk was read by, where that will do.
func (s *stream) versionOf(ctx context.Context, c *catalog, d *definition) (*table, error) {
	t, err := s.version(ctx, c, d)
	if err != nil {
		return nil, err
	}
	for _, known := range []*table{s.tables[d.id], s.window.table} {
		if known != nil && known.same(t) {
			return known, nil
		}
	}
	if s.tables[d.id] == nil {
		s.tables[d.id] = t
		s.meter.Relist()
	}
	return t, nil
}

// seen drops what the window has of rows that the log has changed, or brings it
// up to date where the log does not say all of them.
func (s *stream) seen(m *pgoutput.Message) {
	snap := &s.asked.Incremental
	if m.Kind == pgoutput.Truncate {
		for _, oid := range m.Tables {
			if t := s.relations[oid]; t != nil && snap.Concerns(t.fullName) {
				snap.Drop()
				clear(s.window.added)
			}
		}
		return
	}
	t := s.relations[m.Table]
	if t == nil || !snap.Concerns(t.fullName) {
		return
	}
	w := &s.window
	if t != w.table && t != w.tolerated && !t.same(w.table) {
		w.tolerated = t
		snap.Reread()
		return
	}
	if !s.identities[m.Table].equal(w.identity) {
		snap.Reread()
		return
	}
	before, after, ok := w.rowsOf(t, m)
	switch {
	case !ok:
		snap.Reread()
	case w.contents:
		s.seenContents(before, after)
	case m.Kind == pgoutput.Delete:
		snap.Seen(idOf(before, w.places(w.ids)))
	case m.Kind == pgoutput.Insert:
		snap.Seen(idOf(after, w.places(w.ids)))
	default:
		s.seenUpdate(t, m, before, after)
	}
}

// seenContents drops one row of the old one's content. A transaction that the
// chunk has seen has no more to say.
func (s *stream) seenContents(before, after cells) {
	w := &s.window
	if sees, sure := w.seen.sees(s.pos.XID, s.pos.Commit); !sure {
		s.asked.Incremental.Reread()
		return
	} else if sees {
		return
	}
	if before != nil {
		id := idOf(before, w.places(w.ids))
		if w.added[id] > 0 {
			w.added[id]--
		} else {
			s.asked.Incremental.SeenOne(id)
		}
	}
	if after != nil {
		w.added[idOf(after, w.places(w.ids))]++
	}
}

// seenUpdate drops the row, unless the new one lacks values that the log did not
// carry: then the chunk's row gets all others, for its record to have them all.
func (s *stream) seenUpdate(t *table, m *pgoutput.Message, before, after cells) {
	snap, at := &s.asked.Incremental, s.window.places(s.window.ids)
	now := idOf(after, at)
	old := now
	if before != nil {
		old = idOf(before, at)
	}
	row, there := snap.Row(old)
	if m.Replaced != 'O' && there && lacks(t, m.New) {
		renewed := slices.Clone(row)
		if s.window.renew(renewed, t, m.New) {
			snap.Renew(old, now, renewed)
			return
		}
		snap.Reread()
		return
	}
	snap.Seen(old)
	snap.Seen(now)
}

// lacks says whether a captured column of a row was not carried by the log.
func lacks(t *table, tuple pgoutput.Tuple) bool {
	for _, at := range t.all {
		if form, _ := tuple.Next(); form == pgoutput.Unchanged && at >= 0 {
			return true
		}
	}
	return false
}

// renew puts the columns of a row of the log into one of the chunk; ok is false
// where the chunk has others.
func (w *window) renew(row cells, t *table, tuple pgoutput.Tuple) (ok bool) {
	renewed := 0
	for i := range t.all {
		form, text := tuple.Next()
		at := slices.Index(w.columns, t.definition.columns[i].name)
		if at < 0 {
			continue
		}
		switch renewed++; form {
		case pgoutput.Text, pgoutput.Binary:
			if row[at], ok = t.textOf(i, form, text); !ok {
				return false
			}
		case pgoutput.Null:
			row[at] = nil
		}
	}
	return renewed == len(w.columns)
}

// rowsOf gives the old and the new row of a change, as the chunk has rows, as far
// as what tells rows apart goes: nil where the log has none. ok is false where it
// does not tell that.
func (w *window) rowsOf(t *table, m *pgoutput.Message) (before, after cells, ok bool) {
	if m.Replaced != 0 {
		if before, ok = w.row(t, m.Old, nil); !ok {
			return nil, nil, false
		}
	}
	if m.Kind == pgoutput.Delete {
		return before, nil, before != nil
	}
	after, ok = w.row(t, m.New, before)
	return before, after, ok
}

// row gives the cells of the columns that tell rows apart; those that the log did
// not carry are as before.
func (w *window) row(t *table, tuple pgoutput.Tuple, before cells) (row cells, ok bool) {
	if tuple.Len() != len(t.all) {
		return nil, false
	}
	row = make(cells, len(w.columns))
	found := 0
	for i := range t.all {
		form, text := tuple.Next()
		name := t.definition.columns[i].name
		if !slices.Contains(w.ids, name) {
			continue
		}
		at := slices.Index(w.columns, name)
		found++
		switch {
		case form == pgoutput.Text || form == pgoutput.Binary:
			if row[at], ok = t.textOf(i, form, text); !ok {
				return nil, false
			}
		case form == pgoutput.Unchanged && before != nil:
			row[at] = before[at]
		case form == pgoutput.Unchanged || !w.contents:
			return nil, false // a key is never null
		}
	}
	return row, found == len(w.ids)
}

// textOf is a copy of the value of the i-th column, as the server writes it; ok
// is false where that is not known of the binary form.
func (t *table) textOf(i int, form byte, value []byte) (text []byte, ok bool) {
	if form != pgoutput.Binary {
		return append([]byte{}, value...), true
	}
	write := t.types.binaryText(t.types.byOID[t.definition.columns[i].typ])
	if write == nil {
		return nil, false
	}
	text, err := write([]byte{}, value)
	return text, err == nil
}
