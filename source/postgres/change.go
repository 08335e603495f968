package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// change makes records of a change. When ctx ends it, the change has not been
// read.
func (s *stream) change(ctx context.Context, w *writer, m *pgoutput.Message) error {
	if m.Kind == pgoutput.Truncate {
		s.truncate(w, m)
		return nil
	}
	t := s.relations[m.Table]
	if t == nil {
		s.meter.Stream.Filtered++
		return nil
	}
	told := t.id == s.sel.signals && m.Kind != pgoutput.Update && !s.recounted
	leftOut := m.Kind == pgoutput.Insert && s.leftOut[tailrace.OpCreate] || m.Kind == pgoutput.Delete && s.leftOut[tailrace.OpDelete]
	if leftOut {
		s.meter.Stream.Skipped++
	}
	if leftOut && !told {
		return nil
	}
	w.begin()
	before, after, err := s.decode(w, t, m)
	if t.types.strange.fresh.Load() {
		if t, err = s.renew(ctx, m.Table, t); err != nil {
			s.pos.Changes-- // another call reads it
			return err
		}
		before, after, err = s.decode(w, t, m)
	}
	if err != nil {
		s.fail(w, &source.RecordError{Record: tailrace.Record{Topic: t.topic}, Err: fmt.Errorf("at %s: %w", m.Start, err)})
		return nil
	}
	if told {
		row, gone := after, m.Kind == pgoutput.Delete
		if gone {
			row = before
		}
		err := s.signalled(ctx, w, t, row, gone)
		if s.held {
			s.pos.Changes-- // another call reads it
		}
		if err != nil || s.held || leftOut {
			return err
		}
	}
	if s.reselects(t, m, before, after) {
		var one *source.RecordError
		switch err := s.anew.complete(ctx, &w.slab, t, m.New, after); {
		case errors.As(err, &one):
			s.fail(w, one)
			return nil
		case err != nil:
			s.pos.Changes-- // another call reads it
			return err
		}
	}
	s.place(w, t, m.Start)
	switch m.Kind {
	case pgoutput.Insert:
		s.meter.Stream.Created++
		w.add(t, opCreate, t.keyOf(&w.slab, after), tailrace.Value{}, t.value(&w.slab, after), w.block(), w.headers)
	case pgoutput.Update:
		s.updated(w, t, before, after, m.Replaced == 'O')
	case pgoutput.Delete:
		s.meter.Stream.Deleted++
		key := t.keyOf(&w.slab, before)
		w.add(t, opDelete, key, t.value(&w.slab, before), tailrace.Value{}, w.block(), w.headers)
		w.tombstone(t, key, w.headers)
	}
	return nil
}

// fail keeps the error of a change for who reads. The records before it are given
// first, with a position before it: a reader that begins there meets it again.
func (s *stream) fail(w *writer, err *source.RecordError) {
	if len(w.records) > 0 && !s.recounted {
		s.held = true
		s.pos.Changes-- // another call reads it
		return
	}
	s.bad = append(s.bad, err)
}

// reselects says whether columns of the new row may be read anew: not of one of
// which no record is made.
func (s *stream) reselects(t *table, m *pgoutput.Message, before, after []tailrace.Value) bool {
	switch {
	case s.anew == nil || s.recounted || m.Kind == pgoutput.Delete || t.id == s.sel.signals:
		return false
	case m.Kind == pgoutput.Insert:
		return true
	case before != nil && t.movedKey(before, after):
		return !s.leftOut[tailrace.OpCreate]
	case s.src.SkipUnchanged && m.Replaced == 'O' && slices.EqualFunc(before, after, tailrace.Value.Equal):
		return false
	}
	return !s.leftOut[tailrace.OpUpdate]
}

func (s *stream) decode(w *writer, t *table, m *pgoutput.Message) (before, after []tailrace.Value, err error) {
	if m.Replaced != 0 {
		if before, err = t.decode(&w.slab, m.Old); err != nil {
			return nil, nil, err
		}
		t.fill(before)
	}
	if m.Kind == pgoutput.Delete {
		return before, nil, nil
	}
	if after, err = t.decode(&w.slab, m.New); err != nil {
		return nil, nil, err
	}
	if m.Replaced == 'O' {
		for i := range after {
			if after[i].IsUnchanged() {
				after[i] = before[i] // the old row has all
			}
		}
	}
	return before, after, nil
}

