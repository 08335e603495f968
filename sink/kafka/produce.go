package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	kafkago "github.com/segmentio/kafka-go"
	protoproduce "github.com/segmentio/kafka-go/protocol/produce"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/kafkawire"
)

// leader is a broker and what its requests are made in. It is used by one
// goroutine at a time.
type leader struct {
	broker     *kafkawire.Broker
	parts      []*partition // that it leads and that have records
	compressor *compressor
	request    produceRequest
}

// deliver sends what the queues hold, round after round, until they are empty
// or there is no hope.
func (w *writer) deliver(ctx context.Context, records []tailrace.Record) error {
	ctx, cancel := w.deadline(ctx)
	defer cancel()
	var wait kafkawire.Backoff
	for {
		w.prune()
		if len(w.active) == 0 {
			return nil
		}
		w.round(ctx, records)
		again, err := w.outcome()
		if err != nil {
			return err
		}
		if again == nil {
			wait = 0
			continue
		}
		if over := w.cluster.Sleep(ctx, wait.Next()); over != nil {
			return fmt.Errorf("%w: %w", over, again)
		}
		w.refreshActive(ctx)
	}
}

// deadline bounds ctx by the DeliveryTimeout.
func (w *writer) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	d := w.settings.DeliveryTimeout
	return context.WithTimeoutCause(ctx, d, fmt.Errorf("given up after %v: %w", d, context.DeadlineExceeded))
}

// prune lets go of partitions that are done, and of records behind one that
// cannot be written.
func (w *writer) prune() {
	w.active = slices.DeleteFunc(w.active, func(p *partition) bool {
		if w.bad != nil && !p.ready {
			n, _ := slices.BinarySearch(p.queue, int32(w.bad.Index))
			p.queue = p.queue[:n]
		}
		if len(p.queue) > 0 {
			return false
		}
		p.reset()
		return true
	})
}

// leader gives the broker of an id; nil where the cluster has none such.
func (w *writer) leader(id int32) *leader {
	b := w.cluster.Broker(id)
	if b == nil {
		return nil
	}
	l := w.leaders[id]
	if l == nil {
		l = new(leader)
		w.leaders[id] = l
	}
	l.broker = b // another one perhaps, after it was gone
	return l
}

// round sends a batch of each partition to its leader, leaders side by side.
func (w *writer) round(ctx context.Context, records []tailrace.Record) {
	w.leading = w.leading[:0]
	for _, p := range w.active {
		p.err = nil
		b := w.leader(p.leader)
		if b == nil {
			p.err = fmt.Errorf("partition %v has no leader", p)
			continue
		}
		if len(b.parts) == 0 {
			w.leading = append(w.leading, b)
		}
		b.parts = append(b.parts, p)
	}
	var others sync.WaitGroup
	for i, b := range w.leading {
		if i == len(w.leading)-1 {
			w.produce(ctx, b, records)
		} else {
			others.Go(func() { w.produce(ctx, b, records) })
		}
	}
	others.Wait()
}

// outcome gathers what a round came to: a reason to try again, or one to give
// up.
func (w *writer) outcome() (again, failed error) {
	for _, p := range w.active {
		if p.bad != nil && (w.bad == nil || p.bad.Index < w.bad.Index) {
			w.bad = p.bad
		}
		p.bad = nil
		switch {
		case p.err == nil:
		case p.final:
			failed = refusal(p.topic.name, p.err)
		case again == nil:
			again = fmt.Errorf("write to topic %s: %w", p.topic.name, p.err)
		}
	}
	return again, failed
}

// refreshActive learns who leads the partitions that are being written to. On
// an error the next round tries with what is known.
func (w *writer) refreshActive(ctx context.Context) {
	var names []string
	for _, p := range w.active {
		if p.err != nil && !slices.Contains(names, p.topic.name) {
			names = append(names, p.topic.name)
		}
	}
	if _, err := w.lookUp(ctx, names, true); err != nil {
		for _, p := range w.active {
			if p.err != nil {
				p.err = fmt.Errorf("%w; %w", p.err, err)
			}
		}
	}
}

// produce sends the batches of the partitions that a broker leads: in one
// request, unless they are more than a request may hold.
func (w *writer) produce(ctx context.Context, b *leader, records []tailrace.Record) {
	parts := b.parts
	b.parts = b.parts[:0]
	for len(parts) > 0 {
		n, size := 0, 0
		for n < len(parts) {
			p := parts[n]
			if err := w.build(b, p, records); err != nil {
				p.err, p.final = err, true
				return
			}
			if n > 0 && size+len(p.batch.buf) > w.settings.MaxRequestBytes {
				break
			}
			size += len(p.batch.buf)
			n++
		}
		if err := w.send(ctx, b, parts[:n]); err != nil {
			for _, p := range parts {
				p.err = err
			}
			return
		}
		parts = parts[n:]
	}
}

