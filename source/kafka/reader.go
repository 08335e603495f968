package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/kafkawire"
	"github.com/tailrace-io/tailrace/source"
)

// reader has at most one fetch under way with each broker that leads partitions
// of its. Answers come by a channel, and whatever Read does not take is there for
// the next one.
type reader struct {
	settings Source
	cluster  *kafkawire.Cluster // used by Read alone, but for the fetches
	group    *group             // nil without one
	stored   map[place]stored

	partitions map[place]*partition
	leaders    map[int32]*leader
	answers    chan answer
	looked     time.Time     // when topics were looked up
	again      time.Duration // after which they are looked up anew
	begun      bool          // the first partitions are known: later ones are new
	assignment assignment    // of the group, as far as it is taken over
	broken     error         // what ended the reading
	wait       kafkawire.Backoff

	check   kafkawire.Checker
	codecs  kafkawire.Decompressor
	scratch []kafkawire.Record

	life   context.Context // of the fetches, until Close
	cancel context.CancelFunc
	fetch  sync.WaitGroup

	mu     sync.Mutex
	closed bool
}

// partition is one that is read.
type partition struct {
	place
	text   string // of its offsets
	leader int32
	next   int64 // the offset of the record to be read next
}

// leader is a broker as it is fetched from.
type leader struct {
	broker *kafkawire.Broker
	busy   bool
}

func newReader(s Source, from map[place]stored) *reader {
	r := &reader{
		settings: s, cluster: kafkawire.New(s.connection()), stored: from,
		partitions: make(map[place]*partition), leaders: make(map[int32]*leader),
		answers: make(chan answer), check: kafkawire.NewChecker(),
	}
	r.life, r.cancel = context.WithCancel(context.Background())
	if s.Group != "" {
		r.group = newGroup(s)
	}
	return r
}

var errClosed = errors.New("the reader is closed")

func (r *reader) open(ctx context.Context) error {
	topics, err := r.settings.topics(ctx, r.cluster)
	if err != nil {
		return err
	}
	r.looked, r.again = time.Now(), r.settings.lookAfter(topics)
	if r.group != nil {
		if err := r.group.start(ctx); err != nil {
			return err
		}
		return r.adopt(ctx)
	}
	var places []place
	for name, n := range topics {
		for id := range int32(n) {
			if r.settings.Partitions == nil || slices.Contains(r.settings.Partitions, id) {
				places = append(places, place{name, id})
			}
		}
		for _, id := range r.settings.Partitions {
			if id < 0 || int(id) >= n {
				return fmt.Errorf("topic %s has no partition %d: it has %d, numbered from 0", name, id, n)
			}
		}
	}
	for p := range r.stored {
		if !slices.Contains(places, p) {
			return fmt.Errorf("%w: there is an offset of %v, which is not among the partitions that are read", source.ErrOffsetLost, p)
		}
	}
	return r.take(ctx, places, true, nil)
}

// take begins to read partitions, and leaves the others. Those that it has, and
// that nobody else had since, go on where they are; committed are the group's
// offsets, nil without a group. When it fails everything is as before.
func (r *reader) take(ctx context.Context, places []place, continues bool, committed map[place]int64) error {
	all := make(map[place]*partition, len(places))
	var begin []*partition
	for _, at := range places {
		p := r.partitions[at]
		if p == nil || !continues {
			p = &partition{place: at, text: at.text(), leader: -1, next: -1}
			begin = append(begin, p)
			if s, ok := r.stored[at]; ok {
				p.text, p.next = s.text, s.next
			} else if next, ok := committed[at]; ok {
				p.next = next
			}
		}
		all[at] = p
	}
	if err := r.locate(ctx, all); err != nil {
		return err
	}
	for _, p := range begin {
		if err := r.begin(ctx, p, all); err != nil {
			return err
		}
	}
	for at := range all {
		delete(r.stored, at) // from now on the group knows better
	}
	r.partitions, r.begun = all, true
	return nil
}

// begin finds out where a partition goes on, and that it is there.
func (r *reader) begin(ctx context.Context, p *partition, all map[place]*partition) error {
	return r.patiently(ctx, func() error {
		b := r.cluster.Broker(p.leader)
		if b == nil {
			return r.moved(ctx, fmt.Errorf("the partition %v: %w", p, kafkago.LeaderNotAvailable), all)
		}
		first, err := r.cluster.ListOffsets(ctx, b, p.topic, p.partition, kafkawire.AtStart, false)
		if err != nil {
			return r.moved(ctx, err, all)
		}
		end, err := r.cluster.ListOffsets(ctx, b, p.topic, p.partition, kafkawire.AtEnd, false)
		if err != nil {
			return r.moved(ctx, err, all)
		}
		switch {
		case p.next >= 0 && (p.next < first || p.next > end):
			return lost(p, first, end)
		case p.next >= 0:
		case r.settings.Start == Latest && (r.group != nil || !r.begun):
			p.next = end
		default:
			p.next = first
		}
		return nil
	})
}

func lost(p *partition, first, end int64) error {
	return kafkawire.Permanent(fmt.Errorf("%w: %v is to be read on at offset %d, and has those from %d to %d; change the stored offset, or that of the group, to go on elsewhere",
		source.ErrOffsetLost, p, p.next, first, end))
}

