// Package memory is a source of records that a program hands it: what unit
// tests feed an engine with, and the reference for other drivers.
package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
)

// Source is a log of records that Send adds to. It keeps everything, so that
// any number of Readers can start anywhere in it. Readers wait at its end,
// unless Close was called. The zero
// Source is empty and ready for use, by any number of goroutines; it must not
// be copied.
type Source struct {
	// BatchSize is the most records that a batch has. With 0 a batch is what
	// one Send was given.
	BatchSize int

	mu        sync.Mutex
	log       []chunk
	length    map[string]int // records sent, by source partition
	closed    bool
	grown     chan struct{} // closed and replaced when the log grows or ends
	committed []tailrace.Offset
}

// chunk is what one Send or Fail was given.
type chunk struct {
	partition string
	text      string // of the partition in offsets
	first     int    // the number of its first record in the partition
	records   []tailrace.Record
	size      int
	err       error
}

// Of is a Source of the records, in one batch, which then ends.
func Of(records ...tailrace.Record) *Source {
	s := new(Source)
	s.Send(records...)
	s.Close()
	return s
}

// Send adds records to the log, of the source partition "". It never waits. The
// memory that the records refer to must not change afterwards.
func (s *Source) Send(records ...tailrace.Record) { s.SendTo("", records...) }

// SendTo adds records of a source partition of any name.
func (s *Source) SendTo(partition string, records ...tailrace.Record) {
	if len(records) == 0 {
		return
	}
	c := chunk{partition: partition, text: partitionText(partition), records: slices.Clone(records)}
	for i := range c.records {
		r := &c.records[i]
		r.Headers = slices.Clip(r.Headers) // whoever appends to them gets memory of their own
		c.size += 256 + r.Key.Size() + r.Value.Size()
	}
	s.add(c)
}

// Fail puts an error where the next record would be. Each Reader that comes
// there meets a *source.RecordError; any other error is met once, so that the
// next Reader gets past it.
func (s *Source) Fail(err error) { s.add(chunk{err: err}) }

func (s *Source) add(c chunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.length == nil {
		s.length = make(map[string]int)
	}
	c.first = s.length[c.partition]
	s.length[c.partition] += len(c.records)
	s.log = append(s.log, c)
	s.wake()
}

// Close makes Readers end with io.EOF behind the last record, where they would
// wait for more. Records can still be sent, for Readers that come later.
func (s *Source) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.wake()
}

func (s *Source) wake() {
	if s.grown != nil {
		close(s.grown)
		s.grown = nil
	}
}

// Committed gives the offsets that Readers were told are durable.
func (s *Source) Committed() []tailrace.Offset {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.committed)
}

// Offset is the offset behind the first next records of a source partition:
// {"memory":"orders"} and {"next":3}.
func Offset(name string, next int) tailrace.Offset {
	return tailrace.Offset{Partition: partitionText(name), Position: positionText(next)}
}

func partitionText(name string) string {
	quoted, _ := json.Marshal(name) // of a string that does not fail
	return `{"memory":` + string(quoted) + "}"
}

func positionText(next int) string { return `{"next":` + strconv.Itoa(next) + "}" }

func parse(o tailrace.Offset) (name string, next int, err error) {
	var p struct {
		Name *string `json:"memory"`
	}
	var q struct {
		Next *int `json:"next"` // how many records of the partition lie behind
	}
	if err := json.Unmarshal([]byte(o.Partition), &p); err != nil || p.Name == nil {
		return "", 0, fmt.Errorf(`the partition %.100q is not of the memory source; it looks like {"memory":""}`, o.Partition)
	}
	if err := json.Unmarshal([]byte(o.Position), &q); err != nil || q.Next == nil || *q.Next < 0 {
		return "", 0, fmt.Errorf(`the position %.100q is not of the memory source; it looks like {"next":0}`, o.Position)
	}
	return *p.Name, *q.Next, nil
}

// Open reads on behind the offsets.
func (s *Source) Open(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open the memory source: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &reader{source: s, next: make(map[string]int)}
	for _, o := range from {
		name, next, err := parse(o)
		if err != nil {
			return nil, fmt.Errorf("open the memory source: %w", err)
		}
		if next > s.length[name] {
			return nil, fmt.Errorf("open the memory source: the offset is behind record %d of partition %q, which has %d: %w; remove the offset to start from the first record",
				next, name, s.length[name], source.ErrOffsetLost)
		}
		r.next[name] = next
	}
	return r, nil
}
