package memory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
)

type reader struct {
	source *Source
	next   map[string]int // the number of the next record, by source partition
	at     int            // the chunk that is looked at next
	broken error          // what ended the reading
	last   string         // the position that was given last
}

// Metrics has where the reader is.
func (r *reader) Metrics() source.Metrics {
	return source.Metrics{Connected: r.broken == nil, Stream: source.StreamMetrics{Position: r.last}}
}

func (r *reader) Read(ctx context.Context) (tailrace.Batch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return tailrace.Batch{}, err
		}
		batch, grown, err := r.take()
		if grown == nil {
			return batch, err
		}
		select {
		case <-grown:
		case <-ctx.Done():
		}
	}
}

// take gives the next batch or error, or else a channel that is closed when
// there is more to look at.
func (r *reader) take() (tailrace.Batch, <-chan struct{}, error) {
	s := r.source
	s.mu.Lock()
	defer s.mu.Unlock()
	for r.broken == nil && r.at < len(s.log) {
		c := &s.log[r.at]
		if c.err != nil {
			return tailrace.Batch{}, nil, r.meet(c)
		}
		skip := r.next[c.partition] - c.first
		if skip >= len(c.records) {
			r.at++
			continue
		}
		rest := c.records[max(skip, 0):]
		if s.BatchSize > 0 {
			rest = rest[:min(len(rest), s.BatchSize)]
		}
		r.next[c.partition] += len(rest)
		r.last = positionText(r.next[c.partition])
		return tailrace.Batch{
			Records: slices.Clone(rest),
			Offsets: []tailrace.Offset{{Partition: c.text, Position: r.last}},
			Size:    c.size / len(c.records) * len(rest),
			Time:    rest[len(rest)-1].Time,
		}, nil, nil
	}
	if r.broken == nil && s.closed {
		return tailrace.Batch{}, nil, io.EOF
	}
	if r.broken != nil {
		return tailrace.Batch{}, nil, r.broken
	}
	if s.grown == nil {
		s.grown = make(chan struct{})
	}
	return tailrace.Batch{}, s.grown, nil
}

// meet gives the error of a chunk and steps behind it.
func (r *reader) meet(c *chunk) error {
	r.at++
	err := c.err
	if _, poison := errors.AsType[*source.RecordError](err); !poison {
		r.broken = fmt.Errorf("this reader has ended with an error, open another: %w", err)
		*c = chunk{partition: c.partition, first: c.first} // met once
	}
	return err
}

func (r *reader) Commit(ctx context.Context, offsets []tailrace.Offset) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := r.source
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range offsets {
		name, next, err := parse(o)
		if err != nil {
			return fmt.Errorf("commit to the memory source: %w", err)
		}
		for _, was := range s.committed {
			if _, n, _ := parse(was); was.Partition == o.Partition && n > next {
				return fmt.Errorf("commit to the memory source: partition %q would go back from %d to %d", name, n, next)
			}
		}
	}
	s.committed = tailrace.MergeOffsets(s.committed, offsets)
	return nil
}

func (r *reader) Close() error {
	r.source.mu.Lock()
	defer r.source.mu.Unlock()
	r.broken = errors.New("the reader of the memory source is closed")
	return nil
}
