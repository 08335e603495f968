package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/kafkawire"
)

// answer is what came of a fetch.
type answer struct {
	leader *leader
	asked  map[place]int64
	res    *kafkawire.Fetched
	err    error
}

// Read gives what a broker has of its partitions, in the order of each.
func (r *reader) Read(ctx context.Context) (tailrace.Batch, error) {
	b, err := r.read(ctx)
	if err == nil {
		return b, nil
	}
	if ctx.Err() != nil {
		return tailrace.Batch{}, ctx.Err()
	}
	if r.isClosed() {
		err = errClosed
	}
	r.broken = err
	return tailrace.Batch{}, fmt.Errorf("kafka source: %w", err)
}

func (r *reader) read(ctx context.Context) (tailrace.Batch, error) {
	for {
		switch {
		case r.isClosed():
			return tailrace.Batch{}, errClosed
		case r.broken != nil:
			return tailrace.Batch{}, fmt.Errorf("this reader has ended with an error, open another: %w", r.broken)
		case ctx.Err() != nil:
			return tailrace.Batch{}, ctx.Err()
		}
		if err := r.keepUp(ctx); err != nil {
			return tailrace.Batch{}, err
		}
		look := time.NewTimer(r.ask())
		var batch tailrace.Batch
		var err error
		select {
		case a := <-r.answers:
			a.leader.busy = false
			batch, err = r.answered(ctx, a)
		case <-r.changed():
		case <-look.C:
			err = r.patiently(ctx, func() error { return r.locate(ctx, r.partitions) })
		case <-ctx.Done():
		case <-r.life.Done():
		}
		look.Stop()
		if err != nil || len(batch.Offsets) > 0 {
			return batch, err
		}
	}
}

// changed is closed when the group has something new; nil without a group.
func (r *reader) changed() <-chan struct{} {
	if r.group == nil {
		return nil
	}
	return r.group.changed()
}

// keepUp takes over what has become of the group, or of the topics.
func (r *reader) keepUp(ctx context.Context) error {
	if r.group != nil {
		return r.adopt(ctx)
	}
	if time.Since(r.looked) < r.again {
		return nil
	}
	r.looked, r.again = time.Now(), r.settings.MetadataMaxAge
	if r.settings.Partitions != nil {
		return nil
	}
	topics, err := r.settings.topics(ctx, r.cluster)
	if err != nil {
		return err
	}
	r.again = r.settings.lookAfter(topics)
	var places []place
	for name, n := range topics {
		for id := range int32(n) {
			places = append(places, place{name, id})
		}
	}
	return r.take(ctx, places, true, nil)
}

// adopt takes over the partitions that the group has assigned, when they are
// others than before.
func (r *reader) adopt(ctx context.Context) error {
	a, err := r.group.assigned()
	if err != nil || a.number == r.assignment.number {
		return err
	}
	if err := r.take(ctx, a.places, a.follows(r.assignment), a.committed); err != nil {
		return err
	}
	r.assignment = a
	return nil
}

// ask sends a fetch to each broker that has none under way, and says after what
// time to look who leads.
func (r *reader) ask() time.Duration {
	if r.group != nil && r.group.handingOver() {
		return r.settings.MetadataMaxAge
	}
	parts := make(map[int32][]*partition)
	for _, p := range r.partitions {
		parts[p.leader] = append(parts[p.leader], p)
	}
	wait := r.settings.MetadataMaxAge
	if r.group == nil {
		wait = min(wait, r.again)
	}
	for id, ps := range parts {
		b := r.cluster.Broker(id)
		if b == nil {
			wait = 200 * time.Millisecond // somebody leads them soon
			continue
		}
		l := r.leaders[id]
		if l != nil && l.busy {
			continue
		}
		if l == nil || l.broker.String() != b.String() {
			l = &leader{broker: b.Another()}
			r.leaders[id] = l
		}
		r.send(l, ps)
	}
	return wait
}

// send fetches in the background, one fetch at a time from a leader.
func (r *reader) send(l *leader, parts []*partition) {
	sortParts(parts)
	req := &kafkawire.Fetch{
		MaxWait: r.settings.MaxWait, MinBytes: 1, MaxBytes: r.settings.MaxBytes,
		PartitionMaxBytes: r.settings.MaxPartitionBytes, Committed: !r.settings.Uncommitted,
	}
	asked := make(map[place]int64, len(parts))
	for _, p := range parts {
		asked[p.place] = p.next
		req.Parts = append(req.Parts, kafkawire.FetchPart{Topic: p.topic, Partition: p.partition, Offset: p.next})
	}
	l.busy = true
	r.fetch.Go(func() {
		a := answer{leader: l, asked: asked}
		m, err := r.cluster.RoundTrip(r.life, l.broker, req)
		if a.err = err; err == nil {
			a.res = m.(*kafkawire.Fetched)
		}
		select {
		case r.answers <- a:
		case <-r.life.Done():
		}
	})
}

