// Package incremental is the incremental snapshot that the sources share: the
// rows of tables are read chunk by chunk while the log is read, as Netflix's
// DBLog describes it and Debezium does it. What a driver adds is how a chunk is
// read, and how the log tells that it has come to a watermark.
//
// A chunk is read between two watermarks of the log. While the log is read from
// the low one to the high one, rows of the chunk whose keys are seen in it are
// dropped: what the log has of them is newer. What is left at the high watermark
// is given in the log's place there, so that a row never goes back in time.
package incremental

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/signal"
)

// Key is the place of a row in the order of its table: the values of the
// columns of the key, as the server writes them.
type Key []string

// Collection is a table whose rows are to be read.
type Collection struct {
	ID           string // such as shop.orders
	Where        string // SQL that chooses rows; "" for all
	SurrogateKey string // the column whose values cut chunks; "" for the key
	Signal       string // the ID of the signal that asked for it
}

// Snapshot is the state of an incremental snapshot over rows of type R. Its
// zero value with a Server is one that is not running. It is for one goroutine.
//
// A driver asks Due when the log is between transactions. If so, it takes the
// low watermark and goes through the tables: it finds out the greatest key of
// the Current one where Bounded says that it is not known (Bound), or that it
// cannot be read (Skip), and reads a chunk behind After up to Max. A chunk
// without rows is the end of the table (Finish), after which the next one is
// looked at within the same window. A chunk with rows is filled in (Fill) and
// the high watermark taken. From then on the driver tells each key that the log
// changes (Seen), and at the high watermark takes the rows (Close). Where
// nothing has been filled in, the watermarks mean nothing.
type Snapshot[R any] struct {
	// Server is the logical name of the server, for notifications.
	Server string

	// Notify gets what there is to tell; it may be nil.
	Notify func(signal.Notification)

	// Changed is set whenever the state that is to be stored has changed; who
	// stores it takes it back.
	Changed bool

	queue  []Collection
	signal string // the ID of the last signal that added to the queue
	paused bool

	// Of the first collection of the queue:
	sent    Key // of the last row that was given; nil before the first
	max     Key // the greatest; nil while it is not known
	scanned int64

	open    bool // a chunk waits for its high watermark
	spoiled bool // and is to be read again behind it
	last    Key  // of the chunk
	rows    []R
	gone    []bool         // those of rows that were seen
	same    []int          // of each row the one before it that has the same id; -1 for none
	at      map[string]int // the last row that has an id and was not seen
}

// Running says whether there is anything left to read.
func (s *Snapshot[R]) Running() bool { return len(s.queue) > 0 }

// Open says whether a chunk waits for its high watermark.
func (s *Snapshot[R]) Open() bool { return s.open }

// IsPaused says whether the snapshot is paused.
func (s *Snapshot[R]) IsPaused() bool { return s.paused }

// Due says whether a chunk is to be read.
func (s *Snapshot[R]) Due() bool { return s.Running() && !s.paused && !s.open }

// Add puts collections at the end of the queue.
func (s *Snapshot[R]) Add(id string, collections []Collection) {
	if len(collections) == 0 {
		return
	}
	running := s.Running()
	for _, c := range collections {
		c.Signal = id
		s.queue = append(s.queue, c)
	}
	s.signal, s.Changed = id, true
	if !running {
		s.tell(signal.Started, s.collections())
	}
}

// Stop takes collections off the queue; nil takes all. What has been read of
// the current one and not been given is dropped.
func (s *Snapshot[R]) Stop(ids []string) {
	if !s.Running() {
		return
	}
	var stopped []string
	current := s.queue[0]
	s.queue = slices.DeleteFunc(s.queue, func(c Collection) bool {
		if ids != nil && !slices.Contains(ids, c.ID) {
			return false
		}
		stopped = append(stopped, c.ID)
		return true
	})
	if stopped == nil {
		return
	}
	s.Changed = true
	if len(s.queue) == 0 || s.queue[0] != current {
		s.leave()
	}
	s.tell(signal.Aborted, map[string]string{"data_collections": strings.Join(stopped, ",")})
	s.rest()
}

// Pause has no more chunks read after the one that is open.
func (s *Snapshot[R]) Pause() {
	if s.Running() && !s.paused {
		s.paused, s.Changed = true, true
		s.tell(signal.Paused, s.collections())
	}
}

// Resume goes on after Pause.
func (s *Snapshot[R]) Resume() {
	if s.Running() && s.paused {
		s.paused, s.Changed = false, true
		s.tell(signal.Resumed, s.collections())
	}
}

// Metrics are the numbers of what is running.
func (s *Snapshot[R]) Metrics() source.IncrementalMetrics {
	if !s.Running() {
		return source.IncrementalMetrics{}
	}
	return source.IncrementalMetrics{Tables: s.Collections(), Paused: s.paused, Rows: s.scanned,
		From: strings.Join(s.sent, ","), To: strings.Join(s.last, ","), TableTo: strings.Join(s.max, ",")}
}

// Current is the collection that is being read.
func (s *Snapshot[R]) Current() Collection { return s.queue[0] }

// Collections are the names of those that are left to read.
func (s *Snapshot[R]) Collections() []string {
	ids := make([]string, len(s.queue))
	for i, c := range s.queue {
		ids[i] = c.ID
	}
	return ids
}

// Bounded says whether Max is known.
func (s *Snapshot[R]) Bounded() bool { return s.max != nil }

// Bound tells the greatest key of the current collection.
func (s *Snapshot[R]) Bound(max Key) { s.max, s.Changed = max, true }

// After is the key behind which the next chunk begins; nil for the beginning.
func (s *Snapshot[R]) After() Key { return s.sent }

