package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/internal/adhoc"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
	"github.com/tailrace-io/tailrace/source/signal"
)

// restore takes over what offsets keep of snapshots that were asked for.
func (r *reader) restore(pos position) (err error) {
	if err := r.asked.Restore(pos.text); err != nil {
		return err
	}
	r.sel.added, err = envelope.Compile("added tables", r.asked.Added)
	return err
}

// notify tells the application, and the topic.
func (r *reader) notify(n signal.Notification) {
	if r.src.Notify != nil {
		r.src.Notify(n)
	}
	if r.src.NotificationTopic != "" {
		r.w.begin()
		r.w.records = append(r.w.records, n.Record(r.src.NotificationTopic))
	}
}

// attend follows the signals that have come by channels, and reads the next
// chunk of an incremental snapshot where one is due. The log is between two
// transactions.
func (s *stream) attend(ctx context.Context, w *writer) error {
	if !s.listens() {
		return nil
	}
	any, err := s.asked.Attend(ctx, s)
	if err == nil {
		err = s.advance(ctx, w)
	}
	s.changed = s.changed || any || s.asked.Incremental.Changed
	return err
}

// Place is for the lines of the log that signals ask for.
func (s *stream) Place() []any { return []any{"lsn", s.pos.LSN.String()} }

// Capture captures more tables: it puts them into the publication, where that is
// the source's own, and gives them the replica identities that are configured.
func (s *stream) Capture(ctx context.Context, exprs []string) error {
	added, err := envelope.Compile("data-collections", exprs)
	if err != nil {
		return adhoc.Refusal{Err: err}
	}
	c, err := s.ask(ctx)
	if err != nil {
		return err
	}
	was := s.sel.added
	s.sel.added = append(was[:len(was):len(was)], added...)
	if err := s.capture(ctx, c, added); err != nil {
		s.sel.added = was
		if refusedBy(err) {
			return adhoc.Refusal{Err: err}
		}
		return err
	}
	s.window.awaitedBy = ""
	for oid, m := range s.passedBy {
		if s.sel.table(tableID{string(m.Namespace), string(m.Name)}) {
			if err := s.relation(ctx, m); err != nil {
				return err
			}
			delete(s.passedBy, oid)
		}
	}
	return nil
}

func (s *stream) capture(ctx context.Context, c *catalog, added envelope.Exprs) error {
	_, logged, err := c.tables(ctx, s.src, s.sel)
	if err != nil {
		return err
	}
	var tables []tableID
	for _, id := range logged {
		if added.Match(id.String()) {
			tables = append(tables, id)
		}
	}
	if len(tables) == 0 {
		return nil
	}
	missing, err := s.src.unpublished(ctx, c, tables)
	if err != nil {
		return err
	}
	if missing != "" {
		statement := "ALTER PUBLICATION " + quoteName(s.src.Publication) + " ADD TABLE " + missing
		if s.src.Autocreate != PublicationFiltered {
			return &badTable{fmt.Errorf("the publication %s does not have them, and Autocreate is %s, so that it is changed by people alone: %s", s.src.Publication, s.src.Autocreate, statement)}
		}
		if err := c.exec(ctx, statement); err != nil {
			return err
		}
		s.src.Log.Info("tables were added to the publication", "publication", s.src.Publication, "tables", missing)
	}
	return s.src.identify(ctx, c, tables)
}

// passBy keeps what the log says of a table that is not captured, for the case
// that it is later: the log does not say it again.
func (s *stream) passBy(m *pgoutput.Message) {
	if !s.listens() {
		return
	}
	kept := &pgoutput.Message{Kind: pgoutput.Relation, Table: m.Table, Identity: m.Identity,
		Namespace: append([]byte(nil), m.Namespace...), Name: append([]byte(nil), m.Name...)}
	for _, c := range m.Columns {
		c.Name = append([]byte(nil), c.Name...)
		kept.Columns = append(kept.Columns, c)
	}
	s.passedBy[m.Table] = kept
}

// signalled takes a row of the table of signals as a signal.
func (s *stream) signalled(ctx context.Context, w *writer, t *table, row []tailrace.Value, gone bool) error {
	if len(row) < 3 || t.row != nil {
		s.asked.Reject(signal.Received{}, fmt.Errorf("the table %s has not the columns id, type and data: it needs all three, captured and in this order", t.id))
		return nil
	}
	id := strings.Clone(row[0].Text()) // what is asked for outlives the batch
	if gone {
		if s.src.Watermarks == InsertDelete && s.window.name != "" && id == s.window.name+"-open" {
			return s.closeWindow(w)
		}
		return nil
	}
	typ, data := strings.Clone(row[1].Text()), strings.Clone(row[2].Text())
	if typ == adhoc.WindowOpen || typ == adhoc.WindowClose {
		if s.src.Watermarks == InsertInsert && s.window.name != "" && id == s.window.name+"-close" {
			return s.closeWindow(w)
		}
		return nil
	}
	got, err := signal.New(id, typ, data)
	return s.asked.Follow(ctx, s, signal.Received{Signal: got, Err: err})
}

// notifyInitial tells of the snapshot that reads all of its tables.
func (r *reader) notifyInitial(status signal.Status, data map[string]string) {
	data["connector_name"] = r.src.TopicPrefix
	r.notify(signal.Notification{ID: signal.NewID(), Aggregate: signal.InitialSnapshot, Status: status, Data: data, Time: time.Now()})
}

// tableNamed reads a name such as public.orders.
func tableNamed(name string) tableID {
	schema, table, ok := strings.Cut(name, ".")
	if !ok {
		return tableID{name: name}
	}
	return tableID{schema, table}
}

// checkSignals says what is wrong with how signals are to come.
func (s *Source) checkSignals() error {
	if id := tableNamed(s.SignalTable); s.SignalTable != "" && (id.schema == "" || id.name == "") {
		return fmt.Errorf("SignalTable is %q: it must be of the form schema.table", s.SignalTable)
	}
	if s.ChunkRows < 0 {
		return errors.New("ChunkRows is negative")
	}
	return nil
}

// beginBlocking begins the first of the blocking snapshots that were asked for.
func (r *reader) beginBlocking(ctx context.Context) (err error) {
	q := r.asked.Blocking[0]
	var tables []asked
	for _, name := range q.Tables {
		if id := tableNamed(name); r.sel.table(id) {
			tables = append(tables, asked{id, q.Conditions[name]})
		}
	}
	r.snapshot, err = r.adHocSnapshot(ctx, tables)
	return err
}

// readBlocking reads rows of a blocking snapshot, which is begun again as a whole
// where it is not completed. One whose condition the server refuses is given up.
func (r *reader) readBlocking(ctx context.Context) (tailrace.Batch, error) {
	err := r.snapshot.read(ctx, r.w)
	var one *source.RecordError
	if err == nil {
		return r.batch(r.stream.offset()), nil
	}
	if errors.As(err, &one) {
		return tailrace.Batch{}, err
	}
	if q := r.asked.Blocking[0]; refusedBy(err) {
		r.asked.Reject(signal.Received{Signal: signal.Signal{ID: q.ID, Type: signal.ExecuteSnapshot}}, err)
		err = io.EOF
		r.w.source[sourceSnapshot], r.w.source[sourceXID] = markFalse, tailrace.Value{}
	}
	if err != io.EOF {
		return tailrace.Batch{}, err
	}
	r.asked.Blocking = r.asked.Blocking[1:]
	err = r.endSnapshot()
	return r.batch(r.stream.offset()), err
}