// place sets where the change is.
func (s *stream) place(w *writer, t *table, lsn pgoutput.LSN) {
	w.source[sourceSchema], w.source[sourceTable] = t.namespace, t.name
	w.place(s.first, lsn)
	w.newest = max(w.newest, s.pos.Micros)
}

// updated makes one record or, where the row's key has changed, a delete of the
// old key and a create of the new one, each with the other key in a header.
// full says that the old row is there with all its columns.
func (s *stream) updated(w *writer, t *table, before, after []tailrace.Value, full bool) {
	if before == nil || !t.movedKey(before, after) {
		s.updatedRow(w, t, before, after, full)
		return
	}
	s.meter.Stream.Deleted, s.meter.Stream.Created = s.meter.Stream.Deleted+1, s.meter.Stream.Created+1
	old, now := t.keyOf(&w.slab, before), t.keyOf(&w.slab, after)
	headers := func(name string, key tailrace.Value) []tailrace.Header {
		return append([]tailrace.Header{{Key: name, Schema: t.keySchema, Value: key}}, w.headers...)
	}
	block := w.block()
	if !s.leftOut[tailrace.OpDelete] {
		left := headers("__debezium.newkey", now)
		w.add(t, opDelete, old, t.value(&w.slab, before), tailrace.Value{}, block, left)
		w.tombstone(t, old, left)
	}
	if !s.leftOut[tailrace.OpCreate] {
		w.add(t, opCreate, now, tailrace.Value{}, t.value(&w.slab, after), block, headers("__debezium.oldkey", old))
	}
}

// updatedRow makes the record of a row that has kept its key.
func (s *stream) updatedRow(w *writer, t *table, before, after []tailrace.Value, full bool) {
	if s.leftOut[tailrace.OpUpdate] {
		s.meter.Stream.Skipped++
		return
	}
	key, was, is := t.keyOf(&w.slab, after), tailrace.Value{}, t.value(&w.slab, after)
	if before != nil {
		was = t.value(&w.slab, before)
	}
	if s.src.SkipUnchanged && full && was.Equal(is) {
		s.meter.Stream.Unchanged++
		return
	}
	s.meter.Stream.Updated++
	w.add(t, opUpdate, key, was, is, w.block(), w.headers)
}

func (s *stream) truncate(w *writer, m *pgoutput.Message) {
	if s.leftOut[tailrace.OpTruncate] {
		s.meter.Stream.Skipped++
		return
	}
	for _, oid := range m.Tables {
		if t := s.relations[oid]; t != nil {
			w.begin()
			s.place(w, t, m.Start)
			s.meter.Stream.Truncated++
			w.add(t, opTruncate, tailrace.Value{}, tailrace.Value{}, tailrace.Value{}, w.block(), w.headers)
		}
	}
}

// logical makes a record of a message that was put into the log.
func (s *stream) logical(w *writer, m *pgoutput.Message) {
	if m.Transactional() && !s.count(m.Start) {
		if s.partly && w.transactions != "" && s.sel.messages.Includes(string(m.Prefix)) {
			s.w.transaction.Next(&w.slab, inMessages)
		}
		return
	}
	if !m.Transactional() {
		if m.LSN < s.pos.LSN {
			return
		}
		if !s.in { // all that was committed before it has been read
			s.pos.LSN, s.changed = m.LSN+1, true
		}
	}
	if !s.sel.messages.Includes(string(m.Prefix)) {
		return
	}
	w.begin()
	first, xid := s.first, w.source[sourceXID]
	if !m.Transactional() {
		first, w.source[sourceXID] = m.Start, tailrace.Value{}
	}
	w.source[sourceSchema], w.source[sourceTable] = tailrace.String(""), tailrace.String("")
	if w.source[sourceMillis].IsNull() {
		w.stamp(time.Now().UnixMicro()) // no transaction has told the time
	}
	w.place(first, m.Start)
	w.message(s.messages, m.Transactional(), m.Prefix, m.Content)
	w.source[sourceXID] = xid
}
