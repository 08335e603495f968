package registry

import "sync"

// cache is a bounded map. A full one starts anew, so that a flood of schemas
// costs time and never memory.
type cache[K comparable, V any] struct {
	limit int

	mu      sync.RWMutex
	entries map[K]V
}

func (c *cache[K, V]) get(key K) (V, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v, ok := c.entries[key]
	return v, ok
}

func (c *cache[K, V]) add(key K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil || len(c.entries) >= c.limit {
		c.entries = make(map[K]V)
	}
	c.entries[key] = v
}
