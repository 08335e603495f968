package jdbc

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
)

// reader polls the tables one after the other. A query stays open while its
// rows are handed out, so that a long one is run once; it is bound to the
// reader's life and not to a Read's, so that a cancelled Read loses nothing.
type reader struct {
	Source
	db   *sql.DB
	life context.Context
	end  context.CancelFunc

	share    share     // of the tables
	stored   stored    // the positions of earlier readers
	first    position  // that of tables that were never read
	nextLook time.Time // for tables that have come or gone

	tables []*table
	turn   int       // of the tables, the one to ask, or that is being read
	next   time.Time // when the next round begins
	cursor *cursor   // nil between queries
	half   half      // what the next batch has so far
	stuck  error     // what comes behind the half batch
	dead   error     // what ended the reading

	watched  sync.Mutex
	watching []*deletes // of all tables, those that have gone included
}

// cursor is a query whose rows are being read.
type cursor struct {
	rows   *sql.Rows
	tx     *sql.Tx // nil where the isolation is the database's own
	cancel context.CancelFunc
	end    time.Time // rows have to be older
	cells  []cell
	dest   []any
	ahead  bool     // the cells have a row that is not taken yet
	at     position // behind that row
	long   bool     // there was a full batch: expect another
}

// half is a batch that is being filled.
type half struct {
	records []tailrace.Record
	slab    tailrace.Slab
	size    int // beyond the slab and the records themselves
}

// batchBytes ends a batch before it has its number of rows.
const batchBytes = 4 << 20

// Read gives the rows of the next table that has some.
func (r *reader) Read(ctx context.Context) (tailrace.Batch, error) {
	for {
		if r.dead != nil {
			return tailrace.Batch{}, r.dead
		}
		if err := ctx.Err(); err != nil {
			return tailrace.Batch{}, err
		}
		b, err := r.step(ctx)
		var bad *source.RecordError
		switch {
		case err == nil:
		case ctx.Err() != nil && errors.Is(err, ctx.Err()), errors.As(err, &bad):
			return tailrace.Batch{}, err
		default:
			r.dead = err
			continue
		}
		if len(b.Records) > 0 || len(b.Offsets) > 0 {
			return b, nil
		}
	}
}

// begins gives the positions that reading begins from where they come from the
// clock: without them a restart before the first row would begin later.
func (r *reader) begins() (b tailrace.Batch) {
	if !r.StartNow || !r.Mode.timestamp() {
		return b
	}
	for _, t := range r.tables {
		if t.told == (position{}) {
			b.Offsets = append(b.Offsets, tailrace.Offset{Partition: t.partition, Position: t.safe.text()})
			t.told = t.safe
		}
	}
	return b
}

// step asks the next table, or goes on with the one that is being read.
func (r *reader) step(ctx context.Context) (tailrace.Batch, error) {
	if err := r.stuck; err != nil {
		r.stuck = nil
		return tailrace.Batch{}, err
	}
	if r.cursor == nil && r.turn == 0 {
		if err := r.wait(ctx); err != nil {
			return tailrace.Batch{}, err
		}
		if err := r.review(ctx); err != nil {
			return tailrace.Batch{}, err
		}
		if len(r.tables) == 0 {
			r.next = time.Now().Add(r.PollInterval)
			return tailrace.Batch{}, nil
		}
	}
	t := r.tables[r.turn]
	if r.cursor == nil {
		if b := r.begins(); len(b.Offsets) > 0 {
			return b, nil
		}
		if b, err := r.deleted(ctx, t); err != nil || len(b.Records) > 0 {
			return b, err
		}
		if err := r.ask(ctx, t); err != nil || r.cursor == nil {
			return tailrace.Batch{}, err
		}
	}
	done, err := r.fill(ctx, t)
	if err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return tailrace.Batch{}, err // the half batch waits for the next Read
		}
		r.stuck = err
	}
	if done {
		t.safe = t.at
		if r.turn++; r.turn == len(r.tables) {
			r.turn, r.next = 0, time.Now().Add(r.PollInterval)
		}
		if err := r.closeCursor(); err != nil && r.stuck == nil {
			r.stuck = r.failed("end the query of table "+t.String(), err)
		}
	}
	return r.give(t)
}

