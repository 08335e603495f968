package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/internal/adhoc"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
	"github.com/tailrace-io/tailrace/source/signal"
)

// Watermarks is how the ends of an incremental snapshot's windows are marked in
// the table of signals, as Debezium's incremental.snapshot.watermarking.strategy
// spells it.
type Watermarks string

const (
	InsertInsert Watermarks = "insert_insert" // a row for each end, which somebody has to delete some day. The default
	InsertDelete Watermarks = "insert_delete" // a row that is inserted and deleted
)

// cells are the columns of a row that was read, as the server writes them; nil
// for null.
type cells = [][]byte

// window is the stretch of the log in which what the log has of the rows of a
// chunk is newer than the chunk.
type window struct {
	name, opened string       // by which the table of signals marks it, and when it was opened; "" where it does not
	high         pgoutput.LSN // where it ends, where the table of signals does not mark it
	closed       time.Time    // when that was asked

	// Of the chunk: its table, the columns that were read of it, how rows are
	// told apart, and which transactions it has. added are rows that the log has
	// added since, where contents tell them apart.
	table    *table
	columns  []string
	identity replica
	ids      []string // the columns that tell rows apart
	contents bool     // they do not tell rows apart that are alike
	seen     snapshotView
	added    map[string]int

	// tolerated is another version of the table, by which the log goes on though
	// a chunk has been read again because of it.
	tolerated *table

	// awaited is the transaction before which all have to end until a table that
	// was added can be read, whose changes may not be in the log; 0 for none.
	awaited   uint64
	awaitedBy string // the table

	again  time.Time // when to look again whether the next chunk can be read
	proven bool      // that the log has the table of signals
}

// writes says whether windows are marked in the table of signals.
func (s *stream) writes() bool { return s.src.SignalTable != "" && !s.src.ReadOnly }

// Watermarks says whether windows can be marked at all, which they always can.
func (s *stream) Watermarks() error { return nil }

// listens says whether anybody can ask for anything.
func (r *reader) listens() bool {
	return len(r.src.Signals) > 0 || r.src.SignalTable != "" || r.asked.Incremental.Running()
}

// How long to wait before another look at what has to come to pass: that a
// transaction of the log is visible to statements, that a table is let be read,
// that the log has come to the end of a window.
const (
	lookSoon  = 2 * time.Millisecond
	lookAgain = 100 * time.Millisecond
)

// advance closes the window whose high watermark the log has reached, and reads
// the next chunk where no window is open.
func (s *stream) advance(ctx context.Context, w *writer) error {
	if s.asked.Incremental.Open() && !s.writes() {
		if err := s.reach(ctx, w); err != nil {
			return err
		}
	}
	if !s.asked.Incremental.Due() || time.Now().Before(s.window.again) {
		return nil
	}
	return s.openWindow(ctx)
}

// reach closes the window where the log has come to its end. A log in which
// nothing happens is asked how far it has come.
func (s *stream) reach(ctx context.Context, w *writer) error {
	if s.pos.LSN < s.window.high {
		if time.Now().Before(s.window.again) {
			return nil
		}
		if time.Since(s.window.closed) > time.Second/2 {
			if err := s.settle(ctx); err != nil {
				return err
			}
		}
		s.window.again = time.Now().Add(min(lookAgain, lookSoon+time.Since(s.window.closed)))
		s.log.Ping()
	}
	if s.pos.LSN < s.window.high {
		return nil
	}
	s.give(w)
	return nil
}

// settle lowers the end of the window to what the server has written of its log
// by now: what is behind that is no commit that the chunk has seen, because those
// are written within three times wal_writer_delay, whatever synchronous_commit
// is.
func (s *stream) settle(ctx context.Context) error {
	c, err := s.ask(ctx)
	if err != nil {
		return err
	}
	delay, _, err := c.value(ctx, "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_writer_delay'")
	if err != nil {
		return fmt.Errorf("ask how far the log is written: %w", err)
	}
	millis, err := strconv.Atoi(delay)
	if err != nil || time.Since(s.window.closed) < 3*time.Duration(millis)*time.Millisecond {
		return err
	}
	at, err := c.lsn(ctx, "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END")
	s.window.high = min(s.window.high, at)
	return err
}

// lsn gives a place of the log.
func (c *catalog) lsn(ctx context.Context, expression string) (pgoutput.LSN, error) {
	text, _, err := c.value(ctx, "SELECT "+expression)
	if err != nil {
		return 0, fmt.Errorf("ask how far the log is written: %w", err)
	}
	return pgoutput.ParseLSN(text)
}

