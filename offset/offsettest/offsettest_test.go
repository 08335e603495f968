package offsettest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/suite"
	"github.com/tailrace-io/tailrace/offset"
)

func TestTheMemoryStoreKeepsEveryPromise(t *testing.T) {
	Run(t, func(testing.TB) func() offset.Store {
		m := new(offset.Memory)
		return func() offset.Store { return m }
	})
}

// bent is a store whose calls can be others, so that it breaks a promise.
type bent struct {
	*offset.Memory
	load  func(ctx context.Context, name string) ([]tailrace.Offset, error)
	save  func(ctx context.Context, name string, offsets []tailrace.Offset) error
	claim func(ctx context.Context, name string) (func() error, error)
}

func (b *bent) Load(ctx context.Context, name string) ([]tailrace.Offset, error) {
	return b.load(ctx, name)
}

func (b *bent) Save(ctx context.Context, name string, offsets []tailrace.Offset) error {
	return b.save(ctx, name, offsets)
}

func (b *bent) Claim(ctx context.Context, name string) (func() error, error) {
	return b.claim(ctx, name)
}

// bend is a place whose stores are others.
func bend(change func(b *bent)) Fresh {
	return func(testing.TB) func() offset.Store {
		m := new(offset.Memory)
		b := &bent{Memory: m, load: m.Load, save: m.Save, claim: m.Claim}
		change(b)
		return func() offset.Store { return b }
	}
}

// broken has for each promise a place that breaks it.
var broken = map[string]Fresh{
	"starts empty": bend(func(b *bent) {
		b.load = func(ctx context.Context, name string) ([]tailrace.Offset, error) {
			offsets, err := b.Memory.Load(ctx, name)
			if len(offsets) == 0 {
				return nil, errors.New("no such name")
			}
			return offsets, err
		}
	}),
	"gives what was saved": bend(func(b *bent) {
		b.load = func(ctx context.Context, name string) ([]tailrace.Offset, error) {
			offsets, err := b.Memory.Load(ctx, name)
			for i := range offsets {
				var position any // whose numbers are floating-point ones
				if err := json.Unmarshal([]byte(offsets[i].Position), &position); err != nil {
					return nil, err
				}
				text, _ := json.Marshal(position)
				offsets[i].Position = string(text)
			}
			return offsets, err
		}
	}),
	"is durable when Save returns": func(testing.TB) func() offset.Store {
		return func() offset.Store { return new(offset.Memory) }
	},
	"replaces offsets of the same partition": bend(func(b *bent) {
		var all []tailrace.Offset
		b.save = func(_ context.Context, _ string, offsets []tailrace.Offset) error {
			all = append(all, offsets...)
			return nil
		}
		b.load = func(context.Context, string) ([]tailrace.Offset, error) { return slices.Clone(all), nil }
	}),
	"leaves other partitions alone": bend(func(b *bent) {
		var last []tailrace.Offset
		b.save = func(_ context.Context, _ string, offsets []tailrace.Offset) error {
			last = slices.Clone(offsets)
			return nil
		}
		b.load = func(context.Context, string) ([]tailrace.Offset, error) { return slices.Clone(last), nil }
	}),
	"keeps names apart": bend(func(b *bent) {
		b.save = func(ctx context.Context, name string, offsets []tailrace.Offset) error {
			return b.Memory.Save(ctx, strings.ToLower(name), offsets)
		}
		b.load = func(ctx context.Context, name string) ([]tailrace.Offset, error) {
			return b.Memory.Load(ctx, strings.ToLower(name))
		}
	}),
	"takes a Save of nothing": bend(func(b *bent) {
		b.save = func(ctx context.Context, name string, offsets []tailrace.Offset) error {
			_ = offsets[0]
			return b.Memory.Save(ctx, name, offsets)
		}
	}),
	"refuses what is no offset": bend(func(b *bent) {
		b.save = func(ctx context.Context, name string, offsets []tailrace.Offset) error {
			for _, o := range offsets {
				if err := b.Memory.Save(ctx, name, []tailrace.Offset{o}); err != nil {
					return err
				}
			}
			return nil
		}
	}),
	"shares no memory": bend(func(b *bent) {
		var given []tailrace.Offset
		b.save = func(_ context.Context, _ string, offsets []tailrace.Offset) error {
			given = offsets
			return nil
		}
		b.load = func(context.Context, string) ([]tailrace.Offset, error) { return given, nil }
	}),
	"is for many goroutines": bend(func(b *bent) {
		var one sync.Mutex
		b.save = func(ctx context.Context, name string, offsets []tailrace.Offset) error {
			if !one.TryLock() {
				return errors.New("busy")
			}
			defer one.Unlock()
			for range 100 {
				if err := b.Memory.Save(ctx, name, offsets); err != nil {
					return err
				}
			}
			return nil
		}
		b.load = func(ctx context.Context, name string) ([]tailrace.Offset, error) {
			offsets, err := b.Memory.Load(ctx, name)
			return offsets[max(len(offsets)-1, 0):], err
		}
	}),
	"heeds a cancelled context": bend(func(b *bent) {
		b.save = func(ctx context.Context, name string, offsets []tailrace.Offset) error {
			return b.Memory.Save(context.WithoutCancel(ctx), name, offsets)
		}
	}),
	"claims a name once": bend(func(b *bent) {
		b.claim = func(context.Context, string) (func() error, error) { return func() error { return nil }, nil }
	}),
	"claims names apart": bend(func(b *bent) {
		b.claim = func(ctx context.Context, _ string) (func() error, error) { return b.Memory.Claim(ctx, "everybody") }
	}),
	"loads and saves what it has claimed": bend(func(b *bent) {
		claimed := false
		b.claim = func(ctx context.Context, name string) (func() error, error) {
			claimed = true
			return b.Memory.Claim(ctx, name)
		}
		b.save = func(ctx context.Context, name string, offsets []tailrace.Offset) error {
			if claimed {
				return errors.New("claimed")
			}
			return b.Memory.Save(ctx, name, offsets)
		}
	}),
	"releases twice": bend(func(b *bent) {
		claimed := false
		b.claim = func(_ context.Context, name string) (func() error, error) {
			if claimed {
				return nil, errors.New(name + " is claimed")
			}
			claimed = true
			return func() error { claimed = false; return nil }, nil
		}
	}),
	"gives a name to one of many": bend(func(b *bent) {
		b.claim = func(_ context.Context, name string) (func() error, error) {
			return nil, errors.New(name + " is claimed")
		}
	}),
}

func TestEachPromiseIsSeenToBeBroken(t *testing.T) {
	for _, p := range append(slices.Clone(promises), claims...) {
		t.Run(p.Name, func(t *testing.T) {
			fresh := broken[p.Name]
			require.NotNil(t, fresh, "there is no store that breaks this promise")
			failed, text := suite.Record(t, func(t testing.TB) { p.Hold(t, fresh) })
			assert.True(t, failed, "the suite finds nothing wrong")
			assert.Contains(t, text, p.Sentence)
		})
	}
}
