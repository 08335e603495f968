package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/kafkawire"
	"github.com/tailrace-io/tailrace/sink"
)

// writer writes records with an idempotent producer. Each Write spreads its
// records over partitions, and then goes in rounds: a batch a partition, a
// request a leader, all leaders side by side, until everything is acknowledged.
type writer struct {
	settings Sink
	cluster  *kafkawire.Cluster
	producer producer
	stale    bool // a batch of this producer may or may not have been written: it needs another epoch

	topics  map[string]*topic
	last    *topic // of the record before
	looked  time.Time
	active  []*partition // those with records of this Write to be sent
	bad     *sink.BatchError
	now     int64             // Unix milliseconds, for records without a time
	leaders map[int32]*leader // by the ids of the brokers
	leading []*leader         // those of this round

	transaction  string // the transactional id; "" without transactions
	offsetsTopic string // "" for none

	mu    sync.Mutex
	spare [][]byte // buffers of batches that are done
	kept  int      // bytes of spare
}

// partition is one of a topic's, and what of the current Write goes there.
type partition struct {
	topic    *topic
	id       int32
	leader   int32 // -1: none
	sequence int32 // of the next record

	index []int32 // of the records, in their order
	queue []int32 // the end of index: what is not acknowledged
	batch batch   // the first of them
	ready bool    // the batch is sealed: it is sent as it is until its outcome is known
	sent  bool    // and may have been written

	most  int   // records in a batch; 0 for any number
	limit int   // bytes in a batch; 0 for the writer's
	err   error // why the last try did not help
	final bool  // and none will
	bad   *sink.BatchError
}

// reset makes the partition ready for another Write.
func (p *partition) reset() {
	p.index, p.queue = p.index[:0], nil
	p.most, p.err, p.final, p.bad = 0, nil, false, nil
}

func (p *partition) String() string { return fmt.Sprintf("%s-%d", p.topic.name, p.id) }

func newWriter(s Sink) *writer {
	return &writer{
		settings: s, cluster: kafkawire.New(s.connection()),
		topics: make(map[string]*topic), leaders: make(map[int32]*leader),
	}
}

func (w *writer) open(ctx context.Context) error {
	if _, err := w.cluster.Metadata(ctx, nil, false); err != nil {
		return err
	}
	w.looked = time.Now()
	return nil
}

// Close closes the connections.
func (w *writer) Close() error {
	w.cluster.Close()
	return nil
}

// Write returns nil once all records are on all in-sync replicas of their
// partitions. When a broker refuses a record, records behind it may be written
// in other partitions; as they are given again, those are there twice.
func (w *writer) Write(ctx context.Context, records []tailrace.Record) error {
	err := w.write(ctx, records)
	var one *sink.BatchError
	if err == nil || errors.As(err, &one) {
		return err
	}
	if w.cluster.IsClosed() {
		err = errClosed
	}
	return fmt.Errorf("kafka sink: %w", err)
}