// build seals a batch of the first records of a partition, unless there is one
// whose outcome is not known.
func (w *writer) build(b *leader, p *partition, records []tailrace.Record) (err error) {
	if p.ready {
		return nil
	}
	if b.compressor == nil {
		if b.compressor, err = newCompressor(w.settings.Compression); err != nil {
			return err
		}
	}
	most, limit := len(p.queue), w.settings.MaxBatchBytes
	if p.most > 0 {
		most = min(most, p.most)
	}
	if p.limit > 0 {
		limit = p.limit
	}
	if p.batch.buf == nil {
		p.batch.buf = w.take()
	}
	p.batch.reset()
	for _, i := range p.queue[:most] {
		ms := w.now
		if r := &records[i]; !r.Time.IsZero() {
			ms = r.Time.UnixMilli()
		}
		was := p.batch
		p.batch.add(&records[i], ms)
		if p.batch.count > 1 && p.batch.size() > limit {
			p.batch.count, p.batch.max = was.count, was.max
			p.batch.buf = p.batch.buf[:len(was.buf)]
			break
		}
	}
	p.batch.raw = p.batch.size()
	if err := p.batch.seal(b.compressor, w.producer, p.sequence, w.transaction != ""); err != nil {
		return err
	}
	p.ready = true
	return nil
}

// send sends a request and settles its partitions. Its error says that nothing
// is known of any of them.
func (w *writer) send(ctx context.Context, b *leader, parts []*partition) error {
	for _, p := range parts {
		p.sent = true
	}
	b.request.parts, b.request.timeout, b.request.transaction = parts, w.settings.RequestTimeout, w.transaction
	m, err := w.cluster.RoundTrip(ctx, b.broker, &b.request)
	if err != nil {
		return err
	}
	for _, p := range parts {
		p.err = errUnanswered
	}
	for _, t := range m.(*protoproduce.Response).Topics {
		for i := range t.Partitions {
			res := &t.Partitions[i]
			at := slices.IndexFunc(parts, func(p *partition) bool { return p.id == res.Partition && p.topic.name == t.Topic })
			if at >= 0 {
				w.settle(parts[at], res)
			}
		}
	}
	return nil
}

var errUnanswered = errors.New("the broker's answer leaves the partition out")

// settle takes a broker's answer for a partition.
func (w *writer) settle(p *partition, res *protoproduce.ResponsePartition) {
	err := kafkawire.CodeError(res.ErrorCode, res.ErrorMessage)
	switch code := kafkago.Error(res.ErrorCode); {
	case code == 0 || code == kafkago.DuplicateSequenceNumber:
		p.err = nil
		p.sequence = nextSequence(p.sequence, p.batch.count)
		p.queue = p.queue[p.batch.count:]
		w.release(p)
	case kafkawire.Retriable(code):
		p.err = err
	case aboutRecord(code):
		p.err = nil
		w.isolate(p, code, err, res.RecordErrors)
		w.release(p)
	default:
		p.err, p.final = err, true // and whether it was written is not always sure
	}
}

// isolate finds the record for which a batch was refused: by what the broker
// says, or by sending less.
func (w *writer) isolate(p *partition, code kafkago.Error, err error, said []protoproduce.ResponseError) {
	n := p.batch.count
	at := -1
	if n == 1 {
		at = 0
	}
	for _, e := range said {
		if i := int(e.BatchIndex); i >= 0 && i < n && (at < 0 || i < at) {
			at = i
			if e.BatchIndexErrorMessage != "" {
				err = fmt.Errorf("%w: %s", code, e.BatchIndexErrorMessage)
			}
		}
	}
	switch {
	case at >= 0:
		hint := ""
		if aboutSize(code) {
			hint = fmt.Sprintf(" (it takes %d bytes; the topic's max.message.bytes bounds it)", p.batch.size())
		}
		p.bad = unwritable(int(p.queue[at]), "write to topic %s: the broker refuses the record%s: %w", p.topic.name, hint, err)
		p.queue = p.queue[:at]
	case aboutSize(code):
		p.limit = max(p.batch.raw/2, 1)
	default:
		p.most = (n + 1) / 2
	}
}

// nextSequence is the sequence number n records further. They start at 0 again
// behind the greatest int32.
func nextSequence(s int32, n int) int32 {
	return int32((int64(s) + int64(n)) & 0x7fffffff)
}
