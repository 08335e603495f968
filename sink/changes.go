package sink

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// Changes is a callback that gets changes, their rows decoded into a T as
// tailrace.DecodeChange does, a batch at a time. It returns nil once it is done
// with them for good. The slice, and what the changes refer to beyond Before
// and After, are its only until it returns.
//
// Tombstones and what Debezium's connectors tell of themselves (heartbeats,
// ends of transactions, changes of tables) are left out, and a batch of nothing
// else does not call it. Changes of all tables have to fit T: a transform.When
// or a source's own choice of tables keeps others away. A record that does not
// fit, or is no change, is a permanent *BatchError, so that the engine's policy
// decides; the callback gets the changes before it. In a *BatchError of the
// callback Index counts changes.
func Changes[T any](f func(ctx context.Context, changes []tailrace.ChangeOf[T]) error) Sink {
	return changes[T](f)
}

type changes[T any] func(ctx context.Context, changes []tailrace.ChangeOf[T]) error

// Open gives a Writer that keeps the memory of a slice from call to call.
func (f changes[T]) Open(context.Context) (Writer, error) {
	if f == nil {
		return nil, errors.New("the sink is sink.Changes of nil: give it a function to call")
	}
	return &changesWriter[T]{call: f}, nil
}

type changesWriter[T any] struct {
	call    changes[T]
	changes []tailrace.ChangeOf[T]
	at      []int // of which record each is
}

func (w *changesWriter[T]) Write(ctx context.Context, records []tailrace.Record) error {
	w.changes, w.at = w.changes[:0], w.at[:0]
	defer func() { clear(w.changes) }() // so that it does not hold on to the rows
	for i := range records {
		change, ok, err := changeOf[T](&records[i])
		if err != nil {
			if err := w.hand(ctx); err != nil {
				return err
			}
			return &BatchError{Index: i, Err: Permanent(err)}
		}
		if ok {
			w.changes, w.at = append(w.changes, change), append(w.at, i)
		}
	}
	return w.hand(ctx)
}

// hand gives the callback what has been collected.
func (w *changesWriter[T]) hand(ctx context.Context) error {
	if len(w.changes) == 0 {
		return nil
	}
	err := w.call(ctx, w.changes)
	if bad, ok := errors.AsType[*BatchError](err); ok && bad.Index >= 0 && bad.Index < len(w.at) {
		return &BatchError{Index: w.at[bad.Index], Err: bad.Err}
	}
	return err
}

// Close does nothing.
func (w *changesWriter[T]) Close() error { return nil }

// changeOf gives the change that a record tells of; ok is false for one that
// is left out.
func changeOf[T any](r *tailrace.Record) (c tailrace.ChangeOf[T], ok bool, err error) {
	change, ok := tailrace.AsChange(r)
	if !ok {
		if r.IsTombstone() || r.ValueSchema != nil && strings.HasPrefix(r.ValueSchema.Name(), "io.debezium.connector.") {
			return c, false, nil
		}
		return c, false, fmt.Errorf("a record of topic %s is no change: %s", r.Topic, whyNoChange(r))
	}
	if c, err = tailrace.DecodeChange[T](change); err != nil {
		return c, false, fmt.Errorf("a %s of topic %s: %w", change.Op(), r.Topic, err)
	}
	return c, true, nil
}

func whyNoChange(r *tailrace.Record) string {
	switch {
	case r.ValueSchema == nil && r.Value.Type() == tailrace.TypeBytes:
		return "it is encoded already; a sink of typed changes needs no Encode converters"
	case r.Value.Type() == tailrace.TypeStruct && r.ValueSchema != nil:
		return fmt.Sprintf("it is a row without an envelope, %s; take sink.Func and Struct.Decode for such rows", called(r.ValueSchema))
	}
	return fmt.Sprintf("its value is a %s", r.Value.Type())
}

func called(s *tailrace.Schema) string {
	if s.Name() == "" {
		return "of a schema without a name"
	}
	return "of schema " + s.Name()
}