// wait ends when the next round begins.
func (r *reader) wait(ctx context.Context) error {
	left := time.Until(r.next)
	if r.next.IsZero() || left <= 0 {
		return nil
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask looks at what the table is like now and opens a cursor on its new rows.
func (r *reader) ask(ctx context.Context, t *table) error {
	if r.Query == "" || r.Mode != Bulk {
		columns, err := r.columnsOf(ctx, t)
		if err != nil {
			return err
		}
		if len(columns) == 0 {
			return r.lost(t)
		}
		if err := r.describe(t, columns); err != nil {
			return err
		}
	}
	c := &cursor{}
	if r.Mode.timestamp() {
		now, err := r.Dialect.Now(ctx, r.db)
		if err != nil {
			return r.interrupted(ctx, "ask for the time", err)
		}
		c.end = now.Add(-r.Delay).Truncate(time.Millisecond)
	}
	if err := r.query(ctx, t, c); err != nil {
		c.cancel()
		return r.interrupted(ctx, "query table "+t.String(), err)
	}
	if t.plan == nil || r.Query != "" && r.Mode == Bulk {
		if err := r.describeAnswer(t, c.rows); err != nil {
			return errors.Join(err, c.close())
		}
	}
	width := len(t.plan.columns)
	if r.Query != "" && r.Mode == Bulk {
		width = len(t.columns) // those without a field are in the answer, too
	}
	if r.Mode.timestamp() {
		width++
	}
	c.cells, c.dest = make([]cell, width), make([]any, width)
	r.target(t, c)
	r.cursor = c
	return nil
}

// target says which cell each column of the answer goes to.
func (r *reader) target(t *table, c *cursor) {
	for i := range c.cells {
		c.dest[i] = &c.cells[i]
	}
	if r.Query == "" || r.Mode != Bulk {
		return
	}
	beyond := len(t.plan.columns)
	for i := range t.columns {
		at := slices.Index(t.plan.columns, &t.columns[i])
		if at < 0 {
			at, beyond = beyond, beyond+1
		}
		c.dest[i] = &c.cells[at]
	}
}

// query opens the cursor's rows.
func (r *reader) query(ctx context.Context, t *table, c *cursor) error {
	text, args := r.Query+r.suffix(), []any(nil)
	if t.plan != nil {
		text, args = t.plan.query.text, t.plan.query.args(t.at, c.end)
	}
	var life context.Context
	life, c.cancel = context.WithCancel(r.life)
	stop := context.AfterFunc(ctx, c.cancel) // until the first row is there, which may take long
	ask := r.db.QueryContext
	if r.Isolation != sql.LevelDefault {
		tx, err := r.db.BeginTx(life, &sql.TxOptions{Isolation: r.Isolation, ReadOnly: true})
		if err != nil {
			stop()
			return err
		}
		c.tx, ask = tx, tx.QueryContext
	}
	var err error
	if c.rows, err = ask(life, text, args...); err != nil {
		stop()
		if c.tx != nil {
			err = errors.Join(err, c.tx.Rollback())
		}
		return err
	}
	if !stop() {
		return errors.Join(ctx.Err(), c.close())
	}
	return nil
}

// lost is what becomes of a table that is not there any more.
func (r *reader) lost(t *table) error {
	if len(r.Tables) > 0 || r.TablePoll < 0 {
		return amiss(t.Table, "it is not there any more: start again without it, or once it is back")
	}
	r.Log.Warn("a table is read no longer, because it is not there any more", "table", t.String())
	r.tables = slices.Delete(r.tables, r.turn, r.turn+1)
	if r.turn == len(r.tables) {
		r.turn, r.next = 0, time.Now().Add(r.PollInterval)
	}
	return nil
}

// interrupted is what a failed question to the database comes to: what ctx
// says, where that was cancelled. A driver may meet the deadline of ctx an
// instant before ctx does.
func (r *reader) interrupted(ctx context.Context, doing string, err error) error {
	if d, ok := ctx.Deadline(); ok && time.Until(d) <= 0 {
		<-ctx.Done()
	}
	if cerr := ctx.Err(); cerr != nil {
		return cerr
	}
	return r.failed(doing, err)
}

// fill reads rows until the batch is full or the cursor ends, which done says.
func (r *reader) fill(ctx context.Context, t *table) (done bool, err error) {
	c, h := r.cursor, &r.half
	if h.records == nil {
		room := 16
		if c.long {
			room = r.BatchRows
		}
		h.records = make([]tailrace.Record, 0, min(room, r.BatchRows))
	}
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if !c.ahead {
			if done, err := r.look(t); done || err != nil {
				return done, err
			}
		}
		if len(h.records) >= r.BatchRows || h.size+h.slab.Size() >= batchBytes {
			c.long = true
			return false, nil
		}
		c.ahead = false
		if err := r.take(t); err != nil {
			return false, err
		}
	}
}

// look goes to the next row and finds its place in the order. That a batch ends
// only once the row behind it is known lets mode timestamp say whether the
// batch's last timestamp is done with.
func (r *reader) look(t *table) (done bool, err error) {
	c := r.cursor
	if !c.rows.Next() {
		if err := c.rows.Err(); err != nil {
			return false, r.failed("read table "+t.String(), err)
		}
		return true, nil
	}
	if err := c.rows.Scan(c.dest...); err != nil {
		return false, r.failed("read a row of table "+t.String(), err)
	}
	if c.at, err = t.plan.advance(t.at, c.cells); err != nil {
		return false, amiss(t.Table, "%w", err)
	}
	if r.Mode.timestamp() && unripe(c.at.timestamp.V, c.end, t.plan.query.moment.Tick) {
		return true, nil
	}
	if r.Mode == Timestamp && c.at.timestamp.V.After(t.at.moment()) {
		t.safe = t.at // no other row has the timestamp of the rows before
	}
	c.ahead = true
	return false, nil
}

// take puts the row that the cursor stands on into the batch.
func (r *reader) take(t *table) error {
	c, h := r.cursor, &r.half
	t.at = c.at
	if r.Mode != Timestamp {
		t.safe = t.at
	}
	value, size, err := t.plan.row(&h.slab, c.cells)
	if err != nil {
		if value, size, err = r.again(t, err); err != nil {
			return err
		}
	}
	key := t.plan.keyOf(&h.slab, value)
	if r.Envelope {
		value = r.wrap(&h.slab, t, value, r.op(), t.at.timestamp.V)
	}
	h.records = append(h.records, tailrace.Record{
		Topic: t.topic, KeySchema: t.plan.keySchema, Key: key, ValueSchema: t.plan.value, Value: value,
	})
	h.size += size
	return nil
}

// again reads a row that could not be read with its columns made wider, where
// that helps, or says what is wrong with it.
func (r *reader) again(t *table, err error) (value tailrace.Value, size int, _ error) {
	var bad *columnError
	for errors.As(err, &bad) && errors.Is(err, errTooWide) && r.widens(t, bad.column) {
		if err := r.widen(t, bad.column); err != nil {
			return value, 0, err
		}
		if value, size, err = t.plan.row(&r.half.slab, r.cursor.cells); err == nil {
			return value, size, nil
		}
	}
	if !errors.As(err, &bad) {
		return value, 0, err
	}
	column := t.plan.columns[bad.column]
	return value, 0, &source.RecordError{
		Record: tailrace.Record{Topic: t.topic},
		Err:    fmt.Errorf("jdbc source: table %s: the column %s, declared %s, %w", t, column.Name, column.Declared, bad),
	}
}

// widens says whether the column's integers can be made wider.
func (r *reader) widens(t *table, column int) bool {
	c := t.plan.columns[column]
	plain := c.plain(r.Numeric)
	return c.Decode == nil && plain >= tailrace.TypeInt8 && plain < tailrace.TypeInt64 && !t.wide[c.Name]
}

// unripe says of a row whether others may still come to stand before or beside
// it: its moment is not over yet by the time to which rows are read. Where a
// column's resolution is not known, what has no fraction of a second may come
// from one that counts seconds.
func unripe(moment, end time.Time, tick time.Duration) bool {
	if tick == 0 {
		if moment.Nanosecond() != 0 {
			return false
		}
		tick = time.Second
	}
	return tick > time.Millisecond && moment.Add(tick).After(end)
}

// give hands the batch over, with the position behind it where that is new.
func (r *reader) give(t *table) (tailrace.Batch, error) {
	h := r.half
	if err := t.remember(h.records); err != nil {
		return tailrace.Batch{}, err
	}
	r.half = half{}
	b := tailrace.Batch{Records: h.records}
	if len(b.Records) > 0 {
		b.Size = h.size + h.slab.Size() + cap(h.records)*int(unsafe.Sizeof(tailrace.Record{}))
		b.Time = t.at.timestamp.V
	}
	if r.Mode != Bulk && !t.safe.equal(t.told) {
		b.Offsets = []tailrace.Offset{{Partition: t.partition, Position: t.safe.text()}}
		t.told = t.safe
	}
	return b, nil
}

// Commit lets go of the keys of deletes. Otherwise it has nothing to do: the
// database forgets nothing on our account.
func (r *reader) Commit(_ context.Context, offsets []tailrace.Offset) error {
	return r.commitDeletes(offsets)
}

// Close ends the query that is open and, where the reader opened it, the
// database.
func (r *reader) Close() error {
	r.dead = errors.New("jdbc source: the reader is closed")
	r.end() // first, or closing the cursor would wait for rows that nobody wants
	var err error
	if r.cursor != nil {
		if err = r.closeCursor(); errors.Is(err, context.Canceled) {
			err = nil
		}
	}
	r.watched.Lock()
	for _, d := range r.watching {
		err = errors.Join(err, d.keys.close())
	}
	r.watching = nil
	r.watched.Unlock()
	if r.db != nil && r.Source.DB == nil {
		err = errors.Join(err, r.db.Close())
	}
	return err
}

func (r *reader) closeCursor() error {
	c := r.cursor
	if c == nil {
		return nil
	}
	r.cursor = nil
	return c.close()
}

func (c *cursor) close() error {
	err := c.rows.Close()
	if c.tx != nil {
		if terr := c.tx.Rollback(); !errors.Is(terr, sql.ErrTxDone) {
			err = errors.Join(err, terr)
		}
	}
	c.cancel()
	return err
}

// place names the database in messages, without what may be a password.
func (s Source) place() string {
	if s.DB != nil {
		return "the database of DB"
	}
	place, params, _ := strings.Cut(s.URL, "?")
	place, _, _ = strings.Cut(place, ";")
	if i := strings.LastIndexByte(place, '@'); i >= 0 {
		return place[i+1:]
	}
	if strings.Contains(params, "@") || strings.Contains(place, "password=") {
		return "the database of URL (connection.url)" // the ? may be part of a password
	}
	return place
}
