package mysql

import (
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

// tellBegin begins to count the changes of a transaction and adds the record of
// its beginning, if there is to be one and an earlier stream has not given it.
func (s *stream) tellBegin(w *writer, ev *binlog.Event) {
	if w.transactions == "" {
		return
	}
	id := fmt.Sprintf("file=%s,pos=%d", ev.File, s.pos.Pos)
	if gtid := w.source[sourceGTID]; !gtid.IsNull() {
		id = strings.Clone(gtid.Text()) // it outlives the batch
	}
	w.transaction.Begin(id)
	if s.resuming {
		w.transaction.Restore(s.skip.counts)
		return
	}
	w.begin()
	w.records = append(w.records, w.transaction.Began(&w.slab, w.transactions, s.eventMillis(ev)))
}

// tellEnd adds the record of a transaction's end.
func (s *stream) tellEnd(w *writer, ev *binlog.Event) {
	if !w.transaction.In() {
		return
	}
	w.begin()
	w.records = append(w.records, w.transaction.Ended(&w.slab, w.transactions, s.eventMillis(ev)))
	w.transaction.Begin("")
}

// eventMillis is when an event of the log happened.
func (s *stream) eventMillis(ev *binlog.Event) int64 {
	if s.commit != 0 {
		return floorDiv(s.commit, 1000)
	}
	return int64(ev.Time) * 1000
}
