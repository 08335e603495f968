// Package offsetlog reads the offsets that are kept in a compacted Kafka topic,
// in the form of Kafka Connect's worker: a record an offsetentry.
package offsetlog

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/kafkawire"
	"github.com/tailrace-io/tailrace/internal/offsetentry"
)

// Partitions is how many partitions the topic has that Connect makes.
const Partitions = 25

// Read reads a topic from its first record to what is its last now, and gives
// the committed offsets of a name, in the order in which their partitions first
// came. A topic that is not there has none.
//
// Transactions count by their markers: one that is not decided is no reason to
// wait, for the transactions of the name are, once its producer is initialized.
func Read(ctx context.Context, c *kafkawire.Cluster, topic, name string) ([]tailrace.Offset, error) {
	var wait kafkawire.Backoff
	for {
		l := &log{cluster: c, topic: topic, name: name, check: kafkawire.NewChecker(), seen: make(map[string]int)}
		err := l.read(ctx)
		l.codecs.Close()
		if err == nil {
			return l.offsets(), nil
		}
		code, known := errors.AsType[kafkago.Error](err)
		if ctx.Err() != nil || kafkawire.IsPermanent(err) || errors.Is(err, kafkawire.ErrClosed) || known && !kafkawire.Retriable(code) {
			return nil, fmt.Errorf("read the offsets of %q from topic %s: %w", name, topic, err)
		}
		if over := c.Sleep(ctx, wait.Next()); over != nil {
			return nil, fmt.Errorf("read the offsets of %q from topic %s: %w: %w", name, topic, over, err)
		}
	}
}

// log is a reading of the topic.
type log struct {
	cluster *kafkawire.Cluster
	topic   string
	name    string
	check   kafkawire.Checker
	codecs  kafkawire.Decompressor

	seen map[string]int // the place in all of a partition
	all  []tailrace.Offset
}

func (l *log) offsets() (out []tailrace.Offset) {
	for _, o := range l.all {
		if o.Position != "" {
			out = append(out, o)
		}
	}
	return out
}

func (l *log) read(ctx context.Context) error {
	m, err := l.cluster.Metadata(ctx, []string{l.topic}, false)
	if err != nil {
		return err
	}
	for i := range m.Topics {
		t := &m.Topics[i]
		switch code := kafkago.Error(t.ErrorCode); {
		case code == kafkago.UnknownTopicOrPartition:
			return nil
		case code == kafkago.TopicAuthorizationFailed:
			return kafkawire.Permanent(fmt.Errorf("the user is not allowed to; grant Describe and Read on the topic: %w", code))
		case code != 0:
			return code
		}
		for _, p := range t.Partitions {
			leader := l.cluster.Broker(p.LeaderID)
			if leader == nil {
				return kafkago.LeaderNotAvailable
			}
			if err := l.partition(ctx, leader, p.PartitionIndex); err != nil {
				return fmt.Errorf("partition %d: %w", p.PartitionIndex, err)
			}
		}
	}
	return nil
}

// partition reads a partition. What belongs to a transaction is kept until its
// marker comes.
func (l *log) partition(ctx context.Context, leader *kafkawire.Broker, id int32) error {
	at, err := l.cluster.ListOffsets(ctx, leader, l.topic, id, kafkawire.AtStart, false)
	if err != nil {
		return err
	}
	end, err := l.cluster.ListOffsets(ctx, leader, l.topic, id, kafkawire.AtEnd, false)
	if err != nil {
		return err
	}
	open := make(map[int64][]kafkawire.Record)
	for size := 1 << 20; at < end; {
		m, err := l.cluster.RoundTrip(ctx, leader, &kafkawire.Fetch{
			MaxWait: 100 * time.Millisecond, MinBytes: 1, MaxBytes: size, PartitionMaxBytes: size,
			Parts: []kafkawire.FetchPart{{Topic: l.topic, Partition: id, Offset: at}},
		})
		if err != nil {
			return err
		}
		res := m.(*kafkawire.Fetched)
		if len(res.Parts) != 1 || res.ErrorCode != 0 || res.Parts[0].ErrorCode != 0 {
			if len(res.Parts) == 1 {
				res.ErrorCode = res.Parts[0].ErrorCode
			}
			return fmt.Errorf("fetch at offset %d: %w", at, kafkago.Error(res.ErrorCode))
		}
		before := at
		for set := res.Parts[0].Set; len(set) > 0; {
			var b kafkawire.Batch
			b, set, err = l.check.Next(set)
			if errors.Is(err, kafkawire.ErrPartial) {
				break
			}
			if err == nil {
				err = l.batch(&b, open, at)
			}
			if err != nil {
				return kafkawire.Permanent(err)
			}
			at = max(at, b.Last+1)
		}
		if at == before && len(res.Parts[0].Set) > 0 {
			size *= 2 // a batch was larger
		}
	}
	return nil
}

// batch takes a batch, from an offset on.
func (l *log) batch(b *kafkawire.Batch, open map[int64][]kafkawire.Record, from int64) (err error) {
	if b.Last < from {
		return nil
	}
	if b.Control {
		if commit, ok := b.Marker(); ok {
			if commit {
				err = l.apply(open[b.Producer])
			}
			delete(open, b.Producer)
		}
		return err
	}
	records, err := b.Append(nil, &l.codecs)
	if err != nil {
		return err
	}
	if b.Transactional {
		open[b.Producer] = append(open[b.Producer], records...)
		return nil
	}
	return l.apply(records)
}

// apply takes records of the name. A null takes an offset back. Records of
// another form are not ours: Connect passes over them, too.
func (l *log) apply(records []kafkawire.Record) error {
	for _, r := range records {
		name, partition, err := offsetentry.ParseKey(r.Key)
		if err != nil || name != l.name {
			continue
		}
		if r.Value != nil && !offsetentry.IsObject(string(r.Value)) {
			return fmt.Errorf("the record at offset %d, of the partition %.100s, has a position that is no JSON object", r.Offset, partition)
		}
		i, ok := l.seen[partition]
		if !ok {
			i = len(l.all)
			l.seen[partition] = i
			l.all = append(l.all, tailrace.Offset{Partition: partition})
		}
		l.all[i].Position = string(r.Value)
	}
	return nil
}