// Max is the greatest key up to which the current collection is read.
func (s *Snapshot[R]) Max() Key { return s.max }

// Skip leaves the current collection, which cannot be read, or has no rows.
func (s *Snapshot[R]) Skip(status signal.TableStatus) { s.complete(status) }

// Finish leaves the current collection, of which all rows have been read.
func (s *Snapshot[R]) Finish() { s.complete(signal.TableRead) }

// Fill opens the window with the rows of a chunk, of which there is at least
// one. ids are what tells them apart in Seen; last is the key of the last row.
// The slices are the Snapshot's from then on.
func (s *Snapshot[R]) Fill(rows []R, ids []string, last Key) {
	s.open, s.rows, s.last = true, rows, last
	s.gone, s.same, s.at = make([]bool, len(ids)), make([]int, len(ids)), make(map[string]int, len(ids))
	for i, id := range ids {
		s.same[i] = -1
		if before, there := s.at[id]; there {
			s.same[i] = before
		}
		s.at[id] = i
	}
	s.scanned += int64(len(rows))
	data := s.collections()
	data["current_collection_in_progress"] = s.queue[0].ID
	data["maximum_key"] = strings.Join(s.max, ",")
	data["last_processed_key"] = strings.Join(last, ",")
	s.tell(signal.InProgress, data)
}

// Concerns says whether changes of a collection have to be told to Seen.
func (s *Snapshot[R]) Concerns(collection string) bool {
	return s.open && !s.spoiled && s.queue[0].ID == collection
}

// Seen drops the row that the log has something newer of, and all others that
// have the same id.
func (s *Snapshot[R]) Seen(id string) {
	for s.SeenOne(id) {
	}
}

// SeenOne drops one row that has the id, and says whether there was one: ids may
// tell contents of rows rather than rows.
func (s *Snapshot[R]) SeenOne(id string) bool {
	i, there := s.at[id]
	if !there {
		return false
	}
	s.gone[i] = true
	if s.at[id] = s.same[i]; s.same[i] < 0 {
		delete(s.at, id)
	}
	return true
}

// Row is the row of the chunk that has the id; ok is false where there is none,
// or it was seen.
func (s *Snapshot[R]) Row(id string) (row R, ok bool) {
	i, ok := s.at[id]
	if ok {
		row = s.rows[i]
	}
	return row, ok
}

// Alone says whether at most one row of the chunk has the id and was not seen.
func (s *Snapshot[R]) Alone(id string) bool {
	i, there := s.at[id]
	return !there || s.same[i] < 0
}

// Renew puts what the log has of a row in its place, where that does not say all
// that the chunk knows of it. id is the one that the row has had, and now the
// one that it has.
func (s *Snapshot[R]) Renew(id, now string, row R) {
	i, there := s.at[id]
	if !there {
		return
	}
	s.rows[i] = row
	if now != id {
		delete(s.at, id)
		s.Seen(now)
		s.at[now], s.same[i] = i, -1
	}
}

// Drop drops all rows of the chunk, as after a TRUNCATE.
func (s *Snapshot[R]) Drop() {
	for i := range s.gone {
		s.gone[i] = true
	}
	clear(s.at)
}

// Sift drops the rows of which keep says no. It is asked of those that Close
// would give, in their order.
func (s *Snapshot[R]) Sift(keep func(row R) bool) {
	if !s.open || s.spoiled {
		return
	}
	for i, row := range s.rows {
		s.gone[i] = s.gone[i] || !keep(row)
	}
}

// Reread has the chunk read again behind its window: the table has another
// definition than it was read by.
func (s *Snapshot[R]) Reread() { s.spoiled = s.open }

// Close gives the rows that are left, in their order, at the high watermark.
func (s *Snapshot[R]) Close() []R {
	if !s.open {
		return nil
	}
	if s.spoiled {
		s.scanned -= int64(len(s.rows))
		s.shut()
		return nil
	}
	out := s.rows[:0]
	for i, row := range s.rows {
		if !s.gone[i] {
			out = append(out, row)
		}
	}
	s.sent, s.Changed = s.last, true
	s.shut()
	return out
}

func (s *Snapshot[R]) shut() {
	s.open, s.spoiled, s.rows, s.gone, s.same, s.at, s.last = false, false, nil, nil, nil, nil, nil
}

// leave forgets where in the current collection the snapshot is.
func (s *Snapshot[R]) leave() {
	s.shut()
	s.sent, s.max, s.scanned = nil, nil, 0
}

func (s *Snapshot[R]) complete(status signal.TableStatus) {
	data := s.collections()
	data["scanned_collection"] = s.queue[0].ID
	data["total_rows_scanned"] = strconv.FormatInt(s.scanned, 10)
	data["status"] = string(status)
	s.tell(signal.TableComplete, data)
	s.queue, s.Changed = s.queue[1:], true
	s.leave()
	if !s.Running() {
		s.tell(signal.Completed, map[string]string{})
		s.rest()
	}
}

// rest forgets what only a running snapshot has.
func (s *Snapshot[R]) rest() {
	if !s.Running() {
		s.queue, s.signal, s.paused = nil, "", false
	}
}

func (s *Snapshot[R]) collections() map[string]string {
	return map[string]string{"data_collections": strings.Join(s.Collections(), ",")}
}

func (s *Snapshot[R]) tell(status signal.Status, data map[string]string) {
	if s.Notify == nil {
		return
	}
	data["connector_name"] = s.Server
	id := s.signal
	if id == "" {
		id = signal.NewID()
	}
	s.Notify(signal.Notification{ID: id, Aggregate: signal.IncrementalSnapshot, Status: status, Data: data, Time: time.Now()})
}