// answered makes a batch of an answer. A batch without offsets is none.
func (r *reader) answered(ctx context.Context, a answer) (b tailrace.Batch, err error) {
	if r.group != nil && r.group.handingOver() {
		return b, nil // it is fetched again by whom the partitions are given to
	}
	again := a.err
	if again == nil && a.res.ErrorCode != 0 {
		again = kafkago.Error(a.res.ErrorCode)
	}
	if again == nil {
		for i := range a.res.Parts {
			f := &a.res.Parts[i]
			p := r.partitions[place{f.Topic, f.Partition}]
			if p == nil || a.asked[p.place] != p.next {
				continue // it was taken away, or read elsewhere, since
			}
			code := kafkago.Error(f.ErrorCode)
			switch {
			case code == 0:
				if err := r.records(&b, p, f); err != nil {
					return b, err
				}
			case code == kafkago.OffsetOutOfRange:
				if err := r.begin(ctx, p, r.partitions); err != nil {
					return b, err
				}
			case code == kafkago.TopicAuthorizationFailed:
				return b, kafkawire.Permanent(fmt.Errorf("read topic %s: the user is not allowed to; grant Read on the topic: %w", p.topic, code))
			case kafkawire.Retriable(code):
				again = fmt.Errorf("fetch from %v at offset %d: %w", p, p.next, code)
			default:
				return b, fmt.Errorf("fetch from %v at offset %d: %w", p, p.next, code)
			}
		}
	}
	if again == nil {
		r.wait = 0
	} else if err := r.recover(ctx, again); err != nil && len(b.Offsets) == 0 {
		return b, err
	}
	if r.group != nil && len(b.Offsets) > 0 {
		r.group.handOut(r.reached(&b))
	}
	return b, nil
}

// reached are the places behind a batch.
func (r *reader) reached(b *tailrace.Batch) map[place]int64 {
	out := make(map[place]int64, len(b.Offsets))
	for _, p := range r.partitions {
		for _, o := range b.Offsets {
			if o.Partition == p.text {
				out[p.place] = p.next
			}
		}
	}
	return out
}

// recover waits a moment and learns who leads, after an error that may pass.
func (r *reader) recover(ctx context.Context, again error) error {
	if r.isClosed() {
		return errClosed
	}
	if over := r.cluster.Sleep(ctx, r.wait.Next()); over != nil {
		return over
	}
	err := r.patiently(ctx, func() error { return r.locate(ctx, r.partitions) })
	if err != nil {
		return fmt.Errorf("%w; %w", again, err)
	}
	return nil
}

// records appends what came of a partition.
func (r *reader) records(b *tailrace.Batch, p *partition, f *kafkawire.FetchedPart) error {
	filter := kafkawire.NewFilter(f.Aborted)
	from := p.next
	for set := f.Set; len(set) > 0; {
		batch, rest, err := r.check.Next(set)
		if errors.Is(err, kafkawire.ErrPartial) {
			break
		}
		if err != nil {
			return fmt.Errorf("read %v: %w", p, err)
		}
		set = rest
		keep := filter.Keeps(&batch)
		if r.settings.Uncommitted {
			keep = !batch.Control
		}
		if keep && batch.Last >= from {
			r.scratch, err = batch.Append(r.scratch[:0], &r.codecs)
			if err != nil {
				return fmt.Errorf("read %v: %w", p, err)
			}
			for i := range r.scratch {
				if r.scratch[i].Offset >= from {
					appendRecord(b, p.place, &r.scratch[i])
				}
			}
		}
		p.next = max(p.next, batch.Last+1)
	}
	clear(r.scratch)
	if p.next > from {
		b.Size += len(f.Set)
		b.Offsets = append(b.Offsets, tailrace.Offset{Partition: p.text, Position: positionText(p.next)})
	}
	return nil
}

func appendRecord(b *tailrace.Batch, at place, r *kafkawire.Record) {
	out := tailrace.Record{
		Topic: at.topic, Partition: tailrace.Some(at.partition), Offset: tailrace.Some(r.Offset),
		Key: bytesOrNull(r.Key), Value: bytesOrNull(r.Value),
	}
	if r.Time >= 0 { // -1 is none
		out.Time = time.UnixMilli(r.Time).UTC()
		b.Time = out.Time
	}
	if len(r.Headers) > 0 {
		out.Headers = make([]tailrace.Header, len(r.Headers))
		for i, h := range r.Headers {
			out.Headers[i] = tailrace.Header{Key: string(h.Key), Value: bytesOrNull(h.Value)}
		}
	}
	b.Records = append(b.Records, out)
	b.Size += 200 + len(r.Key) + len(r.Value)
}

func bytesOrNull(b []byte) tailrace.Value {
	if b == nil {
		return tailrace.Value{}
	}
	return tailrace.Bytes(b)
}