// openWindow reads the next chunk between two watermarks. What fails because of
// the table leaves it out; what fails because of the connection is an error, and
// the next reader goes on.
func (s *stream) openWindow(ctx context.Context) error {
	s.window.again = time.Now().Add(lookSoon)
	c, err := s.ask(ctx)
	if err != nil {
		return err
	}
	ready, err := s.visible(ctx, c)
	if err == nil && ready {
		err = s.openMark(ctx, c)
	}
	if refusedBy(err) {
		s.src.Log.Warn("an incremental snapshot is given up", "error", err.Error())
		s.asked.Incremental.Stop(nil)
		return nil
	}
	if err != nil || !ready {
		return err
	}
	for s.asked.Incremental.Due() {
		err := s.readChunk(ctx, c)
		switch {
		case err == nil:
		case codeOf(err) == codeLocked:
			s.window.again = time.Now().Add(lookAgain)
			return s.closeMark(ctx, c)
		case refusedBy(err):
			s.src.Log.Warn("an incremental snapshot leaves a table out", "table", s.asked.Incremental.Current().ID, "error", err.Error())
			s.asked.Incremental.Skip(signal.TableFailed)
		default:
			return err
		}
	}
	return s.closeMark(ctx, c)
}

// The server's codes of what another try may mend.
const codeLocked = "55P03"

// refusedBy says whether the server has refused a statement for what it says, or
// for what the user may not do, so that no other try helps.
func refusedBy(err error) bool {
	var bad *badTable
	switch code := codeOf(err); {
	case errors.As(err, &bad):
		return true
	case code == "":
		return false
	default:
		return slices.Contains([]string{"0A", "21", "22", "23", "25", "2F", "38", "39", "42", "44", "P0"}, code[:2])
	}
}

// badTable is the error of a table that cannot be read.
type badTable struct{ err error }

func (e *badTable) Error() string { return e.err.Error() }

// visible says whether everything that the log has given so far can be seen by
// statements: a transaction is in the log for a moment before it is. Where it is
// not another try has to follow.
func (s *stream) visible(ctx context.Context, c *catalog) (bool, error) {
	view, err := c.view(ctx)
	if err != nil {
		return false, err
	}
	s.recent = slices.DeleteFunc(s.recent, view.has)
	current := s.asked.Incremental.Current().ID
	if s.asked.Incremental.Bounded() || !s.sel.added.Match(current) {
		return len(s.recent) == 0, nil
	}
	// Transactions that had written to a table before it was published are not in
	// the log, and have to be in the chunks.
	if s.window.awaitedBy != current {
		begun, err := c.begun(ctx, view)
		if err != nil {
			return false, err
		}
		s.window.awaited, s.window.awaitedBy = begun, current
	}
	if view.oldest < s.window.awaited {
		s.window.again = time.Now().Add(lookAgain)
		return false, nil
	}
	return len(s.recent) == 0, nil
}

// ended keeps the transactions that the log has given, for visible. Of what has
// been given long ago no more than this many are still on their way.
func (s *stream) ended(xid uint32) {
	const most = 1 << 16
	if len(s.recent) == most {
		s.recent = append(s.recent[:0], s.recent[most/2:]...)
	}
	s.recent = append(s.recent, xid)
}

// openMark makes the low watermark.
func (s *stream) openMark(ctx context.Context, c *catalog) error {
	if !s.writes() {
		return nil
	}
	if err := s.prove(ctx, c); err != nil {
		return err
	}
	s.window.name = signal.NewID()
	s.window.opened = time.Now().UTC().Format(stampLayout)
	return s.writeSignal(ctx, c, s.window.name+"-open", adhoc.WindowOpen, `{"openWindowTimestamp": "`+s.window.opened+`"}`)
}

const stampLayout = "2006-01-02T15:04:05.000000000Z07:00"

// prove makes sure once that what is written to the table of signals comes by
// the log.
func (s *stream) prove(ctx context.Context, c *catalog) error {
	if s.window.proven {
		return nil
	}
	rows, err := c.query(ctx, `SELECT p.pubinsert, p.pubdelete, t.tablename IS NOT NULL FROM pg_catalog.pg_publication p
		LEFT JOIN pg_catalog.pg_publication_tables t ON t.pubname = p.pubname AND t.schemaname = `+quoteText(s.sel.signals.schema)+" AND t.tablename = "+quoteText(s.sel.signals.name)+
		" WHERE p.pubname = "+quoteText(s.src.Publication))
	if err != nil {
		return fmt.Errorf("look for the table of signals in the publication: %w", err)
	}
	is := func(i int) bool { return len(rows) > 0 && string(rows[0][i]) == "t" }
	switch {
	case !is(2):
		return &badTable{fmt.Errorf("the publication %s does not have the table of signals, so that the marks of windows would never come: ALTER PUBLICATION %s ADD TABLE %s, or set ReadOnly",
			s.src.Publication, quoteName(s.src.Publication), s.sel.signals.quoted())}
	case !is(0) || s.src.Watermarks == InsertDelete && !is(1):
		return &badTable{fmt.Errorf("the publication %s leaves out inserts or deletes, so that the marks of windows would never come: ALTER PUBLICATION %s SET (publish = 'insert, update, delete, truncate'), or set ReadOnly",
			s.src.Publication, quoteName(s.src.Publication))}
	}
	s.window.proven = true
	return nil
}