// moved learns anew who leads, when that may be the reason of an error.
func (r *reader) moved(ctx context.Context, err error, all map[place]*partition) error {
	if lerr := r.locate(ctx, all); lerr != nil {
		return fmt.Errorf("%w; %w", err, lerr)
	}
	return err
}

// patience is for how long a broker's error is taken for one that passes.
const patience = 30 * time.Second

// patiently tries again what may pass.
func (r *reader) patiently(ctx context.Context, f func() error) error {
	ctx, cancel := kafkawire.Within(ctx, patience)
	defer cancel()
	var wait kafkawire.Backoff
	for {
		err := f()
		if err == nil || !passes(err) {
			return err
		}
		if over := r.cluster.Sleep(ctx, wait.Next()); over != nil {
			return fmt.Errorf("%w: %w", over, err)
		}
	}
}

// passes says whether an error may go away by itself.
func passes(err error) bool {
	code, ok := errors.AsType[kafkago.Error](err)
	return !kafkawire.IsPermanent(err) && !errors.Is(err, kafkawire.ErrClosed) && (!ok || kafkawire.Retriable(code))
}

// locate learns who leads partitions.
func (r *reader) locate(ctx context.Context, all map[place]*partition) error {
	var topics []string
	for p := range all {
		if !slices.Contains(topics, p.topic) {
			topics = append(topics, p.topic)
		}
	}
	m, err := r.cluster.Metadata(ctx, topics, false)
	if err != nil {
		return err
	}
	for _, t := range m.Topics {
		for _, mp := range t.Partitions {
			if p := all[place{t.Name, mp.PartitionIndex}]; p != nil {
				p.leader = mp.LeaderID
			}
		}
	}
	return nil
}

// topics looks the topics up and gives how many partitions each has.
func (s *Source) topics(ctx context.Context, c *kafkawire.Cluster) (map[string]int, error) {
	ask := func() (map[string]int, error) {
		m, err := c.AllTopics(ctx)
		if s.TopicsRegexp == nil {
			m, err = c.Metadata(ctx, s.Topics, false)
		}
		if err != nil {
			return nil, err
		}
		found := make(map[string]int)
		for _, t := range m.Topics {
			if s.TopicsRegexp != nil && (t.IsInternal || !whole(s.TopicsRegexp.FindStringIndex(t.Name), t.Name)) {
				continue
			}
			switch code := kafkago.Error(t.ErrorCode); code {
			case 0:
				found[t.Name] = len(t.Partitions)
			case kafkago.UnknownTopicOrPartition:
				if s.Await {
					continue
				}
				return nil, kafkawire.Permanent(fmt.Errorf("there is no topic %s: make it, or leave it out", t.Name))
			case kafkago.TopicAuthorizationFailed:
				return nil, kafkawire.Permanent(fmt.Errorf("read topic %s: the user is not allowed to; grant Describe and Read on the topic: %w", t.Name, code))
			default:
				return nil, fmt.Errorf("look up topic %s: %w", t.Name, code)
			}
		}
		return found, nil
	}
	ctx, cancel := kafkawire.Within(ctx, patience)
	defer cancel()
	var wait kafkawire.Backoff
	for {
		found, err := ask()
		code, said := errors.AsType[kafkago.Error](err)
		if err == nil || !said || !kafkawire.Retriable(code) || kafkawire.IsPermanent(err) {
			return found, err
		}
		if over := c.Sleep(ctx, wait.Next()); over != nil {
			return nil, fmt.Errorf("%w: %w", over, err)
		}
	}
}

// awaiting is how often topics are looked for that are not there yet.
const awaiting = time.Second

// lookAfter says after what time topics are looked up anew.
func (s *Source) lookAfter(known map[string]int) time.Duration {
	if s.TopicsRegexp == nil && len(known) < len(s.Topics) {
		return min(awaiting, s.MetadataMaxAge)
	}
	return s.MetadataMaxAge
}

func whole(at []int, text string) bool { return at != nil && at[0] == 0 && at[1] == len(text) }

// Commit commits the offsets in the group; without one there is nobody to tell.
func (r *reader) Commit(ctx context.Context, offsets []tailrace.Offset) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.isClosed() {
		return fmt.Errorf("kafka source: commit: %w", errClosed)
	}
	next := make(map[place]int64, len(offsets))
	for _, o := range offsets {
		p, n, err := parseOffset(o)
		if err != nil {
			return fmt.Errorf("kafka source: commit: %w", err)
		}
		next[p] = n
	}
	if r.group == nil || len(next) == 0 {
		return nil
	}
	if err := r.group.commit(ctx, next); err != nil {
		return fmt.Errorf("kafka source: commit to the group %s: %w", r.settings.Group, err)
	}
	return nil
}

func (r *reader) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// Close leaves the group and closes the connections.
func (r *reader) Close() error {
	r.mu.Lock()
	was := r.closed
	r.closed = true
	r.mu.Unlock()
	if was {
		return nil
	}
	r.cancel()
	if r.group != nil {
		r.group.close()
	}
	r.cluster.Close()
	r.fetch.Wait()
	r.codecs.Close()
	return nil
}
