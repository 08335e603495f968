// Package memory is a sink that keeps records for a test to look at, and the
// reference for other drivers.
package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink"
)

// Mode says which of the promises that a sink.Writer may make the Writers of a
// Sink make.
type Mode int

const (
	// Plain Writers are durable on Write.
	Plain Mode = iota

	// Flushing Writers are a sink.Flusher: records are seen once they are
	// flushed.
	Flushing

	// Transactional Writers are a sink.Transactional: offsets are kept with the
	// records.
	Transactional
)

// Sink keeps deep copies of all records that were written and made durable. The
// zero Sink is empty, Plain and ready for use, by any number of goroutines; it
// must not be copied.
type Sink struct {
	Mode Mode

	mu      sync.Mutex
	records []tailrace.Record
	grown   chan struct{} // closed and replaced when records are added
	offsets map[string][]tailrace.Offset
	epochs  map[string]int // how many Writers have taken a name
}

// Open gives a Writer of the Sink's mode.
func (s *Sink) Open(ctx context.Context) (sink.Writer, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open the memory sink: %w", err)
	}
	switch s.Mode {
	case Plain:
		return &writer{sink: s}, nil
	case Flushing:
		return &flusher{writer: writer{sink: s}}, nil
	case Transactional:
		return &transactional{writer: writer{sink: s}}, nil
	}
	return nil, fmt.Errorf("open the memory sink: there is no mode %d; take Plain, Flushing or Transactional", s.Mode)
}

// Records gives the records that are durable, in the order in which they were
// written. The slice is the caller's.
func (s *Sink) Records() []tailrace.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.records)
}

// Wait waits until at least n records are durable and gives them all. When ctx
// ends first the error says how many there are.
func (s *Sink) Wait(ctx context.Context, n int) ([]tailrace.Record, error) {
	for {
		s.mu.Lock()
		records := slices.Clone(s.records)
		if s.grown == nil {
			s.grown = make(chan struct{})
		}
		grown := s.grown
		s.mu.Unlock()
		if len(records) >= n {
			return records, nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return records, fmt.Errorf("wait for %d records: there are %d: %w", n, len(records), ctx.Err())
		}
	}
}

// Offsets gives the offsets that a Transactional Writer stored under the name.
func (s *Sink) Offsets(name string) []tailrace.Offset {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.offsets[name])
}

// add makes records durable. The Sink is locked.
func (s *Sink) add(records []tailrace.Record) {
	s.records = append(s.records, records...)
	if s.grown != nil {
		close(s.grown)
		s.grown = nil
	}
}

var errClosed = errors.New("the writer of the memory sink is closed")

// writer is what the Writers of all modes have in common.
type writer struct {
	sink   *Sink
	closed bool
}

func (w *writer) Write(ctx context.Context, records []tailrace.Record) error {
	if err := w.ready(ctx); err != nil {
		return err
	}
	copies := cloneRecords(records)
	w.sink.mu.Lock()
	defer w.sink.mu.Unlock()
	w.sink.add(copies)
	return nil
}

func (w *writer) Close() error {
	w.closed = true
	return nil
}

func (w *writer) ready(ctx context.Context) error {
	if w.closed {
		return errClosed
	}
	return ctx.Err()
}

type flusher struct {
	writer
	accepted []tailrace.Record
}

func (f *flusher) Write(ctx context.Context, records []tailrace.Record) error {
	if err := f.ready(ctx); err != nil {
		return err
	}
	f.accepted = append(f.accepted, cloneRecords(records)...)
	return nil
}

func (f *flusher) Flush(ctx context.Context) error {
	if err := f.ready(ctx); err != nil {
		return err
	}
	f.sink.mu.Lock()
	defer f.sink.mu.Unlock()
	f.sink.add(f.accepted)
	f.accepted = nil
	return nil
}

type transactional struct {
	writer
	name  string
	epoch int // which Writer of the name this is; 0 before Begin
}

func (t *transactional) Begin(ctx context.Context, name string) ([]tailrace.Offset, error) {
	if err := t.ready(ctx); err != nil {
		return nil, err
	}
	s := t.sink
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epochs == nil {
		s.epochs, s.offsets = make(map[string]int), make(map[string][]tailrace.Offset)
	}
	s.epochs[name]++
	t.name, t.epoch = name, s.epochs[name]
	return slices.Clone(s.offsets[name]), nil
}

// Write writes records without offsets.
func (t *transactional) Write(ctx context.Context, records []tailrace.Record) error {
	return t.WriteTx(ctx, records, nil)
}

func (t *transactional) WriteTx(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error {
	if err := t.ready(ctx); err != nil {
		return err
	}
	if t.epoch == 0 {
		return errors.New("write to the memory sink: a transactional writer needs a name, call Begin first")
	}
	copies := cloneRecords(records)
	s := t.sink
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epochs[t.name] != t.epoch {
		return fmt.Errorf("write to the memory sink as %q: %w", t.name, sink.ErrFenced)
	}
	s.add(copies)
	s.offsets[t.name] = tailrace.MergeOffsets(s.offsets[t.name], offsets)
	return nil
}