// closeMark makes the high watermark.
func (s *stream) closeMark(ctx context.Context, c *catalog) (err error) {
	now := time.Now()
	switch {
	case s.writes() && s.src.Watermarks == InsertDelete:
		return c.exec(ctx, "DELETE FROM "+s.sel.signals.quoted()+" WHERE id = "+quoteText(s.window.name+"-open"))
	case s.writes():
		return s.writeSignal(ctx, c, s.window.name+"-close", adhoc.WindowClose,
			`{"openWindowTimestamp": "`+s.window.opened+`", "closeWindowTimestamp": "`+now.UTC().Format(stampLayout)+`"}`)
	}
	s.window.closed, s.window.again = now, now
	page, _, err := c.value(ctx, "SELECT current_setting('wal_block_size')")
	if err == nil {
		s.window.high, err = c.lsn(ctx, "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END")
	}
	if err != nil {
		return err
	}
	if s.window.contents && s.window.seen.standby {
		s.window.high++ // the chunk may have seen what is replayed behind
		return nil
	}
	// What is written next at the beginning of a page lies behind its head, and
	// what was written last ends before it.
	size, err := strconv.ParseUint(page, 10, 32)
	if size > 0 && uint64(s.window.high)%size <= longestHead {
		s.window.high -= s.window.high % pgoutput.LSN(size)
	}
	return err
}

func (s *stream) writeSignal(ctx context.Context, c *catalog, id, typ, data string) error {
	_, err := c.query(ctx, "INSERT INTO "+s.sel.signals.quoted()+" VALUES ("+quoteText(id)+", "+quoteText(typ)+", "+quoteText(data)+")")
	if err != nil {
		return fmt.Errorf("mark a window in the table of signals: %w; CREATE TABLE %s (id VARCHAR(42) PRIMARY KEY, type VARCHAR(32) NOT NULL, data VARCHAR(2048) NULL), and GRANT INSERT, SELECT, DELETE ON it TO %s, or set ReadOnly",
			err, s.sel.signals.quoted(), quoteName(s.src.User))
	}
	return nil
}

// Known are the names of the tables that are captured now.
func (s *stream) Known(ctx context.Context) ([]string, error) {
	c, err := s.ask(ctx)
	if err != nil {
		return nil, err
	}
	ids, _, err := c.tables(ctx, s.src, s.sel)
	var names []string
	for _, id := range ids {
		if id != s.sel.signals {
			names = append(names, id.String())
		}
	}
	return names, err
}

// closeWindow gives what is left of the chunk.
func (s *stream) closeWindow(w *writer) error {
	if s.give(w); !s.held {
		s.window.name = ""
	}
	return nil
}

// give adds the records of the chunk's rows to the batch. They lie where the log
// is. Rows that cannot be read are told of before, and the chunk is held.
func (s *stream) give(w *writer) {
	t := s.window.table
	var rows [][]tailrace.Value
	s.asked.Incremental.Sift(func(row cells) bool {
		columns, err := t.decodeCells(&w.slab, row)
		if err != nil {
			s.bad = append(s.bad, &source.RecordError{Record: tailrace.Record{Topic: t.topic}, Err: fmt.Errorf("a row of a chunk: %w", err)})
			return false
		}
		rows = append(rows, columns)
		return true
	})
	if s.held = len(s.bad) > 0; s.held {
		return
	}
	if len(s.asked.Incremental.Close()) == 0 {
		return
	}
	was, newest, counting := w.source, w.newest, w.transaction
	w.transaction = envelope.TransactionCount{} // they are of none
	w.source[sourceSnapshot], w.source[sourceSchema], w.source[sourceTable] = markIncremental, t.namespace, t.name
	w.source[sourceXID], w.source[sourceOrigin], w.source[sourceOriginLSN] = tailrace.Value{}, tailrace.Value{}, tailrace.Value{}
	w.source[sourceLSN], w.source[sourceSequence] = tailrace.Value{}, noSequence
	w.begin()
	for _, columns := range rows {
		w.stamp(time.Now().UnixMicro())
		w.add(t, opRead, t.keyOf(&w.slab, columns), tailrace.Value{}, t.value(&w.slab, columns), w.block(), w.headers)
	}
	w.source, w.newest, w.transaction = was, newest, counting
}

// What the source block of rows has that incremental snapshots have read.
var (
	markIncremental = tailrace.String("incremental")
	noSequence      = tailrace.String("[null,null]")
)

// decodeCells makes values of the cells of the table's columns.
func (t *table) decodeCells(slab *tailrace.Slab, row cells) ([]tailrace.Value, error) {
	columns := slab.Values(len(t.columns))
	for i := range columns {
		if row[i] == nil {
			continue
		}
		v, err := t.columns[i].decode(slab, row[i])
		if err != nil {
			return nil, fmt.Errorf("table %s: column %s: %w", t.id, t.columns[i].name, err)
		}
		columns[i] = v
	}
	return columns, nil
}

// idOf tells a row from others by the cells of the columns that do.
func idOf(row cells, places []int) string {
	var out []byte
	for _, place := range places {
		if cell := row[place]; cell == nil {
			out = append(out, '-')
		} else {
			out = strconv.AppendInt(out, int64(len(cell)), 10)
			out = append(append(out, ':'), cell...)
		}
	}
	return string(out)
}
