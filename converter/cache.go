package converter

import (
	"maps"
	"sync"
	"sync/atomic"
)

// cache maps keys to what was derived from them. Reading takes no lock once all
// have settled: what was added since is behind one, until it was asked for as
// often as there are entries, which pays for a copy. A full cache starts anew, so
// that a flood of schemas costs time and never memory.
type cache[K comparable, V any] struct {
	limit   int
	settled atomic.Pointer[map[K]V]

	mu    sync.Mutex
	all   map[K]V // what is settled, and more; nil where that is all
	asked int     // how often for what is not settled
}

func (c *cache[K, V]) get(key K) (v V, ok bool) {
	if m := c.settled.Load(); m != nil {
		if v, ok = (*m)[key]; ok {
			return v, true
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok = c.entries()[key]; ok {
		c.settle()
	}
	return v, ok
}

// add keeps v under key and gives what is kept there, which is another's v where
// one was faster.
func (c *cache[K, V]) add(key K, v V) V {
	c.mu.Lock()
	defer c.mu.Unlock()
	there := c.entries()
	if first, ok := there[key]; ok {
		return first
	}
	switch {
	case len(there) == 0 || len(there) >= c.limit:
		c.all = make(map[K]V)
	case c.all == nil:
		c.all = maps.Clone(there)
	}
	c.all[key] = v
	c.settle()
	return v
}

// entries are all there are; the lock is held.
func (c *cache[K, V]) entries() map[K]V {
	if c.all != nil {
		return c.all
	}
	if m := c.settled.Load(); m != nil {
		return *m
	}
	return nil
}

// settle counts what was not found without the lock, and lets it be found there
// once that was often enough.
func (c *cache[K, V]) settle() {
	if c.asked++; c.asked >= len(c.all) {
		m := c.all
		c.settled.Store(&m)
		c.all, c.asked = nil, 0
	}
}