func (w *writer) write(ctx context.Context, records []tailrace.Record) error {
	if w.cluster.IsClosed() {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(records) > math.MaxInt32 {
		return sink.Permanent(fmt.Errorf("%d records at once are too many", len(records)))
	}
	defer w.forget()
	if err := w.renew(ctx); err != nil {
		return err
	}
	w.stamp()
	if err := w.spread(ctx, records); err != nil {
		return err
	}
	if err := w.deliver(ctx, records); err != nil {
		return err
	}
	if w.bad != nil {
		return w.bad
	}
	return nil
}

// stamp sets the time of records that have none.
func (w *writer) stamp() { w.now = time.Now().UnixMilli() }

// renew takes another epoch when batches of the last one are in doubt: with it
// sequences start anew, and brokers refuse what may still be on its way.
func (w *writer) renew(ctx context.Context) error {
	if !w.stale {
		return nil
	}
	if w.producer.epoch < math.MaxInt16 && w.cluster.TakesEpochs() {
		w.producer.epoch++
	} else {
		p, err := w.initProducer(ctx)
		if err != nil {
			return err
		}
		w.producer = p
	}
	w.restart()
	return nil
}

// restart begins the sequences anew, as another epoch does.
func (w *writer) restart() {
	for _, t := range w.topics {
		for _, p := range t.partitions {
			p.sequence = 0
		}
	}
	w.stale = false
}

// forget lets go of a Write.
func (w *writer) forget() {
	for _, p := range w.active {
		if p.ready && p.sent {
			w.stale = true
		}
		w.release(p)
		p.reset()
	}
	w.active = w.active[:0]
	w.bad = nil
}

// spread puts the records into the queues of their partitions, up to the first
// that cannot be written, which it keeps as w.bad.
func (w *writer) spread(ctx context.Context, records []tailrace.Record) error {
	if time.Since(w.looked) > w.settings.MetadataMaxAge && len(w.topics) > 0 {
		w.refresh(ctx)
	}
	w.turn()
	for i := range records {
		r := &records[i]
		t := w.last
		if t == nil || t.name != r.Topic {
			if !validTopic(r.Topic) {
				w.bad = unwritable(i, "%q cannot be the name of a topic: it takes 1 to 249 letters, digits, dots, underscores and hyphens", r.Topic)
				break
			}
			var err error
			if t, err = w.find(ctx, records[i:]); err != nil {
				return err
			}
			w.last = t
		}
		if w.bad = w.check(i, r); w.bad != nil {
			break
		}
		p, err := w.choose(ctx, t, i, r)
		if errors.As(err, &w.bad) {
			break
		}
		if err != nil {
			return err
		}
		if len(p.index) == 0 {
			w.active = append(w.active, p)
		}
		p.index = append(p.index, int32(i))
	}
	for _, p := range w.active {
		p.queue = p.index
	}
	slices.SortFunc(w.active, func(a, b *partition) int {
		return cmp.Or(cmp.Compare(a.topic.order, b.topic.order), cmp.Compare(a.id, b.id))
	})
	return nil
}

// find gives the topic of the first record. Those of the others that are not
// known are looked up along with it.
func (w *writer) find(ctx context.Context, records []tailrace.Record) (*topic, error) {
	if t := w.topics[records[0].Topic]; t != nil {
		return t, nil
	}
	var names []string
	for i := range records {
		name := records[i].Topic
		if w.topics[name] == nil && !slices.Contains(names, name) && validTopic(name) {
			names = append(names, name)
		}
	}
	if err := w.resolve(ctx, names); err != nil {
		return nil, err
	}
	return w.topics[records[0].Topic], nil
}

// check says why a record cannot be written.
func (w *writer) check(i int, r *tailrace.Record) *sink.BatchError {
	part, v := "", r.Value
	switch {
	case !isWire(r.Value):
		part = "value"
	case !isWire(r.Key):
		part, v = "key", r.Key
	default:
		for _, h := range r.Headers {
			if !isWire(h.Value) {
				part, v = "header "+h.Key, h.Value
			}
		}
	}
	if part != "" {
		return unwritable(i, "write to topic %s: the %s is of the type %v and Kafka takes bytes: set a converter, in Encode of engine.Config", r.Topic, part, v.Type())
	}
	if n := maxRecordLen(r); n > w.settings.MaxRequestBytes {
		return unwritable(i, "write to topic %s: the record takes %d bytes, more than MaxRequestBytes, %d", r.Topic, n, w.settings.MaxRequestBytes)
	}
	if !r.Time.IsZero() && r.Time.UnixMilli() < 0 {
		return unwritable(i, "write to topic %s: the record's time, %v, is before 1970, for which Kafka has no number", r.Topic, r.Time)
	}
	return nil
}

func isWire(v tailrace.Value) bool {
	return v.Type() == tailrace.TypeBytes || v.Type() == tailrace.TypeString || v.IsNull()
}

// choose gives the partition that a record goes to; a *sink.BatchError when
// there is no such.
func (w *writer) choose(ctx context.Context, t *topic, i int, r *tailrace.Record) (*partition, error) {
	n := len(t.partitions)
	if r.Partition.Valid {
		at := int(r.Partition.V)
		if at >= n && at >= 0 {
			if err := w.resolve(ctx, []string{t.name}); err != nil {
				return nil, err
			}
			n = len(t.partitions)
		}
		if at < 0 || at >= n {
			return nil, unwritable(i, "write to topic %s: the record is for partition %d, and the topic has %d, numbered from 0", t.name, at, n)
		}
		return t.partitions[at], nil
	}
	at := w.settings.Partitioner(r, n)
	if at >= n {
		return nil, unwritable(i, "write to topic %s: the Partitioner chose partition %d, and the topic has %d, numbered from 0", t.name, at, n)
	}
	if at < 0 {
		at = t.sticky % n
		if t.stuck += maxRecordLen(r); t.stuck >= w.settings.MaxBatchBytes {
			t.sticky, t.stuck = t.sticky+1, 0
		}
	}
	return t.partitions[at], nil
}

// turn moves records without a key on to the next partitions.
func (w *writer) turn() {
	for _, t := range w.topics {
		if t.stuck > 0 {
			t.sticky, t.stuck = (t.sticky+1)&math.MaxInt32, 0
		}
	}
}

// refresh looks all topics up again, for partitions that were added. When that
// fails everything stays as it was: what is wrong shows itself to those topics
// that are written to.
func (w *writer) refresh(ctx context.Context) {
	w.looked = time.Now()
	w.lookUp(ctx, slices.Collect(maps.Keys(w.topics)), false)
}

// take gives a buffer for a batch.
func (w *writer) take() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.spare)
	if n == 0 {
		return nil
	}
	b := w.spare[n-1]
	w.spare = w.spare[:n-1]
	w.kept -= cap(b)
	return b
}

// release takes the buffer of a partition's batch back.
func (w *writer) release(p *partition) {
	p.ready, p.sent = false, false
	b := p.batch.buf
	p.batch.buf = nil
	w.mu.Lock()
	defer w.mu.Unlock()
	if b != nil && w.kept+cap(b) <= w.settings.MaxRequestBytes {
		w.spare = append(w.spare, b)
		w.kept += cap(b)
	}
}
