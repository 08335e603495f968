package offset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tailrace-io/tailrace"
)

// Memory is a Store for as long as the process lives: for tests, and for
// sources that start from the beginning each time. The zero Memory is empty and
// ready for use; it must not be copied.
type Memory struct {
	mu      sync.Mutex
	offsets map[string][]tailrace.Offset
	claimed map[string]bool
}

var _ Claimer = (*Memory)(nil)

// Load gives a copy of what was saved.
func (m *Memory) Load(ctx context.Context, name string) ([]tailrace.Offset, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("load the offsets of %q: %w", name, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.offsets[name]), nil
}

// Save keeps a copy of the offsets. It fails for those whose members are no
// JSON objects, as every Store does.
func (m *Memory) Save(ctx context.Context, name string, offsets []tailrace.Offset) error {
	if err := errors.Join(ctx.Err(), check(offsets)); err != nil {
		return fmt.Errorf("save the offsets of %q: %w", name, err)
	}
	if len(offsets) == 0 {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.offsets == nil {
		m.offsets = make(map[string][]tailrace.Offset)
	}
	m.offsets[name] = tailrace.MergeOffsets(m.offsets[name], offsets)
	return nil
}

// Claim takes the name for one engine of the process at a time.
func (m *Memory) Claim(ctx context.Context, name string) (release func() error, err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("claim the offsets of %q: %w", name, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.claimed[name] {
		return nil, fmt.Errorf("the name %q is in use by another engine of this process: stop it first, or give one of the two another name", name)
	}
	if m.claimed == nil {
		m.claimed = make(map[string]bool)
	}
	m.claimed[name] = true
	return sync.OnceValue(func() error {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.claimed, name)
		return nil
	}), nil
}

// check says which of the offsets is not made of two JSON objects. It does not
// show them, but for the partition, which a person needs to find the fault.
func check(offsets []tailrace.Offset) error {
	var errs []error
	for i, o := range offsets {
		if !isObject(o.Partition) {
			errs = append(errs, fmt.Errorf("the partition of offset %d is no JSON object: %.100q", i, o.Partition))
		}
		if !isObject(o.Position) {
			errs = append(errs, fmt.Errorf("the position of the partition %.100s is no JSON object: %.100q", o.Partition, o.Position))
		}
	}
	return errors.Join(errs...)
}

func isObject(text string) bool {
	return strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") && json.Valid([]byte(text))
}
