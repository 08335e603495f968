package converter

import (
	"maps"
	"sync"
	"sync/atomic"
)

// cache maps keys to what was derived from them. Reading takes no lock once all
// have settled: what was added since is behind one, until it was asked for as
// often as there are entries, which pays for a copy. A full cache starts anew,
// and takes over what is asked for of the one before, so that a flood of schemas
// costs time and never memory, and one schema too many costs little of either.
type cache[K comparable, V any] struct {
	limit   int
	settled atomic.Pointer[map[K]V]

	mu     sync.Mutex
	all    map[K]V // what is settled, and more; nil where that is all
	before map[K]V // what there was when the cache was full
	asked  int     // how often for what is not settled
}

func (c *cache[K, V]) get(key K) (v V, ok bool) {
	if m := c.settled.Load(); m != nil {
		if v, ok = (*m)[key]; ok {
			return v, true
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.find(key)
}

// add keeps v under key and gives what is kept there, which is another's v where
// one was faster.
func (c *cache[K, V]) add(key K, v V) V {
	c.mu.Lock()
	defer c.mu.Unlock()
	if first, ok := c.find(key); ok {
		return first
	}
	c.put(key, v)
	return v
}

// What follows is called with the lock held.

func (c *cache[K, V]) find(key K) (v V, ok bool) {
	if v, ok = c.entries()[key]; ok {
		c.settle()
	} else if v, ok = c.before[key]; ok {
		c.put(key, v)
	}
	return v, ok
}

func (c *cache[K, V]) put(key K, v V) {
	switch there := c.entries(); {
	case len(there) >= c.limit:
		c.before, c.all = there, make(map[K]V)
	case c.all == nil:
		c.all = make(map[K]V, 2*len(there))
		maps.Copy(c.all, there)
	}
	c.all[key] = v
	c.settle()
}

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
	if c.asked++; c.all != nil && c.asked >= len(c.all) {
		m := c.all
		c.settled.Store(&m)
		c.all, c.asked = nil, 0
	}
}
